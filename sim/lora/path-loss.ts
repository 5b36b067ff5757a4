import { Seeded } from "../seeded.js";

/** A log-distance law of loss: `atOneKmDb + 10 · exponent · log10(d / 1 km)`, and a normal shadowing of so many dB. */
export interface PathLoss {
	readonly atOneKmDb: number;
	readonly exponent: number;
	readonly shadowingDb: number;
	/** From frame to frame, on one link. */
	readonly fadingDb: number;
}

/**
 * A town and its surroundings at 868 MHz, as measured from a car in Oulu with a gateway 24 m above ground.
 * Source: Petäjäjärvi et al., "On the coverage of LPWANs: range evaluation and channel attenuation model for LoRa technology",
 * ITST 2015, table III. Their 7.8 dB are over all places; a link that does not move has them once. `fadingDb`: assumption.
 */
export const OULU: PathLoss = Object.freeze({
	atOneKmDb: 128.95,
	exponent: 2.32,
	shadowingDb: 7.8,
	fadingDb: 1,
});

/** Nearer than this, the law says nothing: the loss is that at this distance. */
const NEAREST_M = 10;

/** Mean loss in dB. @param distanceM 0 counts as 10 m */
export function meanLossDb({ atOneKmDb, exponent }: PathLoss, distanceM: number): number {
	return atOneKmDb + 10 * exponent * Math.log10(Math.max(NEAREST_M, distanceM) / 1000);
}

/** A normal number that hangs on its arguments alone, held to ±2: no seed puts a node out of every gateway's reach. */
export function normalOf(seed: number, a: number, b: number): number {
	const mixed =
		Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(a + 1, 0xc2b2_ae35) ^ Math.imul(b + 1, 0x27d4_eb2f);
	return Math.max(-2, Math.min(2, new Seeded(mixed).normal()));
}
