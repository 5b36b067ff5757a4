import { minutes } from "../modules/core/time.js";
import { declareNode } from "../modules/cycle/declaration.js";
import { lorawan } from "../net/lorawan/lorawan.js";
import { eu868 } from "../net/lorawan/region-eu868.js";
import { HELTEC_V3 } from "../net/radio/boards.js";
import { sx126x } from "../net/radio/sx126x.js";
import { battery } from "../sensors/battery.js";
import { bme280 } from "../sensors/bme280.js";

/** A station in the field: weather every quarter of an hour, sent each hour over LoRaWAN, where no Wi-Fi reaches. */
export default declareNode({
	name: "field-lora",
	every: minutes(15),
	sensors: [
		bme280({
			port: "I2C.default",
			emit: { temperature: { resolution: 0.1 }, humidity: { resolution: 1 }, pressure: {} },
		}),
		battery({ port: "Analog.default", divider: 2 }),
	],
	uplink: lorawan({ region: eu868, radio: sx126x(HELTEC_V3), batch: 4 }),
});
