import { readFileSync } from "node:fs";
import { DormouseError } from "../../modules/core/errors.js";
import { parseTime } from "./csv-time.js";

/** A recording in columns. NaN in a column is a gap. */
export interface Recording {
	/** Rows left out because their time did not come after the row before. */
	readonly leftOut: number;
	/** For messages. */
	readonly name: string;
	/** Wall time of each row, in milliseconds since 1970 (UTC); strictly increasing, at least one. */
	readonly timesMs: Float64Array;
	/** By phenomenon, in the units of `World`: °C, %RH, hPa, V. Other columns have their own name and unit. */
	readonly columns: ReadonlyMap<string, Float64Array>;
}

/** Units of the phenomena that the world knows: value = (cell + offset) × factor. Others are refused. */
const UNITS: Readonly<Record<string, Readonly<Record<string, readonly [offset: number, factor: number]>>>> =
	Object.freeze({
		temperature: { c: [0, 1], f: [-32, 5 / 9], k: [-273.15, 1] },
		humidity: { percent: [0, 1] },
		// NIST SP 811 appendix B.8: conventional inch and millimetre of mercury
		pressure: {
			hpa: [0, 1],
			pa: [0, 0.01],
			kpa: [0, 10],
			mbar: [0, 1],
			inhg: [0, 33.863_89],
			mmhg: [0, 1.333_224],
		},
		battery: { v: [0, 1], mv: [0, 0.001] },
	});
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Reads a recording from a file.
 * @throws {DormouseError} `malformed`: file, line and column, what is wrong and what would be right; also when the file
 * cannot be read
 */
export function loadRecording(file: string): Recording {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		throw new DormouseError("malformed", `${file}: cannot be read: ${REASONS[code ?? ""] ?? message}`);
	}
	return parseRecording(text, file);
}

const REASONS: Readonly<Record<string, string>> = Object.freeze({
	ENOENT: "there is no such file",
	EISDIR: "it is a directory",
	EACCES: "permission denied",
	ENOTDIR: "a part of its path is not a directory",
});

/** Share of rows that may step back in time, as where a logger's clock was set; more is a file out of order. */
const MOST_BACK = 0.01;
const MOST_COLUMNS = 256;

/**
 * Parses a recording: comma-separated values (RFC 4180) with a header line.
 *
 * A column `time` holds ISO 8601 with `Z` or an offset, or Unix seconds, increasing. The others have their unit
 * in their name: `temperature_c|_f|_k`, `humidity_percent`, `pressure_hpa|_pa|_kpa|_mbar|_inhg|_mmhg`, `battery_v|_mv`;
 * any other name is kept as it is. An empty cell is a gap. There are no comments. Rows whose time does not come after the
 * row before are left out and counted while they are fewer than one in a hundred.
 * @param name for messages
 * @throws {DormouseError} `malformed`
 */
export function parseRecording(text: string, name: string): Recording {
	const reader: CsvReader = new CsvReader(text, name);
	if (!reader.next()) reader.wrong("", "the file is empty", "a header such as time,temperature_c");
	const header = reader.fields.map((field) => field.trim());
	if (header.length > MOST_COLUMNS) reader.wrong("", `${header.length} columns`, `at most ${MOST_COLUMNS}`);
	const timeAt = header.indexOf("time");
	if (timeAt < 0 && header[0]!.includes(";")) reader.wrong("", "columns are divided by semicolons", "commas");
	if (timeAt < 0) reader.wrong("", `no column "time" among ${header.join(", ")}`, "a column called time");
	const columns = readHeader(header, reader);
	const rows = reader.countLines();
	const timesMs = new Float64Array(rows);
	const values = columns.map(() => new Float64Array(rows));
	let row = 0;
	let leftOut = 0;
	while (reader.next()) {
		const { fields } = reader;
		if (fields.length !== header.length)
			reader.wrong("", `${count(fields.length, "field")}`, `${header.length}, as in the header,`);
		const ms = parseTime(fields[timeAt]!.trim());
		if (ms === undefined)
			reader.wrong(
				"time",
				`"${fields[timeAt]}" is not a time with its zone`,
				"2026-03-01T00:00:00Z, an offset for Z, or Unix seconds",
			);
		if (row > 0 && ms <= timesMs[row - 1]!) {
			const back = `"${fields[timeAt]}" does not come after the row before`;
			if (++leftOut > rows * MOST_BACK) reader.wrong("time", back, "increasing times");
			continue;
		}
		timesMs[row] = ms;
		for (const [index, column] of columns.entries()) {
			const cell = fields[column.at]!.trim();
			if (cell !== "" && !(NUMBER.test(cell) && Number.isFinite(Number(cell))))
				reader.wrong(
					header[column.at]!,
					`${JSON.stringify(cell.slice(0, 40))} is not a number`,
					"a number, or nothing for a gap,",
				);
			values[index]![row] = cell === "" ? Number.NaN : (Number(cell) + column.offset) * column.factor;
		}
		row++;
	}
	if (row === 0) reader.wrong("", "there are no rows below the header", "at least one");
	return {
		name,
		leftOut,
		timesMs: timesMs.subarray(0, row),
		columns: new Map(columns.map((column, index) => [column.phenomenon, values[index]!.subarray(0, row)])),
	};
}

