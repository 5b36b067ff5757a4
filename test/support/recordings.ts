import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FrameSchema, FrameTime } from "../../modules/codec/frame.js";
import { decodeFrame } from "../../modules/codec/frame-decoder.js";
import { frameSchema, type SchemaQuantity } from "../../modules/codec/schema.js";
import { RecordKind } from "../../modules/core/record.js";
import { fromScaled, toScaled } from "../../modules/measure/quantity.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import * as assert from "../assert.js";
import { baseOf, decodedOf, encodeFrame } from "./frame-bytes.js";
import type { PlainRecord } from "./records.js";

/** A recording as samples of a node that knew the wall time all along. */
export interface Recording {
	readonly name: string;
	readonly quantities: readonly SchemaQuantity[];
	/** Seconds between samples, as declared. */
	readonly every: number;
	/** Numbers count from 1; `seconds` from the first of them, which was at `start`. */
	readonly records: readonly PlainRecord[];
	/** Wall time of the first, in seconds. */
	readonly start: number;
}

const CELSIUS = { name: "temperature", unit: "Cel", resolution: 0.1, low: -40, high: 85 };
const HUMIDITY = { name: "humidity", unit: "%RH", resolution: 0.5, low: 0, high: 100 };
const HECTOPASCAL = { name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 };
const BATTERY = { name: "battery", unit: "V", resolution: 0.01, low: 0, high: 4.9 };
const LIGHT = { name: "light", unit: "lx", resolution: 1, low: 0, high: 65_535 };
const CARBON_DIOXIDE = { name: "co2", unit: "ppm", resolution: 1, low: 0, high: 10_000 };
const MACHINE = { name: "temperature", unit: "Cel", resolution: 0.1, low: -40, high: 125 };

type Column = readonly [SchemaQuantity, (cells: ReadonlyMap<string, number>, seconds: number) => number | undefined];
const cell = (name: string) => (cells: ReadonlyMap<string, number>) => cells.get(name);

/** @param nth each nth row is a sample @returns undefined where the recordings are not beside the project */
function load(
	name: string,
	file: string,
	every: number,
	nth: number,
	columns: readonly Column[],
): Recording | undefined {
	const path = join(PROJECT, "../shared/data", file);
	if (!existsSync(path)) return undefined;
	const [header, ...lines] = readFileSync(path, "utf8").trim().split("\n");
	const names = header!.split(",");
	const records: PlainRecord[] = [];
	let start = 0;
	for (let n = 0; n < lines.length; n += nth) {
		const parts = lines[n]!.split(",");
		const wallSeconds = Date.parse(parts[0]!) / 1000;
		if (n === 0) start = wallSeconds;
		const seconds = wallSeconds - start;
		const cells = new Map(names.flatMap((name, at) => (at > 0 && parts[at] ? [[name, Number(parts[at])]] : [])));
		const values = columns.map(([quantity, read]) => {
			const value = read(cells, seconds);
			return value === undefined ? undefined : toScaled(value, quantity);
		});
		records.push({ number: records.length + 1, kind: RecordKind.sample, epoch: 1, seconds, wall: true, values });
	}
	return { name, quantities: columns.map(([quantity]) => quantity), every, records, start };
}

/** Hourly weather, with a battery that falls 1 mV a day from 4.1 V: what the design's budget is told for. */
export function weatherRecording(): Recording | undefined {
	return load("weather, hourly", "weather-ewr-2013.csv", 3600, 1, [
		[CELSIUS, cell("temperature_c")],
		[HUMIDITY, cell("humidity_percent")],
		[HECTOPASCAL, cell("pressure_hpa")],
		[BATTERY, (_, seconds) => 4.1 - (0.001 * seconds) / 86_400],
	]);
}
/** @param minutes 1, as it was recorded, or each so many rows */
export function officeRecording(minutes: number): Recording | undefined {
	return load(`office, ${minutes} min`, "room-air-2015.csv", 60 * minutes, minutes, [
		[CELSIUS, cell("temperature_c")],
		[HUMIDITY, cell("humidity_percent")],
		[LIGHT, cell("light_lux")],
		[CARBON_DIOXIDE, cell("co2_ppm")],
	]);
}
export function machineRecording(): Recording | undefined {
	return load("machine, 5 min", "machine-temperature-2014.csv", 300, 1, [
		[MACHINE, (cells) => ((cells.get("temperature_f") ?? Number.NaN) - 32) / 1.8],
	]);
}

/** Consecutive windows of so many samples, to the end; the last one may be smaller. */
export function* windows({ records }: Recording, batch: number): Generator<readonly PlainRecord[]> {
	for (let at = 0; at < records.length; at += batch) yield records.slice(at, at + batch);
}
export function schemaOfRecording({ quantities, every }: Recording, batch: number): FrameSchema {
	return frameSchema(quantities, every, batch);
}
/** A sample's values in their units. */
export function valuesOf({ quantities }: Recording, { values }: PlainRecord): (number | undefined)[] {
	return values.map((value, n) => (value === undefined ? undefined : fromScaled(value, quantities[n]!)));
}

/** How a node of a recording knows the time, when it sends right after the last sample of a frame. */
export type Knows = "wall" | "age" | "epoch";

/**
 * Bytes a sample of the compact frame over a whole recording: each frame is decoded again and compared.
 * @throws when one does not come back as it was
 */
export function bytesASample(recording: Recording, batch: number, knows: Knows = "wall"): number {
	const schema = schemaOfRecording(recording, batch);
	let bytes = 0;
	for (const window of windows(recording, batch)) {
		const { seconds } = window[window.length - 1]!;
		const wall = knows === "wall" ? recording.start + seconds : 0;
		const time: FrameTime = { epoch: 1, seconds, wall, stamped: knows === "age" };
		const records = knows === "wall" ? window : window.map((record) => ({ ...record, wall: false }));
		const frame = encodeFrame(records, schema, 4096, time);
		assert.equal(frame.taken, records.length);
		assert.deepEqual(decodeFrame(frame.bytes, schema).records, decodedOf(records, baseOf(records, time), time));
		bytes += frame.bytes.length;
	}
	return bytes / recording.records.length;
}
