import { minutes } from "../modules/core/time.js";
import { declareNode } from "../modules/cycle/declaration.js";
import { hashChain } from "../modules/store/evidence.js";
import { wifi } from "../net/link/wifi.js";
import { mqtt } from "../net/mqtt/mqtt.js";
import { sntp } from "../net/sntp.js";
import { battery } from "../sensors/battery.js";
import { bme280 } from "../sensors/bme280.js";

/** A cold-chain logger: the temperature every five minutes, each in flash at once and linked to the one before by a key. */
export default declareNode({
	name: "cold-chain",
	every: minutes(5),
	sensors: [
		bme280({ port: "I2C.default", emit: { temperature: { resolution: 0.1 } } }),
		battery({ port: "Analog.default", divider: 2 }),
	],
	uplink: mqtt({ broker: "broker.local", link: wifi(), time: sntp(), batch: 24 }),
	durability: "flash",
	evidence: hashChain,
});
