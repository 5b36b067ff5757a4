import type { Resolve } from "../../../net/mqtt/client.js";
import { declareMqtt, type MqttOptions, type TlsOptions } from "../../../net/mqtt/declaration.js";
import type { UplinkNode, UplinkPorts } from "../../../net/uplink.js";
import { Broker } from "../../../sim/net/broker.js";
import { VirtualNetwork } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { Frames, Log } from "../../support/frames.js";
import { Served } from "../../support/served.js";
import { tcpOver } from "../../support/tcp-over.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

function rig() {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler);
	const asked: string[] = [];
	const find: Resolve = (name, done) => {
		asked.push(name);
		return network.resolve(name, done);
	};
	const declare = (options: unknown = {}) => declareMqtt(options as MqttOptions, tcpOver(network), find);
	const declareTls = (tls: TlsOptions, options: MqttOptions = {}) =>
		declareMqtt(options, tcpOver(network, { ca: "a CA" }), find, tls);
	return { scheduler, network, declare, declareTls, asked };
}

function ports(scheduler: Scheduler, settings: Record<string, string> = {}): UplinkPorts {
	return {
		clock: { nowMs: () => scheduler.now },
		timers: new VirtualTimers(scheduler),
		entropy: { fill: () => {} },
		nodeId: "node-7",
		setting: (name) => settings[name],
	};
}

/** The node that an uplink serves. */
const SERVED: UplinkNode = new Served();

describe("mqtt declaration", () => {
	it("mqtt declaration: nothing given, the defaults, frozen", () => {
		const { create, ...rest } = rig().declare();
		assert.deepEqual(rest, {
			kind: "mqtt",
			topic: "dormouse/{nodeId}/t",
			link: "direct",
			batch: 12,
			deadlineMs: 20_000,
			mtu: 1024,
			trimOn: "peer",
			downlinks: false,
		});
		assert.ok(Object.isFrozen(rig().declare()));
		assert.equal(typeof create, "function");
	});

	it("mqtt declaration: over TLS, its kind, the port 8883, and the server is the one that was asked for", () => {
		const { scheduler, network, declareTls } = rig();
		assert.equal(declareTls({}).kind, "mqtts");
		const broker = new Broker(scheduler);
		broker.serve(network, 8883, { names: ["other.example"] });
		for (const [name, expected] of [
			["other.example", ["delivered 1 peer", "idle"]],
			["first.example", ["failed untrusted"]],
		] as const) {
			const uplink = declareTls({}, { broker: "first.example" }).create(ports(scheduler, { broker: name }), SERVED);
			const log = new Log();
			uplink.start(new Frames(1, 1), 10_000, log);
			while (scheduler.advance());
			assert.deepEqual(log.lines, expected);
		}
	});
	it("mqtt declaration: over TLS, the node's clock is looked at when the connection is opened", () => {
		const { scheduler, network, declareTls } = rig();
		const broker = new Broker(scheduler);
		broker.serve(network, 8883, { validMs: [5000, 6000] });
		let wallMs = 4000;
		const uplink = declareTls({}).create(ports(scheduler), { ...SERVED, wallMs: () => wallMs });
		for (const expected of ["failed untrusted", "delivered 1 peer"]) {
			const log = new Log();
			uplink.start(new Frames(1, 1), 10_000, log);
			while (scheduler.advance());
			assert.equal(log.lines[0], expected);
			wallMs = 5500;
		}
	});
	for (const alpn of ["", "a b", "ü", "x".repeat(33)])
		it(`mqtt declaration: over TLS, the protocol ${JSON.stringify(alpn)}, refused by its name`, () => {
			assert.throws(() => rig().declareTls({ alpn }), { code: "declaration", message: "uplink.alpn" });
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
		[{ downlinks: 3 }, "uplink.downlinks: 3 is wrong; { window: 2 } would be right"],
		[{ downlinks: { windows: 3 } }, "uplink.downlinks.windows: this field is wrong; topic or window would be right"],
		[{ downlinks: { window: 61 } }, "uplink.downlinks.window: 61 is wrong; 0 … 60 would be right"],
		[{ downlinks: { topic: "a/#" } }, 'uplink.downlinks.topic: "a/#"'],
		[{ will: 1 }, "uplink.will: 1 is wrong; true or false would be right"],
		[{ companions: {} }, "uplink.companions: "],
		[{ companions: [{}] }, "uplink.companions: "],
		[{ bach: 12 }, "uplink.bach: an unknown field is wrong; one of broker, port"],
		[null, "uplink: null"],
	] as const)
		it(`mqtt declaration: ${JSON.stringify(options).slice(0, 40)}, refused by its name`, () => {
			assert.throws(() => rig().declare(options), { code: "declaration", message });
		});

	for (const options of [
		{ batch: 1, port: 1, deadline: 1, mtu: 11, keepAlive: 0, version: 4 },
		{ batch: 255, port: 65_535, deadline: 240, mtu: 16_384, keepAlive: 65_535, version: 5 },
		{ broker: "192.0.2.1", topic: "x", downlinks: {}, will: true, companions: [] },
		{ downlinks: { topic: "{nodeId}", window: 60 } },
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
