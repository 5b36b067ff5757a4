import type { ChannelGroup, Region } from "./region.js";

/** Most channels of a dynamic plan (RP002-1.0.4 §2.4.5 and alike). */
const DYNAMIC = 16;
const WORDS = 5;
/** A channel's data rates stand in front of its frequency's 24 bits; DR0 … DR5. */
const RATES = 0x100_0000;
const DEFAULT_RATES = 0x50;
/** Bytes of {@link ChannelPlan.writeMasks}. */
export const MASK_BYTES = 2 * WORDS;
/** Bytes of {@link ChannelPlan.encode}: a channel's frequency (24 bits) and data rates; its downlink frequency (24 bits). */
export const CHANNEL_BYTES = 4;
export const DOWN_BYTES = 3;

/**
 * Which channels there are and which of them are in use: the region's plan, and what the network changed in it. Frequencies
 * are in units of 100 Hz.
 */
export class ChannelPlan {
	readonly region: Region;
	/** Channels that are enabled, by 16. */
	mask = new Uint16Array(WORDS);
	/** Channels that were used since all enabled ones last were (RP002-1.0.4 §2.3: each once before any again). */
	readonly used = new Uint16Array(WORDS);
	/**
	 * Dynamic plans: frequencies of uplinks, below their data rates in the eight high bits (lowest in the low four of these);
	 * and, where the network set another one, of downlinks. 0 for none.
	 */
	private readonly up: Uint32Array;
	private readonly down: Uint32Array;

