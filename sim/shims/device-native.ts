import { fromUtf8 } from "../../modules/core/bytes.js";
import { bytesOf, copyInto, copyOf, Op, port } from "./port.js";

/** `device/native` on a simulated board; see `modules/device/types/device-native.d.ts`. */

export function clockMs(): number {
	return port().begin(Op.now).call().getFloat64(0);
}
export function wakeCause(): number {
	return port().begin(Op.wakeCause).call().getUint8(0);
}
export function resetReason(): number {
	return port().begin(Op.wakeCause).call().getUint8(1);
}
export function rtcSize(): number {
	return port().begin(Op.rtcSize).call().getUint16(0);
}
export function rtcRead(into: Uint8Array, offset: number): void {
	copyInto(port().begin(Op.rtcRead).u16(offset).u16(into.length).call(), into);
}
export function rtcWrite(bytes: Uint8Array, offset: number): void {
	port().begin(Op.rtcWrite).u16(offset).bytes(bytes).call();
}
export function random(into: Uint8Array): void {
	copyInto(port().begin(Op.random).u16(into.length).call(), into);
}
export function identity(): Uint8Array {
	return copyOf(port().begin(Op.identity).call());
}
export function setting(name: string): string | undefined {
	const result = port().begin(Op.setting).text(name).call();
	return result.getUint8(0) ? fromUtf8(copyOf(result, 1)) : undefined;
}
export function flashAlignment(label: string): number {
	const result = port().begin(Op.flashOpen).text(label).call();
	port().close(result.getUint16(0));
	return result.getUint8(10);
}
export function report(bytes: Uint8Array): void {
	port().begin(Op.report).bytes(bytesOf(bytes)).call();
}
export function progress(): void {
	port().begin(Op.progress).call();
}
export function confirmImage(): boolean {
	port().begin(Op.imageConfirm).call();
	return true;
}
export function deepSleep(ms: number): void {
	port().begin(Op.deepSleep).f64(ms).call();
}
