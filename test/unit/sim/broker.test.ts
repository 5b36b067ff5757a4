import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { Broker } from "../../../sim/net/broker.js";
import { isFilter, matches } from "../../../sim/net/topic.js";
import { VirtualNetwork } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";

function rig() {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler);
	const broker = new Broker(scheduler);
	broker.serve(network);
	const run = (until = scheduler.now + 1000) => {
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	/** A client that sends packets as they are given and writes down what comes. */
	const client = (version: 5 | 4 = 5) => {
		const got: Packet[] = [];
		const read = parser({ protocolVersion: version });
		read.on("packet", (packet) => got.push(packet));
		const state = { ended: false };
		const socket = network.connect("192.0.2.1", 1883, {
			writable: () => {},
			readable: (count) => read.parse(Buffer.from(socket.read(count))),
			ended: () => {
				state.ended = true;
			},
		});
		run();
		return {
			state,
			/** Sends, waits, and gives what came. */
			send(...packets: Packet[]): Packet[] {
				const bytes = Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version })));
				assert.equal(socket.write(bytes), bytes.length);
				run();
				return got.splice(0);
			},
			take: () => got.splice(0),
			close: () => {
				socket.close();
				run();
			},
		};
	};
	const connect = (clientId: string, more: object = {}): Packet => ({
		cmd: "connect",
		clientId,
		protocolVersion: 5,
		clean: true,
		keepalive: 0,
		...more,
	});
	const subscribe = (topic: string, qos: 0 | 1 | 2 = 1, more: object = {}): Packet => ({
		cmd: "subscribe",
		messageId: 1,
		subscriptions: [{ topic, qos, ...more }],
	});
	const publish = (topic: string, text: string, qos: 0 | 1 | 2 = 0, more: object = {}): Packet => ({
		cmd: "publish",
		topic,
		payload: text,
		qos,
		dup: false,
		retain: false,
		...(qos ? { messageId: 9 } : {}),
		...more,
	});
	const texts = (packets: Packet[]) =>
		packets
			.filter((packet): packet is IPublishPacket => packet.cmd === "publish")
			.map(
				({ topic, payload, retain, dup, qos }) => `${topic}=${payload} q${qos}${retain ? " r" : ""}${dup ? " d" : ""}`,
			);
	return { scheduler, broker, client, connect, subscribe, publish, run, texts };
}

const commands = (packets: Packet[]) => packets.map(({ cmd }) => cmd).join();

