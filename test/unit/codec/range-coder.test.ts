import { RangeDecoder } from "../../../modules/codec/frame-decoder.js";
import { RangeEncoder, uniform as uniformly } from "../../../modules/codec/range-coder.js";
import { toHex } from "../../../modules/core/bytes.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { seedOf } from "../../support/seed.js";

/** A bit, or one of some that are alike. */
interface Decision {
	readonly uniform: boolean;
	readonly value: number;
	/** How many alike, or p. */
	readonly of: number;
}
const bit = (of: number, value: number): Decision => ({ uniform: false, value, of });
const uniform = (value: number, of: number): Decision => ({ uniform: true, value, of });
/** XS takes some ten times as long. */
const share = (runs: number) => (typeof process === "undefined" ? Math.ceil(runs / 10) : runs);

/** What `docs/wire.md` says of the coder, with one integer that grows without end instead of bytes and carries. */
class Reference {
	low = 0n;
	range = 0x100_0000;
	/** Bytes shifted out. */
	shifts = 0;

	code({ uniform, value, of }: Decision): void {
		if (!uniform) {
			const bound = Math.floor(this.range / 4096) * of;
			if (value) this.#narrow(0, bound);
			else this.#narrow(bound, this.range - bound);
		} else if (of > 4096) {
			this.code({ uniform, value: Math.floor(value / 256), of: Math.ceil(of / 256) });
			this.code({ uniform, value: value % 256, of: 256 });
		} else {
			const part = Math.floor(this.range / of);
			this.#narrow(part * value, part);
		}
	}
	/** The 24 bits of low that are not shifted out. */
	get rest(): number {
		return Number(this.low & 0xff_ffffn);
	}
	/** Whether the bytes so far may still be carried to. */
	get straddles(): boolean {
		return this.rest + this.range > 0x100_0000;
	}
	bytes(): number[] {
		let { low, shifts } = this;
		if (this.straddles) low = (low >> 24n) + 1n;
		else if (this.rest > 0) {
			low = (low + 0xffffn) >> 16n;
			shifts++;
		} else low >>= 24n;
		const bytes: number[] = [];
		for (; shifts > 0; shifts--, low >>= 8n) bytes.unshift(Number(low & 0xffn));
		while (bytes[bytes.length - 1] === 0) bytes.pop();
		return bytes;
	}
	#narrow(by: number, range: number) {
		this.low += BigInt(by);
		this.range = range;
		for (; this.range < 0x1_0000; this.range *= 256, this.shifts++) this.low <<= 8n;
	}
}

/** Encodes with room to spare. */
function encode(decisions: readonly Decision[]): Uint8Array {
	const view = new Uint8Array(5 * decisions.length + 12).fill(0xee);
	const coder = new RangeEncoder(view);
	coder.begin(3, view.length - 4);
	for (const { uniform, value, of } of decisions) {
		if (uniform) uniformly(coder, value, of);
		else coder.code(value, 0, of);
	}
	coder.finish();
	const end = coder.at;
	assert.ok(!coder.full);
	assert.equal(toHex(view.subarray(0, 3)), "eeeeee", "written before the start");
	return view.slice(3, end);
}
function decode(bytes: Uint8Array, decisions: readonly Decision[]): void {
	const coder = new RangeDecoder(Uint8Array.of(0xaa, ...bytes), 1);
	for (const [n, { uniform, value, of }] of decisions.entries())
		assert.equal(uniform ? uniformly(coder, 0, of) : coder.code(0, 0, of), value, `decision ${n}`);
	assert.ok(coder.atEnd || bytes.length === 0, "bytes are left");
}
function both(decisions: readonly Decision[]): Uint8Array {
	const reference = new Reference();
	for (const decision of decisions) reference.code(decision);
	const bytes = encode(decisions);
	assert.equal(toHex(bytes), toHex(Uint8Array.from(reference.bytes())));
	decode(bytes, decisions);
	return bytes;
}
const EDGES = Object.freeze([1, 2, 3, 255, 256, 257, 4095, 4096, 4097, 65_536, 65_537, 0xffff_ffff, 0x1_0000_0000]);

