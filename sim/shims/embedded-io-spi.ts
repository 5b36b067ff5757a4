import type { SPIOptions } from "embedded:io/spi";
import { bytesOf, copyInto, copyOf, Op, port, Status } from "./port.js";

/** `embedded:io/spi` on a simulated board; see `modules/device/types/embedded-io-spi.d.ts`. */
export default class SPI {
	#handle: number | undefined;
	readonly target: unknown;

	constructor(options: SPIOptions) {
		const { clock, in: input, out, select, active = 0, hz, mode = 0, target } = options;
		if (!(hz >= 1 && hz <= 40_000_000)) throw new RangeError("invalid hz");
		if (active !== 0) throw new RangeError("invalid active");
		const pins = port().begin(Op.spiOpen).u32(hz).u8(clock);
		const reply = pins
			.u8(input ?? 255)
			.u8(out ?? 255)
			.u8(select ?? 255)
			.u8(mode)
			.reply();
		if (reply.getUint8(0) === Status.busy) throw new Error("in use");
		if (reply.getUint8(0) !== Status.ok) throw new RangeError("invalid pins");
		this.#handle = reply.getUint16(1);
		this.target = target;
	}
	read(want: number | ArrayBuffer | ArrayBufferView): ArrayBuffer | number {
		const count = typeof want === "number" ? want : want.byteLength;
		const result = this.#transfer(new Uint8Array(count));
		if (typeof want === "number") return copyOf(result).buffer as ArrayBuffer;
		copyInto(result, bytesOf(want));
		return count;
	}
	write(bytes: ArrayBuffer | ArrayBufferView): void {
		this.#transfer(bytesOf(bytes));
	}
	transfer(bytes: ArrayBuffer | ArrayBufferView): void {
		const all = bytesOf(bytes);
		copyInto(this.#transfer(all), all);
	}
	close(): void {
		if (this.#handle === undefined) return;
		port().close(this.#handle);
		this.#handle = undefined;
	}

	#transfer(bytes: Uint8Array): DataView {
		if (this.#handle === undefined) throw new SyntaxError("closed");
		return port().begin(Op.spiTransfer, this.#handle).bytes(bytes).call();
	}
}
