import { CborWriter } from "../../../modules/codec/cbor-writer.js";
import { frameSchema, type SchemaQuantity } from "../../../modules/codec/schema.js";
import { fromHex } from "../../../modules/core/bytes.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { RecordKind } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import { Collector } from "../../../tools/collector.js";
import { decodeSenml, resolveSenml, type SenmlRecord } from "../../../tools/senml.js";
import { decodePack } from "../../../tools/senml-records.js";
import * as assert from "../../assert.js";
import type { PlainRecord } from "../../support/records.js";
import { seedOf } from "../../support/seed.js";
import { encodePack } from "../../support/senml.js";

const SEED = seedOf(8949);
/** RFC 8428 §6: the dump of the second example of §5.1.2. */
const RFC_PACK = fromHex(
	"87a721781b75726e3a6465763a6f773a313065323037336130313038303036" +
		"3a22fb41d303a15b00106223614120050067766f6c7461676501615602fb405e066666666666" +
		"a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccd" +
		"a3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00" +
		"a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333333333",
);

describe("senml-cbor on the host", () => {
	it("RFC 8428 §6: the pack of the dump, as its diagnostic notation has it", () => {
		assert.equal(RFC_PACK.length, 0xc3);
		assert.deepEqual(decodeSenml(RFC_PACK), [
			{
				bn: "urn:dev:ow:10e2073a0108006:",
				bt: 1276020076.001,
				bu: "A",
				bver: 5,
				n: "voltage",
				u: "V",
				v: 120.1,
			},
			...[1.2, 1.3, 1.4, 1.5, 1.6].map((v, n) => ({ n: "current", t: n - 5, v })),
			{ n: "current", t: 0, v: 1.7 },
		]);
	});
	it("RFC 8428 §6: resolved, in order of time, and the version told in each, since it is not 10", () => {
		const resolved = resolveSenml(decodeSenml(RFC_PACK));
		assert.deepEqual(
			resolved.map(({ v }) => v),
			[1.2, 1.3, 1.4, 1.5, 1.6, 120.1, 1.7],
		);
		assert.deepEqual(resolved[5], {
			n: "urn:dev:ow:10e2073a0108006:voltage",
			u: "V",
			v: 120.1,
			t: 1276020076.001,
			bver: 5,
		});
		assert.deepEqual(resolved[0], { ...resolved[0], n: "urn:dev:ow:10e2073a0108006:current", u: "A", bver: 5 });
		assert.near(resolved[0]!.t, 1276020071.001, 1e-6);
	});
	for (const [name, hex, expected] of [
		["decimal fraction", "81a200616102c48221190869", [{ n: "a", v: 21.53 }]],
		["decimal fraction with a positive exponent", "81a200616102c4820101", [{ n: "a", v: 10 }]],
		["an unknown label and an unknown number: passed over", "81a400616102016178820102187bf6", [{ n: "a", v: 1 }]],
		["a map of indefinite length", "81bf0061610201ff", [{ n: "a", v: 1 }]],
		["no record", "80", []],
	] as const)
		it(`${name}: taken`, () => {
			assert.deepEqual(decodeSenml(fromHex(hex)), expected);
		});
	it("each kind of value: taken", () => {
		assert.deepEqual(decodeSenml(fromHex("83a200616103617aa200616104f5a20061610842beef")), [
			{ n: "a", vs: "z" },
			{ n: "a", vb: true },
			{ n: "a", vd: Uint8Array.of(0xbe, 0xef) },
		]);
	});
	for (const [name, hex, code] of [
		["nothing", "", "truncated"],
		["a map", "a0", "type"],
		["an array of indefinite length, which is a stream's", "9fa200616102 01ff", "malformed"],
		["a record that is a number", "8101", "type"],
		["bytes behind the pack", "8000", "malformed"],
		["cut short", "81a200616102", "truncated"],
		["a label twice", "81a20201 0202", "malformed"],
		["a label that must be understood", "81a2020162785f01", "unsupported"],
		["a name that is a number", "81a10001", "type"],
		["a value that is text", "81a1026161", "type"],
		["a boolean that is a number", "81a10401", "type"],
		["a value that is not a number", "81a102f97e00", "type"],
		["a value that is infinite", "81a102f97c00", "type"],
		["data as text", "81a1086161", "type"],
		["null", "81a102f6", "type"],
		["version 0", "81a12000", "malformed"],
		["a version that is a float", "81a120f94900", "type"],
		["another tag than 4", "81a102c11a00000000", "type"],
		["a decimal fraction of one", "81a102c48101", "malformed"],
		["an integer beyond a double's", "81a1021bffffffffffffffff", "range"],
		["a label that is an array", "81a18000", "type"],
	] as const)
		it(`${name}: refused as ${code}`, () => {
			assert.throws(() => decodeSenml(fromHex(hex)), { code });
		});
	it("a stream: said to be one", () => {
		assert.throws(() => decodeSenml(fromHex("9fff")), { code: "malformed", message: "definite length" });
	});
	it(`the RFC's pack with bytes changed (seed ${SEED}): decoded or refused with a code, never anything else`, () => {
		const random = new Seeded(SEED);
		let refused = 0;
		for (let run = 0; run < 5000; run++) {
			const bytes = RFC_PACK.slice(0, random.real() < 0.2 ? random.between(0, RFC_PACK.length) : RFC_PACK.length);
			for (let hits = random.between(1, 3); hits > 0 && bytes.length; hits--)
				bytes[random.between(0, bytes.length - 1)] = random.u32();
			try {
				resolveSenml(decodeSenml(bytes));
			} catch (error) {
				assert.ok(error instanceof DormouseError, String(error));
				refused++;
			}
		}
		assert.ok(refused > 1000 && refused < 5000, `${refused} refused`);
	});
});

