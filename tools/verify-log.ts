import { createHmac, type Hmac } from "node:crypto";
import { CborReader } from "../modules/codec/cbor-reader.js";
import { CHAIN_LOG } from "../modules/codec/chain-log.js";
import { equalBytes } from "../modules/core/bytes.js";
import { DormouseError } from "../modules/core/errors.js";
import type { Mac } from "../modules/core/ports.js";
import { ChainCodes, TAG } from "../modules/store/chain.js";
import { LATE } from "../modules/store/record-bytes.js";

/** What was done to a log. */
export type Tampering =
	/** A record (or the header or the head) is not what was written. */
	| "altered"
	/** Records in front of this one are missing. */
	| "removed"
	/** The record belongs elsewhere in this log. */
	| "reordered"
	/** The record does not belong in this log at this place: a copy, or one of another log. */
	| "inserted"
	/** The newest records are missing, or the head that would tell. */
	| "truncated";

/** What became of a check. */
export type Verdict =
	| {
			readonly ok: true;
			readonly node: Uint8Array;
			readonly chain: number;
			/** How many records, and the numbers of the first and the last; 0 when there is none. */
			readonly records: number;
			readonly from: number;
			readonly to: number;
			/** Records of the chain that are older than these and not in the log: trimmed, or cut off by someone. */
			readonly older: number;
			/** Numbers of records that waited in RTC memory before they were linked, as the node says. */
			readonly late: readonly number[];
			/** Numbers of records among them that carry no tag: whether they are the node's nobody can tell. */
			readonly untagged: readonly number[];
	  }
	| {
			readonly ok: false;
			readonly kind: Tampering;
			/** Place in the log of the first record that is affected, from 0; −1 when it is the header. */
			readonly position: number;
			/** The number that the record there carries; undefined where there is none or it cannot be read. */
			readonly record: number | undefined;
			/** Number of the record in front of it, the last one that is sound; undefined when there is none. */
			readonly after: number | undefined;
			/** One sentence. */
			readonly why: string;
	  };

interface Entry {
	readonly number: number;
	readonly body: Uint8Array;
	readonly tag: Uint8Array;
}
interface Header {
	readonly node: Uint8Array;
	readonly chain: number;
	readonly before: number;
	readonly tag: Uint8Array;
}
interface Head {
	readonly count: number;
	readonly number: number;
	readonly tag: Uint8Array;
	readonly challenge: Uint8Array;
	readonly code: Uint8Array;
}
interface Log {
	readonly header: Header | undefined;
	readonly entries: readonly Entry[];
	/** Numbers of records without a tag. */
	readonly untagged: readonly number[];
	readonly head: Head | undefined;
	/** Why reading ended early. */
	readonly flaw: DormouseError | undefined;
}

/**
 * Checks an exported log (`modules/codec/chain-log.ts`) and names the first record that was tampered with.
 *
 * Records without a tag are no links; they are told, and whether they are welcome is the caller's to say.
 *
 * That a log was tampered with is certain; the kind is the best explanation. Numbers may jump after a power loss, so the
 * chain decides, and numbers only where the chain cannot. Three things do not show: what someone with the key did; that
 * the oldest records are gone, when the header was changed with them (`older` tells how many are not there); and an old
 * log with its old head, unless `challenge` is what the node was asked with this time.
 *
 * @throws {DormouseError} `range` when the key is unfit
 */
export function verifyLog(bytes: Uint8Array, key: Uint8Array, options: { challenge?: Uint8Array } = {}): Verdict {
	const codes = new ChainCodes(key, (each) => new OpenSslMac(each));
	const log = read(bytes);
	if (!log.header) {
		const kind = log.flaw?.code === "truncated" ? "truncated" : "altered";
		return bad(log, kind, -1, `the header cannot be read: ${log.flaw?.message}`);
	}
	return new Check(codes, log, log.header, options.challenge).run();
}

class Check {
	readonly #codes: ChainCodes;
	readonly #log: Log;
	readonly #header: Header;
	readonly #challenge: Uint8Array | undefined;
	/** The head, when its code is right. */
	readonly #head: Head | undefined;

