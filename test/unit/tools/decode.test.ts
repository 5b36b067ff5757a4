import { FrameEncoder } from "../../../modules/codec/frame-encoder.js";
import { frameSchema } from "../../../modules/codec/schema.js";
import { toHex } from "../../../modules/core/bytes.js";
import type { DormouseError } from "../../../modules/core/errors.js";
import { NodeRecord, RecordKind } from "../../../modules/core/record.js";
import { quantity } from "../../../modules/measure/quantity.js";
import { Seeded } from "../../../sim/seeded.js";
import { codec } from "../../../tools/codec/command.js";
import { type CollectedRecord, Collector } from "../../../tools/collector.js";
import { decode } from "../../../tools/decode/command.js";
import { influxLine, parseTag, parseTags } from "../../../tools/decode/influx.js";
import { isText, parseLine, parseTime } from "../../../tools/decode/input.js";
import { recordLine } from "../../../tools/decode/lines.js";
import { senmlPack } from "../../../tools/decode/senml-pack.js";
import { readingsOf } from "../../../tools/readings.js";
import { isSenmlName, resolveSenml } from "../../../tools/senml.js";
import * as assert from "../../assert.js";
import { PlainCursor, type PlainRecord } from "../../support/records.js";
import { WEATHER } from "../../support/simulate.js";

const WALL = 1_772_323_200; // 2026-03-01T00:00:00Z
const quantities = [
	quantity({ name: "temperature", unit: "Cel", resolution: 0.01, low: -40, high: 85 }),
	quantity({ name: "humidity", unit: "%RH", resolution: 0.5, low: 0, high: 100 }),
	quantity({ name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 }),
];
const node = { quantities, frame: frameSchema(quantities, 600, 12) };

function record(number: number, values: (number | undefined)[], rest: Partial<CollectedRecord> = {}): CollectedRecord {
	return {
		number,
		kind: RecordKind.sample,
		epoch: undefined,
		seconds: 0,
		wall: true,
		wallMs: 1000 * WALL + 250,
		timed: true,
		values,
		...rest,
	};
}
const SAMPLE = record(12, [2153, undefined, 10_001]);
const HEALTH = record(13, [1, 4, 0, 7], { kind: RecordKind.health });

describe("readings", () => {
	it("samples and others: names, units, values, times; missing ones left out", () => {
		const sync = record(14, [WALL | 0], { kind: RecordKind.sync, timed: false });
		const late = record(16, [-1], { kind: RecordKind.sync });
		assert.equal(readingsOf([late], node)[0]!.value, 0xffff_ffff);
		const alarm = record(15, [3], { kind: RecordKind.alarm });
		const timeMs = 1000 * WALL + 250;
		assert.deepEqual(readingsOf([SAMPLE, sync, alarm], node), [
			{ name: "temperature", unit: "Cel", value: 21.53, timeMs, number: 12 },
			{ name: "pressure", unit: "hPa", value: 1000.1, timeMs, number: 12 },
			{ name: "sync.wall", unit: "", value: WALL, timeMs: undefined, number: 14 },
			{ name: "alarm.field0", unit: "", value: 3, timeMs, number: 15 },
		]);
	});
	it("collector: a time is known from a clock, an age or a sync record, and not where nothing tells it", () => {
		const sample = (number: number, epoch: number): PlainRecord => ({
			number,
			kind: RecordKind.sample,
			epoch,
			seconds: 100,
			wall: false,
			values: [0, 0, 9000],
		});
		const timed = (
			collector: Collector,
			records: PlainRecord[],
			epoch: number,
			wall = 0,
			stamped = false,
			room = 100,
		) => {
			const view = new Uint8Array(100);
			const encoder = new FrameEncoder(node.frame, view, new PlainCursor(records), new NodeRecord(32));
			const length = encoder.encode(new PlainCursor(records), room, { epoch, seconds: 130, wall, stamped });
			return collector.take(view.subarray(0, length), 1000 * WALL).records.map((one) => one.timed);
		};
		const one = new Collector(node);
		assert.deepEqual(timed(one, [sample(1, 3)], 4), [false], "an epoch that is over");
		assert.deepEqual(timed(one, [sample(2, 3)], 3), [true], "age");
		assert.deepEqual(timed(one, [sample(3, 3)], 4), [true], "the same epoch, placed meanwhile");
		assert.deepEqual(timed(one, [sample(4, 5)], 5, WALL), [true], "recent");
		assert.deepEqual(timed(one, [sample(5, 6)], 6, 0, true), [true], "a bare age");
		assert.deepEqual(timed(one, [sample(6, 7)], 8, 0, true, 11), [false], "short, age unknown");
		assert.deepEqual(timed(one, [sample(7, 8)], 8, 0, true, 11), [true], "short");
		const sync = { ...sample(9, 9), kind: RecordKind.sync, values: [WALL | 0] };
		assert.deepEqual(timed(one, [sample(8, 9), sync], 10), [true, true], "sync");
	});
});

