import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadRecording, parseRecording, phenomenaOf } from "../../../sim/world/csv.js";
import { parseTime } from "../../../sim/world/csv-time.js";
import * as assert from "../../assert.js";

const T0 = Date.UTC(2026, 2, 1);
const read = (text: string) => parseRecording(text, "w.csv");
const column = (text: string, name: string) => Array.from(read(text).columns.get(name) ?? []);

describe("recording", () => {
	it("two columns and a gap: times, values, NaN", () => {
		const r = read("time,temperature_c,humidity_percent\n2026-03-01T00:00:00Z,3.9,59\n2026-03-01T01:00:00Z,,60.5\n");
		assert.deepEqual(phenomenaOf(r), ["temperature", "humidity"]);
		assert.deepEqual(Array.from(r.timesMs), [T0, T0 + 3_600_000]);
		assert.deepEqual(Array.from(r.columns.get("temperature")!), [3.9, Number.NaN]);
		assert.deepEqual(Array.from(r.columns.get("humidity")!), [59, 60.5]);
	});
	for (const [name, cell, phenomenon, value] of [
		["temperature_c", "-40.5", "temperature", -40.5],
		["temperature_f", "212", "temperature", 100],
		["temperature_f", "-40", "temperature", -40],
		["temperature_k", "273.15", "temperature", 0],
		["humidity_percent", "1e2", "humidity", 100],
		["pressure_hpa", "1013.25", "pressure", 1013.25],
		["pressure_pa", "101325", "pressure", 1013.25],
		["pressure_kpa", "101.325", "pressure", 1013.25],
		["pressure_mbar", "1013.25", "pressure", 1013.25],
		["pressure_inhg", "29.9213", "pressure", 1013.25],
		["pressure_mmhg", "760", "pressure", 1013.25],
		["battery_v", "+3.7", "battery", 3.7],
		["battery_mv", "3700", "battery", 3.7],
		["light_lux", ".5", "light_lux", 0.5],
		["co2_ppm", "749.", "co2_ppm", 749],
		["constructor_c", "1", "constructor_c", 1],
	] as const)
		it(`unit: ${name} ${cell}, ${phenomenon} ${value}`, () => {
			const got = column(`time,${name}\n0,${cell}`, phenomenon);
			assert.equal(got.length, 1);
			assert.near(got[0]!, value, 0.01);
			if (!name.includes("hg")) assert.near(got[0]!, value, 1e-9);
		});
	for (const [name, text] of [
		["line ends CR LF", "time,temperature_c\r\n0,1\r\n60,2\r\n"],
		["byte order mark", "\ufefftime,temperature_c\n0,1\n60,2"],
		["byte order mark before a quote", '\ufeff"time",temperature_c\n0,1\n60,2'],
		["no newline at the end", "time,temperature_c\n0,1\n60,2"],
		["empty lines at the end", "time,temperature_c\n0,1\n60,2\n\n \r\n\n"],
		["quoted fields", '"time","temperature_c"\r\n"0","1"\r\n"60",2\r\n'],
		["spaces about fields", "time , temperature_c\n0, 1\n60 ,2\n"],
		["columns in another order", "temperature_c,time\n1,0\n2,60\n"],
		["a quoted name with comma, quote and newline", 'time,"a ""b"", \nc",temperature_c\n0,5,1\n60,6,2\n'],
		["CR at the end of the file", "time,temperature_c\n0,1\n60,2\r"],
	] as const)
		it(`form: ${name}, the same values`, () => {
			assert.deepEqual(column(text, "temperature"), [1, 2]);
		});
	it("last cell empty before CR LF: a gap", () => {
		assert.deepEqual(column("time,temperature_c\r\n0,\r\n60,2\r\n", "temperature"), [Number.NaN, 2]);
	});
	for (const [name, text, message] of [
		["empty file", "", "w.csv:1: the file is empty"],
		["nothing but newlines", "\n\n", "the file is empty"],
		["no time column", "when,temperature_c\n0,1", 'w.csv:1: no column "time"'],
		["no values", "time\n0", "only times"],
		["header only", "time,temperature_c\n", "no rows"],
		["unknown unit", "time,temperature_x\n0,1", "w.csv:1: temperature_x: the unit is not known; temperature_c or"],
		["no unit", "time,pressure\n0,1", "w.csv:1: pressure: the unit is missing; pressure_hpa or"],
		["one name twice", "time,a,a\n0,1,1", "two columns"],
		["one phenomenon twice", "time,temperature_c,temperature_f\n0,1,1", "another column for temperature"],
		["a column without a name", "time,,a\n0,1,1", "column 2 has no name"],
		["not a number", "time,a\n0,1\n1,x", 'w.csv:3: a: "x" is not a number'],
		["hexadecimal", "time,a\n0,0x10", "not a number"],
		["NaN", "time,a\n0,NaN", "nothing for a gap"],
		["decimal comma", 'time,a\n0,"1,5"', "not a number"],
		["too few fields", "time,a,b\n0,1,2\n1,1", "w.csv:3: 2 fields; 3"],
		["too many fields", "time,a\n0,1,2", "w.csv:2: 3 fields; 2"],
		["empty line inside", "time,a\n0,1\n\n1,2", "w.csv:3: 1 field; 2"],
		["same time again", "time,a\n5,1\n5,1", 'w.csv:3: time: "5" does not come after'],
		["time falls", "time,a\n5,1\n4,1", "increasing times"],
		["time without zone", "time,a\n2026-03-01T00:00:00,1", "w.csv:2: time:"],
		["time empty", "time,a\n,1", "w.csv:2: time:"],
		["open quote", 'time,a\n0,"1', "w.csv:2: a quote is never closed"],
		["text after a quote", 'time,a\n0,"1"2', "text after a closing quote"],
		["line after a quoted newline", 'time,"a\nb"\n0,x', "w.csv:3:"],
	] as const)
		it(`refused: ${name}, line and column are named`, () => {
			assert.throws(() => read(text), { code: "malformed", message });
		});
	it("file: read from disk; unreadable ones say why", () => {
		const folder = mkdtempSync(join(tmpdir(), "dormouse-"));
		try {
			const file = join(folder, "a.csv");
			writeFileSync(file, "time,co2_ppm\n0,400\n");
			assert.deepEqual(phenomenaOf(loadRecording(file)), ["co2_ppm"]);
			const absent = join(folder, "b.csv");
			assert.throws(() => loadRecording(absent), { code: "malformed", message: `${absent}: cannot be read: there is` });
			assert.throws(() => loadRecording(folder), { code: "malformed", message: "it is a directory" });
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

describe("recording time", () => {
	for (const [text, ms] of [
		["2026-03-01T00:00:00Z", T0],
		["2026-03-01t00:00:00z", T0],
		["2026-03-01 00:00Z", T0],
		["2026-03-01T00:00:00.25Z", T0 + 250],
		["2026-03-01T01:30:00+01:30", T0],
		["2026-02-28T19:00:00-0500", T0],
		["2026-02-28T19:00:00-05", T0],
		["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
		["0", 0],
		["1772323200", T0],
	] as const)
		it(`${text}: understood`, () => assert.equal(parseTime(text), ms));
	for (const text of [
		"",
		"2026-03-01",
		"2026-03-01T00:00:00",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-03-01T24:00:00Z",
		"2026-03-01T00:60:00Z",
		"2026-03-01T00:00:60Z",
		"2026-03-01T00:00:00+24:00",
		"-5",
		"1.5",
		"yesterday",
	])
		it(`${text || "nothing"}: refused`, () => assert.equal(parseTime(text), undefined));
});
