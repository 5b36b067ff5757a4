import flash, { type FlashPartition } from "embedded:storage/flash";
import { flashAlignment } from "device/native";
import { DormouseError } from "../core/errors.js";
import type { FlashPort } from "../core/ports.js";

/** A flash partition through `embedded:storage/flash`. */
class Partition implements FlashPort {
	private readonly partition: FlashPartition;
	readonly size: number;
	readonly blockSize: number;
	readonly writeAlignment: number;

	constructor(label: string) {
		try {
			this.partition = flash.open({ path: label });
		} catch {
			throw new DormouseError("flash", `no flash partition "${label}"`);
		}
		const { size, blockLength } = this.partition.status();
		this.size = size;
		this.blockSize = blockLength;
		this.writeAlignment = flashAlignment(label);
	}
	read(into: Uint8Array, offset: number): void {
		attempt(() => this.partition.read(into, offset));
	}
	write(bytes: Uint8Array, offset: number): void {
		if (offset % this.writeAlignment || bytes.length % this.writeAlignment)
			throw new DormouseError("flash", `writes are multiples of ${this.writeAlignment} bytes`);
		attempt(() => this.partition.write(bytes, offset));
	}
	erase(offset: number): void {
		if (offset % this.blockSize) throw new DormouseError("flash", "no block begins there");
		attempt(() => this.partition.eraseBlock(offset / this.blockSize));
	}
	close(): void {
		this.partition.close();
	}
}

/** Opens a partition by its label. @throws {DormouseError} `flash` when there is none */
export function openFlash(label: string): FlashPort & { close(): void } {
	return new Partition(label);
}

/** The SDK says "read failed" and the like in plain Errors; here they get a code. */
function attempt(run: () => unknown): void {
	try {
		run();
	} catch (error) {
		throw new DormouseError("flash", (error as Error).message);
	}
}
