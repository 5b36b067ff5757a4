import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { PROJECT } from "../../sim/engine/bundle.js";

/** Sizes of flash that there is a partition table for, in bytes. */
export const FLASH_SIZES = Object.freeze({ "4MB": 0x40_0000, "8MB": 0x80_0000 });
export type FlashSize = keyof typeof FLASH_SIZES;

/** One line of a partition table. */
export interface Partition {
	readonly name: string;
	readonly type: string;
	readonly subtype: string;
	/** In bytes, as is the size. */
	readonly offset: number;
	readonly size: number;
	readonly flags: readonly string[];
}

/** Where the partition table for a size of flash is. */
export function partitionsFile(flash: FlashSize): string {
	return join(PROJECT, "modules/device/native/esp32", `partitions-${flash.toLowerCase()}.csv`);
}

/** The partition table for a size of flash. */
export function partitionsFor(flash: FlashSize): readonly Partition[] {
	return parsePartitions(readFileSync(partitionsFile(flash), "utf8"));
}

/**
 * Reads a partition table in ESP-IDF's CSV, offsets and sizes as numbers.
 * @throws {DormouseError} `malformed`, naming the line
 * Source: ESP-IDF v6.0.2, docs/en/api-guides/partition-tables.rst
 */
export function parsePartitions(text: string): readonly Partition[] {
	const partitions: Partition[] = [];
	for (const [n, line] of text.split("\n").entries()) {
		if (/^\s*(#|$)/.test(line)) continue;
		const [name = "", type = "", subtype = "", offset = "", size = "", flags = ""] = line
			.split(",")
			.map((cell) => cell.trim());
		if (!name || !type || !subtype || !/^0x[\da-f]+$/i.test(offset) || !/^0x[\da-f]+$/i.test(size))
			throw new DormouseError(
				"malformed",
				`partition table, line ${n + 1}: name, type, subtype, 0x…, 0x… would be right`,
			);
		partitions.push({
			name,
			type,
			subtype,
			offset: Number(offset),
			size: Number(size),
			flags: flags.split(":").filter(Boolean),
		});
	}
	return partitions;
}
