import { DormouseError } from "../modules/core/errors.js";
import { type FlashChip, PAGE, programUs, readUs, W25Q32JV } from "./flash-chip.js";
import { FlashDefects } from "./flash-defects.js";
import { Seeded } from "./seeded.js";

/** Bytes that one erase sets to 0xff, on ESP32's NOR flash. */
export const SECTOR = 4096;
/** Bytes that ESP32's flash encryption takes together. */
const ENCRYPTED_BLOCK = 16;

/** Thrown out of a flash operation that the power did not last for. Not a DormouseError: firmware must not catch it. */
export class PowerCut extends Error {
	constructor(message?: string) {
		super(message);
		Object.defineProperty(this, "name", { value: "PowerCut" }); // assignment throws under preload
	}
}

export interface FlashOptions {
	/**
	 * Offsets and lengths of writes are multiples of this: 1 (the default), 4, or 16 for a partition that the hardware
	 * encrypts. There a block of 16 bytes is programmed once between erases, and a tear garbles all of it, since what
	 * reaches the cells is one cipher block. (Erased bytes read 0xff here; ESP-IDF gives them through the cipher, as noise.)
	 * Source: ESP-IDF, `esp_partition_write`, `esp_flash_write_encrypted`.
	 */
	readonly alignment?: 1 | 4 | 16;
	/** What operations take; the W25Q32JV's typical figures by default. */
	readonly chip?: FlashChip;
	/** Of faults: which bit flips, which bits stay. Default 1. */
	readonly seed?: number;
	/** Whether what a cut tears has bits that read one way now and another way later; default false. */
	readonly weakTears?: boolean;
}

/** What was done to a flash since it was made. */
export interface FlashCounts {
	/** Page programs; a write that crosses a page takes several. */
	programs: number;
	/** Bytes programmed. */
	programmed: number;
	/** Sectors erased. */
	erases: number;
	reads: number;
	readBytes: number;
	/** Operations that were refused because they break NOR's rules, the alignment or the bounds: mistakes of firmware. */
	violations: number;
	/** Microseconds that the chip was busy. */
	busyUs: number;
	/** Charge that the chip took for it, in microcoulombs; standby and the processor's own are not in it. */
	chargeUc: number;
}

/** A flash as it was at a moment; see {@link NorFlash.snapshot}. */
export interface FlashSnapshot {
	readonly bytes: Uint8Array;
	readonly wear: Uint32Array;
	readonly counts: Readonly<FlashCounts>;
	readonly defects: FlashDefects;
	readonly failing: ReadonlyMap<number, Failing>;
	readonly flips: Readonly<{ skip: number; count: number }>;
	readonly random: number;
}

interface Failing {
	readonly how: "refused" | "partly";
	/** Erases that fail still. */
	readonly times: number;
}

/**
 * NOR flash: erasing sets a sector to 0xff, programming only clears bits. Breaking these rules throws, because on a board
 * it would corrupt silently. Contents survive power cuts; a cut during a program leaves a prefix and perhaps some cleared
 * bits of the next byte, a cut during an erase leaves the sector in any state.
 *
 * Faults come on demand: stuck bits, sectors that do not erase, flipped bits. What the chip does wrong by itself never
 * throws, except a refused erase: firmware has to find it out.
 */
export class NorFlash {
	readonly bytes: Uint8Array;
	/** Erases of each sector. */
	readonly wear: Uint32Array;
	/** Offsets and lengths of writes are multiples of this. */
	readonly alignment: number;
	readonly counts: FlashCounts = {
		programs: 0,
		programmed: 0,
		erases: 0,
		reads: 0,
		readBytes: 0,
		violations: 0,
		busyUs: 0,
		chargeUc: 0,
	};
	readonly #sector: number;
	readonly #chip: FlashChip;
	readonly #weakTears: boolean;
	readonly #random: Seeded;
	readonly #defects = new FlashDefects();
	#failing = new Map<number, Failing>();
	#flips = { skip: 0, count: 0 };
	#left = Number.POSITIVE_INFINITY;
	#noise: Seeded | undefined;

