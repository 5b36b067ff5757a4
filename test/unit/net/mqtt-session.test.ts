import { Packet, type PacketType } from "../../../net/mqtt/packet.js";
import { Effect, Event, newSession, Phase, restore, retain, step } from "../../../net/mqtt/session.js";
import * as assert from "../../assert.js";

const MTU = 100;
const OVERHEAD = 20;

function fresh(version: 5 | 4 = 5) {
	return newSession(version, new Packet(), MTU, OVERHEAD, 60);
}

type State = ReturnType<typeof fresh>;
type Fields = Partial<Packet>;

const CONNACK: Fields = { type: 2 };
const DISCONNECT: Fields = { type: 14 };
const PUBLISH: Fields = { type: 3, qos: 1, id: 1 };

/** Feeds an event, or a packet. */
function feed(s: State, what: Event | Fields): Effect {
	if (typeof what === "number") return step(s, what);
	s.in.packet.clear();
	Object.assign(s.in.packet, what);
	return step(s, Event.packet);
}

const puback = (id: number, reason = 0): Fields => ({ type: 4 as PacketType, id, reason });

/** What leads to each phase from a new session. */
const paths = {
	closed: [],
	connecting: [Event.connected],
	open: [Event.connected, CONNACK],
	publishing: [Event.connected, CONNACK, Event.filled],
	ending: [Event.connected, CONNACK, Event.empty],
} as const satisfies Record<string, readonly (Event | Fields)[]>;

const { none, connect, fill, publish, delivered, ping, disconnect, idle, fail, abort } = Effect;

/** Effect of each event in each phase: closed, connecting, open, publishing, ending. */
const table: readonly (readonly [string, Event | Fields, readonly Effect[]])[] = [
	["connected", Event.connected, [connect, none, none, none, none]],
	["filled", Event.filled, [none, none, publish, none, none]],
	["empty", Event.empty, [none, none, disconnect, none, none]],
	["told", Event.told, [none, none, fill, none, none]],
	["flushed", Event.flushed, [none, none, none, none, idle]],
	["quiet", Event.quiet, [none, none, ping, ping, none]],
	["lost", Event.lost, [none, fail, fail, fail, idle]],
	["timeout", Event.timeout, [none, fail, fail, fail, idle]],
	["broken", Event.broken, [none, abort, abort, abort, idle]],
	["CONNACK", CONNACK, [none, fill, abort, abort, idle]],
	["CONNACK that refuses", { type: 2, reason: 0x87 }, [none, fail, abort, abort, idle]],
	["CONNACK with a session", { type: 2, sessionPresent: true }, [none, abort, abort, abort, idle]],
	["CONNACK without QoS 1", { type: 2, maximumQos: 0 }, [none, abort, abort, abort, idle]],
	["CONNACK for tiny packets", { type: 2, maximumPacketSize: OVERHEAD }, [none, abort, abort, abort, idle]],
	["PUBACK", puback(1), [none, abort, none, delivered, none]],
	["PUBACK of another packet", puback(2), [none, abort, none, none, none]],
	["PUBACK that refuses", puback(1, 0x97), [none, abort, none, abort, none]],
	["PUBACK, nobody subscribed", puback(1, 0x10), [none, abort, none, delivered, none]],
	["PUBLISH", PUBLISH, [none, abort, none, none, none]],
	["PINGRESP", { type: 13 }, [none, abort, none, none, none]],
	["SUBACK", { type: 9, id: 1 }, [none, abort, abort, abort, idle]],
	["DISCONNECT", DISCONNECT, [none, abort, fail, fail, idle]],
];

