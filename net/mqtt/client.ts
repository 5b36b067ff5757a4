import { utf8, utf8Length } from "../../modules/core/bytes.js";
import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { Timer, Timers } from "../../modules/core/ports.js";
import { LINK_RETAINED, type Link, type LinkListener } from "../link/link.js";
import type { TimeSource } from "../time-source.js";
import type { FrameSource, Uplink, UplinkListener, UplinkNode } from "../uplink.js";
import { Decoded, Decoder } from "./decode.js";
import {
	type Connect,
	connectLength,
	encodeConnect,
	encodeDisconnect,
	encodePingreq,
	framePublish,
	publishHead,
} from "./encode.js";
import type { MqttVersion } from "./packet.js";
import {
	Effect,
	Event,
	newSession,
	Phase,
	RETAINED_SIZE,
	RETAINED_VERSION,
	restore,
	retain,
	type SessionState,
	step,
} from "./session.js";

/** What the client needs of a TCP connection: the face of ECMA-419 as the SDK has it (`embedded:io/socket/tcp`). */
export interface Tcp {
	/** Fills the buffer, which is no longer than what waits. @returns its length, undefined when nothing waits */
	read(buffer: Uint8Array): number | undefined;
	/**
	 * Sends all of the bytes. @returns room for the next; undefined when the connection was lost, as `onError` will tell
	 * @throws when they are more than there is room for
	 */
	write(buffer: Uint8Array): number | undefined;
	/** Idempotent, allowed inside callbacks. */
	close(): void;
}
/** Whom a TLS connection is for; see `device/tls`. */
export interface TlsPeer {
	/** The server's name as it was asked for, which its certificate must hold. */
	readonly host: string;
	/** Application protocol to ask for. */
	readonly alpn: string | undefined;
	/** Knows the time that certificates' dates are held against. */
	readonly node: Pick<UplinkNode, "wallMs">;
}
export interface TcpOptions {
	readonly address: string;
	readonly port: number;
	/** ECMA-419's name, and the SDK's. */
	readonly noDelay: boolean;
	readonly nodelay: boolean;
	/** For TLS only. */
	readonly tls?: TlsPeer | undefined;
	onReadable(bytes: number): void;
	onWritable(bytes: number): void;
	/** @param code why, where the connection knows better than that it is lost */
	onError(code?: ErrorCode): void;
}
/** Begins to connect; callbacks come later. @throws when the address is no address or there is no network */
export type TcpConstructor = new (options: TcpOptions) => Tcp;

/**
 * Looks a host name up; an address in digits is its own answer. `done` never runs from inside the call.
 * @returns what ends the look-up without an answer; idempotent
 */
export type Resolve = (name: string, done: (address: string | undefined) => void) => () => void;

/** What an {@link MqttClient} is made of. */
export interface MqttClientOptions {
	readonly TCP: TcpConstructor;
	readonly resolve: Resolve;
	/** Started at each exchange, closed at its end. */
	readonly link: Link;
	readonly time?: TimeSource | undefined;
	readonly timers: Timers;
	/** Host name or address. */
	readonly broker: string;
	readonly port: number;
	/** Without wildcards; not empty. */
	readonly topic: string;
	readonly version: MqttVersion;
	/** Largest frame, in bytes. */
	readonly mtu: number;
	/** 0 … 65 535; 0 for none. */
	readonly keepAliveSeconds: number;
	readonly clientId: string;
	readonly username?: string | undefined;
	readonly password?: string | undefined;
	/** Given where `TCP` is TLS. */
	readonly tls?: TlsPeer | undefined;
	/** Settings that cannot work: each exchange fails with this at once. */
	readonly fault?: ErrorCode | undefined;
}

/** Largest packet that is taken from a server: CONNACK with a reason in words, PUBACK. */
const LARGEST_INBOUND = 256;
/** Bytes that are read at once. */
const CHUNK = 64;

/**
 * Carries frames to an MQTT server: the shell around the session, without a state of its own but handles and buffers.
 * Everything is closed before `idle` or `failed` is told; what comes late is ignored.
 */
export class MqttClient implements Uplink, LinkListener {
	readonly retainedVersion = RETAINED_VERSION;
	private readonly options: MqttClientOptions;
	/** Where a frame begins in {@link send}. */
	private readonly head: number;
	private readonly send: Uint8Array;
	private readonly decoder: Decoder;
	private readonly session: SessionState;
	private frameLength = 0;
	/** What of {@link send} has not left. */
	private from = 0;
	private to = 0;
	/** Bytes that the connection takes now. */
	private room = 0;

