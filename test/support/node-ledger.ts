import { ResetReason, WakeCause } from "../../modules/core/ports.js";
import { NodeRecord, RecordKind } from "../../modules/core/record.js";
import { HEALTH_FIELDS, type Health } from "../../modules/cycle/health.js";
import type { WakeReport } from "../../modules/cycle/report.js";
import { BANK } from "../../modules/cycle/retained.js";
import type { Log } from "../../modules/store/log.js";
import type { RetainedQueue } from "../../modules/store/retained-queue.js";
import { PowerCut } from "../../sim/flash.js";
import * as assert from "../assert.js";
import { Crash, type FakeNode, type Script } from "./fake-node.js";

const PRIME = 1_999_993;
/** A second sample in the same second: the world has changed meanwhile. */
const AGAIN = 1_000_000;
const FACTOR = 1009;
const INVERSE = 1_341_918; // of the factor, modulo the prime

/** What the world reads at a moment, 0 … 1,999,992: no two moments read the same. */
export function worldAt(moment: number): number {
	return ((moment * FACTOR) % PRIME) - 1_000_000;
}
/** The moment that read so. */
export function momentOf(value: number): number {
	return ((value + 1_000_000) * INVERSE) % PRIME;
}

/**
 * What became of a sample. `taken`: in this wake, nothing is promised yet; `maybe`: the wake died before anything was;
 * `held`: in retained memory, to the end of a commit; `kept`: behind that, in flash; `gone`: it was held, and the power went.
 */
type Fate = "taken" | "maybe" | "held" | "kept" | "gone";

/** What a subscriber that stayed connected has, and what it was promised. */
export class Promises {
	/** Samples by the second of the world at which they were taken. */
	readonly fates: Map<number, Fate>;
	/** Records that arrived, by number. */
	readonly arrived: Map<number, string>;
	/** Seconds of the world at which epochs began. */
	readonly epochs: Map<number, number>;
	/** Samples that arrived. */
	readonly seen: Set<number>;
	/** Records up to here were acknowledged, and the node has heard of it. */
	acknowledged = 0;
	highest = 0;
	epoch = 0;
	/** Of the health records that arrived: the sum of epochs for `unsaved`, the newest for others. */
	unsaved: Map<number, number>;
	dropped = 0;
	lost = 0;
	duplicates = 0;
	/** Records that were in frames of which the node did not hear that they arrived. */
	unheard = 0;
	/** Wakes, and those among them that were not from sleep. */
	boots = 0;
	resets = 0;

	constructor(from?: Promises) {
		this.fates = new Map(from?.fates);
		this.arrived = new Map(from?.arrived);
		this.epochs = new Map(from?.epochs);
		this.seen = new Set(from?.seen);
		this.unsaved = new Map(from?.unsaved);
		if (!from) return;
		const { acknowledged, highest, epoch, dropped, lost, duplicates, unheard, boots, resets } = from;
		Object.assign(this, { acknowledged, highest, epoch, dropped, lost, duplicates, unheard, boots, resets });
	}
	/** Samples of a fate that did not arrive. */
	missing(...fates: readonly Fate[]): number[] {
		const list: number[] = [];
		for (const [second, fate] of this.fates) if (fates.includes(fate) && !this.seen.has(second)) list.push(second);
		return list;
	}
}

/** What is looked at inside of a wake. */
interface Inside {
	readonly front: RetainedQueue;
	readonly log: Log;
	readonly health: Health;
	readonly report: WakeReport;
}

/** Watches a node and holds it to its word; the world is {@link worldAt}. */
export class NodeLedger {
	readonly node: FakeNode;
	promises = new Promises();
	/** Flash does what it should: order and completeness are exact. */
	isSound = true;
	/** Whether the server answers; asked at the begin of an exchange. */
	server: (seconds: number) => "up" | "down" | "deaf" = () => "up";
	report: WakeReport | undefined;
	/** Writes to retained memory in the last wake, by their length. */
	readonly rtcWrites: number[] = [];
	/** What had failed before the sample at hand; −1: that was counted. */
	#failures = -1;
	readonly #record = new NodeRecord(32);

