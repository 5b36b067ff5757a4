import { wrong } from "../../modules/core/errors.js";
import { frozen } from "../../modules/core/frozen.js";
import type { Region } from "./region.js";

/** AS923_FREQ_OFFSET of groups 1 … 4, in units of 100 Hz: RP002-1.0.4 §2.10. */
const OFFSETS: readonly number[] = Object.freeze([0, -18_000, -66_000, -59_000]);

/**
 * AS923-1 … AS923-4. Source: RP002-1.0.4 §2.10. Uplinks are limited to 400 ms until the network says otherwise, which is
 * right in all of the region's countries; the default channels are for 1 % of the time. Where RX1 would be FSK, DR6 stands.
 * @throws {DormouseError} `declaration` on another group
 */
export function as923(group: 1 | 2 | 3 | 4 = 1): Region {
	const offset = OFFSETS[group - 1] ?? wrong("as923", group, "1 … 4");
	return frozen({
		name: `AS923-${group}`,
		rates: Uint8Array.of(12, 11, 10, 9, 8, 7, 16 + 7),
		highest: 6,
		sizes: Uint8Array.of(59, 59, 123, 123, 250, 250, 250),
		dwellSizes: Uint8Array.of(0, 0, 19, 61, 133, 250, 250),
		repeaterSize: 230,
		rx1: Uint8Array.of(
			...[0, 0, 0, 0, 0, 0, 1, 2],
			...[1, 0, 0, 0, 0, 0, 2, 3],
			...[2, 1, 0, 0, 0, 0, 3, 4],
			...[3, 2, 1, 0, 0, 0, 4, 5],
			...[4, 3, 2, 1, 0, 0, 5, 6],
			...[5, 4, 3, 2, 1, 0, 6, 6],
			...[6, 5, 4, 3, 2, 1, 6, 6],
		),
		rx1Offsets: 8,
		rx2Frequency: 9_232_000 + offset,
		rx2Rate: 2,
		maxEirp: 16,
		lowestPower: 7,
		bands: [{ low: 9_150_000, high: 9_280_001, perMille: 10, eirp: 16 }],
		joinRates: Uint8Array.of(5, 4, 3, 2),
		channels: [9_232_000 + offset, 9_234_000 + offset],
		groups: [],
		start: [],
	});
}
