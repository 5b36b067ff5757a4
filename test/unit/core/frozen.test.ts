import { DormouseError } from "../../../modules/core/errors.js";
import { frozen } from "../../../modules/core/frozen.js";
import { NodeRecord } from "../../../modules/core/record.js";
import { days, hours, minutes, seconds } from "../../../modules/core/time.js";
import { isUnit, suggestUnit } from "../../../modules/core/units.js";
import * as assert from "../../assert.js";

describe("frozen", () => {
	it("nested objects and arrays: frozen all the way down, the same object", () => {
		const table = { a: [1, { b: 2 }], c: null, d: "text" };
		assert.ok(frozen(table) === table);
		assert.ok(Object.isFrozen(table) && Object.isFrozen(table.a) && Object.isFrozen(table.a[1]));
	});
	it("typed arrays, which cannot be frozen: left alone", () => {
		const table = frozen({ bytes: Uint8Array.of(1) });
		assert.ok(Object.isFrozen(table));
		assert.equal(table.bytes[0], 1);
		assert.equal(frozen(Uint8Array.of(7))[0], 7);
	});
});

describe("DormouseError", () => {
	it("without a message: the code is the message", () => {
		const error = new DormouseError("overflow");
		assert.equal(error.message, "overflow");
		assert.equal(error.name, "DormouseError");
		assert.ok(error instanceof Error);
	});
});

describe("time spans", () => {
	for (const [name, span, expected] of [
		["seconds(0)", seconds(0), 0],
		["seconds(90)", seconds(90), 90],
		["seconds(1.4)", seconds(1.4), 1],
		["minutes(10)", minutes(10), 600],
		["minutes(0.5)", minutes(0.5), 30],
		["hours(1.5)", hours(1.5), 5400],
		["days(1)", days(1), 86_400],
	] as const)
		it(`${name}: ${expected} s`, () => {
			assert.equal(span, expected);
		});
	for (const [name, make] of [
		["seconds", seconds],
		["minutes", minutes],
		["hours", hours],
		["days", days],
	] as const)
		it(`${name}: of nonsense, a declaration error that names it`, () => {
			for (const count of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5" as unknown as number, undefined!])
				assert.throws(() => make(count), { code: "declaration", message: `${name}(${count})` });
		});
});

describe("units", () => {
	it("SenML symbols: known, in their own case only", () => {
		for (const unit of ["Cel", "%RH", "hPa", "V", "m/s2", "/", "%", "1/s"].filter((unit) => unit !== "%"))
			assert.ok(isUnit(unit), unit);
		for (const unit of ["cel", "%rh", "HPA", "", " ", "°C", "toString"]) assert.ok(!isUnit(unit), unit);
	});
	for (const [wrong, right] of [
		["°C", "Cel"],
		["celsius", "Cel"],
		["%", "%RH"],
		["hpa", "hPa"],
		["mbar", "hPa"],
		["v", "V"],
	] as const)
		it(`suggestion: ${wrong}, ${right}`, () => {
			assert.equal(suggestUnit(wrong), right);
			assert.ok(isUnit(right));
		});
	it("suggestion: for what is like nothing, none", () => {
		assert.equal(suggestUnit("furlong"), undefined);
	});
});

describe("NodeRecord", () => {
	it("bitmap of missing values: bit 31 too", () => {
		const record = new NodeRecord(32);
		record.missing = 0x8000_0001;
		assert.ok(record.isMissing(31) && record.isMissing(0) && !record.isMissing(30));
	});
	it("copy: equal, and independent", () => {
		const [a, b] = [new NodeRecord(2), new NodeRecord(3)];
		Object.assign(a, { number: 7, kind: 3, epoch: 2, seconds: 9, wall: true, missing: 1, length: 2 });
		a.values.set([5, -6]);
		b.values[2] = 1;
		b.copy(a);
		a.values[0] = 0;
		assert.deepEqual([b.number, b.kind, b.epoch, b.seconds, b.wall, b.missing, b.length], [7, 3, 2, 9, true, 1, 2]);
		assert.deepEqual([...b.values], [5, -6, 1]);
	});
});
