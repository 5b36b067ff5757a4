import { BANDWIDTHS, type RegionTables as Region } from "../../net/lorawan/region-tables.js";

/** A channel that a gateway listens to. */
export interface GatewayChannel {
	readonly frequencyHz: number;
	readonly bandwidthHz: number;
	/** One spreading factor alone, in a demodulator of its own; undefined: SF7 … SF12, in those that all channels share. */
	readonly spreadingFactor?: number;
}

/** Channels of a network beside the region's own, in units of 100 Hz: The Things Network's frequency plans. */
const MORE: Readonly<Record<string, readonly number[]>> = Object.freeze({
	EU868: Object.freeze([8_671_000, 8_673_000, 8_675_000, 8_677_000, 8_679_000]),
	KR920: Object.freeze([9_227_000, 9_229_000, 9_231_000, 9_233_000]),
	// What AS923's groups have in common, from the group's first channel on.
	AS923: Object.freeze([4_000, 6_000, 8_000, 10_000, 12_000]),
});

/** Channels that the network gives its devices beside the region's own, in units of 100 Hz; none for fixed plans. */
export function moreChannels(region: Region): readonly number[] {
	if (!region.name.startsWith("AS923")) return MORE[region.name] ?? [];
	return MORE.AS923!.map((offset) => region.channels[0]! + offset);
}

/** All channels that a gateway of the region's network listens to. */
export function gatewayPlan(region: Region): GatewayChannel[] {
	const channels: GatewayChannel[] = [];
	const narrow = (frequency: number) => channels.push({ frequencyHz: frequency * 100, bandwidthHz: 125_000 });
	for (const frequency of [...region.channels, ...moreChannels(region)]) narrow(frequency);
	// LoRa's own channel of 250 kHz, where the region has such a data rate: on the second default channel.
	if (region.channels.length && region.rates[6] === 16 + 7)
		channels.push({ frequencyHz: region.channels[1]! * 100, bandwidthHz: 250_000, spreadingFactor: 7 });
	let first = 0;
	for (const { count, first: low, step, lowest } of region.groups) {
		for (let n = 0; n < count; n++) {
			if (!(region.start[(first + n) >> 4]! & (1 << ((first + n) & 15)))) continue;
			const code = region.rates[lowest]!;
			const frequency = low + step * n;
			if (code >> 4 === 0) narrow(frequency);
			else {
				const bandwidthHz = BANDWIDTHS[code >> 4]!;
				channels.push({ frequencyHz: frequency * 100, bandwidthHz, spreadingFactor: code & 15 });
			}
		}
		first += count;
	}
	return channels;
}

/** The data rate of a modulation; −1 when the region has none. Where there are two, that of uplinks. */
export function rateOf({ rates }: Region, spreadingFactor: number, bandwidthHz: number): number {
	return rates.indexOf(spreadingFactor + 16 * BANDWIDTHS.indexOf(bandwidthHz));
}
