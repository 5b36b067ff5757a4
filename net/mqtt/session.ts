import type { ErrorCode } from "../../modules/core/errors.js";
import type { Filled } from "../uplink.js";
import type { MqttVersion, Packet } from "./packet.js";

/**
 * One client's session as a pure state machine: {@link Session.step} takes an event and says what to do; operands are
 * fields. It knows nothing of bytes, sockets and clocks. Names of events and effects are texts, and bits are numbers that
 * the fields' comments name: frozen tables of them would take half as much flash again.
 */

/** What happened. */
export type Event =
	/** The transport is connected: bytes can be sent. */
	| "connected"
	/** What was asked for is done, or there is room again for what was asked for and did not fit. */
	| "ready"
	/** The source gave what was asked for: the fields of `Filled` say what. */
	| "filled"
	/** The source has nothing more; or cannot make that frame again. */
	| "empty"
	/** A companion's message is put; `verdict` is its QoS. */
	| "offered"
	/** No companion has a message. */
	| "silent"
	/** A packet came: `packet`. */
	| "packet"
	/** The application has the message; `verdict` says what it made of it: 0 it is to come again, 1 taken, 2 refused. */
	| "judged"
	/** DISCONNECT has left. */
	| "flushed"
	/** For `pauseSeconds` nothing was sent, and no message came. */
	| "quiet"
	/** What came is no MQTT; `goodbye` says why. */
	| "broken"
	/** The transport ended. */
	| "lost"
	/** The exchange has taken as long as it may. */
	| "timeout";

/** What the shell has to do. Where what is to be put does not fit now, it waits for room; then `ready`. */
export type Effect =
	/** Nothing; wait. */
	| "none"
	/** Drop what waits to leave and put CONNECT (`clean`), and SUBSCRIBE where `subscribing` is its identifier → `ready`. */
	| "connect"
	/** Put SUBSCRIBE with `subscribing` → `ready`. */
	| "subscribe"
	/** Put PUBLISH of the frame that the fields tell, made again, at most `room` bytes, with `id`, `dup`, `alias` → `filled`, `empty`. */
	| "again"
	/** Put PUBLISH of the next frame, at most `room` bytes, with `id`, `alias` → `filled`, `empty`. */
	| "fill"
	/** Put PUBLISH of the next message of a companion, with `id` where its QoS is 1 → `offered`, `silent`. */
	| "companion"
	/** Tell the companion that its message arrived → `ready`. */
	| "told"
	/** Put PUBACK with `id` and `goodbye`; it may be left out where there is no room → `ready`. */
	| "puback"
	/** Tell that all up to `upTo` arrived → `ready`. */
	| "delivered"
	/** Give the packet's payload to the application → `judged`. */
	| "downlink"
	/** Put PINGREQ → `ready`. */
	| "ping"
	/** Put DISCONNECT → `ready`; when it has left: `flushed`. */
	| "disconnect"
	/** Close the transport and open another to the same server. */
	| "retry"
	/** As `over`, but first send DISCONNECT with `goodbye`, if that goes without waiting. */
	| "leave"
	/** Close the transport; the exchange failed with `code`, or went well where that is empty. */
	| "over";

/** What of the client's options the session needs. */
export interface SessionOptions {
	readonly version: MqttVersion;
	/** Largest frame, in bytes. */
	readonly mtu: number;
	/** Seconds that CONNECT asks for; 0 for none. */
	readonly keepAliveSeconds: number;
	/** Undefined where the node takes no messages; else for how many seconds it waits for another. */
	readonly downlinks?: { readonly window: number } | undefined;
}

/** Bytes that a session's retained state takes at most: a window of 4 publishes. */
export const SESSION_RETAINED = 77;
/** Version of what {@link Session.retain} writes. */
export const RETAINED_VERSION = 2;

