import type { FlashPort } from "../../modules/core/ports.js";
import { NorFlash } from "../../sim/flash.js";

/** A flash partition on simulated NOR flash. */
export class NorPort implements FlashPort {
	readonly nor: NorFlash;
	readonly blockSize: number;
	readonly writeAlignment = 1;
	constructor(blocks: number, blockSize: number) {
		this.nor = new NorFlash(blocks, blockSize);
		this.blockSize = blockSize;
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
