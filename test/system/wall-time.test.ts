import { RecordKind } from "../../modules/core/record.js";
import { HEALTH_FIELDS } from "../../modules/cycle/health.js";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import type { Scheduler } from "../../sim/scheduler.js";
import type { Simulation } from "../../sim/simulation.js";
import type { CollectedRecord } from "../../tools/collector.js";
import * as assert from "../assert.js";
import { DAY_MS, type Run, type RunOptions, run as runNode, weatherBundle } from "../support/simulate.js";

const TIMED = "test/fixtures/timed.ts";
/** The weather node without joining, which would hide what asking for the time costs. */
const WIRED = "test/fixtures/wired.ts";

/** Runs the weather node, if no other is given. */
async function run(options: RunOptions): Promise<Run> {
	return runNode({ firmware: new NodeEngine("kept").load(await weatherBundle()), ...options });
}
const marks = ({ records }: Run) => records.filter(({ kind }) => kind === RecordKind.sync);
function health({ records }: Run, field: string): number {
	const last = records.filter(({ kind }) => kind === RecordKind.health).at(-1) as CollectedRecord;
	return last.values[HEALTH_FIELDS.indexOf(field)] ?? 0;
}
/** Errors of times count from then on. */
const judgeFrom =
	(ms: number) =>
	({ summary }: Simulation, _: unknown, scheduler: Scheduler): void => {
		scheduler.at(ms, () => {
			summary.timeErrorMs = 0;
		});
	};
/** Nothing lost, nothing wrong, every sample's time told. */
function sound({ summary }: Run): void {
	const { lost, wrong, untimed, faults, leaks, undecodable } = summary;
	assert.deepEqual(
		{ lost, wrong, untimed, faults, leaks, undecodable },
		{
			lost: 0,
			wrong: 0,
			untimed: 0,
			faults: 0,
			leaks: 0,
			undecodable: 0,
		},
	);
}

