import { CborWriter } from "../modules/codec/cbor-writer.js";
import { writeLogEntry, writeLogHead, writeLogHeader, writeLooseEntry } from "../modules/codec/chain-log.js";
import { crc32 } from "../modules/core/crc.js";
import { DormouseError } from "../modules/core/errors.js";
import type { FlashPort } from "../modules/core/ports.js";
import { NodeRecord } from "../modules/core/record.js";
import { HmacSha256 } from "../modules/core/sha256.js";
import { ChainCodes, TAG } from "../modules/store/chain.js";
import { BATCH, TAGGED } from "../modules/store/entry.js";
import { type ChainCell, readChainCell, TRAILER, trailerOf } from "../modules/store/hash-chain.js";
import { CellId, Log } from "../modules/store/log.js";
import { LogCursor, LogQueue } from "../modules/store/log-queue.js";
import { recordBytesSize, writeRecordBytes } from "../modules/store/record-bytes.js";
import { HEADER, RECORDS } from "../modules/store/sectors.js";

/** What of a declaration reading its store needs; a `NodeDeclaration` fits. */
export interface StoreSchema {
	readonly schema: number;
	readonly quantities: readonly unknown[];
}

/** A record as the chain has it. */
export interface StoredRecord {
	readonly number: number;
	/** Its canonical bytes; empty where they cannot be read. */
	readonly body: Uint8Array;
	/** Links up to this one, and its tag; undefined where the record was stored without. */
	readonly link: { readonly count: number; readonly tag: Uint8Array } | undefined;
}

/** What a store holds of its newest chain. */
export interface StoredChain {
	readonly cell: ChainCell;
	/** Oldest first: those too that were delivered, as long as nothing is written over them. */
	readonly records: readonly StoredRecord[];
	/** The link before the first of the records. */
	readonly before: { readonly count: number; readonly tag: Uint8Array };
}

/** Bytes of a sector on ESP32. */
const SECTOR = 4096;
const LONGEST_ENTRY = 300;

/**
 * Reads the chain out of an image of the store partition, with the firmware's own code.
 * @param sectorBytes other than 4,096 in proofs
 * @throws {DormouseError} `malformed` when it is no store, or has no chain; `unsupported` as the log
 */
export function readChain(image: Uint8Array, node: StoreSchema, sectorBytes = SECTOR): StoredChain {
	const port = new ImagePort(image, sectorBytes);
	const ends = sectorsOf(port);
	if (ends.length === 0) throw new DormouseError("malformed", "this is no image of a store");
	const log = new Log({ flash: () => port });
	const width = node.quantities.length;
	const queue = new LogQueue(log, node.schema, width);
	log.ready();
	const cell = readChainCell(log.get(CellId.evidence));
	if (!cell)
		throw new DormouseError("malformed", "this store has no chain: its node declares no evidence, or has no key");
	const record = new NodeRecord(Math.max(width, NodeRecord.widest));
	const body = new DataView(new ArrayBuffer(recordBytesSize(record.values.length)));
	let records: StoredRecord[] = [];
	let before: StoredChain["before"] | undefined;
	let oldest = 0; // records of the oldest sector, where all of them were delivered
	ends.forEach(({ sector, sequence, end }, index) => {
		const cursor = new LogCursor(queue);
		cursor.passed = 0;
		cursor.start(sector);
		if (sequence !== log.records.sequence) cursor.end = end;
		while (cursor.advance(sector)) {
			const { number, head, foreign } = cursor;
			if (number < cell.name.chain) {
				cursor.left = 0;
				continue;
			}
			const link = head & TAGGED ? linkOf(cursor, log) : undefined;
			if (foreign) {
				// Of another declaration: what it says cannot be read. The chain begins behind it.
				cursor.left = 0;
				records = [];
				before = link ?? before;
				continue;
			}
			let length = 0;
			try {
				cursor.read(record);
				length = writeRecordBytes(record, link !== undefined && (head & BATCH) !== 0, body);
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
				cursor.left = 0; // someone wrote it who is not the node: nothing that the tag would fit
			}
			records.push({ number, body: new Uint8Array(body.buffer.slice(0, length)), link });
		}
		if (index === 0 && (records.at(-1)?.number ?? 0) <= log.floor) oldest = records.length;
	});
	// The oldest sector may be half erased, where all in it was delivered: what is behind the last gap is whole.
	for (let n = Math.min(oldest, records.length); n > 0 && !before; n--) {
		const older = records[n - 1]!.link;
		if (!older) continue;
		const newer = records[n]?.link;
		const next = newer ? newer.count - 1 : n < records.length ? older.count : Math.max(cell.count, older.count);
		if (next === older.count) continue;
		records.splice(0, n);
		break;
	}
	if (!before) {
		// The oldest that is left has no link before it to be checked with; it is that for the others.
		const at = records.findIndex(({ link }) => link);
		const link = records[at]?.link;
		const isFirst = link?.count === 1;
		if (link && !isFirst) records.splice(0, at + 1);
		before = isFirst
			? { count: 0, tag: cell.genesis }
			: (link ?? (cell.count ? cell : { count: 0, tag: cell.genesis }));
	}
	return { cell, records, before };
}

