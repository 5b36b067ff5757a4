import { Log } from "../../modules/store/log.js";
import { Numbers } from "../../modules/store/numbers.js";
import * as assert from "../assert.js";
import { everyCut } from "../support/every-cut.js";
import { oldCells } from "../support/layout-1.js";
import { CutPort, type LogLedger, newLedger, type Op, runScript } from "../support/log-script.js";
import { seedOf } from "../support/seed.js";

const push: Op = { do: "push" };
const alarm: Op = { do: "push", alarm: true };
const sleep: Op = { do: "sleep" };
const panic: Op = { do: "panic" };
const trim = (count: number): Op => ({ do: "trim", count });
const batch = (count: number): Op => ({ do: "batch", count });
const cell = (id: number, bytes: number): Op => ({ do: "cell", id, bytes });
const times = (count: number, ...ops: Op[]): Op[] => Array.from({ length: count }, () => ops).flat();

interface Case {
	readonly name: string;
	readonly sectors: number;
	readonly bytes: number;
	readonly alignment: 1 | 4 | 16;
	readonly policy?: "oldest" | "newest" | "thin";
	/** Done before any cut; then, with `edge`, as many pushes more as go without an erase. */
	readonly before: readonly Op[];
	readonly edge?: boolean;
	readonly ops: readonly Op[];
	readonly depth: number;
	readonly least: number;
	/** The sectors that are free before the first cut never erase again: another has to be made. */
	readonly worn?: boolean;
	/** Erases that the undisturbed run makes at least: what the case is for was met. */
	readonly erases: number;
}

const LIFE: readonly Op[] = [
	...times(3, push, cell(3, 4), push, trim(1), alarm, sleep, push, cell(4, 2), batch(5), panic, push, trim(6)),
	...times(4, push, push, cell(3, 6), push, trim(2), sleep, batch(3)),
];

const FILL = times(14, push, push, batch(3));
const SMALL = { sectors: 4, bytes: 128, alignment: 1, depth: 2 } as const;
const CASES: readonly Case[] = [
	...([1, 4, 16] as const).map(
		(alignment): Case => ({
			name: "format, first records and cells",
			sectors: 4,
			bytes: alignment > 1 ? 256 : 128,
			alignment,
			before: [],
			ops: [push, cell(3, 4), push, trim(1), push],
			depth: 2,
			least: 10_000,
			erases: 2,
		}),
	),
	...([1, 4, 16] as const).map(
		(alignment): Case => ({
			name: "a life of all that there is",
			sectors: 5,
			bytes: alignment > 1 ? 256 : 128,
			alignment,
			before: [],
			ops: LIFE,
			depth: 1,
			least: 1000,
			erases: 4,
		}),
	),
	{
		...SMALL,
		name: "push and trim within a sector",
		before: [push, push],
		ops: [push, trim(2), push, alarm, trim(1)],
		least: 5000,
		erases: 0,
	},
	{ ...SMALL, name: "push into a fresh sector", before: [push], edge: true, ops: [push, push], least: 5000, erases: 1 },
	{
		...SMALL,
		name: "wrap-around: the oldest are dropped",
		before: FILL,
		edge: true,
		ops: [push, batch(4)],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "wrap-around: the newest are refused",
		policy: "newest",
		before: FILL,
		edge: true,
		ops: [push, trim(9), push],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "wrap-around: thinned out",
		sectors: 5,
		policy: "thin",
		before: FILL,
		edge: true,
		ops: [push, push],
		least: 5000,
		erases: 2,
	},
	{
		...SMALL,
		name: "cells, until they are compacted",
		before: [push, cell(3, 9), cell(4, 2), cell(3, 7)],
		ops: [cell(4, 3), cell(3, 8), cell(4, 2)],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "trims, until their sector is full",
		before: [...times(8, push), trim(1), trim(1)],
		ops: [trim(1), trim(2), trim(9)],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "sleep and panic between",
		before: times(3, push, sleep),
		ops: [push, panic, sleep, trim(2), panic, push],
		least: 5000,
		erases: 0,
	},
	{
		...SMALL,
		name: "wrap-around: the oldest are dropped",
		bytes: 256,
		alignment: 16,
		before: FILL,
		edge: true,
		ops: [push, push],
		least: 500,
		erases: 1,
	},
	{
		...SMALL,
		name: "wrap-around: thinned out",
		sectors: 5,
		bytes: 256,
		alignment: 4,
		policy: "thin",
		before: FILL,
		edge: true,
		ops: [push],
		depth: 1,
		least: 200,
		erases: 2,
	},
	...([1, 4, 16] as const).map(
		(alignment): Case => ({
			name: "the free sector does not erase when a cut has closed the cells'",
			sectors: 5,
			bytes: alignment > 1 ? 256 : 128,
			alignment,
			before: FILL,
			edge: true,
			worn: true,
			ops: [cell(3, 4), push],
			depth: alignment > 1 ? 1 : 2,
			least: alignment > 1 ? 100 : 5000,
			erases: 1,
		}),
	),
];

