import {
	clockMs,
	identity,
	deepSleep as nativeDeepSleep,
	report as nativeReport,
	resetReason as nativeResetReason,
	setting as nativeSetting,
	wakeCause as nativeWakeCause,
	random,
	rtcRead,
	rtcSize,
	rtcWrite,
} from "device/native";
import Timer, { type TimerID } from "timer";
import { toHex } from "../core/bytes.js";
import type {
	Clock,
	Entropy,
	ResetReason,
	RetainedMemory,
	Timer as RunningTimer,
	Timers,
	WakeCause,
} from "../core/ports.js";

/** The board's clock: milliseconds since it got its power, through deep sleep. */
export class DeviceClock implements Clock {
	nowMs(): number {
		return clockMs();
	}
}

/** One-shot timers of the SDK. */
export class DeviceTimers implements Timers {
	set(callback: () => void, ms: number): RunningTimer {
		return new DeviceTimer(callback, ms);
	}
}

class DeviceTimer implements RunningTimer {
	private id: TimerID | undefined;
	constructor(callback: () => void, ms: number) {
		this.id = Timer.set(() => {
			this.id = undefined;
			callback();
		}, ms);
	}
	close(): void {
		Timer.clear(this.id);
		this.id = undefined;
	}
}

/** RTC memory. */
export class DeviceMemory implements RetainedMemory {
	readonly size = rtcSize();
	read(into: Uint8Array, offset: number): void {
		rtcRead(into, offset);
	}
	write(bytes: Uint8Array, offset: number): void {
		rtcWrite(bytes, offset);
	}
}

/** The hardware's random numbers. */
export class DeviceEntropy implements Entropy {
	fill(into: Uint8Array): void {
		random(into);
	}
}

/** Why the processor runs. */
export function wakeCause(): WakeCause {
	return nativeWakeCause() as WakeCause;
}

/** Why the last run ended. */
export function resetReason(): ResetReason {
	return nativeResetReason() as ResetReason;
}

/** A name that no other device has: the hexadecimal digits of its unique number. */
export function nodeId(): string {
	return toHex(identity());
}

/** A setting from provisioning; undefined when not set. */
export function setting(name: string): string | undefined {
	return nativeSetting(name);
}

/** Hands a wake's report to whoever looks. */
export function report(bytes: Uint8Array): void {
	nativeReport(bytes);
}

/** Deep sleep; the node boots again after `ms`. Does not return on a board. */
export function deepSleep(ms: number): void {
	nativeDeepSleep(ms);
}
