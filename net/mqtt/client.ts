import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import { crc16, utf8Length, writeUtf8 } from "../../modules/core/native.js";
import type { Timer, Timers } from "../../modules/core/ports.js";
import { LINK_RETAINED, type Link } from "../link/link.js";
import type { TimeSource } from "../time-source.js";
import type { FrameSource, Uplink, UplinkListener, UplinkNode } from "../uplink.js";
import { COMPANION_RETAINED, type Companion, type CompanionMessage } from "./companion.js";
import { Decoder } from "./decode.js";
import { Encoder, PUBLISH_LARGEST } from "./encode.js";
import type { MqttVersion } from "./packet.js";
import { type Effect, type Event, RETAINED_VERSION, Session } from "./session.js";

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

/** Messages for a node. */
export interface Downlinks {
	/** Where they are published: one topic, without wildcards. */
	readonly topic: string;
	/** Seconds that the node waits for another message before it sleeps, 0 … 60. */
	readonly window: number;
}

/** What an {@link MqttClient} is made of. */
export interface MqttClientOptions {
	readonly TCP: TcpConstructor;
	readonly resolve: Resolve;
	/** Started at each exchange, closed at its end. */
	readonly link: Link;
	readonly time?: TimeSource | undefined;
	readonly companion?: Companion | undefined;
	readonly timers: Timers;
	/** Absent: each wake goes on where the last one ended. */
	readonly node?: Pick<UplinkNode, "resumed"> | undefined;
	/** Host name or address. */
	readonly broker: string;
	readonly port: number;
	/** Without wildcards; not empty. */
	readonly topic: string;
	/** 4: 3.1.1 alone. 5: 5.0, and 3.1.1 with a server that speaks nothing else. */
	readonly version: MqttVersion;
	/** Largest frame, in bytes. */
	readonly mtu: number;
	/** 0 … 65 535; 0 for none. */
	readonly keepAliveSeconds: number;
	readonly clientId: string;
	/** How long a server of 5.0 keeps the session between connections; u32. Default {@link EXPIRY_LEAST}. */
	readonly sessionExpirySeconds?: number;
	/** Undefined where the node takes none: then nothing is subscribed. */
	readonly downlinks?: Downlinks | undefined;
	/** Topic of a will "offline" with 5.0, retained; it comes so many seconds after the last connection. */
	readonly will?: string | undefined;
	readonly willDelaySeconds?: number;
	readonly username?: string | undefined;
	readonly password?: string | undefined;
	/** Given where `TCP` is TLS. */
	readonly tls?: TlsPeer | undefined;
	/** Settings that cannot work: each exchange fails with this at once. */
	readonly fault?: ErrorCode | undefined;
}

/** Shortest session expiry that is asked for, in seconds: a day. */
export const EXPIRY_LEAST = 86_400;
/** Largest packet that is taken from a server: CONNACK with a reason in words, PUBACK; and where there are downlinks, those. */
export const LARGEST_INBOUND = 256;
export const LARGEST_DOWNLINK = 512;
/** Messages of QoS 1 that a server may send and that wait for their acknowledgement. */
const RECEIVE_MAXIMUM = 4;
/** Bytes of CONNECT and SUBSCRIBE without their texts, at most. */
const CONNECT_LARGEST = 68;
/** Bytes that are read at once. */
const CHUNK = 64;
/** Bytes at the end of what is sent that frames leave free: a PUBACK never has to wait for one. */
const RESERVE = 32;
/** Longest topic of a companion's message, in bytes. */
const COMPANION_TOPIC = 200;

/**
 * Carries frames to an MQTT server: the shell around the session, without a state of its own but handles and buffers.
 * Everything is closed before `idle` or `failed` is told; what comes late is ignored.
 */
export class MqttClient implements Uplink {
	readonly retainedVersion = RETAINED_VERSION;
	private readonly options: MqttClientOptions;
	private readonly decoder: Decoder;
	private readonly session: Session;
	/** Packets that wait to leave; made at the first exchange. */
	private out: Encoder | undefined;
	/** Where in {@link out} begins what has not left. */
	private from = 0;
	/** Bytes that the connection takes now. */
	private room = 0;
	/** The companion's message that is being sent, how much of its payload is, and whether to tell when all has left. */
	private message: (CompanionMessage & { offset: number; owed: boolean }) | undefined;

