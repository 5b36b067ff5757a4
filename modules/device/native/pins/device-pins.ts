/** `device/pins` on the Moddable SDK; see `modules/device/types/device-pins.d.ts`. The C is in `device-pins.c`. */

declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

export function pinsWoke(this: unknown): number {
	return native("xs_dormouse_pinsWoke").call(this);
}
export function armPins(this: unknown, high: number, low: number, up: number, down: number, touch: number): number {
	return native("xs_dormouse_pinsArm").call(this, high, low, up, down, touch);
}
