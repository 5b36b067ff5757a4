import { ResetReason } from "../../modules/core/ports.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { FakeNode, type FakeNodeOptions } from "../support/fake-node.js";
import { NodeLedger, Promises } from "../support/node-ledger.js";

const HOUR = 3600;
const WEEK = 168;
const BATCH = 6;
/** Branches go on until their state has reconverged; some much further, to see what a cut may have left behind. */
const LONG_EVERY = 100;
const LONG_WAKES = 60;

/** 64 sectors of 4,096 bytes: most of a week is in one of them. */
const LARGE: FakeNodeOptions = { sectors: 64 };
/** A dozen records in a sector: the log wraps around several times a week. */
const TINY: FakeNodeOptions = { sectors: 6, sectorBytes: 256 };

/** The server is away for most of the third day and in the night to the sixth; what it got each seventh hour it does not say. */
function weekOf(seconds: number): "up" | "down" | "deaf" {
	const hour = Math.floor(seconds / HOUR);
	if ((hour >= 50 && hour < 68) || (hour >= 118 && hour < 124)) return "down";
	return hour % 7 === 5 ? "deaf" : "up";
}
/** Two days without a server, then a day with it, and again: more than a tiny partition holds. */
function awayOften(seconds: number): "up" | "down" {
	return Math.floor(seconds / HOUR) % 72 < 50 ? "down" : "up";
}

/** No server for more than a week. */
function awayLong(seconds: number): "up" | "down" {
	return seconds < 190 * HOUR ? "down" : "up";
}

/** How the board comes back; only the power takes retained memory with it. */
type Way = "power" | "brownOut" | "software";

/** Power cuts made, and records that came twice in their branches. */
interface Made {
	flash: number;
	rtc: number;
	asleep: number;
	again: number;
	wakes: number;
	duplicates: number;
	gone: number;
	dropped: number;
}

/** Runs a week of hourly wakes, and from the begin of each wake a branch for each place where it can be cut. */
function everyCutOfAWeek(options: FakeNodeOptions, server: NodeLedger["server"], wakes = WEEK): Made {
	const node = new FakeNode(BATCH, HOUR, "peer", options);
	const ledger = new NodeLedger(node);
	const noise = new Seeded(1);
	const made: Made = { flash: 0, rtc: 0, asleep: 0, again: 0, wakes: 0, duplicates: 0, gone: 0, dropped: 0 };
	const nor = node.flash.nor;
	let branches = 0;
	let reset: ResetReason = ResetReason.power;
	for (let wake = 0; wake < wakes; wake++) {
		const before = node.snapshot();
		const promises = ledger.promises;
		const steps = () => nor.counts.programmed + 2 * nor.counts.erases;
		const stepsBefore = steps();
		ledger.promises = new Promises(promises);
		ledger.server = server;
		assert.ok(ledger.wake(reset));
		assert.equal(ledger.report!.problem === "" || ledger.report!.problem === "timeout", true);
		const flashSteps = steps() - stepsBefore;
		const rtcWrites = [...ledger.rtcWrites];
		const [after, promisesAfter] = [node.snapshot(), ledger.promises];

		const branch = (way: Way, cut: string, arm: () => void) => {
			node.restore(before);
			ledger.promises = new Promises(promises);
			ledger.server = server;
			arm();
			try {
				assert.ok(!ledger.wake(reset), "the cut was not met");
				recover(way);
			} catch (error) {
				(error as Error).message = `wake ${wake}, ${way} ${cut}: ${(error as Error).message}`;
				throw error;
			}
		};
		const recover = (way: Way) => {
			if (way === "power") ledger.losePower();
			else ledger.off(2);
			ledger.server = () => "up";
			let next: ResetReason = ResetReason[way];
			// Recovery itself is cut in places taken at random.
			for (let again = 0; again < 2 && branches % 3 === 0; again++) {
				if (noise.real() < 0.7) nor.cutAfter(noise.between(0, 80), noise);
				else node.rtcCut = { writes: noise.between(0, 5), bytes: noise.between(0, 40) };
				const whole = ledger.wake(next);
				nor.cutAfter(Number.POSITIVE_INFINITY, noise);
				node.rtcCut = undefined;
				next = ResetReason.deepSleep;
				if (whole) ledger.sleep();
				else if (noise.real() < 0.5) {
					ledger.losePower();
					next = ResetReason.power;
					made.again++;
				} else {
					ledger.off(2);
					next = ResetReason.brownOut;
					made.again++;
				}
			}
			reconverge(ledger, next);
			if (branches++ % LONG_EVERY === 0) {
				for (let n = 0; n < LONG_WAKES; n++) {
					ledger.sleep();
					assert.ok(ledger.wake(ResetReason.deepSleep));
				}
				ledger.sleep();
				reconverge(ledger, ResetReason.deepSleep);
			}
			made.wakes += ledger.promises.boots - promises.boots;
			made.duplicates += ledger.promises.duplicates - promises.duplicates;
			made.gone += ledger.promises.missing("gone").length;
		};
		for (const way of ["power", "brownOut", "software"] as const) {
			// Software resets come between two steps, and recover as a brown-out does there: some of them will do.
			for (let step = way === "software" ? wake % 4 : 0; step < flashSteps; step += way === "software" ? 4 : 1) {
				branch(way, `in flash, step ${step}`, () => nor.cutAfter(step, noise));
				made.flash++;
			}
			// What is torn matters only where retained memory survives.
			rtcWrites.forEach((length, write) => {
				for (const bytes of way === "power"
					? [0]
					: way === "software"
						? [length]
						: [0, length >> 1, length - 1, length]) {
					branch(way, `in write ${write} to retained memory, byte ${bytes}`, () => {
						node.rtcCut = { writes: write, bytes };
					});
					made.rtc++;
				}
			});
		}
		node.restore(after);
		ledger.promises = new Promises(promisesAfter);
		recover("power");
		made.asleep++;

		node.restore(after);
		ledger.promises = promisesAfter;
		ledger.sleep();
		reset = ResetReason.deepSleep;
	}
	ledger.server = () => "up";
	made.dropped = reconverge(ledger, reset);
	return made;
}

