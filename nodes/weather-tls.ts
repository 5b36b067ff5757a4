import { minutes } from "../modules/core/time.js";
import { declareNode } from "../modules/cycle/declaration.js";
import { wifi } from "../net/link/wifi.js";
import { mqtts } from "../net/mqtts/mqtts.js";
import { sntp } from "../net/sntp.js";
import { battery } from "../sensors/battery.js";
import { bme280 } from "../sensors/bme280.js";

/**
 * The weather station over TLS: `npm start -- --node nodes/weather-tls.ts` (docs/tls.md tells what it trusts). Every 110
 * minutes, because a broker on OpenSSL goes on with a session for two hours and no longer.
 */
export default declareNode({
	name: "weather-tls",
	every: minutes(10),
	sensors: [
		bme280({ port: "I2C.default", emit: { temperature: {}, humidity: {}, pressure: {} } }),
		battery({ port: "Analog.default", divider: 2 }),
	],
	uplink: mqtts({ broker: "broker.local", link: wifi(), time: sntp(), batch: 11 }),
});
