import type { FrameTime } from "../../../modules/codec/frame.js";
import { TimeBase } from "../../../modules/codec/frame.js";
import { type DecodedFrame, decodeFrame } from "../../../modules/codec/frame-decoder.js";
import { FrameEncoder } from "../../../modules/codec/frame-encoder.js";
import { frameSchema } from "../../../modules/codec/schema.js";
import { shortSize } from "../../../modules/codec/short-frame.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import { fromScaled, type Quantity, quantity } from "../../../modules/measure/quantity.js";
import { Seeded } from "../../../sim/seeded.js";
import { type CodecNode, generateCodec, TTN_LIMIT } from "../../../tools/codec/generate.js";
import { Collector } from "../../../tools/collector.js";
import { fieldName, fieldValue, kindName } from "../../../tools/record-fields.js";
import * as assert from "../../assert.js";
import { es5Fault, runEs5 } from "../../support/es5.js";
import { PlainCursor, type PlainRecord, randomRecords } from "../../support/records.js";
import { seedOf } from "../../support/seed.js";

const WALL = 1_772_323_200; // 2026-03-01T00:00:00Z
const UNITS = ["Cel", "%RH", "hPa", "V", "lx", "ppm", "m/s"] as const;

interface Node extends CodecNode {
	readonly quantities: readonly Quantity[];
}
interface Decoded {
	readonly data: {
		readonly node?: string;
		readonly schema?: number;
		readonly time?: string | null;
		readonly units?: Record<string, string>;
		readonly records?: readonly {
			readonly number: number;
			readonly kind: string;
			readonly time: string | null;
			readonly wall: boolean;
			readonly epoch?: number;
			readonly seconds?: number;
			readonly values: Record<string, number | null>;
		}[];
		readonly [reading: string]: unknown;
	};
	readonly warnings: readonly string[];
	readonly errors: readonly string[];
}
/** The generated file, loaded: decodes bytes that arrived then. */
type Decode = (bytes: Uint8Array, arrivedMs?: number) => Decoded;

function node(name: string, quantities: readonly Quantity[], every = 600, batch = 12): Node {
	return { name, quantities, frame: frameSchema(quantities, every, batch) };
}
function load(nodes: readonly Node[]): Decode {
	const call = runEs5(generateCodec(nodes, "ttn").code);
	return (bytes, arrivedMs) =>
		call(
			`decodeUplink({ bytes: [${bytes.join()}], fPort: 1${arrivedMs === undefined ? "" : `, recvTime: new Date(${arrivedMs})`} })`,
		) as Decoded;
}
const weather = node("weather", [
	quantity({ name: "temperature", unit: "Cel", resolution: 0.01, low: -40, high: 85 }),
	quantity({ name: "humidity", unit: "%RH", resolution: 0.1, low: 0, high: 100 }),
	quantity({ name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 }),
	quantity({ name: "battery", unit: "V", resolution: 0.01, low: 0, high: 4.9 }),
]);

function encode(one: Node, records: readonly PlainRecord[], time: FrameTime, room = 2000) {
	const view = new Uint8Array(Math.max(room, 8));
	const cursor = new PlainCursor(records);
	const encoder = new FrameEncoder(one.frame, view, new PlainCursor(records), new NodeRecord(32));
	return { bytes: view.slice(0, encoder.encode(cursor, room, time)), taken: cursor.at };
}
function sample(number: number, seconds: number, ...values: (number | undefined)[]): PlainRecord {
	return { number, kind: RecordKind.sample, epoch: 7, seconds, wall: true, values };
}
function iso(ms: number): string {
	return new Date(ms).toISOString();
}

