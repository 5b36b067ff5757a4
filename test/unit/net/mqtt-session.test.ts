import type { Packet } from "../../../net/mqtt/packet.js";
import { type Effect, type Event, Session } from "../../../net/mqtt/session.js";
import * as assert from "../../assert.js";
import { NO_PACKET } from "../../support/no-packet.js";

type Fields = { -readonly [name in keyof Packet]?: Packet[name] };

interface Options {
	readonly version?: 5 | 4;
	readonly window?: number;
	readonly keepAliveSeconds?: number;
}

/** A session, and what feeds it events and packets. */
function fresh({ version = 5, window, keepAliveSeconds = 60 }: Options = {}) {
	const packet: Fields & Packet = { ...NO_PACKET };
	const downlinks = window === undefined ? undefined : { window };
	const s = new Session({ version, mtu: 100, keepAliveSeconds, downlinks }, packet);
	s.overhead = 20;
	const feed = (what: Event | Fields): Effect => {
		if (typeof what === "string") return s.step(what);
		Object.assign(packet, NO_PACKET, what);
		return s.step("packet");
	};
	const all = (...events: readonly (Event | Fields)[]): Effect => {
		let last: Effect = "none";
		for (const event of events) last = feed(event);
		return last;
	};
	return { s, feed, all };
}

const CONNACK: Fields = { type: 2 };
const SUBACK: Fields = { type: 9, id: 1, reason: 1 };
const QOS1: Fields = { type: 3, flags: 2, id: 1 };
const puback = (id: number, reason = 0): Fields => ({ type: 4, id, reason });

/** What leads to each phase from a new session that takes messages; SUBSCRIBE has identifier 1, the frame 2. */
const paths = {
	closed: [],
	connecting: ["connected", "ready", "filled"],
	open: ["connected", "ready", "filled", CONNACK, "empty", "silent"],
	lingering: ["connected", "ready", "empty", CONNACK, "silent", SUBACK],
	ending: ["connected", "ready", "empty", CONNACK, "silent", SUBACK, "quiet"],
} as const satisfies Record<string, readonly (Event | Fields)[]>;

/** Effect of each event in each phase: closed, connecting, open, lingering, ending. */
const table: readonly (readonly [string, Event | Fields, readonly Effect[]])[] = [
	["connected", "connected", ["connect", "none", "none", "none", "none"]],
	["ready", "ready", ["none", "none", "none", "none", "none"]],
	["flushed", "flushed", ["none", "none", "none", "none", "over"]],
	["quiet", "quiet", ["none", "none", "ping", "disconnect", "none"]],
	["lost", "lost", ["none", "retry", "over", "over", "over"]],
	["timeout", "timeout", ["none", "over", "over", "leave", "over"]],
	["broken", "broken", ["none", "leave", "leave", "leave", "over"]],
	["CONNACK", CONNACK, ["none", "fill", "leave", "leave", "none"]],
	["CONNACK that refuses", { type: 2, reason: 0x87 }, ["none", "over", "leave", "leave", "none"]],
	["CONNACK with a session", { type: 2, sessionPresent: true }, ["none", "leave", "leave", "leave", "none"]],
	["CONNACK without QoS 1", { type: 2, maximumQos: 0 }, ["none", "leave", "leave", "leave", "none"]],
	["CONNACK for tiny packets", { type: 2, maximumPacketSize: 20 }, ["none", "leave", "leave", "leave", "none"]],
	["PUBACK", puback(2), ["none", "leave", "delivered", "none", "none"]],
	["PUBACK of another packet", puback(9), ["none", "leave", "none", "none", "none"]],
	["PUBACK that refuses", puback(2, 0x97), ["none", "leave", "leave", "none", "none"]],
	["PUBACK, nobody subscribed", puback(2, 0x10), ["none", "leave", "delivered", "none", "none"]],
	["PUBLISH", QOS1, ["none", "leave", "downlink", "downlink", "none"]],
	["PINGRESP", { type: 13 }, ["none", "leave", "none", "none", "none"]],
	["SUBACK", SUBACK, ["none", "leave", "none", "leave", "none"]],
	["SUBACK of another packet", { type: 9, id: 7 }, ["none", "leave", "leave", "leave", "none"]],
	["DISCONNECT", { type: 14 }, ["none", "leave", "over", "over", "none"]],
	["DISCONNECT, taken over", { type: 14, reason: 0x8e }, ["none", "leave", "over", "over", "none"]],
];

