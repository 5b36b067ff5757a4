import { createRequire } from "node:module";
import { encode as messagePack } from "@msgpack/msgpack";
import { encode as cbor } from "cborg";
import { build } from "esbuild";
import { PbfWriter } from "pbf";
import { FrameEncoder } from "../modules/codec/frame-encoder.js";
import { NodeRecord } from "../modules/core/record.js";
import { PROJECT } from "../sim/engine/bundle.js";
import { XsEngine } from "../sim/engine/xs.js";
import { Status } from "../sim/host/table.js";
import { buildHost } from "../sim/xs/build.js";
import { at, schemaOf } from "../test/support/frame-bytes.js";
import {
	bytesASample,
	machineRecording,
	officeRecording,
	type Recording,
	valuesOf,
	weatherRecording,
	windows,
} from "../test/support/recordings.js";
import { PlainCursor, type PlainRecord } from "../test/support/records.js";
import { encodePack } from "../test/support/senml.js";
import { row } from "./row.js";

const BATCHES = [1, 6, 12, 24, 48] as const;
const BUDGET = new Map([
	[12, 3],
	[24, 2.5],
]);
/** JavaScript's share of a wake without the radio, in ms, that the design allows. */
const WAKE_MS = 60;
/** One XS computron in ns at best: integer arithmetic, 33–37 instructions of 6.25 ns; typed arrays, 60–68. */
const COMPUTRON_NS = [33 * 6.25, 68 * 6.25] as const;

/** Bytes of a message that holds these records. */
type Encoding = (recording: Recording, records: readonly PlainRecord[]) => number;

// No types come with it.
const { encoder: cayenne } = createRequire(import.meta.url)("cayenne-lpp") as {
	encoder: Record<string, (channel: number, value: number) => Uint8Array>;
};
const CAYENNE: Readonly<Record<string, string>> = Object.freeze({
	temperature: "encodeTemperature",
	humidity: "encodeRelativeHumidity",
	pressure: "encodeBarometricPressure",
	battery: "encodeAnalogInput",
	light: "encodeLuminosity",
	co2: "encodeLuminosity", // it has no type for concentrations; this one has the range
});
/** SenML labels of RFC 8428 §6, table 4. */
const SENML = Object.freeze({ bn: -2, bt: -3, n: 0, u: 1, v: 2, t: 6 });
const NAME = "urn:dev:mac:163fe8fd5bf5:";

const wallOf = ({ start }: Recording, { seconds }: PlainRecord) => start + seconds;

/** Records of a pack; those that are missing have none. */
function senml(recording: Recording, records: readonly PlainRecord[]): Record<string, string | number>[] {
	const base = wallOf(recording, records[0]!);
	const pack: Record<string, string | number>[] = [];
	for (const record of records)
		for (const [n, v] of valuesOf(recording, record).entries()) {
			if (v === undefined) continue;
			const { name, unit } = recording.quantities[n]!;
			const t = wallOf(recording, record) - base;
			pack.push({ ...(pack.length ? {} : { bn: NAME, bt: base }), n: name, u: unit, ...(t ? { t } : {}), v });
		}
	return pack;
}

