import { DormouseError } from "../../modules/core/errors.js";
import { NodeRecord } from "../../modules/core/record.js";
import { exportChain } from "../../tools/store-image.js";
import { verifyLog } from "../../tools/verify-log.js";
import * as assert from "../assert.js";
import { everyCut } from "../support/every-cut.js";
import { KEY, STORE_SCHEMA, slept, taggedQueue } from "../support/evidence.js";
import { CutPort, recordOf } from "../support/log-script.js";
import { fill } from "../support/records.js";
import { seedOf } from "../support/seed.js";

type Step = "push" | "trim" | "sleep" | "panic" | "cell" | "late";
const times = (count: number, ...steps: Step[]): Step[] => Array.from({ length: count }, () => steps).flat();

interface Case {
	readonly name: string;
	readonly sectors: number;
	readonly bytes: number;
	readonly alignment: 1 | 4 | 16;
	readonly policy?: "oldest" | "newest";
	/** Done before any cut. */
	readonly before: readonly Step[];
	readonly steps: readonly Step[];
	readonly depth: number;
	readonly least: number;
	/** Erases that the undisturbed run makes at least. */
	readonly erases: number;
}

const CASES: readonly Case[] = [
	{
		name: "the chain begins",
		sectors: 4,
		bytes: 256,
		alignment: 1,
		before: ["cell"],
		steps: ["push"],
		depth: 1,
		least: 100,
		erases: 1,
	},
	{
		name: "within a sector, with a panic between",
		sectors: 4,
		bytes: 256,
		alignment: 1,
		before: times(2, "push", "sleep"),
		steps: ["panic", "push"],
		depth: 2,
		least: 2000,
		erases: 0,
	},
	{
		name: "into fresh sectors, all delivered, cells compacted between",
		sectors: 4,
		bytes: 256,
		alignment: 1,
		before: times(7, "push", "trim", "sleep"),
		steps: ["push", "trim", "cell"],
		depth: 1,
		least: 100,
		erases: 1,
	},
	{
		name: "wrap-around: the oldest are dropped",
		sectors: 5,
		bytes: 256,
		alignment: 1,
		before: times(20, "push"),
		steps: times(9, "push"),
		depth: 1,
		least: 600,
		erases: 1,
	},
	...([1, 4, 16] as const).map(
		(alignment): Case => ({
			name: "a life of all that there is",
			sectors: 5,
			bytes: 256,
			alignment,
			before: [],
			steps: times(5, "push", "cell", "push", "sleep", "trim", "late", "push", "panic", "push", "trim"),
			depth: 1,
			least: 1500,
			erases: 8,
		}),
	),
	{
		name: "full: the newest are refused",
		sectors: 4,
		bytes: 256,
		alignment: 1,
		policy: "newest",
		before: times(12, "push"),
		steps: [...times(2, "push", "trim"), ...times(4, "push")],
		depth: 1,
		least: 300,
		erases: 0,
	},
];

describe("power loss: evidence", () => {
	let total = 0;
	for (const { name, sectors, bytes, alignment, policy = "oldest", before, steps, depth, least, erases } of CASES) {
		const seed = seedOf(depth);
		it(`${name}, ${sectors} × ${bytes} bytes in ${alignment}s, cut after every byte and in every erase, ${depth} deep (seed ${seed}): what is in flash always verifies, before recovery and after`, function () {
			const make = () => new CutPort(sectors, bytes, { alignment });
			/** @returns links so far */
			const check = (port: CutPort, promised: number): number => {
				const image = port.bytes.slice();
				let log: Uint8Array;
				try {
					log = exportChain(image, STORE_SCHEMA, KEY, { sectorBytes: bytes });
				} catch (error) {
					// Before the first record there may be no chain, or no store yet.
					if (error instanceof DormouseError && error.code === "malformed" && promised === 0) return 0;
					throw error;
				}
				const verdict = verifyLog(log, KEY);
				if (!verdict.ok) assert.fail(`${verdict.kind} at ${verdict.record}: ${verdict.why}`);
				const { older, records, untagged } = verdict;
				assert.deepEqual(untagged, []);
				assert.ok(older + records >= promised, `${older} + ${records} links of ${promised}`);
				return older + records;
			};
			let most = 0;
			const body = (
				port: CutPort,
				promises: { step: number; number: number; links: number },
				script: readonly Step[],
			) => {
				promises.links = check(port, promises.links);
				let tagged = taggedQueue(port, { policy });
				let older: ReturnType<typeof slept> | undefined;
				tagged.queue.log.ready();
				if (port.nor.counts.programs > 0) check(port, promises.links);
				const record = new NodeRecord(NodeRecord.widest);
				for (; promises.step < script.length; promises.step++) {
					const step = script[promises.step]!;
					const { queue } = tagged;
					if (step === "push" || step === "late") {
						promises.number++;
						fill(record, recordOf(promises.number, 1, promises.number % 3 === 0));
						const { dropped } = queue;
						if (step === "push") queue.push(record);
						else queue.take(oneOf(promises.number), record);
						if (policy === "oldest" || queue.dropped === dropped) promises.links++;
					} else if (step === "trim") {
						queue.log.ready();
						queue.trim(promises.number - 1);
					} else if (step === "cell") queue.log.put(9, Uint8Array.of(promises.step, 2, 3, 4, 5, 6, 7, 8, 9, 10));
					else {
						queue.log.ready();
						const now = slept(tagged);
						const { records, cells, size } = queue.log;
						const known = !records.closed && !cells.closed && records.end < size && cells.end < size;
						// A panic brings back what was retained at the sleep before.
						const restored = step === "panic" ? older : known ? now : undefined;
						if (step === "sleep") older = known ? now : undefined;
						tagged = taggedQueue(port, { policy, ...(restored ? { restored } : {}) });
					}
				}
				check(port, promises.links);
				assert.equal(port.nor.counts.violations, 0);
				most = Math.max(most, port.nor.counts.erases);
			};
			const start = make();
			const promises = { step: 0, number: 0, links: 0 };
			body(start, promises, before);
			most = 0;
			const script = [...before, ...steps];
			const cuts = everyCut(
				() => {
					const port = make();
					port.bytes.set(start.bytes);
					return port;
				},
				promises,
				depth,
				(device, ledger) => body(device as CutPort, ledger, script),
				seed,
			);
			this.test!.title += `: ${cuts} cuts`;
			total += cuts;
			assert.ok(cuts >= least, `only ${cuts} cuts were made`);
			assert.ok(most >= erases, `only ${most} erases`);
		}).timeout(240_000);
	}
	after(() => console.log(`    ${total} cuts of evidence in all`));
});

/** A queue in RTC memory that holds one sample. */
function oneOf(number: number) {
	let left = 1;
	const cursor = {
		seek() {},
		moveTo() {},
		read(into: NodeRecord) {
			if (left-- < 1) return false;
			fill(into, recordOf(number, 1));
			return true;
		},
	};
	return { count: 1, pressed: false, oldest: number, dropped: 0, push() {}, trim() {}, cursor: () => cursor };
}
