import Digital, { type DigitalOptions } from "embedded:io/digital";

/**
 * `device/digital` on ESP32: the SDK's class, and the time of an edge as its interrupt took it. The C is
 * in `edges-esp32.c` and `rest-esp32.c`.
 */

declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

/** Has the interrupt of a pin take the time; `this` is the pin's object. */
function stampEdges(this: unknown, pin: number): void {
	native("xs_dormouse_stampEdges").call(this, pin);
}
function edgeMs(this: unknown, pin: number): number | undefined {
	return native("xs_dormouse_edgeMs").call(this, pin);
}

export function doze(this: unknown, ms: number): void {
	native("xs_dormouse_doze").call(this, ms);
}
export function park(this: unknown, pin: number, level: number): void {
	native("xs_dormouse_park").call(this, pin, level);
}
export function unpark(this: unknown): void {
	native("xs_dormouse_unpark").call(this);
}

export default class StampedDigital extends Digital {
	private readonly gpio: number;

	constructor(options: DigitalOptions) {
		super(options);
		this.gpio = options.pin as number;
		if (options.onReadable) stampEdges.call(this, this.gpio);
	}
	override get edgeMs(): number | undefined {
		return edgeMs(this.gpio);
	}
}
