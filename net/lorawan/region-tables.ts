import { At, Band as BandAt, Group, type Region } from "./region.js";

/**
 * What {@link Region.data} says, with names: for network servers, tests and tools. Nodes do not link this.
 *
 * Frequencies are in units of 100 Hz, as MAC commands have them. Only LoRa modulation: data rates that are FSK or LR-FHSS
 * count as not defined, which the specification allows.
 */
export interface RegionTables {
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

/** Reads a region's data. */
export function tablesOf({ name, data }: Region): RegionTables {
	const at = (place: number) => data[place]!;
	const each = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));
	const fixed = at(At.defaults) === 0;
	let defined = 14;
	while (!at(At.rates + defined - 1)) defined--;
	const highest = at(At.highest);
	const rate = (n: number) => at(At.rates + n);
	const clamped = (n: number) => Math.max(at(At.rx1Low), Math.min(at(At.rx1High), n));
	const offsets = each(at(At.rx1Offsets), (n) => (n > 5 ? n - 5 : -n));
	const groups = each(fixed ? 2 : 0, (n) => At.channels + n * Group.size).filter((place) => at(place + Group.count));
	const joins = each(at(At.joinCount), (n) => n);
	return Object.freeze({
		name,
		rates: Uint8Array.from({ length: defined }, (_, n) => rate(n) & 0xff),
		highest,
		sizes: Uint8Array.from({ length: highest + 1 }, (_, n) => (rate(n) >> 8) & 0xff),
		...(at(At.dwell) ? { dwellSizes: Uint8Array.from({ length: highest + 1 }, (_, n) => rate(n) >> 16) } : {}),
		repeaterSize: at(At.repeater),
		rx1: Uint8Array.from(
			each(highest + 1, (up) => offsets.map((offset) => clamped(at(At.rx1Base) + up + offset))).flat(),
		),
		rx1Offsets: at(At.rx1Offsets),
		rx2Frequency: at(At.rx2Frequency),
		rx2Rate: at(At.rx2Rate),
		maxEirp: at(At.eirp) / 100,
		lowestPower: at(At.lowestPower),
		bands: each((data.length - at(At.bands)) / BandAt.size, (n) => at(At.bands) + n * BandAt.size).map((place) => ({
			low: at(place + BandAt.low),
			high: at(place + BandAt.high),
			perMille: at(place + BandAt.perMille),
			eirp: at(place + BandAt.eirp) / 100,
		})),
		joinRates: Uint8Array.from({ length: at(At.joinRates) >>> 24 }, (_, n) => (at(At.joinRates) >> (4 * n)) & 15),
		...(at(At.listenMs) ? { listen: { dbm: -at(At.listenDbm), ms: at(At.listenMs) } } : {}),
		channels: each(at(At.defaults), (n) => at(At.channels + n)),
		groups: groups.map((place) => ({
			count: at(place + Group.count),
			first: at(place + Group.first),
			step: at(place + Group.step),
			lowest: at(place + Group.lowest),
			highest: at(place + Group.highest),
			down: at(place + Group.down),
			downStep: at(place + Group.downStep),
			downCount: at(place + Group.downCount),
			eirp: at(place + Group.eirp) / 100,
		})),
		start: fixed ? each(at(At.words), (n) => at(At.start + n)) : [],
		...(fixed
			? {
					control: {
						words: at(At.words),
						banks: at(At.banks) > 7 ? -1 : at(At.banks),
						allOn: at(At.allOn),
						allOff: at(At.allOff),
					},
				}
			: {}),
		...(joins.length ? { joinChannels: joins.map((n) => at(At.joinFirst) + n * at(At.joinStep)) } : {}),
		...(at(At.joinRx1) ? { joinRx1: at(At.joinRx1) } : {}),
		...(at(At.joinRx2) ? { joinRx2: joins.map((n) => at(At.joinRx2) + n * at(At.joinRx2Step)) } : {}),
		...(at(At.few) ? { few: { channels: at(At.few), eirp: at(At.fewEirp) / 100 } } : {}),
	});
}
