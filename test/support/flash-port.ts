import type { FlashPort } from "../../modules/core/ports.js";
import { type FlashOptions, NorFlash } from "../../sim/flash.js";

/** A flash partition on simulated NOR flash. */
export class NorPort implements FlashPort {
	readonly nor: NorFlash;
	readonly blockSize: number;
	readonly writeAlignment: number;
	constructor(blocks: number, blockSize: number, options: FlashOptions = {}) {
		this.nor = new NorFlash(blocks, blockSize, options);
		this.blockSize = blockSize;
		this.writeAlignment = this.nor.alignment;
	}
	get size(): number {
		return this.nor.size;
	}
	read(into: Uint8Array, offset: number): void {
		into.set(this.nor.read(offset, into.length));
	}
	write(bytes: Uint8Array, offset: number): void {
		this.nor.write(offset, bytes);
	}
	erase(offset: number): void {
		this.nor.erase(offset, this.blockSize);
	}
}
