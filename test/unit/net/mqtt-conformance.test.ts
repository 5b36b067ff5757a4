import { utf8 } from "../../../modules/core/bytes.js";
import type { MqttOptions } from "../../../net/mqtt/declaration.js";
import * as assert from "../../assert.js";
import { Frames } from "../../support/frames.js";
import { packetsOf, ScriptRig, type ScriptTcp, type WirePacket, wire } from "../../support/script-tcp.js";

/**
 * What the specification wants of a client, clause by clause, seen from the wire. Titles begin with the clause of MQTT 5.0
 * or, where they say so, of 3.1.1.
 */

const CONNECT = 1;
const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBSCRIBE = 8;
const SUBACK = 9;
const PINGREQ = 12;
const DISCONNECT = 14;

/** What a server answers; each answer is bytes. What is not given here it does as it should. */
interface Server {
	readonly version?: 5 | 4;
	/** Properties of CONNACK, or all of its body. */
	readonly properties?: readonly number[];
	readonly connack?: readonly number[];
	sessionPresent?: boolean;
	/** To the n-th PUBLISH of QoS 1 of a connection, from 0. */
	puback?(packet: WirePacket, n: number): readonly number[];
	readonly suback?: readonly number[];
	/** Behind CONNACK. */
	readonly greeting?: readonly number[];
	/** Does not answer PINGREQ. */
	readonly isMute?: boolean;
}

/** A client and a server that answers after 10 ms. */
class Talk extends ScriptRig {
	readonly server: Server;
	constructor(server: Server = {}, options: MqttOptions = {}, frames = new Frames(9, 3), deadlineMs = 1000) {
		super({ version: server.version ?? 5, ...options }, frames, deadlineMs);
		this.server = server;
		this.onConnection = (tcp) => this.#serve(tcp);
	}
	/** One exchange. @returns the last line of what the uplink told */
	exchange(): string {
		this.open();
		this.run();
		return this.log.lines.at(-1)!;
	}
	/** Packets of the n-th connection; of the last one by default. */
	packets(n = this.sockets.length - 1): WirePacket[] {
		return packetsOf(this.sockets[n]!.sent);
	}
	/** Those of a type. */
	of(type: number, n?: number): WirePacket[] {
		return this.packets(n).filter((packet) => packet.type === type);
	}
	/** The reason of the last DISCONNECT; −1 when there was none. */
	get goodbye(): number {
		const last = this.of(DISCONNECT).at(-1);
		return last ? (last.body[0] ?? 0) : -1;
	}

	#serve(tcp: ScriptTcp) {
		const { server, scheduler } = this;
		const v5 = (server.version ?? 5) === 5;
		let answered = 0;
		let publishes = 0;
		tcp.onWrite = () => {
			const packets = packetsOf(tcp.sent);
			for (; answered < packets.length; answered++) {
				const packet = packets[answered]!;
				const answer = (bytes: readonly number[]) => scheduler.after(10, () => tcp.receive(bytes));
				const [high, low] = packet.body;
				if (packet.type === CONNECT) {
					const { properties = [], sessionPresent = false } = server;
					const body = [sessionPresent ? 1 : 0, 0, ...(v5 ? [properties.length, ...properties] : [])];
					answer([...wire(CONNACK, 0, server.connack ?? body), ...(server.greeting ?? [])]);
				} else if (packet.type === SUBSCRIBE)
					answer(wire(SUBACK, 0, server.suback ?? [high!, low!, ...(v5 ? [0] : []), 1]));
				else if (packet.type === PUBLISH && packet.flags & 6) {
					const id = idOf(packet);
					answer(server.puback ? server.puback(packet, publishes++) : wire(PUBACK, 0, [id >> 8, id & 255]));
				} else if (packet.type === PINGREQ && !server.isMute) answer([0xd0, 0]);
			}
		};
		scheduler.after(10, () => tcp.writable(10_000));
	}
}

