import type { ErrorCode } from "../../modules/core/errors.js";
import type { BlockCipher } from "../../modules/core/ports.js";
import { CellId } from "../../modules/store/log.js";
import type { UplinkNode, UplinkPorts } from "../uplink.js";
import { Crypto } from "./crypto.js";
import type { LorawanSettings } from "./lorawan.js";
import { At } from "./region.js";

/** What a MAC is made of. */
export interface MacOptions {
	readonly settings: LorawanSettings;
	readonly ports: UplinkPorts;
	readonly node: UplinkNode;
	readonly cipher: BlockCipher;
	/** Over the air activation: JoinEUI and DevEUI one after the other, each least significant byte first; AppKey. */
	readonly otaa?: { readonly euis: Uint8Array; readonly appKey: Uint8Array };
	/** Activation by personalisation, for test benches: NwkSKey and AppSKey one after the other. */
	readonly abp?: { readonly devAddr: number; readonly keys: Uint8Array };
	/** Settings that cannot work: each exchange fails with this at once. */
	readonly fault?: ErrorCode;
}

/** Version of what is retained. */
export const RETAINED_VERSION = 2;
/** Bytes of it. */
export const RETAINED_BYTES = 128;
/** FCntUp values that one write reserves: a power loss skips what was left of them. */
export const FCNT_BLOCK = 32;
/** Most channels of a dynamic plan (RP002-1.0.4 §2.4.5 and alike). */
export const DYNAMIC = 16;
/** Channels that are enabled at first carry DR0 … DR5; data rates stand in front of a frequency's 24 bits. */
export const DEFAULT_RATES = 0x50;
export const RATES = 0x100_0000;

/** Places in {@link MacState.cell}: bytes … */
export const Cell = Object.freeze({
	keys: 8,
	layout: 52,
	/** Seconds from the end of an uplink to RX1, 1 … 15. */
	rxDelay: 53,
	rx1Offset: 54,
	rx2Rate: 55,
	/** MaxDutyCycle: the node sends at most 2^−n of the time. */
	maxDuty: 56,
	/** Bit 0: uplinks are limited to 400 ms; bit 1: downlinks. */
	dwell: 57,
	/** Words from {@link Word.mark} to the channels' mask. */
	tail: 58,
	/** Bytes. */
	size: 76,
});
/** … and 32-bit words. */
export const Long = Object.freeze({
	/** Tells sessions apart, so that no counter of one is taken for another's; 0: there is none. */
	generation: 0,
	devAddr: 1,
	/** In units of 100 Hz. */
	rx2Frequency: 10,
	/** JoinNonce of the last join and one. */
	joinNonce: 11,
	/** Limit of power, in hundredths of a dBm EIRP. */
	eirp: 12,
});
const LAYOUT = 2;

/** Bytes behind the identifiers of answers, two bits for each identifier: TS001-1.0.4 §5, table 15. */
export const ANSWER_SIZES = (1 << 6) | (1 << 10) | (2 << 12) | (1 << 14) | (1 << 20);

/** Places in {@link MacState.times}; times are of the board's clock, in milliseconds. */
export const Time = Object.freeze({
	/** When {@link MacState.left} was what it is. */
	filled: 0,
	/** DutyCycleReq: nothing is sent before this. */
	silence: 1,
	/** Since when joins are counted. */
	joins: 2,
	/** Of the session that was retained. */
	generation: 3,
	/** Next FCntUp, and the first that is not reserved. */
	fCntUp: 4,
	fCntLimit: 5,
});
/** Places in {@link MacState.words}. */
export const Word = Object.freeze({
	/** Uplinks since the last downlink: ADRACKCnt (TS001-1.0.4 §4.3.1.1). */
	quiet: 0,
	/** Uplinks in a row that asked for an answer and got none. */
	silent: 1,
	/** Joins tried since the last that worked; in which period they are counted, and their airtime in it in milliseconds. */
	joinTries: 2,
	joinPeriod: 3,
	joinSpent: 4,
	/** Channels that were used since all enabled ones last were (RP002-1.0.4 §2.3: each once before any again), 5 × 16. */
	used: 5,
	/** The session's, and saved with it: the region's mark; data rate, TXPower and transmissions a frame, as ADR has them. */
	mark: 10,
	rate: 11,
	power: 12,
	nbTrans: 13,
	/** Channels that are enabled, 5 × 16. */
	mask: 14,
	/** Bit 7: the next uplink acknowledges; below: bytes of answers that stand behind. */
	end: 19,
});
/** Where {@link MacState.words} are in what is retained, and where the answers. */
const WORDS_AT = 72;
const LAST_AT = WORDS_AT + 2 * Word.end;
/** Most bytes of answers that are retained. */
const ANSWERS = RETAINED_BYTES - LAST_AT - 1;

