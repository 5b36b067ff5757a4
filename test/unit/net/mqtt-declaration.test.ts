import { ResetReason } from "../../../modules/core/ports.js";
import { declareMqtt, type MqttOptions } from "../../../net/mqtt/declaration.js";
import type { UplinkNode, UplinkPorts } from "../../../net/uplink.js";
import { Broker } from "../../../sim/net/broker.js";
import { VirtualNetwork } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { Frames, Log } from "../../support/frames.js";
import { tcpOver } from "../../support/tcp-over.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

function rig() {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler);
	const asked: string[] = [];
	const declare = (options: unknown = {}) =>
		declareMqtt(options as MqttOptions, tcpOver(network), (name, done) => {
			asked.push(name);
			return network.resolve(name, done);
		});
	return { scheduler, network, declare, asked };
}

function ports(scheduler: Scheduler, settings: Record<string, string> = {}): UplinkPorts {
	return {
		clock: { nowMs: () => scheduler.now },
		timers: new VirtualTimers(scheduler),
		entropy: { fill: () => {} },
		resetReason: ResetReason.power,
		nodeId: "node-7",
		setting: (name) => settings[name],
	};
}

/** The node that an uplink serves. */
const SERVED: UplinkNode = Object.freeze({
	longestQuietMs: 30_000_000,
	wallMs: () => 0,
	cell: () => ({ read: () => undefined, write: () => {} }),
});

describe("mqtt declaration", () => {
	it("mqtt declaration: nothing given, the defaults, frozen", () => {
		const { create, ...rest } = rig().declare();
		assert.deepEqual(rest, {
			kind: "mqtt",
			topic: "dormouse/{nodeId}/t",
			batch: 12,
			deadlineMs: 20_000,
			mtu: 1024,
			trimOn: "peer",
		});
		assert.ok(Object.isFrozen(rig().declare()));
		assert.equal(typeof create, "function");
	});

	for (const [options, message] of [
		[{ batch: 0 }, "uplink.batch: 0 is wrong; 1 … 255 would be right"],
		[{ batch: 256 }, "uplink.batch: 256"],
		[{ batch: 1.5 }, "uplink.batch: 1.5"],
		[{ batch: "12" }, 'uplink.batch: "12"'],
		[{ port: 0 }, "uplink.port: 0"],
		[{ port: 65_536 }, "uplink.port: 65536"],
		[{ deadline: 0 }, "uplink.deadline: 0 is wrong; 1 … 240"],
		[{ deadline: 601 }, "uplink.deadline: 601"],
		[{ mtu: 10 }, "uplink.mtu: 10 is wrong; 11 … 16384"],
		[{ mtu: 16_385 }, "uplink.mtu: 16385"],
		[{ keepAlive: -1 }, "uplink.keepAlive: -1 is wrong; 0 … 65535"],
		[{ version: 3 }, "uplink.version: 3 is wrong; 5 (MQTT 5.0) or 4 (3.1.1) would be right"],
		[{ broker: "" }, 'uplink.broker: ""'],
		[{ broker: "mqtt://x" }, 'uplink.broker: "mqtt://x"'],
		[{ broker: 7 }, "uplink.broker: 7"],
		[{ topic: "" }, 'uplink.topic: ""'],
		[{ topic: "a/+/b" }, 'uplink.topic: "a/+/b"'],
		[{ topic: "a/#" }, 'uplink.topic: "a/#"'],
		[{ topic: "a\0" }, "uplink.topic: "],
		[{ topic: "a/{nodeid}" }, 'uplink.topic: "a/{nodeid}"'],
		[{ topic: "ü".repeat(101) }, "1 … 200 bytes"],
		[{ bach: 12 }, "uplink.bach: an unknown field is wrong; one of broker, port"],
		[null, "uplink: null"],
	] as const)
		it(`mqtt declaration: ${JSON.stringify(options).slice(0, 40)}, refused by its name`, () => {
			assert.throws(() => rig().declare(options), { code: "declaration", message });
		});

	for (const options of [
		{ batch: 1, port: 1, deadline: 1, mtu: 11, keepAlive: 0, version: 4 },
		{ batch: 255, port: 65_535, deadline: 240, mtu: 16_384, keepAlive: 65_535, version: 5 },
		{ broker: "192.0.2.1", topic: "x" },
		{ broker: "2001:db8::1", topic: "ü".repeat(100) },
	])
		it(`mqtt declaration: ${JSON.stringify(options).slice(0, 60)}, the edges are taken`, () => {
			rig().declare(options);
		});

	it("mqtt declaration: settings of the device, come before the declaration; the node's id in the topic", () => {
		const { scheduler, network, declare, asked } = rig();
		const broker = new Broker(scheduler);
		broker.serve(network, 1999);
		const heard: string[] = [];
		broker.subscribe("#", (topic) => heard.push(topic));
		const settings = { broker: "other.example", port: "1999", username: "u", password: "p" };
		const uplink = declare({ broker: "first.example", topic: "{nodeId}/x/{nodeId}" }).create(
			ports(scheduler, settings),
			SERVED,
		);
		const log = new Log();
		uplink.start(new Frames(1, 1), 1000, log);
		while (scheduler.advance());
		assert.deepEqual(log.lines, ["delivered 1 peer", "idle"]);
		assert.deepEqual(asked, ["other.example"]);
		assert.deepEqual(heard, ["node-7/x/node-7"]);
	});

	for (const settings of [{ port: "0" }, { port: "1883x" }, { port: "65536" }, { broker: "a b" }] as Record<
		string,
		string
	>[])
		it(`mqtt declaration: setting ${JSON.stringify(settings)}, each exchange fails and nothing is opened`, () => {
			const { scheduler, network, declare } = rig();
			const uplink = declare().create(ports(scheduler, settings), SERVED);
			for (let wake = 0; wake < 2; wake++) {
				const log = new Log();
				uplink.start(new Frames(1, 1), 1000, log);
				assert.deepEqual(log.lines, []);
				while (scheduler.advance());
				assert.deepEqual(log.lines, ["failed declaration"]);
			}
			assert.equal(network.connections, 0);
		});
});
