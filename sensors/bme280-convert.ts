import { DormouseError } from "../modules/core/errors.js";

/**
 * Trimming values of one chip; the names are those of the data sheet without `dig_`.
 * Source: BST-BME280-DS002 §4.2.2, table 16.
 */
export interface Calibration {
	/** T1, P1: unsigned 16 bits; the other T and P: signed 16 bits. */
	readonly T1: number;
	readonly T2: number;
	readonly T3: number;
	readonly P1: number;
	readonly P2: number;
	readonly P3: number;
	readonly P4: number;
	readonly P5: number;
	readonly P6: number;
	readonly P7: number;
	readonly P8: number;
	readonly P9: number;
	/** H1, H3: unsigned 8 bits; H2: signed 16 bits; H4, H5: signed 12 bits; H6: signed 8 bits. */
	readonly H1: number;
	readonly H2: number;
	readonly H3: number;
	readonly H4: number;
	readonly H5: number;
	readonly H6: number;
}

/** Bytes of the block at 0x88, and of the block at 0xE1. */
export const LOW_BLOCK = 26;
export const HIGH_BLOCK = 7;

/** What the data registers hold when a conversion was skipped, or none was made since power-on (§5.4.7 … §5.4.9). */
export const SKIPPED_20_BIT = 0x80000;
export const SKIPPED_16_BIT = 0x8000;

/**
 * Trimming values of the two calibration blocks.
 * @param low {@link LOW_BLOCK} bytes, registers 0x88 … 0xA1
 * @param high {@link HIGH_BLOCK} bytes, registers 0xE1 … 0xE7
 * @throws {DormouseError} `malformed` when all bytes are 0x00 or all 0xFF, or when T1 or P1 is 0, as in no real chip
 * Source: BST-BME280-DS002 §4.2.2, table 16. H4 and H5 share register 0xE5: H4 has its low nibble, H5 its high one.
 */
export function parseCalibration(low: Uint8Array, high: Uint8Array): Calibration {
	if (isFilledWith(low, low[0]!) && isFilledWith(high, low[0]!) && (low[0] === 0 || low[0] === 0xff))
		throw new DormouseError("malformed", `the BME280's calibration is all 0x${low[0] ? "ff" : "00"}`);
	const t = new DataView(low.buffer, low.byteOffset, LOW_BLOCK);
	const h = new DataView(high.buffer, high.byteOffset, HIGH_BLOCK);
	const shared = h.getUint8(4);
	const calibration = {
		T1: t.getUint16(0, true),
		T2: t.getInt16(2, true),
		T3: t.getInt16(4, true),
		P1: t.getUint16(6, true),
		P2: t.getInt16(8, true),
		P3: t.getInt16(10, true),
		P4: t.getInt16(12, true),
		P5: t.getInt16(14, true),
		P6: t.getInt16(16, true),
		P7: t.getInt16(18, true),
		P8: t.getInt16(20, true),
		P9: t.getInt16(22, true),
		H1: t.getUint8(25),
		H2: h.getInt16(0, true),
		H3: h.getUint8(2),
		H4: (h.getInt8(3) << 4) | (shared & 15),
		H5: (h.getInt8(5) << 4) | (shared >> 4),
		H6: h.getInt8(6),
	};
	if (calibration.T1 === 0 || calibration.P1 === 0)
		throw new DormouseError("malformed", "the BME280's calibration has T1 or P1 = 0");
	return calibration;
}

/** Whether every byte is `byte`. */
export function isFilledWith(bytes: Uint8Array, byte: number): boolean {
	return bytes.every((each) => each === byte);
}

/**
 * Temperature at fine resolution, which humidity and pressure need as well: 1/5120 °C.
 * @param raw 20 bits
 * Source: BST-BME280-DS002 §4.2.3, 32-bit integers. Shifts are exact floors here, so that nothing wraps off the scale.
 */
export function fineTemperature(raw: number, c: Calibration): number {
	const linear = floorShift(((raw >> 3) - (c.T1 << 1)) * c.T2, 2048);
	const offset = (raw >> 4) - c.T1;
	return linear + floorShift(floorShift(offset * offset, 4096) * c.T3, 16_384);
}

/**
 * Temperature in steps of 0.01 °C, not clamped.
 * @param fine see {@link fineTemperature}
 * Source: BST-BME280-DS002 §4.2.3.
 */
export function centiCelsius(fine: number): number {
	return floorShift(fine * 5 + 128, 256);
}

/**
 * Relative humidity in steps of 0.001 %, not clamped: near the ends of its range the chip reads beyond 0 and 100.
 * @param raw 16 bits
 * @param fine see {@link fineTemperature}
 * Source: BST-BME280-DS002 §4.2.3 (32-bit integers, Q22.10), without its last step, which clamps to 0 … 100 %.
 */
export function milliPercent(raw: number, fine: number, c: Calibration): number {
	const t = fine - 76_800;
	const offset = floorShift(raw * 16_384 - c.H4 * 1_048_576 - c.H5 * t + 16_384, 32_768);
	const bend = floorShift(floorShift(t * c.H6, 1024) * (floorShift(t * c.H3, 2048) + 32_768), 1024);
	const linear = offset * floorShift((bend + 2_097_152) * c.H2 + 8192, 16_384);
	const half = floorShift(linear, 32_768);
	const q10 = floorShift(linear - floorShift(floorShift(half * half, 128) * c.H1, 16), 4096);
	return floorShift(q10 * 125 + 64, 128); // 1/1024 % to 1/1000 %, rounded
}

/**
 * Pressure in steps of 0.1 Pa (0.001 hPa), not clamped.
 * @param raw 20 bits
 * @param fine see {@link fineTemperature}
 * @returns 0 where the data sheet's formula would divide by zero
 * Source: BST-BME280-DS002 §4.2.3 (64-bit integers, Q24.8). Intermediate values need more than 53 bits, hence BigInt,
 * whose `/` truncates and whose `>>` is arithmetic, as in C.
 */
export function deciPascal(raw: number, fine: number, c: Calibration): number {
	const t = BigInt(fine) - 128_000n;
	const tt = t * t;
	const offset = tt * BigInt(c.P6) + ((t * BigInt(c.P5)) << 17n) + (BigInt(c.P4) << 35n);
	const bend = ((tt * BigInt(c.P3)) >> 8n) + ((t * BigInt(c.P2)) << 12n);
	const slope = (((1n << 47n) + bend) * BigInt(c.P1)) >> 33n;
	if (slope === 0n) return 0;
	const linear = (((BigInt(1_048_576 - raw) << 31n) - offset) * 3125n) / slope;
	const squared = (BigInt(c.P9) * (linear >> 13n) * (linear >> 13n)) >> 25n;
	const q8 = ((linear + squared + ((BigInt(c.P8) * linear) >> 19n)) >> 8n) + (BigInt(c.P7) << 4n);
	return Number((q8 * 10n + 128n) >> 8n); // 1/256 Pa to 1/10 Pa, rounded
}

/** An arithmetic right shift by powers of two that does not wrap at 32 bits; exact up to 2^53. */
function floorShift(value: number, divisor: number): number {
	return Math.floor(value / divisor);
}
