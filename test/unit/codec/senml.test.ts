import { checkCbor } from "../../../modules/codec/cbor-check.js";
import { cborDiagnostic } from "../../../modules/codec/cbor-diagnostic.js";
import type { SchemaQuantity } from "../../../modules/codec/schema.js";
import { HEALTH_NAMES, senmlBase } from "../../../modules/codec/senml-encoder.js";
import { senmlQuantity, senmlScaled, senmlValue } from "../../../modules/codec/senml-units.js";
import { toHex } from "../../../modules/core/bytes.js";
import { RecordKind } from "../../../modules/core/record.js";
import { isUnit } from "../../../modules/core/units.js";
import { HEALTH_FIELDS } from "../../../modules/cycle/health.js";
import { Seeded } from "../../../sim/seeded.js";
import { decodeSenml, resolveSenml } from "../../../tools/senml.js";
import { decodePack } from "../../../tools/senml-records.js";
import * as assert from "../../assert.js";
import { type PlainRecord, randomRecords } from "../../support/records.js";
import { seedOf } from "../../support/seed.js";
import { encodePack, planOf, randomQuantities } from "../../support/senml.js";

const SEED = seedOf(8428);
const temperature: SchemaQuantity = { name: "temperature", unit: "Cel", resolution: 0.01, low: -40, high: 85 };
const pressure: SchemaQuantity = { name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 };
const both = [temperature, pressure];

function sample(number: number, seconds: number, ...values: (number | undefined)[]): PlainRecord {
	return { number, kind: RecordKind.sample, epoch: 1, seconds, wall: false, values };
}
function other(number: number, kind: RecordKind, ...values: number[]): PlainRecord {
	return { ...sample(number, 600, ...values), kind };
}
/** As a receiver has it: times count from the pack's making, or from 1970. */
function told(records: readonly PlainRecord[], now: number, epoch?: number) {
	return records.map(({ number, kind, seconds, values }) => ({
		number,
		seconds: seconds - now,
		values,
		kind,
		epoch,
		wall: false,
	}));
}