/**
 * An export of a store's chain (`modules/codec/chain-log.ts`) for `verifyLog`, out of an image of its partition. Its head
 * is made here, with the key: it tells where the store says that the chain stands. That the newest records were cut off
 * the image, with the cells that know of them, does not show.
 * @param challenge of who asks for the export
 * @throws {DormouseError} as {@link readChain}; `range` when the key is unfit
 */
export function exportChain(
	image: Uint8Array,
	node: StoreSchema,
	key: Uint8Array,
	{ challenge = new Uint8Array(0), sectorBytes = SECTOR } = {},
): Uint8Array {
	const codes = new ChainCodes(key, (each) => new HmacSha256(each));
	const { cell, records, before } = readChain(image, node, sectorBytes);
	const out = new CborWriter(new Uint8Array((records.length + 2) * LONGEST_ENTRY + challenge.length));
	writeLogHeader(out, cell.name.node, cell.name.chain, before.count, before.tag);
	let head = { number: cell.number, count: cell.count, tag: cell.tag };
	for (const { number, body, link } of records) {
		if (!link) writeLooseEntry(out, number, body);
		else {
			writeLogEntry(out, number, body, link.tag);
			if (number > head.number) head = { number, ...link };
		}
	}
	if (before.count > head.count) head = { number: cell.number, ...before };
	const code = new Uint8Array(TAG);
	codes.head(cell.name, head.tag, head.count, head.number, challenge, code);
	writeLogHead(out, head.count, head.number, head.tag, challenge, code);
	return out.written.slice();
}

function linkOf(cursor: LogCursor, log: Log): StoredRecord["link"] {
	if (cursor.length_ < TRAILER) return undefined;
	const at = trailerOf(cursor, log);
	const count = new DataView(log.page.buffer, log.page.byteOffset).getUint32(at);
	return { count, tag: log.page.slice(at + 4, at + TRAILER) };
}

/** Sectors of records, oldest first, and where each ends: the one behind it says so. */
function sectorsOf({ bytes, blockSize }: ImagePort): { sector: number; sequence: number; end: number }[] {
	const found: { sector: number; sequence: number; end: number; view: DataView }[] = [];
	for (let at = 0; at < bytes.length; at += blockSize) {
		const view = new DataView(bytes.buffer, at, HEADER);
		if (!isHeader(bytes, at) || (bytes[at + 3]! & 15) !== RECORDS) continue;
		found.push({ sector: at / blockSize, sequence: view.getUint32(8), end: blockSize, view });
	}
	found.sort((a, b) => a.sequence - b.sequence);
	found.forEach((each, n) => {
		const next = found[n + 1]?.view;
		if (next?.getUint16(24) === (each.sequence & 0xffff)) each.end = next.getUint16(26);
	});
	return found;
}

function isHeader(bytes: Uint8Array, at: number): boolean {
	const view = new DataView(bytes.buffer, at, HEADER);
	return view.getUint16(0) === 0x446d && view.getUint32(28) === crc32(bytes, at, at + 28);
}

/** A copy of an image as a partition: what opening the log puts in order there, the image itself is spared. */
class ImagePort implements FlashPort {
	readonly bytes: Uint8Array;
	readonly size: number;
	readonly blockSize: number;
	readonly writeAlignment: number;

	constructor(image: Uint8Array, blockSize: number) {
		if (image.length === 0 || image.length % blockSize)
			throw new DormouseError("malformed", `an image of a store is whole sectors of ${blockSize} bytes`);
		this.bytes = Uint8Array.from(image);
		this.size = image.length;
		this.blockSize = blockSize;
		let alignment = 1;
		for (let at = 0; at < image.length; at += blockSize)
			if (isHeader(this.bytes, at)) alignment = 1 << (image[at + 3]! >> 4);
		this.writeAlignment = alignment;
	}
	read(into: Uint8Array, offset: number): void {
		into.set(this.bytes.subarray(offset, offset + into.length));
	}
	write(bytes: Uint8Array, offset: number): void {
		for (let n = 0; n < bytes.length; n++) this.bytes[offset + n]! &= bytes[n]!;
	}
	erase(offset: number): void {
		this.bytes.fill(0xff, offset, offset + this.blockSize);
	}
}