/** Of a PUBLISH of QoS 1. */
function idOf({ body }: WirePacket): number {
	const at = 2 + ((body[0]! << 8) | body[1]!);
	return (body[at]! << 8) | body[at + 1]!;
}
function topicOf({ body }: WirePacket): string {
	return String.fromCharCode(...body.slice(2, 2 + ((body[0]! << 8) | body[1]!)));
}
/** Of a PUBLISH of QoS 1; 0 when it carries none. */
function aliasOf({ body }: WirePacket): number {
	const at = 4 + ((body[0]! << 8) | body[1]!);
	return body[at] === 3 && body[at + 1] === 0x23 ? (body[at + 2]! << 8) | body[at + 3]! : 0;
}
function text(value: string): number[] {
	const bytes = utf8(value);
	return [bytes.length >> 8, bytes.length & 255, ...bytes];
}
/** A message from the server. */
function message(
	topic: readonly number[],
	flags = 0,
	id = 0,
	properties: readonly number[] | undefined = [0],
): number[] {
	return wire(PUBLISH, flags, [...topic, ...(flags & 6 ? [id >> 8, id & 255] : []), ...(properties ?? []), 1, 2]);
}

const COMMANDS: MqttOptions = { downlinks: {} };
const TOPIC = text("dormouse/n1/c");