describe("senml encoder", () => {
	for (const [name, records, time, diagnostic] of [
		[
			"one sample: one base name, a name in each record, pressure in pascal",
			[sample(7, 1200, 2153, 10_132)],
			{ seconds: 1203 },
			'[{0: "sample.number", 2: 7, -2: "urn:dev:mac:02005efffe102030_", -3: -3}, ' +
				'{0: "temperature", 2: 21.53, -4: "Cel"}, {0: "pressure", 2: 101320, -4: "Pa"}]',
		],
		[
			"what halves and singles hold exactly: the shortest float; whole numbers: integers",
			[sample(1, 0, 2150, 3000), sample(2, 600, 2100, undefined), sample(3, 1200, 25, undefined)],
			{ seconds: 1200 },
			'[{0: "sample.number", 2: 1, -2: "urn:dev:mac:02005efffe102030_", -3: -1200}, ' +
				'{0: "temperature", 2: 21.5, -4: "Cel"}, {0: "temperature", 2: 21, 6: 600}, ' +
				'{0: "temperature", 2: 0.25, 6: 1200}, {0: "pressure", 2: 30000, -4: "Pa"}]',
		],
		[
			"a number that does not follow, a sample without any value: numbers of their own",
			[sample(5, 0, 100, undefined), sample(9, 10, 200, undefined), sample(10, 20, undefined, undefined)],
			{ seconds: 20 },
			'[{2: 5, -2: "urn:dev:mac:02005efffe102030_sample.number", -3: -20}, {2: 9, 6: 10}, {2: 10, 6: 20}, ' +
				'{2: 1, -2: "urn:dev:mac:02005efffe102030_temperature", -4: "Cel"}, {2: 2, 6: 10}]',
		],
		[
			"wall time known: absolute",
			[sample(5, 100, 100, undefined)],
			{ seconds: 160, wall: 1_700_000_060 },
			'[{0: "sample.number", 2: 5, -2: "urn:dev:mac:02005efffe102030_", -3: 1700000000}, ' +
				'{0: "temperature", 2: 1, -4: "Cel"}]',
		],
		[
			"a wall time that SenML would take as relative (below 2^28): an age",
			[sample(5, 100, 100, undefined)],
			{ seconds: 160, wall: 200_000_000 },
			'[{0: "sample.number", 2: 5, -2: "urn:dev:mac:02005efffe102030_", -3: -60}, {0: "temperature", 2: 1, -4: "Cel"}]',
		],
		[
			"an epoch that is over: told, and times are the least ages",
			[sample(5, 100, 100, undefined), sample(6, 130, undefined, undefined)],
			{ seconds: 7, epoch: 2, wall: 1_700_000_060 },
			'[{0: "sample.number", 2: 5, -2: "urn:dev:mac:02005efffe102030_", -3: -37}, ' +
				'{0: "sample.number", 2: 6, 6: 30}, {0: "sample.epoch", 2: 1}, {0: "temperature", 2: 1, -4: "Cel"}]',
		],
		[
			"a health record: its fields by name",
			[other(8, RecordKind.health, 1, 0, -3)],
			{ seconds: 600 },
			'[{0: "health.number", 2: 8, -2: "urn:dev:mac:02005efffe102030_", -3: 0}, {0: "health.start", 2: 1}, ' +
				'{0: "health.resetReason", 2: 0}, {0: "health.absent", 2: -3}]',
		],
		[
			"a sync record: its value by number",
			[other(8, RecordKind.sync, 1_700_000_000)],
			{ seconds: 601 },
			'[{0: "sync.number", 2: 8, -2: "urn:dev:mac:02005efffe102030_", -3: -1}, {0: "sync.0", 2: 1700000000}]',
		],
	] as const)
		it(`${name}`, () => {
			const { bytes, taken, upTo } = encodePack(both, records, 500, time);
			// Digits of a float differ between engines' printers only where there are more than these.
			assert.equal(cborDiagnostic(bytes).replace(/_[123](?=[,}])/g, ""), diagnostic);
			assert.deepEqual([taken, upTo], [records.length, records.at(-1)!.number]);
			assert.equal(checkCbor(bytes, 0, true), bytes.length);
		});
	it("a batch: a base name for each column, which has the name; as many bytes as docs/wire.md says", () => {
		const records = [1, 2, 3, 4, 5, 6].map((n) => sample(n, 600 * n, 2000 + n, 10_000));
		const { bytes } = encodePack([temperature], records, 500, { seconds: 3600 });
		const base = "urn:dev:mac:02005efffe102030_";
		const rest = [2, 3, 4, 5, 6].map((n) => `{2: ${(2000 + n) / 100}, 6: ${600 * (n - 1)}}`);
		assert.equal(
			cborDiagnostic(bytes).replace(/_[123](?=[,}])/g, ""),
			`[{2: 1, -2: "${base}sample.number", -3: -3000}, {2: 20.01, -2: "${base}temperature", -4: "Cel"}, ${rest.join(", ")}]`,
		);
	});
	it("the worked bytes of docs/wire.md", () => {
		const { bytes } = encodePack([pressure], [sample(300, 600, 10_132)], 100, { seconds: 602 });
		assert.equal(
			toHex(bytes),
			`82a4006d73616d706c652e6e756d6265720219012c21781d${toHex(
				Uint8Array.from("urn:dev:mac:02005efffe102030_", (letter) => letter.charCodeAt(0)),
			)}2221a300687072657373757265021a00018bc823625061`,
		);
	});
	for (const [name, records] of [
		["another kind", [sample(1, 0, 1, 2), other(2, RecordKind.health, 1)]],
		["another epoch", [sample(1, 0, 1, 2), { ...sample(2, 10, 1, 2), epoch: 2 }]],
		["the same second", [sample(1, 10, 1, 2), sample(2, 10, 1, 2)]],
		["a time before", [sample(1, 10, 1, 2), sample(2, 9, 1, 2)]],
		["another kind first", [other(1, RecordKind.alarm, 1), sample(2, 700, 1, 2)]],
	] as const)
		it(`a pack ends before ${name}`, () => {
			assert.equal(encodePack(both, records, 500, { seconds: 20 }).taken, 1);
		});
	it("a record of another kind that does not fit: the values that do; its number alone when there is no more room", () => {
		const record = other(0xffff_ffff, RecordKind.command, ...Array.from({ length: 12 }, (_, n) => n * 100_000));
		let last = -1;
		for (let room = 300; room >= 0; room--) {
			const { bytes, taken } = encodePack(both, [record], room, { seconds: 700 });
			if (taken === 0) {
				assert.equal(last, 0);
				assert.ok(room < planOf(both).least, "the smallest uplink does not carry it");
				return;
			}
			const { values, kind, number } = decodePack(bytes, both).records[0]!;
			assert.equal(kind, RecordKind.command);
			assert.equal(number, 0xffff_ffff);
			assert.deepEqual(values, record.values.slice(0, values.length));
			assert.ok(last < 0 || values.length === last || values.length === last - 1);
			last = values.length;
		}
	});
	it("no record, no room: 0, and the cursor stands where it stood", () => {
		assert.equal(encodePack(both, [], 100, {}).bytes.length, 0);
		const records = [sample(1, 0, 1001, 1)];
		const { length } = encodePack(both, records, 500, {}).bytes;
		assert.equal(encodePack(both, records, length, {}).taken, 1);
		for (let room = 0; room < length; room++) {
			const { bytes, taken } = encodePack(both, records, room, {});
			assert.equal(bytes.length, 0);
			assert.equal(taken, 0);
		}
	});
	it("health names: those of the health record", () => {
		assert.equal(HEALTH_NAMES, HEALTH_FIELDS.join(" "));
	});
	it("base name: the URN of an EUI-48 (RFC 9039 §4.1); any other id itself", () => {
		assert.equal(senmlBase("0024be804ff1"), "urn:dev:mac:0024befffe804ff1_");
		assert.equal(senmlBase("fake-1"), "fake-1_");
	});

	it(`random declarations and records at random rooms (seed ${SEED}): all come back, and one more would not fit`, () => {
		const random = new Seeded(SEED);
		let packs = 0;
		let columns = 0;
		let several = 0;
		for (let run = 0; run < 60; run++) {
			const quantities = randomQuantities(random);
			const width = quantities.length;
			const { least } = planOf(quantities);
			const all = randomRecords(random, width, random.between(1, 40), { seconds: random.between(0, 1e6) });
			const epoch = all[0]!.epoch;
			const isOld = random.real() < 0.2;
			const now = random.between(0, 2e6);
			const wall = random.real() < 0.3 ? random.between(1.7e9, 2e9) : 0;
			for (let at = 0; at < all.length; ) {
				const rest = all.slice(at);
				const time = { epoch: isOld ? epoch + 1 : epoch, seconds: now, wall };
				const room = least + random.between(0, 900);
				const { bytes, taken, upTo } = encodePack(quantities, rest, room, time);
				assert.ok(taken > 0, "a sample fits the least room");
				const went = rest.slice(0, taken);
				if (went[0]!.kind !== RecordKind.sample) {
					// Perhaps cut: the values that are there are the first ones.
					const { values } = decodePack(bytes, quantities).records[0]!;
					assert.ok(bytes.length + 28 > room || values.length === went[0]!.values.length, "cut too early");
					went[0] = { ...went[0]!, values: went[0]!.values.slice(0, values.length) };
				}
				assert.equal(upTo, went.at(-1)!.number);
				assert.equal(checkCbor(bytes, 0, true), bytes.length, "deterministic");
				const { records, absolute } = decodePack(bytes, quantities);
				const last = went.at(-1)!.seconds;
				const start = isOld ? now + last : Math.max(now, last);
				const isWall = !isOld && wall > 0 && wall - now + went[0]!.seconds >= 2 ** 28;
				const expected = told(went, isWall ? now - wall : start, isOld ? epoch : undefined);
				assert.equal(absolute, isWall);
				assert.deepEqual(
					records,
					expected.map((record) => ({ ...record, wall: isWall })),
				);
				// With one more it would be longer than the room, unless the next is one that no pack goes on with.
				const next = rest[taken];
				const goesOn = next && next.kind === RecordKind.sample && next.seconds > last && went[0]!.kind === next.kind;
				if (goesOn) assert.ok(encodePack(quantities, rest.slice(0, taken + 1), 20_000, time).bytes.length > room);
				packs++;
				if (taken > 1) several++;
				if (decodeSenml(bytes)[1]?.bn) columns++;
				at += taken;
			}
		}
		assert.ok(
			packs > 300 && several > 50 && columns > 20,
			`${packs} packs, ${several} of several, ${columns} in columns`,
		);
	});
	it(`the least room of random declarations (seed ${SEED}): any sample fits, and some sample needs all of it`, () => {
		const random = new Seeded(SEED + 1);
		for (let run = 0; run < 200; run++) {
			const quantities = randomQuantities(random);
			const { least } = planOf(quantities);
			const values = quantities.map(() => [0x7fff_fffd, -0x7fff_fffd, 12_347][random.between(0, 2)]!);
			const record = { ...sample(0xffff_ffff, 0), values };
			const { bytes, taken } = encodePack(quantities, [record], least, { epoch: 0xffff, seconds: 0xffff_fff0 });
			assert.equal(taken, 1);
			assert.ok(bytes.length <= least);
			// The epoch at its largest, which is then the record's.
			const old = { ...record, epoch: 0xffff };
			const length = encodePack(quantities, [old], least, { seconds: 0xffff_fff0 }).bytes.length;
			assert.ok(length <= least && least - length <= 1 + 8 * quantities.length, `${length} of ${least}`);
		}
	});
	it("the least room of readings that are whole in their unit: that of the larger end of the range", () => {
		for (const [low, high, bytes] of [
			[0, 23, 1],
			[0, 24, 2],
			[-300, 24, 3],
			[0, 100_000, 5],
		] as const) {
			const light = { name: "light", unit: "lx", resolution: 1, low, high };
			assert.equal(planOf([light]).least - planOf([{ ...light, low: 0, high: 1 }]).least, bytes - 1);
		}
		const height = { name: "height", unit: "km", resolution: 0.001, low: 0, high: 1 };
		assert.equal(
			planOf([{ ...height, unit: "m" }]).least - planOf([height]).least,
			9 - 3,
			"1000 m is whole, 0.001 m not",
		);
	});
});

