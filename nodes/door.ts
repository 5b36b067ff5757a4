import { minutes } from "../modules/core/time.js";
import { declareNode } from "../modules/cycle/declaration.js";
import { wakeOn } from "../modules/device/wake.js";
import { wifi } from "../net/link/wifi.js";
import { mqtt } from "../net/mqtt/mqtt.js";
import { sntp } from "../net/sntp.js";
import { battery } from "../sensors/battery.js";
import { bme280 } from "../sensors/bme280.js";

/** Beside a door: every half hour, and at once when the contact between pin 33 and ground closes. */
export default declareNode({
	name: "door",
	every: minutes(30),
	sensors: [
		bme280({ port: "I2C.default", emit: { temperature: {} } }),
		battery({ port: "Analog.default", divider: 2 }),
	],
	uplink: mqtt({ broker: "broker.local", link: wifi(), time: sntp(), batch: 12 }),
	wake: wakeOn({ pins: [{ pin: 33, level: "low" }], send: true }),
});
