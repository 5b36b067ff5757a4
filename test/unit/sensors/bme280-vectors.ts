import type { Calibration } from "../../../sensors/bme280-convert.js";

/** BMP280 data sheet (BST-BMP280-DS001) §3.12; humidity trimming as in public BME280 drivers' tests. */
export const EXAMPLE: Calibration = Object.freeze({
	T1: 27504,
	T2: 26435,
	T3: -1000,
	P1: 36477,
	P2: -10685,
	P3: 3024,
	P4: 2855,
	P5: 140,
	P6: -7,
	P7: 15500,
	P8: -14600,
	P9: 6000,
	H1: 75,
	H2: 362,
	H3: 0,
	H4: 317,
	H5: 0,
	H6: 30,
});

/** A real chip's values from the tests of pimoroni/bme280-python, with readings that its floating-point code gives. */
export const PIMORONI: Calibration = Object.freeze({
	T1: 28009,
	T2: 25654,
	T3: 50,
	P1: 39145,
	P2: -10750,
	P3: 3024,
	P4: 5667,
	P5: -120,
	P6: -7,
	P7: 15500,
	P8: -14600,
	P9: 6000,
	H1: 75,
	H2: 376,
	H3: 0,
	H4: 286,
	H5: 50,
	H6: 30,
});

/** The two calibration blocks that hold `c`. */
export function blocks(c: Calibration): { low: Uint8Array; high: Uint8Array } {
	const low = new Uint8Array(26);
	const view = new DataView(low.buffer);
	const words = [c.T1, c.T2, c.T3, c.P1, c.P2, c.P3, c.P4, c.P5, c.P6, c.P7, c.P8, c.P9];
	for (let n = 0; n < words.length; n++) view.setUint16(2 * n, words[n]! & 0xffff, true);
	low[25] = c.H1;
	const shared = (c.H4 & 15) | ((c.H5 & 15) << 4);
	const high = Uint8Array.of(c.H2 & 255, (c.H2 >> 8) & 255, c.H3, (c.H4 >> 4) & 255, shared, (c.H5 >> 4) & 255, c.H6);
	return { low, high };
}
