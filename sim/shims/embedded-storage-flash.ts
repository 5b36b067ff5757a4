import type { FlashOptions, FlashStatus } from "embedded:storage/flash";
import { bytesOf, copyInto, copyOf, Op, port, Status } from "./port.js";

/** `embedded:storage/flash` on a simulated board; see `modules/device/types/embedded-storage-flash.d.ts`. */
class Partition {
	#handle: number | undefined;
	readonly #size: number;
	readonly #block: number;

	constructor(path: string) {
		const reply = port().begin(Op.flashOpen).text(path).reply();
		if (reply.getUint8(0) !== Status.ok) throw new Error("can't find partition");
		this.#handle = reply.getUint16(1);
		this.#size = reply.getUint32(3);
		this.#block = reply.getUint32(7);
	}
	read(want: number | ArrayBuffer | ArrayBufferView, offset: number): ArrayBuffer | number {
		const count = typeof want === "number" ? want : want.byteLength;
		const result = this.#attempt("read failed", () => port().begin(Op.flashRead, this.#open()).u32(offset).u32(count));
		if (typeof want === "number") return copyOf(result).buffer as ArrayBuffer;
		copyInto(result, bytesOf(want));
		return count;
	}
	write(bytes: ArrayBuffer | ArrayBufferView, offset: number): void {
		this.#attempt("write failed", () => port().begin(Op.flashWrite, this.#open()).u32(offset).bytes(bytesOf(bytes)));
	}
	eraseBlock(first: number, end = first + 1): void {
		const [offset, length] = [first * this.#block, (end - first) * this.#block];
		this.#attempt("erase failed", () => port().begin(Op.flashErase, this.#open()).u32(offset).u32(length));
	}
	status(): FlashStatus {
		return { size: this.#size, blockLength: this.#block, blocks: this.#size / this.#block };
	}
	close(): void {
		if (this.#handle === undefined) return;
		port().close(this.#handle);
		this.#handle = undefined;
	}

	#open(): number {
		if (this.#handle === undefined) throw new SyntaxError("closed");
		return this.#handle;
	}
	#attempt(failure: string, request: () => { reply(): DataView }): DataView {
		const reply = request().reply();
		if (reply.getUint8(0) !== Status.ok) throw new Error(failure);
		return new DataView(reply.buffer, reply.byteOffset + 1, reply.byteLength - 1);
	}
}

export default Object.freeze({ open: (options: FlashOptions) => new Partition(options.path) });
