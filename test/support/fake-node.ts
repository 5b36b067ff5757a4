import { type DecodedRecord, decodeFrame } from "../../modules/codec/frame-decoder.js";
import type { ErrorCode } from "../../modules/core/errors.js";
import { DormouseError } from "../../modules/core/errors.js";
import { ResetReason, WakeCause } from "../../modules/core/ports.js";
import { declareNode, type NodeDeclaration, type NodeOptions } from "../../modules/cycle/declaration.js";
import { NodeRun } from "../../modules/cycle/node-run.js";
import type { WakeReport } from "../../modules/cycle/report.js";
import { decodeReport } from "../../modules/cycle/report-decoder.js";
import { BANK } from "../../modules/cycle/retained.js";
import type { Driver } from "../../modules/measure/driver.js";
import { sensor } from "../../modules/measure/sensor.js";
import type { FrameSource, Uplink, UplinkListener } from "../../net/uplink.js";
import type { FlashOptions, FlashSnapshot } from "../../sim/flash.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Seeded } from "../../sim/seeded.js";
import { NorPort } from "./flash-port.js";
import { VirtualTimers } from "./virtual-timers.js";

/** The power or the processor is gone in the middle of a call. */
export class Crash extends Error {}

/** What an exchange does, once it has begun; `frame` sends the next frame and says up to which record. */
export type Script = (uplink: { frame(room?: number): number; on: UplinkListener; source: FrameSource }) => void;

/** All is sent and acknowledged, frame by frame. */
export const deliverAll: Script = ({ frame, on }) => {
	for (let upTo = frame(); upTo > 0; upTo = frame()) on.delivered(upTo, "peer");
	on.idle();
};
export const fail =
	(code: ErrorCode): Script =>
	({ on }) =>
		on.failed(code);

/** What of the declaration and the board can be chosen beside the constructor's arguments. */
export interface FakeNodeOptions extends Pick<NodeOptions, "durability" | "spill" | "full" | "downlink"> {
	/** The flash partition; 8 sectors of 4,096 bytes by default. */
	readonly sectors?: number;
	readonly sectorBytes?: number;
	readonly flash?: FlashOptions;
	/** Whether the uplink wants the first sample sent at once; see `UplinkDeclaration.atPower`. */
	readonly atPower?: boolean;
}

/** All of a node that sleeps: what {@link FakeNode.restore} makes it again. */
export interface FakeNodeSnapshot {
	readonly flash: FlashSnapshot;
	readonly rtc: Uint8Array;
	readonly now: number;
	readonly poweredMs: number;
	readonly sleepMs: number;
	readonly random: number;
}

/** A node on ports of arrays and counters, without a simulator: one channel, whose reading is `reading`. */
export class FakeNode {
	scheduler = new Scheduler();
	timers = new VirtualTimers(this.scheduler);
	readonly flash: NorPort;
	readonly random = new Seeded(1);
	readonly rtc = new Uint8Array(2 * BANK);
	reading = 0;
	/** Reading of the second channel, which nothing is connected to by default. */
	spare: number | undefined;
	sensorFails: ErrorCode | undefined;
	flashFails = false;
	script: Script = deliverAll;
	/** Records that left the node, in frames, in order. */
	readonly sent: DecodedRecord[] = [];
	exchanges = 0;
	sleeps = 0;
	sleepMs = 0;
	openDrivers = 0;
	uplinkOpen = false;
	/** Bytes that retained memory still takes before it crashes. */
	rtcLeft = Number.POSITIVE_INFINITY;
	/** Crashes in the write to retained memory that is so many away, behind so many of its bytes. */
	rtcCut: { writes: number; readonly bytes: number } | undefined;
	/** Hears of each write to retained memory, before it and when all of it is there. */
	onRtc: ((offset: number, length: number, isDone: boolean) => void) | undefined;
	/** From provisioning. */
	readonly settings: Record<string, string> = {};
	/** Hears of each exchange that begins, and of each frame. */
	onStart: ((source: FrameSource) => void) | undefined;
	onFrame: ((frame: Uint8Array) => void) | undefined;
	/** Runs when the sensor is read, before it answers. */
	onCollect: (() => void) | undefined;
	/** The wake at hand, or the last one. */
	run: NodeRun | undefined;
	/** Virtual time at which the power came. */
	poweredMs = 0;
	readonly node: NodeDeclaration;

