/**
 * One digital pin. Source: Moddable SDK 8.2.3, modules/io/digital/digital.js, digital/esp32/digitalbank.c; `lin` has none.
 * ECMA-419 §10.2.
 */
declare module "embedded:io/digital" {
	import type { PinSpecifier } from "embedded:io/_common";

	export interface DigitalOptions {
		readonly pin: PinSpecifier;
		/** One of the class's modes. */
		readonly mode: number;
		/** Level of an output when it opens. */
		readonly initialValue?: number;
		/** Edges that call `onReadable`, a sum; needed for it. */
		readonly edge?: number;
		/** Called from the event loop, later than the edge; several edges may give one call. */
		readonly onReadable?: (this: Digital) => void;
		readonly format?: "number";
		readonly target?: unknown;
	}

	export default class Digital {
		constructor(options: DigitalOptions);
		read(): number;
		write(value: number): void;
		/** Releases the pin. Again: does nothing. */
		close(): void;
		/** The time of the last edge; our own boards' extension, see `modules/device/io.ts`. */
		get edgeMs(): number | undefined;
		format: "number";
		target?: unknown;
		static readonly Input: number;
		static readonly InputPullUp: number;
		static readonly InputPullDown: number;
		static readonly InputPullUpDown: number;
		static readonly Output: number;
		static readonly OutputOpenDrain: number;
		static readonly Rising: number;
		static readonly Falling: number;
	}
}
