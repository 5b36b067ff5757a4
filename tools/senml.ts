import { Major } from "../modules/codec/cbor.js";
import { CborReader } from "../modules/codec/cbor-reader.js";
import { DormouseError } from "../modules/core/errors.js";

/**
 * A SenML record as it stands in a pack, by the labels of JSON. Labels that are not known are left out.
 * Source: RFC 8428 §4.1, §4.2.
 */
export interface SenmlRecord {
	bver?: number;
	bn?: string;
	bt?: number;
	bu?: string;
	bv?: number;
	bs?: number;
	n?: string;
	u?: string;
	v?: number;
	vs?: string;
	vb?: boolean;
	vd?: Uint8Array;
	s?: number;
	t?: number;
	ut?: number;
}

/** A record that stands for itself. Source: RFC 8428 §4.6. */
export interface ResolvedSenml {
	/** Only where it is not 10. */
	bver?: number;
	/** The whole name. */
	n: string;
	u?: string;
	v?: number;
	vs?: string;
	vb?: boolean;
	vd?: Uint8Array;
	s?: number;
	/** Seconds since 1970, or below 2^28 relative to "now". */
	t: number;
	ut?: number;
}

/** Version of SenML that is understood. Source: RFC 8428 §4.1. */
const VERSION = 10;
/** Times below this are relative to "now". Source: RFC 8428 §4.5.3. */
export const SENML_ABSOLUTE = 2 ** 28;
/** Labels in the order of their numbers in CBOR, from −6. Source: RFC 8428 §6, table 4. */
const LABELS = Object.freeze("bs bv bu bt bn bver n u v vs vb s t ut vd".split(" ")) as readonly (keyof SenmlRecord)[];
const LOWEST = -6;
const VALUES = Object.freeze(["v", "vs", "vb", "vd"] as const);
/** Records that a pack may have here, so that a message makes no host ill. */
const MOST = 65_536;

/**
 * Decodes a pack of SenML-CBOR (RFC 8428 §6), resolved or not. Input is hostile.
 * @throws {DormouseError} `truncated`, `malformed`, `type`, `range`; `unsupported` for a field that must be understood
 * (its label ends in `_`)
 */
export function decodeSenml(bytes: Uint8Array): SenmlRecord[] {
	const reader = new CborReader(bytes);
	const pack: SenmlRecord[] = [];
	const count = reader.array();
	if (count < 0) throw new DormouseError("malformed", "a pack's array has a definite length (RFC 8428 §6)");
	if (count > MOST) throw new DormouseError("range", `${count} records`);
	for (let n = 0; n < count; n++) {
		const record: SenmlRecord = {};
		const seen = new Set<string | number | bigint>();
		for (let left = reader.map(); reader.more(left); left--) {
			const key = reader.major === Major.text ? reader.text() : reader.integer();
			if (seen.has(key)) throw new DormouseError("malformed", `record ${n}: ${key} twice`);
			seen.add(key);
			const label = typeof key === "number" ? LABELS[key - LOWEST] : undefined;
			if (label === undefined) {
				mustNotMatter(String(key), n);
				reader.skip();
			} else put(record, label, item(reader, label), n);
		}
		pack.push(record);
	}
	reader.end();
	return pack;
}

/** Puts a field, or says what is wrong with it. Shared with JSON. @throws {DormouseError} `type`, `malformed` */
export function put(record: SenmlRecord, label: keyof SenmlRecord, value: unknown, n: number): void {
	const isRight =
		label === "vd"
			? value instanceof Uint8Array
			: label === "vb"
				? typeof value === "boolean"
				: label === "bn" || label === "bu" || label === "n" || label === "u" || label === "vs"
					? typeof value === "string"
					: typeof value === "number" && Number.isFinite(value);
	if (!isRight) throw new DormouseError("type", `record ${n}: ${label} is wrong`);
	if (label === "bver" && !(Number.isInteger(value) && (value as number) > 0))
		throw new DormouseError("malformed", `record ${n}: bver ${String(value)} is no positive integer`);
	Object.assign(record, { [label]: value });
}

