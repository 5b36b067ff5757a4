/**
 * Timers of the SDK, on device and desktop alike; part of `manifest_base.json` and preloaded. Not ECMA-419.
 * Source: Moddable SDK 8.2.3, modules/base/timer/timer.js, modTimer.c, mc/timer.c (ESP32), lin/timer.c.
 *
 * All times are milliseconds, converted to a 32-bit integer (NaN is 0; up to 24.8 days). Resolution: 1 ms (ESP32: one FreeRTOS tick, 1000 Hz in the SDK's sdkconfig).
 * An exception that leaves a callback restarts the device.
 */
declare module "timer" {
	/** Identifies a timer; opaque. A running timer is kept alive by the SDK, not by this. */
	export interface TimerID {
		readonly _timer: never;
	}

	export default class Timer {
		/**
		 * Calls back once after `delay`, never inside this call; with `repeat`, then every `repeat`.
		 * @param delay default 0
		 * @param repeat default 0: once
		 */
		static set(callback: (id: TimerID) => void, delay?: number, repeat?: number): TimerID;
		/** Calls back every `interval`; the first time after one. ESP32 keeps the grid (late calls do not shift later ones). */
		static repeat(callback: (id: TimerID) => void, interval: number): TimerID;
		/**
		 * Sets new times; without `delay`, stops the timer and keeps it for a later `schedule`.
		 * A timer set without `repeat` is gone after its call, and cannot be rescheduled from inside it: make a new one.
		 * @throws {SyntaxError} the timer is gone
		 */
		static schedule(id: TimerID, delay?: number, repeat?: number): void;
		/** Removes the timer; allowed in its own callback. undefined, and timers that are gone: does nothing. */
		static clear(id: TimerID | undefined): void;
		/** Blocks the whole machine for so many milliseconds. */
		static delay(milliseconds: number): void;
	}
}
