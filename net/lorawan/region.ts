/**
 * A LoRaWAN region as data, from RP002-1.0.4. Each has a file of its own, so that a node links one alone. Its numbers stand
 * in one array at fixed places: an object with a name for each takes twice the flash. `region-tables.ts` gives them names.
 *
 * Frequencies are in units of 100 Hz, as MAC commands have them; powers in hundredths of a dBm EIRP. Only LoRa modulation:
 * data rates that are FSK or LR-FHSS count as not defined, which the specification allows.
 */
export interface Region {
	/** Such as `EU868`. */
	readonly name: string;
	readonly data: Uint32Array;
}

/** Places in {@link Region.data}. */
export const At = Object.freeze({
	/** A number of its own, 1 … 255: what was kept of another region is not taken for this one's. */
	mark: 0,
	/** Highest data rate of uplinks. */
	highest: 1,
	/** RX1's data rate is the uplink's and this, less the offset (6 and 7: one and two more), between these two. */
	rx1Base: 2,
	rx1Low: 3,
	rx1High: 4,
	/** Offsets below this are defined. */
	rx1Offsets: 5,
	rx2Frequency: 6,
	rx2Rate: 7,
	/** Power at TXPower 0; each step is 2 dB less, down to the highest TXPower. */
	eirp: 8,
	lowestPower: 9,
	/** Largest MACPayload where frames may pass a repeater. */
	repeater: 10,
	/** Data rates that Join-Requests take one after the other, four bits each; how many in the highest eight. */
	joinRates: 11,
	/** Listen before talk, where the law wants it: below so many dBm (without the sign) for so many milliseconds. */
	listenDbm: 12,
	listenMs: 13,
	/** 1 where uplinks may be limited to 400 ms and are until the network says otherwise. TxParamSetup is answered there. */
	dwell: 14,
	/** Where the bands begin, to the end. */
	bands: 15,
	/** Dynamic channel plans: how many default channels, DR0 … DR5 each. 0 where the plan is fixed. */
	defaults: 16,
	/** Fewer than so many channels of 125 kHz to hop over, and power is limited to this. */
	few: 17,
	fewEirp: 18,
	/** Channels to join on, where these are not all that are enabled at the start: first, step, count (0: all enabled). */
	joinFirst: 19,
	joinStep: 20,
	joinCount: 21,
	/** Where RX1 of a join is, when it does not follow from the channel. */
	joinRx1: 22,
	/** Where RX2 is after a join on the first of these channels and during it; what each further one adds. */
	joinRx2: 23,
	joinRx2Step: 24,
	/** Channels that are enabled at the start, 5 × 16; the sub-band that the node's declaration chose. */
	start: 25,
	/** By data rate: spreading factor, 16 times the bandwidth (0: 125 kHz, 1: 250, 2: 500); 2^8 times the largest MACPayload
	 * (0: not for uplinks), 2^16 times the same while uplinks are limited to 400 ms. 0 where it is not defined. */
	rates: 30,
	/** Dynamic: up to three default channels. Fixed: two groups. */
	channels: 44,
	/** Fixed: ChMaskCntl. Values below `words` mean 16 channels each; eight banks of eight and the wide channel of each; all
	 * narrow ones on, with a mask of the wide ones where there are some; all off. */
	words: 62,
	banks: 63,
	allOn: 64,
	allOff: 65,
});

/** Places in a group of a fixed plan; its channels are numbered on from the group before. */
export const Group = Object.freeze({
	count: 0,
	first: 1,
	step: 2,
	/** Data rates that these channels carry. */
	lowest: 3,
	highest: 4,
	/** RX1 of channel n of the group is `down + downStep · (n mod downCount)`. */
	down: 5,
	downStep: 6,
	downCount: 7,
	/** Limit of power. */
	eirp: 8,
	/** Numbers a group. */
	size: 9,
});

/** Places in a band: frequencies from `low` to below `high`. */
export const Band = Object.freeze({
	low: 0,
	high: 1,
	/** Share of each hour that a node may transmit there, in thousandths; 1000 for no limit. */
	perMille: 2,
	/** Limit of power. */
	eirp: 3,
	/** Numbers a band. */
	size: 4,
});

/** The sub-band `number` (1 … 8) of a plan with 64 narrow and 8 wide channels, as a mask; all of them for 0. */
export function subBandMask(number: number): readonly number[] {
	const mask = [0, 0, 0, 0, 1 << (number - 1)];
	if (number === 0) mask.fill(0xffff).splice(4, 1, 0xff);
	else mask[(number - 1) >> 1] = number % 2 ? 0xff : 0xff00;
	return mask;
}