describe("wall time of a node", function () {
	this.timeout(120_000);
	const durable = async () => new NodeEngine("kept").load(await bundleFirmware(TIMED));

	it("a good server, a month: each time within a second, one mark, asked about once a day, smaller frames", async () => {
		const one = await run({ days: 30 });
		sound(one);
		assert.ok(one.summary.timeErrorMs < 1000, `${one.summary.timeErrorMs} ms`);
		assert.equal(marks(one).length, 1);
		assert.ok(one.simulation.timeServer.requests < 45, `${one.simulation.timeServer.requests} requests`);
		const without = await run({ days: 30, faults: ["ntp@0h..30d"] });
		sound(without);
		assert.ok(without.summary.timeErrorMs < 2000, `${without.summary.timeErrorMs} ms`);
		assert.ok(one.summary.frameBytes < without.summary.frameBytes);
	});
	it("the server is silent: awake for half a second more where it is asked, and that becomes rare", async () => {
		const firmware = new NodeEngine("kept").load(await bundleFirmware(WIRED));
		const { wakes, simulation } = await run({ days: 10, faults: ["ntp@0h..10d"], firmware });
		const long = wakes.filter(({ awakeMs }) => awakeMs > 500);
		assert.ok(long.length > 5 && long.length < 50, `${long.length} wakes`);
		assert.equal(long.length, simulation.timeServer.requests);
		for (const { awakeMs } of long) assert.ok(awakeMs < 650, `${awakeMs} ms awake`);
	});
	it("the exchange takes no longer for the time, where its server is no farther than the broker", async () => {
		const awake = async (faults: readonly string[]) => {
			const firmware = new NodeEngine().load(await bundleFirmware(WIRED));
			const { wakes } = await run({ days: 0.2, faults, network: { delayMs: 25 }, firmware });
			return wakes.find(({ report }) => report!.frames > 0)!.awakeMs;
		};
		const [asked, silent] = [await awake([]), await awake(["ntp@0h..1d"])];
		assert.near(silent - asked, 500, 1);
		const plain = await run({
			days: 0.2,
			network: { delayMs: 25 },
			firmware: new NodeEngine().load(await bundleFirmware("test/fixtures/timeless.ts")),
		});
		assert.near(plain.wakes.find(({ report }) => report!.frames > 0)!.awakeMs, asked, 1);
	});
	for (const ppm of [10_000, -10_000])
		it(`a clock ${ppm} ppm off: 75 s until the second answer, then within 3 s for a month`, async () => {
			const early = await run({ days: 1, drift: () => ppm });
			sound(early);
			assert.ok(early.summary.timeErrorMs < 75_000, `${early.summary.timeErrorMs} ms`);
			const whole = await run({ days: 30, drift: () => ppm, prepare: judgeFrom(DAY_MS) });
			sound(whole);
			assert.ok(whole.summary.timeErrorMs < 3000, `${whole.summary.timeErrorMs} ms`);
			assert.ok(marks(whole).length < 8, `${marks(whole).length} marks`);
		});
	it("a fast clock that no server corrects: sleeps are shorter by as much, samples keep the grid of that clock", async () => {
		const { wakes } = await run({ days: 2, drift: () => 10_000, faults: ["ntp@0h..2d"] });
		assert.near(wakes.length, 2 * 144 * 1.01, 2);
		for (const { report } of wakes) assert.ok(report!.seconds % 600 <= 1, `${report!.seconds} s`);
	});
	it("warm days and cold nights, 600 ppm up and down: within 16 s for a month, once it is known", async () => {
		const one = await run({
			days: 30,
			drift: (at) => 600 * Math.sin((2 * Math.PI * at) / DAY_MS),
		});
		sound(one);
		assert.ok(one.summary.timeErrorMs < 16_000, `${one.summary.timeErrorMs} ms`);
		assert.ok(one.simulation.timeServer.requests < 250, `${one.simulation.timeServer.requests} requests`);
	});
	it("power cuts, and days without any server: each time is right, by marks where epochs are over, else by ages", async () => {
		const one = await run({
			firmware: await durable(),
			days: 12,
			drift: () => 300,
			faults: ["ntp@0h..2d", "power@3.3d..4d", "broker@3d..5d", "ntp@4d..7d", "power@8d..8.1d", "ntp@8d..11d"],
		});
		sound(one);
		assert.deepEqual([...new Set(marks(one).map(({ values }) => values[1]))], [1, 2, 3], "each epoch has its mark");
		// What waited for the broker for 30 hours in an epoch that knew no wall time is told by its age, 300 ppm off.
		assert.ok(one.summary.timeErrorMs < 35_000, `${one.summary.timeErrorMs} ms`);
		const old = one.records.filter(({ epoch, kind }) => epoch === 1 && kind === RecordKind.sample);
		assert.ok(old.length > 40, `${old.length} samples of an epoch that was over when they came`);
	});
	it("an epoch in which no server answered and no frame left: its times cannot be told, and are said to be guesses", async () => {
		const { summary } = await run({
			firmware: await durable(),
			days: 2,
			faults: ["ntp@0h..1d", "broker@0h..1d", "power@0.5d..0.6d"],
		});
		assert.equal(summary.lost, 0);
		assert.ok(summary.untimed >= 70 && summary.untimed <= 75, `${summary.untimed} of the first half day`);
		assert.ok(summary.timeErrorMs < 2000, `${summary.timeErrorMs} ms`);
	});
	it("each third answer is years off: none of them is believed, each is counted", async () => {
		const one = await run({
			days: 10,
			prepare: ({ timeServer }) => {
				let count = 0;
				// each third answer is years off, each time other years
				Object.defineProperty(timeServer.faults, "offsetMs", {
					enumerable: true,
					get: () => (++count % 3 === 2 ? count * 100 * DAY_MS : 0),
				});
			},
		});
		sound(one);
		assert.ok(one.summary.timeErrorMs < 1000, `${one.summary.timeErrorMs} ms`);
		assert.equal(marks(one).length, 1);
		assert.ok(health(one, "clockSteps") > 2);
	});
	it("the first answer is a lie: corrected by two that agree, and two marks tell", async () => {
		const one = await run({ days: 6, faults: ["lie@0h..3h"] });
		assert.equal(one.summary.lost + one.summary.faults, 0);
		assert.equal(marks(one).length, 2);
		assert.equal(health(one, "clockSteps"), 1);
		const late = await run({ days: 6, faults: ["lie@0h..3h"], prepare: judgeFrom(DAY_MS) });
		assert.ok(late.summary.timeErrorMs < 1000, `${late.summary.timeErrorMs} ms`);
	});
	for (const [what, faults] of [
		["asks to be left alone", { kiss: "RATE" }],
		["is not synchronised", { stratum: 16 }],
		["answers from another address", { address: "192.0.2.66" }],
		["answers with another nonce", { spoil: (bytes: Uint8Array) => void (bytes[24]! ^= 1) }],
		["answers with an empty packet", { spoil: (bytes: Uint8Array) => void bytes.fill(0) }],
	] as const)
		it(`a server that ${what}: as if there were none, and nothing else changes`, async () => {
			const one = await run({ days: 3, prepare: ({ timeServer }) => void Object.assign(timeServer.faults, faults) });
			sound(one);
			assert.equal(marks(one).length, 0);
			const { requests } = one.simulation.timeServer;
			assert.ok(
				"kiss" in faults ? requests >= 3 && requests <= 4 : requests > 5 && requests < 30,
				`${requests} requests`,
			);
		});
	it("a way that trembles, 400 ms, and loses every third datagram: within two seconds", async () => {
		const one = await run({
			days: 20,
			network: { datagramLoss: 0.33 },
			prepare: ({ timeServer }) => {
				timeServer.faults.jitterMs = 400;
			},
		});
		sound(one);
		assert.ok(one.summary.timeErrorMs < 2000, `${one.summary.timeErrorMs} ms`);
		assert.ok(one.simulation.timeServer.requests > 15);
	});
});
