import { wrong } from "../../modules/core/errors.js";
import { frozen } from "../../modules/core/frozen.js";
import type { Region } from "./region.js";

/** Which of CN470's channel plans a network uses: antennas of 20 or 26 MHz, type A or B. */
export type Cn470Plan = "20A" | "20B" | "26A" | "26B";

/**
 * What the plans differ in: mark; RX2; join channels: first, step, count, RX1 of them, RX2 of them: first, step; first group:
 * count, first uplink, first downlink, downlinks; second one: count, first uplink, first downlink; words of masks, ChMaskCntl
 * for all on and all off.
 */
const PLANS = frozen({
	"20A": [
		10, 4_869_000, 3, 8, 8, 0, 4_853_000, 16_000, 32, 4_703_000, 4_839_000, 32, 32, 5_035_000, 4_903_000, 4, 6, 7,
	],
	"20B": [
		11, 4_983_000, 15, 32, 2, 0, 4_783_000, 200_000, 32, 4_769_000, 4_769_000, 32, 32, 4_969_000, 4_969_000, 4, 6, 7,
	],
	"26A": [12, 4_925_000, 0, 10, 5, 4_925_000, 0, 0, 48, 4_703_000, 4_901_000, 24, 0, 0, 0, 3, 3, 4],
	"26B": [13, 5_025_000, 0, 10, 5, 5_025_000, 0, 0, 48, 4_803_000, 5_001_000, 24, 0, 0, 0, 3, 3, 4],
} as const);

/**
 * CN470-510. Source: RP002-1.0.4 §2.9: plans, common join channels with their RX1 and RX2. The plan is declared: the node
 * joins on that plan's join channels alone. DR7 is FSK, DR0 is not in use since RP002-1.0.1.
 * @throws {DormouseError} `declaration` on another plan
 */
export function cn470(plan: Cn470Plan): Region {
	const [mark, rx2, joinFirst, joinStep, joinCount, joinRx1, joinRx2, joinRx2Step, ...groups] =
		PLANS[plan] ?? wrong("cn470", JSON.stringify(plan), '"20A", "20B", "26A" or "26B"');
	const [count, first, down, downs, count2, first2, down2, words, on, off] = groups;
	return Object.freeze({
		name: `CN470-${plan}`,
		data: Uint32Array.of(
			mark, // mark
			6, // highest data rate
			0, // RX1: base
			1, // lowest
			6, // highest
			6, // offsets
			rx2, // RX2
			1, // RX2: data rate
			1915, // dBm EIRP / 100
			7, // highest TXPower
			172, // bytes through a repeater
			0x05012345, // joins: DR5, DR4, DR3, DR2, DR1
			0, // no listening before talk
			0, // for so many ms
			0, // limit of 400 ms
			66, // bands
			0, // default channels
			0, // no other power for few channels
			0, // dBm EIRP / 100 of few channels
			joinFirst, // channels of joins
			joinStep, // step
			joinCount, // count; 0: all that are enabled
			joinRx1, // their RX1
			joinRx2, // their RX2
			joinRx2Step, // step
			0xffff, // enabled at the start
			0xffff, // channels 16 … 31
			0xffff, // channels 32 … 47
			words > 3 ? 0xffff : 0, // channels 48 … 63
			0, // channels 64 … 79
			0, // -
			0x1f0b, // DR1: SF11, 31 bytes
			0x5e0a, // DR2: SF10, 94 bytes
			0xc009, // DR3: SF9, 192 bytes
			0xfa08, // DR4: SF8, 250 bytes
			0xfa07, // DR5: SF7, 250 bytes
			0xfa27, // DR6: SF7 at 500 kHz, 250 bytes
			0, // DR7: not defined
			0, // DR8: not defined
			0, // DR9: not defined
			0, // DR10: not defined
			0, // DR11: not defined
			0, // DR12: not defined
			0, // DR13: not defined
			count, // channels: count
			first, // first
			2000, // step
			1, // data rates
			6,
			down, // RX1: first
			2000, // step
			downs, // count
			1915, // dBm EIRP / 100
			count2, // channels: count
			first2, // first
			2000, // step
			1, // data rates
			6,
			down2, // RX1: first
			2000, // step
			downs, // count
			1915, // dBm EIRP / 100
			words, // ChMaskCntl: words
			255, // banks
			on, // all on
			off, // all off
			4_700_000, // band: from
			5_100_001, // below
			1000, // ‰
			1915, // dBm EIRP / 100
		),
	});
}
