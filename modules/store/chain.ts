import { DormouseError } from "../core/errors.js";
import type { Mac } from "../core/ports.js";

/**
 * Bytes of a tag: HMAC-SHA-256 cut to 128 bits. A forger without the key has one chance in 2^128 for each try, and a
 * collision of tags does not help, since each covers the one before. RFC 2104 §5 asks for half of the hash's length at
 * least. Short enough that a record of up to 32 bytes costs two blocks of SHA-256, not three.
 */
export const TAG = 16;
/** Fewest bytes of a key. */
export const KEY_BYTES = 16;
/** Most bytes of a node's identity, and of a challenge. */
export const IDENTITY_BYTES = 32;

const VERSION = 1;
const RETAINED = 8 + TAG;
/** What a message is about, its first byte: a tag of one kind never passes for another. */
const GENESIS = 0x10 | VERSION;
const LINK = 0x20 | VERSION;
const HEAD = 0x30 | VERSION;

/** How a chain is told from all others: by its node and by a number that the node never uses for another. */
export interface ChainName {
	/** Up to 32 bytes. */
	readonly node: Uint8Array;
	/** 0 … 0xffff_ffff: the boot epoch in which the chain began, for one. */
	readonly chain: number;
}

/**
 * The codes that make a log tamper-evident, over one key.
 *
 * ```
 * genesis = HMAC(key, 11h ‖ node's length u8 ‖ node ‖ chain u32)
 * tag     = HMAC(key, 21h ‖ tag of the link before, or genesis ‖ number u32 ‖ length u16 ‖ bytes)
 * head    = HMAC(key, 31h ‖ node's length u8 ‖ node ‖ chain u32 ‖ newest tag ‖ count u32 ‖ number u32 ‖ challenge)
 * ```
 *
 * Each is cut to {@link TAG} bytes. Altering, dropping, inserting or moving a record breaks the link behind it; the head
 * tells how many links there are, so that dropping the newest shows too. Someone who has the key can forge all of it.
 */
export class ChainCodes {
	private readonly mac: Mac;
	private readonly scratch = new Uint8Array(1 + TAG + 6);
	private readonly view = new DataView(this.scratch.buffer);

	/**
	 * @param key at least {@link KEY_BYTES}, from provisioning; there is no default
	 * @param make the platform's HMAC, or `HmacSha256`
	 * @throws {DormouseError} `range` when the key is too short, or one byte over and over, as memory that nobody wrote
	 */
	constructor(key: Uint8Array, make: (key: Uint8Array) => Mac) {
		if (key.length < KEY_BYTES || key.every((byte) => byte === key[0]))
			throw new DormouseError("range", `a key of the chain has ${KEY_BYTES} random bytes or more`);
		this.mac = make(key);
	}
	/** The tag before the first link. @throws {DormouseError} `range` when the node's identity is too long */
	genesis(name: ChainName, into: Uint8Array): void {
		this.begin(GENESIS, name);
		this.mac.finish(into);
	}
	/** The tag of a record's `bytes` (up to 65,535) behind a link with the tag `before`; both may be the same array. */
	link(before: Uint8Array, number: number, bytes: Uint8Array, into: Uint8Array): void {
		const { mac, scratch, view } = this;
		if (bytes.length > 0xffff) throw new DormouseError("range", "a record of the chain has up to 65,535 bytes");
		scratch[0] = LINK;
		scratch.set(before, 1);
		view.setUint32(1 + TAG, number);
		view.setUint16(5 + TAG, bytes.length);
		mac.reset();
		mac.update(scratch);
		mac.update(bytes);
		mac.finish(into);
	}
	/**
	 * The code of a chain's head.
	 * @param count links since genesis
	 * @param number the newest link's number
	 * @param challenge chosen by who asks, so that an old head does not pass for a new one; may be empty
	 */
	head(name: ChainName, tag: Uint8Array, count: number, number: number, challenge: Uint8Array, into: Uint8Array): void {
		const { mac, view } = this;
		this.begin(HEAD, name);
		mac.update(tag);
		view.setUint32(0, count);
		view.setUint32(4, number);
		mac.update(this.scratch, 0, 8);
		mac.update(challenge);
		mac.finish(into);
	}

	private begin(kind: number, { node, chain }: ChainName) {
		const { mac, scratch, view } = this;
		if (node.length > IDENTITY_BYTES) throw new DormouseError("range", "a node's identity has up to 32 bytes");
		mac.reset();
		scratch[0] = kind;
		scratch[1] = node.length;
		mac.update(scratch, 0, 2);
		mac.update(node);
		view.setUint32(0, chain);
		mac.update(scratch, 0, 4);
	}
}

/**
 * The node's end of a tamper-evident log: where its chain stands. The tag of a record is stored with it, in one write;
 * after a power loss the chain goes on from the newest record that was stored ({@link resume}).
 */
export class Chain {
	static readonly version = VERSION;
	readonly name: ChainName;
	/** Links since genesis. */
	count = 0;
	/** The newest link's number; 0 when there is none. */
	number = 0;
	/** The newest link's tag, or the genesis; changes with each link. */
	readonly tag = new Uint8Array(TAG);
	private readonly codes: ChainCodes;

	/** Begins at genesis. @throws {DormouseError} `range` when the node's identity is too long */
	constructor(codes: ChainCodes, name: ChainName) {
		this.codes = codes;
		this.name = name;
		codes.genesis(name, this.tag);
	}
	/**
	 * Adds a record.
	 * @returns its tag: a view that lives until the next link
	 * @throws {DormouseError} `range` when it is too long; the chain stays as it was
	 */
	link(number: number, bytes: Uint8Array): Uint8Array {
		this.codes.link(this.tag, number, bytes, this.tag);
		this.number = number;
		this.count++;
		return this.tag;
	}
	/** The code of the head, for an export. @param challenge as in {@link ChainCodes.head} */
	head(challenge: Uint8Array, into: Uint8Array): void {
		this.codes.head(this.name, this.tag, this.count, this.number, challenge, into);
	}
	/** Goes on behind a link that was stored. */
	resume(count: number, number: number, tag: Uint8Array): void {
		this.count = count;
		this.number = number;
		this.tag.set(tag);
	}
	/** Writes the retained section, 24 bytes. @returns bytes written */
	retain(into: DataView): number {
		into.setUint32(0, this.count);
		into.setUint32(4, this.number);
		for (let at = 0; at < TAG; at++) into.setUint8(8 + at, this.tag[at]!);
		return RETAINED;
	}
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean {
		if (version !== Chain.version || from.byteLength < RETAINED) return false;
		this.resume(from.getUint32(0), from.getUint32(4), new Uint8Array(from.buffer, from.byteOffset + 8, TAG));
		return true;
	}
}
