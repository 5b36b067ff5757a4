import { wrong } from "../../modules/core/errors.js";
import { frozen } from "../../modules/core/frozen.js";
import type { Region } from "./region.js";

/** Which of CN470's channel plans a network uses: antennas of 20 or 26 MHz, type A or B. */
export type Cn470Plan = "20A" | "20B" | "26A" | "26B";

/**
 * CN470-510. Source: RP002-1.0.4 §2.9: plans, common join channels with their RX1 and RX2. The plan is declared: the node
 * joins on that plan's join channels alone. DR7 is FSK, DR0 is not in use since RP002-1.0.1.
 * @throws {DormouseError} `declaration` on another plan
 */
export function cn470(plan: Cn470Plan): Region {
	const all = Object.freeze([0xffff, 0xffff, 0xffff, 0xffff]);
	const wide = { lowest: 1, highest: 6, eirp: 19.15, step: 2000, downStep: 2000 };
	const twenty = { ...wide, count: 32, downCount: 32 };
	const twentySix = { ...wide, count: 48, downCount: 24 };
	const each = (first: number, step: number, count: number) =>
		Array.from({ length: count }, (_, n) => first + step * n);
	const own =
		plan === "20A"
			? {
					rx2Frequency: 4_869_000,
					groups: [
						{ ...twenty, first: 4_703_000, down: 4_839_000 },
						{ ...twenty, first: 5_035_000, down: 4_903_000 },
					],
					joinChannels: each(3, 8, 8),
					joinRx2: each(4_853_000, 16_000, 8),
				}
			: plan === "20B"
				? {
						rx2Frequency: 4_983_000,
						groups: [
							{ ...twenty, first: 4_769_000, down: 4_769_000 },
							{ ...twenty, first: 4_969_000, down: 4_969_000 },
						],
						joinChannels: [15, 47],
						joinRx2: [4_783_000, 4_983_000],
					}
				: plan === "26A"
					? {
							rx2Frequency: 4_925_000,
							groups: [{ ...twentySix, first: 4_703_000, down: 4_901_000 }],
							joinChannels: each(0, 10, 5),
							joinRx1: 4_925_000,
						}
					: plan === "26B"
						? {
								rx2Frequency: 5_025_000,
								groups: [{ ...twentySix, first: 4_803_000, down: 5_001_000 }],
								joinChannels: each(0, 10, 5),
								joinRx1: 5_025_000,
							}
						: wrong("cn470", JSON.stringify(plan), '"20A", "20B", "26A" or "26B"');
	const is20 = own.groups.length === 2;
	return frozen({
		name: `CN470-${plan}`,
		rates: Uint8Array.of(0, 11, 10, 9, 8, 7, 32 + 7),
		highest: 6,
		sizes: Uint8Array.of(0, 31, 94, 192, 250, 250, 250),
		repeaterSize: 172,
		rx1: Uint8Array.of(
			...[1, 1, 1, 1, 1, 1],
			...[1, 1, 1, 1, 1, 1],
			...[2, 1, 1, 1, 1, 1],
			...[3, 2, 1, 1, 1, 1],
			...[4, 3, 2, 1, 1, 1],
			...[5, 4, 3, 2, 1, 1],
			...[6, 5, 4, 3, 2, 1],
		),
		rx1Offsets: 6,
		rx2Rate: 1,
		maxEirp: 19.15,
		lowestPower: 7,
		bands: [{ low: 4_700_000, high: 5_100_001, perMille: 1000, eirp: 19.15 }],
		joinRates: Uint8Array.of(5, 4, 3, 2, 1),
		channels: [],
		start: is20 ? all : all.slice(0, 3),
		control: is20 ? { words: 4, banks: -1, allOn: 6, allOff: 7 } : { words: 3, banks: -1, allOn: 3, allOff: 4 },
		...own,
	});
}
