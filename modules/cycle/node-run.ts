import type { DeliveredBy, Uplink, UplinkListener, UplinkNode } from "../../net/uplink.js";
import { DormouseError, type ErrorCode } from "../core/errors.js";
import {
	type Clock,
	type Entropy,
	type FlashPort,
	ResetReason,
	type RetainedMemory,
	type Timers,
	WakeCause,
} from "../core/ports.js";
import { NodeRecord, RecordKind } from "../core/record.js";
import { MissingReason } from "../measure/driver.js";
import { Sampler } from "../measure/sampler.js";
import { CellId, Log } from "../store/log.js";
import { LogQueue } from "../store/log-queue.js";
import { Numbers } from "../store/numbers.js";
import { RetainedQueue } from "../store/retained-queue.js";
import type { RecordChain } from "../store/tamper-evidence.js";
import { TieredQueue } from "../store/tiered-queue.js";
import { BACKOFF_LONGEST_MS, CycleState, Effect, Event, step } from "./cycle.js";
import type { NodeDeclaration } from "./declaration.js";
import { EARLIEST_MS, EpochTime } from "./epoch-time.js";
import { QueueSource } from "./frame-source.js";
import { Health, Start } from "./health.js";
import { WakeReport } from "./report.js";
import { type Retained, RetainedState, SECTIONS, Section } from "./retained.js";

/** What a wake needs of the board. */
export interface NodePorts {
	readonly clock: Clock;
	readonly timers: Timers;
	readonly memory: RetainedMemory;
	readonly entropy: Entropy;
	readonly wakeCause: WakeCause;
	readonly resetReason: ResetReason;
	/** Unique to this node, 1 … 23 of [0-9a-z-]. */
	readonly nodeId: string;
	/** Opens a flash partition by its label. @throws {DormouseError} `flash` */
	flash(label: string): FlashPort;
	/** A setting from provisioning. */
	setting(name: string): string | undefined;
	/** One wake's report: bytes that live until the call returns. */
	report(bytes: Uint8Array): void;
	/** The cycle made progress: a board whose cycle makes none for minutes is reset. */
	progress(): void;
	/** The firmware has sampled and was acknowledged: an image on trial is kept. */
	confirm(): void;
	/** Deep sleep. Does not return on a board. */
	sleep(ms: number): void;
}

/** One wake of a node: the shell around the cycle's state machine. */
export class NodeRun implements UplinkListener, UplinkNode {
	private readonly node: NodeDeclaration;
	private readonly ports: NodePorts;
	private readonly cycle: CycleState;
	private readonly time: EpochTime;
	private readonly numbers: Numbers;
	readonly log: Log;
	/** Records in RTC memory, in front of those in flash. */
	private readonly front: RetainedQueue;
	readonly queue: TieredQueue;
	declare private readonly chain: RecordChain | undefined;
	readonly health = new Health();
	private readonly retained: RetainedState;
	/** Whose the retained sections are, in the order of {@link SECTIONS}. */
	private readonly owners: Retained[];
	/** From the sensors' start until their readings are stored. */
	declare private sampler: Sampler | undefined;
	private readonly record: NodeRecord;
	/** Retained memory may be older than what is in flash. */
	private unsure = false;
	resumed = false;
	readonly report = new WakeReport();
	private readonly uplink: Uplink;