	/** Counts exchanges: callbacks of an earlier one know by it that they are late. */
	private exchange = 0;
	private running = false;
	private closed = false;
	private lostBy: ErrorCode = "lost";
	private source: FrameSource | undefined;
	private on: UplinkListener | undefined;
	private lookUp: (() => void) | undefined;
	private tcp: Tcp | undefined;
	private deadline: Timer | undefined;
	private deadlineMs = 0;
	private quiet: Timer | undefined;

	constructor(options: MqttClientOptions) {
		const { version, mtu } = options;
		this.options = options;
		this.head = publishHead(version, utf8Length(options.topic), 1);
		this.send = new Uint8Array(Math.max(this.head + mtu, connectLength(version, connectOf(options))));
		this.decoder = new Decoder(version, LARGEST_INBOUND - 2);
		this.session = newSession(version, this.decoder.packet, mtu, this.head, options.keepAliveSeconds);
	}

	/** The reason that the server gave last: a code of MQTT 5.0 §2.4 (in CONNACK of 3.1.1: of its §3.2.2.3). */
	get reason(): number {
		return this.session.out.reason;
	}

	/** @throws {DormouseError} `closed`; `busy` while an exchange runs */
	start(source: FrameSource, deadlineMs: number, on: UplinkListener): void {
		if (this.closed) throw new DormouseError("closed");
		if (this.running) throw new DormouseError("busy");
		this.running = true;
		this.exchange++;
		this.source = source;
		this.on = on;
		this.decoder.reset();
		this.session.out.reason = 0;
		this.from = this.to = this.room = 0;
		const { fault } = this.options;
		this.deadlineMs = deadlineMs;
		this.deadline = this.options.timers.set(
			() => {
				this.deadline = undefined;
				this.ended(Event.timeout, fault ?? "timeout");
			},
			fault ? 0 : deadlineMs,
		);
		if (fault) return;
		this.options.link.start(deadlineMs, this); // a listener of its own would be kept as long as the link is
	}

	/** For the link alone. */
	up(): void {
		const { exchange, on, source } = this;
		if (!this.running || this.lookUp || this.tcp) return;
		if (source!.wantsTime)
			this.options.time?.start((wallMs, uncertaintyMs) => {
				on!.wallTime(wallMs, uncertaintyMs);
				if (exchange !== this.exchange) this.rest(0);
			});
		this.resolve(exchange);
	}

	/** For the link alone. */
	down(code: ErrorCode): void {
		if (this.running) this.ended(Event.lost, code);
	}

	close(): void {
		this.closed = true;
		this.release();
	}

	retain(into: DataView): number {
		retain(this.session, into);
		return RETAINED_SIZE + this.options.link.retain(behind(into, LINK_RETAINED));
	}

	restore(from: DataView, version: number): boolean {
		if (!restore(this.session, from, version)) return false;
		this.options.link.restore(behind(from, from.byteLength - RETAINED_SIZE));
		return true;
	}

	private resolve(exchange: number) {
		this.lookUp = this.options.resolve(this.options.broker, (address) => {
			if (exchange !== this.exchange || !this.lookUp) return;
			this.lookUp = undefined;
			if (address === undefined) this.fail("unresolved");
			else this.open(exchange, address);
		});
	}

	private open(exchange: number, address: string) {
		try {
			this.tcp = new this.options.TCP({
				address,
				port: this.options.port,
				noDelay: true, // each packet waits for its answer: Nagle's algorithm only delays
				nodelay: true,
				tls: this.options.tls,
				onReadable: (bytes) => {
					if (exchange === this.exchange) this.readable(exchange, bytes);
				},
				onWritable: (bytes) => {
					if (exchange === this.exchange) this.writable(bytes);
				},
				onError: (code = "lost") => {
					if (exchange === this.exchange) this.ended(Event.lost, code);
				},
			});
		} catch {
			this.fail("io");
		}
	}

	private readable(exchange: number, waiting: number) {
		while (waiting > 0) {
			const chunk = new Uint8Array(Math.min(waiting, CHUNK));
			const got = this.tcp?.read(chunk);
			if (!got) return;
			waiting -= got;
			for (let at = 0; at < got; ) {
				at += this.decoder.feed(chunk, at, got);
				const { outcome } = this.decoder;
				if (outcome === Decoded.more) break;
				this.session.in.reason = outcome;
				this.drive(outcome === Decoded.packet ? Event.packet : Event.broken);
				if (exchange !== this.exchange) return; // the packet ended it
			}
		}
	}

