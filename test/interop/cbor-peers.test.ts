import * as cbor2 from "cbor2";
import * as cborg from "cborg";
import { checkCbor } from "../../modules/codec/cbor-check.js";
import { CborReader } from "../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../modules/codec/cbor-writer.js";
import { toHex } from "../../modules/core/bytes.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { CborSimple, CborTag, type CborValue, looseBytes, readValue, writeValue } from "../support/cbor-value.js";
import { seedOf } from "../support/seed.js";

const INTEGERS = [0, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER];
const BIGINTS = [2n ** 53n, 2n ** 53n + 1n, 2n ** 60n, 2n ** 63n, 2n ** 64n - 1n];
const FLOATS = [
	0.5,
	-0,
	1.1,
	65_504.5,
	2 ** -24,
	2 ** -25,
	1e300,
	2 ** 60,
	2 ** -149,
	5e-324,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	Number.NEGATIVE_INFINITY,
];
/** Tags that no peer gives a meaning to. */
const TAGS = [1000, 8_000, 64_999, 70_000, 0x1_0000_0001];
const pick = <T>(random: Seeded, from: readonly T[]): T => from[random.between(0, from.length - 1)]!;

/** @param plain nothing that cborg cannot hold: simple values, and −0, which it writes as 0 */
function randomValue(random: Seeded, depth: number, plain: boolean): CborValue {
	switch (random.between(0, depth > 0 ? 12 : 8)) {
		case 0: {
			const value = random.real() < 0.5 ? pick(random, INTEGERS) : random.u32() >>> random.between(0, 31);
			return random.real() < 0.5 ? -value + 0 : value;
		}
		case 1:
			return random.real() < 0.5 ? pick(random, BIGINTS) : -1n - pick(random, BIGINTS);
		case 2:
			return plain ? pick(random, FLOATS) + 0 : pick(random, FLOATS);
		case 3:
			return random.real() < 0.5 ? random.normal() : Math.fround(random.normal());
		case 4:
			return String.fromCodePoint(
				...Array.from({ length: random.between(0, 30) }, () => pick(random, [0x61, 0xe9, 0x20ac, 0x1f600])),
			);
		case 5:
			return Uint8Array.from({ length: random.between(0, 300) }, () => random.u32() & 0xff);
		case 6:
			return pick(random, [true, false, null, undefined]);
		case 7:
			return plain ? random.u32() : new CborSimple(pick(random, [0, 19, 32, 99, 255]));
		case 8:
			return random.normal() * 2 ** random.between(-40, 40);
		case 9:
			return new CborTag(pick(random, TAGS), randomValue(random, depth - 1, plain));
		case 10:
		case 11:
			return Array.from({ length: random.between(0, 12) }, () => randomValue(random, depth - 1, plain));
		default: {
			const keys = [0, 5, 24, 1000, -1, -30, "", "a", "b", "aa", "ab", "é", "a rather long key of some thirty"];
			return new Map(keys.filter(() => random.real() < 0.4).map((key) => [key, randomValue(random, depth - 1, plain)]));
		}
	}
}
function encoded(value: CborValue): Uint8Array {
	return writeValue(new CborWriter(new Uint8Array(200_000)), value).written;
}
function read(bytes: Uint8Array, strict = false): CborValue {
	const reader = new CborReader(bytes, { strict, depth: 32 });
	const value = readValue(reader);
	reader.end();
	return value;
}

