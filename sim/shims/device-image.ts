import { Op, port } from "./port.js";

/** `device/image` on a simulated board; see `modules/device/types/device-image.d.ts`. */

export function imageState(): number {
	return port().begin(Op.imageState).call().getUint8(0);
}
export function revertImage(): void {
	port().begin(Op.imageRevert).reply();
}