	private writable(room: number) {
		this.room = room;
		if (this.session.phase === Phase.closed) {
			this.options.link.proven?.();
			this.drive(Event.connected);
		} else if (this.from < this.to && this.flush()) this.drive(Event.flushed);
	}

	/** The exchange is over from outside: the session says how it ended, unless it never began. */
	private ended(event: Event, code: ErrorCode) {
		this.lostBy = code;
		if (this.session.phase === Phase.closed) this.fail(code);
		else this.drive(event);
	}

	/** Steps the session and does what it says, until it waits. */
	private drive(event: Event) {
		const { exchange, session, send } = this;
		const { out, version } = session;
		for (let next: Event | 0 = event; next && exchange === this.exchange; ) {
			const effect: Effect = step(session, next);
			next = 0;
			switch (effect) {
				case Effect.connect:
					next = this.put(0, encodeConnect(send, version, connectOf(this.options)));
					break;
				case Effect.fill: {
					const filled = this.source!.fill(send.subarray(this.head, this.head + out.room), out.room);
					session.in.upTo = filled.upTo;
					this.frameLength = filled.length;
					next = filled.length > 0 ? Event.filled : Event.empty;
					break;
				}
				case Effect.publish: {
					const publish = { topic: utf8(this.options.topic), qos: 1, id: out.id } as const;
					const from = framePublish(send, this.head, this.frameLength, version, publish);
					next = this.put(from, this.head + this.frameLength);
					break;
				}
				case Effect.delivered:
					this.on!.delivered(out.upTo, "peer");
					next = Event.told;
					break;
				case Effect.ping:
					if (this.from === this.to) next = this.put(0, encodePingreq(send));
					break;
				case Effect.disconnect:
					next = this.put(0, encodeDisconnect(send, version));
					break;
				case Effect.idle:
					this.rest(this.options.time?.waitMs ?? 0);
					break;
				case Effect.abort:
					this.put(0, encodeDisconnect(send, version, out.goodbye)); // where a packet is half sent there is no room
					this.fail(out.code);
					break;
				case Effect.fail:
					this.fail(out.code === "lost" ? this.lostBy : out.code);
			}
		}
	}

	/** Sends `send[from … to)`, as far as there is room. */
	private put(from: number, to: number): Event | 0 {
		this.from = from;
		this.to = to;
		this.keepAlive();
		return this.flush() ? Event.flushed : 0;
	}

	/** @returns whether all has left */
	private flush(): boolean {
		while (this.from < this.to && this.room > 0) {
			const count = Math.min(this.room, this.to - this.from);
			try {
				this.room = this.tcp!.write(this.send.subarray(this.from, this.from + count)) ?? 0;
			} catch {
				this.room = 0; // lost: `onError` or the deadline will tell
				return false;
			}
			this.from += count;
		}
		return this.from === this.to;
	}

	/** Starts the keep-alive time again, if the exchange can last so long. Source: 5.0 §3.1.2.10, 3.1.1 §3.1.2.10. */
	private keepAlive() {
		this.quiet?.close();
		this.quiet = undefined;
		const ms = this.session.out.keepAliveSeconds * 1000;
		if (!ms || ms >= this.deadlineMs) return;
		this.quiet = this.options.timers.set(() => {
			this.quiet = undefined;
			this.drive(Event.quiet);
		}, ms);
	}

	private fail(code: ErrorCode) {
		const on = this.on!;
		this.release();
		on.failed(code);
	}

	/** All is delivered: tells so, once the time source had so long to answer. What comes of the connection is late now. */
	private rest(waitMs: number) {
		const on = this.on!;
		if (waitMs > 0) {
			this.exchange++;
			this.deadline?.close();
			this.quiet?.close();
			this.tcp?.close();
			this.deadline = this.options.timers.set(() => this.rest(0), waitMs);
			return;
		}
		this.release();
		on.idle();
	}

	/** Closes every handle; idempotent. */
	private release() {
		this.exchange++;
		this.running = false;
		this.deadline?.close();
		this.quiet?.close();
		this.lookUp?.();
		this.tcp?.close();
		this.options.time?.close();
		this.options.link.close();
		this.deadline = this.quiet = this.lookUp = this.tcp = undefined;
		this.source = this.on = undefined;
	}
}

/** The link's part of what is retained, behind the session's. */
function behind({ buffer, byteOffset }: DataView, length: number): DataView {
	return new DataView(buffer, byteOffset + RETAINED_SIZE, length);
}

function connectOf({ clientId, keepAliveSeconds, username, password }: MqttClientOptions): Connect {
	return { clientId, clean: true, keepAliveSeconds, maximumPacketSize: LARGEST_INBOUND, username, password };
}
