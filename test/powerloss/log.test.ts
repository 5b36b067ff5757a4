import * as assert from "../assert.js";
import { everyCut } from "../support/every-cut.js";
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
	readonly alignment: number;
	readonly policy?: "oldest" | "newest" | "thin";
	/** Done before any cut. */
	readonly before: readonly Op[];
	readonly ops: readonly Op[];
	readonly depth: number;
	readonly least: number;
	/** Erases that the undisturbed run makes at least: what the case is for was met. */
	readonly erases: number;
}

const LIFE: readonly Op[] = [
	...times(3, push, cell(3, 4), push, trim(1), alarm, sleep, push, cell(4, 2), batch(5), panic, push, trim(6)),
	...times(4, push, push, cell(3, 6), push, trim(2), sleep, batch(3)),
];

const FILL = times(14, push, push, batch(3));
const SMALL = { sectors: 4, bytes: 128, alignment: 1, depth: 2 };
const CASES: readonly Case[] = [
	...[1, 4, 16].map(
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
	...[1, 4, 16].map(
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
	{ ...SMALL, name: "push into a fresh sector", before: times(4, push), ops: times(4, push), least: 5000, erases: 1 },
	{
		...SMALL,
		name: "wrap-around: the oldest are dropped",
		before: FILL,
		ops: [...times(5, push), batch(4)],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "wrap-around: the newest are refused",
		policy: "newest",
		before: FILL,
		ops: [push, push, trim(3), push, trim(9), push, push],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "wrap-around: thinned out",
		sectors: 5,
		policy: "thin",
		before: FILL,
		ops: [...times(7, push), batch(3)],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "cells, until they are compacted",
		before: [push, cell(3, 9), cell(4, 2)],
		ops: times(3, cell(3, 8), cell(4, 2)),
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "many trims",
		before: times(8, push),
		ops: [trim(1), trim(1), push, trim(1), trim(2), trim(1), push, trim(9)],
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "sleep and panic between",
		before: times(3, push, sleep),
		ops: [push, panic, push, sleep, trim(2), cell(3, 3), panic, push],
		least: 5000,
		erases: 0,
	},
	{
		...SMALL,
		name: "wrap-around in 16s: the oldest are dropped",
		bytes: 256,
		alignment: 16,
		before: FILL,
		ops: times(5, push),
		least: 5000,
		erases: 1,
	},
	{
		...SMALL,
		name: "thinned out in 4s",
		sectors: 5,
		bytes: 256,
		alignment: 4,
		policy: "thin",
		before: times(3, ...FILL),
		ops: times(3, batch(6)),
		least: 5000,
		erases: 1,
	},
];

describe("power loss: log", () => {
	let total = 0;
	for (const each of CASES) {
		const { name, sectors, bytes, alignment, policy = "oldest", before, ops, depth, least, erases } = each;
		const seed = seedOf(depth);
		it(`${name}, ${sectors} × ${bytes} bytes in ${alignment}s, cut after every byte and in every erase, ${depth} deep (seed ${seed}): what was promised, and no more`, function () {
			const start = new CutPort(sectors, bytes, alignment);
			const ledger = newLedger();
			if (before.length > 0) runScript(start, ledger, before, { policy });
			const script = [...before, ...ops];
			let most = 0;
			const cuts = everyCut(
				() => {
					const port = new CutPort(sectors, bytes, alignment);
					port.bytes.set(start.bytes);
					return port;
				},
				ledger,
				depth,
				(device, promises: LogLedger) => {
					runScript(device as CutPort, promises, script, { policy });
					most = Math.max(
						most,
						(device as CutPort).nor.wear.reduce((sum, wear) => sum + wear, 0),
					);
				},
				seed,
			);
			this.test!.title += `: ${cuts} cuts`;
			total += cuts;
			assert.ok(cuts >= least, `only ${cuts} cuts were made`);
			assert.ok(most >= erases, `only ${most} erases`);
		}).timeout(240_000);
	}
	after(() => console.log(`    ${total} cuts of the log in all`));
});
