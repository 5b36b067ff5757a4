/**
 * `device/wifi` on ESP32; see `modules/device/types/device-wifi.d.ts`. The C is in `esp32/station-esp32.c`. The module's name in
 * a build is `device/wifi`, so that nothing can be imported by a relative path from here.
 */

/** A function in C, as in `device-native.ts`. */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

export function join(
	this: unknown,
	ssid: string,
	passphrase: string,
	bytes: Uint8Array,
	on: { told(status: number): void },
): void {
	native("xs_dormouse_wifiJoin").call(this, ssid, passphrase, bytes, on);
}
export function joined(this: unknown, bytes: Uint8Array): void {
	native("xs_dormouse_wifiJoined").call(this, bytes);
}
export function leave(this: unknown): void {
	native("xs_dormouse_wifiLeave").call(this);
}