describe("simulated broker", () => {
	for (const [filter, topic, expected] of [
		["a/b", "a/b", true],
		["a/b", "a/b/c", false],
		["a/+", "a/b", true],
		["a/+", "a", false],
		["a/+", "a/", true],
		["+/+", "/b", true],
		["+", "/b", false],
		["a/#", "a", true],
		["a/#", "a/b/c", true],
		["#", "a/b", true],
		["#", "$SYS/x", false],
		["+/x", "$SYS/x", false],
		["$SYS/#", "$SYS/x", true],
		["a/+/c", "a/b/c", true],
		["a/+/c", "a/b/d", false],
	] as const)
		it(`topic filter: ${filter} and ${topic}, ${expected ? "match" : "do not match"}`, () => {
			assert.equal(matches(filter, topic), expected);
		});
	for (const [filter, expected] of [
		["a/#/b", false],
		["a#", false],
		["a+/b", false],
		["", false],
		["+/+/#", true],
	] as const)
		it(`topic filter: "${filter}", ${expected ? "valid" : "not valid"}`, () => {
			assert.equal(isFilter(filter), expected);
		});

	it("simulated broker: connect, subscribe and publish in one segment, answered in order", () => {
		const { client, connect, subscribe, publish, texts } = rig();
		const got = client().send(connect("a"), subscribe("x/+"), publish("x/1", "hi", 1));
		assert.equal(commands(got), "connack,suback,publish,puback");
		assert.deepEqual(texts(got), ["x/1=hi q1"]);
	});

	it("simulated broker: 3.1.1, answered in 3.1.1", () => {
		const { client, connect, subscribe, publish } = rig();
		const got = client(4).send(connect("a", { protocolVersion: 4 }), subscribe("x"), publish("x", "hi", 1));
		assert.equal(commands(got), "connack,suback,publish,puback");
		assert.equal((got[0] as { returnCode?: number }).returnCode, 0);
	});

	it("simulated broker: a retained message, sent to who subscribes later, until it is emptied", () => {
		const { client, connect, subscribe, publish, texts, broker } = rig();
		const a = client();
		a.send(connect("a"), publish("x", "kept", 1, { retain: true }));
		assert.deepEqual(texts(client().send(connect("b"), subscribe("#"))), ["x=kept q1 r"]);
		const inside: string[] = [];
		broker.subscribe("#", (topic, payload) => inside.push(`${topic} ${payload.length}`));
		assert.deepEqual(inside, ["x 4"]);
		a.send(publish("x", "", 1, { retain: true }));
		assert.deepEqual(texts(client().send(connect("c"), subscribe("#"))), []);
	});

	it("simulated broker: a persistent session, QoS 1 waits for its client and is repeated with DUP", () => {
		const { client, connect, subscribe, publish, texts, run } = rig();
		const lasting = { clean: false, properties: { sessionExpiryInterval: 100 } };
		const a = client();
		a.send(connect("a", lasting), subscribe("x"));
		a.close();
		const b = client();
		b.send(connect("b"), publish("x", "one", 1), publish("x", "zero", 0));
		const back = client();
		const got = back.send(connect("a", lasting));
		assert.equal((got[0] as { sessionPresent?: boolean }).sessionPresent, true);
		assert.deepEqual(texts(got), ["x=one q1"]);
		back.close();
		const again = client();
		assert.deepEqual(texts(again.send(connect("a", lasting))), ["x=one q1 d"], "it was not acknowledged");
		again.send({ cmd: "puback", messageId: 1 });
		again.close();
		assert.deepEqual(texts(client().send(connect("a", lasting))), []);
		client().send(connect("a", lasting), { cmd: "disconnect" });
		run(300_000);
		const late = client().send(connect("a", lasting));
		assert.equal((late[0] as { sessionPresent?: boolean }).sessionPresent, false, "expired");
	});

	it("simulated broker: the same client id again, takes over and the first is told", () => {
		const { client, connect, broker } = rig();
		const first = client();
		first.send(connect("a"));
		client().send(connect("a"));
		const [told] = first.take();
		assert.equal(told?.cmd, "disconnect");
		assert.equal((told as { reasonCode?: number }).reasonCode, 0x8e);
		assert.ok(first.state.ended);
		assert.equal(broker.connections, 1);
	});

	it("simulated broker: a will, published when the connection breaks, not on DISCONNECT", () => {
		const { client, connect, broker } = rig();
		const will = { topic: "w", payload: Buffer.from("gone"), qos: 0, retain: false };
		const heard: string[] = [];
		broker.subscribe("w", (_, payload, atMs) => heard.push(`${Buffer.from(payload)} ${atMs}`));
		client().send(connect("a", { will }), { cmd: "disconnect" });
		assert.deepEqual(heard, []);
		const b = client();
		b.send(connect("b", { will }));
		b.close();
		assert.equal(heard.length, 1);
	});

	it("simulated broker: silence for one and a half keep-alive times, the connection ends", () => {
		const { client, connect, run, scheduler, broker } = rig();
		const a = client();
		a.send(connect("a", { keepalive: 10 }));
		run(scheduler.now + 13_000);
		assert.equal(commands(a.send({ cmd: "pingreq" })), "pingresp");
		run(scheduler.now + 13_000);
		assert.equal(broker.connections, 1);
		run(scheduler.now + 3000);
		assert.equal(broker.connections, 0);
		assert.ok(a.state.ended);
	});

	it("simulated broker: unsubscribe, wildcards in a topic, QoS 2, a second CONNECT, noise: each answered as it deserves", () => {
		const { client, connect, subscribe, publish, broker } = rig();
		const a = client();
		a.send(connect("a"), subscribe("x"));
		assert.equal(
			commands(a.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["x"] }, publish("x", "", 0))),
			"unsuback",
		);
		for (const packet of [publish("x", "", 2), connect("a")]) {
			const b = client();
			const got = b.send(connect("b"), packet);
			assert.equal(commands(got), "connack,disconnect");
			assert.ok(b.state.ended);
		}
		const early = client();
		early.send(publish("x", "", 0));
		assert.ok(early.state.ended, "not before CONNECT");
		assert.equal(broker.violations, 3);
	});
});