/** The state of one client's sessions. What outlives a connection is in {@link kept}. */
export class Session implements Filled {
	readonly options: SessionOptions;
	/**
	 * What is retained, by offset:
	 *
	 * | | |
	 * |---|---|
	 * | 0 | bits: 1 the server's limits are known; 2 server and client both keep the session; 4 the server knows the subscription; 8 it speaks 3.1.1 only; 16 it takes no retained messages; 32 it takes a topic alias; 64 what it keeps is to be thrown away (in 3.1.1, where it is kept from the first connection on); 128 it was silent to 5.0 and took 3.1.1 the last time |
	 * | 1 | frames in flight, 0 … 4 |
	 * | 2 | next packet identifier, u16 |
	 * | 4 | whose session it is, u16: the shell's |
	 * | 6 | largest packet, or 0xffff for any, u16; 1,024 is safe where it is not known |
	 * | 8 | identifier of the message that the application failed at last, u16, and at 11 how often (and 0x80 where it came on the last connection) |
	 * | 10 | receive maximum, at most 4 |
	 * | 12 | IPv4 address of the server, u32: the shell's; 0 when it is to be looked up |
	 * | 16 | number of the last record before those in flight, u32 |
	 * | 20 | bytes of the companion: the shell's |
	 * | 21 + 14 n | a frame in flight: identifier, records (and 0x8000 where the identifier is a new one), last number less that of the frame before, u16 each; seconds and wall time of its stamp, u32 each |
	 */
	readonly kept = new DataView(new ArrayBuffer(SESSION_RETAINED));
	/** Bytes of a frame's PUBLISH without its payload, at most. */
	overhead = 0;
	/**
	 * Where the connection stands. 0: there is none. 1: CONNECT is on its way, and behind it what the server may be trusted to
	 * take; only CONNACK may come. 2: the server accepted. 3: all is acknowledged; messages may come. 4: DISCONNECT is on its
	 * way.
	 */
	phase = 0;
	/**
	 * Bits of this connection: 1 the source has no more; 2 nor has the companion; 4 a PINGREQ waits for its answer; 16 the
	 * server's session began with it; 32 no subscription is to be had; 64 it is the exchange's second try; 128 a frame was
	 * sent; 256 the server has the topic by its alias; 512 it is tried with 3.1.1 for having been silent; 1024 bytes came.
	 */
	marks = 0;
	/** Frames of those in flight that were sent on this connection. */
	private sent = 0;
	/** Bits: frames in flight that are acknowledged before an earlier one; 16: there is one that cannot be retained. */
	private acked = 0;
	/** Identifier of a companion's message that waits for its PUBACK; 0: none. */
	private offered = 0;
	/** Seconds left of the window. */
	private left = 0;
	private readonly packet: Packet;
	verdict = 0;
	// The frame that the source made, or is to make again; or that was delivered.
	length = 0;
	upTo = 0;
	count = 0;
	seconds = 0;
	wall = 0;
	/** Bytes of a frame that this server takes, at most. */
	room = 0;
	id = 0;
	/** Identifier of the SUBSCRIBE that waits for its SUBACK; 0: none. */
	subscribing = 0;
	clean = true;
	dup = false;
	/** 0: send the topic. 1: send it and give it alias 1. 2: alias 1 alone will do. */
	alias = 0;
	/** What the server gave last as its reason, a code of 5.0 §2.4 (in CONNACK of 3.1.1: of its §3.2.2.3). */
	reason = 0;
	/** The reason to give to the server, a code of 5.0 §2.4. */
	goodbye = 0;
	code: ErrorCode | "" = "";
	/** Keep-alive in force, in seconds; 0: none. */
	private keepSeconds = 0;
	/** When `quiet` is due, in seconds without anything sent or a message; 0: never. */
	pauseSeconds = 0;

	/** A session that has never been connected. @param packet where the decoder leaves packets */
	constructor(options: SessionOptions, packet: Packet) {
		this.options = options;
		this.packet = packet;
		this.kept.setUint16(2, 1);
	}
	/** What the server is spoken to in. */
	get version(): MqttVersion {
		return this.kept.getUint8(0) & 8 || this.marks & 512 ? 4 : this.options.version;
	}
	/** Begins the session anew with the next connection: what is in flight is no longer. @param more bits to be set */
	forget(more = 64): void {
		this.kept.setUint8(0, (this.kept.getUint8(0) & ~6) | more);
		this.kept.setUint8(1, 0);
	}
	/** Writes what must survive sleep. @returns bytes written, at most {@link SESSION_RETAINED} */
	retain(into: DataView): number {
		const { acked, kept } = this;
		const size = 21 + (acked ? 0 : 14 * kept.getUint8(1));
		new Uint8Array(into.buffer, into.byteOffset, size).set(new Uint8Array(kept.buffer, 0, size));
		if (acked) {
			into.setUint8(0, kept.getUint8(0) & ~6); // it cannot be told what is in flight
			into.setUint8(1, 0);
		}
		return size;
	}
	/** Takes back what {@link retain} wrote. @returns bytes that it was; 0 when they make no sense: nothing has changed then */
	restore(from: DataView, version: number): number {
		if (version !== RETAINED_VERSION || from.byteLength < 21) return 0;
		const size = 21 + 14 * from.getUint8(1);
		if (size > SESSION_RETAINED || size > from.byteLength || from.getUint16(2) === 0) return 0;
		new Uint8Array(this.kept.buffer).set(new Uint8Array(from.buffer, from.byteOffset, size));
		return size;
	}