	/**
	 * @param sectors all erased
	 * @param sectorBytes less than {@link SECTOR} only in proofs that try each cut
	 */
	constructor(sectors: number, sectorBytes = SECTOR, options: FlashOptions = {}) {
		const { alignment = 1, chip = W25Q32JV, seed = 1, weakTears = false } = options;
		this.#sector = sectorBytes;
		this.bytes = new Uint8Array(sectors * sectorBytes).fill(0xff);
		this.wear = new Uint32Array(sectors);
		this.alignment = alignment;
		this.#chip = chip;
		this.#weakTears = weakTears;
		this.#random = new Seeded(seed);
	}
	get size(): number {
		return this.bytes.length;
	}
	/** Bytes programmed. */
	get programmed(): number {
		return this.counts.programmed;
	}
	/** Microseconds that the chip was busy. */
	get busyUs(): number {
		return this.counts.busyUs;
	}
	/** Charge that the chip took, in microcoulombs. */
	get chargeUc(): number {
		return this.counts.chargeUc;
	}
	/** Erases of the sector that has most. */
	get mostWear(): number {
		return this.wear.reduce((most, each) => Math.max(most, each), 0);
	}
	/** A view of the contents, or a copy where bits flip; do not keep it. @throws {DormouseError} `flash` beyond the end */
	read(offset: number, count: number): Uint8Array {
		this.#check(offset, count);
		const { counts } = this;
		counts.reads++;
		counts.readBytes += count;
		this.#spend(readUs(this.#chip, count), this.#chip.readMa);
		let bytes = this.bytes.subarray(offset, offset + count);
		if (!this.#defects.none) bytes = this.#defects.read(bytes, offset, this.#random);
		const flips = this.#flips;
		if (flips.count > 0 && count > 0 && flips.skip-- <= 0) {
			flips.count--;
			bytes = bytes.slice();
			bytes[this.#random.between(0, count - 1)]! ^= 1 << this.#random.between(0, 7);
		}
		return bytes;
	}
	/**
	 * Cuts the power after so many more steps: each byte that is programmed is one, each sector that is erased two (it may
	 * be hit in the middle). The step that is not reached is left half done.
	 * @param noise decides what half done looks like
	 */
	cutAfter(steps: number, noise: Seeded): void {
		this.#left = steps;
		this.#noise = noise;
	}
	/**
	 * Programs bytes.
	 * @throws {DormouseError} `flash` beyond the end, off the alignment, or when a bit would have to be set; nothing is
	 * written then
	 */
	write(offset: number, bytes: Uint8Array): void {
		this.#check(offset, bytes.length);
		const { alignment } = this;
		if (offset % alignment || bytes.length % alignment)
			throw this.#violation(`writing ${bytes.length} at ${offset}: multiples of ${alignment} would be right`);
		const once = alignment === ENCRYPTED_BLOCK;
		const defects = this.#defects.none ? undefined : this.#defects;
		for (let n = 0; n < bytes.length; n++) {
			const at = offset + n;
			const old = this.bytes[at]! | (defects?.forgiven(at) ?? 0);
			if ((old & bytes[n]!) !== bytes[n]) throw this.#violation(`programming ${at} would set bits: erase first`);
			if (once && old !== 0xff) throw this.#violation(`programming ${at}, encrypted, a second time: erase first`);
		}
		const done = Math.min(bytes.length, this.#left);
		if (defects)
			for (let n = 0; n < done; n++)
				this.bytes[offset + n] = defects.programmed(offset + n, this.bytes[offset + n]!, bytes[n]!);
		else this.bytes.set(bytes.subarray(0, done), offset);
		this.counts.programmed += done;
		this.#left -= done;
		const cut = done < bytes.length;
		this.#programmed(offset, cut ? done + 1 : done);
		if (cut) this.#tearProgram(offset, bytes, done);
	}
	/**
	 * Erases whole sectors.
	 * @throws {DormouseError} `flash` off sector bounds, or where a sector refuses: it and those behind it are as they were
	 */
	erase(offset: number, count: number): void {
		this.#check(offset, count);
		const size = this.#sector;
		if (offset % size || count % size) throw this.#violation("erases are whole sectors");
		const { sectorEraseUs, eraseMa } = this.#chip;
		for (let at = offset; at < offset + count; at += size) {
			const sector = at / size;
			this.wear[sector]!++;
			this.counts.erases++;
			const steps = Math.min(2, this.#left);
			this.#spend((sectorEraseUs * steps) / 2, eraseMa);
			if (steps < 2) this.#tearErase(at);
			this.#left -= 2;
			const failing = this.#failing.get(sector);
			if (failing) {
				if (failing.times > 1) this.#failing.set(sector, { ...failing, times: failing.times - 1 });
				else this.#failing.delete(sector);
				if (failing.how === "refused") throw new DormouseError("flash", `sector ${sector} does not erase`);
			}
			const before = failing && this.bytes.slice(at, at + size);
			this.bytes.fill(0xff, at, at + size);
			if (!this.#defects.none) this.#defects.erased(this.bytes, at, at + size);
			if (before) this.#keepSome(before, at);
		}
	}

	/**
	 * Makes bits of a byte stuck: `high` can no longer be programmed to 0, `low` no longer be erased to 1. Nothing is
	 * refused; what is read back differs.
	 */
	stick(at: number, mask: number, how: "high" | "low"): void {
		this.#check(at, 1);
		this.#defects.mark(at, how === "high" ? "stuckHigh" : "stuckLow", mask);
	}
	/**
	 * Makes erases of a sector fail: `refused`, so that the driver tells of it and nothing is erased, or `partly`, so that
	 * nobody tells and some bits stay 0.
	 * @param times how many of the next erases
	 */
	failErases(sector: number, how: "refused" | "partly", times = Number.POSITIVE_INFINITY): void {
		this.#failing.set(sector, { how, times });
	}
	/** After `skip` more reads, makes `count` reads return one flipped bit; the contents stay as they are. */
	flipReads(count = 1, skip = 0): void {
		this.#flips = { skip, count };
	}
	/** Clears so many set bits among bytes `from` … `to` − 1 at random, until they are erased. @returns their offsets */
	disturb(bits: number, from = 0, to = this.size): number[] {
		this.#check(from, to - from);
		const offsets: number[] = [];
		const sound: number[] = []; // bits that are set, as 8 · offset + bit
		for (let at = from; at < to; at++)
			for (let bit = 0; bit < 8; bit++) if (this.bytes[at]! & (1 << bit)) sound.push(8 * at + bit);
		for (let left = Math.min(bits, sound.length); left > 0; left--) {
			const [which] = sound.splice(this.#random.between(0, sound.length - 1), 1);
			const at = which! >> 3;
			const mask = 1 << (which! & 7);
			this.bytes[at]! &= ~mask;
			this.#defects.mark(at, "lost", mask);
			offsets.push(at);
		}
		return offsets;
	}

	/** All that there is of this flash, but for a cut that waits: to fork a board, or to try the same again. */
	snapshot(): FlashSnapshot {
		const defects = new FlashDefects();
		defects.copy(this.#defects);
		return {
			bytes: this.bytes.slice(),
			wear: this.wear.slice(),
			counts: { ...this.counts },
			defects,
			failing: new Map(this.#failing),
			flips: { ...this.#flips },
			random: this.#random.state,
		};
	}
	/** Becomes what a flash of the same size was; no cut waits then. */
	restore(snapshot: FlashSnapshot): void {
		if (snapshot.bytes.length !== this.size) throw new DormouseError("range", "a snapshot of another size");
		this.bytes.set(snapshot.bytes);
		this.wear.set(snapshot.wear);
		Object.assign(this.counts, snapshot.counts);
		this.#defects.copy(snapshot.defects);
		this.#failing = new Map(snapshot.failing);
		this.#flips = { ...snapshot.flips };
		this.#random.state = snapshot.random;
		this.#left = Number.POSITIVE_INFINITY;
	}

	/** Time and charge of programming, page by page. */
	#programmed(offset: number, count: number) {
		for (let at = offset; at < offset + count; ) {
			const piece = Math.min(offset + count - at, PAGE - (at % PAGE));
			this.counts.programs++;
			this.#spend(programUs(this.#chip, piece), this.#chip.programMa);
			at += piece;
		}
	}
	/** Leaves the byte behind the last whole one half programmed, or the whole cipher block. */
	#tearProgram(offset: number, bytes: Uint8Array, done: number): never {
		const noise = this.#noise!;
		if (this.alignment === ENCRYPTED_BLOCK) {
			const block = offset + done - (done % ENCRYPTED_BLOCK);
			for (let at = block; at < block + ENCRYPTED_BLOCK; at++) this.bytes[at] = noise.u32();
		} else {
			const at = offset + done;
			const wanted = ~bytes[done]! & this.bytes[at]!;
			this.bytes[at]! &= bytes[done]! | noise.u32(); // some of its bits got cleared
			if (this.#weakTears) this.#defects.mark(at, "weak", wanted & this.bytes[at]!);
		}
		throw new PowerCut();
	}
	/** Half-erases a sector: noise, a part erased, or some bits set. */
	#tearErase(start: number): never {
		const noise = this.#noise!;
		const sector = this.bytes.subarray(start, start + this.#sector);
		const way = noise.between(0, 3);
		const edge = noise.between(0, sector.length);
		if (this.#left > 0) {
			for (let at = 0; at < sector.length; at++) {
				if (way === 0) sector[at] = noise.u32();
				else if (way === 1) sector[at]! |= noise.u32();
				else if (way === 2 ? at < edge : at >= edge) sector[at] = 0xff;
			}
			if (this.#weakTears)
				for (let left = 8; left > 0; left--) {
					const at = noise.between(0, sector.length - 1);
					this.#defects.mark(start + at, "weak", sector[at]! & noise.u32());
				}
		}
		this.#left = 0;
		throw new PowerCut();
	}
	/** After an erase that took only partly: clears some of the bits again that were 0 before, at least one. */
	#keepSome(before: Uint8Array, start: number) {
		const cleared: number[] = [];
		before.forEach((byte, at) => {
			if (byte !== 0xff) cleared.push(at);
		});
		for (let left = Math.min(8, cleared.length); left > 0; left--) {
			const at = cleared[this.#random.between(0, cleared.length - 1)]!;
			const zeros = ~before[at]! & 0xff;
			const mask = zeros & this.#random.u32() || zeros;
			this.bytes[start + at]! &= ~mask;
			this.#defects.mark(start + at, "lost", mask);
		}
	}
	#spend(us: number, milliamperes: number) {
		this.counts.busyUs += us;
		this.counts.chargeUc += (us * milliamperes) / 1000;
	}
	#violation(why: string): DormouseError {
		this.counts.violations++;
		return new DormouseError("flash", why);
	}
	#check(offset: number, count: number) {
		if (offset < 0 || count < 0 || offset + count > this.bytes.length)
			throw this.#violation(`${offset} + ${count} is beyond the partition`);
	}
}
