import { ResetReason } from "../../modules/core/ports.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { FakeNode, type FakeNodeOptions } from "../support/fake-node.js";
import { NodeLedger } from "../support/node-ledger.js";
import { runsOf, seedOf } from "../support/seed.js";

const POLICIES = ["oldest", "newest", { thin: 2 }, { thin: 5 }] as const;
const RESETS = [ResetReason.brownOut, ResetReason.panic, ResetReason.watchdog, ResetReason.software] as const;
const EVERY = 600;
const WAKES = 250;
/** Records that a flipped bit may take: a sector's, when it is in the header. */
const MOST_IN_SECTOR = 100;

/** What may go wrong beside cuts, resets and servers that are away. */
type Trouble = "none" | "refusing" | "worn" | "rot";

interface Soaked {
	cuts: number;
	resets: number;
	losses: number;
	arrived: number;
	dropped: number;
	lost: number;
	faults: number;
	refused: number;
	rotten: number;
	uncounted: number;
}

function told(text: string) {
	if (typeof console !== "undefined") console.log(`      ${text}`); // XS has none
}

/** Lives of nodes, chosen at random. */
function soak(seed: number, runs: number, trouble: Trouble): Soaked {
	const random = new Seeded(seed);
	const sum: Soaked = {
		cuts: 0,
		resets: 0,
		losses: 0,
		arrived: 0,
		dropped: 0,
		lost: 0,
		faults: 0,
		refused: 0,
		rotten: 0,
		uncounted: 0,
	};
	for (let run = 0; run < runs; run++) {
		const alignment = ([1, 1, 4, 16] as const)[run % 4]!;
		const options: FakeNodeOptions = {
			durability: random.real() < 0.6 ? "flash" : "rtc",
			spill: random.real() < 0.5 ? { every: random.between(1, 20) * EVERY } : { below: { temperature: -800_000 } },
			full: POLICIES[random.between(0, 3)]!,
			sectors: random.between(5, 10),
			sectorBytes: alignment === 1 ? 256 : 512,
			flash: { alignment, seed: seed + run, weakTears: trouble === "none" && random.real() < 0.5 },
		};
		const node = new FakeNode(random.between(1, 8), EVERY, "peer", options);
		const ledger = new NodeLedger(node);
		ledger.isSound = trouble === "none";
		const { nor } = node.flash;
		let server: "up" | "down" | "deaf" = "up";
		ledger.server = () => server;
		if (trouble === "worn") {
			// Four sectors are sound: with fewer there is no log.
			const bad = random.between(1, options.sectors! - 4);
			for (let sector = bad - 1; sector >= 0; sector--) {
				const at =
					((sector + run) % options.sectors!) * options.sectorBytes! + random.between(0, options.sectorBytes! - 1);
				if (random.real() < 0.7) nor.stick(at, 1 << random.between(0, 7), random.real() < 0.5 ? "high" : "low");
				else
					nor.failErases(
						Math.floor(at / options.sectorBytes!),
						random.real() < 0.5 ? "partly" : "refused",
						random.between(1, 4),
					);
			}
		}
		let reset: ResetReason = ResetReason.power;
		try {
			for (let wake = 0; wake < WAKES; wake++) {
				if (random.real() < 0.06) server = random.real() < 0.6 ? "up" : random.real() < 0.7 ? "down" : "deaf";
				if (trouble === "refusing" && random.real() < 0.1) node.flashFails = !node.flashFails;
				if (trouble === "rot" && random.real() < 0.03) {
					// Not among the cells: an older value of theirs may be all that is left, and docs/store.md says so.
					const size = options.sectorBytes!;
					const from = random.between(0, options.sectors! - 1) * size;
					const isCells = nor.bytes[from + 2] === 2 && (nor.bytes[from + 3]! & 15) === 2;
					const hits = isCells ? 0 : nor.disturb(random.between(1, 3), from, from + size).length;
					sum.rotten += hits;
					ledger.rotten += hits * MOST_IN_SECTOR;
				}
				const dice = random.real();
				if (dice < 0.15) nor.cutAfter(random.between(0, 120), random);
				else if (dice < 0.25) node.rtcCut = { writes: random.between(0, 7), bytes: random.between(0, 40) };
				const whole = ledger.wake(reset);
				nor.cutAfter(Number.POSITIVE_INFINITY, random);
				node.rtcCut = undefined;
				if (!whole) sum.cuts++;
				if (random.real() < (whole ? 0.02 : 0.4)) {
					sum.losses++;
					ledger.losePower(random.between(2, 5000));
					reset = ResetReason.power;
				} else if (whole) {
					ledger.sleep();
					reset = ResetReason.deepSleep;
				} else {
					sum.resets++;
					ledger.off(random.between(2, 5));
					reset = RESETS[random.between(0, 3)]!;
				}
			}
			server = "up";
			node.flashFails = false;
			for (let wakes = 0; ; wakes++) {
				assert.ok(wakes < 200, `records that wait are never sent: ${JSON.stringify(ledger.report)}`);
				assert.ok(ledger.wake(reset));
				reset = ResetReason.deepSleep;
				const { epoch, queued, problem } = ledger.report!;
				if (epoch > 0 && queued === 0 && problem === "") break; // before its epoch a node does not know what waits
				ledger.sleep();
			}
			ledger.settle();
		} catch (error) {
			(error as Error).message = `run ${run}, ${JSON.stringify(options)}: ${(error as Error).message}`;
			throw error;
		}
		sum.arrived += ledger.promises.arrived.size;
		sum.dropped += ledger.report!.dropped;
		sum.lost += ledger.lost;
		sum.faults += ledger.faults;
		sum.refused += ledger.refused;
		sum.uncounted += ledger.uncounted;
	}
	return sum;
}

describe("model: nodes that everything happens to", () => {
	const seed = seedOf(1811);
	for (const trouble of ["none", "refusing", "worn", "rot"] as const)
		it(`${trouble} (seed ${seed}): what was promised arrives, or is counted`, () => {
			const soaked = soak(seed, runsOf(90), trouble);
			told(JSON.stringify(soaked));
			assert.ok(soaked.cuts > runsOf(1000), `${soaked.cuts} cuts`);
		});
});
