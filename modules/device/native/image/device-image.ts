/** `device/image` on the Moddable SDK; see `modules/device/types/device-image.d.ts`. The C is in `device-image.c`. */

declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

export function imageState(this: unknown): number {
	return native("xs_dormouse_imageState").call(this);
}
export function revertImage(this: unknown): void {
	native("xs_dormouse_imageRevert").call(this);
}
