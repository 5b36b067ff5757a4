import Analog from "embedded:io/analog";
import Digital from "embedded:io/digital";
import I2C from "embedded:io/i2c";
import SPI from "embedded:io/spi";

/*
 * Heltec WiFi LoRa 32 V3: ESP32-S3FN8 (8 MB of flash, no PSRAM), SX1262.
 * Sources: Arduino core for ESP32, variants/heltec_wifi_lora_32_V3 (I2C for sensors at 41 and 42; the display has 17 and
 * 18); Meshtastic, variants/esp32s3/heltec_v3 (SPI, battery at pin 1 behind 390 and 100 kΩ, its switch at 37). How the
 * radio is wired beyond SPI is in net/radio/boards.ts, `HELTEC_V3`.
 */
const device = {
	I2C: {
		default: { io: I2C, data: 41, clock: 42 },
	},
	SPI: {
		default: { io: SPI, clock: 9, in: 11, out: 10, port: 1 },
	},
	Analog: {
		default: { io: Analog, pin: 1 },
	},
	io: { Analog, Digital, I2C, SPI },
	pin: { button: 0, led: 35 },
};

export default device;