describe("senml resolved", () => {
	for (const [name, pack, expected] of [
		[
			"base fields go on to the record that changes them, each by itself",
			[
				{ bn: "a", bt: 3e8, bu: "V", bv: 10, bs: 1, n: "1", v: 1, s: 2 },
				{ n: "2", u: "A", t: 1 },
				{ bn: "b", vs: "x", t: 2 },
			],
			[
				{ n: "a1", u: "V", v: 11, s: 3, t: 3e8 },
				{ n: "a2", u: "A", v: 10, s: 1, t: 3e8 + 1 },
				{ n: "b", u: "V", vs: "x", s: 1, t: 3e8 + 2 },
			],
		],
		["no value but a sum", [{ n: "a", s: 5 }], [{ n: "a", s: 5, t: 0 }]],
		["base fields alone: no record", [{ bn: "a" }, { n: "1", vb: false }], [{ n: "a1", vb: false, t: 0 }]],
		["update time", [{ n: "a", v: 1, ut: 60 }], [{ n: "a", v: 1, ut: 60, t: 0 }]],
		[
			"version 10: not told",
			[
				{ bver: 10, n: "a", v: 1 },
				{ bver: 10, n: "b", v: 2 },
			],
			[
				{ n: "a", v: 1, t: 0 },
				{ n: "b", v: 2, t: 0 },
			],
		],
		[
			"order of time; those of a time stay as they were",
			[
				{ n: "a", v: 1, t: 5 },
				{ n: "b", v: 1, t: -5 },
				{ n: "c", v: 1, t: 5 },
			],
			[
				{ n: "b", v: 1, t: -5 },
				{ n: "a", v: 1, t: 5 },
				{ n: "c", v: 1, t: 5 },
			],
		],
	] as readonly (readonly [string, readonly SenmlRecord[], readonly object[]])[])
		it(`${name}`, () => {
			assert.deepEqual(resolveSenml(pack), expected);
		});
	it("relative times: below 2^28 and only those count from now", () => {
		const times = (pack: SenmlRecord[]) => resolveSenml(pack, 1e9).map(({ t }) => t);
		assert.deepEqual(times([{ n: "a", v: 1 }]), [1e9]);
		assert.deepEqual(times([{ n: "a", v: 1, bt: -600, t: 60 }]), [1e9 - 540]);
		assert.deepEqual(times([{ n: "a", v: 1, t: 2 ** 28 - 1 }]), [1e9 + 2 ** 28 - 1]);
		assert.deepEqual(times([{ n: "a", v: 1, t: 2 ** 28 }]), [2 ** 28]);
	});
	for (const [name, pack, code] of [
		["no name", [{ v: 1 }], "malformed"],
		["a name that begins with a dot", [{ n: ".a", v: 1 }], "malformed"],
		["a name with a blank", [{ bn: "a", n: " b", v: 1 }], "malformed"],
		["no value", [{ n: "a", t: 1 }], "malformed"],
		["two values", [{ n: "a", v: 1, vb: true }], "malformed"],
		["version 11", [{ bver: 11, n: "a", v: 1 }], "unsupported"],
		["version 26, which is 10 with secondary units (RFC 9100)", [{ bver: 26, n: "a", v: 1 }], "unsupported"],
		[
			"two versions",
			[
				{ bver: 5, n: "a", v: 1 },
				{ bver: 10, n: "b", v: 1 },
			],
			"malformed",
		],
		["a sum beyond a double", [{ n: "a", bv: 1.7e308, v: 1.7e308 }], "range"],
	] as readonly (readonly [string, readonly SenmlRecord[], "malformed" | "unsupported" | "range"])[])
		it(`${name}: refused as ${code}`, () => {
			assert.throws(() => resolveSenml(pack), { code });
		});
});

