import type { DormouseError } from "../../modules/core/errors.js";
import { NodeRecord, RecordKind } from "../../modules/core/record.js";
import { Log } from "../../modules/store/log.js";
import { type FullPolicy, LogQueue } from "../../modules/store/log-queue.js";
import type { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import type { Cuttable } from "./every-cut.js";
import { NorPort } from "./flash-port.js";
import { fill, type PlainRecord, plain } from "./records.js";

/** Values of a sample in these proofs. */
export const WIDTH = 3;
const SCHEMA = 0x1234;

/** A partition that can be cut. */
export class CutPort extends NorPort implements Cuttable {
	/** Bytes read. */
	get reads(): number {
		return this.nor.counts.readBytes;
	}
	get bytes(): Uint8Array {
		return this.nor.bytes;
	}
	cutAfter(steps: number, noise: Seeded): void {
		this.nor.cutAfter(steps, noise);
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
	/** Records whose push returned, without those that were acknowledged or dropped. */
	waiting: readonly PlainRecord[];
	dropped: number;
	/** Cells whose write returned. */
	cells: Readonly<Record<number, readonly number[]>>;
	/** Pushes that did not return: they may have happened, up to some record. */
	pushes: readonly (readonly PlainRecord[])[];
	/** Trims that did not return, up to these numbers. */
	trims: readonly number[];
	/** Cells whose write did not return. */
	writes: readonly (readonly [number, readonly number[]])[];
	/** What is torn may be read well at a later boot. */
	readonly weak: boolean;
}

export function newLedger(weak = false): LogLedger {
	return {
		step: 0,
		boot: 0,
		number: 0,
		waiting: [],
		dropped: 0,
		cells: {},
		pushes: [],
		trims: [],
		writes: [],
		weak,
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
	/** Flash may refuse: an operation may throw `flash`, and has then not happened. */
	readonly bad?: boolean;
	/** Told of each operation that threw. */
	readonly onRefused?: () => void;
}

/** Boots the log, compares it with the ledger, and goes on with the script where the ledger stands. */
export function runScript(port: CutPort, ledger: LogLedger, script: readonly Op[], options: ScriptOptions = {}): void {
	const { policy = "oldest", bad = false, onRefused } = options;
	const boot = (retained?: DataView) => {
		const log = new Log({ flash: () => port });
		if (retained) assert.ok(log.restore(retained, Log.version));
		return new LogQueue(log, SCHEMA, WIDTH, policy);
	};
	let queue = boot();
	let retained: DataView | undefined;
	queue.log.ready();
	settle(queue, ledger, policy);
	ledger.boot++;
	const record = new NodeRecord(NodeRecord.widest);
	/** @returns whether it happened */
	const attempt = (run: () => void): boolean => {
		try {
			run();
			return true;
		} catch (error) {
			if (!bad || (error as DormouseError).code !== "flash") throw error;
			onRefused?.();
			return false;
		}
	};
	for (; ledger.step < script.length; ledger.step++) {
		const op = script[ledger.step]!;
		if (op.do === "push" || op.do === "batch") {
			ledger.number += ledger.step % 7 === 6 ? 3 : 1;
			const count = op.do === "batch" ? op.count : 1;
			const trying: PlainRecord[] = [];
			for (let n = 0; n < count; n++)
				trying.push(recordOf(ledger.number + n, ledger.boot, op.do === "push" && op.alarm));
			ledger.number += count - 1;
			const torn = ledger.pushes;
			ledger.pushes = [...torn, trying];
			const came = attempt(() => {
				if (op.do === "push") queue.push(fill(record, trying[0]!));
				else queue.take(arrayQueue(trying), record);
			});
			if (came || op.do === "push") ledger.pushes = torn;
			settle(queue, ledger, policy, came ? trying : undefined);
			// What was torn before is overtaken, unless the new record was refused.
			ledger.pushes = ledger.waiting.at(-1)?.number === trying.at(-1)?.number ? [] : torn;
		} else if (op.do === "trim") {
			const upTo = ledger.waiting[Math.min(op.count, ledger.waiting.length) - 1]?.number ?? 0;
			ledger.trims = [...ledger.trims, upTo];
			if (attempt(() => queue.trim(upTo))) {
				ledger.waiting = ledger.waiting.filter(({ number }) => number > upTo);
				ledger.trims = ledger.writes = [];
			}
		} else if (op.do === "cell") {
			const value = new Array<number>(op.bytes).fill(ledger.boot % 256).fill(ledger.step % 256, 0, 1);
			ledger.writes = [...ledger.writes, [op.id, value]];
			if (attempt(() => queue.log.put(op.id, Uint8Array.from(value)))) {
				ledger.cells = { ...ledger.cells, [op.id]: value };
				ledger.trims = ledger.writes = [];
			}
		} else if (op.do === "sleep") {
			const view = new DataView(new ArrayBuffer(64));
			retained = new DataView(view.buffer, 0, queue.log.retain(view));
			const { records, cells, size } = queue.log;
			const known = !records.closed && !cells.closed && records.end < size && cells.end < size;
			queue = boot(known ? retained : undefined);
			queue.log.ready();
			assert.equal(queue.log.outcome === "resumed", known);
		} else if (retained) queue = boot(retained.byteLength ? retained : undefined);
		settle(queue, ledger, policy);
	}
	assert.deepEqual(readAll(boot()), ledger.waiting);
	assert.equal(port.nor.counts.violations, 0);
}

/** Compares what the log holds with what was promised; what a cut left open is decided from then on, unless it is weak. */
function settle(queue: LogQueue, ledger: LogLedger, policy: FullPolicy, whole?: readonly PlainRecord[]) {
	const { log } = queue;
	const present = readAll(queue);
	const where = `step ${ledger.step}, boot ${ledger.boot}`;
	const droppedNow = queue.dropped - ledger.dropped;
	const newest = present.at(-1)?.number ?? 0;
	// Some push that was under way may have come in, from its beginning on; some trim may have happened.
	let found: string | undefined = `${where}: no history explains what is there`;
	for (const trying of [[], ...ledger.pushes].map((each) => [...each, ...(whole ?? [])]))
		for (const upTo of [0, ...ledger.trims]) {
			if (found === undefined) break;
			let came = trying.filter(({ number }) => number <= newest).length;
			if (policy === "newest")
				came = droppedNow + present.filter(({ number }) => trying.some((each) => each.number === number)).length;
			const all = [...ledger.waiting, ...trying.slice(0, whole ? whole.length : came)];
			const expected = all.filter(({ number }) => number > upTo);
			const missing = expected.length - present.length;
			if (missing !== droppedNow) found += `; ${missing} records missing, ${droppedNow} counted as dropped`;
			else {
				const kept = new Set(present.map(({ number }) => number));
				const rest = policy === "oldest" ? expected.slice(missing) : expected.filter(({ number }) => kept.has(number));
				try {
					assert.deepEqual(present, rest);
					found = undefined;
				} catch (error) {
					found += `; ${(error as Error).message}`;
				}
			}
		}
	if (found !== undefined) assert.fail(found);
	assert.equal(queue.count, present.length, `${where}: count`);
	const first = present[0]?.number ?? 0;
	assert.ok(
		queue.oldest <= first && queue.oldest > Math.min(log.floor, first - 1),
		`${where}: oldest ${queue.oldest} of ${first}`,
	);
	assert.equal(log.lost, 0, `${where}: lost`);
	ledger.waiting = present;
	ledger.dropped = queue.dropped;
	const { cells, writes } = ledger;
	for (let id = 2; id < 8; id++) {
		const value = log.get(id);
		const text = value && [...value].join();
		if (text === cells[id]?.join()) continue;
		const write = writes.find(([which, bytes]) => which === id && bytes.join() === text);
		if (!write) assert.fail(`${where}: cell ${id} is ${text}, not ${cells[id]?.join()}`);
		ledger.cells = { ...ledger.cells, [id]: write[1] };
	}
	if (ledger.weak) return;
	ledger.pushes = [];
	ledger.trims = ledger.writes = [];
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