function random(source: Seeded): Decision {
	if (source.real() < 0.6) {
		const p = [1, 4095, 2048, source.between(1, 4095)][source.between(0, 3)]!;
		return bit(p, source.between(0, 4095) < p ? 1 : 0);
	}
	const n = source.real() < 0.5 ? EDGES[source.between(0, 12)]! : (source.u32() >>> source.between(0, 31)) + 1;
	const value = [0, n - 1, Math.floor(source.real() * n)][source.between(0, 2)]!;
	return uniform(value, n);
}

describe("range coder", () => {
	const seed = seedOf(79);
	it(`random decisions (seed ${seed}): the bytes of the reference, and back`, () => {
		const source = new Seeded(seed);
		for (let run = 0; run < share(1200); run++)
			both(Array.from({ length: source.between(0, run % 50 ? 40 : 600) }, () => random(source)));
	});
	it("the least likely outcome again and again: 12 bits each", () => {
		for (const decision of [bit(1, 1), bit(4095, 0)])
			assert.near(both([...Array.from({ length: 400 }, () => decision), bit(2048, 0)]).length, 600, 10);
	});
	it("the likeliest outcome again and again: next to nothing", () => {
		for (const decision of [bit(1, 0), bit(4095, 1)])
			assert.ok(both(Array.from({ length: 2000 }, () => decision)).length <= 16);
	});
	it("uniform: each value of small ranges, both ends of large ones", () => {
		for (const n of [1, 2, 3, 5, 33, 300])
			for (let value = 0; value < n; value++) both([uniform(value, n), bit(2048, 1), uniform(n - 1 - value, n)]);
		for (const n of EDGES)
			for (const value of [0, Math.floor(n / 2), n - 1]) both([uniform(value, n), uniform(value, n), bit(7, 0)]);
	});
	it("uniform of one value: no bytes", () => {
		assert.equal(both(Array.from({ length: 50 }, () => uniform(0, 1))).length, 0);
	});

	for (const carried of [true, false])
		it(`500 bytes of 0xff ${carried ? "and then a carry: all become 0, the byte before them one more" : "and no carry: they stay"}`, () => {
			const source = new Seeded(9);
			const decisions: Decision[] = [];
			const reference = new Reference();
			const take = (decision: Decision) => {
				decisions.push(decision);
				reference.code(decision);
			};
			take(uniform(0x41, 256));
			while (!reference.straddles || reference.shifts < 3) take(random(source));
			// Whatever comes, the part is taken in which the boundary of the byte before lies.
			const from = reference.shifts;
			while (reference.shifts < from + 500) {
				const p = source.between(1, 4095);
				take(bit(p, reference.rest + Math.floor(reference.range / 4096) * p > 0x100_0000 ? 1 : 0));
			}
			assert.ok(reference.straddles);
			// Away from the boundary, to one side.
			while (reference.straddles) take(bit(2048, carried ? 0 : 1));
			take(uniform(77, 200));
			const bytes = both(decisions);
			assert.equal(toHex(bytes.subarray(from, from + 498)), (carried ? "00" : "ff").repeat(498));
		});
	for (const [name, decisions, hex] of [
		["nothing decided: no byte", [], ""],
		["the lower half: no byte, as zeros follow", [bit(2048, 1)], ""],
		["the upper half: one byte", [bit(2048, 0)], "80"],
		["one of 256: its byte", [uniform(0xa7, 256)], "a7"],
		["zeros after it: left out", [uniform(0xa7, 256), ...new Array(9).fill(uniform(0, 256))], "a7"],
		["the last of 2^32: four bytes", [uniform(0xffff_ffff, 2 ** 32)], "ffffffff"],
		[
			"the boundary within the range: the byte written is one more",
			[uniform(4, 9), bit(4, 0), uniform(300, 301)],
			undefined,
		],
	] as const)
		it(`the end: ${name}`, () => {
			const bytes = both(decisions);
			if (hex !== undefined) assert.equal(toHex(bytes), hex);
		});
	it("the end: all three forms come, and none could be a byte shorter", () => {
		const source = new Seeded(11);
		const forms = { carried: 0, byte: 0, none: 0 };
		for (let run = 0; run < share(2000); run++) {
			const decisions = Array.from({ length: source.between(1, 12) }, () => random(source));
			const reference = new Reference();
			for (const decision of decisions) reference.code(decision);
			forms[reference.straddles ? "carried" : reference.rest > 0 ? "byte" : "none"]++;
			const bytes = both(decisions);
			// One byte less can only stand for numbers below: the interval would have to hold a coarser one.
			const scale = BigInt(8 * (reference.shifts + 3 - Math.max(bytes.length - 1, 0)));
			const first = ((reference.low + (1n << scale) - 1n) >> scale) << scale;
			if (bytes.length) assert.ok(first >= reference.low + BigInt(reference.range), "a byte less would do");
		}
		assert.ok(forms.carried > share(50) && forms.byte > share(300) && forms.none > share(20), JSON.stringify(forms));
	});
	it(`code length (seed ${seed}): within 1 % and five bytes of the entropy`, () => {
		const source = new Seeded(seed);
		for (const p of [1, 40, 512, 2048, 3600, 4095]) {
			let bits = 0;
			const decisions: Decision[] = [];
			for (let n = 0; n < share(20_000); n++) {
				const outcome = source.between(0, 4095) < p ? 1 : 0;
				bits -= Math.log2((outcome ? p : 4096 - p) / 4096);
				decisions.push(bit(p, outcome));
			}
			const { length } = encode(decisions);
			assert.ok(length > (0.98 * bits) / 8 - 2 && length < (1.01 * bits) / 8 + 5, `${p}: ${length} of ${bits / 8}`);
		}
	});
	it("no room: nothing beyond the limit, full from the first byte that does not fit", () => {
		const source = new Seeded(12);
		for (let run = 0; run < share(60); run++) {
			const decisions = Array.from({ length: 60 }, () => random(source));
			const reference = new Reference();
			for (const decision of decisions) reference.code(decision);
			const needed = reference.shifts + (!reference.straddles && reference.rest > 0 ? 1 : 0);
			const whole = encode(decisions);
			for (let limit = 0; limit <= needed + 1; limit++) {
				const view = new Uint8Array(limit + 12).fill(0xff);
				const coder = new RangeEncoder(view);
				coder.begin(4, 4 + limit);
				for (const { uniform, value, of } of decisions)
					assert.equal(uniform ? uniformly(coder, value, of) : coder.code(value, 0, of), value);
				coder.finish();
				const end = coder.at;
				assert.equal(coder.full, limit < needed, `${limit} of ${needed} bytes`);
				assert.ok(end <= 4 + limit);
				if (!coder.full) assert.equal(toHex(view.subarray(4, end)), toHex(whole));
				assert.equal(toHex(view.subarray(0, 4)) + toHex(view.subarray(4 + limit)), "ff".repeat(12));
			}
		}
	});
	it("begun again after an overflow: as if it were new", () => {
		const view = new Uint8Array(20);
		const coder = new RangeEncoder(view);
		coder.begin(0, 2);
		for (let n = 0; n < 9; n++) uniformly(coder, 200, 256);
		assert.ok(coder.full);
		coder.begin(5, 20);
		uniformly(coder, 0xa7, 256);
		coder.finish();
		assert.equal(coder.at, 6);
		assert.ok(!coder.full && view[5] === 0xa7);
	});
	it("a decoder with a code that no value has: malformed; one that reads on and on: truncated", () => {
		assert.throws(() => uniformly(new RangeDecoder(Uint8Array.of(0xff, 0xff, 0xff), 0), 0, 3), { code: "malformed" });
		assert.throws(() => uniformly(new RangeDecoder(Uint8Array.of(0xff, 0xff, 0xff), 0), 0, 4097), {
			code: "malformed",
		});
		const endless = new RangeDecoder(new Uint8Array(4), 0);
		assert.throws(
			() => {
				for (let n = 0; n < 5000; n++) uniformly(endless, 0, 256);
			},
			{ code: "truncated" },
		);
	});
});
