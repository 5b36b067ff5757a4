import { crc32 } from "../../modules/core/crc.js";
import { EntryReader } from "../../modules/store/entry.js";
import { HEADER } from "../../modules/store/sectors.js";

/** Where an entry of one record is in an image: the record's number, its length byte's place, its sector's sequence. */
export interface Place {
	readonly number: number;
	readonly at: number;
	readonly length: number;
	readonly sequence: number;
}

/** All entries of records in an image of a store with units of one byte, in the order of its sectors. */
export function entriesOf(image: Uint8Array, sectorBytes = 4096): Place[] {
	const found: Place[] = [];
	const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
	for (let sector = 0; sector < image.length; sector += sectorBytes) {
		if (view.getUint16(sector) !== 0x446d || (image[sector + 3]! & 15) !== 1) continue;
		const sequence = view.getUint32(sector + 8);
		for (let at = sector + HEADER; at < sector + sectorBytes && image[at] !== 0xff; ) {
			const length = image[at]!;
			if (length > 0) {
				const reader = new EntryReader(image);
				reader.begin(at + 1, view.getUint32(sector + 12), view.getUint16(sector + 20));
				found.push({ number: reader.number, at, length, sequence });
			}
			at += length > 0 ? length + 4 : 1;
		}
	}
	return found;
}

/** Makes an entry's CRC fit what it holds by now, as someone would who knows the format. */
export function mend(image: Uint8Array, { at, length, sequence }: Place): void {
	const crc = crc32(image, at, at + 1 + length, sequence);
	image.set([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff], at + 1 + length);
}
