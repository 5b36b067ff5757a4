import { minutes } from "../modules/core/time.js";
import { declareNode } from "../modules/cycle/declaration.js";
import { wifi } from "../net/link/wifi.js";
import { homeAssistant } from "../net/mqtt/home-assistant.js";
import { mqtt } from "../net/mqtt/mqtt.js";
import { sntp } from "../net/sntp.js";
import { battery } from "../sensors/battery.js";
import { bme280 } from "../sensors/bme280.js";

/** The climate of a room, which Home Assistant finds and shows: every five minutes, sent every half hour. */
export default declareNode({
	name: "home",
	every: minutes(5),
	sensors: [
		bme280({
			port: "I2C.default",
			emit: { temperature: { resolution: 0.1 }, humidity: { resolution: 0.5 }, pressure: {} },
		}),
		battery({ port: "Analog.default", divider: 2 }),
	],
	uplink: mqtt({ broker: "broker.local", link: wifi(), time: sntp(), batch: 6, companions: [homeAssistant()] }),
});
