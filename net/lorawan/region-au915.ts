import { wrong } from "../../modules/core/errors.js";
import { frozen } from "../../modules/core/frozen.js";
import { type Region, subBandMask } from "./region.js";

/**
 * AU915-928. Source: RP002-1.0.4 §2.8. Uplinks are limited to 400 ms until the network says otherwise.
 * @param subBand 1 … 8 where the network listens to eight channels alone, such as 2; 0: to all of them
 * @throws {DormouseError} `declaration` on another sub-band
 */
export function au915(subBand = 0): Region {
	if (!(Number.isInteger(subBand) && subBand >= 0 && subBand <= 8)) wrong("au915", subBand, "0 … 8");
	return frozen({
		name: "AU915",
		rates: Uint8Array.of(12, 11, 10, 9, 8, 7, 32 + 8, 0, 32 + 12, 32 + 11, 32 + 10, 32 + 9, 32 + 8, 32 + 7),
		highest: 6,
		sizes: Uint8Array.of(59, 59, 59, 123, 250, 250, 250),
		dwellSizes: Uint8Array.of(0, 0, 19, 61, 133, 250, 250),
		repeaterSize: 230,
		rx1: Uint8Array.of(
			...[8, 8, 8, 8, 8, 8],
			...[9, 8, 8, 8, 8, 8],
			...[10, 9, 8, 8, 8, 8],
			...[11, 10, 9, 8, 8, 8],
			...[12, 11, 10, 9, 8, 8],
			...[13, 12, 11, 10, 9, 8],
			...[13, 13, 12, 11, 10, 9],
		),
		rx1Offsets: 6,
		rx2Frequency: 9_233_000,
		rx2Rate: 8,
		maxEirp: 30,
		lowestPower: 14,
		bands: [{ low: 9_150_000, high: 9_280_001, perMille: 1000, eirp: 30 }],
		joinRates: Uint8Array.of(2, 6),
		channels: [],
		groups: [
			{
				...{ count: 64, first: 9_152_000, step: 2000, lowest: 0, highest: 5 },
				...{ down: 9_233_000, downStep: 6000, downCount: 8, eirp: 30 },
			},
			{
				...{ count: 8, first: 9_159_000, step: 16_000, lowest: 6, highest: 6 },
				...{ down: 9_233_000, downStep: 6000, downCount: 8, eirp: 30 },
			},
		],
		start: subBandMask(subBand),
		control: { words: 5, banks: 5, allOn: 6, allOff: 7 },
	});
}