	constructor(codes: ChainCodes, log: Log, header: Header, challenge: Uint8Array | undefined) {
		this.#codes = codes;
		this.#log = log;
		this.#header = header;
		this.#challenge = challenge;
		const { head } = log;
		if (!head) return;
		const code = new Uint8Array(TAG);
		codes.head(header, head.tag, head.count, head.number, head.challenge, code);
		if (equalBytes(code, head.code)) this.#head = head;
	}
	run(): Verdict {
		const { entries } = this.#log;
		if (this.#header.before === 0 && !equalBytes(this.#genesis(), this.#header.tag)) {
			const first = entries[0];
			if (!first || this.#follows(0, -1) || equalBytes(this.#code(this.#genesis(), first), first.tag))
				return this.#bad("altered", -1, "the header is not that of this node and chain");
		}
		for (let at = 0; at < entries.length; at++) if (!this.#follows(at, at - 1)) return this.#explain(at);
		return this.#end();
	}

	/** All links hold: what about the ends? */
	#end(): Verdict {
		const { entries, flaw } = this.#log;
		const { before, node, chain } = this.#header;
		const last = entries.length - 1;
		if (flaw) {
			const kind = flaw.code === "truncated" ? "truncated" : "altered";
			return this.#bad(kind, last + 1, `what follows cannot be read: ${flaw.message}`);
		}
		if (!this.#log.head) return this.#bad("truncated", last + 1, "the head is missing");
		const head = this.#head;
		if (!head)
			return this.#bad("altered", last + 1, "the head's code is wrong, or the header names another node or chain");
		if (this.#challenge && !equalBytes(this.#challenge, head.challenge))
			return this.#bad("truncated", last + 1, "the head answers another challenge: it may be an old one");
		const missing = head.count - before - entries.length;
		if (!equalBytes(head.tag, this.#tagAt(last)))
			return missing > 0
				? this.#bad("truncated", last + 1, `${missing} records up to number ${head.number} are missing`)
				: this.#bad("altered", last + 1, "the head is that of another state of the chain");
		if (missing > 0) return this.#bad("removed", 0, `${missing} older records are missing`);
		if (missing < 0) return this.#bad("altered", -1, "the header counts older records that there are not");
		const [from, to] = [entries[0]?.number ?? 0, entries[last]?.number ?? 0];
		const late = entries.filter(({ body }) => (body[0] ?? 0) & LATE).map(({ number }) => number);
		const { untagged } = this.#log;
		return { ok: true, node, chain, records: entries.length, from, to, older: before, late, untagged };
	}
	/** The record at `at` does not follow the one before it: why? */
	#explain(at: number): Verdict {
		const { entries } = this.#log;
		const entry = entries[at]!;
		if (at === 0 && !this.#head && entries.every((_, n) => !this.#follows(n, n - 1)))
			return this.#bad("altered", 0, "nothing in it verifies: another key, or another node or chain");
		const computed = this.#code(this.#tagAt(at - 1), entry);
		const next = entries[at + 1];
		if (next ? equalBytes(this.#code(computed, next), next.tag) : this.#head && equalBytes(computed, this.#head.tag))
			return this.#bad("altered", at, "its tag was altered");
		const original = entries.findIndex((each, n) => n !== at && equalBytes(each.tag, entry.tag));
		if (original >= 0 && this.#follows(original, original - 1))
			return this.#bad(
				"inserted",
				at,
				`it carries the tag of the ${original < at ? "earlier" : "later"} record ${entries[original]!.number}`,
			);
		for (let other = -1; other < entries.length; other++)
			if (other !== at && other !== at - 1 && this.#follows(at, other))
				return other > at
					? this.#bad("reordered", at, `it belongs behind record ${entries[other]!.number}`)
					: this.#bad("inserted", at, "another record already follows the one that it belongs behind");
		for (let later = at + 1; later < entries.length; later++)
			if (this.#follows(later, at - 1))
				return this.#bad("inserted", at, `record ${entries[later]!.number} belongs in its place`);
		const missing = this.#head && this.#head.count - this.#header.before - entries.length;
		const gap = at > 0 && entry.number !== entries[at - 1]!.number + 1;
		if (missing === undefined ? gap : missing > 0)
			return this.#bad(
				"removed",
				at,
				missing ? `${missing} records in front of it are missing` : "records in front of it are missing",
			);
		if (missing !== undefined && missing < 0)
			return this.#bad("inserted", at, "there are more records than the head counts");
		return this.#bad("altered", at, "it is not what was written");
	}

	#bad(kind: Tampering, position: number, why: string): Verdict {
		return bad(this.#log, kind, position, why);
	}
	#tagAt(at: number): Uint8Array {
		return at < 0 ? this.#header.tag : this.#log.entries[at]!.tag;
	}
	/** Whether the record at `at` is a link behind the one at `before`; −1 is the header. */
	#follows(at: number, before: number): boolean {
		const entry = this.#log.entries[at]!;
		return equalBytes(this.#code(this.#tagAt(before), entry), entry.tag);
	}
	#code(before: Uint8Array, { number, body }: Entry): Uint8Array {
		const into = new Uint8Array(TAG);
		this.#codes.link(before, number, body, into);
		return into;
	}
	#genesis(): Uint8Array {
		const into = new Uint8Array(TAG);
		this.#codes.genesis(this.#header, into);
		return into;
	}
}

function bad({ entries }: Log, kind: Tampering, position: number, why: string): Verdict {
	const record = entries[position]?.number;
	return { ok: false, kind, position, record, after: entries[position - 1]?.number, why };
}

/** Reads as far as it goes. */
function read(bytes: Uint8Array): Log {
	const reader = new CborReader(bytes);
	const entries: Entry[] = [];
	const untagged: number[] = [];
	let header: Header | undefined;
	let head: Head | undefined;
	try {
		header = readHeader(reader);
		while (!reader.done && !head) {
			const parts = reader.array();
			if (parts === CHAIN_LOG.entry)
				entries.push({ number: word(reader), body: limited(reader.byteString(), 0xffff), tag: tag(reader) });
			else if (parts === CHAIN_LOG.loose) {
				untagged.push(word(reader));
				limited(reader.byteString(), 0xffff);
			} else if (parts === CHAIN_LOG.head)
				head = {
					count: word(reader),
					number: word(reader),
					tag: tag(reader),
					challenge: reader.byteString(),
					code: tag(reader),
				};
			else throw new DormouseError("malformed", `an item of ${parts} parts`);
		}
		if (!reader.done) throw new DormouseError("malformed", "something follows the head");
		return { header, entries, untagged, head, flaw: undefined };
	} catch (error) {
		if (!(error instanceof DormouseError)) throw error;
		return { header, entries, untagged, head, flaw: error };
	}
}
function readHeader(reader: CborReader): Header {
	if (reader.array() !== CHAIN_LOG.header) throw new DormouseError("malformed", "no log of a chain");
	const version = reader.uint();
	if (version !== CHAIN_LOG.version) throw new DormouseError("unsupported", `version ${version}`);
	return { node: limited(reader.byteString(), 32), chain: word(reader), before: word(reader), tag: tag(reader) };
}
function word(reader: CborReader): number {
	const value = reader.uint();
	if (value > 0xffff_ffff) throw new DormouseError("malformed", "a number of more than 32 bits");
	return value;
}
function tag(reader: CborReader): Uint8Array {
	const bytes = reader.byteString();
	if (bytes.length !== TAG) throw new DormouseError("malformed", `a tag of ${bytes.length} bytes`);
	return bytes;
}
function limited(bytes: Uint8Array, most: number): Uint8Array {
	if (bytes.length > most) throw new DormouseError("malformed", `${bytes.length} bytes where ${most} are most`);
	return bytes;
}

/** HMAC-SHA-256 by Node's OpenSSL: fast, and not the code that made the log. */
class OpenSslMac implements Mac {
	readonly #key: Uint8Array;
	#hmac: Hmac;

	constructor(key: Uint8Array) {
		this.#key = key;
		this.#hmac = createHmac("sha256", key);
	}
	reset(): void {
		this.#hmac = createHmac("sha256", this.#key);
	}
	update(bytes: Uint8Array, from = 0, to = bytes.length): void {
		this.#hmac.update(bytes.subarray(from, to));
	}
	finish(into: Uint8Array): void {
		into.set(this.#hmac.digest().subarray(0, into.length));
		this.reset();
	}
}
