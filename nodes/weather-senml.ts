import { senml } from "../modules/codec/senml.js";
import { minutes } from "../modules/core/time.js";
import { declareNode } from "../modules/cycle/declaration.js";
import { wifi } from "../net/link/wifi.js";
import { mqtt } from "../net/mqtt/mqtt.js";
import { sntp } from "../net/sntp.js";
import { battery } from "../sensors/battery.js";
import { bme280 } from "../sensors/bme280.js";

/** A weather station that speaks SenML: temperature, humidity and pressure every ten minutes, sent every two hours. */
export default declareNode({
	name: "weather-senml",
	every: minutes(10),
	sensors: [
		bme280({ port: "I2C.default", emit: { temperature: {}, humidity: {}, pressure: {} } }),
		battery({ port: "Analog.default", divider: 2 }),
	],
	uplink: mqtt({ broker: "broker.local", link: wifi(), time: sntp(), batch: 12 }),
	encoding: senml,
});
