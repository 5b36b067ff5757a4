import { At, Band, Group } from "./region.js";
import { Cell, DYNAMIC, MacState, RATES, Time, Word } from "./state.js";

const HOUR_MS = 3_600_000;
/** Share of an hour's allowance that may be spent at once, a thousandth. */
const BURST = 0.25 / 1000;
/** Share of an hour's allowance that comes back in an hour; what is missing to one covers a clock that runs 7 % fast. */
const REFILL = 0.7 / 1000;

/**
 * Which channels there are, which of them are in use, and how long the node may yet transmit on each.
 *
 * Each band is a bucket of a quarter of an hour's allowance, filled at 0.7 allowances an hour: any hour then has at most
 * 0.95. What is in it survives deep sleep. After a power loss it is empty: whatever was sent before the loss came out of
 * the full bucket or of the refill up to then, so that the sum still holds, and the node waits for its next frame's
 * airtime alone (8 s for a join at SF7 with 1 %), not for an hour.
 */
export class Channels extends MacState {
	/** The channel that {@link look} saw: frequencies (100 Hz) of uplinks, 0 where it is not defined, and of RX1 after them. */
	frequency = 0;
	downFrequency = 0;
	/** Its limit of power, in hundredths of a dBm EIRP. */
	protected limit = 0;

	/** Channels of the plan, defined or not. */
	get count(): number {
		return this.data[At.defaults]
			? DYNAMIC
			: this.data[At.channels + Group.count]! + this.data[At.channels + Group.size]!;
	}
	/** Looks at a channel. @returns whether it carries the data rate */
	look(channel: number, rate: number): boolean {
		const { data } = this;
		let at: number = At.channels;
		let low: number;
		let high: number;
		if (data[At.defaults]) {
			const up = this.channels[channel]!;
			this.frequency = up % RATES;
			this.downFrequency = this.channels[DYNAMIC + channel]! || this.frequency;
			low = (up >>> 24) & 15;
			high = up >>> 28;
			this.limit = 0xffff;
		} else {
			if (channel >= data[at]!) {
				channel -= data[at]!;
				at += Group.size;
			}
			this.frequency = data[at + Group.first]! + data[at + Group.step]! * channel;
			this.downFrequency =
				data[at + Group.down]! + data[at + Group.downStep]! * (channel % data[at + Group.downCount]!);
			low = data[at + Group.lowest]!;
			high = data[at + Group.highest]!;
			this.limit = data[at + Group.eirp]!;
		}
		return this.frequency > 0 && rate >= low && rate <= high;
	}
	/** Largest MACPayload at an uplink data rate, in bytes; 0 where it may not be used, or no channel that is on carries it. */
	size(rate: number): number {
		for (let n = this.count; --n >= 0; )
			if (this.isOn(n, Word.mask) && this.look(n, rate))
				return (this.data[At.rates + rate]! >> (this.cell[Cell.dwell]! & 1 ? 16 : 8)) & 0xff;
		return 0;
	}
	/** Lowest uplink data rate that may be used. */
	slowest(): number {
		let rate = 0;
		while (rate < this.data[At.highest]! && !this.size(rate)) rate++;
		return rate;
	}
	/** The last step of ADR's back-off: default channels come back, those of the network stay (TS001-1.0.4 §4.3.1.1). */
	restoreDefaults(): void {
		for (let n = 0; n < 5; n++) this.words[Word.mask + n]! |= this.data[At.start + n]!;
	}
	/** @returns where the band that holds `frequency` (100 Hz) is in the region's data; 0 where nobody may send */
	bandOf(frequency: number): number {
		const { data } = this;
		for (let at = data[At.bands]!; at < data.length; at += Band.size)
			if (frequency >= data[at]! && frequency < data[at + Band.high]!) return at;
		return 0;
	}
	/** Milliseconds until so much airtime may be spent in a band: 0 for now, Infinity for never. */
	waitMs(band: number, airtime: number): number {
		const perMille = this.data[band + Band.perMille]!;
		if (perMille >= 1000) return 0;
		if (!band || airtime > perMille * HOUR_MS * BURST) return Number.POSITIVE_INFINITY;
		return Math.max(0, Math.ceil((airtime - this.spend(band, 0)) / (perMille * REFILL)));
	}
	/** Takes the airtime of a frame that is about to be sent. @returns what is left */
	spend(band: number, airtime: number): number {
		const { left, times, data } = this;
		// A clock that stepped back gives nothing, and counts from there on.
		const ms = Math.max(0, this.nowMs - times[Time.filled]!);
		times[Time.filled] = this.nowMs;
		for (let n = 0; n < left.length; n++) {
			const perMille = data[data[At.bands]! + Band.size * n + Band.perMille]!;
			left[n] = Math.min(perMille * HOUR_MS * BURST, left[n]! + ms * perMille * REFILL);
		}
		return (left[(band - data[At.bands]!) / Band.size]! -= airtime);
	}
	/**
	 * NewChannelReq (TS001-1.0.4 §5.6). A frequency of 0 removes the channel.
	 * @returns the answer's status: bit 0 frequency, bit 1 data rates; both: it was done
	 */
	define(channel: number, frequency: number, range: number): number {
		const { data, words, channels } = this;
		if (channel < data[At.defaults]! || channel >= DYNAMIC) return 0; // default channels are not to be changed
		const low = range & 15;
		const high = range >> 4;
		const good =
			(this.bandOf(frequency) || !frequency ? 1 : 0) +
			(low <= high && high < 14 && data[At.rates + low] && data[At.rates + high] ? 2 : 0);
		if (frequency && good < 3) return good;
		const bit = 1 << channel;
		channels[channel] = frequency && frequency + range * RATES;
		channels[DYNAMIC + channel] = 0;
		words[Word.used]! &= ~bit;
		words[Word.mask]! &= ~bit;
		if (frequency) words[Word.mask]! |= bit;
		if (!words[Word.mask]) this.restoreDefaults();
		return 3;
	}
	/**
	 * Applies one LinkADRReq's ChMask.
	 * @returns false when the control is reserved or a channel would be on that is not defined
	 * Source: RP002-1.0.4, ChMaskCntl of each region.
	 */
	control(control: number, bits: number): boolean {
		const { data } = this;
		const mask = this.words.subarray(Word.mask);
		if (data[At.defaults]) {
			let defined = 0;
			for (let n = 0; n < DYNAMIC; n++) if (this.channels[n]) defined |= 1 << n;
			mask[0] = control ? defined : bits;
			return control === 0 ? !(bits & ~defined) : control === 6;
		}
		const words = data[At.words]!;
		if (control === data[At.allOn] || control === data[At.allOff]) {
			mask.fill(control === data[At.allOn] ? 0xffff : 0, 0, Math.min(words, 4));
			control = 4;
		} else if (control === data[At.banks]) {
			for (let n = 0; n < 4; n++) mask[n] = 0xff * (((bits >> (2 * n)) & 1) + ((bits >> (2 * n)) & 2 ? 256 : 0));
			bits &= 0xff;
			control = 4;
		} else if (control >= words || (control === 4 && bits > 0xff)) return false;
		if (control < words) mask[control] = control === 4 ? bits & 0xff : bits;
		return true;
	}
	isOn(channel: number, word: number): boolean {
		return (this.words[word + (channel >> 4)]! & (1 << (channel & 15))) > 0;
	}
}
