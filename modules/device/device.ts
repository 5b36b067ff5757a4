import {
	clockMs,
	confirmImage,
	deepSleep,
	identity,
	progress,
	random,
	report,
	resetReason,
	rtcRead,
	rtcSize,
	rtcWrite,
	setting,
	wakeCause,
} from "device/native";
import Timer, { type TimerID } from "timer";
import { toHex } from "../core/bytes.js";
import type {
	Clock,
	Entropy,
	FlashPort,
	ResetReason,
	RetainedMemory,
	Timer as RunningTimer,
	Timers,
	WakeCause,
} from "../core/ports.js";
import { Partition } from "./flash.js";

// Ports without a state of their own: in flash, so that a wake has none of them in RAM.
const clock: Clock = Object.freeze({ nowMs: clockMs });
const entropy: Entropy = Object.freeze({ fill: random });
const timers: Timers = Object.freeze({
	set(callback: () => void, ms: number) {
		return new DeviceTimer(callback, ms);
	},
});
const memory: RetainedMemory = Object.freeze({
	get size() {
		return rtcSize();
	},
	read: rtcRead,
	write: rtcWrite,
});

/** This board, as one wake sees it. */
export class Device {
	/** Milliseconds since the board got its power, through deep sleep. */
	readonly clock = clock;
	/** One-shot timers of the SDK. */
	readonly timers = timers;
	/** RTC memory. */
	readonly memory = memory;
	/** The hardware's random numbers. */
	readonly entropy = entropy;
	readonly wakeCause = wakeCause() as WakeCause;
	readonly resetReason = resetReason() as ResetReason;
	/** A name that no other device has: the hexadecimal digits of its unique number. */
	readonly nodeId = toHex(identity());
	private partition: Partition | undefined;

	/** Opens a flash partition by its label, until another one is opened or the node sleeps. @throws {DormouseError} `flash` */
	flash(label: string): FlashPort {
		this.partition?.close();
		return (this.partition = new Partition(label));
	}
	/** A setting from provisioning; undefined when not set. */
	setting(name: string): string | undefined {
		return setting(name);
	}
	/** Hands a wake's report to whoever looks. */
	report(bytes: Uint8Array): void {
		report(bytes);
	}
	/** Feeds the watchdog. */
	progress(): void {
		progress();
	}
	/** This firmware does what it is for: an image on trial is kept. */
	confirm(): void {
		confirmImage();
	}
	/** Deep sleep; the node boots again after `ms`. Does not return on a board. */
	sleep(ms: number): void {
		this.partition?.close();
		deepSleep(ms);
	}
}

class DeviceTimer implements RunningTimer {
	private readonly id: TimerID;
	constructor(callback: () => void, ms: number) {
		this.id = Timer.set(callback, ms);
	}
	close(): void {
		Timer.clear(this.id); // does nothing to one that has run
	}
}
