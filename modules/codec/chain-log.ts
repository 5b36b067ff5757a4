import type { CborWriter } from "./cbor-writer.js";

/**
 * An export of a tamper-evident log: a CBOR sequence (RFC 8742), so that a node writes it piece by piece.
 *
 * ```cddl
 * log = header, *(entry / loose), head      ; as a sequence
 * header = [version: 1, node: bstr, chain: uint, before: uint, tag: bstr .size 16]
 * entry = [number: uint, body: bstr, tag: bstr .size 16]
 * loose = [number: uint, body: bstr]
 * head = [count: uint, number: uint, tag: bstr .size 16, challenge: bstr, code: bstr .size 16]
 * ```
 *
 * `before` is how many links of the chain are older than the first entry, the header's `tag` that of the newest of them,
 * or the genesis; `loose` is a record that was stored without a tag, for want of a key: it proves nothing, and is told; `count` is all links, `number` and the head's `tag` those of the newest.
 * `modules/store/chain.ts` says what the tags and the code cover, `tools/verify-log.ts` reads it. This is the version, and
 * how many parts each item has.
 */
export const CHAIN_LOG = Object.freeze({ version: 1, header: 5, entry: 3, loose: 2, head: 5 });

/** Begins an export. @throws {DormouseError} `overflow` */
export function writeLogHeader(
	out: CborWriter,
	node: Uint8Array,
	chain: number,
	before: number,
	tag: Uint8Array,
): void {
	out.array(CHAIN_LOG.header).int(CHAIN_LOG.version).byteString(node).int(chain).int(before).byteString(tag);
}

/** One record. @throws {DormouseError} `overflow` */
export function writeLogEntry(out: CborWriter, number: number, body: Uint8Array, tag: Uint8Array): void {
	out.array(CHAIN_LOG.entry).int(number).byteString(body).byteString(tag);
}

/** One record without a tag. @throws {DormouseError} `overflow` */
export function writeLooseEntry(out: CborWriter, number: number, body: Uint8Array): void {
	out.array(CHAIN_LOG.loose).int(number).byteString(body);
}

/** Ends an export. @throws {DormouseError} `overflow` */
export function writeLogHead(
	out: CborWriter,
	count: number,
	number: number,
	tag: Uint8Array,
	challenge: Uint8Array,
	code: Uint8Array,
): void {
	out.array(CHAIN_LOG.head).int(count).int(number).byteString(tag).byteString(challenge).byteString(code);
}
