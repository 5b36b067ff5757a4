import { toHex } from "../../../modules/core/bytes.js";
import { DirectLink } from "../../../net/link/direct.js";
import type { Link, LinkListener } from "../../../net/link/link.js";
import { MqttClient, type Tcp, type TcpOptions } from "../../../net/mqtt/client.js";
import type { TimeSource } from "../../../net/time-source.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { Frames, Log } from "../../support/frames.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

/** A TCP connection that the test drives by hand, as strict as the SDK's. */
class FakeTcp implements Tcp {
	static refuse = false;
	readonly options: TcpOptions;
	sent = "";
	writes: number[] = [];
	closed = 0;
	room = 0;
	inbox: number[] = [];
	constructor(options: TcpOptions) {
		this.options = options;
	}
	read(buffer: Uint8Array): number | undefined {
		if (this.closed) throw new SyntaxError("closed");
		if (!this.inbox.length) return undefined;
		if (!buffer.length || buffer.length > this.inbox.length) throw new Error("invalid");
		buffer.set(this.inbox.splice(0, buffer.length));
		return buffer.length;
	}
	write(buffer: Uint8Array): number | undefined {
		if (this.closed) throw new SyntaxError("closed");
		if (buffer.length > this.room) throw new Error("would block");
		this.sent += toHex(buffer);
		this.writes.push(buffer.length);
		this.room -= buffer.length;
		return this.room;
	}
	close(): void {
		this.closed++;
	}
	writable(room: number) {
		this.room = room;
		this.options.onWritable(room);
	}
	receive(...bytes: number[]) {
		this.inbox.push(...bytes);
		this.options.onReadable(this.inbox.length);
	}
}

const CONNACK = [0x20, 3, 0, 0, 0];