	constructor(batch = 3, every = 600, trimOn: "peer" | "sent" = "peer", options: FakeNodeOptions = {}) {
		const { sectors = 8, sectorBytes = 4096, flash, atPower = false, ...declared } = options;
		this.flash = new NorPort(sectors, sectorBytes, flash);
		const channels = [
			{ name: "temperature", unit: "Cel", step: 1, resolution: 1, low: -1_000_000, high: 1_000_000 },
			{ name: "spare", unit: "V", step: 1, resolution: 1, low: 0, high: 10 },
		];
		const uplink = {
			kind: "fake",
			batch,
			deadlineMs: 30_000,
			mtu: 200,
			trimOn,
			atPower,
			downlinks: options.downlink !== undefined,
			create: () => this.#uplink(),
		};
		const sensors = [sensor({ chip: "fake", port: "I2C.default", channels, create: () => this.#driver() })];
		this.node = declareNode({ name: "fake", every, sensors, uplink, ...declared });
		this.losePower();
	}
	/** All that survives the end of a wake, and the time. */
	snapshot(): FakeNodeSnapshot {
		const { flash, rtc, scheduler, poweredMs, sleepMs, random } = this;
		return {
			flash: flash.nor.snapshot(),
			rtc: rtc.slice(),
			now: scheduler.now,
			poweredMs,
			sleepMs,
			random: random.state,
		};
	}
	/** Becomes what a node of the same options was; time goes back too. */
	restore(snapshot: FakeNodeSnapshot): void {
		this.flash.nor.restore(snapshot.flash);
		this.rtc.set(snapshot.rtc);
		this.poweredMs = snapshot.poweredMs;
		this.sleepMs = snapshot.sleepMs;
		this.random.state = snapshot.random;
		this.crashed(snapshot.now);
	}
	/** What ran is gone, at a time that may be another: timers, drivers, faults that waited. */
	crashed(now = this.scheduler.now): void {
		this.scheduler = new Scheduler();
		this.scheduler.skipTo(now);
		this.timers = new VirtualTimers(this.scheduler);
		this.openDrivers = 0;
		this.uplinkOpen = false;
		this.rtcCut = undefined;
		this.rtcLeft = Number.POSITIVE_INFINITY;
		this.flash.nor.cutAfter(Number.POSITIVE_INFINITY, this.random);
	}
	/** Retained memory becomes noise, the board's clock starts again. */
	losePower(): void {
		this.rtc.forEach((_, at) => {
			this.rtc[at] = this.random.u32();
		});
		this.poweredMs = this.scheduler.now;
	}
	/** Runs one wake to its sleep. @returns its report */
	wake(resetReason: ResetReason = ResetReason.deepSleep, cause: WakeCause = WakeCause.timer): WakeReport {
		const { sleeps, scheduler } = this;
		let report: WakeReport | undefined;
		const run = new NodeRun(this.node, {
			clock: { nowMs: () => scheduler.now - this.poweredMs },
			timers: this.timers,
			memory: {
				size: this.rtc.length,
				read: (into, offset) => into.set(this.rtc.subarray(offset, offset + into.length)),
				write: (bytes, offset) => {
					this.onRtc?.(offset, bytes.length, false);
					const { rtcCut } = this;
					const isCut = rtcCut !== undefined && rtcCut.writes-- === 0;
					const done = Math.min(bytes.length, this.rtcLeft, isCut ? rtcCut.bytes : bytes.length);
					this.rtc.set(bytes.subarray(0, done), offset);
					this.rtcLeft -= done;
					if (isCut || done < bytes.length) throw new Crash();
					this.onRtc?.(offset, bytes.length, true);
				},
			},
			entropy: {
				fill: (into) => {
					for (let at = 0; at < into.length; at++) into[at] = this.random.u32();
				},
			},
			wakeCause: cause,
			resetReason,
			nodeId: "fake-1",
			flash: () => {
				if (this.flashFails) throw new DormouseError("flash");
				return this.flash;
			},
			setting: (name) => this.settings[name],
			progress() {},
			confirm() {},
			report: (bytes) => {
				report = decodeReport(bytes);
			},
			sleep: (ms) => {
				this.sleeps++;
				this.sleepMs = ms;
			},
		});
		this.run = run;
		run.start();
		while (this.sleeps === sleeps && scheduler.advance());
		if (!report) throw new Error("the wake did not come to its end");
		while (scheduler.advance(scheduler.now + 60_000)); // what is left over must do no harm
		return report;
	}
	/** Sleeps as long as the node asked, then wakes. */
	next(resetReason: ResetReason = ResetReason.deepSleep): WakeReport {
		this.scheduler.skipTo(this.scheduler.now + this.sleepMs);
		return this.wake(resetReason);
	}
	/** Cold start, the first wake ever. */
	first(): WakeReport {
		return this.wake(ResetReason.power, WakeCause.reset);
	}

	#driver(): Driver {
		this.openDrivers++;
		let open = true;
		return {
			start: () => {
				if (this.sensorFails) throw new DormouseError(this.sensorFails);
				return 10;
			},
			collect: (into, missing) => {
				this.onCollect?.();
				into[0] = this.reading;
				if (this.spare === undefined) missing.mark(1, 2);
				else into[1] = this.spare;
			},
			close: () => {
				if (open) this.openDrivers--;
				open = false;
			},
		};
	}
	#uplink(): Uplink {
		const view = new Uint8Array(200);
		let open = false;
		return {
			retainedVersion: 1,
			retain: () => 0,
			restore: () => true,
			start: (source: FrameSource, _deadlineMs: number, on: UplinkListener) => {
				open = this.uplinkOpen = true;
				this.exchanges++;
				this.onStart?.(source);
				const guarded = (run: () => void) => {
					if (open) run();
				};
				const frame = (room = view.length) => {
					const { length, upTo } = source.fill(view, room);
					if (length > 0) this.onFrame?.(view.subarray(0, length));
					if (length > 0) this.sent.push(...decodeFrame(view.subarray(0, length), this.node.frame).records);
					return upTo;
				};
				this.scheduler.after(100, () =>
					this.script({
						frame,
						source,
						on: {
							delivered: (upTo, by) => guarded(() => on.delivered(upTo, by)),
							deferred: (ms) => guarded(() => on.deferred(ms)),
							failed: (code) => guarded(() => on.failed(code)),
							downlink: (bytes, repeated) => (open ? on.downlink(bytes, repeated) : undefined),
							wallTime: (wallMs, uncertaintyMs) => guarded(() => on.wallTime(wallMs, uncertaintyMs)),
							idle: () => guarded(() => on.idle()),
						},
					}),
				);
			},
			close: () => {
				open = this.uplinkOpen = false;
			},
		};
	}
}
