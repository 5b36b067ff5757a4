import { PowerCut } from "../../sim/flash.js";
import { Seeded } from "../../sim/seeded.js";

/** Something that keeps its bytes when the power is cut, and can be told when that is. */
export interface Cuttable {
	readonly bytes: Uint8Array;
	cutAfter(steps: number, noise: Seeded): void;
}

/**
 * Runs a re-entrant body (entering is booting) with the power cut after each step that it takes; after each cut the body
 * runs again, itself cut after each of its steps, to so many levels; then once more undisturbed.
 * @param ledger what the body wrote down of its promises; copied with the bytes
 * @returns how many cuts were made
 */
export function everyCut<Ledger extends object>(
	make: () => Cuttable,
	ledger: Ledger,
	depth: number,
	body: (device: Cuttable, ledger: Ledger) => void,
	seed = 1,
): number {
	const noise = new Seeded(seed);
	let cuts = 0;
	const explore = (bytes: Uint8Array, before: Ledger, levels: number) => {
		for (let steps = 0; ; steps++) {
			const device = make();
			device.bytes.set(bytes);
			const promises = { ...before };
			device.cutAfter(levels > 0 ? steps : Number.POSITIVE_INFINITY, noise);
			try {
				body(device, promises);
				return; // it came to its end before the cut
			} catch (error) {
				if (!(error instanceof PowerCut)) throw error;
			}
			cuts++;
			explore(device.bytes, promises, levels - 1);
		}
	};
	explore(make().bytes, ledger, depth);
	return cuts;
}
