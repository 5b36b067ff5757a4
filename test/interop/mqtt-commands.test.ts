import * as net from "node:net";
import { Aedes } from "aedes";
import { connect, type MqttClient } from "mqtt";
import * as assert from "../assert.js";
import type { ConnectionFaults } from "../support/faulty-lane.js";
import { findMosquitto, Mosquitto, mosquittoForSuite } from "../support/mosquitto.js";
import { pause, RealRig, type RealRigOptions } from "../support/real-rig.js";

/** MQTT.js as whoever commands nodes and hears their frames. */
async function commander(port: number, version: 5 | 4): Promise<MqttClient> {
	const client = connect({
		host: "127.0.0.1",
		port,
		protocol: "mqtt",
		protocolVersion: version,
		reconnectPeriod: 0,
	});
	await new Promise<void>((resolve, reject) => {
		client.once("connect", () => resolve());
		client.once("error", reject);
	});
	return client;
}

/** A node that takes messages, known to its broker, and MQTT.js beside it. */
async function introduced(
	port: number,
	version: 5 | 4,
	run: (
		rig: RealRig,
		command: (text: string, options?: { qos?: 0 | 1; retain?: boolean }) => Promise<void>,
	) => Promise<void>,
	options: RealRigOptions = {},
): Promise<void> {
	const rig = await RealRig.start(port, {
		...options,
		mqtt: { version, downlinks: {}, ...options.mqtt },
		sleeper: { nodeId: `n${Math.round(performance.now())}`, ...options.sleeper },
	});
	const client = await commander(port, version);
	const topic = `dormouse/${rig.node.nodeId}/c`;
	try {
		client.on("message", (_, payload) => rig.receiver.take(new Uint8Array(payload)));
		await client.subscribeAsync(rig.node.topic, { qos: 1 });
		assert.equal(await rig.wake(1), "idle");
		await run(rig, async (text, { qos = 1, retain = false } = {}) => {
			await client.publishAsync(topic, text, { qos, retain });
		});
		rig.check("in the end");
	} finally {
		await client.endAsync();
		await rig.close();
	}
}

/** What every broker must do. */
function suite(name: string, port: () => number, version: 5 | 4): void {
	it(`${name}, version ${version}: MQTT.js publishes while the node sleeps, it takes all at its next wakes, in order`, () =>
		introduced(port(), version, async (rig, command) => {
			const texts = Array.from({ length: 30 }, (_, n) => `command ${n}`);
			for (const text of texts) await command(text);
			const distinct = () => [...new Set(rig.node.taken)];
			for (let wakes = 0; wakes < 10 && distinct().length < texts.length; wakes++)
				assert.equal(await rig.wake(2), "idle");
			// At least once is what QoS 1 says: a connection that ends while more is on its way may take acknowledgements with it.
			assert.deepEqual(distinct(), texts);
			const before = rig.node.taken.length;
			for (let wakes = 0; wakes < 3; wakes++) {
				await pause(50);
				assert.equal(await rig.wake(1), "idle");
			}
			assert.ok(rig.node.taken.length - before <= texts.length, "what is acknowledged comes for ever");
			await rig.settle("frames");
		}));

	it(`${name}, version ${version}: QoS 0 and 1 in the window, taken at once`, () =>
		introduced(
			port(),
			version,
			async (rig, command) => {
				const waking = rig.wake(3);
				await pause(300);
				await command("now", { qos: 0 });
				await command("and now");
				assert.equal(await waking, "idle");
				assert.deepEqual(rig.node.taken, ["now", "and now"]);
				await rig.settle("frames");
			},
			{ mqtt: { downlinks: { window: 1 } } },
		));

	it(`${name}, version ${version}: not taken, comes again; refused, does not`, () => {
		const heard: string[] = [];
		let isReady = false;
		return introduced(
			port(),
			version,
			async (rig, command) => {
				await command("later");
				await command("nonsense");
				assert.equal(await rig.wake(1), "idle");
				isReady = true;
				assert.equal(await rig.wake(1), "idle");
				assert.equal(await rig.wake(1), "idle");
				assert.deepEqual(heard, ["later", "nonsense", "later"]);
				assert.deepEqual(rig.node.taken, ["later"]);
				await rig.settle("frames");
			},
			{
				sleeper: {
					onDownlink: (text) => {
						// whether it says DUP is no help: mosquitto says so of what it never sent, aedes not of what it did
						heard.push(text);
						return text === "nonsense" ? false : isReady ? true : undefined;
					},
				},
			},
		);
	});

	it(`${name}, version ${version}: cut at places along the exchange, each command taken, frames once`, async () => {
		let cuts = 0;
		for (const lane of ["up", "down"] as const)
			for (let cutAt = lane === "up" ? 1 : 0; cutAt < (lane === "up" ? 180 : 90); cutAt += lane === "up" ? 19 : 7) {
				let left = 0;
				const script = (): ConnectionFaults => (left-- > 0 ? { [lane]: { cutAt } } : {});
				await introduced(
					port(),
					version,
					async (rig, command) => {
						for (const text of ["a", "b", "c"]) await command(text);
						left = 1;
						await rig.wake(5);
						left = 0;
						for (let wakes = 0; wakes < 3 && (rig.node.queued || new Set(rig.node.taken).size < 3); wakes++)
							await rig.wake(0);
						await rig.settle(`cut at ${cutAt} ${lane}`);
						assert.deepEqual([...new Set(rig.node.taken)], ["a", "b", "c"], `cut at ${cutAt} ${lane}`);
					},
					{ script, sleeper: { nodeId: `c${version}-${lane}-${cutAt}` } },
				);
				cuts++;
			}
		assert.ok(cuts > 20, `only ${cuts} cuts`);
	});
}

