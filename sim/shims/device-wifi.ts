import { utf8 } from "./core-native.js";
import { copyInto, Op, port } from "./port.js";

/** `device/wifi` on a simulated board; see `modules/device/types/device-wifi.d.ts`. */

export function join(ssid: string, passphrase: string, bytes: Uint8Array, on: { told(status: number): void }): void {
	leave();
	const [name, key] = [utf8(ssid), utf8(passphrase)];
	const host = port();
	const request = host.begin(Op.wifiJoin).u8(name.length).u8(key.length).bytes(name).bytes(key).bytes(bytes);
	host.wifi = request.call().getUint16(0);
	host.listen(host.wifi, (_, payload) => on.told(payload.getUint8(0)));
}
export function joined(bytes: Uint8Array): void {
	const host = port();
	copyInto(host.begin(Op.wifiJoined, host.wifi).call(), bytes.subarray(1));
}
export function leave(): void {
	const host = port();
	if (host.wifi) host.close(host.wifi);
	host.wifi = 0;
}
