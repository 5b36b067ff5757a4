/**
 * One analog input. ESP32 only in the SDK: `lin` has none.
 * Source: Moddable SDK 8.2.3, modules/io/analog/esp32/_analog.c, _analog.js. ECMA-419 §10.3.
 */
declare module "embedded:io/analog" {
	import type { PinSpecifier } from "embedded:io/_common";

	export interface AnalogOptions {
		/** A pin that has an ADC channel, else `RangeError` "not analog pin"; "in use" when taken. C3: 0–4. C6, H2: 0–6. S2, S3: 1–20. ESP32: 32–39 (ADC1), and 0, 2, 4, 12–15, 25–27 (ADC2, unusable beside Wi-Fi). */
		readonly pin: PinSpecifier;
		/** Asked-for bits. The SDK ignores it on ESP32: read the instance's `resolution`. */
		readonly resolution?: number;
		readonly format?: "number";
		readonly target?: unknown;
		/** SDK extension. */
		readonly esp32?: {
			/**
			 * Input attenuation in dB; default 12. It decides the voltage of a full-scale calibrated reading:
			 * 0 → 950 mV, 2.5 → 1250 mV, 6 → 1750 mV, 12 → 2450 mV (one table for all chips). Others throw `RangeError`.
			 */
			readonly attenuation?: 0 | 2.5 | 6 | 12;
			/** Apply the chip's factory calibration. Default true. False gives the raw converter value, whose full scale differs from chip to chip. */
			readonly calibrated?: boolean;
		};
	}

	export default class Analog {
		/**
		 * Claims the pin. The calibration of an ADC unit is made for the attenuation of the first calibrated instance open on it:
		 * do not mix attenuations on one unit.
		 * @throws {RangeError} see the options
		 */
		constructor(options: AnalogOptions);
		/**
		 * Takes one reading; does not average.
		 * @returns an integer, 0 … 2^resolution − 1. Calibrated, millivolts at the pin are `read() * fullScale / (2 ** resolution − 1)`
		 * with `fullScale` of the attenuation above; higher voltages clip. The converter has no reference-voltage property.
		 * undefined when the converter failed (it does not throw)
		 */
		read(): number | undefined;
		/** Bits of a reading: 12, on ESP32-S2 13. ECMA-419 §10.3.3. */
		readonly resolution: number;
		/** Frees pin and channel. Again: does nothing. Any other method then throws `SyntaxError`. */
		close(): void;
		/** Always "number". */
		format: "number";
		target?: unknown;
	}
}
