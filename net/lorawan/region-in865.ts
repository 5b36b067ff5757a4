import { frozen } from "../../modules/core/frozen.js";
import type { Region } from "./region.js";

/** IN865-867. Source: RP002-1.0.4 §2.12. Rows of RX1 for DR0 … DR5; where it would be FSK, DR5 stands. */
export const in865: Region = frozen({
	name: "IN865",
	rates: Uint8Array.of(12, 11, 10, 9, 8, 7),
	highest: 5,
	sizes: Uint8Array.of(59, 59, 59, 123, 250, 250),
	repeaterSize: 230,
	rx1: Uint8Array.of(
		...[0, 0, 0, 0, 0, 0, 1, 2],
		...[1, 0, 0, 0, 0, 0, 2, 3],
		...[2, 1, 0, 0, 0, 0, 3, 4],
		...[3, 2, 1, 0, 0, 0, 4, 5],
		...[4, 3, 2, 1, 0, 0, 5, 5],
		...[5, 4, 3, 2, 1, 0, 5, 5],
	),
	rx1Offsets: 8,
	rx2Frequency: 8_665_500,
	rx2Rate: 2,
	maxEirp: 30,
	lowestPower: 10,
	bands: [{ low: 8_650_000, high: 8_670_001, perMille: 1000, eirp: 30 }],
	joinRates: Uint8Array.of(5, 4, 3, 2, 1, 0),
	channels: [8_650_625, 8_654_025, 8_659_850],
	groups: [],
	start: [],
});
