import { connect } from "mqtt";
import { Subscriber } from "../../sim/net/subscriber.js";
import * as assert from "../assert.js";
import { findMosquitto, Mosquitto, skipped } from "../support/mosquitto.js";
import { pause, RealRig, until } from "../support/real-rig.js";

/** What a mosquitto that is set to allow little makes of a node that sends a lot. */
interface Case {
	readonly setting: string;
	readonly version: 5 | 4;
	/** Wakes until all is delivered; 0: it never is, and the wakes end as `ends` says. */
	readonly wakes: number;
	readonly ends?: RegExp;
}

/** Records, and frames of 20 of them at most: some eight frames of 164 bytes. */
const RECORDS = 150;
const MOST = 20;

const CASES: readonly Case[] = Object.freeze([
	{ setting: "max_packet_size 100", version: 5, wakes: 2 },
	{ setting: "max_packet_size 300", version: 5, wakes: 2 },
	{ setting: "max_inflight_messages 1", version: 5, wakes: 2 },
	{ setting: "max_inflight_messages 1", version: 4, wakes: 2 },
	{ setting: "max_topic_alias 0", version: 5, wakes: 2 },
	{ setting: "retain_available false", version: 5, wakes: 2 },
	{ setting: "retain_available false", version: 4, wakes: 2 },
	{ setting: "max_keepalive 10", version: 5, wakes: 2 },
	{ setting: "max_keepalive 10", version: 4, wakes: 2 },
	{ setting: "max_queued_messages 1", version: 5, wakes: 2 },
	{ setting: "max_connections 100", version: 5, wakes: 2 },
	{ setting: "max_qos 0", version: 5, wakes: 0, ends: /^failed (unsupported|refused)$/ },
	{ setting: "max_qos 0", version: 4, wakes: 0, ends: /^failed lost$/ },
	// in 3.1.1 a server cannot say what it takes: a frame that is too large ends the connection
	{ setting: "max_packet_size 100", version: 4, wakes: 0, ends: /^failed lost$/ },
]);

describe("mqtt client and what brokers do not allow", () => {
	const binary = findMosquitto();
	before(function () {
		if (!binary) skipped(this);
	});

	for (const { setting, version, wakes, ends } of CASES)
		it(`mosquitto with ${setting}: version ${version}, ${wakes ? "all records in two wakes at most" : `ends as ${ends!.source}, nothing lost`}`, async () => {
			const broker = await Mosquitto.start(binary!, `allow_anonymous true\n${setting}`);
			const rig = await RealRig.start(broker.port, { mqtt: { version, mtu: 1024 }, sleeper: { most: MOST } });
			const listens = !/max_qos|max_packet/.test(setting);
			const subscriber = listens
				? new Subscriber(`mqtt://127.0.0.1:${broker.port}`, rig.node.topic, (_, payload) => rig.receiver.take(payload))
				: undefined;
			try {
				await subscriber?.ready.catch(() => {});
				let outcome = await rig.wake(RECORDS);
				for (let more = 1; rig.node.queued && more < Math.max(wakes, 3); more++) outcome = await rig.wake(0);
				rig.check(setting);
				if (wakes) {
					assert.equal(outcome, "idle");
					assert.ok(rig.node.wakes <= wakes, `${rig.node.wakes} wakes`);
					assert.equal(rig.node.queued, 0);
					if (rig.receiver.records) await rig.settle(setting);
				} else {
					assert.ok(ends!.test(outcome), outcome);
					assert.equal(rig.node.queued, RECORDS, "what is not acknowledged stays");
				}
			} finally {
				await subscriber?.close();
				await rig.close();
				await broker.stop();
			}
		});

	it("mosquitto killed without its store: what it acknowledged for a subscriber that was away is gone; with its store it is not", async () => {
		const lost: Record<string, number> = {};
		for (const how of ["order", "killed"] as const) {
			const broker = await Mosquitto.start(
				binary!,
				"allow_anonymous true\npersistence true\npersistence_location {directory}\nuser root",
			);
			const rig = await RealRig.start(broker.port, { mqtt: { version: 5 } });
			try {
				// A subscriber with a session of its own, which is away while the node publishes.
				const away = () =>
					connect({
						host: "127.0.0.1",
						port: broker.port,
						protocol: "mqtt",
						clientId: "away",
						clean: false,
						reconnectPeriod: 0,
					});
				const before = away();
				await new Promise<void>((resolve) => before.once("connect", () => resolve()));
				await before.subscribeAsync(rig.node.topic, { qos: 1 });
				await before.endAsync();
				assert.equal(await rig.wake(RECORDS), "idle");
				await broker.restart(how);
				const after = away();
				after.on("message", (_, payload) => rig.receiver.take(new Uint8Array(payload)));
				await new Promise<void>((resolve) => after.once("connect", () => resolve()));
				if (how === "order") await until(() => rig.receiver.records === RECORDS, "what the store holds does not come");
				else await pause(100);
				await after.endAsync();
				lost[how] = rig.receiver.missing(rig.node.acknowledged).length;
				assert.equal(rig.node.queued, 0, "the node was told that all arrived");
				rig.check(how);
			} finally {
				await rig.close();
				await broker.stop();
			}
		}
		console.log(`      of ${RECORDS} acknowledged: ${lost.order} lost with the store, ${lost.killed} without`);
		assert.equal(lost.order, 0);
		assert.equal(lost.killed, RECORDS, "if brokers get better than this, say so where it is documented");
	});
});
