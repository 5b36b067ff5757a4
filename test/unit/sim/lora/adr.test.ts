import { adapt, type LinkLimits } from "../../../../sim/lora/adr.js";
import * as assert from "../../../assert.js";

const LIMITS: LinkLimits = { highest: 5, lowestPower: 7, spreadingFactor: (rate) => 12 - rate };

describe("adaptive data rate (Semtech's algorithm)", () => {
	// dataRate, txPower, nbTrans; best SNR; share that was lost; dataRate, txPower, nbTrans.
	const table: readonly (readonly [[number, number, number], number, number, [number, number, number]])[] = [
		[[0, 0, 1], -20 + 10 + 2.9, 0, [0, 0, 1]],
		[[0, 0, 1], -20 + 10 + 3, 0, [1, 0, 1]],
		[[0, 0, 1], -20 + 10 + 15, 0, [5, 0, 1]],
		[[0, 0, 1], -20 + 10 + 18, 0, [5, 1, 1]],
		[[5, 0, 1], -7.5 + 10 + 30, 0, [5, 7, 1]],
		[[5, 3, 1], -7.5 + 10 - 0.1, 0, [5, 2, 1]],
		[[5, 3, 1], -7.5 + 10 - 100, 0, [5, 0, 1]],
		[[3, 0, 1], -30, 0, [3, 0, 1]], // it never makes a node slower: that is the node's own back-off
		[[0, 0, 1], -20, 0.04, [0, 0, 1]],
		[[0, 0, 1], -20, 0.05, [0, 0, 1]],
		[[0, 0, 2], -20, 0.05, [0, 0, 2]],
		[[0, 0, 1], -20, 0.1, [0, 0, 2]],
		[[0, 0, 2], -20, 0.1, [0, 0, 3]],
		[[0, 0, 1], -20, 0.3, [0, 0, 3]],
		[[0, 0, 3], -20, 0, [0, 0, 2]],
		[[0, 0, 2], -20, 0, [0, 0, 1]],
		[[0, 0, 7], -20, 0.5, [0, 0, 3]],
	];
	for (const [[dataRate, txPower, nbTrans], snr, lost, [toRate, toPower, toTrans]] of table)
		it(`DR${dataRate}, TXPower ${txPower}, NbTrans ${nbTrans}; ${snr} dB, ${100 * lost} % lost: DR${toRate}, ${toPower}, ${toTrans}`, () => {
			assert.deepEqual(adapt({ dataRate, txPower, nbTrans }, [snr - 5, snr, snr - 1], lost, LIMITS), {
				...{ dataRate: toRate, txPower: toPower, nbTrans: toTrans },
			});
		});
});
