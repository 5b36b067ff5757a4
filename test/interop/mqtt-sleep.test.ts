import * as net from "node:net";
import { Aedes } from "aedes";
import type { MqttOptions } from "../../net/mqtt/declaration.js";
import { Subscriber } from "../../sim/net/subscriber.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { type ConnectionFaults, randomFaults } from "../support/faulty-lane.js";
import { findMosquitto, Mosquitto, mosquittoForSuite } from "../support/mosquitto.js";
import { pause, RealRig, until } from "../support/real-rig.js";
import { seedOf } from "../support/seed.js";

/** Records of an exchange that is cut. */
const RECORDS = 10;
/** Bytes between two cuts of what the node sends. */
const STEP = 2;
const SOAK_WAKES = 250;

/** Cuts exchanges at places along their bytes, each resumed by a sound wake. @returns cuts made */
async function cuts(port: number, mqtt: MqttOptions, step: number): Promise<number> {
	const receivers = new Map<string, RealRig>();
	const subscriber = new Subscriber(`mqtt://127.0.0.1:${port}`, "dormouse/+/t", (topic, payload) =>
		receivers.get(topic)!.receiver.take(payload),
	);
	await subscriber.ready;
	let made = 0;
	const one = async (lane: "up" | "down", cutAt: number, how: "reset" | "order"): Promise<RealRig> => {
		let left = 0;
		const script = (): ConnectionFaults => (left-- > 0 ? { how, [lane]: { cutAt } } : {});
		const nodeId = `cut-${made++}`;
		const rig = await RealRig.start(port, { mqtt, script, sleeper: { nodeId } });
		receivers.set(rig.node.topic, rig);
		try {
			await rig.wake(1);
			left = 2;
			await rig.wake(RECORDS);
			left = 0;
			for (let wakes = 0; rig.node.queued && wakes < 3; wakes++) await rig.wake(0);
			await rig.settle(`${how} at ${cutAt} ${lane}`);
		} finally {
			await rig.close();
		}
		return rig;
	};
	try {
		for (const lane of ["up", "down"] as const) {
			// Behind its end an exchange is not cut any more: then all places were tried.
			for (let cutAt = 0; ; cutAt += lane === "up" ? step : 1) {
				const rig = await one(lane, cutAt, cutAt % 2 ? "order" : "reset");
				if (rig.node.outcomes.get("idle") === 2 && rig.node.wakes === 2 && rig.proxy.connections === 2) break;
				assert.ok(cutAt < 2000, "the exchange has no end");
			}
		}
	} finally {
		await subscriber.close();
	}
	return made;
}

describe("mqtt, sleeping node and mosquitto", () => {
	const broker = mosquittoForSuite();

	for (const version of [5, 4] as const)
		it(`mosquitto: version ${version}, exchanges cut along their bytes, each record once`, async () => {
			const made = await cuts(broker().port, { version }, STEP);
			console.log(`      ${made} cuts`);
			assert.ok(made > 60, `only ${made} cuts`);
		});

	for (const version of [5, 4] as const) {
		const seed = seedOf(80 + version);
		it(`mosquitto: version ${version}, ${SOAK_WAKES} wakes among faults and restarts, seed ${seed}, each record once`, async () => {
			const random = new Seeded(seed);
			const own = await Mosquitto.start(
				findMosquitto()!,
				"allow_anonymous true\npersistence true\npersistence_location {directory}\nuser root",
			);
			let isOn = true;
			const rig = await RealRig.start(own.port, {
				mqtt: { version },
				seed,
				script: () => (isOn && random.real() < 0.7 ? randomFaults(random, 100) : {}),
				sleeper: { deadlineMs: 80 },
			});
			let restarts = 0;
			const subscribe = async () => {
				const one = new Subscriber(`mqtt://127.0.0.1:${own.port}`, rig.node.topic, (_, payload) =>
					rig.receiver.take(payload),
				);
				await one.ready;
				return one;
			};
			let subscriber = await subscribe();
			try {
				for (let wake = 0; wake < SOAK_WAKES; wake++) {
					await rig.wake(
						rig.node.queued < 100 ? random.between(0, 5) : 0,
						random.real() < 0.05 ? random.real() * 5 : undefined,
					);
					rig.check(`wake ${wake}`);
					if (random.real() < 0.02) rig.node.forget();
					if (random.real() < 0.02) {
						// Between two wakes all that is acknowledged has come: a subscriber that is away would miss it.
						await until(
							() => rig.receiver.missing(rig.node.acknowledged).length === 0,
							"what is acknowledged does not come",
						);
						await subscriber.close();
						await own.restart(random.real() < 0.5 ? "order" : "killed");
						restarts++;
						subscriber = await subscribe();
					}
				}
				isOn = false;
				await pause(100);
				for (let wake = 0; rig.node.queued && wake < 20; wake++) {
					await rig.wake(0);
					await pause(20);
				}
				await rig.settle("in the end");
				const { node, receiver, monitor } = rig;
				console.log(
					`      ${[...node.outcomes].map(([what, count]) => `${what} ${count}`).join(", ")}; ${node.made} records, ${receiver.duplicates} came again, ${monitor.count("up publish dup")} publishes repeated; ${restarts} restarts`,
				);
				assert.ok(node.outcomes.get("idle")! > SOAK_WAKES / 4);
			} finally {
				await rig.close();
				await subscriber.close();
				await own.stop();
			}
		});
	}
});

describe("mqtt, sleeping node and aedes", () => {
	it("aedes: version 4, exchanges cut along their bytes, each record once", async () => {
		const aedes = await Aedes.createBroker();
		const server = net.createServer(aedes.handle);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		try {
			const made = await cuts((server.address() as net.AddressInfo).port, { version: 4 }, 2 * STEP);
			console.log(`      ${made} cuts`);
			assert.ok(made > 60, `only ${made} cuts`);
		} finally {
			await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
		}
	});
});
