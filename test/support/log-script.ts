import type { FlashPort } from "../../modules/core/ports.js";
import { NodeRecord, RecordKind } from "../../modules/core/record.js";
import { Log } from "../../modules/store/log.js";
import { type FullPolicy, LogQueue } from "../../modules/store/log-queue.js";
import { NorFlash } from "../../sim/flash.js";
import type { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import type { Cuttable } from "./every-cut.js";
import { fill, type PlainRecord, plain } from "./records.js";

/** Values of a sample in these proofs. */
export const WIDTH = 3;
const SCHEMA = 0x1234;

/** A partition that can be cut, whose writes keep to the alignment; at 16 each block is written once between erases. */
export class CutPort implements FlashPort, Cuttable {
	readonly nor: NorFlash;
	readonly blockSize: number;
	readonly writeAlignment: number;
	reads = 0;
	constructor(sectors: number, blockSize: number, alignment: number) {
		this.nor = new NorFlash(sectors, blockSize);
		this.blockSize = blockSize;
		this.writeAlignment = alignment;
	}
	get size(): number {
		return this.nor.size;
	}
	get bytes(): Uint8Array {
		return this.nor.bytes;
	}
	cutAfter(steps: number, noise: Seeded): void {
		this.nor.cutAfter(steps, noise);
	}
	read(into: Uint8Array, offset: number): void {
		this.reads += into.length;
		into.set(this.nor.read(offset, into.length));
	}
	write(bytes: Uint8Array, offset: number): void {
		const { writeAlignment, nor } = this;
		// Not a DormouseError: the log must not take its own mistakes for worn flash.
		if (offset % writeAlignment || bytes.length % writeAlignment) throw new Error(`${bytes.length} at ${offset}`);
		for (let n = 0; n < bytes.length; n++) {
			const old = nor.bytes[offset + n]!;
			if ((old & bytes[n]!) !== bytes[n]) throw new Error(`programming ${offset + n} would set bits`);
			if (writeAlignment === 16 && old !== 0xff) throw new Error(`programming ${offset + n} a second time`);
		}
		nor.write(offset, bytes);
	}
	erase(offset: number): void {
		this.nor.erase(offset, this.blockSize);
	}
}

/** What is done to the log, one step of a script. */
export type Op =
	/** A sample, or an alarm. */
	| { readonly do: "push"; readonly alarm?: boolean }
	/** Several samples at once, as from RTC memory. */
	| { readonly do: "batch"; readonly count: number }
	/** Acknowledges so many of the oldest records. */
	| { readonly do: "trim"; readonly count: number }
	| { readonly do: "cell"; readonly id: number; readonly bytes: number }
	/** Deep sleep: the log goes on from retained memory. */
	| { readonly do: "sleep" }
	/** A panic: what was retained at the last sleep comes back. */
	| { readonly do: "panic" };

/** What was promised so far. Copied by reference: each change makes a new value. */
export interface LogLedger {
	step: number;
	boot: number;
	/** Highest number ever tried. */
	number: number;
	/** Records whose push returned, without those acknowledged. */
	waiting: readonly PlainRecord[];
	/** Records whose push returned, minus those acknowledged. */
	kept: number;
	dropped: number;
	/** Pushes that are under way. */
	trying: readonly PlainRecord[];
	/** A trim that is under way: how many it takes away. */
	trimming: number;
	cells: Readonly<Record<number, readonly number[]>>;
	cell: readonly [number, readonly number[]] | undefined;
}

export function newLedger(): LogLedger {
	return {
		step: 0,
		boot: 0,
		number: 0,
		waiting: [],
		kept: 0,
		dropped: 0,
		trying: [],
		trimming: 0,
		cells: {},
		cell: undefined,
	};
}

/** All records that a cursor reads. */
export function readAll(queue: LogQueue): PlainRecord[] {
	const record = new NodeRecord(NodeRecord.widest);
	const cursor = queue.cursor();
	const all: PlainRecord[] = [];
	while (cursor.read(record)) all.push(plain(record));
	return all;
}

/** The record of a number: each boot's has other values. */
export function recordOf(number: number, boot: number, alarm = false): PlainRecord {
	const values: (number | undefined)[] = alarm
		? [boot, number]
		: [number * 3, number % 5 ? -40 * number : undefined, boot];
	return {
		number,
		kind: alarm ? RecordKind.alarm : RecordKind.sample,
		epoch: boot,
		seconds: number * 600,
		wall: false,
		values,
	};
}

/** Settings of a script's run. */
export interface ScriptOptions {
	readonly policy?: FullPolicy;
	/** Whether flash may be bad: then losses are allowed where the log counts them. */
	readonly after?: (queue: LogQueue) => void;
}

/** Boots the log, compares it with the ledger, and goes on with the script where the ledger stands. */
export function runScript(
	port: FlashPort,
	ledger: LogLedger,
	script: readonly Op[],
	options: ScriptOptions = {},
): void {
	const { policy = "oldest" } = options;
	const boot = (retained?: DataView) => {
		const log = new Log(() => port);
		if (retained) assert.ok(log.restore(retained, Log.version));
		return new LogQueue(log, SCHEMA, WIDTH, policy);
	};
	let queue = boot();
	let retained: DataView | undefined;
	queue.log.ready();
	settle(queue, ledger, policy);
	ledger.boot++;
	const record = new NodeRecord(NodeRecord.widest);
	for (; ledger.step < script.length; ledger.step++) {
		const op = script[ledger.step]!;
		if (op.do === "push" || op.do === "batch") {
			ledger.number += ledger.step % 7 === 6 ? 3 : 1;
			const count = op.do === "batch" ? op.count : 1;
			const trying: PlainRecord[] = [];
			for (let n = 0; n < count; n++)
				trying.push(recordOf(ledger.number + n, ledger.boot, op.do === "push" && op.alarm));
			ledger.number += count - 1;
			ledger.trying = trying;
			if (op.do === "push") queue.push(fill(record, trying[0]!));
			else queue.take(arrayQueue(trying), record);
		} else if (op.do === "trim") {
			const upTo = ledger.waiting[Math.min(op.count, ledger.waiting.length) - 1]?.number ?? 0;
			ledger.trimming = ledger.waiting.filter(({ number }) => number <= upTo).length;
			queue.trim(upTo);
			ledger.waiting = ledger.waiting.slice(ledger.trimming);
			ledger.kept -= ledger.trimming;
			ledger.trimming = 0;
		} else if (op.do === "cell") {
			const value = new Array<number>(op.bytes).fill(ledger.boot).fill(ledger.step % 256, 0, 1);
			ledger.cell = [op.id, value];
			queue.log.put(op.id, Uint8Array.from(value));
			ledger.cells = { ...ledger.cells, [op.id]: value };
			ledger.cell = undefined;
		} else if (op.do === "sleep") {
			retained = new DataView(new ArrayBuffer(64));
			retained = new DataView(retained.buffer, 0, queue.log.retain(retained));
			const closed = queue.log.records.closed || queue.log.records.end >= queue.log.size || queue.log.cells.closed;
			if (closed) queue = boot();
			else {
				queue = boot(retained);
				queue.log.ready();
				assert.equal(queue.log.outcome, "resumed");
			}
		} else if (retained) queue = boot(retained.getUint32(12) ? retained : undefined);
		settle(queue, ledger, policy);
		options.after?.(queue);
	}
	assert.deepEqual(readAll(boot()), ledger.waiting);
}

/** Compares what the log holds with what was promised; what a cut left open is decided from then on. */
function settle(queue: LogQueue, ledger: LogLedger, policy: FullPolicy) {
	const { log } = queue;
	const present = readAll(queue);
	const where = `step ${ledger.step}, boot ${ledger.boot}`;
	// What was under way may have come in, from its beginning on, or been refused and counted.
	const last = present.at(-1)?.number ?? 0;
	let came = ledger.trying.filter(({ number }) => number <= last).length;
	const droppedNow = queue.dropped - ledger.dropped;
	if (policy === "newest")
		came = droppedNow + present.filter(({ number }) => number >= (ledger.trying[0]?.number ?? Infinity)).length;
	const all = [...ledger.waiting, ...ledger.trying.slice(0, came)];
	// A trim that was under way has happened or not.
	let from = 0;
	if (ledger.trimming > 0 && log.floor >= ledger.waiting[ledger.trimming - 1]!.number) from = ledger.trimming;
	const expected = all.slice(from);
	const missing = expected.length - present.length;
	assert.equal(missing, droppedNow, `${where}: records missing, and records counted as dropped`);
	if (policy === "oldest") assert.deepEqual(present, expected.slice(missing), where);
	else {
		const kept = new Set(present.map(({ number }) => number));
		assert.deepEqual(
			present,
			expected.filter(({ number }) => kept.has(number)),
			where,
		);
		assert.equal(kept.size, present.length);
	}
	assert.equal(queue.count, present.length, `${where}: count`);
	assert.equal(queue.oldest, present[0]?.number ?? 0, `${where}: oldest`);
	assert.equal(log.lost, 0, `${where}: lost`);
	ledger.waiting = present;
	ledger.kept = present.length;
	ledger.dropped = queue.dropped;
	ledger.trying = [];
	ledger.trimming = 0;
	for (const [id, value] of Object.entries(ledger.cells)) {
		const found = [...log.get(Number(id))!];
		if (ledger.cell && Number(id) === ledger.cell[0] && found.join() === ledger.cell[1].join()) {
			ledger.cells = { ...ledger.cells, [id]: ledger.cell[1] };
		} else assert.deepEqual(found, value, `${where}: cell ${id}`);
	}
	if (ledger.cell && !(ledger.cell[0] in ledger.cells)) {
		const found = log.get(ledger.cell[0]);
		if (found) {
			assert.deepEqual([...found], ledger.cell[1], `${where}: new cell`);
			ledger.cells = { ...ledger.cells, [ledger.cell[0]]: ledger.cell[1] };
		}
	}
	ledger.cell = undefined;
}

function arrayQueue(records: readonly PlainRecord[]) {
	return {
		count: records.length,
		pressed: false,
		oldest: 0,
		dropped: 0,
		push() {},
		trim() {},
		cursor() {
			let at = 0;
			return {
				seek(number: number) {
					at = records.findIndex((record) => record.number >= number);
					if (at < 0) at = records.length;
				},
				moveTo() {},
				read(into: NodeRecord) {
					const next = records[at];
					if (!next) return false;
					fill(into, next);
					at++;
					return true;
				},
			};
		},
	};
}
