import { Op, port } from "./port.js";

/** `device/pins` on a simulated board; see `modules/device/types/device-pins.d.ts`. */

export function pinsWoke(): number {
	return port().begin(Op.pinsWoke).call().getFloat64(0);
}
export function armPins(high: number, low: number, up: number, down: number, touch: number): number {
	return port().begin(Op.pinsArm).f64(high).f64(low).f64(up).f64(down).f64(touch).call().getFloat64(0);
}