	/** Takes an event, changes the state, and says what to do. Events that do not fit are late: tolerated, without effect. */
	step(event: Event): Effect {
		const { kept, phase } = this;
		const bits = kept.getUint8(0);
		const inFlight = kept.getUint8(1);
		if (event === "connected") return phase === 0 ? this.connect() : "none";
		if (phase === 0) return "none";
		switch (event) {
			case "filled": {
				// The alias is given with the second frame: the first may be the only one.
				this.marks |= this.alias ? 384 : 128;
				const at = 21 + 14 * this.sent;
				if (this.sent++ < inFlight) {
					kept.setUint16(at + 2, kept.getUint16(at + 2) & 0x7fff); // it was in flight already; now its identifier is too
					break;
				}
				const { count, seconds, upTo, wall } = this;
				if (inFlight === 0) kept.setUint32(16, upTo);
				const more = upTo - this.lastOf(inFlight);
				if (more > 0xffff) this.acked |= 16;
				kept.setUint8(1, inFlight + 1);
				kept.setUint16(at, this.takeId());
				kept.setUint16(at + 2, count);
				kept.setUint16(at + 4, more);
				kept.setUint32(at + 6, seconds);
				kept.setUint32(at + 10, wall);
				break;
			}
			case "empty":
				if (this.sent < inFlight) {
					// It cannot be sent as it was: the session is begun anew rather than lied in. CONNECT has not left yet, or else
					// another has to.
					this.forget();
					if (this.sent === 0 && phase === 1) return this.connect();
					this.phase = 0;
					return "retry";
				}
				this.marks |= 1;
				break;
			case "offered":
				if (this.verdict) this.offered = this.takeId();
				break;
			case "silent":
				this.marks |= 2;
				break;
			case "packet":
				return this.received();
			case "judged": {
				const { flags, id } = this.packet;
				const { verdict } = this;
				if (phase === 3) this.left = this.options.downlinks!.window;
				if (!(flags & 2)) break;
				// A message that the application failed at three times is refused: it would come again for ever.
				// One at a time is counted: another one's turn comes when that is out of the way.
				const counted = kept.getUint16(8);
				this.goodbye = verdict ? (verdict - 1) * 0x83 : 0x80;
				this.id = id;
				if (verdict === 0) {
					const failed = counted ? (kept.getUint8(11) & 0x7f) + 1 : 1;
					if (counted && counted !== id) break;
					kept.setUint16(8, id);
					kept.setUint8(11, failed | 0x80);
					if (failed < 3) break;
				}
				if (verdict === 0 || counted === id) kept.setUint16(8, 0);
				return "puback";
			}
			case "flushed":
				return phase === 4 ? this.over("") : "none";
			case "quiet":
				if (phase === 3) {
					this.left -= this.pauseSeconds;
					if (this.left <= 0) break;
				} else if (phase !== 2) return "none";
				if (this.marks & 4) return this.over("timeout");
				this.marks |= 4;
				return "ping";
			case "broken":
				return this.leave("protocol", this.goodbye);
			case "lost":
				// A server that has never been spoken to, and says nothing to 5.0, may be one of 3.1.1.
				if (phase !== 1 || this.version === 4 || bits & 1 || this.marks & 1088) return this.over(event);
				this.marks = 64 | 512;
				this.phase = 0;
				return "retry";
			case "timeout":
				return this.over(event);
		}
		return this.next();
	}