/**
 * What a MAC knows, in the form in which it is kept, so that keeping it is a copy: what is retained in deep sleep is one
 * block of bytes, what is durable another. Integers in both are in the machine's order, which is little-endian. The counters
 * are reserved before use (FCntUp, in blocks) or written before what came is acted on (FCntDown).
 */
export class MacState extends Crypto {
	protected readonly options: MacOptions;
	protected readonly settings: LorawanSettings;
	readonly data: Uint32Array;
	/** The session, see {@link Cell} and {@link Long}. */
	readonly cell = new Uint8Array(Cell.size);
	readonly longs = new Uint32Array(this.cell.buffer, 0, 13);
	/** What is retained, see {@link Time} and {@link Word}. */
	private readonly kept = new Uint8Array(RETAINED_BYTES);
	readonly times = new Float64Array(this.kept.buffer, 0, 6);
	/** Milliseconds of airtime that are left, a band. */
	readonly left = new Float32Array(this.kept.buffer, 48, 6);
	readonly words = new Uint16Array(this.kept.buffer, WORDS_AT, Word.end);
	/**
	 * Dynamic plans: frequencies of uplinks, below their data rates in the eight high bits (lowest in the low four of these);
	 * and, 16 places on, where the network set another one, of downlinks. 0 for none.
	 */
	readonly channels = new Uint32Array(2 * DYNAMIC);
	/** Answers to MAC commands, in order, until they may go: so many bytes. */
	readonly answers = new Uint8Array(48);
	waiting = 0;
	/** The next uplink acknowledges. */
	ackDue = false;
	/** The least FCntDown that may come. */
	fCntDown = 0;
	/** Operand of each event: now, in milliseconds. */
	nowMs: number;
	private loaded = false;
	/** What {@link restore} took back, until it is believed. */
	private restored: Uint8Array | undefined;