const ENCODINGS: readonly (readonly [string, Encoding])[] = [
	[
		"JSON, an object a sample",
		(recording, records) =>
			Buffer.byteLength(
				JSON.stringify(
					records.map((record) => {
						const values = valuesOf(recording, record);
						const named = recording.quantities.map(({ name }, n) => [name, values[n]] as const);
						return { time: wallOf(recording, record), ...Object.fromEntries(named) };
					}),
				),
			),
	],
	["SenML-JSON", (recording, records) => Buffer.byteLength(JSON.stringify(senml(recording, records)))],
	[
		"SenML-CBOR (cborg)",
		(recording, records) =>
			cbor(
				senml(recording, records).map(
					(one) => new Map(Object.entries(one).map(([key, value]) => [SENML[key as keyof typeof SENML], value])),
				),
			).length,
	],
	[
		"SenML-CBOR, ours: the other encoding of a declaration",
		(recording, records) => {
			const first = records[0]!;
			let bytes = 0;
			// Samples of one time, as a clock that was set back gives them, begin a new pack.
			for (let rest = records; rest.length > 0; ) {
				const { seconds } = rest.at(-1)!;
				const wall = wallOf(recording, first) + seconds - first.seconds;
				const pack = encodePack(recording.quantities, rest, 65_536, { epoch: first.epoch, seconds, wall });
				bytes += pack.bytes.length;
				rest = rest.slice(pack.taken);
			}
			return bytes;
		},
	],
	[
		"Cayenne LPP (cayenne-lpp), without time",
		(recording, records) => {
			let bytes = 0;
			for (const record of records)
				for (const [n, value] of valuesOf(recording, record).entries())
					if (value !== undefined) bytes += cayenne[CAYENNE[recording.quantities[n]!.name]!]!(n, value).length;
			return bytes;
		},
	],
	[
		"MessagePack (@msgpack/msgpack), rows of scaled integers",
		(recording, records) =>
			messagePack(records.map((record) => [wallOf(recording, record), ...record.values.map((value) => value ?? null)]))
				.length,
	],
	[
		"protobuf (pbf), a message a sample, scaled sint32",
		(recording, records) => {
			const pbf = new PbfWriter();
			for (const record of records)
				pbf.writeMessage(
					1,
					(one: PlainRecord, inner: PbfWriter) => {
						inner.writeVarintField(1, wallOf(recording, one));
						for (const [n, value] of one.values.entries())
							if (value !== undefined) inner.writeSVarintField(n + 2, value);
					},
					record,
				);
			return pbf.finish().length;
		},
	],
	[
		"protobuf (pbf), packed columns of differences",
		(recording, records) => {
			const pbf = new PbfWriter();
			const times = records.map((record) => wallOf(recording, record));
			pbf.writeVarintField(1, records[0]!.number);
			pbf.writePackedSVarint(2, differences(times));
			const missing = records.map(({ values }) =>
				values.reduce<number>((set, v, n) => (v === undefined ? set | (1 << n) : set), 0),
			);
			if (missing.some((set) => set !== 0)) pbf.writePackedVarint(3, missing);
			for (const n of recording.quantities.keys())
				pbf.writePackedSVarint(4 + n, differences(records.flatMap(({ values }) => values[n] ?? [])));
			return pbf.finish().length;
		},
	],
];

function differences(values: readonly number[]): number[] {
	return values.map((value, n) => value - (n ? values[n - 1]! : 0));
}

/**
 * Bytes a sample if each column's first differences were coded at their zero-order entropy over the whole recording, which
 * a decoder would have to know beforehand; likewise the steps of time and which values are missing. No head, no ends.
 */
function entropyFloor({ records, quantities }: Recording): number {
	let bits = 0;
	const add = (symbols: readonly (number | string)[]) => {
		const counts = new Map<number | string, number>();
		for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
		for (const count of counts.values()) bits -= count * Math.log2(count / symbols.length);
	};
	add(differences(records.map(({ seconds }) => seconds)).slice(1));
	add(records.map(({ values }) => values.map((value) => (value === undefined ? "-" : "+")).join("")));
	for (const n of quantities.keys()) add(differences(records.flatMap(({ values }) => values[n] ?? [])).slice(1));
	return bits / 8 / records.length;
}

function table(recording: Recording): void {
	const line = (name: string, figures: readonly string[]) =>
		process.stdout.write(`  ${name.padEnd(60)}${figures.map((figure) => figure.padStart(9)).join("")}\n`);
	process.stdout.write(`\n  ${recording.name}: ${recording.records.length} samples, bytes a sample\n`);
	line("samples a message", BATCHES.map(String));
	const frames = BATCHES.map((batch) => bytesASample(recording, batch));
	line(
		"compact frame, wall time",
		frames.map((bytes) => bytes.toFixed(3)),
	);
	for (const base of ["age", "epoch"] as const)
		line(
			`compact frame, base ${base}`,
			BATCHES.map((batch) => bytesASample(recording, batch, base).toFixed(3)),
		);
	for (const [name, encoding] of ENCODINGS)
		line(
			name,
			BATCHES.map((batch) => {
				let bytes = 0;
				for (const window of windows(recording, batch)) bytes += encoding(recording, window);
				return (bytes / recording.records.length).toFixed(3);
			}),
		);
	const floor = entropyFloor(recording).toFixed(3);
	line(
		"zero-order entropy of first differences, no head",
		BATCHES.map(() => floor),
	);
}