/** Which phenomena a recording has, in the order of its columns. */
export function phenomenaOf(recording: Recording): string[] {
	return [...recording.columns.keys()];
}

interface Column {
	readonly at: number;
	readonly phenomenon: string;
	readonly offset: number;
	readonly factor: number;
}

function readHeader(header: readonly string[], reader: CsvReader): Column[] {
	const columns: Column[] = [];
	for (const [at, name] of header.entries()) {
		if (name === "") reader.wrong("", `column ${at + 1} has no name`, "a name with its unit, such as temperature_c");
		if (header.indexOf(name) !== at) reader.wrong(name, "there are two columns of this name", "one");
		if (name === "time") continue;
		const split = name.lastIndexOf("_");
		const base = split < 0 ? name : name.slice(0, split);
		const units = Object.hasOwn(UNITS, base) ? UNITS[base] : undefined;
		const suffix = name.slice(split + 1).toLowerCase();
		const unit = units && split >= 0 && Object.hasOwn(units, suffix) ? units[suffix] : undefined;
		if (units && !unit) {
			const known = Object.keys(units).map((each) => `${base}_${each}`);
			reader.wrong(name, split < 0 ? "the unit is missing" : "the unit is not known", known.join(" or "));
		}
		const phenomenon = units ? base : name;
		if (columns.some((other) => other.phenomenon === phenomenon))
			reader.wrong(name, `there is another column for ${phenomenon}`, "one");
		columns.push({ at, phenomenon, offset: unit?.[0] ?? 0, factor: unit?.[1] ?? 1 });
	}
	if (columns.length === 0) reader.wrong("", "only times and no values", "a column such as temperature_c beside time");
	return columns;
}

/** Fields of one record after another, without a copy of the whole. */
class CsvReader {
	fields: string[] = [];
	readonly #text: string;
	readonly #name: string;
	#at: number;
	/** Of the current record's first line, from 1. */
	#line = 0;
	#nextLine = 1;

	constructor(text: string, name: string) {
		this.#text = text;
		this.#name = name;
		this.#at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
	}
	/** At most so many records are left. */
	countLines(): number {
		let lines = 1;
		for (let at = this.#text.indexOf("\n", this.#at); at >= 0; at = this.#text.indexOf("\n", at + 1)) lines++;
		return lines;
	}
	/** Reads the next record. @returns false at the end; empty lines at the end are none */
	next(): boolean {
		this.#line = this.#nextLine;
		if (/^\s*$/.test(this.#text.slice(this.#at, this.#at + 8)) && this.#text.slice(this.#at).trim() === "")
			return false;
		this.fields = [];
		for (;;) {
			const quoted = this.#text[this.#at] === '"';
			this.fields.push(quoted ? this.#quoted() : this.#plain());
			const end = this.#text[this.#at];
			if (end === ",") {
				this.#at++;
				continue;
			}
			if (end === "\r" && this.#text[this.#at + 1] === "\n") this.#at++;
			else if (end !== undefined && end !== "\n")
				this.wrong("", `text after a closing quote: ${JSON.stringify(end)}`, "a comma or the line's end");
			this.#at++;
			this.#nextLine++;
			return true;
		}
	}
	wrong(column: string, what: string, right: string): never {
		const where = column ? `:${this.#line}: ${column}` : `:${this.#line}`;
		throw new DormouseError("malformed", `${this.#name}${where}: ${what}; ${right} would be right`);
	}
	#plain(): string {
		const from = this.#at;
		for (; this.#at < this.#text.length; this.#at++) {
			const unit = this.#text.charCodeAt(this.#at);
			if (unit === 44 || unit === 10) break; // comma, line feed
		}
		const cr = this.#text[this.#at] !== "," && this.#text.charCodeAt(this.#at - 1) === 13 && this.#at > from;
		if (cr) this.#at--;
		const field = this.#text.slice(from, this.#at);
		if (cr && this.#at + 1 >= this.#text.length) this.#at++; // a lone CR ends the file
		return field;
	}
	#quoted(): string {
		let field = "";
		let from = ++this.#at;
		for (;;) {
			const end = this.#text.indexOf('"', from);
			if (end < 0) this.wrong("", "a quote is never closed", 'a second "');
			field += this.#text.slice(this.#at, end);
			this.#at = end + 1;
			if (this.#text[this.#at] !== '"') break;
			field += '"';
			from = ++this.#at;
		}
		this.#nextLine += field.split("\n").length - 1;
		return field;
	}
}

function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