describe("mqtt commands through mosquitto", () => {
	const broker = mosquittoForSuite();
	for (const version of [5, 4] as const) suite("mosquitto", () => broker().port, version);

	for (const version of [5, 4] as const)
		it(`mosquitto, version ${version}: a message that is too large for the node keeps neither frames nor later commands back`, () =>
			introduced(broker().port, version, async (rig, command) => {
				await command("x".repeat(5000));
				// In 5.0 the broker knows what is too large. In 3.1.1 it ends the connection, and the session goes with it: that
				// takes a clean connection, and one that begins the next session.
				for (let wakes = 0; wakes < (version === 5 ? 1 : 3); wakes++) await rig.wake(2);
				await command("after");
				await rig.wake(2);
				assert.equal(await rig.wake(2), "idle");
				assert.deepEqual(rig.node.taken, ["after"]);
				await rig.settle("frames");
			}));

	it("mosquitto, version 5: another client takes the session over in the window, all is delivered", () =>
		introduced(
			broker().port,
			5,
			async (rig) => {
				const waking = rig.wake(3);
				await pause(300);
				const other = connect({
					host: "127.0.0.1",
					port: broker().port,
					protocol: "mqtt",
					protocolVersion: 5,
					clientId: rig.node.nodeId,
					reconnectPeriod: 0,
				});
				await new Promise<void>((resolve) => other.once("connect", () => resolve()));
				// 5.0 §3.1.4 wants it said (0x8e); mosquitto 2.0.11 just closes, where nothing is left to be done
				assert.ok(["failed taken-over", "idle"].includes(await waking));
				assert.equal(rig.node.queued, 0);
				await other.endAsync();
			},
			{ mqtt: { downlinks: { window: 2 } } },
		));

	it("mosquitto restarted without its store while the node sleeps: it subscribes again, and takes commands again", async () => {
		const own = await Mosquitto.start(findMosquitto()!);
		try {
			const rig = await RealRig.start(own.port, { mqtt: { downlinks: {} } });
			assert.equal(await rig.wake(1), "idle");
			await own.restart("killed");
			assert.equal(await rig.wake(1), "idle");
			const client = await commander(own.port, 5);
			await client.publishAsync(`dormouse/${rig.node.nodeId}/c`, "again", { qos: 1 });
			await client.endAsync();
			assert.equal(await rig.wake(1), "idle");
			assert.deepEqual(rig.node.taken, ["again"]);
			rig.check("in the end");
			await rig.close();
		} finally {
			await own.stop();
		}
	});

	it("mosquitto restarted with its store while the node sleeps: what was queued comes", async () => {
		const own = await Mosquitto.start(
			findMosquitto()!,
			"allow_anonymous true\npersistence true\npersistence_location {directory}\nuser root",
		);
		try {
			const rig = await RealRig.start(own.port, { mqtt: { downlinks: {} } });
			// mosquitto 2.0.11 stores a session only once its client came without Clean Start
			for (let wakes = 0; wakes < 2; wakes++) assert.equal(await rig.wake(1), "idle");
			const client = await commander(own.port, 5);
			await client.publishAsync(`dormouse/${rig.node.nodeId}/c`, "kept", { qos: 1 });
			await client.endAsync();
			await own.restart("order");
			assert.equal(await rig.wake(1), "idle");
			assert.equal(await rig.wake(1), "idle");
			assert.deepEqual(rig.node.taken, ["kept"]);
			assert.equal(rig.monitor.count("up subscribe"), 1, "the store has the subscription too");
			rig.check("in the end");
			await rig.close();
		} finally {
			await own.stop();
		}
	});
});

describe("mqtt commands through aedes", () => {
	let server: net.Server;
	let aedes: Aedes;
	before(async () => {
		aedes = await Aedes.createBroker();
		server = net.createServer(aedes.handle);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	});
	after(() => new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve()))));
	suite("aedes", () => (server.address() as net.AddressInfo).port, 4);
});