	constructor(region: Region) {
		const count = region.channels.length ? DYNAMIC : 0;
		this.region = region;
		this.up = new Uint32Array(count);
		this.down = new Uint32Array(count);
		this.reset();
	}
	/** As before a join: the region's channels alone. */
	reset(): void {
		const { channels, start } = this.region;
		this.up.fill(0);
		this.down.fill(0);
		this.used.fill(0);
		this.mask.fill(0);
		channels.forEach((frequency, n) => {
			this.up[n] = frequency + DEFAULT_RATES * RATES;
		});
		this.mask.set(channels.length ? [2 ** channels.length - 1] : start);
	}
	/** The last step of ADR's back-off: default channels come back, those of the network stay (TS001-1.0.4 §4.3.1.1). */
	restoreDefaults(): void {
		const { channels, start } = this.region;
		if (channels.length) this.mask[0]! |= 2 ** channels.length - 1;
		else for (let n = 0; n < start.length; n++) this.mask[n]! |= start[n]!;
	}
	/** Channels of the plan, defined or not. */
	get count(): number {
		return this.up.length || this.region.groups.reduce((sum, { count }) => sum + count, 0);
	}
	/** The group of a fixed plan's channel; undefined for others. `first` is the group's first number. */
	groupOf(channel: number): { group: ChannelGroup; index: number } | undefined {
		for (const group of this.region.groups) {
			if (channel < group.count) return { group, index: channel };
			channel -= group.count;
		}
		return undefined;
	}
	/** Uplink frequency; 0 for none. */
	frequency(channel: number): number {
		const place = this.groupOf(channel);
		return place ? place.group.first + place.group.step * place.index : (this.up[channel] ?? 0) % RATES;
	}
	/** Frequency of RX1 after an uplink on this channel. */
	downFrequency(channel: number): number {
		const place = this.groupOf(channel);
		if (place) return place.group.down + place.group.downStep * (place.index % place.group.downCount);
		return this.down[channel]! || this.up[channel]! % RATES;
	}
	/** Whether the channel is defined and carries the data rate. */
	carries(channel: number, rate: number): boolean {
		const place = this.groupOf(channel);
		if (place) return rate >= place.group.lowest && rate <= place.group.highest;
		const range = Math.floor(this.up[channel]! / RATES);
		return this.up[channel]! > 0 && rate >= (range & 15) && rate <= range >> 4;
	}
	isEnabled(channel: number, mask = this.mask): boolean {
		return (mask[channel >> 4]! & (1 << (channel & 15))) !== 0;
	}
	/** Whether some enabled channel carries the data rate. */
	reaches(rate: number, mask = this.mask): boolean {
		for (let n = this.count - 1; n >= 0; n--) if (this.isEnabled(n, mask) && this.carries(n, rate)) return true;
		return false;
	}
	/** Enabled channels of 125 kHz, which some laws count. */
	hops(): number {
		let count = 0;
		for (let n = Math.min(this.count, 64) - 1; n >= 0; n--) if (this.isEnabled(n)) count++;
		return count;
	}
	/**
	 * Picks a channel at random, of those that were not used since all were.
	 * @param may whether a channel may be used now
	 * @param random 0 … 0xffff_ffff
	 * @returns −1 when none may
	 */
	pick(may: (channel: number) => boolean, random: number): number {
		const fresh: number[] = [];
		for (let again = 0; again < 2; again++) {
			for (let n = this.count - 1; n >= 0; n--) if (!this.isEnabled(n, this.used) && may(n)) fresh.push(n);
			if (fresh.length) break;
			// All that may be used were: a new round begins.
			for (let n = this.count - 1; n >= 0; n--) if (may(n)) this.used[n >> 4]! &= ~(1 << (n & 15));
		}
		const channel = fresh.length ? fresh[random % fresh.length]! : -1;
		if (channel >= 0) this.used[channel >> 4]! |= 1 << (channel & 15);
		return channel;
	}
	/**
	 * Applies one LinkADRReq's ChMask to `mask`, which the commands of a block change one after the other.
	 * @returns false when the control is reserved or a channel would be on that is not defined
	 * Source: RP002-1.0.4, ChMaskCntl of each region.
	 */
	control(mask: Uint16Array, control: number, bits: number): boolean {
		const fixed = this.region.control;
		if (!fixed) {
			if (control !== 0 && control !== 6) return false;
			let defined = 0;
			for (let n = 0; n < DYNAMIC; n++) if (this.up[n]) defined |= 1 << n;
			if (control === 0 && bits & ~defined) return false;
			mask[0] = control === 6 ? defined : bits;
			return true;
		}
		const { words, banks, allOn, allOff } = fixed;
		if (control === allOn || control === allOff) {
			for (let n = 0; n < Math.min(words, 4); n++) mask[n] = control === allOn ? 0xffff : 0;
			if (words === WORDS) mask[4] = bits & 0xff;
		} else if (control === banks) {
			for (let n = 0; n < 4; n++)
				mask[n] = ((bits >> (2 * n)) & 1 ? 0xff : 0) | ((bits >> (2 * n + 1)) & 1 ? 0xff00 : 0);
			mask[4] = bits & 0xff;
		} else {
			if (control >= words || (control === 4 && bits > 0xff)) return false;
			mask[control] = bits;
		}
		return true;
	}
	/**
	 * NewChannelReq (TS001-1.0.4 §5.6). A frequency of 0 removes the channel.
	 * @param usable whether the radio and the law take the frequency
	 * @returns the answer's status: bit 0 frequency, bit 1 data rates; both: it was done
	 */
	define(channel: number, frequency: number, range: number, usable: boolean): number {
		const { channels, rates } = this.region;
		if (channel < channels.length || channel >= this.up.length) return 0; // default channels are not to be changed
		const low = range & 15;
		const high = range >> 4;
		const good = (usable || frequency === 0 ? 1 : 0) | (low <= high && rates[low] && rates[high] ? 2 : 0);
		if (frequency !== 0 && good !== 3) return good;
		const bit = 1 << channel;
		this.up[channel] = frequency && frequency + range * RATES;
		this.down[channel] = 0;
		this.used[0]! &= ~bit;
		if (frequency) this.mask[0]! |= bit;
		else {
			this.mask[0]! &= ~bit;
			if (this.mask[0] === 0) this.restoreDefaults();
		}
		return 3;
	}
	/** DlChannelReq (§5.8). @returns the answer's status: bit 0 frequency, bit 1 the channel has an uplink frequency */
	defineDown(channel: number, frequency: number, usable: boolean): number {
		const status = (usable ? 1 : 0) | (this.up[channel] ? 2 : 0);
		if (status === 3) this.down[channel] = frequency;
		return status;
	}
	/**
	 * The CFList of a Join-Accept: its last 16 bytes before the MIC (RP002-1.0.4 §2.3.1, §2.3.2).
	 * @param usable as for {@link define}
	 */
	list(bytes: Uint8Array, usable: (frequency: number) => boolean): void {
		const type = bytes[15]!;
		const { channels, control } = this.region;
		if (type === 0 && channels.length) {
			for (let n = 0; n < 5; n++) {
				const frequency = bytes[3 * n]! | (bytes[3 * n + 1]! << 8) | (bytes[3 * n + 2]! << 16);
				if (frequency) this.define(channels.length + n, frequency, DEFAULT_RATES, usable(frequency));
			}
		} else if (type === 1 && control) {
			const mask = new Uint16Array(WORDS);
			for (let n = 0; n < control.words; n++) mask[n] = bytes[2 * n]! | (bytes[2 * n + 1]! << 8);
			if (control.words === WORDS) mask[4]! &= 0xff;
			if (mask.some((word) => word > 0)) this.mask = mask;
		}
	}
	/** Channels that the network defined, from the first that is not the region's own: see {@link CHANNEL_BYTES}. */
	encode(downs: boolean): Uint8Array {
		const first = this.region.channels.length;
		const size = downs ? DOWN_BYTES : CHANNEL_BYTES;
		const from = downs ? 0 : first;
		const bytes = new Uint8Array(size * Math.max(0, this.up.length - from));
		for (let n = from; n < this.up.length; n++) {
			const value = (downs ? this.down : this.up)[n]!;
			for (let i = 0; i < size; i++) bytes[size * (n - from) + i] = value >>> (8 * i);
		}
		return bytes;
	}
	/** Takes back what {@link encode} gave. Bytes of another length are of another region: ignored. */
	decode(downs: boolean, bytes: Uint8Array): void {
		const size = downs ? DOWN_BYTES : CHANNEL_BYTES;
		const from = downs ? 0 : this.region.channels.length;
		if (bytes.length !== size * Math.max(0, this.up.length - from)) return;
		for (let n = from; n < this.up.length; n++) {
			let value = 0;
			for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[size * (n - from) + i]!;
			(downs ? this.down : this.up)[n] = value;
		}
	}
	/** Writes a mask. @returns bytes written */
	writeMask(into: DataView, at: number, mask: Uint16Array): number {
		for (let n = 0; n < WORDS; n++) into.setUint16(at + 2 * n, mask[n]!);
		return MASK_BYTES;
	}
	readMask(from: DataView, at: number, mask: Uint16Array): void {
		for (let n = 0; n < WORDS; n++) mask[n] = from.getUint16(at + 2 * n);
	}
}