/** Wakes until nothing waits, then settles. @returns records that the node dropped in its life */
function reconverge(ledger: NodeLedger, first: ResetReason): number {
	let reset = first;
	for (let wakes = 0; ; wakes++) {
		assert.ok(wakes < 40, "records that wait are never sent");
		assert.ok(ledger.wake(reset), "a wake was cut that should not be");
		if (ledger.report!.queued === 0) break;
		reset = ResetReason.deepSleep;
		ledger.sleep();
	}
	ledger.settle();
	return ledger.report!.dropped;
}

function told(made: Made): void {
	const cuts = made.flash + made.rtc + made.asleep + made.again;
	console.log(
		`      ${cuts} cuts: ${made.flash} in flash, ${made.rtc} in retained memory, ${made.asleep} asleep, ${made.again} in recovery; ` +
			`${made.wakes} wakes, ${made.duplicates} duplicates, ${made.gone} samples gone with the power`,
	);
}

describe("power loss: a node's week, cut in every step of flash and every write to retained memory", function () {
	this.timeout(120_000);
	const cases: readonly (readonly [string, FakeNodeOptions, NodeLedger["server"], number, (made: Made) => boolean])[] =
		[
			["durability flash", { ...LARGE, durability: "flash" }, weekOf, WEEK, (made) => made.gone === 0],
			["durability rtc", { ...LARGE, durability: "rtc" }, weekOf, WEEK, (made) => made.gone > 0],
			[
				"durability rtc, spilt each four hours",
				{ ...LARGE, durability: "rtc", spill: { every: 4 * HOUR } },
				weekOf,
				WEEK,
				(made) => made.gone > 0,
			],
			[
				"a tiny partition, durability flash, the oldest go",
				{ ...TINY, durability: "flash" },
				awayOften,
				WEEK,
				(made) => made.dropped > 0,
			],
			[
				"a tiny partition, durability flash, the newest go",
				{ ...TINY, durability: "flash", full: "newest" },
				awayOften,
				WEEK,
				(made) => made.dropped > 0,
			],
			[
				"a tiny partition, durability flash, thinned",
				{ ...TINY, durability: "flash", full: { thin: 2 } },
				awayOften,
				WEEK,
				(made) => made.dropped > 0,
			],
			[
				"a tiny partition, durability rtc, spilt each four hours",
				{ ...TINY, durability: "rtc", spill: { every: 4 * HOUR } },
				awayLong,
				200,
				(made) => made.dropped > 0,
			],
			[
				"a tiny partition, units of 16, durability flash",
				{ ...TINY, sectorBytes: 512, flash: { alignment: 16 }, durability: "flash" },
				awayOften,
				WEEK,
				(made) => made.flash > 5000,
			],
			[
				"a tiny partition, tears leave weak bits",
				{ ...TINY, flash: { weakTears: true }, durability: "flash" },
				awayOften,
				WEEK,
				(made) => made.dropped > 0,
			],
			[
				"durability rtc, spilt at low readings",
				{ ...LARGE, sectors: 8, durability: "rtc", spill: { below: { temperature: -700_000 } } },
				weekOf,
				WEEK,
				(made) => made.flash > 2000,
			],
			[
				"durability rtc, server away until retained memory is full",
				{ ...LARGE, sectors: 8, durability: "rtc" },
				awayLong,
				200,
				(made) => made.flash > 2000,
			],
		];
	for (const [title, options, server, wakes, also] of cases)
		it(`${title}: what was promised arrives, once and true; what is gone is counted`, () => {
			const made = everyCutOfAWeek(options, server, wakes);
			told(made);
			assert.ok(also(made));
		});
});