const quantities: readonly SchemaQuantity[] = [
	{ name: "temperature", unit: "Cel", resolution: 0.1, low: -40, high: 85 },
	{ name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 },
];
const WALL = 1_700_000_000;

function sample(number: number, seconds: number, ...values: (number | undefined)[]): PlainRecord {
	return { number, kind: RecordKind.sample, epoch: 1, seconds, wall: false, values };
}
function pack(records: readonly PlainRecord[], seconds: number, wall = 0): Uint8Array {
	return encodePack(quantities, records, 1000, { seconds, wall }).bytes;
}
/** A pack as another might write it. */
function written(...records: readonly (readonly [string, number, string?])[]): Uint8Array {
	const writer = new CborWriter(new Uint8Array(500)).array(records.length);
	for (const [name, value, unit] of records) {
		writer
			.map(unit ? 3 : 2)
			.int(0)
			.text(name);
		if (unit) writer.int(1).text(unit);
		writer.int(2).number(value);
	}
	return writer.written;
}

describe("a node's senml pack", () => {
	it("in another's words, as a translator may leave it: the same records", () => {
		const bytes = written(["n_pressure", 101_320, "Pa"], ["n_temperature", 21.5, "Cel"], ["n_sample.number", 9]);
		assert.deepEqual(decodePack(bytes, quantities), {
			base: "n_",
			absolute: false,
			epoch: undefined,
			records: [
				{ number: 9, kind: RecordKind.sample, seconds: 0, epoch: undefined, wall: false, values: [215, 10_132] },
			],
		});
	});
	for (const [name, bytes, code] of [
		["an empty pack", written(), "malformed"],
		["no number", written(["n_temperature", 21.5, "Cel"]), "malformed"],
		["another node's reading among them", written(["n_sample.number", 9], ["m_temperature", 21.5, "Cel"]), "malformed"],
		[
			"a reading twice",
			written(["n_sample.number", 9], ["n_temperature", 1, "Cel"], ["n_temperature", 1, "Cel"]),
			"malformed",
		],
		["a reading that it does not have", written(["n_sample.number", 9], ["n_lux", 1, "lx"]), "unsupported"],
		["another unit", written(["n_sample.number", 9], ["n_temperature", 1, "K"]), "unsupported"],
		["the secondary unit", written(["n_sample.number", 9], ["n_pressure", 1013.2, "hPa"]), "unsupported"],
		["no unit", written(["n_sample.number", 9], ["n_temperature", 1]), "unsupported"],
		["a value between two steps", written(["n_sample.number", 9], ["n_temperature", 1.05, "Cel"]), "malformed"],
		["a value beyond 32 bits", written(["n_sample.number", 9], ["n_temperature", 3e8, "Cel"]), "malformed"],
		["two kinds", written(["n_sample.number", 9], ["n_health.number", 9]), "malformed"],
		["an unknown kind", written(["n_dream.number", 9]), "unsupported"],
		["an unknown field", written(["n_health.number", 9], ["n_health.mood", 9]), "unsupported"],
		["a number that is none", written(["n_sample.number", 9.5]), "malformed"],
		["names without a device", written(["temperature", 21.5, "Cel"]), "malformed"],
	] as const)
		it(`${name}: refused as ${code}`, () => {
			assert.throws(() => decodePack(bytes, quantities), { code });
		});
});

