import { checkCbor } from "../../../modules/codec/cbor-check.js";
import { cborDiagnostic } from "../../../modules/codec/cbor-diagnostic.js";
import { CborReader } from "../../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../../modules/codec/cbor-writer.js";
import { fromHex, toHex } from "../../../modules/core/bytes.js";
import type { DormouseError } from "../../../modules/core/errors.js";
import * as assert from "../../assert.js";
import { appendixA, appendixF } from "../../support/cbor-examples.js";

/** All that a reader can be asked for. */
const asks: readonly ((r: CborReader) => unknown)[] = [
	(r) => r.int(),
	(r) => r.uint(),
	(r) => r.bigint(),
	(r) => r.float(),
	(r) => r.number(),
	(r) => r.byteString(),
	(r) => r.text(),
	(r) => r.array(),
	(r) => r.map(),
	(r) => r.tag(),
	(r) => r.null(),
	(r) => r.undefined(),
	(r) => r.boolean(),
	(r) => r.simple(),
	(r) => r.skip(),
];

describe("CBOR: RFC 8949 appendix A", () => {
	it("the table: whole", () => {
		assert.equal(appendixA.length, 81);
	});
	for (const [diagnostic, hex, write] of appendixA)
		it(`${diagnostic.slice(0, 40)}: ${hex.slice(0, 24)}, ${write ? "both ways" : "read only"}`, () => {
			const bytes = fromHex(hex);
			assert.equal(cborDiagnostic(bytes), diagnostic);
			assert.equal(checkCbor(bytes), bytes.length);
			if (write) {
				const writer = new CborWriter(new Uint8Array(bytes.length));
				write(writer);
				assert.equal(toHex(writer.written), hex);
				assert.equal(checkCbor(bytes, 0, true), bytes.length);
				new CborReader(bytes, { strict: true }).skip();
			} else if (hex !== "f98000") assert.throws(() => checkCbor(bytes, 0, true), { code: "malformed" });
		});
	it("each, in less room: overflow, and each call changed all or nothing", () => {
		for (const [, hex, write] of appendixA)
			for (let room = 0; write && room < hex.length / 2; room++) {
				const all = new Uint8Array(hex.length / 2 + 2).fill(0xee);
				const writer = new CborWriter(all.subarray(1, -1)).reset(room);
				assert.throws(() => write(writer), { code: "overflow" });
				const whole = hex.slice(0, 2 * writer.length);
				assert.equal(toHex(all), `ee${whole}${"ee".repeat(all.length - 1 - writer.length)}`);
			}
	});
	it("each, cut after any byte: truncated at an offset, whatever is asked for, and the reader stands where it stood", () => {
		let cuts = 0;
		for (const [, hex] of appendixA) {
			const bytes = fromHex(hex);
			for (let short = 0; short < bytes.length; short++, cuts++) {
				const cut = bytes.subarray(0, short);
				assert.throws(() => checkCbor(cut), { code: "truncated", message: "CBOR at " });
				if (short > 0) assert.throws(() => cborDiagnostic(cut), { code: "truncated" });
				for (const ask of asks) {
					const reader = new CborReader(cut);
					try {
						ask(reader);
						assert.ok(reader.offset <= short);
					} catch (error) {
						const { code } = error as DormouseError;
						assert.ok(code === "truncated" || (code === "type" && short > 0), code);
						assert.equal(reader.offset, 0);
					}
				}
			}
		}
		assert.equal(cuts, 507);
	});
});

describe("CBOR: RFC 8949 appendix F", () => {
	it("the table: whole", () => {
		assert.equal(appendixF.flatMap(([, , items]) => items.split(", ")).length, 94);
	});
	for (const [kind, codes, items] of appendixF)
		it(`${kind}: ${codes}, whatever is asked for`, () => {
			for (const hex of items.split(", ")) {
				const bytes = fromHex(`01${hex}`);
				for (const strict of [false, true]) {
					let thrown: DormouseError | undefined;
					try {
						checkCbor(bytes, 1, strict);
					} catch (error) {
						thrown = error as DormouseError;
					}
					assert.ok(thrown, hex);
					if (!strict) assert.ok(codes.includes(thrown.code), `${hex}: ${thrown.message}`);
					const at = Number(/^CBOR at (\d+): ./.exec(thrown.message)![1]);
					assert.ok(at >= 1 && at <= bytes.length, thrown.message);
				}
				assert.throws(() => cborDiagnostic(bytes));
				for (const ask of asks) {
					const reader = new CborReader(bytes);
					reader.int();
					try {
						ask(reader); // a container's or tag's head alone may be sound
						assert.ok(/^[89abcd]/.test(hex), hex);
					} catch (error) {
						assert.ok(["truncated", "malformed", "type"].includes((error as DormouseError).code), hex);
						assert.equal(reader.offset, 1);
					}
				}
			}
		});
});
