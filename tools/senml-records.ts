import type { DecodedRecord } from "../modules/codec/frame-decoder.js";
import type { SchemaQuantity } from "../modules/codec/schema.js";
import { HEALTH_NAMES } from "../modules/codec/senml-encoder.js";
import { type SenmlQuantity, senmlQuantity, senmlScaled } from "../modules/codec/senml-units.js";
import { DormouseError } from "../modules/core/errors.js";
import { RecordKind } from "../modules/core/record.js";
import { decodeSenml, type ResolvedSenml, resolveSenml, SENML_ABSOLUTE } from "./senml.js";

/** A node's pack, decoded. */
export interface DecodedPack {
	/** What the names begin with: the device, up to its `_`. */
	readonly base: string;
	/** Whether the records' seconds count from 1970; else from when the pack was made, so that they are negative. */
	readonly absolute: boolean;
	/** The boot epoch, where it was over: the records are then at least as old as they say. */
	readonly epoch: number | undefined;
	/** In order of their numbers; at least one. */
	readonly records: readonly DecodedRecord[];
}

/** Of a quantity, what decoding needs. */
export type SenmlSource = Pick<SchemaQuantity, "name" | "unit" | "resolution">;

/**
 * Decodes a pack of a node (see `docs/wire.md`) into the records that went in, each value as its scaled integer.
 * @throws {DormouseError} as `decodeSenml`, `resolveSenml` and {@link packRecords}
 */
export function decodePack(bytes: Uint8Array, quantities: readonly SenmlSource[]): DecodedPack {
	return packRecords(resolveSenml(decodeSenml(bytes)), quantities);
}

/**
 * Makes a node's records of a resolved pack, whatever form it came in.
 * @throws {DormouseError} `unsupported` for a reading that the node does not have or another unit, `malformed` for what no
 * node makes
 */
export function packRecords(resolved: readonly ResolvedSenml[], quantities: readonly SenmlSource[]): DecodedPack {
	const first = resolved[0];
	if (!first) throw new DormouseError("malformed", "an empty pack");
	const base = first.n.slice(0, first.n.indexOf("_") + 1);
	const known = quantities.map(senmlQuantity);
	const absolute = first.t >= SENML_ABSOLUTE;
	let kind: RecordKind | undefined;
	let epoch: number | undefined;
	const records: { number: number; seconds: number; values: (number | undefined)[] }[] = [];
	for (let at = 0; at < resolved.length; ) {
		const seconds = resolved[at]!.t;
		const values: (number | undefined)[] = [];
		let number = records.length ? records.at(-1)!.number + 1 : Number.NaN;
		const seen = new Set<string>();
		for (; at < resolved.length && resolved[at]!.t === seconds; at++) {
			const one = resolved[at]!;
			const name = one.n.slice(base.length);
			if (!one.n.startsWith(base) || base === "" || one.v === undefined || seen.has(name))
				throw new DormouseError("malformed", `${one.n} at ${seconds}`);
			seen.add(name);
			const dot = name.indexOf(".");
			const of = dot < 0 ? RecordKind.sample : kindOf(name.slice(0, dot));
			kind ??= of;
			if (of !== kind) throw new DormouseError("malformed", "records of several kinds");
			const field = name.slice(dot + 1);
			if (dot < 0) readingOf(one, name, known, values);
			else if (field === "number") number = whole(one, 0xffff_ffff);
			else if (field === "epoch") epoch = whole(one, 0xffff);
			else values[fieldOf(name, kind, field)] = integer(one.v, one);
		}
		if (Number.isNaN(number)) throw new DormouseError("malformed", "no number");
		if (absolute !== seconds >= SENML_ABSOLUTE) throw new DormouseError("malformed", "absolute and relative times");
		if (kind === RecordKind.sample) values.length = known.length;
		records.push({ number, seconds, values: Array.from(values) });
	}
	if (kind !== RecordKind.sample && records.length > 1) throw new DormouseError("malformed", `${records.length} times`);
	return {
		base,
		absolute,
		epoch,
		records: records.map((record) => ({ ...record, kind: kind!, epoch, wall: absolute })),
	};
}

const KINDS = Object.freeze(Object.entries(RecordKind));
const HEALTH = Object.freeze(HEALTH_NAMES.split(" "));

function kindOf(name: string): RecordKind {
	const found = KINDS.find(([kind]) => kind === name);
	if (!found) throw new DormouseError("unsupported", `${name}: no such kind of record`);
	return found[1];
}

function fieldOf(name: string, kind: RecordKind, field: string): number {
	const index =
		kind === RecordKind.health ? HEALTH.indexOf(field) : /^[0-9]$|^1[0-9]$/.test(field) ? Number(field) : -1;
	if (index < 0 || kind === RecordKind.sample) throw new DormouseError("unsupported", `${name}: no such value`);
	return index;
}

function readingOf(one: ResolvedSenml, name: string, known: readonly SenmlQuantity[], into: (number | undefined)[]) {
	const index = known.findIndex((quantity) => quantity.name === name);
	if (index < 0) throw new DormouseError("unsupported", `${name}: the node has no such reading`);
	const quantity = known[index]!;
	if (one.u !== quantity.unit)
		throw new DormouseError("unsupported", `${name} in ${one.u}; the node's are in ${quantity.unit}`);
	into[index] = integer(senmlScaled(one.v!, quantity), one);
}

function integer(value: number, { n }: ResolvedSenml): number {
	if (value !== (value | 0)) throw new DormouseError("malformed", `${n}: no value of this node's`);
	return value;
}

function whole({ n, v }: ResolvedSenml, most: number): number {
	if (!Number.isInteger(v) || v! < 0 || v! > most) throw new DormouseError("malformed", `${n} is ${v}`);
	return v!;
}
