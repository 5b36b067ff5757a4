import { neededSnrDb } from "./radio-air.js";

/** Uplinks that are looked at. Source: Semtech, "LoRaWAN – simple rate adaptation recommended algorithm" (2016), §2. */
export const ADR_HISTORY = 20;
/** What the best SNR is to have left, in dB: the same; operators take 5 … 15. */
const MARGIN_DB = 10;
const STEP_DB = 3;
/**
 * NbTrans from the one at hand (1 … 3) and the frames that were lost: below 5 %, below 10 %, below 30 %, more.
 * Source: the same, §2.3, as ChirpStack has it.
 */
const NB_TRANS: readonly (readonly number[])[] = Object.freeze([
	Object.freeze([1, 1, 2]),
	Object.freeze([1, 2, 3]),
	Object.freeze([2, 3, 3]),
	Object.freeze([3, 3, 3]),
]);

/** What is known of a device's link. */
export interface LinkState {
	readonly dataRate: number;
	readonly txPower: number;
	readonly nbTrans: number;
}

/** The limits of the region and of the channels. */
export interface LinkLimits {
	/** The highest data rate that the channels carry, and its spreading factor by data rate. */
	readonly highest: number;
	/** The highest TXPower. */
	readonly lowestPower: number;
	/** 0 where a data rate is not defined. */
	spreadingFactor(dataRate: number): number;
}

/**
 * What a device should use. The best of the last SNRs less what the data rate needs and a margin is spent in steps of 3 dB: on
 * data rate, then on power; where it lacks, power comes back.
 */
export function adapt(link: LinkState, snrsDb: readonly number[], lost: number, limits: LinkLimits): LinkState {
	const best = Math.max(...snrsDb);
	let { dataRate, txPower } = link;
	let steps = Math.floor((best - neededSnrDb(limits.spreadingFactor(dataRate)) - MARGIN_DB) / STEP_DB);
	for (; steps > 0 && dataRate < limits.highest; steps--) dataRate++;
	for (; steps > 0 && txPower < limits.lowestPower; steps--) txPower++;
	for (; steps < 0 && txPower > 0; steps++) txPower--;
	const row = lost < 0.05 ? 0 : lost < 0.1 ? 1 : lost < 0.3 ? 2 : 3;
	const nbTrans = NB_TRANS[row]![Math.max(0, Math.min(2, link.nbTrans - 1))]!;
	return { dataRate, txPower, nbTrans };
}