describe("senml units", () => {
	it("secondary units: the primary one, and exactly the decimal number", () => {
		for (const [unit, resolution, scaled, primary, value] of [
			["ms", 1, 100, "s", 0.1], // RFC 8798 §3: the examples
			["dBm", 1, 10, "dBW", -20],
			["dBm", 0.1, 123, "dBW", -17.7],
			["hPa", 0.1, 10_132, "Pa", 101_320],
			["hPa", 0.001, 1_013_257, "Pa", 101_325.7],
			["mV", 1, 3299, "V", 3.299],
			["kWh", 0.01, 7, "J", 252_000],
			["km/h", 1, 90, "m/s", 25],
			["Wh/km", 1, 150, "J/m", 540],
			["ug/m3", 0.1, 253, "kg/m3", 2.53e-8],
			["KiB", 1, 3, "B", 3072],
			["MB/s", 0.5, 3, "bit/s", 12_000_000],
			["ppm", 1, 421, "/", 0.000_421],
			["/100", 0.5, 77, "/", 0.385],
			["Cel", 0.01, -2153, "Cel", -21.53],
			["Cel", 0.01, 0, "Cel", 0],
			["Pa", 10, 3, "Pa", 30],
			["mm/h", 0.2, 11, "m/s", 11 / 18_000_000],
		] as const) {
			const quantity = senmlQuantity({ name: "x", unit, resolution });
			assert.equal(quantity.unit, primary, unit);
			assert.equal(senmlValue(scaled, quantity), value, unit);
			assert.equal(senmlScaled(value, quantity), scaled, unit);
		}
	});
	it("each secondary unit that a declaration may have becomes another known unit", () => {
		const secondary =
			"ms min h MHz kW kVA kvar Ah Wh kWh varh kvarh kVAh Wh/km KiB GB Mbit/s B/s MB/s mV mA dBm ug/m3 mm/h m/h ppm " +
			"/100 /1000 hPa mm cm km km/h";
		for (const unit of secondary.split(" ")) {
			const { unit: primary } = senmlQuantity({ name: "x", unit, resolution: 1 });
			assert.ok(isUnit(unit) && isUnit(primary) && primary !== unit, unit);
			assert.ok(!secondary.split(" ").includes(primary), primary);
		}
	});
	it(`all integers come back (seed ${SEED}), whatever unit and resolution`, () => {
		const random = new Seeded(SEED + 2);
		for (let run = 0; run < 300; run++)
			for (const quantity of randomQuantities(random).map(senmlQuantity)) {
				const scaled = (random.u32() | 0) >> random.between(0, 31);
				assert.equal(senmlScaled(senmlValue(scaled, quantity), quantity), scaled, `${scaled} ${quantity.unit}`);
			}
	});
	it("a value between two steps: none of the quantity's", () => {
		const quantity = senmlQuantity(temperature);
		assert.ok(Number.isNaN(senmlScaled(21.535, quantity)));
	});
});

describe("senml pack of a node", () => {
	it("its names: unique and whole, as RFC 8428 §4.5.1 has them", () => {
		const { bytes } = encodePack(both, [sample(7, 1200, 2153, 10_132)], 500, { seconds: 1203 });
		assert.deepEqual(resolveSenml(decodeSenml(bytes), 1_700_000_000), [
			{ n: "urn:dev:mac:02005efffe102030_sample.number", t: 1_699_999_997, v: 7 },
			{ n: "urn:dev:mac:02005efffe102030_temperature", t: 1_699_999_997, u: "Cel", v: 21.53 },
			{ n: "urn:dev:mac:02005efffe102030_pressure", t: 1_699_999_997, u: "Pa", v: 101_320 },
		]);
	});
	it("any id of a node: comes back", () => {
		for (const nodeId of ["n", "0", "node-7", "0123456789abcdef0123456"]) {
			const { bytes } = encodePack(both, [sample(1, 0, 1, 2)], 500, {}, nodeId);
			assert.deepEqual(decodePack(bytes, both).records[0]!.values, [1, 2]);
			assert.equal(decodePack(bytes, both).base, `${nodeId}_`);
		}
	});
});