/** Sectors that may be taken. */
function freeIn(port: CutPort): number[] {
	const copy = new CutPort(port.size / port.blockSize, port.blockSize, { alignment: port.writeAlignment as 1 });
	copy.bytes.set(port.bytes);
	const log = new Log({ flash: () => copy });
	log.ready();
	log.map();
	return [...log.firsts.keys()].filter((n) => !log.firsts[n] && n !== log.cells.sector);
}

describe("power loss: log", () => {
	let total = 0;
	for (const each of CASES) {
		const { name, sectors, bytes, alignment, policy = "oldest", before, ops, depth, least, erases } = each;
		const seed = seedOf(depth);
		it(`${name}, ${sectors} × ${bytes} bytes in ${alignment}s, cut after every byte and in every erase, ${depth} deep (seed ${seed}): what was promised, and no more`, function () {
			const start = new CutPort(sectors, bytes, { alignment });
			const ledger = newLedger();
			const script = [...before];
			if (before.length > 0) runScript(start, ledger, before, { policy });
			for (let edge = each.edge ?? false; edge; ) {
				// A push that needs a sector is left to the run with cuts.
				const { bytes: flash, counts } = start.nor;
				const [was, erased, promised] = [flash.slice(), counts.erases, { ...ledger }];
				script.push(push);
				runScript(start, ledger, script, { policy });
				edge = counts.erases === erased;
				if (edge) continue;
				flash.set(was);
				Object.assign(ledger, promised);
				script.pop();
			}
			script.push(...ops);
			const worn = each.worn ? freeIn(start) : [];
			let most = 0;
			const cuts = everyCut(
				() => {
					const port = new CutPort(sectors, bytes, { alignment });
					port.bytes.set(start.bytes);
					for (const sector of worn) port.nor.failErases(sector, "refused");
					return port;
				},
				ledger,
				depth,
				(device, promises: LogLedger) => {
					runScript(device as CutPort, promises, script, { policy });
					most = Math.max(most, (device as CutPort).nor.counts.erases);
				},
				seed,
			);
			this.test!.title += `: ${cuts} cuts`;
			total += cuts;
			assert.ok(cuts >= least, `only ${cuts} cuts were made`);
			assert.ok(most >= erases, `only ${most} erases`);
		}).timeout(240_000);
	}
	for (const [depth, least] of [
		[1, 200],
		[2, 10_000],
	] as const)
		it(`migration from the older layout, cut after every byte and in every erase, ${depth} deep (seed ${seedOf(depth)}): numbers never repeat, epochs go on`, function () {
			const start = new CutPort(4, 128);
			const older = new Numbers(oldCells(start));
			for (let epoch = 0; epoch < 3; epoch++) {
				older.begin();
				older.take();
			}
			const cuts = everyCut(
				() => {
					const port = new CutPort(4, 128);
					port.bytes.set(start.bytes);
					return port;
				},
				{ taken: older.next - 1, epoch: older.epoch },
				depth,
				(device, promises) => {
					const log = new Log({ flash: () => device as CutPort });
					const numbers = new Numbers(log);
					for (let boot = 0; boot < 3; boot++) {
						numbers.begin();
						const number = numbers.take();
						assert.ok(number > promises.taken, `${number} after ${promises.taken}`);
						assert.ok(numbers.epoch > promises.epoch, `epoch ${numbers.epoch} after ${promises.epoch}`);
						promises.taken = number;
						promises.epoch = numbers.epoch;
						log.put(9, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
					}
				},
				seedOf(depth),
			);
			this.test!.title += `: ${cuts} cuts`;
			total += cuts;
			assert.ok(cuts > least, `only ${cuts} cuts were made`);
		}).timeout(120_000);
	after(() => console.log(`    ${total} cuts of the log in all`));
});
