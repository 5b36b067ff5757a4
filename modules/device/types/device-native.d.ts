/**
 * What ECMA-419 and the SDK lack: each place brings its own module under this specifier (C on ESP32, C on the desktop,
 * a shim in the simulator). Only `modules/device/` imports it.
 */
declare module "device/native" {
	/** Milliseconds since the board got its power; runs on through deep sleep. A fraction is allowed. */
	export function clockMs(): number;
	/** A `WakeCause` of `modules/core/ports.ts`. */
	export function wakeCause(): number;
	/** A `ResetReason` of `modules/core/ports.ts`. */
	export function resetReason(): number;
	/** Bytes of memory that survive deep sleep. */
	export function rtcSize(): number;
	/** Fills `into` from `offset`. @throws {RangeError} beyond the end */
	export function rtcRead(into: Uint8Array, offset: number): void;
	/** @throws {RangeError} beyond the end; nothing is written then */
	export function rtcWrite(bytes: Uint8Array, offset: number): void;
	/** Fills `into` with bytes of the hardware's generator. */
	export function random(into: Uint8Array): void;
	/** The device's unique number: the six bytes of its base MAC address on ESP32. */
	export function identity(): Uint8Array;
	/** A setting from provisioning; undefined when not set. */
	export function setting(name: string): string | undefined;
	/** Alignment of writes to a flash partition, by label: 1, or 16 where the hardware encrypts. */
	export function flashAlignment(label: string): number;
	/** Takes a wake's report (`modules/cycle/report.ts`) to the serial port, or wherever people look. */
	export function report(bytes: Uint8Array): void;
	/** Progress was made: a board that makes none for five minutes is reset. */
	export function progress(): void;
	/** Keeps an image that is on trial; does nothing to another one. @returns false when flash refused */
	export function confirmImage(): boolean;
	/** Sleeps deeply and boots again after `ms`. Does not return on a board. */
	export function deepSleep(ms: number): void;
}
