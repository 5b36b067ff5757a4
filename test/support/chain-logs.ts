import { CborWriter } from "../../modules/codec/cbor-writer.js";
import { writeLogEntry, writeLogHead, writeLogHeader } from "../../modules/codec/chain-log.js";
import { HmacSha256 } from "../../modules/core/sha256.js";
import { Chain, ChainCodes, type ChainName, TAG } from "../../modules/store/chain.js";
import type { Seeded } from "../../sim/seeded.js";

export interface LogEntry {
	number: number;
	body: Uint8Array;
	tag: Uint8Array;
}
/** The parts of an export, to be tampered with. */
export interface ChainLog {
	readonly name: ChainName;
	before: number;
	tag: Uint8Array;
	entries: LogEntry[];
	head: { count: number; number: number; tag: Uint8Array; challenge: Uint8Array; code: Uint8Array } | undefined;
}

/** A log as a node keeps it: random records, numbers that jump now and then, `older` ones already trimmed. */
export function makeLog(
	random: Seeded,
	key: Uint8Array,
	name: ChainName,
	count: number,
	{ older = 0, challenge = new Uint8Array(0) } = {},
): ChainLog {
	const chain = new Chain(new ChainCodes(key, (each) => new HmacSha256(each)), name);
	let number = random.between(0, 5000);
	const next = () => {
		number += random.real() < 0.1 ? random.between(2, 256) : 1;
		const body = Uint8Array.from({ length: random.between(0, 60) }, () => random.u32());
		return { number, body, tag: chain.link(number, body).slice() };
	};
	for (let n = 0; n < older; n++) next();
	const tag = chain.tag.slice();
	const entries = Array.from({ length: count }, next);
	const code = new Uint8Array(TAG);
	chain.head(challenge, code);
	const head = { count: chain.count, number: chain.number, tag: chain.tag.slice(), challenge, code };
	return { name, before: older, tag, entries, head };
}

/** The export's bytes, and where its items end: the header, each entry, the head. */
export function encodeLog({ name, before, tag, entries, head }: ChainLog): { bytes: Uint8Array; ends: number[] } {
	const out = new CborWriter(new Uint8Array(200 + entries.reduce((sum, { body }) => sum + body.length + 40, 0)));
	const ends: number[] = [];
	writeLogHeader(out, name.node, name.chain, before, tag);
	ends.push(out.length);
	for (const entry of entries) {
		writeLogEntry(out, entry.number, entry.body, entry.tag);
		ends.push(out.length);
	}
	if (head) {
		writeLogHead(out, head.count, head.number, head.tag, head.challenge, head.code);
		ends.push(out.length);
	}
	return { bytes: out.written, ends };
}