	constructor(node: FakeNode) {
		this.node = node;
		node.onCollect = () => this.#collected();
		node.onRtc = (offset, length, isDone) => this.#committing(offset, length, isDone);
		node.script = this.#exchange;
	}
	/** Records that flash lost, and what the node found broken there: what the next health record says, since the store was made. */
	get lost(): number {
		return (this.node.run as unknown as Inside).log.lost;
	}
	get faults(): number {
		return (this.node.run as unknown as Inside).log.faults;
	}
	/** Operations of the store that failed, in all wakes: what they were for waits in retained memory, or was not numbered. */
	refused = 0;
	/** Records that bits flipped in flash may have taken with them. */
	rotten = 0;
	/** Of samples that did not arrive: those that are in no count. */
	uncounted = 0;
	get seconds(): number {
		return this.node.scheduler.now / 1000;
	}
	/** Runs a wake. @returns false when it was cut; the ledger knows what still holds, the caller says how the board comes back */
	wake(reset: ResetReason): boolean {
		const { node } = this;
		this.rtcWrites.length = 0;
		this.report = undefined;
		this.promises.boots++;
		if (reset !== ResetReason.deepSleep) this.promises.resets++;
		try {
			this.report = node.wake(reset, reset === ResetReason.deepSleep ? WakeCause.timer : WakeCause.reset);
		} catch (error) {
			if (!(error instanceof PowerCut) && !(error instanceof Crash)) throw error;
			const { fates } = this.promises;
			for (const [second, fate] of fates) if (fate === "taken") fates.set(second, "maybe");
			node.crashed();
			return false;
		}
		assert.equal(node.flash.nor.counts.violations, 0, "operations that break flash's rules");
		assert.equal(node.openDrivers, 0);
		assert.equal(node.timers.open, 0);
		return true;
	}
	/** The board sleeps as long as it asked. */
	sleep(): void {
		const { scheduler, sleepMs } = this.node;
		scheduler.skipTo(scheduler.now + sleepMs);
	}
	/** The board is off, or resets, and comes back at a full second. */
	off(seconds: number): void {
		const { scheduler } = this.node;
		scheduler.skipTo(1000 * (Math.floor(scheduler.now / 1000) + seconds));
	}
	/** The power goes: retained memory is noise when it comes back. */
	losePower(seconds = 2): void {
		this.off(seconds);
		this.node.losePower();
		const { fates } = this.promises;
		for (const [second, fate] of fates) if (fate === "held") fates.set(second, "gone");
	}
	/** Of samples that were promised, how many did not arrive. To be asked when nothing waits. */
	settle(): void {
		const { promises, node, report } = this;
		assert.equal(report?.queued, 0, "records wait");
		const missing = promises.missing("kept", "held", "taken");
		let unsaved = 0;
		for (const count of promises.unsaved.values()) unsaved += count;
		// Where flash rots, the newest entry may go without a trace but the gap in the numbers.
		const excused = report!.dropped + this.lost + this.rotten;
		this.uncounted = Math.max(0, missing.length - report!.dropped - this.lost);
		assert.ok(
			missing.length <= excused,
			`of seconds ${missing} no sample arrived, ${report?.dropped} were dropped, ${this.lost} lost`,
		);
		const gone = promises.missing("gone").length;
		assert.ok(
			gone <= unsaved + this.refused,
			`${gone} samples went with the power, the node says ${unsaved}, flash refused ${this.refused}`,
		);
		if (!this.isSound) return;
		assert.equal(this.lost, 0, "records that flash lost");
		const absent = missing.length + promises.missing("maybe").length;
		// Health records may be among them, one at each reset and one a day; and what arrived, but the node did not hear of.
		assert.ok(
			report!.dropped <= absent + promises.unheard + promises.resets + Math.ceil(this.seconds / 86_400),
			`${report?.dropped} dropped, ${absent} samples are missing`,
		);
		if (node.node.durability === "flash") assert.equal(unsaved + gone, 0, "records not saved");
	}