	/** What is to be sent next; changes nothing that would have to be taken back when there is no room for it. */
	private next(): Effect {
		const { kept, marks, offered, sent } = this;
		const { downlinks, mtu } = this.options;
		const bits = kept.getUint8(0);
		const inFlight = kept.getUint8(1);
		if (this.phase < 3) {
			const most = bits & 1 ? kept.getUint8(10) : 1;
			const largest = bits & 1 ? kept.getUint16(6) : 1024;
			this.room = largest === 0xffff ? mtu : Math.min(mtu, largest - this.overhead);
			if (this.room < 1) return this.phase === 1 ? "none" : this.leave("unsupported", 0);
			this.alias = bits & 32 ? Math.min((marks >> 7) & 3, 2) : 0;
			this.dup = false;
			if (sent < inFlight) {
				const at = 21 + 14 * sent;
				if (sent >= most) return "none";
				this.id = kept.getUint16(at);
				const count = kept.getUint16(at + 2);
				this.dup = !(marks & 16) && count < 0x8000; // for a new session it is sent the first time (5.0 §3.3.1.1)
				this.count = count & 0x7fff;
				this.upTo = this.lastOf(sent + 1);
				this.seconds = kept.getUint32(at + 6);
				this.wall = kept.getUint32(at + 10);
				return "again";
			}
			this.id = kept.getUint16(2);
			const busy = inFlight + (offered ? 1 : 0);
			if (busy < most) {
				if (!(marks & 1)) return "fill";
				// Companions come last, and to a server that is known: they must not cost frames anything.
				if (bits & 1 && !(marks & 2) && offered === 0) return "companion";
			}
			if (this.phase !== 2 || busy || this.subscribing) return "none";
			this.phase = 3;
			this.left = downlinks && !(marks & 32) ? downlinks.window : 0;
		}
		if (this.phase === 4) return "none";
		if (this.left <= 0) {
			this.phase = 4;
			return "disconnect";
		}
		this.pauseSeconds = Math.min(this.keepSeconds || this.left, this.left);
		return "none";
	}

	private connect(): Effect {
		const { kept, options } = this;
		const bits = kept.getUint8(0);
		this.phase = 1;
		this.marks &= 64 | 512;
		this.sent = this.acked = this.offered = this.subscribing = this.reason = 0;
		if (!(bits & 2)) kept.setUint8(1, 0);
		// In 3.1.1 a session lives on from the connection that began it only when that was not clean (3.1.1 §3.1.2.4).
		this.clean = this.version === 5 ? !(bits & 2) : !options.downlinks || bits > 63;
		if (options.downlinks && !(bits & 4)) this.subscribing = this.takeId();
		this.keepSeconds = this.pauseSeconds = options.keepAliveSeconds;
		return "connect";
	}

	private received(): Effect {
		const { kept, options, packet } = this;
		const { id, reason, sessionPresent, type } = packet;
		let bits = kept.getUint8(0);
		if (this.phase === 4) return "none"; // nothing may follow DISCONNECT (5.0 §3.14.4)
		this.marks &= ~4;
		// the server's first packet is CONNACK, and no other is (5.0 §3.2)
		if ((this.phase === 1) !== (type === 2)) return this.leave("protocol", 0x82);
		switch (type) {
			case 2: {
				if (reason) return this.refused(reason, "refused"); // the server closes (5.0 §3.2.2.2, 3.1.1 §3.2.2.3)
				if (sessionPresent && this.clean) return this.leave("protocol", 0x82); // §3.2.2.1.1
				if (!sessionPresent) {
					this.marks |= 16;
					bits &= ~4;
				}
				const failed = kept.getUint8(11);
				if (!sessionPresent || failed < 0x80) kept.setUint16(8, 0); // it is gone, or did not come the last time
				kept.setUint8(11, failed & 0x7f);
				// Silence may have had another cause: it is taken for an answer when it comes a second time.
				if (this.marks & 512) {
					this.phase = 2;
					if (bits & 128) bits = 8;
					else {
						kept.setUint8(0, 128);
						break;
					}
				}
				// A session that nothing is subscribed in has a use in 5.0 alone, where it ends by itself some time.
				bits = 1 | (bits & 12) | (this.version === 5 || !this.clean ? 2 : 0);
				kept.setUint8(0, bits | (packet.retainAvailable ? 0 : 16) | (packet.topicAliasMaximum ? 32 : 0));
				kept.setUint16(6, Math.min(packet.maximumPacketSize, 0xffff));
				kept.setUint8(10, Math.min(packet.receiveMaximum, 4));
				this.phase = 2;
				if (packet.serverKeepAlive >= 0) this.keepSeconds = this.pauseSeconds = packet.serverKeepAlive;
				if (packet.maximumQos < 1) return this.leave("unsupported", 0);
				if (!options.downlinks || this.subscribing || bits & 4) break;
				this.subscribing = this.takeId(); // the server lost what it was asked to keep
				return "subscribe";
			}
			case 3:
				return options.downlinks ? "downlink" : this.leave("protocol", 0x82); // nothing was subscribed
			case 4: {
				if (id === this.offered) {
					this.offered = 0;
					if (reason < 0x80) return "told";
					this.marks |= 2; // it is offered again in another exchange
					break;
				}
				let n = 0;
				while (n < this.sent && kept.getUint16(21 + 14 * n) !== id) n++;
				if (n === this.sent) return "none"; // late, or repeated
				if (reason >= 0x80) {
					// The identifier is free again (5.0 §4.3.2): what was refused is for another one, and another time.
					this.reason = reason;
					kept.setUint16(21 + 14 * n, this.takeId());
					kept.setUint16(23 + 14 * n, kept.getUint16(23 + 14 * n) | 0x8000);
					return this.leave("refused", 0);
				}
				this.acked |= 1 << n;
				// in order, as servers acknowledge (5.0 §4.6), unless one does not
				for (n = 0; n < 4 && (this.acked >> n) & 1; ) n++;
				if (n === 0) return "none";
				this.upTo = this.lastOf(n);
				kept.setUint32(16, this.upTo);
				kept.setUint8(1, kept.getUint8(1) - n);
				this.sent -= n;
				this.acked = ((this.acked & 15) >> n) | (this.acked & 16);
				new Uint8Array(kept.buffer).copyWithin(21, 21 + 14 * n);
				return "delivered";
			}
			case 9:
				if (id !== this.subscribing) return this.leave("protocol", 0x82);
				this.subscribing = 0;
				if (reason >= 0x80) {
					this.reason = reason;
					this.marks |= 32; // frames go all the same
				} else if (bits & 2) kept.setUint8(0, bits | 4);
				break;
			case 14:
				this.reason = reason;
				if (reason === 0x8e) return this.fail("taken-over");
				return this.isDone ? this.over("") : this.refused(reason, "refused");
		}
		return this.next(); // PINGRESP too
	}

