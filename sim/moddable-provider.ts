import { clockMs, setting } from "device/native";
// `../sim/` on purpose: on XS this module is called "embedded:provider/builtin", and its imports resolve from there.
import { AdcChannel } from "../sim/chips/adc.js";
import { Bme280Chip } from "../sim/chips/bme280.js";
import { seededTrim } from "../sim/chips/bme280-trim.js";
import { Pins } from "../sim/host/pins.js";
import { Model } from "../sim/world/model.js";

/**
 * `embedded:provider/builtin` on the Moddable desktop, which has neither I2C nor analog inputs: a BME280 and a battery behind
 * a divider by two, in the weather model's place. They are made when a driver opens them and forget all when it closes them.
 *
 * Setting `seed` (default 1) makes another chip in another weather, as it does in the simulator; `start`, in seconds since
 * 1970, another day when the power comes. What the panel of Moddable's simulator sets takes the model's place.
 */

const DIVIDER = 2;
const ADDRESS = 0x76;

/**
 * The world stands still for a second at a time: how long a desktop takes to boot must not change what is measured, so that
 * equal seeds give equal payloads.
 */
const STEP_MS = 1000;

function at(phenomenon: string, atMs: number): number | undefined {
	const { dormouseWorld } = globalThis as { dormouseWorld?: Readonly<Record<string, number>> };
	const start = setting("start");
	const model = new Model({ seed: seed(), ...(start === undefined ? {} : { startMs: 1000 * Number(start) }) });
	return dormouseWorld?.[phenomenon] ?? model.at(phenomenon, Math.floor(atMs / STEP_MS) * STEP_MS);
}
function seed(): number {
	return Number(setting("seed") ?? 1);
}

/** The part of `embedded:io/i2c` that drivers use. */
class I2C {
	#chip: Bme280Chip | undefined;
	readonly #present: boolean;

	constructor(options: { readonly address: number }) {
		this.#present = options.address === ADDRESS;
		this.#chip = new Bme280Chip({ trim: seededTrim(seed()), address: options.address, read: at });
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
