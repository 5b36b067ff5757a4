import { DormouseError } from "../modules/core/errors.js";
import { frozen } from "../modules/core/frozen.js";
import type { AnalogIo, AnalogPort } from "../modules/device/io.js";
import { type Driver, type Missing, MissingReason } from "../modules/measure/driver.js";
import { type Emit, type SensorDeclaration, sensor } from "../modules/measure/sensor.js";
import { numberIn, onlyFields, portOf } from "./options.js";

/** A battery behind a voltage divider, as a node declares it. */
export interface BatteryOptions {
	/** The provider's name of the input, such as `Analog.default`. */
	readonly port: string;
	/** How many times the battery's voltage is what the pin sees: 2 for two equal resistors. 1 … 100; default 1. */
	readonly divider?: number;
	/**
	 * Millivolts at the pin that give the highest reading, 100 … 10,000. Default 2450: the SDK's calibrated full scale on
	 * ESP32 at its default attenuation of 12 dB (0 dB 950, 2.5 dB 1250, 6 dB 1750).
	 */
	readonly referenceMillivolts?: number;
	/** Readings that are averaged, 1 … 64; default 4, since the ESP32's converter is noisy. */
	readonly samples?: number;
	/** Resolution or another name for `battery`. */
	readonly emit?: Readonly<Record<string, Emit>>;
}

/** What the driver needs: an input and its scale. */
export interface BatteryInput extends AnalogPort {
	readonly divider: number;
	readonly referenceMillivolts: number;
	readonly samples: number;
}

/**
 * Battery voltage at an analog input. Channel 0 in millivolts.
 *
 * The highest reading means "this or more": it is missing as `range`, never passed on as a voltage. A converter that fails
 * is missing as `nonsense`.
 */
export class Battery implements Driver {
	private io: AnalogIo | undefined;
	private readonly millivolts: number;
	private readonly samples: number;

	/** @throws {DormouseError} `io` when the input cannot be opened */
	constructor(options: BatteryInput) {
		const { io, divider, referenceMillivolts, samples, ...input } = options;
		this.millivolts = referenceMillivolts * divider;
		this.samples = samples;
		try {
			this.io = new io(input);
		} catch (error) {
			if (!(error instanceof Error)) throw error;
			throw new DormouseError("io", `battery: ${error.message}`);
		}
	}

	/** @returns 0: a conversion takes microseconds, within `collect`. @throws {DormouseError} `closed` */
	start(): number {
		if (!this.io) throw new DormouseError("closed", "battery: closed");
		return 0;
	}

	collect(into: Int32Array, missing: Missing): void {
		const io = this.io;
		if (!io) throw new DormouseError("closed", "battery: closed");
		const highest = 2 ** io.resolution - 1;
		let sum = 0;
		for (let n = 0; n < this.samples; n++) {
			const raw = io.read();
			if (raw === undefined || !(raw >= 0)) {
				missing.mark(0, MissingReason.nonsense);
				return;
			}
			if (raw >= highest) {
				missing.mark(0, MissingReason.range);
				return;
			}
			sum += raw;
		}
		into[0] = Math.round((sum * this.millivolts) / (highest * this.samples));
	}

	close(): void {
		this.io?.close();
		this.io = undefined;
	}
}

/**
 * Checks a declaration of a battery. Its channel reaches from 0 V to the input's full scale.
 * @param open finds the input when the driver is made
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareBattery(options: BatteryOptions, open: (port: string) => AnalogPort): SensorDeclaration {
	onlyFields("battery", options, ["port", "divider", "referenceMillivolts", "samples", "emit"]);
	const port = portOf("battery", "Analog", options.port);
	const divider = numberIn("battery.divider", options.divider ?? 1, 1, 100);
	const referenceMillivolts = numberIn("battery.referenceMillivolts", options.referenceMillivolts ?? 2450, 100, 10_000);
	const samples = numberIn("battery.samples", options.samples ?? 4, 1, 64, true);
	const high = Math.ceil((referenceMillivolts * divider) / 10) / 100;
	return sensor({
		chip: "battery",
		port,
		channels: frozen([{ name: "battery", unit: "V", step: 0.001, resolution: 0.01, low: 0, high }]),
		emit: options.emit,
		create: () => new Battery({ ...open(port), divider, referenceMillivolts, samples }),
	});
}
