import { DormouseError } from "../core/errors.js";
import { type NodeRecord, RecordKind } from "../core/record.js";
import { type Driver, Missing, MissingReason } from "./driver.js";
import type { Channel, SensorDeclaration } from "./sensor.js";

const MOST_CHANNELS = 32;
/** How often a chip that says it is busy is asked again, and how long it is given each time. */
const RETRIES = 3;
const RETRY_MS = 5;

interface Active {
	readonly sensor: SensorDeclaration;
	/** Index of its first value in the record. */
	readonly at: number;
	driver: Driver | undefined;
	failure: MissingReason;
}

/**
 * Takes one sample from all sensors of a node: starts them together, collects them together. A sensor that fails makes
 * its own readings missing, with the reason counted, and nothing else.
 */
export class Sampler {
	private readonly active: Active[] = [];
	private readonly raw = new Int32Array(MOST_CHANNELS);
	private readonly missing = new Missing();
	private width = 0;
	/** The sensor to collect next: one that answered is not asked twice, many chips give a result only once. */
	private next = 0;
	private retries = RETRIES;
	/** Readings missing in this wake, by {@link MissingReason}. */
	readonly counts = new Uint16Array(4);

	constructor(sensors: readonly SensorDeclaration[]) {
		for (let n = 0; n < sensors.length; n++) {
			const sensor = sensors[n]!;
			this.active.push({ sensor, at: this.width, driver: undefined, failure: MissingReason.absent });
			this.width += sensor.quantities.length;
		}
	}
	/** Opens and starts all sensors. @returns milliseconds until {@link collect} may be called */
	start(): number {
		let waitMs = 0;
		for (let n = 0; n < this.active.length; n++) {
			const active = this.active[n]!;
			try {
				active.driver = active.sensor.create();
				waitMs = Math.max(waitMs, active.driver.start());
			} catch (error) {
				this.fail(active, error);
			}
		}
		return waitMs;
	}
	/**
	 * Reads all sensors into a sample record and closes them. Until it returns 0, the record must be the same one.
	 * @returns 0 when the record is complete; else milliseconds after which to call again, because a chip is busy
	 */
	collect(into: NodeRecord): number {
		if (this.next === 0) {
			into.kind = RecordKind.sample;
			into.length = this.width;
			into.missing = 0;
			this.counts.fill(0);
		}
		for (; this.next < this.active.length; this.next++) {
			const active = this.active[this.next]!;
			const missing = this.missing;
			missing.clear();
			try {
				active.driver?.collect(this.raw, missing);
			} catch (error) {
				if (error instanceof DormouseError && error.code === "busy" && this.retries-- > 0) return RETRY_MS;
				this.fail(active, error);
			}
			this.convert(active, missing, into);
			this.retries = RETRIES;
		}
		this.next = 0;
		this.close();
		return 0;
	}
	/** Releases all sensors; idempotent. */
	close(): void {
		for (let n = 0; n < this.active.length; n++) {
			this.active[n]!.driver?.close();
			this.active[n]!.driver = undefined;
		}
	}

	private convert({ sensor, at, driver, failure }: Active, missing: Missing, into: NodeRecord) {
		for (let n = 0; n < sensor.quantities.length; n++) {
			const source = sensor.sources[n]!;
			const raw = this.raw[source]!;
			let reason: MissingReason | undefined;
			if (!driver) reason = failure;
			else if (missing.has(source)) reason = missing.reason(source);
			else if (isBeyond(raw, sensor.channels[source]!)) reason = MissingReason.range;
			if (reason === undefined) into.values[at + n] = divideRounded(raw, sensor.ratios[n]!);
			else {
				into.missing = (into.missing | (1 << (at + n))) >>> 0;
				this.counts[reason]!++;
			}
		}
	}
	/** @throws what is not a DormouseError: a fault of the firmware, not of a sensor */
	private fail(active: Active, error: unknown) {
		if (!(error instanceof DormouseError) || error.code === "declaration") {
			this.close();
			throw error;
		}
		active.failure =
			error.code === "absent" || error.code === "io" || error.code === "identity"
				? MissingReason.absent
				: MissingReason.nonsense;
		active.driver?.close();
		active.driver = undefined;
	}
}

/**
 * Whether a reading leaves what the chip is specified for, by half of the channel's own resolution or more: a chip that
 * stands at 100 % reads 100.004. How coarsely the node sends it does not matter.
 */
function isBeyond(raw: number, { low, high, step, resolution }: Channel): boolean {
	const slack = resolution / 2 / step;
	return raw <= Math.round(low / step) - slack || raw >= Math.round(high / step) + slack;
}

/** Quotient rounded half away from zero. */
function divideRounded(value: number, divisor: number): number {
	const half = Math.floor(divisor / 2);
	return Math.trunc((value < 0 ? value - half : value + half) / divisor) + 0;
}
