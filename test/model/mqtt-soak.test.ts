import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { Chaos, DEADLINE_MS } from "../support/chaos.js";
import { MqttRig } from "../support/mqtt-rig.js";
import { seedOf } from "../support/seed.js";
import { VirtualAedes } from "../support/virtual-aedes.js";

const WAKES = 2000;
const AEDES_WAKES = 1000;

/** A line of what happened, for the reader of the log. */
function told(rig: MqttRig, chaos: Chaos): string {
	const counts = (map: ReadonlyMap<string, number>) =>
		[...map]
			.sort()
			.map(([what, count]) => `${what} ${count}`)
			.join(", ");
	const { node, receiver, monitor } = rig;
	return [
		`      ${node.wakes} wakes: ${counts(node.outcomes)}`,
		`      ${node.made} records, ${receiver.duplicates} came again, ${monitor.count("up publish dup")} publishes repeated`,
		`      connections: ${counts(new Map([...monitor.counts].filter(([what]) => what.startsWith("up connect "))))}`,
		`      faults: ${counts(chaos.counts)}`,
	].join("\n");
}

describe("mqtt soak", () => {
	for (const [version, listens] of [
		[5, false],
		[5, true],
		[4, false],
		[4, true],
	] as const) {
		const seed = seedOf(60 + version);
		it(`mqtt soak: version ${version}${listens ? " with commands" : ""}, ${WAKES} wakes among faults of all kinds, seed ${seed}, each record once`, () => {
			const random = new Seeded(seed);
			const rig: MqttRig = new MqttRig({
				seed,
				mqtt: { version, ...(listens ? { downlinks: { window: 0 } } : {}) },
				sleeper: { deadlineMs: DEADLINE_MS },
				script: () => chaos.connection(),
			});
			const chaos: Chaos = new Chaos(rig, random, version);
			let commands = 0;
			for (let wake = 0; wake < WAKES; wake++) {
				chaos.beforeWake();
				if (listens && random.real() < 0.5)
					rig.broker.publish(`dormouse/${rig.node.nodeId}/c`, Buffer.from(`${++commands}`), { qos: 1 });
				const began = rig.scheduler.now;
				const outcome = rig.wake(rig.node.queued < 200 ? random.between(0, 6) : 0, chaos.powerCut());
				const took = rig.scheduler.now - began;
				assert.ok(took <= DEADLINE_MS + 1, `wake ${wake} took ${took} ms: ${outcome}`);
				rig.check(`wake ${wake}`);
				chaos.afterWake();
				rig.sleep(1000 * random.between(1, 600));
			}
			chaos.end();
			rig.sleep(3_600_000);
			for (let wake = 0; rig.node.queued && wake < 20; wake++) {
				rig.wake(0);
				rig.sleep(600_000);
			}
			rig.settle("in the end");
			console.log(told(rig, chaos));
			assert.equal(
				rig.monitor.version,
				version,
				"a connection that was cut is no reason to speak an older version for ever",
			);
			assert.ok(rig.node.outcomes.get("idle")! > WAKES / 4, "too few wakes came through to prove anything");
			assert.ok(rig.node.made > 2 * WAKES, "too few records");
			assert.ok(chaos.counts.size >= 18, `only ${chaos.counts.size} kinds of faults`);
		}).timeout(120_000);
	}

	it("mqtt soak: more publishes than there are identifiers, none twice in use", () => {
		const rig = new MqttRig({ sleeper: { most: 1, deadlineMs: 3_600_000 } });
		assert.equal(rig.wake(65_600), "idle");
		rig.sleep(1000);
		rig.settle("all identifiers");
		assert.equal(rig.monitor.count("up publish"), 65_600);
	});

	const seed = seedOf(71);
	it(`mqtt soak: aedes in virtual time, ${AEDES_WAKES} wakes among faults, seed ${seed}, each record once`, async () => {
		const random = new Seeded(seed);
		const rig: MqttRig = new MqttRig({
			seed,
			mqtt: { version: 4 },
			sleeper: { deadlineMs: DEADLINE_MS },
			script: () => chaos.connection(),
			serve: () => {},
		});
		const chaos: Chaos = new Chaos(rig, random, 4);
		const aedes = await VirtualAedes.serve(rig.inner);
		try {
			await aedes.subscribe(rig.node.topic, (_, payload) => rig.receiver.take(payload));
			const wake = async (records: number, cutMs?: number) => {
				await rig.wakeWith(() => aedes.turns.settle(), records, cutMs);
				rig.check(`wake ${rig.node.wakes}`);
				await rig.sleepWith(() => aedes.turns.settle(), 1000 * random.between(1, 600));
			};
			for (let n = 0; n < AEDES_WAKES; n++) {
				await wake(rig.node.queued < 200 ? random.between(0, 6) : 0, chaos.powerCut());
				chaos.afterWake();
			}
			chaos.end();
			for (let n = 0; rig.node.queued && n < 20; n++) await wake(0);
			rig.settle("in the end");
			console.log(told(rig, chaos));
			assert.ok(rig.node.outcomes.get("idle")! > AEDES_WAKES / 4, "too few wakes came through to prove anything");
		} finally {
			await aedes.close();
		}
	}).timeout(120_000);
});
