import { Seeded } from "../seeded.js";

export interface AdcOptions {
	/** Volts at the pin; undefined when the converter is to fail. */
	readonly volts: (atMs: number) => number | undefined;
	/** Default 12, as on ESP32. */
	readonly bits?: number;
	/** Volts of the highest code. Default 2.45: the SDK's calibrated reading at 12 dB of attenuation. */
	readonly referenceVolts?: number;
	/** Seeded noise; none by default. */
	readonly noise?: { readonly seed: number /** Standard deviation. */; readonly codes: number };
}

/** One channel of an analog-to-digital converter: it rounds to the nearest code and saturates at both ends. */
export class AdcChannel {
	/** Bits of a code. */
	readonly bits: number;
	readonly #options: AdcOptions;
	readonly #reference: number;
	readonly #noise: Seeded | undefined;

	constructor(options: AdcOptions) {
		this.#options = options;
		this.bits = options.bits ?? 12;
		this.#reference = options.referenceVolts ?? 2.45;
		this.#noise = options.noise && new Seeded(options.noise.seed);
	}
	/** @returns 0 … 2^bits − 1; undefined when the converter fails */
	read(nowMs: number): number | undefined {
		const volts = this.#options.volts(nowMs);
		if (volts === undefined || Number.isNaN(volts)) return undefined;
		const highest = 2 ** this.bits - 1;
		const noise = this.#noise ? this.#noise.normal() * (this.#options.noise?.codes ?? 0) : 0;
		return Math.min(highest, Math.max(0, Math.round((volts / this.#reference) * highest + noise)));
	}
}