/** A client over hand-driven parts. */
function rig(
	more: { link?: Link; time?: TimeSource; version?: 5 | 4; keepAliveSeconds?: number; refuse?: boolean } = {},
) {
	const scheduler = new Scheduler();
	const timers = new VirtualTimers(scheduler);
	const sockets: FakeTcp[] = [];
	const lookUps: { name: string; done: (address: string | undefined) => void; ended: boolean }[] = [];
	const client = new MqttClient({
		TCP: class extends FakeTcp {
			constructor(options: TcpOptions) {
				super(options);
				if (more.refuse) throw new Error("invalid address");
				sockets.push(this);
			}
		},
		resolve: (name, done) => {
			const lookUp = { name, done, ended: false };
			lookUps.push(lookUp);
			return () => {
				lookUp.ended = true;
			};
		},
		link: more.link ?? new DirectLink(timers),
		time: more.time,
		timers,
		broker: "broker.local",
		port: 1883,
		topic: "t",
		version: more.version ?? 5,
		mtu: 64,
		keepAliveSeconds: more.keepAliveSeconds ?? 0,
		clientId: "n1",
	});
	const frames = new Frames(5, 2);
	const log = new Log(frames);
	const run = (until: number) => {
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	/** Starts, up to the open connection. */
	const open = (deadlineMs = 1000): FakeTcp => {
		client.start(frames, deadlineMs, log);
		run(scheduler.now);
		lookUps.at(-1)!.done("192.0.2.1");
		return sockets.at(-1)!;
	};
	return { client, scheduler, timers, sockets, lookUps, frames, log, run, open };
}

describe("mqtt client", () => {
	it("mqtt client: one exchange of three frames, the bytes on the wire and the events in order", () => {
		const { client, timers, open, log, lookUps } = rig();
		const tcp = open();
		assert.equal(lookUps[0]!.name, "broker.local");
		assert.equal(tcp.options.address, "192.0.2.1");
		assert.equal(tcp.options.port, 1883);
		assert.equal(tcp.sent, "", "nothing before the connection");
		tcp.writable(1000);
		assert.equal(tcp.sent, "101400044d51545405020000052700000100" + "00026e31");
		tcp.sent = "";
		tcp.receive(...CONNACK);
		assert.equal(tcp.sent, "3208000174000100" + "0102");
		tcp.sent = "";
		tcp.receive(0x40, 2, 0, 1);
		tcp.receive(0x40, 2, 0, 2);
		assert.equal(tcp.sent, "32080001740002000304" + "320700017400030005");
		tcp.sent = "";
		tcp.receive(0x40, 2, 0, 3);
		assert.equal(tcp.sent, "e000");
		assert.deepEqual(log.lines, ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"]);
		assert.equal(tcp.closed, 1);
		assert.equal(timers.open, 0);
		client.close();
		client.close();
		assert.equal(tcp.closed, 1);
	});

	it("mqtt client: room for one byte at a time, the same bytes", () => {
		const whole = rig();
		const wide = whole.open();
		wide.writable(1000);
		wide.receive(...CONNACK);
		for (const id of [1, 2, 3]) wide.receive(0x40, 2, 0, id);
		const { open, log } = rig();
		const tcp = open();
		const pump = () => {
			for (let n = 0; n < 40 && !tcp.closed; n++) tcp.writable(1);
		};
		pump();
		tcp.receive(...CONNACK);
		for (const id of [1, 2, 3]) {
			pump();
			tcp.receive(0x40, 2, 0, id);
		}
		assert.deepEqual(log.lines.slice(-1), ["delivered 5 peer"], "idle waits for DISCONNECT to leave");
		pump();
		assert.equal(tcp.sent, wide.sent);
		assert.ok(tcp.writes.every((length) => length === 1));
		assert.deepEqual(log.lines, whole.log.lines);
	});

	it("mqtt client: packets that arrive byte by byte, or all at once, the same events", () => {
		for (const together of [false, true]) {
			const { open, log } = rig();
			const tcp = open();
			tcp.writable(1000);
			const bytes = [...CONNACK, 0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3];
			if (together) tcp.receive(...bytes);
			else for (const byte of bytes) tcp.receive(byte);
			assert.deepEqual(log.lines, ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"]);
		}
	});

	it("mqtt client: 3.1.1, without properties", () => {
		const { open, log } = rig({ version: 4 });
		const tcp = open();
		tcp.writable(1000);
		tcp.receive(0x20, 2, 0, 0);
		assert.equal(tcp.sent, "100e00044d515454040200" + "0000026e31" + "320700017400010102");
		tcp.receive(0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3);
		assert.equal(log.lines.at(-1), "idle");
	});

	it("mqtt client: start, tells nothing from inside", () => {
		let up: LinkListener | undefined;
		const { client, frames, log } = rig({
			link: {
				start: (_deadlineMs, on) => {
					up = on;
				},
				close: () => {},
				retain: () => 0,
				restore: () => {},
			},
		});
		client.start(frames, 1000, log);
		assert.deepEqual(log.lines, []);
		assert.throws(() => client.start(frames, 1000, log), { code: "busy" });
		up!.down("timeout");
		assert.deepEqual(log.lines, ["failed timeout"]);
		up!.up();
		up!.down("lost");
		assert.deepEqual(log.lines, ["failed timeout"], "late");
	});

	/** A time source that the test answers for. */
	function clockwork(waitMs: number) {
		let on: ((wallMs: number, uncertaintyMs: number) => void) | undefined;
		const counts = { starts: 0, closes: 0 };
		const time: TimeSource = {
			start: (listener) => {
				counts.starts++;
				on = listener;
			},
			get waitMs() {
				return on ? waitMs : 0;
			},
			close: () => {
				counts.closes++;
				on = undefined;
			},
		};
		const answer = (wallMs: number) => {
			const listener = on;
			on = undefined;
			listener?.(wallMs, 1);
		};
		return { time, counts, answer };
	}
	/** An exchange up to its last PUBACK. */
	function delivered(waitMs: number, wantsTime = true) {
		const clock = clockwork(waitMs);
		const all = rig({ time: clock.time });
		all.frames.wantsTime = wantsTime;
		const tcp = all.open();
		const finish = () => {
			tcp.writable(1000);
			tcp.receive(...CONNACK);
			for (const id of [1, 2, 3]) tcp.receive(0x40, 2, 0, id);
		};
		return { ...all, ...clock, tcp, finish };
	}

	it("mqtt client: the time is asked for once the link is up, and told beside the exchange, which it does not prolong", () => {
		const { counts, answer, finish, log, timers, scheduler, tcp } = delivered(500);
		assert.equal(counts.starts, 1);
		const began = scheduler.now;
		answer(123);
		finish();
		assert.deepEqual(log.lines, ["time 123", "delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"]);
		assert.deepEqual([scheduler.now, timers.open, tcp.closed], [began, 0, 1]);
	});
	it("mqtt client: the time is not wanted, nobody is asked", () => {
		const { counts, finish, log } = delivered(500, false);
		finish();
		assert.deepEqual([counts.starts, log.lines.at(-1)], [0, "idle"]);
	});
	it("mqtt client: no answer yet when all is delivered, idle waits as long as that is worth, with the connection closed", () => {
		const { finish, log, timers, run, scheduler, tcp, counts } = delivered(500);
		finish();
		assert.deepEqual([log.lines.at(-1), tcp.closed, tcp.sent.slice(-4)], ["delivered 5 peer", 1, "e000"]);
		tcp.options.onError(); // late: the server closed its end
		run(scheduler.now + 499);
		assert.equal(log.lines.at(-1), "delivered 5 peer");
		run(scheduler.now + 1);
		assert.deepEqual([log.lines.at(-1), timers.open], ["idle", 0]);
		assert.ok(counts.closes > 0);
		run(scheduler.now + 5000);
		assert.equal(log.lines.filter((line) => line === "idle").length, 1);
	});
	it("mqtt client: the answer comes while it waits, idle at once", () => {
		const { finish, log, timers, run, scheduler, answer } = delivered(500);
		finish();
		run(scheduler.now + 100);
		answer(7);
		assert.deepEqual([...log.lines.slice(-2), timers.open], ["time 7", "idle", 0]);
	});
	it("mqtt client: closed while it waits, nothing is told", () => {
		const { finish, log, timers, run, scheduler, client, answer } = delivered(500);
		finish();
		client.close();
		answer(7);
		run(scheduler.now + 1000);
		assert.deepEqual([log.lines.at(-1), timers.open], ["delivered 5 peer", 0]);
	});
	it("mqtt client: the exchange fails, no answer is waited for", () => {
		const { log, timers, tcp } = delivered(500);
		tcp.options.onError();
		assert.deepEqual([log.lines.at(-1), timers.open], ["failed lost", 0]);
	});

	it("mqtt client: closed, start throws", () => {
		const { client, frames, log } = rig();
		client.close();
		assert.throws(() => client.start(frames, 1000, log), { code: "closed" });
	});

	const failures: readonly (readonly [string, string, (tcp: FakeTcp) => void])[] = [
		["an error before the connection", "failed lost", (tcp) => tcp.options.onError()],
		[
			"an error while connecting to MQTT",
			"failed lost",
			(tcp) => {
				tcp.writable(1000);
				tcp.options.onError();
			},
		],
		[
			"a refusal",
			"failed refused",
			(tcp) => {
				tcp.writable(1000);
				tcp.receive(0x20, 3, 0, 0x87, 0);
			},
		],
		[
			"a broken packet",
			"failed protocol",
			(tcp) => {
				tcp.writable(1000);
				tcp.receive(0x21);
			},
		],
		[
			"a packet that is too large",
			"failed protocol",
			(tcp) => {
				tcp.writable(1000);
				tcp.receive(...CONNACK, 0x30, 0xff, 0x7f);
			},
		],
	];
	for (const [title, line, act] of failures)
		it(`mqtt client: ${title}, "${line}" once, every handle closed before`, () => {
			const { timers, open, log, client } = rig();
			const tcp = open();
			let closedBefore = 0;
			let openTimers = -1;
			log.after = () => {
				closedBefore = tcp.closed;
				openTimers = timers.open;
				client.close();
			};
			act(tcp);
			assert.deepEqual(log.lines, [line]);
			assert.equal(closedBefore, 1);
			assert.equal(openTimers, 0);
			tcp.options.onError();
			tcp.options.onWritable(100);
			tcp.options.onReadable(5);
			assert.deepEqual(log.lines, [line], "late events");
		});

	it("mqtt client: a broken packet, the server is told why in 5.0", () => {
		const { open } = rig();
		const tcp = open();
		tcp.writable(1000);
		tcp.sent = "";
		tcp.receive(0x21);
		assert.equal(tcp.sent, "e00181");
	});

	it("mqtt client: a broken packet while a PUBLISH is half sent, nothing more is written into it", () => {
		const { open, log } = rig();
		const tcp = open();
		tcp.writable(22 + 3); // CONNECT, and the beginning of PUBLISH
		tcp.receive(...CONNACK);
		assert.equal(tcp.sent.slice(44), "320800");
		tcp.room = 1000;
		tcp.receive(0x21);
		assert.equal(tcp.sent.slice(44), "320800");
		assert.deepEqual(log.lines, ["failed protocol"]);
	});

	it("mqtt client: a name that does not resolve, failed unresolved", () => {
		const { client, run, lookUps, frames, log, timers } = rig();
		client.start(frames, 1000, log);
		run(0);
		lookUps[0]!.done(undefined);
		assert.deepEqual(log.lines, ["failed unresolved"]);
		assert.equal(timers.open, 0);
	});

	it("mqtt client: a socket that cannot be made, failed io", () => {
		const { client, run, lookUps, frames, log, timers } = rig({ refuse: true });
		client.start(frames, 1000, log);
		run(0);
		lookUps[0]!.done("nonsense");
		assert.deepEqual(log.lines, ["failed io"]);
		assert.equal(timers.open, 0);
	});

	it("mqtt client: the deadline at each stage, failed timeout and nothing left open", () => {
		for (const stage of ["look-up", "connect", "CONNACK", "PUBACK"]) {
			const { client, run, open, lookUps, frames, log, timers, sockets } = rig();
			if (stage === "look-up") {
				client.start(frames, 1000, log);
				run(0);
			} else {
				const tcp = open();
				if (stage !== "connect") tcp.writable(1000);
				if (stage === "PUBACK") tcp.receive(...CONNACK);
			}
			run(999);
			assert.deepEqual(log.lines, [], stage);
			run(1000);
			assert.deepEqual(log.lines, ["failed timeout"], stage);
			assert.equal(timers.open, 0, stage);
			assert.equal(lookUps[0]!.ended, stage === "look-up", stage);
			assert.ok(
				sockets.every((socket) => socket.closed === 1),
				stage,
			);
			lookUps[0]!.done("192.0.2.1");
			assert.equal(sockets.length, stage === "look-up" ? 0 : 1, "a late answer opens nothing");
		}
	});

	it("mqtt client: the deadline while DISCONNECT waits for room, idle: all is acknowledged", () => {
		const { open, run, log } = rig();
		const tcp = open();
		tcp.writable(22 + 10 + 10 + 9);
		tcp.receive(...CONNACK, 0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3);
		assert.equal(log.lines.length, 3);
		run(1000);
		assert.equal(log.lines.at(-1), "idle");
	});

	it("mqtt client: closed inside delivered, no event follows and nothing is read from the closed socket", () => {
		const { client, open, log, timers } = rig();
		const tcp = open();
		log.after = () => client.close();
		tcp.writable(1000);
		tcp.receive(...CONNACK, 0x40, 2, 0, 1, 0x40, 2, 0, 2);
		assert.deepEqual(log.lines, ["delivered 2 peer"]);
		assert.equal(tcp.closed, 1);
		assert.equal(timers.open, 0);
	});

	it("mqtt client: started again inside idle, a second exchange with the next identifier", () => {
		const { client, open, run, lookUps, sockets, log } = rig();
		const tcp = open();
		const more = new Frames(1, 1);
		log.after = (line) => {
			if (line === "idle" && sockets.length === 1) client.start(more, 1000, log);
		};
		tcp.writable(1000);
		tcp.receive(...CONNACK, 0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3, 0xd0); // a late byte, not for the second
		run(0);
		lookUps[1]!.done("192.0.2.1");
		const second = sockets[1]!;
		second.writable(1000);
		second.receive(...CONNACK);
		assert.equal(second.sent.slice(44), "320700017400040001");
		second.receive(0x40, 2, 0, 4);
		assert.deepEqual(log.lines.slice(-3), ["idle", "delivered 1 peer", "idle"]);
	});

	it("mqtt client: after a broken packet and after a half one, the next exchange starts fresh", () => {
		for (const last of [0x21, 0x40]) {
			const { client, open, run, lookUps, sockets, frames, log } = rig();
			const tcp = open();
			tcp.writable(1000);
			tcp.receive(...CONNACK, last);
			run(1000);
			assert.equal(log.lines.length, 1);
			frames.rewind();
			client.start(frames, 1000, log);
			run(1000);
			lookUps[1]!.done("192.0.2.1");
			const second = sockets[1]!;
			second.writable(1000);
			second.receive(...CONNACK, 0x40, 2, 0, 2, 0x40, 2, 0, 3, 0x40, 2, 0, 4);
			assert.deepEqual(log.lines.slice(1), ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"]);
		}
	});

	it("mqtt client: silence for the keep-alive time, PINGREQ; an exchange that is shorter sets no timer for it", () => {
		const { open, run, timers } = rig({ keepAliveSeconds: 1 });
		const tcp = open(10_000);
		tcp.writable(1000);
		tcp.receive(...CONNACK);
		assert.equal(timers.open, 2);
		tcp.sent = "";
		run(3500);
		assert.equal(tcp.sent, "c000c000c000");
		const short = rig({ keepAliveSeconds: 1 });
		short.open(1000).writable(1000);
		assert.equal(short.timers.open, 1);
	});

	it("mqtt client: silence while a PUBLISH waits for room, no PINGREQ inside it", () => {
		const { open, run } = rig({ keepAliveSeconds: 1 });
		const tcp = open(10_000);
		tcp.writable(22 + 3);
		tcp.receive(...CONNACK);
		run(2500);
		tcp.writable(1000);
		assert.equal(tcp.sent.slice(44), "3208000174000100" + "0102");
	});

	it("mqtt client: what it retains, restored by the next, identifiers go on", () => {
		const first = rig();
		const tcp = first.open();
		tcp.writable(1000);
		tcp.receive(...CONNACK);
		first.client.close();
		const bytes = new DataView(new ArrayBuffer(128));
		assert.equal(first.client.retain(bytes), 2);
		const next = rig();
		assert.equal(next.client.restore(bytes, first.client.retainedVersion), true);
		const again = next.open();
		again.writable(1000);
		again.receive(...CONNACK);
		assert.equal(again.sent.slice(44), "32080001740002000102", "the same records, as a new PUBLISH");
	});
});

describe("direct link", () => {
	it("direct link: closed before it is up, tells nothing; started again, it is up", () => {
		const scheduler = new Scheduler();
		const timers = new VirtualTimers(scheduler);
		const link = new DirectLink(timers);
		link.start(1000, { up: () => assert.fail("up"), down: () => assert.fail("down") });
		link.close();
		link.close();
		assert.equal(timers.open, 0);
		while (scheduler.advance());
		let ups = 0;
		link.start(1000, { up: () => ups++, down: () => assert.fail("down") });
		assert.equal(ups, 0);
		while (scheduler.advance());
		assert.equal(ups, 1);
	});
});
