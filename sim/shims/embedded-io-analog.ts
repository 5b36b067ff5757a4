import type { AnalogOptions } from "embedded:io/analog";
import { Op, port, Status } from "./port.js";

/** `embedded:io/analog` on a simulated board; see `modules/device/types/embedded-io-analog.d.ts`. */
export default class Analog {
	#handle: number | undefined;
	readonly resolution: number;
	readonly target: unknown;

	constructor(options: AnalogOptions) {
		const reply = port().begin(Op.analogOpen).u8(options.pin).reply();
		if (reply.getUint8(0) === Status.busy) throw new RangeError("in use");
		if (reply.getUint8(0) !== Status.ok) throw new RangeError("not analog pin");
		this.#handle = reply.getUint16(1);
		this.resolution = reply.getUint8(3);
		this.target = options.target;
	}
	read(): number | undefined {
		if (this.#handle === undefined) throw new SyntaxError("closed");
		const reply = port().begin(Op.analogRead, this.#handle).reply();
		return reply.getUint8(0) === Status.ok ? reply.getUint32(1) : undefined;
	}
	close(): void {
		if (this.#handle === undefined) return;
		port().close(this.#handle);
		this.#handle = undefined;
	}
}
