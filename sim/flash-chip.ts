import { frozen } from "../modules/core/frozen.js";

/** Bytes that one program operation of a NOR chip takes at most; it does not cross their bounds. */
export const PAGE = 256;

/** What a NOR flash chip takes for its operations: time in microseconds, supply current in milliamperes. */
export interface FlashChip {
	readonly name: string;
	/** Clock of the bus between processor and chip. */
	readonly hertz: number;
	/** Clocks of a read: instruction, address and mode; then of each byte. */
	readonly readClocks: number;
	readonly readByteClocks: number;
	/** Clocks of a page program: write enable, instruction and address; then of each byte. */
	readonly programClocks: number;
	readonly programByteClocks: number;
	/** A program takes the first byte's time and the next ones', at most the page's. */
	readonly firstByteUs: number;
	readonly nextByteUs: number;
	readonly pageUs: number;
	readonly sectorEraseUs: number;
	readonly readMa: number;
	readonly programMa: number;
	readonly eraseMa: number;
}

/**
 * Winbond W25Q32JV, 4 MiB, as ESP32 modules use it, read by Fast Read Dual I/O (BBh) at ESP-IDF's default of 40 MHz. What
 * the driver and the flash cache of the processor add is not in here.
 *
 * Source: W25Q32JV data sheet, AC characteristics (tBP1, tBP2, tPP, tSE) and DC characteristics (ICC), typical where it
 * says so; read current is the maximum. Figures as public drivers for the JV family quote them, not read from the sheet
 * itself. They quote 0.4 or 0.7 ms as the typical tPP: the longer one is taken, as tBP1 + 255 · tBP2 gives it too.
 */
export const W25Q32JV: FlashChip = frozen({
	name: "W25Q32JV",
	hertz: 40_000_000,
	readClocks: 8 + 12 + 4,
	readByteClocks: 4,
	programClocks: 8 + 8 + 24,
	programByteClocks: 8,
	firstByteUs: 30,
	nextByteUs: 2.5,
	pageUs: 700,
	sectorEraseUs: 45_000,
	readMa: 15,
	programMa: 20,
	eraseMa: 20,
});

/** The same chip at its maxima: worn, hot, at the lowest voltage. */
export const W25Q32JV_WORST: FlashChip = frozen({
	...W25Q32JV,
	name: "W25Q32JV, maxima",
	firstByteUs: 50,
	nextByteUs: 12,
	pageUs: 3000,
	sectorEraseUs: 400_000,
	programMa: 25,
	eraseMa: 25,
});

/** Microseconds that reading so many bytes takes. */
export function readUs(chip: FlashChip, count: number): number {
	return ((chip.readClocks + count * chip.readByteClocks) * 1e6) / chip.hertz;
}

/** Microseconds that programming 1 … 256 bytes of one page takes, the transfer included. */
export function programUs(chip: FlashChip, count: number): number {
	const transfer = ((chip.programClocks + count * chip.programByteClocks) * 1e6) / chip.hertz;
	return transfer + Math.min(chip.pageUs, chip.firstByteUs + (count - 1) * chip.nextByteUs);
}
