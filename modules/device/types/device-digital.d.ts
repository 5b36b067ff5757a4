/**
 * One digital pin, with the time of its last edge as the interrupt took it (`edgeMs`). Each place brings its own module under
 * this specifier; undefined where there are no pins. Only `modules/device/` imports it.
 */
declare module "device/digital" {
	import type Digital from "embedded:io/digital";

	const class_: typeof Digital | undefined;
	export default class_;
}