describe("collector of a senml node", () => {
	const node = { quantities, frame: frameSchema(quantities, 60, 3), encoding: { kind: "senml" } } as const;

	it("packs that overlap: each record once, times from their age", () => {
		const one = new Collector(node);
		const records = [1, 2, 3, 4, 5].map((n) => sample(n, 60 * n, n, 10_000 + n));
		const first = one.take(pack(records.slice(0, 3), 200), 1000 * (WALL + 200));
		assert.deepEqual(
			first.records.map(({ number, wallMs, values }) => [number, wallMs / 1000 - WALL, ...values]),
			[1, 2, 3].map((n) => [n, 60 * n, n, 10_000 + n]),
		);
		const second = one.take(pack(records, 300), 1000 * (WALL + 300));
		assert.deepEqual(
			second.records.map(({ number, wallMs }) => [number, wallMs / 1000 - WALL]),
			[
				[4, 240],
				[5, 300],
			],
		);
		assert.deepEqual([second.duplicates, one.duplicates, one.undecodable], [3, 3, 0]);
	});
	it("wall time known: the node's own times, however late", () => {
		const one = new Collector(node);
		const { records } = one.take(pack([sample(1, 60, 1, 2)], 100, WALL + 100), 1000 * (WALL + 9999));
		assert.equal(records[0]!.wallMs, 1000 * (WALL + 60));
	});
	it("a compact frame: told, counted, nothing taken", () => {
		const one = new Collector(node);
		assert.equal(one.take(fromHex("42beef"), 0).error?.code, "type");
		assert.equal(one.undecodable, 1);
	});
	it(`good packs with bytes changed (seed ${SEED}): never thrown, counts add up`, () => {
		const random = new Seeded(SEED + 1);
		const one = new Collector(node);
		const good = pack(
			[1, 2, 3, 4].map((n) => sample(n, 60 * n, n, 10_000 + n)),
			301,
		);
		let errors = 0;
		for (let run = 0; run < 4000; run++) {
			const bytes = good.slice(0, random.real() < 0.2 ? random.between(0, good.length) : good.length);
			for (let hits = random.between(1, 3); hits > 0 && bytes.length; hits--)
				bytes[random.between(0, bytes.length - 1)] = random.u32();
			const { records, error } = one.take(bytes, 1000 * WALL);
			if (error) errors++;
			for (const { wallMs } of records) assert.ok(Number.isFinite(wallMs));
		}
		assert.deepEqual([one.frames, one.undecodable], [4000, errors]);
		assert.ok(errors > 1000 && errors < 4000, `${errors} refused`);
	});
});