/** Fails unless the command refuses what the user asked for, in one line that says this. */
async function refuses(command: (args: readonly string[]) => Promise<number>, args: readonly string[], says: string) {
	try {
		await command(args);
	} catch (error) {
		const { code, message } = error as DormouseError;
		assert.equal(code, "declaration");
		assert.ok(message.includes(says) && !message.includes("\n"), message);
		return;
	}
	assert.fail("it was done");
}

describe("codec and decode: options", () => {
	for (const [args, says] of [
		[[], "--for: ttn or chirpstack would be right"],
		[["--for", "helium"], "--for helium: ttn or chirpstack would be right"],
		[["--for", "ttn", "--node", "none.ts"], "--node none.ts: no such file"],
		[["--for", "ttn", "--out", "/no/such/folder/x.js"], "--out /no/such/folder/x.js"],
		[["--target"], "dormouse codec --help lists the options"],
	] as const)
		it(`codec ${args.join(" ")}: one line with what would be right`, () => refuses(codec, args, says));
	for (const [args, says] of [
		[["00"], "--node is missing"],
		[["--node", WEATHER, "--as", "xml", "00"], "--as xml: lines, senml, influx would be right"],
		[["--node", WEATHER, "--from", "octal", "00"], "--from octal: auto, hex, base64, file would be right"],
		[["--node", WEATHER, "--received", "noon", "00"], "--received noon"],
		[["--node", WEATHER, "--tag", "a=b", "00"], "--tag: only --as influx has tags"],
		[["--node", WEATHER, "--as", "senml", "--name", "a b", "00"], "--name a b"],
		[["--node", WEATHER, "--name", "", "00"], "--name: a word"],
		[["--node", WEATHER, "--from", "file", "none.bin"], "none.bin: ENOENT"],
		[["--zz"], "dormouse decode --help lists the options"],
	] as const)
		it(`decode ${args.map((arg) => (arg === WEATHER ? "…" : arg)).join(" ")}: one line with what would be right`, () =>
			refuses(decode, args, says));
});

