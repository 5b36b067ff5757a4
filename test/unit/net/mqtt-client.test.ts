import { toHex } from "../../../modules/core/bytes.js";
import { DirectLink } from "../../../net/link/direct.js";
import type { LinkListener } from "../../../net/link/link.js";
import { MqttClient, type MqttClientOptions, type Tcp, type TcpOptions } from "../../../net/mqtt/client.js";
import type { CompanionMessage } from "../../../net/mqtt/companion.js";
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

/** CONNECT of 5.0 and of 3.1.1, and with a session that goes on. */
const CONNECT = "101c00044d51545405020000" + "0d110001518021000427000001000002" + "6e31";
const RESUME = CONNECT.replace("0502", "0500");
const CONNECT_4 = "100e00044d515454040200000002" + "6e31";
const CONNACK = [0x20, 3, 0, 0, 0];
const RESUMED = [0x20, 3, 1, 0, 0];
const PUBACKS = [0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0, 3];
/** The three frames of five records, each as PUBLISH. */
const FRAMES = ["32080001740001000102", "32080001740002000304", "320700017400030005"] as const;
const DELIVERED = ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"];

/** A client over hand-driven parts. */
function rig(more: Partial<MqttClientOptions> & { refuse?: boolean } = {}) {
	const scheduler = new Scheduler();
	const timers = new VirtualTimers(scheduler);
	const sockets: FakeTcp[] = [];
	const lookUps: { name: string; done: (address: string | undefined) => void; ended: boolean }[] = [];
	const { refuse, ...options } = more;
	const client = new MqttClient({
		TCP: class extends FakeTcp {
			constructor(options: TcpOptions) {
				super(options);
				if (refuse) throw new Error("invalid address");
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
		link: new DirectLink(timers),
		timers,
		broker: "broker.local",
		port: 1883,
		topic: "t",
		version: 5,
		mtu: 64,
		keepAliveSeconds: 0,
		clientId: "n1",
		...options,
	});
	const frames = new Frames(5, 2);
	const log = new Log(frames);
	const run = (until: number) => {
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	/** Starts, up to the open connection; where the address is remembered, that comes without a look-up. */
	const open = (deadlineMs = 1000, source = frames): FakeTcp => {
		const { length } = sockets;
		client.start(source, deadlineMs, log);
		run(scheduler.now);
		if (sockets.length === length) lookUps.at(-1)!.done("192.0.2.1");
		return sockets.at(-1)!;
	};
	return { client, scheduler, timers, sockets, lookUps, frames, log, run, open };
}

/** What a client remembers, as another one's. */
function remembered(client: MqttClient, next: MqttClient): number {
	const bytes = new DataView(new ArrayBuffer(128));
	const length = client.retain(bytes);
	assert.ok(next.restore(new DataView(bytes.buffer, 0, length), client.retainedVersion));
	return length;
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
		assert.equal(tcp.sent, CONNECT + FRAMES[0], "the first frame does not wait for CONNACK");
		assert.equal(tcp.writes.length, 1, "both in one segment");
		tcp.sent = "";
		tcp.receive(...CONNACK);
		assert.equal(tcp.sent, FRAMES[1] + FRAMES[2], "what the server is known to take, it gets at once");
		assert.deepEqual(log.lines, []);
		tcp.sent = "";
		tcp.receive(...PUBACKS);
		assert.equal(tcp.sent, "e000");
		assert.deepEqual(log.lines, DELIVERED);
		assert.equal(tcp.closed, 1);
		assert.equal(timers.open, 0);
		client.close();
		client.close();
		assert.equal(tcp.closed, 1);
	});

	it("mqtt client: a server that is known, four frames and CONNECT without waiting; the address without a look-up", () => {
		const first = rig();
		first.open().writable(1000);
		first.sockets[0]!.receive(...CONNACK, ...PUBACKS);
		const next = rig();
		assert.equal(remembered(first.client, next.client), 21, "nothing in flight");
		const frames = new Frames(10, 2);
		const tcp = next.open(1000, frames);
		assert.equal(next.lookUps.length, 0);
		assert.equal(tcp.options.address, "192.0.2.1");
		tcp.writable(1000);
		assert.equal(
			tcp.sent,
			`${RESUME}32080001740004000102320800017400050003043208000174000600050632080001740007000708`,
			"identifiers go on",
		);
		tcp.receive(...RESUMED, 0x40, 2, 0, 4);
		assert.equal(tcp.sent.slice(-20), "3208000174000800090a", "one more for each that is acknowledged");
	});

	it("mqtt client: room for one byte at a time, the same bytes", () => {
		const whole = rig();
		const wide = whole.open();
		wide.writable(1000);
		wide.receive(...CONNACK, ...PUBACKS);
		const { open, log } = rig();
		const tcp = open();
		const pump = () => {
			for (let n = 0; n < 80 && !tcp.closed; n++) tcp.writable(1);
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
			const bytes = [...CONNACK, ...PUBACKS];
			if (together) tcp.receive(...bytes);
			else for (const byte of bytes) tcp.receive(byte);
			assert.deepEqual(log.lines, DELIVERED);
		}
	});

	it("mqtt client: 3.1.1, without properties, and without a session where nothing is subscribed", () => {
		const { client, open, log } = rig({ version: 4 });
		for (let wake = 0; wake < 2; wake++) {
			const tcp = open(1000, new Frames(1, 1));
			tcp.writable(1000);
			assert.equal(tcp.sent, `${CONNECT_4}3206000174000${wake + 1}01`);
			tcp.receive(0x20, 2, 0, 0);
			tcp.receive(0x40, 2, 0, wake + 1);
		}
		assert.deepEqual(log.lines, ["delivered 1 peer", "idle", "delivered 1 peer", "idle"]);
		assert.equal(client.reason, 0);
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

	it("mqtt client: closed, start throws", () => {
		const { client, frames, log } = rig();
		client.close();
		assert.throws(() => client.start(frames, 1000, log), { code: "closed" });
	});

	const failures: readonly (readonly [string, string, (tcp: FakeTcp) => void])[] = [
		["an error before the connection", "failed lost", (tcp) => tcp.options.onError()],
		[
			"an error after CONNACK",
			"failed lost",
			(tcp) => {
				tcp.writable(1000);
				tcp.receive(...CONNACK);
				tcp.options.onError();
			},
		],
		["an error that has a name", "failed key", (tcp) => tcp.options.onError("key")],
		[
			"another client with the same identifier",
			"failed taken-over",
			(tcp) => {
				tcp.writable(1000);
				tcp.receive(...CONNACK, 0xe0, 1, 0x8e);
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
		tcp.writable(30 + 3); // CONNECT, and the beginning of PUBLISH
		assert.equal(tcp.sent.slice(60), "320800");
		tcp.receive(...CONNACK);
		tcp.receive(0x21);
		assert.equal(tcp.sent.slice(60), "320800");
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
		tcp.writable(30 + 10 + 10 + 9);
		tcp.receive(...CONNACK, ...PUBACKS);
		assert.equal(log.lines.length, 3);
		run(1000);
		assert.equal(log.lines.at(-1), "idle");
	});

	it("mqtt client: closed inside delivered, no event follows and nothing is read from the closed socket", () => {
		const { client, open, log, timers } = rig();
		const tcp = open();
		log.after = () => client.close();
		tcp.writable(1000);
		tcp.receive(...CONNACK, ...PUBACKS);
		assert.deepEqual(log.lines, ["delivered 2 peer"]);
		assert.equal(tcp.closed, 1);
		assert.equal(timers.open, 0);
	});

	it("mqtt client: started again inside idle, a second exchange with the next identifier", () => {
		const { client, open, run, sockets, log } = rig();
		const tcp = open();
		const more = new Frames(1, 1);
		log.after = (line) => {
			if (line === "idle" && sockets.length === 1) client.start(more, 1000, log);
		};
		tcp.writable(1000);
		tcp.receive(...CONNACK, ...PUBACKS, 0xd0); // a late byte, not for the second
		run(0);
		const second = sockets[1]!;
		second.writable(1000);
		assert.equal(second.sent, `${RESUME}320700017400040001`);
		second.receive(...RESUMED);
		second.receive(0x40, 2, 0, 4);
		assert.deepEqual(log.lines.slice(-3), ["idle", "delivered 1 peer", "idle"]);
	});

	it("mqtt client: after a broken packet and after a half one, the next exchange starts fresh", () => {
		for (const last of [0x21, 0x40]) {
			const { open, run, frames, log } = rig();
			const tcp = open();
			tcp.writable(1000);
			tcp.receive(...CONNACK, last);
			run(1000);
			assert.equal(log.lines.length, 1);
			const second = open(1000, frames);
			second.writable(1000);
			// after what is no MQTT the session is begun anew; where the time was over, it goes on
			const again = last === 0x40;
			assert.ok(second.sent.startsWith(again ? RESUME : CONNECT));
			assert.equal(second.sent.slice(60, 62), again ? "3a" : "32", "DUP");
			second.receive(...(again ? RESUMED : CONNACK));
			const ids = again ? [1, 2, 3] : [4, 5, 6];
			second.receive(...ids.flatMap((id) => [0x40, 2, 0, id]));
			assert.deepEqual(log.lines.slice(1), DELIVERED);
		}
	});

	it("mqtt client: silence for the keep-alive time, PINGREQ; an exchange that is shorter sets no timer for it", () => {
		const { open, run, timers, log } = rig({ keepAliveSeconds: 1 });
		const tcp = open(10_000);
		tcp.writable(1000);
		tcp.receive(...CONNACK);
		assert.equal(timers.open, 2);
		tcp.sent = "";
		for (const at of [1200, 2400, 3600]) {
			run(at);
			tcp.receive(0xd0, 0);
		}
		assert.equal(tcp.sent, "c000c000c000");
		run(4700);
		assert.deepEqual(log.lines, []);
		run(6000);
		assert.deepEqual(log.lines, ["failed timeout"], "no answer within another keep-alive time");
		const short = rig({ keepAliveSeconds: 1 });
		short.open(1000).writable(1000);
		assert.equal(short.timers.open, 1);
	});

	it("mqtt client: the server's keep-alive, obeyed", () => {
		const { open, run } = rig({ keepAliveSeconds: 0 });
		const tcp = open(10_000);
		tcp.writable(1000);
		tcp.receive(0x20, 6, 0, 0, 3, 0x13, 0, 2);
		tcp.sent = "";
		run(2100);
		assert.equal(tcp.sent, "c000");
	});

	it("mqtt client: silence while a PUBLISH waits for room, no PINGREQ inside it", () => {
		const { open, run } = rig({ keepAliveSeconds: 1 });
		const tcp = open(10_000);
		tcp.writable(30 + 3);
		tcp.receive(...CONNACK);
		run(1500);
		tcp.writable(1000);
		const sent = tcp.sent.slice(60);
		assert.ok(sent.startsWith(FRAMES[0]), sent);
		assert.equal(sent.replace("c000", ""), FRAMES.join(""), "PINGREQ stands between packets");
	});

	it("mqtt client: unacknowledged frames, sent again by the next wake, DUP, same identifiers and bytes, in order", () => {
		const first = rig();
		const tcp = first.open();
		tcp.writable(1000);
		tcp.receive(...CONNACK, 0x40, 2, 0, 1);
		first.run(1000);
		assert.deepEqual(first.log.lines, ["delivered 2 peer", "failed timeout"]);
		const next = rig();
		assert.equal(remembered(first.client, next.client), 21 + 2 * 14);
		next.frames.delivered = 2;
		const again = next.open();
		again.writable(1000);
		const dup = FRAMES.map((frame) => `3a${frame.slice(2)}`);
		assert.equal(again.sent, RESUME + dup[1] + dup[2]);
		again.receive(...RESUMED, 0x40, 2, 0, 2, 0x40, 2, 0, 3);
		assert.deepEqual(next.log.lines, ["delivered 4 peer", "delivered 5 peer", "idle"]);
	});

	it("mqtt client: frames in flight that cannot be made again, a clean start and new identifiers", () => {
		const first = rig();
		const tcp = first.open();
		tcp.writable(1000);
		tcp.receive(...CONNACK);
		first.run(1000);
		const next = rig();
		remembered(first.client, next.client);
		next.frames.isGone = true;
		const again = next.open();
		again.writable(1000);
		assert.equal(again.sent.slice(0, 80), `${CONNECT}32080001740004000102`);
		again.receive(...CONNACK, 0x40, 2, 0, 4, 0x40, 2, 0, 5, 0x40, 2, 0, 6);
		assert.deepEqual(next.log.lines, DELIVERED);
	});

	it("mqtt client: a wake that does not follow a deep sleep, or another server, a clean start; limits stay with the server", () => {
		for (const other of [{ node: { resumed: false } }, { broker: "other.local" }, { clientId: "n2" }, { port: 1884 }]) {
			const first = rig();
			const tcp = first.open();
			tcp.writable(1000);
			tcp.receive(...CONNACK);
			first.run(1000);
			const next = rig(other);
			remembered(first.client, next.client);
			const again = next.open();
			again.writable(1000);
			assert.equal(again.sent.slice(18, 20), "02", JSON.stringify(other));
			assert.ok(!again.sent.includes("3a08"), "nothing is sent again");
			assert.equal(next.lookUps.length, 1);
		}
	});

	it("mqtt client: the server lost the session, frames that are on their way stay, the others are new to it", () => {
		const first = rig();
		const tcp = first.open();
		tcp.writable(1000);
		tcp.receive(0x20, 6, 0, 0, 3, 0x21, 0, 2); // receive maximum 2
		first.run(1000);
		const next = rig();
		remembered(first.client, next.client);
		const again = next.open();
		again.writable(1000);
		assert.equal(again.sent, `${RESUME}3a${FRAMES[0].slice(2)}3a${FRAMES[1].slice(2)}`);
		again.sent = "";
		again.receive(0x20, 6, 0, 0, 3, 0x21, 0, 2, 0x40, 2, 0, 1, 0x40, 2, 0, 2);
		assert.equal(again.sent, FRAMES[2]);
	});

	it("mqtt client: acknowledged out of order, told in order; what cannot be told is not remembered", () => {
		const { client, open, log, run } = rig();
		const tcp = open();
		tcp.writable(1000);
		tcp.receive(...CONNACK, 0x40, 2, 0, 2);
		assert.deepEqual(log.lines, []);
		assert.equal(client.retain(new DataView(new ArrayBuffer(128))), 21);
		tcp.receive(0x40, 2, 0, 1);
		assert.deepEqual(log.lines, ["delivered 4 peer"]);
		tcp.receive(0x40, 2, 0, 3);
		assert.deepEqual(log.lines.slice(1), ["delivered 5 peer", "idle"]);
		run(2000);
	});

	it("mqtt client: what it retained in pieces, too short or of another version, not restored", () => {
		const { client, open, run } = rig();
		const tcp = open();
		tcp.writable(1000);
		tcp.receive(...CONNACK);
		run(1000);
		const bytes = new DataView(new ArrayBuffer(128));
		const length = client.retain(bytes);
		assert.equal(length, 21 + 3 * 14);
		for (let short = 0; short < length; short++)
			assert.equal(rig().client.restore(new DataView(bytes.buffer, 0, short), 2), false, `${short} bytes`);
		assert.equal(rig().client.restore(bytes, 1), false);
		bytes.setUint8(1, 5);
		assert.equal(rig().client.restore(bytes, 2), false, "more in flight than there can be");
	});

	const healed: readonly (readonly [string, readonly number[], boolean, string])[] = [
		["unsupported version", [0x20, 3, 0, 0x84, 0], true, CONNECT_4],
		["a return code of 3.1.1", [0x20, 2, 0, 1], true, CONNECT_4],
		["nothing but the end", [], true, CONNECT_4],
		["too large a packet", [...CONNACK, 0xe0, 1, 0x95], false, RESUME],
		["too many publishes", [...CONNACK, 0xe0, 1, 0x93], false, RESUME],
		["a topic alias", [...CONNACK, 0xe0, 1, 0x94], false, RESUME],
	];
	for (const [title, answer, isOld, connect] of healed)
		it(`mqtt client: refused for ${title}, tried once more at once in another way; then it is over`, () => {
			const { open, log, sockets, timers } = rig();
			const tcp = open();
			tcp.writable(1000);
			if (answer.length) tcp.receive(...answer);
			else tcp.options.onError();
			assert.equal(tcp.closed, 1);
			assert.equal(sockets.length, 2);
			assert.deepEqual(log.lines, []);
			const second = sockets[1]!;
			assert.equal(second.options.address, "192.0.2.1");
			second.writable(1000);
			assert.ok(second.sent.startsWith(connect), second.sent);
			if (isOld) second.receive(0x20, 2, 0, 3);
			else second.receive(...CONNACK, 0xe0, 1, 0x93);
			assert.equal(log.lines.length, 1, "no third");
			assert.ok(log.lines[0]!.startsWith("failed"));
			assert.equal(timers.open, 0);
		});

	it("mqtt client: 3.1.1 after a refusal, remembered across sleep; not where it was refused as well", () => {
		for (const accepts of [true, false]) {
			const first = rig();
			first.open().writable(1000);
			first.sockets[0]!.receive(0x20, 3, 0, 0x84, 0);
			const second = first.sockets[1]!;
			second.writable(1000);
			second.receive(0x20, 2, 0, accepts ? 0 : 5);
			if (accepts) second.receive(0x40, 2, 0, 2, 0x40, 2, 0, 3, 0x40, 2, 0, 4);
			assert.equal(first.log.lines.at(-1), accepts ? "idle" : "failed refused");
			const next = rig();
			remembered(first.client, next.client);
			const tcp = next.open();
			tcp.writable(1000);
			assert.ok(tcp.sent.startsWith(accepts ? CONNECT_4 : CONNECT), tcp.sent);
		}
	});

	it("mqtt client: a remembered address that does not connect, looked up again in the same exchange", () => {
		for (const how of ["refused", "silent"]) {
			const first = rig();
			first.open().writable(1000);
			first.sockets[0]!.receive(...CONNACK, ...PUBACKS);
			const next = rig();
			remembered(first.client, next.client);
			next.client.start(next.frames, 1000, next.log);
			next.run(0);
			if (how === "refused") next.sockets[0]!.options.onError();
			else next.run(250);
			assert.equal(next.sockets[0]!.closed, 1);
			next.lookUps[0]!.done("192.0.2.9");
			assert.equal(next.sockets[1]!.options.address, "192.0.2.9");
			next.sockets[1]!.options.onError();
			assert.deepEqual(next.log.lines, ["failed lost"], "once");
			assert.equal(next.timers.open, 0);
		}
	});

	it("mqtt client: after an exchange that failed, the address is looked up", () => {
		const { open, run, lookUps } = rig();
		const tcp = open();
		tcp.writable(1000);
		tcp.receive(...CONNACK);
		run(1000);
		open();
		assert.equal(lookUps.length, 2);
	});

	it("mqtt client: a topic alias where the server takes one, given with the second frame and used from the third on", () => {
		const { open, log } = rig({ topic: "topic" });
		const tcp = open();
		tcp.writable(1000);
		tcp.sent = "";
		tcp.receive(0x20, 6, 0, 0, 3, 0x22, 0, 1);
		assert.equal(tcp.sent, "320f0005746f7069630002032300010304" + "32090000000303230001" + "05");
		tcp.receive(...PUBACKS);
		assert.deepEqual(log.lines, DELIVERED);
	});

	it("mqtt client: a packet that the server does not take, smaller at once; a server without QoS 1, unsupported", () => {
		const { open } = rig({ mtu: 900 });
		const tcp = open(1000, new Frames(2000, 2000));
		tcp.writable(2000);
		assert.ok(tcp.sent.length > 2 * 900);
		tcp.sent = "";
		tcp.receive(0x20, 8, 0, 0, 5, 0x27, 0, 0, 1, 0);
		assert.equal(tcp.writes.at(-1), 3 * (256 - 22 + 9), "the next frames are within its limit");
		const none = rig();
		const other = none.open();
		other.writable(1000);
		other.sent = "";
		other.receive(0x20, 5, 0, 0, 2, 0x24, 0);
		assert.deepEqual(none.log.lines, ["failed unsupported"]);
		assert.equal(other.sent, "e000");
	});

	it("mqtt client: a frame for a server that is not known, no packet above 1024 bytes", () => {
		const { open } = rig({ mtu: 16_384 });
		const tcp = open(1000, new Frames(20_000, 20_000));
		tcp.writable(30_000);
		assert.ok(tcp.sent.length / 2 - 30 <= 1024 && tcp.sent.length / 2 - 30 > 1000, `${tcp.sent.length / 2}`);
	});

	describe("downlinks", () => {
		const downlinks = { topic: "c", window: 2 };
		const SUBSCRIBE = "82070001" + "00" + "00016301";
		/** PUBLISH of QoS 1 with identifier 9; QoS 0; the same again. */
		const ONE = [0x32, 8, 0, 1, 0x63, 0, 9, 0, 0xca, 0xfe];
		const NONE = [0x30, 5, 0, 1, 0x63, 0, 0xaa];
		const AGAIN = [0x3a, ...ONE.slice(1)];
		const some = () => {
			const all = rig({ downlinks });
			const tcp = all.open(10_000, new Frames(1, 1));
			tcp.writable(1000);
			return { ...all, tcp };
		};

		it("mqtt client: the first connection, CONNECT, SUBSCRIBE and PUBLISH in one segment; the window, then the end", () => {
			const { tcp, log, run } = some();
			assert.equal(tcp.sent.slice(60), `${SUBSCRIBE}320700017400020001`);
			assert.equal(tcp.writes.length, 1);
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2);
			run(1999);
			assert.deepEqual(log.lines, ["delivered 1 peer"]);
			run(2000);
			assert.deepEqual(log.lines, ["delivered 1 peer", "idle"]);
			assert.equal(tcp.sent.slice(-4), "e000");
		});

		it("mqtt client: a message, acknowledged once taken, and the window begins again", () => {
			const { tcp, log, run } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2);
			run(1500);
			tcp.sent = "";
			tcp.receive(...ONE);
			assert.equal(tcp.sent, "40020009");
			run(3400);
			tcp.receive(...NONE);
			run(5300);
			assert.deepEqual(log.lines, ["delivered 1 peer", "downlink cafe", "downlink aa"]);
			run(5400);
			assert.equal(log.lines.at(-1), "idle");
			assert.equal(tcp.sent, "40020009" + "e000");
		});

		it("mqtt client: a message that is not taken, not acknowledged; refused, with the reason; failed three times, given up", () => {
			const { tcp, log } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1);
			tcp.sent = "";
			log.verdict = undefined;
			tcp.receive(...ONE);
			tcp.receive(...AGAIN);
			assert.equal(tcp.sent, "");
			tcp.receive(...AGAIN);
			assert.equal(tcp.sent, "4003000980");
			tcp.receive(...ONE);
			assert.equal(tcp.sent, "4003000980", "counted anew");
			log.verdict = false;
			tcp.receive(...AGAIN);
			assert.equal(tcp.sent, "4003000980" + "4003000983");
			assert.equal(log.lines[1], "downlink cafe again");
		});

		it("mqtt client: how often it failed, remembered across sleep", () => {
			const { tcp, log, client, run } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2);
			log.verdict = undefined;
			tcp.receive(...ONE, ...AGAIN);
			run(10_000);
			const next = rig({ downlinks });
			remembered(client, next.client);
			next.log.verdict = undefined;
			const again = next.open(10_000);
			again.writable(1000);
			again.sent = "";
			again.receive(...RESUMED, ...AGAIN);
			assert.ok(again.sent.endsWith("4003000980"), again.sent);
		});

		it("mqtt client: the session is remembered, no SUBSCRIBE; the server lost it, SUBSCRIBE again", () => {
			const { tcp, client, run } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2);
			run(5000);
			for (const kept of [true, false]) {
				const next = rig({ downlinks });
				remembered(client, next.client);
				const again = next.open(10_000, new Frames(0, 1));
				again.writable(1000);
				assert.equal(again.sent.slice(18, 20), "00");
				assert.ok(!again.sent.includes("8207"));
				again.sent = "";
				again.receive(...(kept ? RESUMED : CONNACK));
				assert.equal(again.sent, kept ? "" : SUBSCRIBE.replace("0001", "0003"));
			}
		});

		it("mqtt client: a subscription that is refused, frames go all the same and there is no window", () => {
			const { tcp, log, client } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 0x87, 0x40, 2, 0, 2);
			assert.deepEqual(log.lines, ["delivered 1 peer", "idle"]);
			assert.equal(client.reason, 0x87);
		});

		it("mqtt client: a subscription that is not answered, the deadline ends it and all is well", () => {
			const { tcp, log, run } = some();
			tcp.receive(...CONNACK, 0x40, 2, 0, 2);
			run(10_000);
			assert.deepEqual(log.lines, ["delivered 1 peer", "idle"]);
			assert.equal(tcp.sent.slice(-4), "e000");
		});

		it("mqtt client: messages without end, the deadline", () => {
			const { tcp, log, run, scheduler } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2);
			while (log.lines.at(-1) !== "idle" && scheduler.now < 20_000) {
				run(scheduler.now + 1000);
				if (!tcp.closed) tcp.receive(...NONE);
			}
			assert.equal(scheduler.now, 10_000);
		});

		it("mqtt client: closed inside downlink, nothing is acknowledged", () => {
			const { tcp, log, client, timers } = some();
			tcp.receive(...CONNACK, 0x90, 4, 0, 1, 0, 1);
			tcp.sent = "";
			log.after = () => client.close();
			tcp.receive(...ONE, ...ONE);
			assert.deepEqual(log.lines, ["downlink cafe"]);
			assert.equal(tcp.sent, "");
			assert.equal(timers.open, 0);
		});

		it("mqtt client: a message nobody subscribed to, and one of QoS 2, end it in words", () => {
			const { open, log } = rig();
			const tcp = open();
			tcp.writable(1000);
			tcp.receive(...CONNACK);
			tcp.sent = "";
			tcp.receive(...NONE);
			assert.equal(tcp.sent, "e00182");
			const other = some();
			other.tcp.receive(...CONNACK);
			other.tcp.sent = "";
			other.tcp.receive(0x34);
			assert.equal(other.tcp.sent, "e0019b");
			assert.deepEqual([...log.lines, ...other.log.lines], ["failed protocol", "failed protocol"]);
		});

		it("mqtt client: 3.1.1, a session that lives on; a message it cannot take is thrown away with the session", () => {
			const first = rig({ downlinks, version: 4 });
			const tcp = first.open(10_000, new Frames(1, 1));
			tcp.writable(1000);
			assert.equal(tcp.sent.slice(16, 20), "0400", "Clean Session 0");
			tcp.receive(0x20, 2, 1, 0, 0x90, 3, 0, 1, 1, 0x30, 0x80, 0x10);
			assert.deepEqual(first.log.lines, ["failed protocol"]);
			const second = first.open(10_000, new Frames(1, 1));
			second.writable(1000);
			assert.equal(second.sent.slice(16, 20), "0402", "Clean Session 1");
			second.receive(0x20, 2, 0, 0, 0x90, 3, 0, 3, 1, 0x40, 2, 0, 4);
			first.run(4000);
			assert.equal(first.log.lines.at(-1), "idle");
			const third = first.open(10_000, new Frames(1, 1));
			third.writable(1000);
			assert.equal(third.sent.slice(16, 20), "0400");
			assert.ok(third.sent.includes("82060005"), "and subscribes");
		});
	});

	describe("companions", () => {
		/** Messages of so many bytes; says what happens. */
		const make = (lengths: readonly number[], qos: 0 | 1) => {
			const told: string[] = [];
			const left = [...lengths];
			const companion = {
				next(message: CompanionMessage) {
					const length = left.shift();
					if (length === undefined) return false;
					Object.assign(message, { topic: "m", qos, retain: true, length, expirySeconds: 0 });
					return true;
				},
				write(offset: number, into: Uint8Array) {
					for (let at = 0; at < into.length; at++) into[at] = offset + at;
				},
				done: () => told.push("done"),
				retain: (into: DataView) => {
					into.setUint32(0, 0xc0ffee);
					return 4;
				},
				restore: (from: DataView) => told.push(from.byteLength ? from.getUint32(0).toString(16) : "none"),
				forgotten: () => told.push("forgotten"),
			};
			return { companion, told };
		};
		const bytes = (length: number) => toHex(Uint8Array.from({ length }, (_, at) => at));

		it("mqtt client: a companion's messages, behind the frames, once the server is known", () => {
			for (const qos of [0, 1] as const) {
				const { companion, told } = make([3, 4], qos);
				const { open, log } = rig({ companion });
				const tcp = open(1000, new Frames(1, 1));
				tcp.writable(1000);
				assert.equal(tcp.sent, `${CONNECT}320700017400010001`);
				tcp.sent = "";
				tcp.receive(...CONNACK);
				if (qos === 0) assert.equal(tcp.sent, `310700016d00${bytes(3)}310800016d00${bytes(4)}`);
				else assert.equal(tcp.sent, `330900016d000200${bytes(3)}`);
				tcp.receive(0x40, 2, 0, 1);
				if (qos) tcp.receive(0x40, 2, 0, 2, 0x40, 2, 0, 3);
				assert.deepEqual(told, ["done", "done"]);
				assert.deepEqual(log.lines, ["delivered 1 peer", "idle"]);
			}
		});

		it("mqtt client: a payload larger than what is sent at once, and room for a few bytes, streamed whole", () => {
			for (const room of [1, 7, 100, 5000]) {
				const { companion, told } = make([3000], 0);
				const { open, log } = rig({ companion });
				const tcp = open(1000, new Frames(1, 1));
				tcp.writable(1000);
				tcp.sent = "";
				tcp.receive(...CONNACK);
				tcp.receive(0x40, 2, 0, 1);
				for (let n = 0; n < 4000 && !tcp.closed; n++) tcp.writable(room);
				assert.equal(tcp.sent, `31bc1700016d00${bytes(3000)}e000`);
				assert.deepEqual(told, ["done"]);
				assert.equal(log.lines.at(-1), "idle");
			}
		});

		it("mqtt client: a companion that is refused or never acknowledged, frames are delivered and the exchange went well", () => {
			for (const how of ["refused", "silent", "too large"]) {
				const { companion, told } = make([30, 3], 1);
				const { open, log, run } = rig({ companion });
				const tcp = open(1000, new Frames(1, 1));
				tcp.writable(1000);
				if (how === "too large") tcp.receive(0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 40);
				else tcp.receive(...CONNACK);
				tcp.receive(0x40, 2, 0, 1);
				if (how === "refused") tcp.receive(0x40, 3, 0, 2, 0x99);
				run(1000);
				assert.deepEqual(log.lines, ["delivered 1 peer", "idle"], how);
				assert.deepEqual(told, [], how);
			}
		});

		it("mqtt client: companion and link, retained behind the session and given back to each", () => {
			const { companion } = make([], 0);
			const links: string[] = [];
			const link = {
				start: () => {},
				close: () => {},
				retain: (into: DataView) => {
					into.setUint16(38, 7);
					return 40;
				},
				restore: (from: DataView) => links.push(`${from.byteLength} ${from.getUint16(38)}`),
			};
			const first = rig({ companion, link });
			const other = make([], 0);
			const next = rig({ companion: other.companion, link });
			assert.equal(remembered(first.client, next.client), 21 + 4 + 40);
			assert.deepEqual(other.told, ["c0ffee"]);
			assert.deepEqual(links, ["40 7"]);
		});

		it("mqtt client: the server lost the session, the companion hears of it", () => {
			const { companion, told } = make([], 0);
			const { open } = rig({ companion });
			for (const answer of [CONNACK, RESUMED, CONNACK]) {
				const tcp = open(1000, new Frames(0, 1));
				tcp.writable(1000);
				tcp.receive(...answer);
			}
			assert.deepEqual(told, ["forgotten"]);
		});
	});

	it("mqtt client: a time source that waits, idle comes with its answer, and the connection is closed before", () => {
		let tell: ((wallMs: number, uncertaintyMs: number) => void) | undefined;
		let closed = 0;
		const time = {
			waitMs: 300,
			start(on: (wallMs: number, uncertaintyMs: number) => void) {
				tell = on;
			},
			close: () => closed++,
		};
		for (const answers of [true, false]) {
			const { open, log, run, timers } = rig({ time });
			const frames = Object.assign(new Frames(0, 1), { wantsTime: true });
			const tcp = open(1000, frames);
			tcp.writable(1000);
			tcp.receive(...CONNACK);
			assert.deepEqual(log.lines, []);
			assert.equal(tcp.closed, 1);
			run(200);
			if (answers) tell!(1234, 5);
			run(400);
			assert.deepEqual(log.lines, answers ? ["time 1234", "idle"] : ["idle"]);
			assert.equal(timers.open, 0);
			tell!(99, 1);
			assert.equal(log.lines.at(-1), "idle", "late");
		}
		assert.ok(closed >= 2);
	});

	it("mqtt client: a will, and DISCONNECT that leaves it in force", () => {
		const { open } = rig({ will: "w", willDelaySeconds: 60 });
		const tcp = open(1000, new Frames(0, 1));
		tcp.writable(1000);
		assert.equal(tcp.sent.slice(18, 20), "2e");
		tcp.receive(...CONNACK);
		assert.equal(tcp.sent.slice(-6), "e00104");
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