	#collected() {
		const { fates } = this.promises;
		this.#failures = (this.node.run as unknown as Inside).health.storeFailed;
		assert.ok(Number.isInteger(this.node.scheduler.now), "a fraction of a millisecond");
		let moment = Math.round(this.seconds);
		if (fates.has(moment)) moment += AGAIN; // a node that was late takes two in a row
		assert.ok(!fates.has(moment), "three samples in a second");
		fates.set(moment, "taken");
		this.node.reading = worldAt(moment);
	}
	#committing(offset: number, length: number, isDone: boolean) {
		const { fates, seen } = this.promises;
		if (!isDone) {
			this.rtcWrites.push(length);
			// The wake went on past the store. What is not in front, and did not arrive, must be in flash.
			const { front, health, report } = this.node.run as unknown as Inside;
			if (this.#failures >= 0) this.refused += health.storeFailed - this.#failures;
			this.#failures = -1;
			const inFront = new Set<number>();
			const cursor = front.cursor();
			while (cursor.read(this.#record))
				if (this.#record.kind === RecordKind.sample) inFront.add(momentOf(this.#record.values[0]!));
			for (const [second, fate] of fates) {
				// Without a number it was not queued, and the wake's report says so.
				if (fate === "taken" && report.number === 0) fates.set(second, "maybe");
				else if ((fate === "taken" || fate === "held") && !inFront.has(second)) fates.set(second, "kept");
			}
		} else if (offset % BANK === 0) {
			for (const [second, fate] of fates) if (fate === "taken" && !seen.has(second)) fates.set(second, "held");
		}
	}
	readonly #exchange: Script = ({ frame, on }) => {
		const { promises } = this;
		const server = this.server(this.seconds);
		if (server === "down") return on.failed("timeout");
		for (;;) {
			const { sent } = this.node;
			sent.length = 0;
			const upTo = frame();
			let previous = 0;
			for (const record of sent) {
				assert.ok(record.number > previous, `${record.number} behind ${previous} in a frame`);
				previous = record.number;
				this.#arrived(record);
			}
			if (upTo === 0) break;
			promises.unheard += sent.length;
			if (server === "deaf") return on.failed("timeout"); // it has the frame, the node does not hear of it
			const { health } = this.node.run as unknown as Inside;
			const { storeFailed } = health;
			on.delivered(upTo, "peer");
			if (health.storeFailed > storeFailed) continue; // it could not be written down
			promises.unheard -= sent.length;
			promises.acknowledged = Math.max(promises.acknowledged, upTo);
		}
		on.idle();
	};
	#arrived(record: FakeNode["sent"][number]) {
		const { promises } = this;
		const { number, epoch, seconds, kind, values } = record;
		const text = JSON.stringify(record);
		const before = promises.arrived.get(number);
		if (before !== undefined) {
			assert.equal(text, before, `record ${number} came again as another`);
			assert.ok(number > promises.acknowledged || this.rotten > 0, `record ${number} was acknowledged, and came again`);
			promises.duplicates++;
			return;
		}
		promises.arrived.set(number, text);
		// Flash that rots may give back what was delivered or dropped.
		assert.ok(number > promises.highest || this.rotten > 0, `record ${number} came behind ${promises.highest}`);
		promises.highest = Math.max(promises.highest, number);
		assert.ok(
			epoch !== undefined && (epoch >= promises.epoch || this.rotten > 0),
			`epoch ${epoch} behind ${promises.epoch}`,
		);
		promises.epoch = epoch;
		if (kind === RecordKind.sample) {
			const moment = momentOf(values[0]!);
			const second = moment % AGAIN;
			assert.ok(promises.fates.has(moment), `a sample of second ${moment}, when none was taken`);
			assert.ok(!promises.seen.has(moment), `the sample of second ${moment} came twice`);
			promises.seen.add(moment);
			const began = promises.epochs.get(epoch) ?? second - seconds;
			assert.equal(second - seconds, began, `the begin of epoch ${epoch}`);
			promises.epochs.set(epoch, began);
			return;
		}
		assert.equal(kind, RecordKind.health);
		const health = Object.fromEntries(HEALTH_FIELDS.map((field, n) => [field, values[n] ?? 0]));
		promises.unsaved.set(epoch, Math.max(promises.unsaved.get(epoch) ?? 0, health.unsaved!));
		promises.dropped = health.dropped!;
		promises.lost = health.lost!;
	}
}