/** Encodes a frame of twelve weather samples so many times: for both engines, so without records' own objects. */
const TIMED = `
import { NodeRecord } from "./modules/core/record.js";
import { FrameEncoder } from "./modules/codec/frame-encoder.js";
export function wake() {
	const record = new NodeRecord(4);
	const records = RECORDS;
	const schema = SCHEMA;
	const view = new Uint8Array(200);
	const cursor = () => ({
		at: 0,
		moveTo(other) { this.at = other.at; },
		read(into) {
			const from = records[this.at];
			if (!from) return false;
			this.at++;
			into.number = this.at + 1000; into.kind = 0; into.epoch = 1; into.seconds = from[0]; into.wall = true;
			into.missing = 0; into.length = 4;
			for (let n = 0; n < 4; n++) into.values[n] = from[n + 1];
			return true;
		},
	});
	const time = { epoch: 1, seconds: records[11][0], wall: START + records[11][0], stamped: false };
	let length = 0;
	for (let n = 0; n < RUNS; n++) length = new FrameEncoder(schema, view, cursor(), record).encode(cursor(), 200, time);
	dormouseEngine.call(Uint8Array.of(length), 1);
}
export const node = Object.freeze({ name: "timed" });
`;

async function encodeTime(recording: Recording): Promise<void> {
	const window = recording.records.slice(1200, 1212);
	const schema = schemaOf([-400, 0, 3000, 0], [850, 200, 11_000, 490], recording.every, 12);
	const view = new Uint8Array(200);
	const { seconds } = window[11]!;
	const time = at(seconds, { epoch: 1, wall: recording.start + seconds });
	const once = () =>
		new FrameEncoder(schema, view, new PlainCursor(window), new NodeRecord(32)).encode(
			new PlainCursor(window),
			200,
			time,
		);
	for (let n = 0; n < 3000; n++) once();
	const begin = performance.now();
	for (let n = 0; n < 20_000; n++) once();
	row("encode a frame of 12 weather samples on Node, µs", (performance.now() - begin) / 20);

	const host = await buildHost({ progress: (text) => process.stderr.write(`${text}\n`) });
	if (!host.ready) {
		process.stdout.write(`  XS skipped: ${host.reason}\n`);
		return;
	}
	const measured = async (runs: number) => {
		const { outputFiles } = await build({
			stdin: { contents: TIMED, resolveDir: PROJECT, loader: "ts" },
			bundle: true,
			write: false,
			format: "iife",
			globalName: "firmware",
			target: "es2022",
			platform: "neutral",
			logLevel: "silent",
			define: {
				RECORDS: JSON.stringify(window.map((one) => [one.seconds, ...one.values])),
				SCHEMA: JSON.stringify(schema),
				START: `${recording.start}`,
				RUNS: `${runs}`,
			},
		});
		const code = `((dormouseEngine) => {${outputFiles[0]!.text}\nreturn { wake: firmware.wake, node: firmware.node };\n})`;
		const firmware = new XsEngine(host, { locate: false, meterLimit: 2_000_000_000 }).load({
			code,
			map: "",
			name: "timed",
		});
		const started = performance.now();
		const wake = firmware.boot({ call: () => Uint8Array.of(Status.ok) });
		const ms = performance.now() - started;
		if (wake.fault) throw new Error(`${wake.fault.reason}: ${wake.fault.message}`);
		const { computrons } = wake.figures()!;
		wake.drop();
		firmware.close();
		return { ms, computrons };
	};
	const [none, many] = [await measured(0), await measured(500)];
	row("the same on XS on this machine, µs", ((many.ms - none.ms) * 1000) / 500);
	const computrons = (many.computrons - none.computrons) / 500;
	row("the same on XS, computrons", computrons, "with the encoder's making");
	const [least, most] = COMPUTRON_NS.map((ns) => (computrons * ns) / 1e6) as [number, number];
	row(
		"estimate for an ESP32-C3 at 160 MHz, ms, at least",
		least,
		`${((100 * least) / WAKE_MS).toFixed(0)} % of a wake's ${WAKE_MS} ms`,
	);
	row("estimate for an ESP32-C3 at 160 MHz, ms, as typed arrays", most, `${((100 * most) / WAKE_MS).toFixed(0)} %`);
}

/** Bytes a sample of recorded data in frames and in what others send; every frame is decoded and compared. */
export async function bench(): Promise<void> {
	const weather = weatherRecording();
	const all = [weather, officeRecording(1), officeRecording(10), machineRecording()];
	if (!weather) {
		process.stdout.write("  skipped: the recordings in ../shared/data are not there\n");
		return;
	}
	for (const recording of all) if (recording) table(recording);
	process.stdout.write("\n");
	for (const [batch, budget] of BUDGET) {
		const bytes = bytesASample(weather, batch);
		row(
			`bytes a sample, ${weather.name}, frames of ${batch}`,
			bytes,
			`budget ≤ ${budget}: ${bytes <= budget ? "held" : "MISSED"}`,
		);
	}
	await encodeTime(weather);
}
