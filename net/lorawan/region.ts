/**
 * A LoRaWAN region as data, from RP002-1.0.4. Each has a file of its own, so that a node links one alone.
 *
 * Frequencies are in units of 100 Hz, as MAC commands have them. Only LoRa modulation: data rates that are FSK or LR-FHSS
 * count as not defined, which the specification allows.
 */
export interface Region {
	/** Such as `EU868`. */
	readonly name: string;
	/** By data rate: spreading factor, and 16 times the bandwidth (0: 125 kHz, 1: 250, 2: 500); 0 where it is not defined. */
	readonly rates: Uint8Array;
	/** Highest data rate of uplinks. */
	readonly highest: number;
	/** Largest MACPayload by uplink data rate, in bytes; 0 where it may not be used. */
	readonly sizes: Uint8Array;
	/** The same while uplinks are limited to 400 ms; undefined where no such limit can be. TxParamSetup is answered with it. */
	readonly dwellSizes?: Uint8Array;
	/** Largest MACPayload where frames may pass a repeater. */
	readonly repeaterSize: number;
	/** Downlink data rate of RX1: a row of {@link rx1Offsets} an uplink data rate. */
	readonly rx1: Uint8Array;
	readonly rx1Offsets: number;
	readonly rx2Frequency: number;
	readonly rx2Rate: number;
	/** Power at TXPower 0, in dBm EIRP; each index is 2 dB less. */
	readonly maxEirp: number;
	/** Highest TXPower. */
	readonly lowestPower: number;
	/** Frequencies that may be used, and how much. */
	readonly bands: readonly Band[];
	/** Data rates that Join-Requests take one after the other. */
	readonly joinRates: Uint8Array;
	/** Listen before talk, where the law wants it: the channel has been below this for so long. */
	readonly listen?: { readonly dbm: number; readonly ms: number };
	/** Dynamic channel plans: the default channels, DR0 … DR5 each. Empty where the plan is fixed. */
	readonly channels: readonly number[];
	/** Fixed channel plans: groups of channels, numbered on. */
	readonly groups: readonly ChannelGroup[];
	/** Fixed: channels that are enabled at the start, by 16; the sub-band that the node's declaration chose. */
	readonly start: readonly number[];
	/** Fixed: meaning of ChMaskCntl. */
	readonly control?: MaskControl;
	/** Fixed: channels to join on, where these are not all that are enabled at the start. */
	readonly joinChannels?: readonly number[];
	/** Where RX1 of a join is, when it does not follow from the channel. */
	readonly joinRx1?: number;
	/** Where RX2 is after a join on each of {@link joinChannels}, and during it. */
	readonly joinRx2?: readonly number[];
	/** Power in dBm EIRP when fewer than so many 125 kHz channels are hopped over. */
	readonly few?: { readonly channels: number; readonly eirp: number };
}

/** A part of the spectrum, from `low` to below `high`. */
export interface Band {
	readonly low: number;
	readonly high: number;
	/** Share of each hour that a node may transmit there, in thousandths; 1000 for no limit. */
	readonly perMille: number;
	/** Limit of power, in dBm EIRP. */
	readonly eirp: number;
}

export interface ChannelGroup {
	readonly count: number;
	readonly first: number;
	readonly step: number;
	/** Data rates that these channels carry. */
	readonly lowest: number;
	readonly highest: number;
	/** RX1 of channel n of the group is `down + downStep · (n mod downCount)`. */
	readonly down: number;
	readonly downStep: number;
	readonly downCount: number;
	/** Limit of power, in dBm EIRP. */
	readonly eirp: number;
}

/** ChMaskCntl of fixed plans; values below `words` mean 16 channels each. −1 where there is none. */
export interface MaskControl {
	readonly words: number;
	/** Eight banks of eight, and the wide channel of each. */
	readonly banks: number;
	/** All narrow channels on; the mask is of the wide ones, where there are some. */
	readonly allOn: number;
	readonly allOff: number;
}

export const BANDWIDTHS: readonly number[] = Object.freeze([125_000, 250_000, 500_000]);

/** The sub-band `number` (1 … 8) of a plan with 64 narrow and 8 wide channels, as a mask; all of them for 0. */
export function subBandMask(number: number): readonly number[] {
	if (number === 0) return Object.freeze([0xffff, 0xffff, 0xffff, 0xffff, 0xff]);
	const mask = [0, 0, 0, 0, 1 << (number - 1)];
	mask[(number - 1) >> 1] = number % 2 ? 0xff : 0xff00;
	return Object.freeze(mask);
}
