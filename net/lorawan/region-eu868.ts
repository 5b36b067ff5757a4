import { frozen } from "../../modules/core/frozen.js";
import type { Region } from "./region.js";

/**
 * EU863-870. Source: RP002-1.0.4 §2.4: data rates, TXPower, maximum payload (not repeater compatible), RX1 data rates, RX2,
 * ChMaskCntl. Bands: ETSI EN 300 220-2 V3.1.1 annex B (K, L, M, N, P, R), limits in ERP plus 2.15 dB.
 */
export const eu868: Region = frozen({
	name: "EU868",
	rates: Uint8Array.of(12, 11, 10, 9, 8, 7, 16 + 7),
	highest: 6,
	sizes: Uint8Array.of(59, 59, 59, 123, 250, 250, 250),
	repeaterSize: 230,
	rx1: Uint8Array.of(
		...[0, 0, 0, 0, 0, 0],
		...[1, 0, 0, 0, 0, 0],
		...[2, 1, 0, 0, 0, 0],
		...[3, 2, 1, 0, 0, 0],
		...[4, 3, 2, 1, 0, 0],
		...[5, 4, 3, 2, 1, 0],
		...[6, 5, 4, 3, 2, 1],
	),
	rx1Offsets: 6,
	rx2Frequency: 8_695_250,
	rx2Rate: 0,
	maxEirp: 16,
	lowestPower: 7,
	bands: [
		{ low: 8_630_000, high: 8_650_000, perMille: 1, eirp: 16 },
		{ low: 8_650_000, high: 8_680_000, perMille: 10, eirp: 16 },
		{ low: 8_680_000, high: 8_686_000, perMille: 10, eirp: 16 },
		{ low: 8_687_000, high: 8_692_000, perMille: 1, eirp: 16 },
		{ low: 8_694_000, high: 8_696_500, perMille: 100, eirp: 29 },
		{ low: 8_697_000, high: 8_700_000, perMille: 10, eirp: 16 },
	],
	joinRates: Uint8Array.of(5, 4, 3, 2, 1, 0),
	channels: [8_681_000, 8_683_000, 8_685_000],
	groups: [],
	start: [],
});
