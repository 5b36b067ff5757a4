import { checkCbor } from "../../../modules/codec/cbor-check.js";
import { cborDiagnostic } from "../../../modules/codec/cbor-diagnostic.js";
import { CborReader } from "../../../modules/codec/cbor-reader.js";
import { fromHex } from "../../../modules/core/bytes.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { appendixA } from "../../support/cbor-examples.js";
import { seedOf } from "../../support/seed.js";

const CODES: readonly string[] = ["truncated", "malformed", "depth"];

/** The same bytes in the middle of others: what is read outside shows as another outcome. */
function within(bytes: Uint8Array, around: number): Uint8Array {
	const all = new Uint8Array(bytes.length + 32).fill(around);
	all.set(bytes, 16);
	return all.subarray(16, 16 + bytes.length);
}
/** What comes of it: an offset, or a code and where. @throws whatever is no coded error with an offset */
function outcome(run: () => number): string {
	try {
		return `${run()}`;
	} catch (error) {
		if (!(error instanceof DormouseError) || !CODES.includes(error.code)) throw error;
		assert.ok(/^CBOR at \d+: ./.test(error.message), error.message);
		return error.message;
	}
}
/** All calls of the reader, until one throws: what it gave, and that each goes forward or stays. */
function pulled(bytes: Uint8Array): number {
	const reader = new CborReader(bytes);
	let items = 0;
	for (let calls = 0; !reader.done && calls < 64; calls++) {
		const before = reader.offset;
		try {
			const { initial, major } = reader;
			if (major <= 0x20) reader.bigint();
			else if (major === 0x40) items += reader.byteString().length;
			else if (major === 0x60) items += reader.text().length;
			else if (major === 0x80) assert.ok(reader.array() <= bytes.length);
			else if (major === 0xa0) assert.ok(reader.map() <= bytes.length);
			else if (major === 0xc0) reader.tag();
			else if (initial === 0xff) reader.more(-1);
			else if (initial >= 0xf9) reader.float();
			else reader.simple();
			assert.ok(reader.offset > before && reader.offset <= bytes.length);
			items++;
		} catch (error) {
			if (!(error instanceof DormouseError) || !CODES.includes(error.code)) throw error;
			assert.equal(reader.offset, before);
			return -items;
		}
	}
	return items;
}
function hold(bytes: Uint8Array): boolean {
	const plain = outcome(() => checkCbor(within(bytes, 0x00)));
	const strict = outcome(() => checkCbor(within(bytes, 0x00), 0, true));
	for (const around of [0xff, 0x61]) {
		assert.equal(
			outcome(() => checkCbor(within(bytes, around))),
			plain,
		);
		assert.equal(
			outcome(() => checkCbor(within(bytes, around), 0, true)),
			strict,
		);
		assert.equal(pulled(within(bytes, around)), pulled(within(bytes, 0)));
	}
	const sound = !plain.startsWith("CBOR");
	const deterministic = !strict.startsWith("CBOR");
	if (deterministic) assert.equal(strict, plain);
	if (sound) {
		const end = Number(plain);
		const reader = new CborReader(bytes);
		reader.skip();
		assert.equal(reader.offset, end);
		cborDiagnostic(bytes.subarray(0, end));
		// An item ends where it ends: no part of it is one.
		for (let short = 0; short < end; short++)
			assert.ok(outcome(() => checkCbor(bytes.subarray(0, short))).startsWith("CBOR"));
	}
	return sound;
}

describe("CBOR: fuzz", () => {
	const seed = seedOf(8949);
	it(`noise (seed ${seed}): a value or a coded error at an offset, the same whatever lies around`, () => {
		const random = new Seeded(seed);
		const heads = fromHex("829fbf5f7fff1818a1a2c1d818f8f9fafb58789b9a6261f6");
		let sound = 0;
		for (let run = 0; run < 2500; run++) {
			const bytes = Uint8Array.from({ length: random.between(0, 24) }, () =>
				random.real() < 0.4
					? random.u32() & 0xff
					: random.real() < 0.4
						? random.between(0, 4)
						: heads[random.between(0, heads.length - 1)]!,
			);
			if (hold(bytes)) sound++;
		}
		assert.ok(sound > 500 && sound < 2200, `${sound} were sound`);
	});
	it(`the examples of appendix A, damaged (seed ${seed}): the same`, () => {
		const random = new Seeded(seed);
		let sound = 0;
		for (let run = 0; run < 2500; run++) {
			const bytes = fromHex(appendixA[random.between(0, appendixA.length - 1)]![1]);
			for (let damage = random.between(1, 3); damage > 0; damage--) {
				const at = random.between(0, bytes.length - 1);
				if (random.real() < 0.5) bytes[at] = random.u32() & 0xff;
				else bytes[at] = bytes[at]! ^ (1 << random.between(0, 7));
			}
			if (hold(bytes.subarray(0, random.real() < 0.8 ? bytes.length : random.between(0, bytes.length)))) sound++;
		}
		assert.ok(sound > 500 && sound < 2200, `${sound} were sound`);
	});
	it("every first two bytes: a value or a coded error", () => {
		for (let first = 0; first < 256; first++)
			for (let second = 0; second < 256; second += first >= 0xf8 ? 1 : 5) {
				const bytes = Uint8Array.of(first, second);
				const plain = outcome(() => checkCbor(bytes));
				if (plain.startsWith("CBOR")) assert.ok(outcome(() => checkCbor(bytes, 0, true)).startsWith("CBOR"));
			}
	});
	it("lengths that are only declared: refused at once, with nothing made of them", () => {
		for (const major of [0x40, 0x60, 0x80, 0xa0])
			for (const [info, length] of [
				[0x1a, "ffffffff"],
				[0x1a, "7fffffff"],
				[0x1b, "7fffffffffffffff"],
				[0x1b, "ffffffffffffffff"],
				[0x1b, "0020000000000000"],
				[0x19, "ffff"],
			] as const) {
				const bytes = fromHex(`${(major + info).toString(16)}${length}${"61".repeat(20)}`);
				const reader = new CborReader(bytes);
				assert.throws(() => reader.skip(), { code: "truncated", message: "CBOR at 0: " });
				assert.throws(
					() =>
						major === 0x40
							? reader.byteString()
							: major === 0x60
								? reader.text()
								: major === 0x80
									? reader.array()
									: reader.map(),
					{ code: "truncated" },
				);
				const inner = new CborReader(
					fromHex(`${major === 0x60 ? "7f" : "5f"}${(major + info).toString(16)}${length}6161ff`),
				);
				assert.throws(() => (major === 0x60 ? inner.text() : inner.byteString()));
			}
	});
	it("a hundred thousand items in a row, and keys that are long and alike: time in proportion", () => {
		const flat = new Uint8Array(100_005);
		flat.set(fromHex("9a000186a0"));
		assert.equal(checkCbor(flat, 0, true), flat.length);
		const key = `590400${"61".repeat(1024)}`;
		const alike = fromHex(`a2${key}00${key.slice(0, -2)}6200`);
		assert.equal(checkCbor(alike, 0, true), alike.length);
	});
});