describe("mqtt conformance", () => {
	// What comes must be well-formed: else the connection ends, with the reason where there are words for it (5.0 §4.13).
	const inbound: readonly (readonly [clause: string, what: string, bytes: readonly number[], reason: number])[] = [
		["MQTT-1.5.4-1", "a topic that is no UTF-8", message([0, 2, 0xc3, 0x28]), 0x81],
		["MQTT-1.5.4-1", "a topic with a surrogate", message([0, 3, 0xed, 0xa0, 0x80]), 0x81],
		["MQTT-1.5.4-2", "a topic with U+0000", message([0, 2, 0x61, 0]), 0x81],
		["MQTT-1.5.5-1", "a length in more bytes than it needs", [0xd0, 0x80, 0x00], 0x81],
		["MQTT-1.5.5-1", "a length of five bytes", [0xd0, 0x80, 0x80, 0x80, 0x80, 0x01], 0x81],
		["MQTT-2.1.3-1", "PUBACK with reserved flags", wire(PUBACK, 2, [0, 1]), 0x81],
		["MQTT-2.1.3-1", "PINGRESP with reserved flags", [0xd1, 0], 0x81],
		["MQTT-2.2.1-4", "PUBLISH with identifier 0", message(TOPIC, 2, 0), 0x82],
		["MQTT-2.2.2-1", "PUBLISH whose properties are cut", wire(PUBLISH, 0, [...TOPIC, 9, 1]), 0x81],
		["MQTT-3.1.2-24", "a packet that is too large", [0x30, 0xff, 0xff, 0x7f], 0x95],
		["MQTT-3.1.2-27", "a topic alias, though none are allowed", message(TOPIC, 0, 0, [3, 0x23, 0, 1]), 0x82],
		["MQTT-3.2.0-2", "a second CONNACK", wire(CONNACK, 0, [0, 0, 0]), 0x82],
		["MQTT-3.3.1-2", "DUP with QoS 0", message(TOPIC, 8), 0x81],
		["MQTT-3.3.1-4", "QoS 3", message(TOPIC, 6, 1), 0x81],
		["MQTT-3.3.2-1", "an empty topic without an alias", message([0, 0]), 0x82],
		["MQTT-3.3.2-2", "a topic with wildcards", message(text("a/+")), 0x82],
		["MQTT-3.3.4-1", "QoS 2, which was not asked for", message(TOPIC, 4, 1), 0x9b],
		["MQTT-3.4.2-1", "PUBACK with a reason that is none", wire(PUBACK, 0, [0, 1, 0x01]), 0x82],
		["MQTT-3.8.4-2", "SUBACK for another identifier", wire(SUBACK, 0, [0x7f, 0xff, 0, 1]), 0x82],
		["MQTT-3.8.4-6", "SUBACK with more reasons than filters", wire(SUBACK, 0, [0x7f, 0xff, 0, 1, 1]), 0x82],
		["MQTT-3.14.1-1", "DISCONNECT with reserved flags", [0xe1, 0], 0x81],
		["MQTT-3.14.2-2", "DISCONNECT with a session expiry", wire(DISCONNECT, 0, [0, 5, 0x11, 0, 0, 0, 1]), 0x82],
		["MQTT-4.12.0-6", "AUTH, though no method was asked for", wire(15, 0, [0x18, 0]), 0x82],
		["MQTT-4.13.1-1", "a packet type that does not exist", [0x00, 0], 0x81],
		["MQTT-4.13.1-1", "a packet that only clients send", wire(SUBSCRIBE, 2, [0, 1, 0, ...TOPIC, 0]), 0x82],
	];
	for (const [clause, what, bytes, reason] of inbound)
		it(`[${clause}] inbound: ${what}, ends the connection with 0x${reason.toString(16)}`, () => {
			const talk = new Talk({ greeting: bytes }, COMMANDS);
			assert.equal(talk.exchange(), "failed protocol");
			assert.equal(talk.goodbye, reason);
			assert.ok(talk.sockets.every(({ isClosed }) => isClosed));
		});

	// In 3.1.1 there are no words: the connection is closed (3.1.1 §4.8).
	const old: readonly (readonly [clause: string, what: string, bytes: readonly number[]])[] = [
		["MQTT-1.5.3-1", "a topic that is no UTF-8", message([0, 2, 0xc3, 0x28], 0, 0, undefined)],
		["MQTT-1.5.3-2", "a topic with U+0000", message([0, 2, 0x61, 0], 0, 0, undefined)],
		["MQTT-2.2.2-2", "PUBACK with reserved flags", wire(PUBACK, 2, [0, 1])],
		["MQTT-2.3.1-1", "PUBLISH with identifier 0", message(TOPIC, 2, 0, undefined)],
		["MQTT-3.3.1-4", "QoS 3", message(TOPIC, 6, 1, undefined)],
		["MQTT-3.3.2-2", "a topic with wildcards", message(text("a/#"), 0, 0, undefined)],
		["MQTT-3.9.3-2", "SUBACK with a code that is reserved", wire(SUBACK, 0, [0, 1, 3])],
		["MQTT-4.8.0-1", "DISCONNECT, which a server does not send", [0xe0, 0]],
	];
	for (const [clause, what, bytes] of old)
		it(`[3.1.1 ${clause}] inbound: ${what}, ends the connection`, () => {
			const talk = new Talk({ version: 4, greeting: bytes }, COMMANDS);
			assert.equal(talk.exchange(), "failed protocol");
			assert.ok(talk.sockets.every(({ isClosed }) => isClosed));
		});

	for (const version of [5, 4] as const) {
		const clause = (five: string, four: string) => (version === 5 ? `[${five}]` : `[3.1.1 ${four}]`);

		it(`${clause("MQTT-3.1.0-1", "MQTT-3.1.0-1")} connect: the first packet, and the only one of its kind`, () => {
			const talk = new Talk({ version });
			assert.equal(talk.exchange(), "idle");
			assert.deepEqual(
				talk.packets().map(({ type }) => type === CONNECT),
				talk.packets().map((_, n) => n === 0),
			);
		});

		it(`${clause("MQTT-3.1.2-1", "MQTT-3.1.2-1")} connect: protocol name, version, no reserved flag; the client identifier comes first`, () => {
			const talk = new Talk({ version });
			talk.exchange();
			const { body } = talk.packets()[0]!;
			assert.deepEqual(body.slice(0, 7), [...text("MQTT"), version]);
			assert.equal(body[7]! & 1, 0, "reserved");
			assert.equal(body[7]! & 0x3c, 0, "no will: neither QoS nor RETAIN of one");
			const at = 10 + (version === 5 ? 1 + body[10]! : 0);
			assert.deepEqual(body.slice(at), text("n1"));
		});

		it(`${clause("MQTT-2.2.1-3", "MQTT-2.3.1-2")} identifiers: not 0, and no two the same while both wait`, () => {
			const waiting = new Set<number>();
			const talk = new Talk({
				version,
				puback: (packet) => {
					const id = idOf(packet);
					assert.ok(id > 0 && !waiting.has(id), `${id}`);
					waiting.add(id);
					return [];
				},
			});
			assert.equal(talk.exchange(), "failed timeout");
			assert.ok(waiting.size > 0);
		});

		it(`${clause("MQTT-3.1.4-6", "MQTT-3.1.4-5")} connack: one that refuses, nothing is sent behind it`, () => {
			const talk = new Talk({ version, connack: version === 5 ? [0, 0x87, 0] : [0, 5] });
			assert.equal(talk.exchange(), "failed refused");
			assert.equal(talk.sockets.length, 1, "what cannot be healed is not tried again");
			assert.equal(talk.of(DISCONNECT).length, 0);
		});

		it(`${clause("MQTT-3.2.0-1", "MQTT-3.2.0-1")} connack: another packet before it, ends the connection`, () => {
			const talk = new Talk({ version, connack: [] });
			talk.onConnection = (tcp) => {
				talk.scheduler.after(10, () => tcp.writable(10_000));
				talk.scheduler.after(20, () => tcp.receive([0x40, 2, 0, 1]));
			};
			assert.equal(talk.exchange(), "failed protocol");
		});

		it(`${clause("MQTT-3.2.2-1", "MQTT-3.2.2-1")} connack: reserved flags, ends the connection`, () => {
			assert.equal(new Talk({ version, connack: [2, 0, ...(version === 5 ? [0] : [])] }).exchange(), "failed protocol");
		});

		it(`${clause("MQTT-3.2.2-4", "MQTT-3.2.2-1")} connack: a session where none was asked for, ends the connection`, () => {
			assert.equal(new Talk({ version, sessionPresent: true }).exchange(), "failed protocol");
		});

		it(`${clause("MQTT-3.2.2-6", "MQTT-3.2.2-4")} connack: a session and a refusal, ends the connection`, () => {
			assert.equal(new Talk({ version, connack: version === 5 ? [1, 0x87, 0] : [1, 5] }).exchange(), "failed protocol");
		});

		it(`${clause("MQTT-4.3.2-3", "MQTT-4.3.2-1")} qos 1: unacknowledged until its PUBACK comes, whatever else comes`, () => {
			const talk = new Talk({ version, puback: () => wire(PUBACK, 0, [0x7f, 0xff]) });
			assert.equal(talk.exchange(), "failed timeout");
			assert.equal(talk.frames.delivered, 0);
		});

		it(`${clause("MQTT-4.3.2-4", "MQTT-4.3.2-2")} qos 1: a message is acknowledged with its identifier once it is taken, and not before`, () => {
			for (const verdict of [true, undefined]) {
				const talk = new Talk(
					{ version, greeting: message(TOPIC, 2, 0x1234, version === 5 ? [0] : undefined) },
					COMMANDS,
				);
				talk.log.verdict = verdict;
				assert.equal(talk.exchange(), "idle");
				const pubacks = talk.of(PUBACK).map(({ body }) => body);
				assert.deepEqual(pubacks, verdict ? [[0x12, 0x34]] : []);
			}
		});

		it(`${clause("MQTT-4.6.0-2", "MQTT-4.6.0-2")} qos 1: PUBACKs in the order of the messages`, () => {
			const properties = version === 5 ? [0] : undefined;
			const talk = new Talk(
				{ version, greeting: [7, 3, 9].flatMap((id) => message(TOPIC, 2, id, properties)) },
				COMMANDS,
			);
			assert.equal(talk.exchange(), "idle");
			assert.deepEqual(
				talk.of(PUBACK).map(({ body }) => body[1]),
				[7, 3, 9],
			);
		});

		it(`${clause("MQTT-4.3.2-5", "MQTT-4.3.2-2")} qos 1: a message with the identifier of one that is acknowledged is a new one`, () => {
			const properties = version === 5 ? [0] : undefined;
			const talk = new Talk(
				{ version, greeting: [...message(TOPIC, 2, 5, properties), ...message(TOPIC, 10, 5, properties)] },
				COMMANDS,
			);
			assert.equal(talk.exchange(), "idle");
			assert.equal(talk.log.lines.filter((line) => line.startsWith("downlink")).length, 2);
			assert.equal(talk.of(PUBACK).length, 2);
		});

		it(`${clause("MQTT-3.8.1-1", "MQTT-3.8.1-1")} subscribe: its flags, an identifier, one filter without wildcards, QoS 1 at most`, () => {
			const talk = new Talk({ version }, COMMANDS);
			assert.equal(talk.exchange(), "idle");
			const subscribes = talk.of(SUBSCRIBE);
			assert.equal(subscribes.length, 1);
			const { flags, body } = subscribes[0]!;
			assert.equal(flags, 2);
			assert.ok(((body[0]! << 8) | body[1]!) > 0);
			assert.deepEqual(body.slice(version === 5 ? 3 : 2), [...TOPIC, 1]);
		});

		it(`${clause("MQTT-3.1.2-20", "MQTT-3.1.2-23")} keep-alive: silence, PINGREQ; no answer to it, the connection ends`, () => {
			const alive = new Talk({ version }, { keepAlive: 1, downlinks: { window: 5 } }, new Frames(1, 1), 20_000);
			assert.equal(alive.exchange(), "idle");
			assert.ok(alive.of(PINGREQ).length >= 3, `${alive.of(PINGREQ).length} PINGREQs`);
			const dead = new Talk({ version, isMute: true, puback: () => [] }, { keepAlive: 1 }, new Frames(1, 1), 20_000);
			dead.open();
			dead.run(5000);
			assert.deepEqual(dead.log.lines, ["failed timeout"]);
		});

		it(`${clause("MQTT-3.14.4-1", "MQTT-3.14.4-2")} disconnect: the last packet, and then the end`, () => {
			const talk = new Talk({ version });
			assert.equal(talk.exchange(), "idle");
			assert.deepEqual(talk.packets().at(-1), { type: DISCONNECT, flags: 0, body: [] });
			assert.ok(talk.sockets[0]!.isClosed);
		});

		it(`${clause("MQTT-3.14.4-1", "MQTT-3.14.4-2")} disconnect: a message that comes while it waits for room, nothing is sent behind it`, () => {
			const talk = new Talk({ version }, COMMANDS, new Frames(1, 1));
			const tcp = talk.open()!;
			let isFull = false;
			const write = tcp.write.bind(tcp);
			tcp.write = (bytes) => {
				const room = write(bytes);
				// behind the first segment the connection takes nothing for a while
				if (!isFull) tcp.room = 0;
				isFull = true;
				return isFull ? tcp.room : room;
			};
			talk.run(100);
			tcp.receive(message(TOPIC, 2, 9, version === 5 ? [0] : undefined));
			tcp.writable(1000);
			talk.run();
			assert.equal(talk.log.lines.at(-1), "idle");
			assert.equal(talk.packets().at(-1)!.type, DISCONNECT);
		});

		it(`${clause("MQTT-3.3.1-2", "MQTT-3.3.1-2")} publish: QoS 1 without DUP the first time; the topic without wildcards`, () => {
			const talk = new Talk({ version });
			assert.equal(talk.exchange(), "idle");
			const publishes = talk.of(PUBLISH);
			assert.equal(publishes.length, 3);
			assert.ok(publishes.every(({ flags }) => flags === 2));
			assert.equal(topicOf(publishes[0]!), "dormouse/n1/t");
		});
	}

	it("[MQTT-3.1.2-23] session: what is unacknowledged survives sleep, and is repeated", () => {
		const server: { silent: boolean } & Server = {
			silent: true,
			puback(packet) {
				const id = idOf(packet);
				return this.silent ? [] : wire(PUBACK, 0, [id >> 8, id & 255]);
			},
		};
		const talk = new Talk(server);
		assert.equal(talk.exchange(), "failed timeout");
		const first = talk.of(PUBLISH);
		talk.sleep();
		server.silent = false;
		server.sessionPresent = true;
		assert.equal(talk.exchange(), "idle");
		const second = talk.of(PUBLISH);
		// [MQTT-4.4.0-1] with their identifiers, [MQTT-3.3.1-1] with DUP, [MQTT-4.6.0-1] in their order, unaltered
		assert.ok(first.length > 0);
		for (const [n, { body, flags }] of first.entries()) {
			assert.equal(idOf(second[n]!), idOf(first[n]!));
			assert.equal(second[n]!.flags, flags | 8);
			assert.deepEqual(second[n]!.body.slice(-3), body.slice(-3));
		}
		assert.ok(second.slice(first.length).every(({ flags }) => flags === 2));
		assert.equal(talk.frames.delivered, 9);
	});

	it("[MQTT-4.4.0-1] session: resumed, unacknowledged messages are repeated with their identifiers, and at no other time", () => {
		const talk = new Talk({ puback: () => [] }, {}, new Frames(3, 3), 30_000);
		assert.equal(talk.exchange(), "failed timeout");
		assert.equal(talk.sockets.length, 1);
		assert.equal(talk.of(PUBLISH).length, 1, "not again within a connection, however long it lasts");
	});

	it("[MQTT-4.4.0-2] session: PUBACK with a failure, not repeated with its identifier", () => {
		const server: Server & { reason: number } = {
			reason: 0x97,
			puback(packet) {
				const id = idOf(packet);
				return wire(PUBACK, 0, [id >> 8, id & 255, ...(this.reason ? [this.reason] : [])]);
			},
		};
		const talk = new Talk(server, {}, new Frames(3, 3));
		assert.equal(talk.exchange(), "failed refused");
		const id = idOf(talk.of(PUBLISH)[0]!);
		talk.sleep();
		server.reason = 0;
		server.sessionPresent = (talk.packets()[0]!.body[7]! & 2) === 0;
		talk.exchange();
		const isClean = (talk.packets()[0]!.body[7]! & 2) !== 0;
		assert.ok(isClean || idOf(talk.of(PUBLISH)[0]!) !== id, "the identifier's life is over");
		assert.equal(talk.of(PUBLISH)[0]!.flags, 2);
	});

	it("[MQTT-3.2.2-5] session: the server does not know it any more, it is begun anew and nothing is lost", () => {
		const server: Server & { silent: boolean } = {
			silent: true,
			puback(packet) {
				const id = idOf(packet);
				return this.silent ? [] : wire(PUBACK, 0, [id >> 8, id & 255]);
			},
		};
		const talk = new Talk(server, COMMANDS);
		talk.exchange();
		talk.sleep();
		server.silent = false;
		assert.equal(talk.exchange(), "idle");
		assert.equal(talk.of(SUBSCRIBE).length, 1, "what was subscribed is gone as well");
		assert.equal(talk.frames.delivered, 9);
	});

	it("[MQTT-3.2.2-11] limits: a server that takes QoS 0 alone, the exchange fails and nothing is lost", () => {
		const talk = new Talk({ properties: [0x24, 0], puback: () => [] });
		assert.equal(talk.exchange(), "failed unsupported");
		assert.equal(talk.frames.delivered, 0);
		assert.ok(talk.sockets.every(({ isClosed }) => isClosed));
	});

	it("[MQTT-3.2.2-15] limits: no packet larger than the server takes, once it said so", () => {
		const talk = new Talk({ properties: [0x27, 0, 0, 0, 40] }, {}, new Frames(200, 60));
		for (let wakes = 0; wakes < 3; wakes++) {
			talk.exchange();
			talk.sleep();
		}
		assert.equal(talk.frames.delivered, 200);
		const sizes = talk.packets().map(({ body }) => body.length + 2);
		assert.ok(Math.max(...sizes) <= 40, `${sizes}`);
	});

	it("[MQTT-3.2.2-17] limits: no topic alias beyond the server's maximum; [MQTT-3.3.2-8] none of 0", () => {
		const talk = new Talk({ properties: [0x22, 0, 1] });
		for (let wakes = 0; wakes < 2; wakes++) {
			assert.equal(talk.exchange(), "idle");
			talk.frames.next = 1;
			talk.frames.delivered = 0;
			talk.sleep();
		}
		const aliases = talk.of(PUBLISH).map(aliasOf);
		assert.ok(
			aliases.every((alias) => alias < 2),
			`${aliases}`,
		);
		assert.ok(aliases.includes(1), "it is used where it may be");
	});

	it("[MQTT-3.2.2-18] limits: no topic alias where the server gave no maximum, nor before any server did", () => {
		const talk = new Talk();
		for (let wakes = 0; wakes < 2; wakes++) {
			assert.equal(talk.exchange(), "idle");
			assert.ok(talk.of(PUBLISH).every((packet) => aliasOf(packet) === 0 && topicOf(packet) !== ""));
			talk.frames.next = 1;
			talk.frames.delivered = 0;
			talk.sleep();
		}
	});

	it("[MQTT-3.3.2-7] limits: a topic alias is not carried from one connection to another", () => {
		const talk = new Talk({ properties: [0x22, 0, 9] });
		for (let wakes = 0; wakes < 3; wakes++) {
			talk.exchange();
			const first = talk.of(PUBLISH)[0]!;
			assert.equal(topicOf(first), "dormouse/n1/t", `connection ${wakes}`);
			talk.frames.next = 1;
			talk.frames.delivered = 0;
			talk.sleep();
		}
	});

	it("[MQTT-3.3.4-7] limits: no more unacknowledged than the server's receive maximum", () => {
		for (const most of [1, 2, 3]) {
			let waiting = 0;
			let highest = 0;
			const talk: Talk = new Talk({
				properties: [0x21, 0, most],
				puback: (packet) => {
					waiting++;
					highest = Math.max(highest, waiting);
					const id = idOf(packet);
					talk.scheduler.after(9, () => waiting--);
					return wire(PUBACK, 0, [id >> 8, id & 255]);
				},
			});
			for (let wakes = 0; wakes < 2; wakes++) {
				assert.equal(talk.exchange(), "idle");
				talk.frames.next = 1;
				talk.frames.delivered = 0;
				talk.sleep();
			}
			assert.ok(highest <= most, `${highest} of ${most}`);
		}
	});

	it("[MQTT-3.2.2-21] keep-alive: the server's is used in place of the client's", () => {
		const talk = new Talk(
			{ properties: [0x13, 0, 1] },
			{ keepAlive: 600, downlinks: { window: 5 } },
			new Frames(1, 1),
			20_000,
		);
		assert.equal(talk.exchange(), "idle");
		assert.ok(talk.of(PINGREQ).length >= 3);
	});

	it("[MQTT-3.1.4-3] session: taken over by another client, told so", () => {
		const talk = new Talk({ greeting: wire(DISCONNECT, 0, [0x8e, 0]) });
		assert.equal(talk.exchange(), "failed taken-over");
	});

	it("[MQTT-4.3.2-4] qos 1: a message that is refused is acknowledged with the reason", () => {
		const talk = new Talk({ greeting: message(TOPIC, 2, 7) }, COMMANDS);
		talk.log.verdict = false;
		assert.equal(talk.exchange(), "idle");
		assert.deepEqual(
			talk.of(PUBACK).map(({ body }) => body),
			[[0, 7, 0x83]],
		);
	});

	it("[3.1.1 MQTT-3.1.3-8] session: the client identifier is the node's, so that no two nodes share it", () => {
		const talk = new Talk({ version: 4 });
		talk.exchange();
		assert.deepEqual(talk.packets()[0]!.body.slice(-4), text("n1"));
	});

	it("[3.1.1 MQTT-3.2.2-3] connack: a 5.0 CONNECT refused in 3.1.1's words, 3.1.1 is spoken at once and after sleep", () => {
		const talk = new Talk({ version: 5 });
		talk.onConnection = (tcp) => {
			let answered = 0;
			tcp.onWrite = () => {
				const packets = packetsOf(tcp.sent);
				for (; answered < packets.length; answered++) {
					const packet = packets[answered]!;
					const answer = (bytes: readonly number[]) => talk.scheduler.after(10, () => tcp.receive(bytes));
					if (packet.type === CONNECT) answer([0x20, 2, 0, packet.body[6] === 4 ? 0 : 1]);
					else if (packet.type === PUBLISH) answer(wire(PUBACK, 0, [idOf(packet) >> 8, idOf(packet) & 255]));
				}
			};
			talk.scheduler.after(10, () => tcp.writable(10_000));
		};
		assert.equal(talk.exchange(), "idle");
		assert.deepEqual(
			talk.sockets.map((_, n) => talk.packets(n)[0]!.body[6]),
			[5, 4],
		);
		talk.sleep();
		talk.frames.next = 1;
		talk.frames.delivered = 0;
		talk.exchange();
		assert.equal(talk.packets()[0]!.body[6], 4);
		assert.equal(talk.sockets.length, 3);
	});
});