/** Whether this may be a whole name, or begin one. Source: RFC 8428 §4.5.1. */
export function isSenmlName(name: string): boolean {
	return /^[A-Za-z0-9][-A-Za-z0-9:./_]*$/.test(name);
}

/** A label of JSON that is known. */
export function isSenmlLabel(label: string): label is keyof SenmlRecord {
	return LABELS.includes(label as keyof SenmlRecord);
}

/** What is not known is passed over, unless it says that it must not be. Source: RFC 8428 §4.4. */
export function mustNotMatter(label: string, n: number): void {
	if (label.endsWith("_")) throw new DormouseError("unsupported", `record ${n}: ${label} must be understood`);
}

function item(reader: CborReader, label: keyof SenmlRecord): unknown {
	switch (reader.major) {
		case Major.text:
			return reader.text();
		case Major.bytes:
			return reader.byteString().slice();
		case Major.tag:
			return decimal(reader);
		case Major.simple:
			if (label === "vb") return reader.boolean();
	}
	if (label === "bver") return reader.uint();
	return reader.number();
}

/** A decimal fraction, as the double nearest to it. Source: RFC 8949 §3.4.4. */
function decimal(reader: CborReader): number {
	const tag = reader.tag();
	if (tag !== 4) throw new DormouseError("type", `tag ${tag}`);
	if (reader.array() !== 2) throw new DormouseError("malformed", "a decimal fraction is a pair");
	const exponent = reader.int();
	return Number(`${reader.int()}e${exponent}`);
}

/**
 * Resolves a pack: base fields are applied, records stand in order of time (RFC 8428 §4.6). Records that have nothing but
 * base fields give none.
 * @param now seconds since 1970, which relative times are added to; they stay relative without it
 * @throws {DormouseError} `unsupported` for a later version than 10; `malformed` for a name that cannot be, a record with
 * no value or with several, or versions that differ
 */
export function resolveSenml(pack: readonly SenmlRecord[], now?: number): ResolvedSenml[] {
	const resolved: ResolvedSenml[] = [];
	const base: SenmlRecord = {};
	const versions = new Set(pack.map(({ bver }) => bver).filter((bver) => bver !== undefined));
	if (versions.size > 1) throw new DormouseError("malformed", "records of several versions");
	const version = [...versions][0] ?? VERSION;
	if (version > VERSION) throw new DormouseError("unsupported", `SenML version ${version}`);
	pack.forEach((record, n) => {
		const { bn, bt, bu, bv, bs, bver: _, ...own } = record;
		Object.assign(base, definedOf({ bn, bt, bu, bv, bs }));
		if (Object.keys(own).length === 0 && bv === undefined && bs === undefined) {
			// In resolved form a version is no value either.
			return;
		}
		const name = (base.bn ?? "") + (own.n ?? "");
		if (!isSenmlName(name)) throw new DormouseError("malformed", `record ${n}: the name is ${JSON.stringify(name)}`);
		const values = VALUES.filter((label) => own[label] !== undefined);
		const one: ResolvedSenml = { n: name, t: (base.bt ?? 0) + (own.t ?? 0) };
		const unit = own.u ?? base.bu;
		if (unit !== undefined) one.u = unit;
		for (const label of values) Object.assign(one, { [label]: own[label] });
		if (base.bv !== undefined && (own.v !== undefined || values.length === 0)) one.v = base.bv + (own.v ?? 0);
		if (base.bs !== undefined || own.s !== undefined) one.s = (base.bs ?? 0) + (own.s ?? 0);
		if (values.length > 1 || (one.s === undefined && values.length === 0 && one.v === undefined))
			throw new DormouseError("malformed", `record ${n}: ${values.length} values`);
		if (![one.v ?? 0, one.s ?? 0, one.t].every(Number.isFinite))
			throw new DormouseError("range", `record ${n}: a sum is beyond a double`);
		if (own.ut !== undefined) one.ut = own.ut;
		if (now !== undefined && one.t < SENML_ABSOLUTE) one.t += now;
		if (version !== VERSION) one.bver = version;
		resolved.push(one);
	});
	return resolved.sort((a, b) => a.t - b.t);
}

function definedOf<T extends object>(fields: T): Partial<T> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
