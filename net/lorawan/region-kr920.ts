import { frozen } from "../../modules/core/frozen.js";
import type { Region } from "./region.js";

/**
 * KR920-923. Source: RP002-1.0.4 §2.11: below 922 MHz at most 10 dBm; a channel is used after it was listened to (below
 * −65 dBm for 6 ms, KC notice of technical regulations, as LoRaMac-node has it).
 */
export const kr920: Region = frozen({
	name: "KR920",
	rates: Uint8Array.of(12, 11, 10, 9, 8, 7),
	highest: 5,
	sizes: Uint8Array.of(59, 59, 59, 123, 250, 250),
	repeaterSize: 230,
	rx1: Uint8Array.of(
		...[0, 0, 0, 0, 0, 0],
		...[1, 0, 0, 0, 0, 0],
		...[2, 1, 0, 0, 0, 0],
		...[3, 2, 1, 0, 0, 0],
		...[4, 3, 2, 1, 0, 0],
		...[5, 4, 3, 2, 1, 0],
	),
	rx1Offsets: 6,
	rx2Frequency: 9_219_000,
	rx2Rate: 0,
	maxEirp: 14,
	lowestPower: 7,
	bands: [
		{ low: 9_209_000, high: 9_220_000, perMille: 1000, eirp: 10 },
		{ low: 9_220_000, high: 9_233_001, perMille: 1000, eirp: 14 },
	],
	joinRates: Uint8Array.of(5, 4, 3, 2, 1, 0),
	listen: { dbm: -65, ms: 6 },
	channels: [9_221_000, 9_223_000, 9_225_000],
	groups: [],
	start: [],
});
