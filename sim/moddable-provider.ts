import { clockMs } from "device/native";
// `../sim/` on purpose: on XS this module is called "embedded:provider/builtin", and its imports resolve from there.
import { AdcChannel } from "../sim/chips/adc.js";
import { Bme280Chip } from "../sim/chips/bme280.js";
import { PUBLISHED_TRIM } from "../sim/chips/bme280-trim.js";
import { Pins } from "../sim/host/pins.js";
import { Model } from "../sim/world/model.js";

/**
 * `embedded:provider/builtin` on the Moddable desktop, which has neither I2C nor analog inputs: a BME280 and a battery behind
 * a divider by two, in the weather model's place. They are made when a driver opens them and forget all when it closes them.
 */

const SEED = 1;
const DIVIDER = 2;
const ADDRESS = 0x76;

function at(phenomenon: string, atMs: number): number | undefined {
	return new Model({ seed: SEED }).at(phenomenon, atMs);
}

/** The part of `embedded:io/i2c` that drivers use. */
class I2C {
	#chip: Bme280Chip | undefined;
	readonly #present: boolean;

	constructor(options: { readonly address: number }) {
		this.#present = options.address === ADDRESS;
		this.#chip = new Bme280Chip({ trim: PUBLISHED_TRIM, address: options.address, read: at });
	}
	read(into: Uint8Array): number {
		if (!this.#open().read(into, clockMs()) || !this.#present) throw new Error("read failed");
		return into.byteLength;
	}
	write(bytes: Uint8Array): void {
		if (!this.#present || !this.#open().write(bytes, clockMs())) throw new Error("write failed");
	}
	close(): void {
		this.#chip = undefined;
	}
	#open(): Bme280Chip {
		if (!this.#chip) throw new SyntaxError("closed");
		return this.#chip;
	}
}

/** The part of `embedded:io/analog` that drivers use. */
class Analog {
	#channel: AdcChannel | undefined = new AdcChannel({ volts: (atMs) => at("battery", atMs)! / DIVIDER });

	get resolution(): number {
		return this.#open().bits;
	}
	read(): number | undefined {
		return this.#open().read(clockMs());
	}
	close(): void {
		this.#channel = undefined;
	}
	#open(): AdcChannel {
		if (!this.#channel) throw new SyntaxError("closed");
		return this.#channel;
	}
}

export default Object.freeze({
	I2C: Object.freeze({ default: Object.freeze({ io: I2C, ...Pins.I2C.default }) }),
	Analog: Object.freeze({ default: Object.freeze({ io: Analog, ...Pins.Analog.default }) }),
});