describe("mqtt session", () => {
	for (const [title, event, effects] of table)
		Object.values(paths).forEach((path, column) => {
			const name = Object.keys(paths)[column]!;
			it(`mqtt session: ${title} while ${name}, effect ${effects[column]}`, () => {
				const s = fresh();
				for (const before of path) feed(s, before);
				assert.equal(s.phase, Phase[name as keyof typeof Phase], "the path leads to its phase");
				assert.equal(feed(s, event), effects[column]!);
				const over = [idle, fail, abort].includes(effects[column]! as 7);
				if (over) {
					assert.equal(s.phase, Phase.closed);
					for (const late of [Event.flushed, Event.lost, Event.timeout, Event.told, puback(1), CONNACK])
						assert.equal(feed(s, late), none, "late");
				}
			});
		});

	it("mqtt session: three frames, delivered in order with identifiers of their own", () => {
		const s = fresh();
		assert.equal(feed(s, Event.connected), connect);
		assert.equal(feed(s, CONNACK), fill);
		assert.equal(s.out.room, MTU);
		for (let n = 1; n <= 3; n++) {
			s.in.upTo = 12 * n;
			assert.equal(feed(s, Event.filled), publish);
			assert.equal(s.out.id, n);
			assert.equal(feed(s, puback(n)), delivered);
			assert.equal(s.out.upTo, 12 * n);
			assert.equal(feed(s, puback(n)), none, "twice");
			assert.equal(feed(s, Event.told), fill);
		}
		assert.equal(feed(s, Event.empty), disconnect);
		assert.equal(feed(s, Event.flushed), idle);
	});

	const codes: readonly (readonly [string, readonly (Event | Fields)[], string, number, number])[] = [
		["CONNACK that refuses", [Event.connected, { type: 2, reason: 0x87 }], "refused", 0x87, 0],
		["CONNACK without QoS 1", [Event.connected, { type: 2, maximumQos: 0 }], "unsupported", 0, 0],
		["PUBACK that refuses", [...paths.publishing, puback(1, 0x97)], "refused", 0x97, 0],
		["DISCONNECT", [...paths.publishing, { type: 14, reason: 0x8b }], "refused", 0x8b, 0],
		["PUBACK before CONNACK", [Event.connected, puback(1)], "protocol", 0, 0x82],
		["lost", [...paths.publishing, Event.lost], "lost", 0, 0],
		["timeout", [...paths.connecting, Event.timeout], "timeout", 0, 0],
	];
	for (const [title, events, code, reason, goodbye] of codes)
		it(`mqtt session: ${title}, code ${code}, reason ${reason}`, () => {
			const s = fresh();
			for (const event of events) feed(s, event);
			assert.equal(s.out.code, code as never);
			assert.equal(s.out.reason, reason);
			assert.equal(s.out.goodbye, goodbye);
		});

	it("mqtt session: what is no MQTT, the server is told the decoder's reason", () => {
		const s = fresh();
		feed(s, Event.connected);
		s.in.reason = 0x95;
		assert.equal(feed(s, Event.broken), abort);
		assert.equal(s.out.goodbye, 0x95);
		assert.equal(s.out.code, "protocol");
	});

	it("mqtt session: a server that takes less, the room is what it takes", () => {
		const s = fresh();
		feed(s, Event.connected);
		feed(s, { type: 2, maximumPacketSize: 50, serverKeepAlive: 7 });
		assert.equal(s.out.room, 30);
		assert.equal(s.out.keepAliveSeconds, 7);
		feed(s, Event.lost);
		feed(s, Event.connected);
		assert.equal(s.out.keepAliveSeconds, 60, "asked anew");
		feed(s, CONNACK);
		assert.equal(s.out.room, MTU, "of another connection");
	});

	it("mqtt session: a PUBACK of the last connection, does not acknowledge the next", () => {
		const s = fresh();
		for (const event of paths.publishing) feed(s, event);
		feed(s, Event.lost);
		for (const event of paths.publishing) feed(s, event);
		assert.equal(s.out.id, 2);
		assert.equal(feed(s, puback(1)), none);
		assert.equal(feed(s, puback(2)), delivered);
	});

	it("mqtt session: identifiers, run to 65535 and on to 1, never 0", () => {
		const s = fresh();
		s.nextId = 65_535;
		for (const event of paths.publishing) feed(s, event);
		assert.equal(s.out.id, 65_535);
		feed(s, puback(65_535));
		feed(s, Event.told);
		feed(s, Event.filled);
		assert.equal(s.out.id, 1);
	});

	it("mqtt session: retained and restored, goes on with the next identifier", () => {
		const s = fresh();
		s.nextId = 0x1234;
		const bytes = new DataView(new ArrayBuffer(8));
		assert.equal(retain(s, bytes), 2);
		const t = fresh();
		assert.equal(restore(t, bytes, 1), true);
		assert.equal(t.nextId, 0x1234);
	});

	it("mqtt session: unknown version, too short, identifier 0, not restored", () => {
		const s = fresh();
		s.nextId = 9;
		const two = new DataView(Uint8Array.of(0, 5).buffer);
		assert.equal(restore(s, two, 0), false);
		assert.equal(restore(s, two, 2), false);
		assert.equal(restore(s, new DataView(new ArrayBuffer(1)), 1), false);
		assert.equal(restore(s, new DataView(new ArrayBuffer(2)), 1), false);
		assert.equal(s.nextId, 9);
	});
});
