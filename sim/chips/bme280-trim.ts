import { Seeded } from "../seeded.js";

/** A chip's trimming values under the data sheet's names (BST-BME280-DS002 §4.2.2). */
export interface Trim {
	dig_T1: number;
	dig_T2: number;
	dig_T3: number;
	dig_P1: number;
	dig_P2: number;
	dig_P3: number;
	dig_P4: number;
	dig_P5: number;
	dig_P6: number;
	dig_P7: number;
	dig_P8: number;
	dig_P9: number;
	dig_H1: number;
	dig_H2: number;
	dig_H3: number;
	dig_H4: number;
	dig_H5: number;
	dig_H6: number;
}

/**
 * The published example. Temperature and pressure: BMP280 data sheet (BST-BMP280-DS001) §3.12, where raw 519888 and
 * 415148 are 25.08 °C and 100653.27 Pa. It has no humidity; those six are of a real BME280, as public drivers' tests have.
 */
export const PUBLISHED_TRIM: Readonly<Trim> = Object.freeze({
	dig_T1: 27504,
	dig_T2: 26435,
	dig_T3: -1000,
	dig_P1: 36477,
	dig_P2: -10685,
	dig_P3: 3024,
	dig_P4: 2855,
	dig_P5: 140,
	dig_P6: -7,
	dig_P7: 15500,
	dig_P8: -14600,
	dig_P9: 6000,
	dig_H1: 75,
	dig_H2: 362,
	dig_H3: 0,
	dig_H4: 317,
	dig_H5: 50,
	dig_H6: 30,
});

/**
 * Trimming values that a chip could have, different for each seed. Spreads are those seen among published dumps; values
 * that are the same in all of these (P3, P6 … P9, H1, H3, H6) are design constants and vary little.
 */
export function seededTrim(seed: number): Trim {
	const random = new Seeded(seed);
	const bare = random.real() < 0.5; // two generations of the pressure cell are about
	return {
		dig_T1: random.between(27_400, 28_700),
		dig_T2: random.between(25_600, 26_900),
		dig_T3: random.between(0, 3) === 0 ? -1000 : 50,
		dig_P1: random.between(36_200, 39_300),
		dig_P2: random.between(-10_850, -10_450),
		dig_P3: 3024,
		dig_P4: random.between(2500, 9000),
		dig_P5: random.between(-200, 200),
		dig_P6: -7,
		dig_P7: bare ? 9900 : 15_500,
		dig_P8: bare ? -10_230 : -14_600,
		dig_P9: bare ? 4285 : 6000,
		dig_H1: 75,
		dig_H2: random.between(345, 385),
		dig_H3: 0,
		dig_H4: random.between(280, 340),
		dig_H5: random.between(0, 50),
		dig_H6: 30,
	};
}

/** Writes trimming values where the chip has them: registers 0x88 … 0xA1 and 0xE1 … 0xE7 of `registers`. */
export function storeTrim(trim: Readonly<Trim>, registers: Uint8Array): void {
	const view = new DataView(registers.buffer, registers.byteOffset);
	const { dig_T1, dig_T2, dig_T3, dig_P1, dig_P2, dig_P3, dig_P4, dig_P5, dig_P6, dig_P7, dig_P8, dig_P9 } = trim;
	const words = [dig_T1, dig_T2, dig_T3, dig_P1, dig_P2, dig_P3, dig_P4, dig_P5, dig_P6, dig_P7, dig_P8, dig_P9];
	for (const [index, word] of words.entries()) view.setUint16(0x88 + 2 * index, word & 0xffff, true);
	view.setUint8(0xa1, trim.dig_H1);
	view.setUint16(0xe1, trim.dig_H2 & 0xffff, true);
	view.setUint8(0xe3, trim.dig_H3);
	view.setUint8(0xe4, (trim.dig_H4 >> 4) & 0xff);
	view.setUint8(0xe5, (trim.dig_H4 & 0x0f) | ((trim.dig_H5 & 0x0f) << 4));
	view.setUint8(0xe6, (trim.dig_H5 >> 4) & 0xff);
	view.setUint8(0xe7, trim.dig_H6 & 0xff);
}
