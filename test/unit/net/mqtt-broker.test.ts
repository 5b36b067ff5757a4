import { toHex } from "../../../modules/core/bytes.js";
import { DirectLink } from "../../../net/link/direct.js";
import { MqttClient } from "../../../net/mqtt/client.js";
import { Broker } from "../../../sim/net/broker.js";
import { VirtualNetwork, type VirtualNetworkOptions } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { Frames, Log } from "../../support/frames.js";
import { tcpOver } from "../../support/tcp-over.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

function rig(options: VirtualNetworkOptions = {}, version: 5 | 4 = 5) {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler, options);
	const broker = new Broker(scheduler);
	broker.serve(network);
	const heard: string[] = [];
	broker.subscribe("dormouse/#", (topic, payload, atMs) => heard.push(`${atMs} ${topic} ${toHex(payload)}`));
	const timers = new VirtualTimers(scheduler);
	const make = () =>
		new MqttClient({
			TCP: tcpOver(network),
			resolve: (name, done) => network.resolve(name, done),
			link: new DirectLink(timers),
			timers,
			broker: "broker.local",
			port: 1883,
			topic: "dormouse/n1/t",
			version,
			mtu: 64,
			keepAliveSeconds: 60,
			clientId: "n1",
		});
	/** One exchange, to its end. */
	const exchange = (frames: Frames, client = make()): string[] => {
		const log = new Log(frames);
		log.after = () => {
			if (/^(idle|failed)/.test(log.lines.at(-1)!))
				assert.equal(network.open + timers.open, 0, "handles are closed before it is told");
		};
		frames.rewind();
		client.start(frames, 5000, log);
		while (scheduler.advance());
		assert.equal(network.open + timers.open, 0, "handles");
		return log.lines;
	};
	const run = () => {
		while (scheduler.advance());
	};
	return { scheduler, network, broker, heard, timers, make, exchange, run };
}

