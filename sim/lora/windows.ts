import { BANDWIDTHS, type RegionTables as Region } from "../../net/lorawan/region-tables.js";
import { rateOf } from "./gateway-plan.js";
import type { Settings } from "./server-device.js";

/** Where a downlink goes. */
export interface Window {
	readonly which: 1 | 2;
	/** From the end of the uplink. */
	readonly delayMs: number;
	readonly frequencyHz: number;
	readonly dataRate: number;
	readonly spreadingFactor: number;
	readonly bandwidthHz: number;
	/** Largest MACPayload. */
	readonly room: number;
}

const JOIN_DELAY_MS = 5000;
/** Largest MACPayload of DR8 … DR13 in US915 and AU915. Source: RP002-1.0.4 §2.5.6, §2.8.6. */
const WIDE_SIZES: readonly number[] = Object.freeze([61, 137, 250, 250, 250, 250]);

/** An uplink's place on air. */
export interface UplinkPlace {
	readonly frequencyHz: number;
	readonly spreadingFactor: number;
	readonly bandwidthHz: number;
}

/** Both windows after an uplink. @param settings undefined after a Join-Request */
export function windowsOf(region: Region, up: UplinkPlace, settings: Settings | undefined): Window[] {
	const upRate = rateOf(region, up.spreadingFactor, up.bandwidthHz);
	const place = groupOf(region, up.frequencyHz, upRate);
	let rx1Rate = region.rx1[upRate * region.rx1Offsets + (settings?.rx1Offset ?? 0)]!;
	if (settings?.downDwell) rx1Rate = Math.max(2, rx1Rate);
	let rx1Hz = up.frequencyHz;
	if (place) rx1Hz = 100 * (place.group.down + place.group.downStep * (place.index % place.group.downCount));
	else rx1Hz = settings?.channels.find((each) => each?.hz === up.frequencyHz)?.downHz ?? rx1Hz;
	if (!settings && region.joinRx1) rx1Hz = 100 * region.joinRx1;
	const rx2Hz = settings?.rx2FrequencyHz ?? joinRx2Hz(region, up.frequencyHz, upRate);
	const rx2Rate = settings?.rx2Rate ?? region.rx2Rate;
	const delayMs = settings ? 1000 * settings.rxDelay : JOIN_DELAY_MS;
	const window = (which: 1 | 2, frequencyHz: number, dataRate: number): Window => {
		const code = region.rates[dataRate]!;
		const sizes = settings?.downDwell && region.dwellSizes ? region.dwellSizes : region.sizes;
		return {
			which,
			delayMs: delayMs + (which === 2 ? 1000 : 0),
			frequencyHz,
			dataRate,
			spreadingFactor: code & 15,
			bandwidthHz: BANDWIDTHS[code >> 4]!,
			room: sizes[dataRate] || WIDE_SIZES[dataRate - 8] || 0,
		};
	};
	return [window(1, rx1Hz, rx1Rate), window(2, rx2Hz, rx2Rate)];
}

/** RX2 after a join on a channel: some plans have one for each. */
export function joinRx2Hz(region: Region, frequencyHz: number, dataRate: number): number {
	const place = groupOf(region, frequencyHz, dataRate);
	const at = place && region.joinRx2 ? (region.joinChannels?.indexOf(place.channel) ?? -1) : -1;
	return 100 * (region.joinRx2?.[at] ?? region.rx2Frequency);
}

/** Where in a fixed plan a frequency is. */
function groupOf(region: Region, frequencyHz: number, dataRate: number) {
	let first = 0;
	for (const group of region.groups) {
		const index = (frequencyHz / 100 - group.first) / group.step;
		if (dataRate >= group.lowest && dataRate <= group.highest && Number.isInteger(index) && index >= 0)
			if (index < group.count) return { group, index, channel: first + index };
		first += group.count;
	}
	return undefined;
}