	constructor(node: NodeDeclaration, ports: NodePorts) {
		this.node = node;
		this.ports = ports;
		const width = node.quantities.length;
		const { batch, deadlineMs } = node.uplink;
		this.cycle = new CycleState({ periodMs: node.everySeconds * 1000, batch, deadlineMs });
		this.time = new EpochTime(ports.clock);
		this.log = new Log(ports);
		this.numbers = new Numbers(this.log);
		this.front = new RetainedQueue(node.schema, width, RetainedQueue.roomIn(Section.queue.budget, width));
		const back = new LogQueue(this.log, node.schema, width, node.full, node.thin);
		const chain = node.evidence?.create(ports);
		if (chain) this.chain = back.chain = chain;
		this.queue = new TieredQueue(this.front, back);
		this.retained = new RetainedState(ports.memory);
		this.record = new NodeRecord(Math.max(width, NodeRecord.widest));
		this.uplink = node.uplink.create(ports, this);
		const { numbers, time, cycle, health, uplink, front, log } = this;
		this.owners = [numbers, time, cycle, health, uplink, front, log];
		if (chain) this.owners.push(chain);
	}
	/** Runs the wake; what takes time goes on in callbacks, and the last one ends in deep sleep. */
	start(): void {
		const { wakeCause: cause, resetReason: reset } = this.ports;
		const start = this.restore();
		this.report.cause = cause;
		this.report.resetReason = reset;
		this.report.start = start;
		this.report.seconds = Math.round(this.time.nowMs() / 1000);
		const { wake } = this.node;
		if (wake && (cause === WakeCause.pin || cause === WakeCause.touch)) {
			this.report.woken = wake.woke();
			this.cycle.in.woken = true;
			this.cycle.in.send = wake.send;
		}
		this.health.clockSteps += this.time.steps;
		if (start !== Start.warm) this.health.start = start;
		if (isFault(reset)) this.health.panics++;
		if (start !== Start.warm || isFault(reset)) {
			this.health.resetReason = reset;
			this.health.urgent = true;
		}
		const random = new Uint8Array(4); // for the waits that a fleet must not share
		this.ports.entropy.fill(random);
		this.cycle.in.random = new DataView(random.buffer).getUint32(0);
		this.feed(isFault(reset) && start !== Start.cold ? Event.fault : Event.boot);
	}

	delivered(upTo: number, by: DeliveredBy): void {
		if (by === "sent" && this.node.uplink.trimOn === "peer") return;
		const before = this.queue.count;
		try {
			this.queue.trim(upTo);
		} catch (error) {
			this.storeFailed(error); // they are sent again
		}
		this.report.acknowledged += before - this.queue.count;
		this.feed(Event.delivered);
	}
	idle(): void {
		this.feed(Event.idle);
	}
	failed(code: ErrorCode): void {
		this.report.problem = code;
		this.health.failed++;
		this.feed(Event.failed);
	}
	deferred(notBeforeMs: number): void {
		this.cycle.in.waitMs = notBeforeMs;
		this.feed(Event.deferred);
	}
	/**
	 * Judges the time, and records a mark before frames hang on it. Setting `notBefore`, in seconds since 1970, takes the
	 * place of the lower limit that the firmware has.
	 */
	wallTime(wallMs: number, uncertaintyMs: number): void {
		const { time, record, numbers } = this;
		const earliestMs = 1000 * Number(this.ports.setting("notBefore")) || EARLIEST_MS;
		if (!time.sync(wallMs, uncertaintyMs, earliestMs, this.cycle.in.random)) this.health.clockSteps++;
		if (!time.isMarkDue || numbers.epoch === 0) return;
		const seconds = Math.round(time.nowMs() / 1000);
		record.kind = RecordKind.sync;
		record.missing = 0;
		record.length = 3;
		record.values[0] = time.wallAt(seconds);
		record.values[1] = numbers.epoch;
		record.values[2] = seconds;
		try {
			this.makeSure();
			this.push(seconds);
		} catch (error) {
			this.storeFailed(error);
		}
	}
	get longestQuietMs(): number {
		const periodMs = this.node.everySeconds * 1000;
		return this.node.uplink.batch * periodMs + Math.max(BACKOFF_LONGEST_MS, periodMs);
	}
	wallMs(): number {
		return this.time.wallMs();
	}
	downlink(bytes: Uint8Array, repeated: boolean): boolean | undefined {
		const { log, node, report } = this;
		let taken: boolean | undefined;
		try {
			const cell = {
				read: () => log.get(CellId.config),
				write: (value: Uint8Array) => log.put(CellId.config, value),
			};
			taken = node.downlink?.take(bytes, { cell, repeated, wallMs: this.wallMs() });
			if (taken) report.taken++;
			else report.problem = "downlink";
		} catch (error) {
			report.problem = error instanceof DormouseError ? error.code : "downlink"; // it comes again
		}
		return taken;
	}