describe("decode: messages", () => {
	const bytes = Uint8Array.of(0x43, 0x1c, 0x92, 0x19);
	for (const [line, form] of [
		["431c9219", "auto"],
		["  0x43 1C 92 19 ", "auto"],
		["43:1c:92:19", "hex"],
		["QxySGQ==", "auto"],
		["QxySGQ", "base64"],
	] as const)
		it(`"${line}" as ${form}: its bytes`, () => {
			assert.deepEqual(parseLine(line, form), { bytes, receivedMs: undefined, topic: undefined });
		});
	for (const time of [
		"2026-03-01T01:00:00+0100",
		"2026-03-01T01:00:00+01:00",
		"2026-03-01T00:00:00Z",
		"2026-03-01T00:00:00.000Z",
	])
		it(`a line with ${time} before it: when it arrived`, () => {
			assert.deepEqual(parseLine(`${time} 431c9219`, "auto"), {
				bytes,
				receivedMs: 1000 * WALL,
				topic: undefined,
			});
			assert.equal(parseTime(time), 1000 * WALL);
		});
	it("a topic before it, with a time or without: which node sent it", () => {
		const topic = "dormouse/163fe8fd5bf5/t";
		assert.deepEqual(parseLine(`${topic} 43 1c 92 19`, "hex"), { bytes, receivedMs: undefined, topic });
		assert.deepEqual(parseLine(`2026-03-01T00:00:00Z\t${topic}  QxySGQ==`, "auto"), {
			bytes,
			receivedMs: 1000 * WALL,
			topic,
		});
		for (const bad of ["a/\u001b[2J", "a/b\\"])
			assert.throws(() => parseLine(`${bad} 431c9219`, "auto"), { code: "malformed", message: "the topic is none" });
	});
	it("lines of ten million characters, in hex, base64, = and garbage: read or refused in time, without a terminal's commands", () => {
		const long = 10_000_000;
		assert.equal(parseLine("ab".repeat(long / 2), "auto")!.bytes.length, long / 2);
		assert.equal(parseLine("Q/".repeat(long / 2), "auto")!.bytes.length, (long / 4) * 3);
		assert.throws(() => parseLine(`${"=".repeat(long)}x`, "auto"), { code: "malformed" });
		try {
			parseLine("\u001b[2Jab\u0007", "auto");
			assert.fail("it was read");
		} catch (error) {
			assert.ok(!/\p{C}/u.test((error as Error).message), "control characters");
		}
	}).timeout(10_000);
	it("times: ISO 8601 alone", () => {
		for (const text of ["1", "1 March 2026", "2026-3-1", "noon", "2026-03-01 12:00", "2026-13-01"])
			assert.equal(parseTime(text), undefined);
		assert.equal(parseTime("2026-03-01"), 1000 * WALL);
	});
	it("empty lines and comments: none", () => {
		for (const line of ["", "  ", "# 431c", "\r"]) assert.equal(parseLine(line, "auto"), undefined);
	});
	for (const [line, form] of [
		["431", "hex"],
		["QxySGQ", "hex"],
		["a message!", "auto"],
		["Q", "auto"],
		["2026-03-01T99:00:00Z 431c", "auto"],
		["soon 431c9219?", "auto"],
	] as const)
		it(`"${line}" as ${form}: malformed`, () => {
			assert.throws(() => parseLine(line, form), { code: "malformed" });
		});
	it("frames of every length (seed 5): hex and base64 are told apart, and text from bytes", () => {
		const random = new Seeded(5);
		for (let length = 2; length < 300; length++) {
			const content = Uint8Array.from({ length }, () => random.between(0, 255));
			const head = length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
			const frame = Uint8Array.of(...head, ...content);
			for (const text of [toHex(frame), toHex(frame).toUpperCase(), Buffer.from(frame).toString("base64")])
				assert.deepEqual(parseLine(text, "auto")!.bytes, frame);
			if (length > 12) assert.equal(isText(frame), false);
		}
		assert.equal(isText(new TextEncoder().encode("431c9219\r\nQxySGQ==\n\t# so\n")), true);
	});
});

describe("decode: lines", () => {
	it("a sample: time, number, values with units", () => {
		assert.equal(
			recordLine(SAMPLE, node),
			"2026-03-01 00:00:00  sample 12  temperature 21.53 °C  humidity missing  pressure 1000.1 hPa",
		);
	});
	it("health and sync: names; counters of 0 left out", () => {
		assert.equal(recordLine(HEALTH, node), "2026-03-01 00:00:00  health 13  start cold  resetReason panic  nonsense 7");
		const sync = record(14, [0xf000_0000 | 0], { kind: RecordKind.sync });
		assert.equal(recordLine(sync, node), "2026-03-01 00:00:00  sync 14  wall 2097-08-05 09:04:00");
		assert.equal(
			recordLine(record(15, [3], { kind: RecordKind.alarm }), node),
			"2026-03-01 00:00:00  alarm 15  field0 3",
		);
	});
	it("a time that is not known: what is", () => {
		const values = [undefined, undefined, undefined];
		assert.equal(
			recordLine(record(1, values, { timed: false, epoch: 7, seconds: 90 }), node),
			"epoch 7 + 90 s       sample 1  temperature missing  humidity missing  pressure missing",
		);
		assert.ok(recordLine(record(1, values, { timed: false }), node).startsWith("time unknown         sample 1"));
	});
});