	/** The server says no, or nothing at all. What another encoding can heal is remembered and tried at once, but only once. */
	private refused(reason: number, code: ErrorCode): Effect {
		const { kept } = this;
		const bits = kept.getUint8(0);
		this.reason = reason;
		if (this.marks & 64) return this.fail(code);
		if (reason === 0x84 && this.phase === 1 && this.version === 5)
			kept.setUint16(0, 0x800); // a guess until it is accepted
		else if (reason < 0x93 || reason > 0x95) return this.fail(code);
		// Too many publishes, no topic alias, too large a packet: CONNACK has told what is right, or else as little as can be.
		else if (this.phase === 1) kept.setUint8(0, bits & ~33);
		this.marks = 64;
		this.phase = 0;
		return "retry";
	}

	/** The connection is over: fine once all frames are acknowledged, a failure before. */
	private over(code: ErrorCode | ""): Effect {
		if (!this.isDone) return this.fail(code as ErrorCode);
		const isOpen = this.phase < 4 && code === "timeout";
		this.phase = this.goodbye = 0;
		this.code = "";
		return isOpen ? "leave" : "over";
	}

	/** Whether all frames are acknowledged: what else there is to do may be left. */
	private get isDone(): boolean {
		return this.phase > 2 || (this.phase === 2 && (this.marks & 1) > 0 && this.kept.getUint8(1) === 0);
	}

	/** The client ends the connection, and where the server broke the protocol the session with it. */
	private leave(code: ErrorCode, reason: number): Effect {
		if (this.phase === 4) return this.over("");
		if (code === "protocol") this.forget();
		this.goodbye = reason;
		this.fail(code);
		return "leave";
	}

	private fail(code: ErrorCode): Effect {
		const { kept } = this;
		this.phase = 0;
		this.code = code;
		kept.setUint32(12, 0); // the name is looked up again
		if (!(kept.getUint8(0) & 1)) kept.setUint8(0, kept.getUint8(0) & ~8); // a guess that proved wrong
		return "over";
	}

	/** Number of the last record of the first `n` frames in flight. */
	private lastOf(n: number): number {
		let number = this.kept.getUint32(16);
		for (let at = 25; n > 0; n--, at += 14) number += this.kept.getUint16(at);
		return number;
	}

	/** The next packet identifier, never 0 (5.0 §2.2.1). No more than six are in use at once: it is free. */
	private takeId(): number {
		const id = this.kept.getUint16(2);
		this.kept.setUint16(2, (id % 0xffff) + 1);
		return id;
	}
}