	/** @returns how whole the state was */
	private restore(): Start {
		const found = this.retained.load();
		// Memory may outlive a short power loss, but the clock does not: times in that epoch would be wrong from here on.
		const reader = this.ports.resetReason === ResetReason.power ? undefined : found;
		const lost: number[] = [];
		for (let n = 0; n < this.owners.length; n++) {
			const { id } = SECTIONS[n]!;
			const bytes = reader?.section(id);
			if (!bytes || !this.owners[n]!.restore(bytes, reader!.version)) lost.push(id);
		}
		// What is left of two damaged banks may be of two commits: a queue whose next number is another than the one that is
		// given next. And a checksum fits by chance once in 65,536 times. Neither may kill every wake from now on.
		const { numbers: given, front } = this;
		const torn = front.count > 0 && (given.next !== front.first + front.count || given.epoch !== front.epoch);
		const spoilt = torn || (isFault(this.ports.resetReason) && !front.isSound());
		if (spoilt) front.clear();
		const isWhole = lost.length === 0 && !this.retained.fellBack && !spoilt;
		// Only a wake that came to its end has committed what it wrote to flash. Until flash was looked at anew nothing is
		// retained of it, so that a wake that does not come to that leaves it to the next one.
		this.resumed = isWhole && this.ports.resetReason === ResetReason.deepSleep;
		if (!this.resumed) this.log.phase = 0;
		this.unsure = this.log.phase === 0;
		if (isWhole) return Start.warm;
		const { numbers, time, cycle } = Section;
		if (!lost.includes(numbers.id) && !lost.includes(time.id)) {
			if (lost.includes(cycle.id)) this.cycle.reset(this.time.nowMs());
			this.health.sectionsLost += Math.max(1, lost.length);
			return Start.partial;
		}
		// Without its epoch a node cannot tell times or numbers: it starts cold, and what was queued is lost.
		this.numbers.begin();
		this.time.begin();
		const { resetReason } = this.ports;
		this.cycle.reset();
		// Not after a brown-out: the radio's current may have been its cause.
		this.cycle.urgent = resetReason === ResetReason.power && this.node.uplink.atPower === true;
		this.health.reset();
		front.clear();
		// It should have survived deep sleep, software, panic and watchdog, which are in this order.
		return resetReason >= ResetReason.deepSleep && resetReason <= ResetReason.watchdog ? Start.corrupt : Start.cold;
	}
	/** Steps the cycle and does what it says, until it waits. */
	private feed(event: Event) {
		const { cycle, ports } = this;
		ports.progress();
		for (let next: Event | undefined = event; next !== undefined; ) {
			cycle.in.nowMs = this.time.nowMs();
			const effect: Effect = step(cycle, next);
			next = undefined;
			switch (effect) {
				case Effect.start:
					this.sampler = new Sampler(this.node.sensors);
					cycle.in.waitMs = this.sampler.start();
					next = Event.started;
					break;
				case Effect.wait:
					ports.timers.set(() => this.feed(Event.elapsed), cycle.out.waitMs);
					break;
				case Effect.collect:
					cycle.in.waitMs = this.sampler!.collect(this.record);
					next = cycle.in.waitMs > 0 ? Event.pending : this.store();
					break;
				case Effect.commit:
					this.retained.commit(this.owners);
					next = Event.committed;
					break;
				case Effect.exchange:
					this.exchange();
					break;
				case Effect.sleep:
					this.sleep();
			}
		}
	}
	private exchange() {
		const { nodeId } = this.ports;
		let source: QueueSource;
		try {
			const { node, queue, time, numbers, report, record } = this;
			source = new QueueSource(node, nodeId, queue, time, numbers.epoch, report, record);
		} catch (error) {
			return this.failed(this.storeFailed(error));
		}
		this.uplink.start(source, this.cycle.out.deadlineMs, this);
	}
	/** Takes the sample, and a health record when one is due, into the queue. */
	private store(): Event {
		const { counts } = this.sampler!;
		this.sampler = undefined; // its memory and its drivers' are the uplink's now
		const record = this.record;
		const health = this.health;
		const seconds = Math.round(this.time.nowMs() / 1000);
		this.report.missing = Array.from(counts);
		health.absent += counts[MissingReason.absent]!;
		health.nonsense += counts[MissingReason.nonsense]!;
		health.range += counts[MissingReason.range]!;
		health.missed = this.cycle.missed;
		let queued = false;
		try {
			this.makeSure();
			this.push(seconds);
			queued = true;
		} catch (error) {
			this.storeFailed(error);
		}
		this.report.sample(record);
		const isDue = queued && this.isSpillDue(seconds);
		if (this.unsure || this.numbers.epoch === 0) return Event.stored;
		const { log, queue } = this;
		try {
			health.dropped = queue.dropped;
			health.lost = log.lost;
			health.flashFaults = log.faults;
			if (queued && health.isDue(seconds)) {
				health.fill(record);
				this.push(seconds);
				health.reported(seconds);
			}
			// The health record goes too: what it says of records that the power took is said once.
			if (isDue) queue.spill();
		} catch (error) {
			this.storeFailed(error);
		}
		try {
			this.cycle.in.queued = queue.count;
			this.cycle.in.pressed = queue.pressed;
		} catch (error) {
			this.storeFailed(error);
		}
		return Event.stored;
	}
	/** What the last wake wrote to flash is not to be numbered again, or sent twice. @throws {DormouseError} as the log does */
	private makeSure() {
		if (!this.unsure) return;
		const { log } = this;
		log.ready();
		this.numbers.pass(log.last, log.epoch, log.cells.closed || log.faults > 0);
		this.front.trim(log.last);
		this.unsure = false;
	}
	/** Numbers the record and queues it. @throws {DormouseError} when flash gave no number */
	private push(seconds: number) {
		const { record, log, numbers } = this;
		const isFirst = numbers.epoch === 0;
		record.number = numbers.take();
		if (isFirst && this.node.durability === "rtc")
			this.health.unsaved = this.report.unsaved = Math.max(record.number - 1 - Math.max(log.last, log.floor), 0);
		record.epoch = numbers.epoch;
		record.seconds = seconds;
		record.wall = this.time.wallAt(0) > 0;
		try {
			this.queue.push(record, this.node.durability === "flash");
			const problem = this.chain?.problem; // better a record that proves nothing than none, but never in silence
			if (problem) this.storeFailed(new DormouseError(problem));
		} catch (error) {
			this.storeFailed(error);
			this.front.push(record); // flash is worn out or full: better kept until the power goes than not at all
		}
	}
	/** Whether records are to move from RTC memory to flash, once this sample's is there. */
	private isSpillDue(seconds: number): boolean {
		const { front, node, record } = this;
		const { everySeconds, below } = node.spill;
		if (everySeconds > 0 && front.count > 0 && seconds - front.seconds >= everySeconds) return true;
		return below.some((limit, n) => limit !== undefined && !record.isMissing(n) && record.values[n]! < limit);
	}
	/** Counts what flash failed in; the wake goes on. @throws what is not of flash */
	private storeFailed(error: unknown): ErrorCode {
		if (!(error instanceof DormouseError)) throw error;
		this.health.storeFailed++;
		this.report.problem = error.code;
		return error.code;
	}
	private sleep() {
		this.sampler?.close();
		this.uplink.close();
		const report = this.report;
		let ms = this.time.clockUntil(this.cycle.out.wakeMs);
		const { wake } = this.node;
		if (wake) {
			// One short wake after the rest arms them again. What is at its level even then, the next sample arms.
			const rests = report.woken > 0;
			report.unarmed = wake.arm(rests);
			if (rests) ms = Math.min(ms, wake.restMs);
		}
		report.epoch = this.numbers.epoch;
		if (report.epoch > 0)
			try {
				this.makeSure();
				report.queued = this.queue.count;
				report.dropped = this.queue.dropped;
				report.oldest = this.queue.oldest;
			} catch (error) {
				this.storeFailed(error);
			}
		// Not before its sensors and its uplink have worked, and before the sleep that would be the next boot.
		if (report.number > 0 && report.acknowledged > 0) this.ports.confirm();
		report.failures = this.cycle.failures;
		report.sleepMs = ms;
		this.ports.report(report.encode(new Uint8Array(WakeReport.largest)));
		this.ports.sleep(ms);
	}
}

/** Whether the last wake died: panic, watchdog, brown-out, in this order. */
function isFault(reason: ResetReason): boolean {
	return reason >= ResetReason.panic && reason <= ResetReason.brownOut;
}