	/** Touches no cell yet. @param nowMs of the clock that all times here are of */
	constructor(options: MacOptions, nowMs: number) {
		super(options.cipher);
		this.options = options;
		this.settings = options.settings;
		this.data = options.settings.region.data;
		this.nowMs = this.times[Time.filled] = this.times[Time.joins] = nowMs;
		this.reset();
	}
	/** Settings as before a join: the region's. Channels that were used stay so: a join occupies one too. */
	reset(): void {
		const { cell, data } = this;
		cell[Cell.layout] = LAYOUT;
		cell[Cell.rxDelay] = this.words[Word.nbTrans] = 1;
		cell[Cell.rx1Offset] = cell[Cell.maxDuty] = this.words[Word.power] = this.words[Word.rate] = 0;
		cell[Cell.rx2Rate] = data[At.rx2Rate]!;
		cell[Cell.dwell] = data[At.dwell]!;
		this.longs[Long.rx2Frequency] = data[At.rx2Frequency]!;
		this.longs[Long.eirp] = data[At.eirp]!;
		this.words[Word.mark] = data[At.mark]!;
		this.words.set(data.subarray(At.start, At.rates), Word.mask);
		this.channels.fill(0);
		for (let n = data[At.defaults]!; --n >= 0; ) this.channels[n] = data[At.channels + n]! + DEFAULT_RATES * RATES;
		this.times[Time.fCntUp] = this.times[Time.fCntLimit] = this.fCntDown = 0;
	}
	/**
	 * Reads the cells, unless it did; over them counts what was retained of the same session. What they do not hold, or not of
	 * this region, leaves the session as new.
	 * @throws {DormouseError} `flash`
	 */
	load(): void {
		if (this.loaded) return;
		this.settle();
		const cells = this.options.node.log;
		const { times, words, cell } = this;
		// What was retained, as the times at its beginning.
		const before = new Float64Array(this.kept.slice().buffer);
		this.reset();
		words.fill(0, 0, Word.joinTries);
		const bytes = cells.get(CellId.session);
		if (bytes?.length === Cell.size && bytes[Cell.layout] === LAYOUT && bytes[Cell.tail] === this.data[At.mark]) {
			cell.set(bytes);
			words.set(new Uint16Array(cell.buffer, Cell.tail, 9), Word.mark);
			const defaults = this.data[At.defaults]!;
			const channels = defaults ? cells.get(CellId.channels) : undefined;
			if (channels?.length === 8 * DYNAMIC)
				this.channels.set(new Uint32Array(channels.slice().buffer).subarray(defaults), defaults);
			const counters = new Uint32Array(3);
			const count = cells.get(CellId.counters);
			if (count?.length === 12) new Uint8Array(counters.buffer).set(count);
			// An earlier session's: of this one none was used.
			if (counters[0] === this.longs[Long.generation]) {
				times[Time.fCntUp] = times[Time.fCntLimit] = counters[1]!;
				this.fCntDown = counters[2]!;
			}
		}
		// Older than the cell: a wake after it was cut short.
		if (before[Time.generation] === this.longs[Long.generation] && before[Time.fCntLimit] === times[Time.fCntLimit])
			this.kept.set(new Uint8Array(before.buffer));
		else {
			this.waiting = 0;
			this.ackDue = false;
		}
		this.loaded = true;
	}
	/** Makes the session durable. @param channels whether channels changed as well @throws {DormouseError} `flash` */
	save(channels: boolean): void {
		const { cell } = this;
		const cells = this.options.node.log;
		if (channels && this.data[At.defaults]) cells.put(CellId.channels, new Uint8Array(this.channels.buffer));
		new Uint16Array(cell.buffer, Cell.tail, 9).set(this.words.subarray(Word.mark));
		cells.put(CellId.session, cell);
	}
	/** Makes the counters durable. @throws {DormouseError} `flash`; nothing has changed then */
	protected saveCounters(limit: number, fCntDown: number): void {
		const counters = Uint32Array.of(this.longs[Long.generation]!, limit, fCntDown);
		this.options.node.log.put(CellId.counters, new Uint8Array(counters.buffer));
		this.times[Time.fCntLimit] = limit;
		this.fCntDown = fCntDown;
	}
	/** Writes what must survive deep sleep, see docs/lorawan.md. @returns bytes written */
	retain(into: DataView): number {
		this.settle();
		const { kept } = this;
		if (this.loaded) {
			const count = this.fitting(ANSWERS);
			this.times[Time.generation] = this.longs[Long.generation]!;
			kept[LAST_AT] = count + (this.ackDue ? 0x80 : 0);
			kept.set(this.answers.subarray(0, count), LAST_AT + 1);
		}
		new Uint8Array(into.buffer, into.byteOffset).set(kept);
		return RETAINED_BYTES;
	}
	/**
	 * Takes back what {@link retain} wrote. It counts only where the wake goes on from a deep sleep in order: what an exchange
	 * that was cut short has used is not in it.
	 * @returns false when the bytes are not a known version or not of this region; nothing has changed then
	 */
	restore(from: DataView, version: number): boolean {
		if (
			version !== RETAINED_VERSION ||
			from.byteLength !== RETAINED_BYTES ||
			from.getUint8(WORDS_AT + 2 * Word.mark) !== this.data[At.mark]
		)
			return false;
		this.restored = new Uint8Array(from.buffer, from.byteOffset, RETAINED_BYTES).slice();
		return true;
	}
	/** How many of the first bytes are whole answers that fit `room`. */
	protected fitting(room: number): number {
		let count = 0;
		for (;;) {
			const next = count + 1 + ((ANSWER_SIZES >> (2 * this.answers[count]!)) & 3);
			if (count >= this.waiting || next > room) return count;
			count = next;
		}
	}
	/** Believes what was restored, or not. */
	private settle() {
		const { restored, kept } = this;
		this.restored = undefined;
		if (!restored || !this.options.node.resumed) return;
		kept.set(restored);
		this.ackDue = kept[LAST_AT]! > 0x7f;
		this.waiting = Math.min(kept[LAST_AT]! & 31, ANSWERS);
		this.answers.set(kept.subarray(LAST_AT + 1));
	}
}