describe("mqtt session", () => {
	for (const [title, event, effects] of table)
		Object.entries(paths).forEach(([name, path], column) => {
			it(`mqtt session: ${title} while ${name}, effect ${effects[column]}`, () => {
				const { s, feed, all } = fresh({ window: 2 });
				all(...path);
				assert.equal(s.phase, column, "the path leads to its phase");
				assert.equal(feed(event), effects[column]!);
				if (!["over", "leave", "retry"].includes(effects[column]!)) return;
				assert.equal(s.phase, 0);
				for (const late of ["flushed", "lost", "timeout", "ready", puback(2), CONNACK] as const)
					assert.equal(feed(late), "none", "late");
			});
		});

	const codes: readonly (readonly [string, readonly (Event | Fields)[], string, number, number])[] = [
		["CONNACK that refuses", [...paths.connecting, { type: 2, reason: 0x87 }], "refused", 0x87, 0],
		["CONNACK without QoS 1", [...paths.connecting, { type: 2, maximumQos: 0 }], "unsupported", 0, 0],
		["PUBACK that refuses", [...paths.open, puback(2, 0x97)], "refused", 0x97, 0],
		["DISCONNECT", [...paths.open, { type: 14, reason: 0x8b }], "refused", 0x8b, 0],
		["DISCONNECT, taken over", [...paths.open, { type: 14, reason: 0x8e }], "taken-over", 0x8e, 0],
		["taken over while lingering", [...paths.lingering, { type: 14, reason: 0x8e }], "taken-over", 0x8e, 0],
		["DISCONNECT while lingering", [...paths.lingering, { type: 14, reason: 0x8b }], "", 0x8b, 0],
		["PUBACK before CONNACK", [...paths.connecting, puback(2)], "protocol", 0, 0x82],
		["lost", [...paths.open, "lost"], "lost", 0, 0],
		["lost while lingering", [...paths.lingering, "lost"], "", 0, 0],
		["timeout", [...paths.connecting, "timeout"], "timeout", 0, 0],
		["a subscription that is refused", [...paths.connecting, CONNACK, { ...SUBACK, reason: 0x87 }], "", 0x87, 0],
	];
	for (const [title, events, code, reason, goodbye] of codes)
		it(`mqtt session: ${title}, code "${code}", reason ${reason}`, () => {
			const { s, all } = fresh({ window: 2 });
			all(...events);
			assert.equal(s.code, code as never);
			assert.equal(s.reason, reason);
			assert.equal(s.goodbye, goodbye);
		});

	it("mqtt session: what is no MQTT, the server is told the decoder's reason", () => {
		const { s, feed, all } = fresh();
		all("connected", "ready", "filled");
		s.goodbye = 0x95;
		assert.equal(feed("broken"), "leave");
		assert.equal(s.goodbye, 0x95);
		assert.equal(s.code, "protocol");
	});

	it("mqtt session: before the first CONNACK one publish and at most 1024 bytes, then four; each acknowledged one makes room", () => {
		const { s, feed, all } = fresh();
		assert.equal(feed("connected"), "connect");
		assert.equal(s.clean, true);
		assert.equal(feed("ready"), "fill");
		assert.equal(s.room, 100);
		s.upTo = 12;
		assert.equal(feed("filled"), "none");
		assert.equal(feed(CONNACK), "fill");
		for (let n = 2; n <= 4; n++) {
			s.upTo = 12 * n;
			assert.equal(s.id, n);
			assert.equal(feed("filled"), n < 4 ? "fill" : "none");
		}
		assert.equal(feed(puback(1)), "delivered");
		assert.equal(s.upTo, 12);
		assert.equal(feed(puback(1)), "none", "twice");
		assert.equal(feed("ready"), "fill");
		assert.equal(all("empty", "silent"), "none");
		for (let n = 2; n <= 4; n++) {
			assert.equal(feed(puback(n)), "delivered");
			assert.equal(s.upTo, 12 * n);
			assert.equal(feed("ready"), n < 4 ? "none" : "disconnect");
		}
		assert.equal(all("ready"), "none");
		assert.equal(feed("flushed"), "over");
		assert.equal(s.code, "");
		const wide = new Session({ version: 5, mtu: 16_384, keepAliveSeconds: 0 }, NO_PACKET);
		wide.overhead = 24;
		wide.step("connected");
		wide.step("ready");
		assert.equal(wide.room, 1000);
	});

	it("mqtt session: a server that takes less, remembered for the next connection", () => {
		const { s, all } = fresh();
		all("connected", "ready", "empty", { ...CONNACK, maximumPacketSize: 50, receiveMaximum: 2, serverKeepAlive: 7 });
		assert.equal(s.pauseSeconds, 7);
		all("silent", "ready", "flushed");
		all("connected");
		assert.equal(s.pauseSeconds, 60, "asked anew");
		assert.equal(s.clean, false);
		assert.equal(all("ready"), "fill");
		assert.equal(s.room, 30);
		assert.equal(all("filled", "filled"), "none", "two in flight");
	});

	it("mqtt session: a limit that was remembered and is too small, CONNACK is waited for", () => {
		const { feed, all } = fresh();
		all("connected", "ready", "filled");
		assert.equal(feed({ ...CONNACK, maximumPacketSize: 20 }), "leave");
		assert.equal(all("connected", "ready"), "none");
		assert.equal(feed(CONNACK), "again");
	});

	it("mqtt session: identifiers, run to 65535 and on to 1, never 0", () => {
		const { s, all } = fresh();
		s.kept.setUint16(2, 65_535);
		all("connected", "ready");
		assert.equal(s.id, 65_535);
		all("filled", CONNACK);
		assert.equal(s.id, 1);
	});

	it("mqtt session: a frame in flight, retained in the middle of other bytes, each byte of it comes back and no other changes", () => {
		const { s, all } = fresh();
		all("connected", "ready");
		Object.assign(s, { count: 12, seconds: 0x1122_3344, upTo: 0x5566_7788, wall: 0x99aa_bbcc });
		all("filled", CONNACK, "empty");
		const bytes = new Uint8Array(64).fill(0xee);
		const size = s.retain(new DataView(bytes.buffer, 5, 50));
		assert.equal(size, 21 + 14);
		assert.deepEqual([...bytes.subarray(5, 5 + size)], [...new Uint8Array(s.kept.buffer, 0, size)]);
		assert.deepEqual([...bytes.subarray(32, 41)], [0x11, 0x22, 0x33, 0x44, 0x99, 0xaa, 0xbb, 0xcc, 0xee]);
		assert.ok(bytes.every((byte, at) => (at >= 5 && at < 5 + size) || byte === 0xee));
		const { s: next } = fresh();
		assert.equal(next.restore(new DataView(bytes.buffer, 5, 50), 2), size);
		assert.deepEqual([...new Uint8Array(next.kept.buffer, 0, size)], [...new Uint8Array(s.kept.buffer, 0, size)]);
	});
	it("mqtt session: numbers so far apart that they cannot be retained, the session is begun anew after sleep", () => {
		for (const [step, isKept] of [
			[0xffff, true],
			[0x1_0000, false],
		] as const) {
			const { s, all } = fresh();
			all("connected", "ready");
			s.upTo = 1_000_000;
			all("filled", CONNACK);
			s.upTo += step;
			all("filled", "lost");
			const bytes = new DataView(new ArrayBuffer(128));
			const next = fresh();
			next.s.restore(new DataView(bytes.buffer, 0, s.retain(bytes)), 2);
			next.all("connected", "ready");
			assert.equal(next.s.clean, !isKept);
			if (isKept) assert.equal(next.s.upTo, 1_000_000);
		}
	});

	it("mqtt session: a PUBACK that refuses, the session goes on and the frame goes again, as a new publish in its place", () => {
		const { s, feed, all } = fresh();
		all("connected", "ready", "filled", CONNACK, "filled", puback(1, 0x97));
		assert.equal(s.code, "refused");
		assert.deepEqual([all("connected", "ready"), s.clean, s.id, s.dup, s.count], ["again", false, 3, false, 0]);
		assert.equal(feed("filled"), "again");
		assert.deepEqual([s.id, s.dup], [2, true]);
		assert.deepEqual([all("filled", "lost", "connected", "ready"), s.id, s.dup], ["again", 3, true]);
	});

	it("mqtt session: silence to 5.0, 3.1.1 in this exchange; remembered when it was so twice, and not once 5.0 was spoken", () => {
		const { s, feed, all } = fresh();
		const silent = () => {
			s.marks = 0; // an exchange begins
			assert.equal(all("connected", "ready", "filled"), "none");
			return feed("lost");
		};
		const old = () => {
			assert.equal(feed("connected"), "connect");
			assert.equal(s.version, 4);
			const effect = all("ready", CONNACK, "empty");
			assert.equal(effect === "companion" ? feed("silent") : effect, "disconnect");
			all("ready", "flushed");
			s.marks = 0;
			return s.version;
		};
		assert.equal(silent(), "retry");
		assert.equal(old(), 5);
		s.marks = 0;
		all("connected", "ready", "empty", CONNACK, "silent", "ready", "flushed"); // it speaks 5.0 after all
		s.kept.setUint8(0, s.kept.getUint8(0) & 128);
		assert.equal(silent(), "retry");
		assert.equal(old(), 5, "counted anew");
		assert.equal(silent(), "retry");
		assert.equal(old(), 4);
		const other = fresh();
		other.all("connected", "ready", "filled");
		other.s.marks |= 1024;
		assert.equal(other.feed("lost"), "over", "bytes came");
	});

	it("mqtt session: two messages that the application fails at, each refused in the end", () => {
		const { s, all, feed } = fresh({ window: 9 });
		all(...paths.lingering);
		const judge = (id: number, verdict: number) => {
			assert.equal(feed({ ...QOS1, id }), "downlink");
			s.verdict = verdict;
			return feed("judged");
		};
		const got: string[] = [];
		for (let round = 0; round < 6; round++)
			for (const id of [7, 8]) got.push(`${judge(id, 0)} ${judge(9, 1 + (round % 2))}`);
		const refused = got.map((line, n) => (line.startsWith("puback") ? n : -1)).filter((n) => n >= 0);
		assert.deepEqual(refused, [4, 9], "7 at its third time, then 8 at its third since that");
	});

	it("mqtt session: a message that failed and came no more, its place goes to another", () => {
		const { s, all, feed } = fresh({ window: 9 });
		const judge = (id: number) => {
			assert.equal(feed({ ...QOS1, id }), "downlink");
			s.verdict = 0;
			return feed("judged");
		};
		const connect = () => all("connected", "ready", "empty", { ...CONNACK, sessionPresent: true }, "silent");
		all(...paths.lingering);
		judge(7);
		all("lost");
		const got: string[] = [];
		for (let n = 0; n < 5; n++) {
			connect();
			got.push(judge(8));
			all("lost");
		}
		assert.deepEqual(got, ["none", "none", "none", "puback", "none"], "counted from the second connection on");
	});

	it("mqtt session: a frame in flight that cannot be made again once others were, another connection and a clean start", () => {
		const { s, all, feed } = fresh();
		all("connected", "ready", "filled", CONNACK, "filled", "filled", "lost");
		assert.equal(all("connected", "ready"), "again");
		assert.equal(all("filled"), "again");
		assert.equal(feed("empty"), "retry");
		assert.equal(feed("connected"), "connect");
		assert.equal(s.clean, true);
		assert.equal(feed("ready"), "fill");
	});
});
