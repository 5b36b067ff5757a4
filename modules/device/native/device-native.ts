import config from "mc/config";

/**
 * `device/native` on the Moddable SDK; see `modules/device/types/device-native.d.ts`. The C is in `device-native.c`, and
 * behind it one board for ESP32 and one for the desktop.
 *
 * The module's name in a build is `device/native`, so that nothing can be imported by a relative path from here.
 */

/**
 * A function in C. XS puts it in the place of a function whose whole body is such a call with the same parameters.
 * Source: Moddable SDK 8.2.3, documentation/xs/XS in C.md, "Native".
 */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

export function clockMs(this: unknown): number {
	return native("xs_dormouse_clockMs").call(this);
}
export function wakeCause(this: unknown): number {
	return native("xs_dormouse_wakeCause").call(this);
}
export function resetReason(this: unknown): number {
	return native("xs_dormouse_resetReason").call(this);
}
export function rtcSize(this: unknown): number {
	return native("xs_dormouse_rtcSize").call(this);
}
export function rtcRead(this: unknown, into: Uint8Array, offset: number): void {
	native("xs_dormouse_rtcRead").call(this, into, offset);
}
export function rtcWrite(this: unknown, bytes: Uint8Array, offset: number): void {
	native("xs_dormouse_rtcWrite").call(this, bytes, offset);
}
export function random(this: unknown, into: Uint8Array): void {
	native("xs_dormouse_random").call(this, into);
}
function identityBuffer(this: unknown): ArrayBuffer {
	return native("xs_dormouse_identity").call(this);
}
export function identity(): Uint8Array {
	return new Uint8Array(identityBuffer());
}
/** A string from the provisioning partition: provision.c. */
function provisioned(this: unknown, name: string): string | undefined {
	return native("xs_dormouse_provisioned").call(this, name);
}
/** From provisioning; else the manifest's `config`, or `name=value` on mcconfig's command line; numbers as their digits. */
export function setting(name: string): string | undefined {
	const text = provisioned(name);
	if (text !== undefined) return text;
	if (!Object.hasOwn(config, name)) return undefined;
	const value = config[name];
	return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
export function flashAlignment(this: unknown, label: string): number {
	return native("xs_dormouse_flashAlignment").call(this, label);
}
export function report(this: unknown, bytes: Uint8Array): void {
	native("xs_dormouse_report").call(this, bytes);
}
export function progress(this: unknown): void {
	native("xs_dormouse_progress").call(this);
}
export function confirmImage(this: unknown): boolean {
	return native("xs_dormouse_imageConfirm").call(this);
}
export function deepSleep(this: unknown, ms: number): void {
	native("xs_dormouse_deepSleep").call(this, ms);
}