interface Peer {
	readonly name: string;
	readonly plain: boolean;
	encode(value: unknown): Uint8Array;
	decode(bytes: Uint8Array): unknown;
	tag(tag: number, content: unknown): object;
	simple(value: number): object;
}
const preserved = cborg.Tagged.preserve(...TAGS);
const peers: readonly Peer[] = [
	{
		name: "cborg",
		plain: true,
		encode: (value) => cborg.encode(value, cborg.rfc8949EncodeOptions),
		decode: (bytes) => cborg.decode(bytes, { useMaps: true, tags: preserved }),
		tag: (tag, content) => new cborg.Tagged(tag, content),
		simple: () => assert.fail("none"),
	},
	{
		name: "cbor2",
		plain: false,
		encode: (value) => cbor2.encode(value, cbor2.cdeEncodeOptions),
		decode: (bytes) => cbor2.decode(bytes, { preferMap: true }),
		tag: (tag, content) => new cbor2.Tag(tag, content),
		simple: (value) => new cbor2.Simple(value),
	},
];
function toPeer(value: CborValue, peer: Peer): unknown {
	if (value instanceof CborTag) return peer.tag(value.tag as number, toPeer(value.content, peer));
	if (value instanceof CborSimple) return peer.simple(value.simple);
	if (Array.isArray(value)) return value.map((item) => toPeer(item, peer));
	if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, toPeer(part, peer)]));
	return value;
}
function fromPeer(value: unknown): CborValue {
	if (value instanceof cborg.Tagged) return new CborTag(value.tag, fromPeer(value.value));
	if (value instanceof cbor2.Tag) return new CborTag(Number(value.tag), fromPeer(value.contents));
	if (value instanceof cbor2.Simple) return new CborSimple(value.value);
	if (Array.isArray(value)) return value.map(fromPeer);
	if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, fromPeer(part)]));
	return value as CborValue;
}

describe("interop: CBOR of every kind", () => {
	const seed = seedOf(8949);
	for (const peer of peers) {
		it(`${peer.name}, random values (seed ${seed}): the same bytes from both, read back by both, strictly`, () => {
			const random = new Seeded(seed);
			for (let run = 0; run < 1500; run++) {
				const value = randomValue(random, 4, peer.plain);
				const bytes = encoded(value);
				const theirs = peer.encode(toPeer(value, peer));
				assert.equal(toHex(bytes), toHex(theirs));
				assert.equal(checkCbor(bytes, 0, true), bytes.length);
				assert.deepEqual(read(theirs, true), value);
				assert.equal(toHex(encoded(fromPeer(peer.decode(bytes)))), toHex(bytes));
			}
		});
		it(`${peer.name}, longer heads and floats, keys in any order, indefinite lengths (seed ${seed}): one value to both`, () => {
			const random = new Seeded(seed);
			let refused = 0;
			for (let run = 0; run < 1500; run++) {
				const value = randomValue(random, 4, peer.plain);
				// cborg has no strings of indefinite length.
				const bytes = Uint8Array.from(looseBytes(value, random, peer.name !== "cborg"));
				const expected = toHex(encoded(value));
				assert.equal(toHex(encoded(read(bytes))), expected);
				assert.equal(toHex(encoded(fromPeer(peer.decode(bytes)))), expected);
				if (toHex(bytes) !== expected) {
					assert.throws(() => read(bytes, true), { code: "malformed" });
					refused++;
				}
			}
			assert.ok(refused > 500, `strict refused ${refused}`);
		});
	}
	it(`cbor2, damaged bytes (seed ${seed}): the same is taken and refused by both`, () => {
		const random = new Seeded(seed);
		let taken = 0;
		for (let run = 0; run < 3000; run++) {
			const bytes = Uint8Array.from(looseBytes(randomValue(random, 2, false), random));
			for (let damage = random.between(0, 2); damage > 0 && bytes.length > 0; damage--)
				bytes[random.between(0, Math.min(bytes.length, 12) - 1)] = random.u32() & 0xff;
			let ours = true;
			let theirs = true;
			try {
				ours = checkCbor(bytes, 0, false, 64) === bytes.length;
			} catch {
				ours = false;
			}
			try {
				cbor2.decode(bytes, { ignoreGlobalTags: true, maxDepth: 80 });
			} catch {
				theirs = false;
			}
			assert.equal(ours, theirs, toHex(bytes));
			if (ours) taken++;
		}
		assert.ok(taken > 1000 && taken < 2700, `${taken} were taken`);
	});
});