function randomNode(random: Seeded, name: string): Node {
	const quantities: Quantity[] = [];
	for (let n = random.between(1, 24); n > 0; n--) {
		const power = random.between(-6, 6);
		const resolution = Number(`${[1, 2, 5][random.between(0, 2)]}e${Math.min(power, 5)}`);
		const most = random.real() < 0.1 ? 0x7fff_0000 : 10 ** random.between(1, 8);
		const ends = [random.between(-most, most), random.between(-most, most)].sort((a, b) => a - b);
		const unit = UNITS[random.between(0, UNITS.length - 1)]!;
		const [low, high] = [ends[0]! * resolution, (ends[1]! + 1) * resolution];
		quantities.push(quantity({ name: `q${n}`, unit, resolution, low, high }));
	}
	return node(name, quantities, random.between(1, 86_400), random.between(1, 255));
}

/** What a data object should be, by the firmware's own decoder. */
function expected(one: Node, frame: DecodedFrame) {
	return frame.records.map(({ number, kind, wall, epoch, seconds, values }) => ({
		number,
		kind: kindName(kind),
		wall,
		...(frame.base === TimeBase.epoch ? { epoch, seconds } : {}),
		values: Object.fromEntries(
			values.map((value, n) =>
				kind === RecordKind.sample
					? [one.quantities[n]!.name, value === undefined ? null : fromScaled(value, one.quantities[n]!)]
					: [fieldName(kind, n), fieldValue(kind, n, value!)],
			),
		),
	}));
}
function withoutTimes({ data }: Decoded) {
	return data.records!.map(({ time, ...rest }) => rest);
}