	private closed = false;
	/** Undefined: all is delivered. */
	private source: FrameSource | undefined;
	/** Defined while an exchange runs. */
	private on: UplinkListener | undefined;
	private lookUp: (() => void) | undefined;
	private tcp: Tcp | undefined;
	private address = "";
	/** Whether the address is one that was remembered, and not yet proven. */
	private hinted = false;
	/** Why the transport or the time ended. */
	private cause: ErrorCode = "timeout";
	private deadline: Timer | undefined;
	private deadlineMs = 0;
	private quiet: Timer | undefined;

	constructor(options: MqttClientOptions) {
		this.options = options;
		this.decoder = new Decoder(largestOf(options) - 2);
		this.session = new Session(options, this.decoder);
	}

	/** The reason that the server gave last: a code of MQTT 5.0 §2.4 (in CONNACK of 3.1.1: of its §3.2.2.3). */
	get reason(): number {
		return this.session.reason;
	}

	/** @throws {DormouseError} `closed`; `busy` while an exchange runs */
	start(source: FrameSource, deadlineMs: number, on: UplinkListener): void {
		if (this.closed) throw new DormouseError("closed");
		if (this.on) throw new DormouseError("busy");
		const { fault, link, time, timers } = this.options;
		const { session } = this;
		this.source = source;
		this.on = on;
		this.cause = "timeout";
		session.marks = session.reason = 0;
		this.deadlineMs = deadlineMs;
		this.deadline = timers.set(
			() => {
				this.deadline = undefined;
				this.ended("timeout", fault ?? "timeout");
			},
			fault ? 0 : deadlineMs,
		);
		if (fault) return;
		this.options.companion?.begin?.();
		if (!this.out) this.prepare();
		link.start(deadlineMs, {
			up: () => {
				if (this.on !== on || this.lookUp || this.tcp) return;
				if (source.wantsTime)
					time?.start((wallMs, uncertaintyMs) => {
						if (this.on !== on) return;
						on.wallTime(wallMs, uncertaintyMs);
						if (!this.source) this.rest(0);
					});
				const address = session.kept.getUint32(12);
				if (address === 0) return this.find();
				this.hinted = true;
				this.open([24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join("."));
			},
			down: (code) => {
				if (this.on === on) this.ended("timeout", code);
			},
		});
	}

	close(): void {
		this.closed = true;
		this.release();
	}

	retain(into: DataView): number {
		const { companion, link } = this.options;
		const at = this.session.retain(into);
		const length = companion?.retain(part(into, at, COMPANION_RETAINED)) ?? 0;
		into.setUint8(20, length);
		return at + length + link.retain(part(into, at + length, LINK_RETAINED));
	}

	restore(from: DataView, version: number): boolean {
		const { companion, link } = this.options;
		const at = this.session.restore(from, version);
		const rest = from.byteLength - at;
		if (at === 0 || from.getUint8(20) > rest) return false;
		const length = from.getUint8(20);
		companion?.restore(part(from, at, length));
		link.restore(part(from, at + length, rest - length));
		return true;
	}

	/** Before the first exchange of a wake. */
	private prepare() {
		const { broker, clientId, companion, downlinks, mtu, node, password, port, topic, username, will } = this.options;
		const { session } = this;
		const { kept } = session;
		// A session is of a client at a server; all that is known is of that one.
		const whose = `${broker}:${port} ${clientId} ${downlinks?.topic}`;
		const bytes = new Uint8Array(utf8Length(whose));
		const key = crc16(bytes, 0, writeUtf8(whose, bytes));
		if (kept.getUint16(4) !== key) {
			session.forget(0);
			kept.setUint8(0, 0);
			kept.setUint32(12, 0);
			kept.setUint16(4, key);
		}
		if (node && !node.resumed) session.forget(0);
		session.overhead = PUBLISH_LARGEST + utf8Length(topic);
		const texts = `${clientId}${username}${password}${will}${downlinks?.topic}`;
		const most = Math.max(session.overhead + mtu, companion ? PUBLISH_LARGEST + COMPANION_TOPIC : 0);
		this.out = new Encoder(CONNECT_LARGEST + utf8Length(texts) + most + RESERVE);
	}

	/** Looks the server's name up, and connects. */
	/** Nobody may be there to answer or to refuse, and listening costs as much as talking. */
	private hurry() {
		this.quiet?.close();
		this.quiet = this.options.timers.set(() => this.ended("lost", "timeout"), this.deadlineMs / 4);
	}

	/** Looks the broker up. @param tried the address where it was not */
	private find(tried?: string) {
		this.hurry();
		this.lookUp = this.options.resolve(this.options.broker, (address) => {
			if (!this.lookUp) return;
			this.lookUp = undefined;
			if (address === undefined) this.fail("unresolved");
			else if (address === tried) this.fail(this.cause);
			else this.open(address);
		});
	}

	private open(address: string) {
		this.address = address;
		this.from = this.room = this.out!.to = 0;
		this.message = undefined;
		this.decoder.reset(this.session.version);
		try {
			const tcp: Tcp = new this.options.TCP({
				address,
				port: this.options.port,
				noDelay: true, // each packet waits for its answer: Nagle's algorithm only delays
				nodelay: true,
				tls: this.options.tls,
				onReadable: (bytes) => {
					if (this.tcp === tcp) this.readable(tcp, bytes);
				},
				onWritable: (bytes) => {
					if (this.tcp === tcp) this.writable(bytes);
				},
				onError: (code = "lost") => {
					if (this.tcp === tcp) this.ended("lost", code);
				},
			});
			this.tcp = tcp;
			this.hurry();
		} catch {
			this.fail("io");
		}
	}

	private readable(tcp: Tcp, waiting: number) {
		const { decoder, session } = this;
		session.marks |= 1024;
		while (waiting > 0) {
			const chunk = new Uint8Array(Math.min(waiting, CHUNK));
			const got = tcp.read(chunk);
			if (!got) return;
			waiting -= got;
			for (let at = 0; at < got; ) {
				at += decoder.feed(chunk, at, got);
				const { outcome, reason, sessionPresent, type } = decoder;
				if (outcome === 0) break;
				if (type === 2 && outcome === 1 && reason === 0) {
					session.kept.setUint32(12, ipv4(this.address));
					if (!session.clean && !sessionPresent) this.options.companion?.forgotten();
				}
				session.goodbye = outcome;
				this.drive(outcome === 1 ? "packet" : "broken");
				if (this.tcp !== tcp) return; // the packet ended it
			}
		}
	}

	private writable(room: number) {
		this.room = room;
		if (this.session.phase === 0) {
			this.hinted = false;
			this.options.link.proven?.();
			this.drive("connected");
		} else if (this.from < this.out!.to && this.flush() && this.pour()) this.drive("ready");
	}

	/** The transport or the time is over: the session says how the exchange ended, unless the connection was never made. */
	private ended(event: Event, code: ErrorCode) {
		this.cause = code;
		if (!this.source) this.rest(0);
		else if (this.session.phase !== 0) this.drive(event);
		else if (event === "lost" && this.hinted) {
			this.hinted = false;
			this.quiet?.close();
			this.tcp?.close();
			this.tcp = undefined;
			this.find(this.address);
		} else this.fail(code);
	}

	/** Steps the session and does what it says, until it waits. */
	private drive(event: Event) {
		const { decoder, options, session } = this;
		const { companion, topic } = options;
		const out = this.out!;
		const on = this.on!;
		for (let next: Event = event; this.on; ) {
			const effect: Effect = session.step(next);
			const { id, room } = session;
			next = "ready";
			switch (effect) {
				case "none":
					if (this.flush() && session.phase === 4) {
						next = "flushed";
						break;
					}
					return this.arm();
				case "connect":
				case "subscribe": {
					const { clean, subscribing } = session;
					if (effect === "connect") {
						this.source!.rewind();
						this.from = out.to = 0;
						out.version = session.version;
						out.connect(clean, largestOf(options), RECEIVE_MAXIMUM, options);
					}
					if (subscribing) out.subscribe(subscribing, options.downlinks!.topic);
					break;
				}
				case "again":
				case "fill": {
					const { alias, dup } = session;
					if (!this.fits(session.overhead + room)) return this.arm();
					const at = out.publish(alias === 2 ? "" : topic, id, alias && 1, 0);
					const view = out.bytes.subarray(at, at + room);
					if (effect === "again") session.length = this.source!.again(view, room, session);
					else Object.assign(session, this.source!.fill(view, room));
					next = "empty";
					if (session.length === 0) break;
					out.seal(dup ? 0x3a : 0x32, at + session.length);
					next = "filled";
					break;
				}
				case "companion": {
					this.message ??= { topic: "", qos: 0, retain: false, length: 0, expirySeconds: 0, offset: 0, owed: false };
					const { message } = this;
					if ((message.owed && !this.flush()) || !this.fits(PUBLISH_LARGEST + COMPANION_TOPIC)) return this.arm();
					next = "silent";
					if (!companion?.next(message)) {
						message.length = message.offset;
						break;
					}
					const { expirySeconds, length, qos, topic: where } = message;
					const size = PUBLISH_LARGEST + utf8Length(where);
					const most = session.kept.getUint16(6);
					message.offset = length;
					if ((most < 0xffff && size + length > most) || size > PUBLISH_LARGEST + COMPANION_TOPIC) break;
					const at = out.publish(where, qos && id, 0, expirySeconds);
					const retains = message.retain && !(session.kept.getUint8(0) & 16) ? 1 : 0;
					out.seal(0x30 | (qos << 1) | retains, at, length);
					message.offset = 0;
					session.verdict = qos;
					next = "offered";
					this.pour();
					break;
				}
				case "told":
					companion!.done();
					break;
				case "puback":
					this.put(0x40, id, session.goodbye);
					break;
				case "delivered":
					on.delivered(session.upTo, "peer");
					break;
				case "downlink": {
					const taken = on.downlink(decoder.payload, decoder.flags > 7);
					session.verdict = taken === undefined ? 0 : taken ? 1 : 2;
					next = "judged";
					break;
				}
				case "ping":
					this.put(0xc0, 0, 0);
					break;
				case "disconnect":
					this.put(0xe0, 0, options.will ? 4 : 0);
					break;
				case "retry":
					this.tcp!.close();
					return this.open(this.address);
				case "leave":
				case "over": {
					const { code, goodbye } = session;
					if (effect === "leave") {
						this.put(0xe0, 0, goodbye || (options.will ? 4 : 0));
						this.flush(); // where a packet is half sent there is no room, and it stays with that
					}
					if (code === "") return this.rest(options.time?.waitMs ?? 0);
					return this.fail(code === "lost" || code === "timeout" ? this.cause : code);
				}
			}
		}
	}

	/** Puts a small packet behind what waits to leave, where there is room: never inside a payload that fills it. */
	private put(first: number, id: number, reason: number) {
		const out = this.out!;
		if (out.to + 8 <= out.bytes.length) out.short(first, id, reason);
	}

	/** Whether so many bytes may be put behind what waits to leave. */
	private fits(bytes: number): boolean {
		if (this.message && this.message.offset < this.message.length) return false;
		return this.out!.to + bytes + RESERVE <= this.out!.bytes.length || this.flush();
	}

	/** Sends what waits. @returns whether all has left */
	private flush(): boolean {
		const out = this.out!;
		while (this.from < out.to && this.room > 0) {
			const end = Math.min(this.from + this.room, out.to);
			try {
				this.room = this.tcp!.write(out.bytes.subarray(this.from, end)) ?? 0;
			} catch {
				this.room = 0; // lost: `onError` or the deadline will tell
				return false;
			}
			this.from = end;
		}
		if (this.from < out.to) return false;
		this.from = out.to = 0;
		if (this.message?.owed) {
			this.message.owed = false;
			this.options.companion!.done();
		}
		return true;
	}

	/** Puts as much of the companion's payload as there is room for. @returns whether that was all of it */
	private pour(): boolean {
		const { message } = this;
		const out = this.out!;
		if (!message || message.offset === message.length) return true;
		while (message.offset < message.length) {
			if (out.to === out.bytes.length && !this.flush()) return false;
			const count = Math.min(out.bytes.length - out.to, message.length - message.offset);
			this.options.companion!.write(message.offset, out.bytes.subarray(out.to, out.to + count));
			out.to += count;
			message.offset += count;
		}
		message.owed = message.qos === 0;
		return true;
	}

	/** Starts the time without a packet again, if the exchange can last so long. Source: 5.0 §3.1.2.10, 3.1.1 §3.1.2.10. */
	private arm() {
		this.quiet?.close();
		this.quiet = undefined;
		const ms = this.session.pauseSeconds * 1000;
		if (!ms || ms >= this.deadlineMs) return;
		this.quiet = this.options.timers.set(() => {
			this.quiet = undefined;
			this.drive("quiet");
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
			this.source = undefined;
			this.deadline?.close();
			this.quiet?.close();
			this.tcp?.close();
			this.tcp = undefined;
			this.deadline = this.options.timers.set(() => this.rest(0), waitMs);
			return;
		}
		this.release();
		on.idle();
	}

	/** Closes every handle; idempotent. */
	private release() {
		this.session.phase = 0;
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

function largestOf({ downlinks }: MqttClientOptions): number {
	return downlinks ? LARGEST_DOWNLINK : LARGEST_INBOUND;
}

function part(view: DataView, at: number, most: number): DataView {
	return new DataView(view.buffer, view.byteOffset + at, Math.min(most, view.byteLength - at));
}

/** An address in digits as a number; 0 when it is no IPv4 address. */
function ipv4(address: string): number {
	let number = 0;
	const parts = address.split(".");
	for (let n = 0; n < parts.length; n++) number = number * 256 + Number(parts[n]);
	return parts.length === 4 ? number : 0;
}
