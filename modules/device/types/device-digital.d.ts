/**
 * One digital pin, with the time of its last edge as the interrupt took it (`edgeMs`). Each place brings its own module under
 * this specifier; undefined where there are no pins. Only `modules/device/` imports it.
 */
declare module "device/digital" {
	import type Digital from "embedded:io/digital";

	const class_: typeof Digital | undefined;
	export default class_;
	/** Light sleep: nothing runs for so many milliseconds, and no edge is heard. Timers know of it. */
	export function doze(ms: number): void;
	/** Holds a pin at a level from now on, through deep sleep too. */
	export function park(pin: number, level: number): void;
	/** Lets go of all pins that are held, also since before a deep sleep. */
	export function unpark(): void;
}
