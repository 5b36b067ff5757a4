import { equalBytes, fromHex, utf8 } from "../core/bytes.js";
import { DormouseError, type ErrorCode } from "../core/errors.js";
import type { Mac } from "../core/ports.js";
import type { NodeRecord } from "../core/record.js";
import { ChainCodes, type ChainName, TAG } from "./chain.js";
import { TAGGED } from "./entry.js";
import { CellId, type Log } from "./log.js";
import { LogCursor, type LogQueue } from "./log-queue.js";
import { recordBytesSize, writeRecordBytes } from "./record-bytes.js";
import { EVIDENCE_KEY, type Evidence, type EvidencePorts, type RecordChain } from "./tamper-evidence.js";

/** Bytes at a tagged entry's end: links since genesis u32, tag. */
export const TRAILER = 4 + TAG;
const CELL_LAYOUT = 1;
/** In the cell: layout u8, chain u32, count u32, number u32, tag, genesis, and the node's identity to the end. */
const STATE_AT = 5;
const GENESIS_AT = 13 + TAG;
const NODE_AT = GENESIS_AT + TAG;
const RETAINED = 8 + TAG;
/** Longest key: a block of SHA-256. */
const LONGEST_KEY = 64;

/** What the cell of the chain says. */
export interface ChainCell {
	readonly name: ChainName;
	/** The tag before the first link. */
	readonly genesis: Uint8Array;
	/** Where the chain stood when the log began its newest sector: links since genesis, the newest one's number and tag. */
	readonly count: number;
	readonly number: number;
	readonly tag: Uint8Array;
}

/** Reads the cell of the chain. @returns undefined when it is none of this layout */
export function readChainCell(value: Uint8Array | undefined): ChainCell | undefined {
	if (!value || value[0] !== CELL_LAYOUT || value.length < NODE_AT) return undefined;
	const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
	return {
		name: { node: value.subarray(NODE_AT), chain: view.getUint32(1) },
		genesis: value.subarray(GENESIS_AT, NODE_AT),
		count: view.getUint32(STATE_AT),
		number: view.getUint32(STATE_AT + 4),
		tag: value.subarray(STATE_AT + 8, GENESIS_AT),
	};
}

/**
 * Evidence by a hash chain with the given HMAC-SHA-256.
 * @param make the platform's, or `HmacSha256`
 */
export function hashChainBy(make: (key: Uint8Array) => Mac): Evidence {
	return Object.freeze<Evidence>({ create: (ports) => new HashChain(ports, make) });
}

/** Loads the tagged entry that a cursor stands at. @returns where its link is in the log's page */
export function trailerOf({ sector, entry, length_ }: LogCursor, log: Log): number {
	return log.load(sector * log.size + entry + 1, length_) + length_ - TRAILER;
}

/** The node's chain: keyed by a setting, kept in retained memory, found again in flash. */
class HashChain implements RecordChain {
	readonly retainedVersion = 1;
	problem: ErrorCode | undefined;
	private readonly ports: EvidencePorts;
	private readonly make: (key: Uint8Array) => Mac;
	private codes: ChainCodes | undefined;
	/** 0: nothing is known, 1: retained, 2: certain. */
	private phase = 0;
	/** As retained: count u32 and number u32 of the newest link, its tag. */
	private readonly state = new DataView(new ArrayBuffer(RETAINED));
	private readonly tag = new Uint8Array(this.state.buffer, 8);
	/** The same of a record that is being stored. */
	private readonly next = new Uint8Array(RETAINED);

