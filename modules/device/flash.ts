import flash, { type FlashPartition } from "embedded:storage/flash";
import { flashAlignment } from "device/native";
import { DormouseError } from "../core/errors.js";
import type { FlashPort } from "../core/ports.js";

/** A flash partition through `embedded:storage/flash`. */
export class Partition implements FlashPort {
	private readonly partition: FlashPartition;
	readonly size: number;
	readonly blockSize: number;
	readonly writeAlignment: number;

	/** Opens a partition by its label. @throws {DormouseError} `flash` when there is none */
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
		try {
			this.partition.read(into, offset);
		} catch (error) {
			throw coded(error);
		}
	}
	write(bytes: Uint8Array, offset: number): void {
		if (offset % this.writeAlignment || bytes.length % this.writeAlignment)
			throw new DormouseError("flash", `writes are multiples of ${this.writeAlignment} bytes`);
		try {
			this.partition.write(bytes, offset);
		} catch (error) {
			throw coded(error);
		}
	}
	erase(offset: number): void {
		if (offset % this.blockSize) throw new DormouseError("flash", "no block begins there");
		try {
			this.partition.eraseBlock(offset / this.blockSize);
		} catch (error) {
			throw coded(error);
		}
	}
	close(): void {
		this.partition.close();
	}
}

/** The SDK says "read failed" and the like in plain Errors; here they get a code. */
function coded(error: unknown): DormouseError {
	return new DormouseError("flash", (error as Error).message);
}
