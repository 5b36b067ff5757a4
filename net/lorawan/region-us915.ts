import { wrong } from "../../modules/core/errors.js";
import { frozen } from "../../modules/core/frozen.js";
import { type Region, subBandMask } from "./region.js";

/**
 * US902-928. Source: RP002-1.0.4 §2.5: 64 channels of 125 kHz, 8 of 500 kHz; 30 dBm EIRP while 50 of the narrow ones and
 * more are hopped over, else 21; 26 on the wide ones.
 * @param subBand 1 … 8 where the network listens to eight channels alone, such as 2; 0: to all of them
 * @throws {DormouseError} `declaration` on another sub-band
 */
export function us915(subBand = 0): Region {
	if (!(Number.isInteger(subBand) && subBand >= 0 && subBand <= 8)) wrong("us915", subBand, "0 … 8");
	return frozen({
		name: "US915",
		rates: Uint8Array.of(10, 9, 8, 7, 32 + 8, 0, 0, 0, 32 + 12, 32 + 11, 32 + 10, 32 + 9, 32 + 8, 32 + 7),
		highest: 4,
		sizes: Uint8Array.of(19, 61, 133, 250, 250),
		repeaterSize: 230,
		rx1: Uint8Array.of(
			...[10, 9, 8, 8],
			...[11, 10, 9, 8],
			...[12, 11, 10, 9],
			...[13, 12, 11, 10],
			...[13, 13, 12, 11],
		),
		rx1Offsets: 4,
		rx2Frequency: 9_233_000,
		rx2Rate: 8,
		maxEirp: 30,
		lowestPower: 14,
		bands: [{ low: 9_020_000, high: 9_280_001, perMille: 1000, eirp: 30 }],
		joinRates: Uint8Array.of(0, 4),
		channels: [],
		groups: [
			{
				...{ count: 64, first: 9_023_000, step: 2000, lowest: 0, highest: 3 },
				...{ down: 9_233_000, downStep: 6000, downCount: 8, eirp: 30 },
			},
			{
				...{ count: 8, first: 9_030_000, step: 16_000, lowest: 4, highest: 4 },
				...{ down: 9_233_000, downStep: 6000, downCount: 8, eirp: 26 },
			},
		],
		start: subBandMask(subBand),
		control: { words: 5, banks: 5, allOn: 6, allOff: 7 },
		few: { channels: 50, eirp: 21 },
	});
}
