import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { Broker } from "../../sim/net/broker.js";
import { VirtualNetwork } from "../../sim/net/virtual.js";
import type { Scheduler } from "../../sim/scheduler.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { VirtualProxy } from "../support/fault-proxy.js";
import { randomFaults } from "../support/faulty-lane.js";
import { RawClient } from "../support/raw-client.js";
import { seedOf } from "../support/seed.js";
import { DAY_MS, run } from "../support/simulate.js";
import { WireMonitor } from "../support/wire-monitor.js";

const DAYS = 2;
/** Fair weather at the end, longer than the longest backoff. */
const CALM_MS = 0.5 * DAY_MS;
const SHARE = 0.4;
/** Mean time between two things that befall the broker, and between two power cuts. */
const BROKER_MS = 900_000;
const POWER_MS = 3_600_000;

describe("mqtt, the whole node among faults", function () {
	this.timeout(120_000);
	const seed = seedOf(91);

	it(`whole node: ${DAYS} days of connections that fail, a broker that restarts and power that goes, seed ${seed}, nothing lost`, async () => {
		const firmware = new NodeEngine("kept").load(await bundleFirmware(join(PROJECT, "test/fixtures/durable.ts")));
		const random = new Seeded(seed);
		const monitor = new WireMonitor();
		const endMs = DAYS * DAY_MS - CALM_MS;
		const faults: string[] = [];
		for (let at = POWER_MS; at < endMs; at += random.between(1, 2 * POWER_MS)) {
			const from = Math.round(at / 1000);
			faults.push(`power@${from}s..${from + random.between(1, 60)}s`);
		}
		let inner: VirtualNetwork | undefined;
		let befell = 0;
		const { summary, wakes, simulation } = await run({
			firmware,
			days: DAYS,
			seed,
			faults,
			sectors: 64,
			tap: monitor,
			serve(network, broker) {
				const { scheduler } = network;
				inner = new VirtualNetwork(scheduler, { delayMs: 0 });
				broker.serve(inner);
				const script = () => (scheduler.now < endMs && random.real() < SHARE ? randomFaults(random, 10_000) : {});
				new VirtualProxy(network, inner, 1883, script, {}, seed);
			},
			prepare(simulation, first, scheduler: Scheduler) {
				let broker = first;
				const next = () => {
					if (scheduler.now > endMs) {
						broker.faults.refuse = 0;
						return;
					}
					befell++;
					broker.faults.refuse = 0;
					switch (random.between(0, 3)) {
						case 0:
							broker.drop();
							break;
						case 1:
							broker.drop();
							broker = new Broker(scheduler);
							broker.serve(inner!);
							broker.subscribe("dormouse/+/t", (_, payload) => simulation.receive(payload));
							break;
						case 2:
							broker.faults.refuse = 0x89;
							break;
						default: {
							const other = new RawClient(inner!, 5, 1883, () => other.connect(simulation.nodeId));
							scheduler.after(random.between(1, 600_000), () => other.close());
						}
					}
					scheduler.after(random.between(1, 2 * BROKER_MS), next);
				};
				scheduler.after(BROKER_MS, next);
			},
		});
		assert.deepEqual(monitor.violations, []);
		console.log(
			`      ${summary.wakes} wakes, ${summary.exchanges} exchanges, ${summary.failedExchanges} failed, ${faults.length} power cuts; ${befell} times the broker; ${summary.samples} samples, ${summary.duplicates} came again, ${monitor.count("up publish dup")} publishes repeated`,
		);
		assert.equal(summary.lost, 0, "lost");
		assert.equal(summary.wrong, 0, "wrong");
		assert.equal(summary.undecodable, 0, "undecodable");
		assert.equal(summary.faults, 0, "faults of the firmware");
		assert.equal(summary.leaks, 0, "handles left open");
		assert.equal(simulation.collector.duplicates, summary.duplicates);
		assert.ok(summary.queued <= 3, `${summary.queued} are still queued`);
		assert.ok(summary.decoded > 3000, `only ${summary.decoded} samples arrived`);
		assert.ok(summary.failedExchanges > 50, `only ${summary.failedExchanges} exchanges failed`);
		// whatever happens, an exchange is bounded
		const longest = Math.max(...wakes.map(({ awakeMs }) => awakeMs));
		assert.ok(longest < 21_000, `a wake of ${longest} ms`);
	});
});
