import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { run } from "../support/simulate.js";

const COMMANDS = join(PROJECT, "test/fixtures/commands.ts");
const HOUR_MS = 3_600_000;

describe("a node that takes messages", function () {
	this.timeout(60_000);

	it("busy with flash while its broker answers: what was read already is not told again, and no exchange fails", async () => {
		const firmware = new NodeEngine("fresh").load(await bundleFirmware(join(PROJECT, "test/fixtures/listener.ts")));
		const { wakes, summary } = await run({ firmware, days: 1, faults: ["broker@8h..11h", "power@15h"] });
		assert.deepEqual([summary.lost, summary.duplicates, summary.faults], [0, 0, 0]);
		assert.ok(summary.exchanges > 40, `${summary.exchanges} exchanges`);
		const problems = wakes.map(({ report }) => report?.problem).filter(Boolean);
		assert.ok(
			problems.every((problem) => problem === "timeout"),
			`${problems}`,
		);
	});
	it("published while it sleeps: each comes once with the next wake, is acknowledged, and the report tells of trouble", async () => {
		const firmware = new NodeEngine("fresh").load(await bundleFirmware(COMMANDS));
		const said: [number, string][] = [
			[HOUR_MS, "keep this"],
			[2 * HOUR_MS, "nonsense"],
			[3 * HOUR_MS, "fail"],
			[4 * HOUR_MS, "keep that"],
		];
		const { wakes, summary, broker } = await run({
			firmware,
			days: 0.25,
			prepare({ nodeId }, broker, scheduler) {
				for (const [at, text] of said)
					scheduler.at(at + 30_000, () => broker.publish(`dormouse/${nodeId}/c`, Buffer.from(text), { qos: 1 }));
			},
		});
		const problems = wakes.filter(({ report }) => report?.problem).map(({ at, report }) => [at, report!.problem]);
		const near = (hours: number, n: number) =>
			assert.near(problems[n]![0] as number, hours * HOUR_MS + 240_000, 300_000, `trouble ${n}`);
		assert.deepEqual(
			problems.map(([, problem]) => problem),
			["downlink", "downlink", "downlink", "downlink"],
			"one refused, and one that failed three times",
		);
		for (const [n, hours] of [2, 3, 3, 3].entries()) near(hours, n);
		assert.deepEqual(
			wakes.filter(({ report }) => report?.taken).map(({ report }) => report!.taken),
			[1, 1],
			"and those that were taken",
		);
		assert.equal(summary.taken, 2);
		assert.equal(summary.lost, 0);
		assert.equal(summary.faults, 0);
		assert.equal(broker.violations, 0);
		assert.equal(broker.received.get("subscribe"), 1, "the broker keeps the subscription");
		assert.equal(broker.received.get("puback"), 4);
	});

	it("the broker forgets its sessions: subscribed again, and messages come", async () => {
		const firmware = new NodeEngine("kept").load(await bundleFirmware(COMMANDS));
		const { broker, wakes } = await run({
			firmware,
			days: 0.1,
			prepare({ nodeId }, broker, scheduler) {
				scheduler.at(HOUR_MS, () => broker.forget());
				scheduler.at(2 * HOUR_MS, () => broker.publish(`dormouse/${nodeId}/c`, Buffer.from("no"), { qos: 1 }));
			},
		});
		assert.equal(broker.received.get("subscribe"), 2);
		assert.equal(wakes.filter(({ report }) => report?.problem === "downlink").length, 1);
	});
});