describe("mqtt client and simulated broker", () => {
	for (const version of [5, 4] as const) {
		it(`mqtt client: version ${version}, five records in three frames, to the millisecond`, () => {
			const { exchange, heard, broker } = rig({}, version);
			const lines = exchange(new Frames(5, 2));
			assert.deepEqual(lines, ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"]);
			// look-up 20, connect 20, then CONNECT and the first frame one way; the others when CONNACK is there
			assert.deepEqual(heard, ["50 dormouse/n1/t 0102", "70 dormouse/n1/t 0304", "70 dormouse/n1/t 05"]);
			assert.equal(broker.violations, 0);
			assert.equal(broker.connections, 0);
			assert.equal(broker.received.get("disconnect"), 1);
		});

		it(`mqtt client: version ${version}, two round trips from the start of connecting to PUBACK, at the first connection and later`, () => {
			const { scheduler, make, heard, broker, run } = rig({}, version);
			const client = make();
			for (const [began, most] of [
				[20, 1], // behind the look-up
				[0, 4],
			] as const) {
				const log = new Log();
				const told: number[] = [];
				const start = scheduler.now;
				log.after = () => told.push(scheduler.now - start - began);
				client.start(new Frames(most, 1), 5000, log);
				run();
				assert.deepEqual(told, new Array(most + 1).fill(40), "each PUBACK, and idle");
				assert.equal(heard.splice(0).length, most);
			}
			assert.equal(broker.violations, 0);
		});

		it(`mqtt client: version ${version}, a lost PUBACK, the same records again and known by their numbers`, () => {
			const { exchange, heard, broker, make } = rig({}, version);
			const client = make();
			broker.faults.swallowPuback = 1;
			const frames = new Frames(3, 2);
			assert.deepEqual(exchange(frames, client), ["failed timeout"]);
			assert.deepEqual(exchange(frames, client), ["delivered 2 peer", "delivered 3 peer", "idle"]);
			assert.deepEqual(
				heard.map((line) => line.split(" ")[2]),
				["0102", "03", "0102", "03"],
			);
			assert.equal(broker.violations, 0);
		});

		it(`mqtt client: version ${version}, a window of 3 bytes, the same messages`, () => {
			const { exchange, heard } = rig({ windowBytes: 3 }, version);
			assert.equal(exchange(new Frames(5, 2)).at(-1), "idle");
			assert.deepEqual(
				heard.map((line) => line.split(" ")[2]),
				["0102", "0304", "05"],
			);
		});
	}

	it("mqtt client: nothing to send, connects and goes", () => {
		const { exchange, heard } = rig();
		assert.deepEqual(exchange(new Frames(0, 1)), ["idle"]);
		assert.deepEqual(heard, []);
	});

	it("mqtt client: each fault of the broker, its code; afterwards all is sent in order", () => {
		const faults: readonly (readonly [string, (broker: Broker) => void, string])[] = [
			["refuses", (broker) => (broker.faults.refuse = 0x87), "failed refused"],
			["refuses the message", (broker) => (broker.faults.pubackReason = 0x97), "failed refused"],
			["is silent", (broker) => (broker.faults.silent = true), "failed timeout"],
			["drops the connection", (broker) => (broker.faults.dropOnPublish = 1), "failed lost"],
		];
		for (const [title, act, line] of faults) {
			const { exchange, heard, broker, make } = rig();
			const frames = new Frames(3, 2);
			const client = make();
			act(broker);
			assert.deepEqual(exchange(frames, client), [line], title);
			assert.deepEqual(heard, [], title);
			Object.assign(broker.faults, { refuse: 0, pubackReason: 0, silent: false });
			assert.deepEqual(exchange(frames, client), ["delivered 2 peer", "delivered 3 peer", "idle"], title);
			assert.deepEqual(
				heard.map((entry) => entry.split(" ")[2]),
				["0102", "03"],
				title,
			);
		}
	});

	it("mqtt client: network faults, their codes", () => {
		const always = { from: 0, to: 1e9 };
		assert.deepEqual(rig({ outages: [{ ...always, how: "refused" }] }).exchange(new Frames(1, 1)), ["failed lost"]);
		assert.deepEqual(rig({ outages: [{ ...always, how: "silent" }] }).exchange(new Frames(1, 1)), ["failed timeout"]);
		assert.deepEqual(rig({ unknown: ["broker.local"] }).exchange(new Frames(1, 1)), ["failed unresolved"]);
		const { exchange } = rig({ loss: 1, connectTimeoutMs: 1000 });
		assert.deepEqual(exchange(new Frames(1, 1)), ["failed lost"]);
	});

	it("mqtt client: dropped by the broker between exchanges' packets, lost, and the reason of a take-over kept", () => {
		const { scheduler, make, network, broker, timers } = rig();
		const first = make();
		const log = new Log();
		broker.faults.swallowPuback = 1;
		first.start(new Frames(1, 1), 5000, log);
		while (scheduler.advance(100));
		const second = make();
		const other = new Log();
		second.start(new Frames(1, 1), 5000, other);
		while (scheduler.advance());
		assert.deepEqual(log.lines, ["failed taken-over"]);
		assert.equal(first.reason, 0x8e);
		assert.deepEqual(other.lines, ["delivered 1 peer", "idle"]);
		assert.equal(network.open + timers.open, 0);
	});

	it("mqtt client: closed at every instant of an exchange, no event follows and nothing stays open", () => {
		for (let atMs = 0; atMs <= 130; atMs += 5) {
			const { scheduler, make, network, timers } = rig();
			const client = make();
			const log = new Log();
			client.start(new Frames(5, 2), 5000, log);
			while (scheduler.advance(atMs));
			scheduler.skipTo(atMs);
			client.close();
			assert.equal(network.open + timers.open, 0, `at ${atMs} ms`);
			const { length } = log.lines;
			while (scheduler.advance());
			assert.equal(log.lines.length, length, `at ${atMs} ms`);
		}
	});

	it("mqtt client: two runs, equal to the byte", () => {
		const run = () => {
			const { exchange, heard, network } = rig({ loss: 0.3, seed: 5, connectTimeoutMs: 700, windowBytes: 16 });
			const frames = new Frames(40, 7);
			const lines: string[] = [];
			for (let n = 0; n < 10; n++) lines.push(...exchange(frames));
			return [lines, heard, network.connections];
		};
		assert.deepEqual(run(), run());
	});
});
