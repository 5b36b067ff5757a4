import type { FlashOptions, FlashPartition, FlashStatus } from "embedded:storage/flash";

/**
 * `embedded:storage/flash` on the Moddable desktop, which brings none; see `modules/device/types/embedded-storage-flash.d.ts`
 * and, for where the bytes are, `flash-desktop.c`.
 */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

type Bytes = Parameters<FlashPartition["write"]>[0];

function exists(this: unknown, label: string): boolean {
	return native("xs_dormouse_flashExists").call(this, label);
}
function totalSize(this: unknown): number {
	return native("xs_dormouse_flashSize").call(this);
}
function blockSize(this: unknown): number {
	return native("xs_dormouse_flashBlock").call(this);
}
function readInto(this: unknown, into: Bytes, offset: number): void {
	native("xs_dormouse_flashRead").call(this, into, offset);
}
function program(this: unknown, bytes: Bytes, offset: number): void {
	native("xs_dormouse_flashWrite").call(this, bytes, offset);
}
function erase(this: unknown, offset: number, count: number): void {
	native("xs_dormouse_flashErase").call(this, offset, count);
}

class Partition {
	#closed = false;
	readonly format = "buffer";

	constructor(path: string) {
		if (!exists(path)) throw new Error("can't find partition");
	}
	read(want: number | Bytes, offset: number): ArrayBuffer | number {
		this.#check();
		if (typeof want !== "number") {
			readInto(want, offset);
			return want.byteLength;
		}
		const bytes = new ArrayBuffer(want);
		readInto(bytes, offset);
		return bytes;
	}
	write(bytes: Bytes, offset: number): void {
		this.#check();
		program(bytes, offset);
	}
	eraseBlock(first: number, end = first + 1): void {
		this.#check();
		erase(first * blockSize(), (end - first) * blockSize());
	}
	status(): FlashStatus {
		this.#check();
		return { size: totalSize(), blockLength: blockSize(), blocks: totalSize() / blockSize() };
	}
	close(): void {
		this.#closed = true;
	}
	#check(): void {
		if (this.#closed) throw new SyntaxError("closed");
	}
}

export default Object.freeze({ open: (options: FlashOptions) => new Partition(options.path) });
