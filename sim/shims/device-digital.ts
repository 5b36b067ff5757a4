import { Op, port } from "./port.js";

/** `device/digital` on a simulated board; see `modules/device/types/device-digital.d.ts`. */
export { default } from "./embedded-io-digital.js";

export function doze(ms: number): void {
	port().begin(Op.doze).f64(ms).call();
}
export function park(pin: number, level: number): void {
	port().begin(Op.park).u8(pin).u8(level).call();
}
export function unpark(): void {
	port().begin(Op.park).u8(0).u8(255).call();
}