describe("generated codec", () => {
	const decode = load([weather]);

	for (const target of ["ttn", "chirpstack"] as const)
		it(`for ${target}: ECMAScript 5, and small enough for The Things Stack`, () => {
			const { code } = generateCodec([weather], target);
			assert.equal(es5Fault(code), undefined);
			assert.ok(Buffer.byteLength(code) < TTN_LIMIT);
		});
	it("the check for ECMAScript 5: finds what is newer", () => {
		for (const code of [
			"let a;",
			"var f = () => 1;",
			"var s = `a`;",
			"f(1, );",
			"var { a } = b;",
			"a ** b",
			"f({ a });",
			"f({ a() {} });",
			"f({ [a]: 1 });",
		])
			assert.ok(es5Fault(code) !== undefined, code);
		for (const name of ["Map", "Promise", "Uint8Array", "Symbol", "BigInt", "globalThis", "Reflect", "Math.clz32"])
			assert.equal(runEs5("")(`typeof ${name}`), "undefined", name);
		assert.equal(runEs5("")("[].find === undefined && ''.padStart === undefined && Object.values === undefined"), true);
	});
	it("a frame of samples: names, units, times, numbers without binary noise, the newest on top", () => {
		const records = [sample(1, 0, 2153, 847, 10_001, 412), sample(2, 600, -7, undefined, 9998, 411)];
		const time = { epoch: 7, seconds: 660, wall: WALL + 660, stamped: false };
		assert.deepEqual(decode(encode(weather, records, time).bytes, 1000 * (WALL + 700)), {
			data: {
				node: "weather",
				schema: weather.frame.schema,
				time: "2026-03-01T00:10:00.000Z",
				temperature: -0.07,
				pressure: 999.8,
				battery: 4.11,
				units: { temperature: "Cel", humidity: "%RH", pressure: "hPa", battery: "V" },
				records: [
					{
						number: 1,
						kind: "sample",
						time: "2026-03-01T00:00:00.000Z",
						wall: true,
						values: { temperature: 21.53, humidity: 84.7, pressure: 1000.1, battery: 4.12 },
					},
					{
						number: 2,
						kind: "sample",
						time: "2026-03-01T00:10:00.000Z",
						wall: true,
						values: { temperature: -0.07, humidity: null, pressure: 999.8, battery: 4.11 },
					},
				],
			},
			warnings: [],
			errors: [],
		});
	});
	it("health and sync: their fields have names", () => {
		const health: PlainRecord = { ...sample(1, 5, 1, 2, 3), kind: RecordKind.health };
		const sync: PlainRecord = { ...sample(2, 10, WALL | 0), kind: RecordKind.sync };
		const time = { epoch: 7, seconds: 20, wall: 0, stamped: false };
		const { data } = decode(encode(weather, [health, sync], time).bytes, 0);
		assert.deepEqual(
			data.records!.map(({ kind, time, epoch, seconds, values }) => ({ kind, time, epoch, seconds, values })),
			[
				{
					kind: "health",
					time: iso(1000 * (WALL - 5)),
					epoch: 7,
					seconds: 5,
					values: { start: 1, resetReason: 2, absent: 3 },
				},
				{ kind: "sync", time: iso(1000 * WALL), epoch: 7, seconds: 10, values: { wall: WALL } },
			],
		);
		assert.equal(data.time, null);
	});
	it("times: from the arrival where the frame tells an age, none where it tells nothing", () => {
		const arrived = 1000 * WALL + 123;
		const at = (time: FrameTime, room?: number) => {
			const { bytes } = encode(weather, [sample(1, 100, 0, 0, 10_000, 0)], time, room);
			return decode(bytes, arrived).data.records![0]!.time;
		};
		assert.equal(at({ epoch: 7, seconds: 130, wall: 0, stamped: true }), iso(arrived - 30_000));
		assert.equal(at({ epoch: 7, seconds: 130, wall: 0, stamped: false }), iso(arrived - 30_000));
		assert.equal(at({ epoch: 8, seconds: 130, wall: 0, stamped: false }), null);
		assert.equal(at({ epoch: 7, seconds: 130, wall: WALL, stamped: true }), iso(1000 * (WALL - 30)));
		assert.equal(
			at({ epoch: 7, seconds: 130, wall: WALL - 5 * 86_400, stamped: true }),
			iso(1000 * (WALL - 5 * 86_400 - 30)),
		);
		assert.equal(at({ epoch: 7, seconds: 130, wall: 0, stamped: true }, 11), iso(arrived - 30_000));
		assert.equal(at({ epoch: 8, seconds: 130, wall: 0, stamped: true }, 11), null);
		assert.equal(at({ epoch: 7, seconds: 9_000_100, wall: WALL, stamped: true }), iso(1000 * (WALL - 9_000_000)));
	});
	it("recvTime: a date, milliseconds or text; without one it is now", () => {
		const { bytes } = encode(weather, [sample(1, 0, 0, 0, 10_000, 0)], {
			epoch: 7,
			seconds: 0,
			wall: 0,
			stamped: true,
		});
		const call = runEs5(generateCodec([weather], "chirpstack").code);
		const at = (time: string) =>
			(call(`decodeUplink({ bytes: [${bytes.join()}], fPort: 1, variables: {}${time} })`) as Decoded).data.time;
		assert.equal(at(", recvTime: new Date(1234567)"), iso(1_234_567));
		assert.equal(at(", recvTime: 1234567"), iso(1_234_567));
		assert.equal(at(', recvTime: "2026-03-01T01:02:03.004Z"'), "2026-03-01T01:02:03.004Z");
		for (const none of ["", ", recvTime: null", ', recvTime: "soon"', ", recvTime: {}"])
			assert.near(Date.parse(at(none)!), Date.now(), 60_000, none);
	});
	it("several nodes in one file: each by its schema; another's frame is refused in words", () => {
		const office = node("office", weather.quantities.slice(0, 2), 60, 5);
		const foreign = node("foreign", weather.quantities.slice(0, 1), 60, 5);
		const both = load([weather, office]);
		const time = { epoch: 7, seconds: 0, wall: 0, stamped: true };
		for (const room of [200, 11]) {
			assert.equal(both(encode(weather, [sample(1, 0, 1, 1, 3001, 1)], time, room).bytes).data.node, "weather");
			assert.equal(both(encode(office, [sample(1, 0, 1, 1)], time, room).bytes).data.node, "office");
			const { errors, data } = both(encode(foreign, [sample(1, 0, 1)], time, room).bytes);
			assert.equal(errors.length, 1);
			assert.ok(/^unsupported: schema \d+ is not one of this file's$/.test(errors[0]!), errors[0]!);
			assert.deepEqual(data, {});
		}
	});
	it("nodes of one schema: refused; of one short id: told, and refused in short frames only", () => {
		assert.throws(() => generateCodec([weather, { ...weather, name: "twin" }], "ttn"), {
			code: "declaration",
			message: "weather and twin have the same schema",
		});
		let other = weather;
		for (let every = 1; other === weather; every++) {
			const one = node("other", weather.quantities, every);
			if ((one.frame.schema & 0x7f) === (weather.frame.schema & 0x7f) && every !== 600) other = one;
		}
		assert.deepEqual(generateCodec([weather, other], "ttn").notices, [
			"short frames of weather and other cannot be told apart and are refused; a file for each would be right",
		]);
		const both = load([weather, other]);
		const record = sample(1, 0, 1, 1, 3001, 1);
		const time = { epoch: 7, seconds: 0, wall: 0, stamped: true };
		assert.ok(both(encode(weather, [record], time, 11).bytes).errors[0]!.startsWith("unsupported: "));
		assert.equal(both(encode(other, [record], time).bytes).data.node, "other");
	});
	it("so many nodes that The Things Stack does not take the file: refused with its size", () => {
		const random = new Seeded(1);
		const nodes = Array.from({ length: 60 }, (_, n) => randomNode(random, `node-${n}`));
		assert.throws(() => generateCodec(nodes, "ttn"), { code: "overflow", message: "The Things Stack takes 40960" });
		assert.ok(generateCodec(nodes, "chirpstack").code.length > TTN_LIMIT);
	});
	it("a node that sends no compact frames: refused in words", () => {
		assert.throws(() => generateCodec([{ ...weather, encoding: { kind: "senml" } }], "ttn"), {
			code: "unsupported",
			message: "weather: it sends senml",
		});
		assert.ok(generateCodec([{ ...weather, encoding: { kind: "compact" } }], "ttn").code.length > 0);
	});
	it("readings that are called like a field of data: in records only; like one of every object's: as any", () => {
		const names = ["time", "records", "constructor", "node"];
		const odd = node(
			"odd",
			names.map((name) => quantity({ name, unit: "V", resolution: 1, low: 0, high: 9 })),
		);
		const { bytes } = encode(odd, [sample(1, 0, 1, 2, 3, 4)], { epoch: 7, seconds: 0, wall: 0, stamped: true });
		const { data } = load([odd])(bytes, 0);
		assert.equal(data.node, "odd");
		assert.equal(data.time, iso(0));
		assert.equal((data as Record<string, unknown>).constructor as unknown, 3);
		assert.deepEqual(data.records![0]!.values, { time: 1, records: 2, constructor: 3, node: 4 });
	});
	it("normalizeUplink: The Things Stack's names for what has one, of each sample", () => {
		const records = [
			sample(1, 0, 2153, 847, 10_001, 412),
			{ ...sample(2, 1, 1), kind: RecordKind.health },
			sample(3, 600, undefined, 500),
		];
		records[2] = sample(3, 600, undefined, 500, undefined, 400);
		const { bytes } = encode(weather, records, { epoch: 7, seconds: 600, wall: WALL + 600, stamped: true });
		const call = runEs5(generateCodec([weather], "ttn").code);
		const data = `decodeUplink({ bytes: [${bytes.join()}], recvTime: new Date(${1000 * WALL}) }).data`;
		assert.deepEqual(call(`normalizeUplink({ data: ${data} })`), {
			data: [
				{ time: "2026-03-01T00:00:00.000Z", air: { temperature: 21.53, relativeHumidity: 84.7, pressure: 1000.1 } },
				{ time: "2026-03-01T00:10:00.000Z", air: { relativeHumidity: 50 } },
			],
			warnings: [],
			errors: [],
		});
		for (const input of ["", "{}", "{ data: {} }", "{ data: null }"])
			assert.deepEqual(call(`normalizeUplink(${input})`), { data: [], warnings: [], errors: [] });
	});
	it("downlinks, and ChirpStack v3: in words", () => {
		const call = runEs5(generateCodec([weather], "chirpstack").code);
		assert.ok((call("encodeDownlink({ data: {} })") as Decoded).errors[0]!.startsWith("unsupported"));
		assert.ok((runEs5(generateCodec([weather], "ttn").code)("encodeDownlink({})") as Decoded).errors.length === 1);
		const { bytes } = encode(weather, [sample(5, 0, 1, 1, 3001, 1)], { epoch: 7, seconds: 0, wall: 0, stamped: true });
		assert.equal(call(`Decode(1, [${bytes.join()}]).temperature`), 0.01);
		assert.equal(
			call("(function () { try { Decode(1, []); } catch (e) { return e.message; } })()"),
			"truncated: no bytes",
		);
	});
});

describe("generated codec: as the firmware's own decoder", () => {
	const seed = seedOf(71);
	it(`random declarations and records (seed ${seed}): each number, value and time that was encoded`, () => {
		const random = new Seeded(seed);
		const seen = { recent: 0, wall: 0, age: 0, epoch: 0, short: 0, records: 0 };
		for (let run = 0; run < 80; run++) {
			const one = randomNode(random, "random");
			const decode = load([one]);
			for (let frame = 0; frame < 12; frame++) {
				const records = randomRecords(random, one.quantities.length, random.between(1, 40));
				for (const record of records)
					if (random.real() < 0.05) {
						const gap = random.between(1, 70_000);
						for (const later of records)
							if (later.number >= record.number) later.number = Math.min(later.number + gap, 0xffff_ffff);
					}
				const last = records.at(-1)!.seconds;
				const seconds = Math.min(last + random.between(0, 100_000), 0xffff_ffff);
				const wall = [0, WALL, WALL + random.between(0, 1e8)][random.between(0, 2)]!;
				const epoch = records[0]!.epoch + (random.real() < 0.2 ? 1 : 0);
				const room = random.real() < 0.3 ? shortSize(one.frame) : random.between(11, 600);
				const { bytes, taken } = encode(one, records, { epoch, seconds, wall, stamped: random.real() < 0.5 }, room);
				if (taken === 0) continue;
				const arrivedMs = 1000 * (wall || WALL) + random.between(0, 500_000_000);
				const plainly = decodeFrame(bytes, one.frame);
				const result = decode(bytes, arrivedMs);
				assert.deepEqual(result.errors, []);
				assert.deepEqual(withoutTimes(result), expected(one, plainly));
				if (!plainly.short)
					assert.deepEqual(
						result.data.records!.map(({ number, kind, values }) => ({ number, kind, values: Object.values(values) })),
						records.slice(0, taken).map(({ number, kind, values }) => ({
							number,
							kind: kindName(kind),
							values: values.map((value, n) =>
								value === undefined
									? null
									: kind === RecordKind.sample
										? fromScaled(value, one.quantities[n]!)
										: fieldValue(kind, n, value),
							),
						})),
					);
				const collected = new Collector(one).take(bytes, arrivedMs).records;
				result.data.records!.forEach(({ time }, n) => {
					if (time !== null) assert.equal(Date.parse(time), collected[n]!.wallMs);
					else assert.equal(plainly.now, undefined);
				});
				seen[plainly.short ? "short" : (Object.keys(TimeBase)[plainly.base] as "age")]++;
				seen.records += taken;
			}
		}
		for (const [what, count] of Object.entries(seen)) assert.ok(count > 20, `${what}: only ${count}`);
	});
	it(`hostile bytes (seed ${seed + 1}): never a throw, and refused exactly where the firmware's decoder refuses`, () => {
		const random = new Seeded(seed + 1);
		const counts = { taken: 0, refused: 0 };
		for (let run = 0; run < 30; run++) {
			const one = randomNode(random, "random");
			const decode = load([one]);
			const records = randomRecords(random, one.quantities.length, random.between(1, 10));
			const time = { epoch: records[0]!.epoch, seconds: 0xffff_ffff, wall: WALL, stamped: false };
			const good = encode(one, records, time, random.real() < 0.3 ? shortSize(one.frame) : 600).bytes;
			if (good.length === 0) continue;
			for (let n = 0; n < 120; n++) {
				let bytes = good.slice();
				const how = random.between(0, 4);
				if (how === 0)
					for (let m = random.between(1, 3); m > 0; m--)
						bytes[random.between(0, bytes.length - 1)]! ^= 1 << random.between(0, 7);
				else if (how === 1) bytes = good.slice(0, random.between(0, good.length));
				else if (how === 2) bytes = Uint8Array.of(...good, random.between(0, 255));
				else {
					// Behind a right head whatever comes; many 0 or 255, which are the ends of each decision.
					const most = random.real();
					bytes = Uint8Array.from({ length: random.between(2, 80) }, () =>
						random.real() < most ? random.between(0, 255) : how === 3 ? 0 : 255,
					);
					const content =
						random.real() < 0.7 ? [one.frame.schema >> 8, one.frame.schema & 255] : [0x80 | (one.frame.schema & 127)];
					const all = [...content, ...bytes];
					bytes = Uint8Array.from(all.length < 24 ? [0x40 | all.length, ...all] : [0x58, all.length, ...all]);
				}
				let plainly: DecodedFrame | undefined;
				let code = "";
				try {
					plainly = decodeFrame(bytes, one.frame);
				} catch (error) {
					if (!(error instanceof DormouseError)) throw error;
					({ code } = error);
				}
				const result = decode(bytes, 1000 * WALL);
				counts[plainly ? "taken" : "refused"]++;
				assert.deepEqual(
					result.errors.map((error) => /^[a-z]+(?=: )/.exec(error)?.[0]),
					plainly ? [] : [code],
					`${bytes.join()}: ${result.errors}`,
				);
				if (plainly) assert.deepEqual(withoutTimes(result), expected(one, plainly));
			}
		}
		assert.ok(counts.taken > 300 && counts.refused > 1000, JSON.stringify(counts));
	});
	for (const [value, zeros, rest, error] of [
		[0x7fff_ffff, 31, "1".repeat(31), ""],
		[-0x8000_0000, 32, "0".repeat(32), ""],
		[0x8000_0000, 32, `${"0".repeat(31)}1`, "malformed"],
	] as const)
		it(`short form, a value of ${value}: ${error || "taken"}, as the firmware's decoder does`, () => {
			// Form and schema, number 1, another kind, age 0, health, whole, one value in exponential Golomb code.
			const head = `1${(weather.frame.schema & 127).toString(2).padStart(7, "0")}${"0".repeat(15)}1${"1"}${"0".repeat(8)}01100001`;
			const bits = `${head}${"0".repeat(zeros)}1${rest}`;
			const content = bits
				.padEnd(Math.ceil(bits.length / 8) * 8, "0")
				.match(/.{8}/g)!
				.map((byte) => Number.parseInt(byte, 2));
			const bytes = Uint8Array.of(0x40 | content.length, ...content);
			const { errors, data } = load([weather])(bytes, 0);
			if (error) {
				assert.throws(() => decodeFrame(bytes, weather.frame), { code: error });
				assert.ok(errors[0]!.startsWith(`${error}: `), errors[0]!);
			} else {
				assert.deepEqual(decodeFrame(bytes, weather.frame).records[0]!.values, [value]);
				assert.deepEqual(
					data.records!.map(({ number, values }) => [number, values]),
					[[1, { start: value }]],
				);
			}
		});
	it("input that is no input: an error, not a throw", () => {
		const call = runEs5(generateCodec([weather], "ttn").code);
		for (const input of [
			"",
			"null",
			"{}",
			"{ bytes: null }",
			"{ bytes: 5 }",
			"{ bytes: [] }",
			'{ bytes: "abc" }',
			"{ bytes: { length: 1e9 } }",
			"{ bytes: [null, {}] }",
		])
			assert.equal((call(`decodeUplink(${input})`) as Decoded).errors.length, 1, input);
	});
});
