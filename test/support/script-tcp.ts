import type { Tcp, TcpConstructor, TcpOptions } from "../../net/mqtt/client.js";
import { declareMqtt, type MqttOptions } from "../../net/mqtt/declaration.js";
import type { Uplink } from "../../net/uplink.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Seeded } from "../../sim/seeded.js";
import { Frames, Log } from "./frames.js";
import { Served } from "./served.js";
import { VirtualTimers } from "./virtual-timers.js";

/** A packet as it stands on the wire. */
export interface WirePacket {
	/** Control packet type, and the four flags beside it. Source: MQTT 5.0 §2.1. */
	readonly type: number;
	readonly flags: number;
	readonly body: readonly number[];
}

/** One packet's bytes. */
export function wire(type: number, flags: number, body: readonly number[]): number[] {
	const length: number[] = [];
	let left = body.length;
	do {
		length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
		left >>= 7;
	} while (left > 0);
	return [(type << 4) | flags, ...length, ...body];
}

/** Splits bytes that are whole packets. */
export function packetsOf(bytes: readonly number[]): WirePacket[] {
	const packets: WirePacket[] = [];
	for (let at = 0; at < bytes.length; ) {
		const first = bytes[at++]!;
		let length = 0;
		for (let shift = 0; ; shift += 7) {
			const byte = bytes[at++]!;
			length += (byte & 0x7f) << shift;
			if (byte < 0x80) break;
		}
		packets.push({ type: first >> 4, flags: first & 15, body: bytes.slice(at, at + length) });
		at += length;
	}
	return packets;
}

/** A connection as strict as the SDK's, whose other end is the test. It needs nothing but the language. */
export class ScriptTcp implements Tcp {
	readonly options: TcpOptions;
	isClosed = false;
	room = 0;
	/** All that was written, and the lengths of the writes. */
	readonly sent: number[] = [];
	readonly writes: number[] = [];
	largestRead = 0;
	/** Hears what was written. */
	onWrite: (() => void) | undefined;
	#inbox: Uint8Array = new Uint8Array(0);
	constructor(options: TcpOptions) {
		this.options = options;
	}
	read(buffer: Uint8Array): number | undefined {
		if (this.isClosed) throw new SyntaxError("closed");
		if (!this.#inbox.length) return undefined;
		if (!buffer.length || buffer.length > this.#inbox.length) throw new Error("invalid");
		this.largestRead = Math.max(this.largestRead, buffer.length);
		buffer.set(this.#inbox.subarray(0, buffer.length));
		this.#inbox = this.#inbox.subarray(buffer.length);
		return buffer.length;
	}
	write(buffer: Uint8Array): number | undefined {
		if (this.isClosed) throw new SyntaxError("closed");
		if (buffer.length > this.room) throw new Error("would block");
		for (const byte of buffer) this.sent.push(byte);
		this.writes.push(buffer.length);
		this.room -= buffer.length;
		this.onWrite?.();
		return this.room;
	}
	close(): void {
		this.isClosed = true;
	}
	/** The connection takes so many bytes now. */
	writable(room: number) {
		if (this.isClosed) return;
		this.room = room;
		this.options.onWritable(room);
	}
	receive(bytes: readonly number[] | Uint8Array) {
		if (this.isClosed || !bytes.length) return;
		const all = new Uint8Array(this.#inbox.length + bytes.length);
		all.set(this.#inbox);
		all.set(bytes, this.#inbox.length);
		this.#inbox = all;
		this.options.onReadable(all.length);
	}
	lose() {
		if (!this.isClosed) this.options.onError();
	}
}

/** A client as a node declares it, a time of its own, and the connections that it opens. */
export class ScriptRig {
	readonly scheduler = new Scheduler();
	readonly timers = new VirtualTimers(this.scheduler);
	readonly sockets: ScriptTcp[] = [];
	readonly frames: Frames;
	readonly log: Log;
	readonly deadlineMs: number;
	/** Runs for each connection that is opened. */
	onConnection: ((tcp: ScriptTcp) => void) | undefined;
	readonly #TCP: TcpConstructor;
	readonly #options: MqttOptions;
	uplink: Uplink;

	constructor(options: MqttOptions, frames = new Frames(9, 3), deadlineMs = 1000) {
		const rig = this;
		this.#TCP = class extends ScriptTcp {
			constructor(options: TcpOptions) {
				super(options);
				rig.sockets.push(this);
				rig.onConnection?.(this);
			}
		};
		this.#options = options;
		this.frames = frames;
		this.log = new Log(frames);
		this.deadlineMs = deadlineMs;
		this.uplink = this.#create();
	}
	/** Begins an exchange, up to its connection. */
	open(): ScriptTcp | undefined {
		const before = this.sockets.length;
		this.frames.rewind();
		this.uplink.start(this.frames, this.deadlineMs, this.log);
		while (this.sockets.length === before && this.scheduler.advance(this.scheduler.now + 1));
		return this.sockets[before];
	}
	/** Lets time pass, up to the deadline and by default beyond all that can happen. */
	run(ms = this.deadlineMs + 1): void {
		const until = this.scheduler.now + ms;
		while (this.scheduler.advance(until));
		this.scheduler.skipTo(until);
	}
	/** Deep sleep: another client, with nothing but what this one retained. */
	sleep(): void {
		const bytes = new Uint8Array(128);
		const length = this.uplink.retain(new DataView(bytes.buffer));
		const version = this.uplink.retainedVersion;
		this.uplink.close();
		this.uplink = this.#create();
		this.uplink.restore(new DataView(bytes.buffer, 0, length), version);
	}

	#create(): Uplink {
		const { scheduler, timers } = this;
		const random = new Seeded(1);
		return declareMqtt({ mtu: 64, ...this.#options }, this.#TCP, (_name, done) => {
			let pending = true;
			const timer = timers.set(() => {
				if (pending) done("192.0.2.1");
				pending = false;
			}, 0);
			return () => {
				pending = false;
				timer.close();
			};
		}).create(
			{
				clock: { nowMs: () => scheduler.now },
				timers,
				entropy: { fill: (into) => into.fill(random.u32() & 255) },
				nodeId: "n1",
				setting: () => undefined,
			},
			new Served({ longestQuietMs: 86_400_000 }),
		);
	}
}
