import { Session } from "../../net/mqtt/session.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { NO_PACKET } from "../support/no-packet.js";
import { runsOf, seedOf } from "../support/seed.js";

/** A record is in flight, by the model: which identifier its frame has, and whether the server has taken it. */
interface Sent {
	readonly id: number;
	readonly upTo: number;
}

/**
 * Random servers against a session, with a naive model of what is in flight: connections that end at any packet, with and
 * without their session, PUBACKs in any order, refused or never, sleeps in between. A frame is a record.
 */
describe("mqtt session, random servers", () => {
	for (const seed of [1, 2, 3, 4].map((n) => seedOf(20_260_301) + n))
		it(`mqtt session: seed ${seed}, each record acknowledged once and in order, no identifier used twice at a time`, () => {
			const seeded = new Seeded(seed);
			const packet = { ...NO_PACKET };
			const options = { version: 5 as const, mtu: 100, keepAliveSeconds: 0 };
			let s = new Session(options, packet);
			s.overhead = 20;
			let delivered = 0;
			let filled = 0;
			let sleeps = 0;
			let resent = 0;
			/** What the server was sent on this connection and has not acknowledged; what both sides keep as in flight. */
			let open: Sent[] = [];
			let inFlight: Sent[] = [];
			const rounds = runsOf(3000);
			for (let round = 0; round < rounds; round++) {
				const records = delivered + seeded.between(0, 6);
				const most = seeded.between(1, 6);
				const keeps = seeded.real() < 0.8;
				let isConnected = false;
				let isOver = false;
				let next: Parameters<Session["step"]>[0] = "connected";
				s.marks = 0;
				open = [];
				for (let steps = 0; !isOver; steps++) {
					assert.ok(steps < 500, `round ${round}: no end`);
					const effect = s.step(next);
					next = "ready";
					switch (effect) {
						case "connect":
							filled = delivered;
							if (s.clean) inFlight = [];
							break;
						case "again": {
							const known = inFlight.find(({ id }) => id === s.id);
							assert.equal(known?.upTo, s.upTo, `round ${round}: the same records under the same identifier`);
							assert.equal(s.upTo, filled + 1, "in order");
							assert.ok(open.length < 4);
							open.push(known!);
							filled = s.upTo;
							s.length = 1;
							resent++;
							next = "filled";
							break;
						}
						case "fill":
							next = "empty";
							if (filled === records) break;
							assert.ok(!inFlight.some(({ id }) => id === s.id), `round ${round}: identifier ${s.id} is in use`);
							filled++;
							Object.assign(s, { length: 1, upTo: filled, count: 1, seconds: round, wall: 0 });
							open.push({ id: s.id, upTo: filled });
							inFlight.push({ id: s.id, upTo: filled });
							assert.ok(open.length <= (isConnected ? Math.min(most, 4) : 4), "more than the server takes");
							next = "filled";
							break;
						case "companion":
							next = "silent";
							break;
						case "delivered":
							assert.ok(s.upTo > delivered, "once, and in order");
							delivered = s.upTo;
							inFlight = inFlight.filter(({ upTo }) => upTo > delivered);
							break;
						case "disconnect":
							s.step("ready");
							next = "flushed";
							break;
						case "over":
						case "leave":
							isOver = true;
							break;
						case "none": {
							// the server's turn
							Object.assign(packet, { reason: 0, id: 0 });
							next = "packet";
							if (seeded.real() < 0.1) next = seeded.real() < 0.5 ? "lost" : "timeout";
							else if (!isConnected) {
								isConnected = true;
								const isPresent = keeps && !s.clean;
								Object.assign(packet, { type: 2, sessionPresent: isPresent, receiveMaximum: most });
								if (most < open.length) next = "lost"; // it breaks what is new to it: the server closes
							} else if (open.length) {
								const at = seeded.real() < 0.9 ? 0 : seeded.between(0, open.length - 1);
								const { id } = open.splice(at, 1)[0]!;
								Object.assign(packet, { type: 4, id, reason: seeded.real() < 0.05 ? 0x97 : 0 });
								if (packet.reason) {
									// the frame gets another identifier, in its place
									const was = s.kept.getUint16(2);
									inFlight = inFlight.map((one) => (one.id === id ? { id: was, upTo: one.upTo } : one));
								}
							} else next = "timeout";
							break;
						}
						case "retry":
							next = "connected";
							open = [];
							isConnected = false;
							break;
						default:
							assert.fail(effect);
					}
				}
				if (seeded.real() < 0.5) continue;
				const bytes = new DataView(new ArrayBuffer(128));
				const length = s.retain(bytes);
				s = new Session(options, packet);
				s.overhead = 20;
				assert.equal(s.restore(new DataView(bytes.buffer, 0, length), 2), length);
				sleeps++;
			}
			assert.ok(
				delivered > rounds / 2 && sleeps > rounds / 4 && resent > rounds / 20,
				`${delivered} delivered, ${sleeps} sleeps, ${resent} again`,
			);
		});
});