	constructor(ports: EvidencePorts, make: (key: Uint8Array) => Mac) {
		this.ports = ports;
		this.make = make;
	}
	begin(queue: LogQueue, number: number): void {
		if (!this.codes && !this.problem)
			try {
				const key = fromHex(this.ports.setting(EVIDENCE_KEY) ?? "");
				if (key.length > LONGEST_KEY) throw new DormouseError("range");
				this.codes = new ChainCodes(key, this.make);
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
				this.problem = "key"; // and nothing of the key itself
			}
		const { codes, state } = this;
		const { log } = queue;
		if (!codes || this.phase === 2) return;
		// A log that is as it was left holds nothing that retained memory does not know of.
		if (this.phase === 1 && log.outcome === "resumed") {
			this.phase = 2;
			return;
		}
		const node = utf8(this.ports.nodeId);
		const genesis = new Uint8Array(TAG);
		const cell = readChainCell(log.get(CellId.evidence));
		if (cell) codes.genesis({ node, chain: cell.name.chain }, genesis);
		if (!cell || !equalBytes(genesis, cell.genesis)) {
			// The first chain ever, or another key, or the flash of another node.
			codes.genesis({ node, chain: number }, genesis);
			const value = new Uint8Array(NODE_AT + node.length);
			const view = new DataView(value.buffer);
			view.setUint8(0, CELL_LAYOUT);
			view.setUint32(1, number);
			value.set(genesis, STATE_AT + 8);
			value.set(genesis, GENESIS_AT);
			value.set(node, NODE_AT);
			log.put(CellId.evidence, value);
			this.take(value, STATE_AT);
			return;
		}
		// The newest of what the cell, retained memory and the newest sector say. Where retained memory knows of a later
		// link than flash does, flash has lost records: the chain shows that from then on.
		if (this.phase === 0 || state.getUint32(4) < cell.number || state.getUint32(4) < cell.name.chain) {
			state.setUint32(0, cell.count);
			state.setUint32(4, cell.number);
			this.tag.set(cell.tag);
		}
		this.phase = 2;
		const { sector, sequence } = log.records;
		if (sequence === 0) return;
		const cursor = new LogCursor(queue);
		cursor.passed = 0;
		cursor.start(sector);
		while (cursor.advance(sector)) {
			if (cursor.head & TAGGED && cursor.number >= cell.name.chain && cursor.number > state.getUint32(4)) {
				const at = trailerOf(cursor, log);
				state.setUint32(4, cursor.number);
				for (let n = 0; n < TRAILER; n++) state.setUint8(n < 4 ? n : n + 4, log.page[at + n]!);
			}
			cursor.left = 0;
		}
	}
	append(record: NodeRecord, late: boolean, into: Uint8Array, at: number): number {
		const { codes, state, next } = this;
		if (!codes) return at;
		const body = new DataView(new ArrayBuffer(recordBytesSize(Math.max(record.length, 1))));
		const length = writeRecordBytes(record, late, body);
		codes.link(this.tag, record.number, new Uint8Array(body.buffer, 0, length), next.subarray(8));
		const view = new DataView(next.buffer);
		view.setUint32(0, state.getUint32(0) + 1);
		view.setUint32(4, record.number);
		into.set(next.subarray(0, 4), at);
		into.set(next.subarray(8), at + 4);
		return at + TRAILER;
	}
	stored(): void {
		if (this.codes) this.take(this.next, 0);
	}
	save({ log }: LogQueue): void {
		const value = this.codes && log.get(CellId.evidence);
		if (!value) return;
		value.set(new Uint8Array(this.state.buffer), STATE_AT);
		log.put(CellId.evidence, value);
	}
	retain(into: DataView): number {
		if (this.phase === 0) return 0;
		for (let at = 0; at < RETAINED; at++) into.setUint8(at, this.state.getUint8(at));
		return RETAINED;
	}
	restore(from: DataView, version: number): boolean {
		if (version !== this.retainedVersion) return false;
		if (from.byteLength === 0) return true;
		if (from.byteLength < RETAINED) return false;
		this.take(new Uint8Array(from.buffer, from.byteOffset, RETAINED), 0);
		this.phase = 1;
		return true;
	}

	private take(bytes: Uint8Array, at: number) {
		new Uint8Array(this.state.buffer).set(bytes.subarray(at, at + RETAINED));
		this.phase = 2;
	}
}