describe("decode: SenML-JSON", () => {
	it("a pack: names, primary units, values exact, times in seconds where they are absolute; ours to resolve", () => {
		const t = WALL + 0.25;
		const early = record(14, [7, undefined, undefined], { wallMs: 1000 * (2 ** 28 - 1) });
		const pack = senmlPack([SAMPLE, record(13, [5, undefined, undefined], { timed: false }), early], node, "weather/");
		assert.deepEqual(pack, [
			{ bn: "weather/", n: "temperature", u: "Cel", v: 21.53, t },
			{ n: "pressure", u: "Pa", v: 100_010, t },
			{ n: "temperature", u: "Cel", v: 0.05 },
			{ n: "temperature", u: "Cel", v: 0.07 },
		]);
		assert.deepEqual(resolveSenml(pack).at(-1), { n: "weather/pressure", u: "Pa", v: 100_010, t });
		assert.deepEqual(senmlPack([HEALTH], node, "weather/")[3], { n: "health.nonsense", v: 7, t });
		assert.deepEqual(senmlPack([], node, "weather/"), []);
	});
	it("names: RFC 8428 §4.5.1", () => {
		for (const name of ["a", "0", "urn:dev:mac:0024befffe804ff1", "a-b.c_d/e"]) assert.ok(isSenmlName(name), name);
		for (const name of ["", "_a", "-a", "a b", "ä", "a=b"]) assert.ok(!isSenmlName(name), name);
	});
});

describe("decode: InfluxDB line protocol", () => {
	it("a sample: floats, the number as an integer, nanoseconds", () => {
		assert.equal(
			influxLine(SAMPLE, node, "weather", {}),
			"weather temperature=21.53,pressure=1000.1,number=12i 1772323200250000000\n",
		);
	});
	it("another kind: a tag, integers; a time that is not known: none", () => {
		assert.equal(
			influxLine({ ...HEALTH, timed: false }, node, "weather", { site: "x" }),
			"weather,kind=health,site=x start=1i,resetReason=4i,absent=0i,nonsense=7i,number=13i\n",
		);
	});
	it("commas, blanks and = in names: escaped where each must be; tags in order", () => {
		assert.equal(
			influxLine(record(1, [0, undefined, undefined]), node, "my, =node", { "z =": "1,2", a: 'b "c"' }),
			'my\\,\\ =node,a=b\\ "c",z\\ \\==1\\,2 temperature=0,number=1i 1772323200250000000\n',
		);
	});
	it("a reading that is called number: itself; without any field no line", () => {
		const odd = [quantity({ name: "number", unit: "V", resolution: 1, low: 0, high: 9 })];
		const oddNode = { quantities: odd, frame: frameSchema(odd, 1, 1) };
		assert.equal(influxLine(record(1, [5]), oddNode, "odd", {}), "odd number=5 1772323200250000000\n");
		assert.equal(influxLine(record(1, [undefined]), oddNode, "odd", {}), "");
	});
	it("tags: a key given twice is refused, in whatever order", () => {
		assert.deepEqual(parseTags(["site=a", "floor=2"]), { site: "a", floor: "2" });
		for (const tags of [
			["site=a", "site=b"],
			["site=a", "floor=2", "site=a"],
		])
			assert.throws(() => parseTags(tags), { code: "declaration", message: '"site" is given twice' });
	});
	it("tags: key=value; what line protocol cannot carry is refused", () => {
		assert.deepEqual(parseTag("site=my garden=2"), ["site", "my garden=2"]);
		for (const tag of ["site", "=x", "site=", "site=a\\", "a\\=b", "a\nb=c", "kind=x", "time=1", "_field=x"])
			assert.throws(() => parseTag(tag), { code: "declaration", message: "--tag" });
	});
});
