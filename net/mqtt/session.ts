import type { ErrorCode } from "../../modules/core/errors.js";
import type { Filled } from "../uplink.js";
import type { MqttVersion, Packet } from "./packet.js";

/**
 * One client's session as a pure state machine: `step` takes an event and says what to do; operands are fields of the
 * state. It knows nothing of bytes, sockets and clocks.
 */

/** Where a connection stands. */
export const Phase = Object.freeze({
	/** There is none. */
	closed: 0,
	/** CONNECT is on its way, and behind it what the server may be trusted to take; only CONNACK may come. */
	connecting: 1,
	/** The server accepted. */
	open: 2,
	/** All is acknowledged; messages may come. */
	lingering: 3,
	/** DISCONNECT is on its way. */
	ending: 4,
});
export type Phase = (typeof Phase)[keyof typeof Phase];

/** What happened. */
export const Event = Object.freeze({
	/** The transport is connected: bytes can be sent. */
	connected: 1,
	/** What was asked for is done, or there is room again for what was asked for and did not fit. */
	ready: 2,
	/** The source gave what was asked for: `frame` says what. */
	filled: 3,
	/** The source has nothing more; or cannot make that frame again. */
	empty: 4,
	/** A companion's message is put; `verdict` is its QoS. */
	offered: 5,
	/** No companion has a message. */
	silent: 6,
	/** A packet came: `packet`. */
	packet: 7,
	/** The application has the message; `verdict` says what it made of it. */
	judged: 8,
	/** DISCONNECT has left. */
	flushed: 9,
	/** For `pauseSeconds` nothing was sent, and no message came. */
	quiet: 10,
	/** What came is no MQTT; `goodbye` says why. */
	broken: 11,
	/** The transport ended. */
	lost: 12,
	/** The exchange has taken as long as it may. */
	timeout: 13,
});
export type Event = (typeof Event)[keyof typeof Event];

/** What the shell has to do. Where what is to be put does not fit now, it waits for room; then `ready`. */
export const Effect = Object.freeze({
	/** Nothing; wait. */
	none: 0,
	/** Drop what waits to leave and put CONNECT (`clean`), and SUBSCRIBE where `subscribing` is its identifier → `ready`. */
	connect: 1,
	/** Put SUBSCRIBE with `subscribing` → `ready`. */
	subscribe: 2,
	/** Put PUBLISH of `frame` made again, at most `room` bytes, with `id`, `dup`, `alias` → `filled`, `empty`. */
	again: 3,
	/** Put PUBLISH of the next frame, at most `room` bytes, with `id`, `alias` → `filled`, `empty`. */
	fill: 4,
	/** Put PUBLISH of the next message of a companion, with `id` where its QoS is 1 → `offered`, `silent`. */
	companion: 5,
	/** Tell the companion that its message arrived → `ready`. */
	told: 6,
	/** Put PUBACK with `id` and `goodbye`; it may be left out where there is no room → `ready`. */
	puback: 7,
	/** Tell that all up to `upTo` arrived → `ready`. */
	delivered: 8,
	/** Give the packet's payload to the application → `judged`. */
	downlink: 9,
	/** Put PINGREQ → `ready`. */
	ping: 10,
	/** Put DISCONNECT → `ready`; when it has left: `flushed`. */
	disconnect: 11,
	/** Close the transport and open another to the same server. */
	retry: 12,
	/** As {@link over}, but first send DISCONNECT with `goodbye`, if that goes without waiting. */
	leave: 13,
	/** Close the transport; the exchange failed with `code`, or went well where that is empty. */
	over: 14,
});
export type Effect = (typeof Effect)[keyof typeof Effect];

/** What the application made of a message. */
export const Verdict = Object.freeze({
	/** Neither of the others: the server is to send it again. */
	kept: 0,
	taken: 1,
	refused: 2,
});

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

/** Publishes that may be unacknowledged, at most. */
export const WINDOW = 4;
/** Largest packet before a server has told what it takes, in bytes. */
export const SAFE_PACKET = 1024;
/** A message that the application failed at so often is refused: it would come again for ever. */
export const MOST_DELIVERIES = 3;

// Bits of the first byte of what is retained.
/** The server's limits are known. */
const KNOWN = 1;
/** Server and client both keep the session. */
const KEPT = 2;
/** The server knows the subscription. */
const SUBSCRIBED = 4;
/** The server speaks 3.1.1 only. */
const OLD = 8;
/** The server takes no retained messages. */
const FLEETING = 16;
/** The server takes a topic alias. */
const ALIAS = 32;
/** What the server keeps is to be thrown away: in 3.1.1, where a session is kept from the first connection on. */
const PURGE = 64;

// What happened on this connection: bits of `marks`.
/** The source has no more. */
const EMPTY = 1;
/** The companions have no more. */
const SILENT = 2;
/** A PINGREQ waits for its answer. */
const PINGED = 4;
/** The server has the topic by its alias. */
const ALIASED = 8;
/** The server's session began with this connection. */
const FRESH = 16;
/** No subscription is to be had. */
const DEAF = 32;
/** This is the exchange's second try. */
const RETRIED = 64;

// Offsets in what is retained; see `Session.kept`.
const FRAMES = 21;
const FRAME = 14;
/** Bytes that a session's retained state takes at most. */
export const SESSION_RETAINED = FRAMES + WINDOW * FRAME;

/** The state of one client's sessions. What outlives a connection is in {@link kept}. */
export class Session {
	readonly options: SessionOptions;
	/**
	 * What is retained: 0 bits, 1 frames in flight, 2 next packet identifier (u16), 4 whose session it is (u16), 6 largest
	 * packet, or 0xffff for any (u16), 8 identifier of the message that the application failed at last (u16) and 11 how often,
	 * 10 receive maximum, 12 IPv4 address of the server (u32), 16 number of the last record before those in flight (u32),
	 * 20 bytes of the companion; then for each frame in flight: identifier, records, last number less that of the frame before
	 * (u16 each), seconds and wall time of its stamp (u32 each).
	 */
	readonly kept = new DataView(new ArrayBuffer(SESSION_RETAINED));
	/** Bytes of a frame's PUBLISH without its payload, at most. */
	overhead = 0;
	phase: Phase = Phase.closed;
	marks = 0;
	/** Frames of those in flight that were sent on this connection. */
	sent = 0;
	/** Bits: frames in flight that are acknowledged before an earlier one; 16: there is one that cannot be retained. */
	acked = 0;
	/** Identifier of a companion's message that waits for its PUBACK; 0: none. */
	offered = 0;
	/** Largest PUBLISH of a frame on this connection, in bytes. */
	largest = 0;
	/** Seconds left of the window. */
	left = 0;
	readonly packet: Packet;
	/** {@link Verdict}, or QoS of a companion's message. */
	verdict = 0;
	/** The frame that the source made, or is to make again. */
	readonly frame: Filled = { length: 0, upTo: 0, count: 0, seconds: 0, wall: 0 };
	/** Bytes of a frame that this server takes, at most. */
	room = 0;
	id = 0;
	/** Identifier of the SUBSCRIBE that waits for its SUBACK; 0: none. */
	subscribing = 0;
	clean = true;
	dup = false;
	/** 0: send the topic. 1: send it and give it alias 1. 2: alias 1 alone will do. */
	alias = 0;
	upTo = 0;
	/** What the server gave last as its reason, a code of 5.0 §2.4 (in CONNACK of 3.1.1: of its §3.2.2.3). */
	reason = 0;
	/** The reason to give to the server, a code of 5.0 §2.4. */
	goodbye = 0;
	/** Why the exchange failed; empty: it did not. */
	code: ErrorCode | "" = "";
	/** Keep-alive in force, in seconds; 0: none. */
	keepSeconds = 0;
	/** When `quiet` is due, in seconds without anything sent or a message; 0: never. */
	pauseSeconds = 0;

	constructor(options: SessionOptions, packet: Packet) {
		this.options = options;
		this.packet = packet;
		this.kept.setUint16(2, 1);
	}
	/** What the server is spoken to in. */
	get version(): MqttVersion {
		return this.kept.getUint8(0) & OLD ? 4 : this.options.version;
	}
	/** Whether the server may be sent retained messages, as far as is known. */
	get retains(): boolean {
		return !(this.kept.getUint8(0) & FLEETING);
	}
	/** Whether the server takes packets of so many bytes. */
	takes(bytes: number): boolean {
		const largest = this.kept.getUint16(6);
		return largest === 0xffff || bytes <= largest;
	}
	/** Begins the session anew with the next connection: what is in flight is no longer. @param more bits to be set */
	forget(more = PURGE): void {
		const { kept } = this;
		kept.setUint8(0, (kept.getUint8(0) & ~(KEPT | SUBSCRIBED)) | more);
		kept.setUint8(1, 0);
	}
}

/** Version of what {@link retain} writes. */
export const RETAINED_VERSION = 2;

/** Writes what must survive sleep. @returns bytes written, at most {@link SESSION_RETAINED} */
export function retain(s: Session, into: DataView): number {
	const size = FRAMES + (s.acked ? 0 : FRAME * s.kept.getUint8(1));
	for (let at = 0; at < size; at++) into.setUint8(at, s.kept.getUint8(at));
	if (s.acked) {
		into.setUint8(0, into.getUint8(0) & ~(KEPT | SUBSCRIBED)); // it cannot be told what is in flight
		into.setUint8(1, 0);
	}
	return size;
}

/** Takes back what {@link retain} wrote. @returns bytes that it was; 0 when they make no sense, and `s` is untouched then */
export function restore(s: Session, from: DataView, version: number): number {
	if (version !== RETAINED_VERSION || from.byteLength < FRAMES) return 0;
	const size = FRAMES + FRAME * from.getUint8(1);
	if (size > SESSION_RETAINED || size > from.byteLength || from.getUint16(2) === 0) return 0;
	for (let at = 0; at < size; at++) s.kept.setUint8(at, from.getUint8(at));
	return size;
}

/** Takes an event, changes `s`, and says what to do. Events that do not fit are late: tolerated, without effect. */
export function step(s: Session, event: Event): Effect {
	const { kept, frame } = s;
	if (event === Event.connected) return s.phase === Phase.closed ? connect(s) : Effect.none;
	if (s.phase === Phase.closed) return Effect.none;
	const count = kept.getUint8(1);
	switch (event) {
		case Event.filled: {
			s.largest = Math.max(s.largest, s.overhead + frame.length);
			if (s.alias) s.marks |= ALIASED;
			if (s.sent++ < count) break; // one that was in flight already
			const at = FRAMES + FRAME * count;
			if (count === 0) kept.setUint32(16, frame.upTo);
			const step = frame.upTo - lastOf(kept, count);
			if (step > 0xffff) s.acked |= 16;
			kept.setUint8(1, count + 1);
			kept.setUint16(at, takeId(s));
			kept.setUint16(at + 2, frame.count);
			kept.setUint16(at + 4, step);
			kept.setUint32(at + 6, frame.seconds);
			kept.setUint32(at + 10, frame.wall);
			break;
		}
		case Event.empty:
			if (s.sent < count) {
				// It cannot be sent as it was: the session is begun anew rather than lied in. CONNECT has not left yet, or else
				// another has to.
				s.forget();
				if (s.sent === 0 && s.phase === Phase.connecting) return connect(s);
				s.phase = Phase.closed;
				return Effect.retry;
			}
			s.marks |= EMPTY;
			break;
		case Event.offered:
			if (s.verdict) s.offered = takeId(s);
			break;
		case Event.silent:
			s.marks |= SILENT;
			break;
		case Event.packet:
			return received(s);
		case Event.judged: {
			const { flags, id } = s.packet;
			if (s.phase === Phase.lingering) s.left = s.options.downlinks!.window;
			if (!(flags & 2)) break;
			let deliveries = kept.getUint16(8) === id ? kept.getUint8(11) : 0;
			if (s.verdict) deliveries = 0;
			else deliveries++;
			const isEnough = deliveries >= MOST_DELIVERIES;
			kept.setUint16(8, deliveries && !isEnough ? id : 0);
			kept.setUint8(11, deliveries);
			if (s.verdict === Verdict.kept && !isEnough) break;
			s.id = id;
			s.goodbye = isEnough ? 0x80 : s.verdict === Verdict.taken ? 0 : 0x83;
			return Effect.puback;
		}
		case Event.flushed:
			if (s.phase === Phase.ending) return over(s, "");
			return Effect.none;
		case Event.quiet:
			if (s.phase === Phase.lingering) {
				s.left -= s.pauseSeconds;
				if (s.left <= 0) break;
			} else if (s.phase !== Phase.open) return Effect.none;
			if (s.marks & PINGED) return over(s, "timeout");
			s.marks |= PINGED;
			return Effect.ping;
		case Event.broken:
			return leave(s, "protocol", s.goodbye);
		case Event.lost: {
			const isGuess = s.phase === Phase.connecting && s.version === 5 && !(kept.getUint8(0) & KNOWN);
			return isGuess ? refused(s, 0x84, "lost") : over(s, "lost");
		}
		case Event.timeout:
			return over(s, "timeout");
	}
	return next(s);
}

/** What is to be sent next; changes nothing that would have to be taken back when there is no room for it. */
function next(s: Session): Effect {
	const { kept, frame, keepSeconds: keep } = s;
	const { downlinks } = s.options;
	const bits = kept.getUint8(0);
	if (s.phase < Phase.lingering) {
		const count = kept.getUint8(1);
		const most = bits & KNOWN ? kept.getUint8(10) : 1;
		s.room = roomOf(s);
		s.alias = !(bits & ALIAS) || s.largest === 0 ? 0 : s.marks & ALIASED ? 2 : 1;
		if (s.sent < count) {
			const at = FRAMES + FRAME * s.sent;
			if (s.sent >= most) return Effect.none;
			s.id = kept.getUint16(at);
			s.dup = !(s.marks & FRESH); // for a new session it is sent the first time (5.0 §3.3.1.1)
			frame.count = kept.getUint16(at + 2);
			frame.upTo = lastOf(kept, s.sent + 1);
			frame.seconds = kept.getUint32(at + 6);
			frame.wall = kept.getUint32(at + 10);
			return Effect.again;
		}
		const busy = count + (s.offered ? 1 : 0);
		s.dup = false;
		s.id = kept.getUint16(2);
		if (busy < most) {
			if (!(s.marks & EMPTY)) return Effect.fill;
			// Companions come last, and to a server that is known: they must not cost frames anything.
			if (bits & KNOWN && !(s.marks & SILENT) && s.offered === 0) return Effect.companion;
		}
		if (s.phase !== Phase.open || busy || s.subscribing) return Effect.none;
		s.phase = Phase.lingering;
		s.left = downlinks && !(s.marks & DEAF) ? downlinks.window : 0;
	}
	if (s.phase === Phase.lingering) {
		if (s.left <= 0) {
			s.phase = Phase.ending;
			return Effect.disconnect;
		}
		s.pauseSeconds = keep ? Math.min(keep, s.left) : s.left;
	}
	return Effect.none;
}

function connect(s: Session): Effect {
	const { kept, options } = s;
	const bits = kept.getUint8(0);
	s.phase = Phase.connecting;
	s.marks &= RETRIED;
	s.sent = s.acked = s.offered = s.largest = s.subscribing = s.reason = 0;
	if (!(bits & KEPT)) kept.setUint8(1, 0);
	// In 3.1.1 a session lives on from the connection that began it only when that was not clean (3.1.1 §3.1.2.4).
	s.clean = s.version === 5 ? !(bits & KEPT) : !options.downlinks || (bits & PURGE) !== 0;
	if (options.downlinks && !(bits & SUBSCRIBED)) s.subscribing = takeId(s);
	s.keepSeconds = s.pauseSeconds = options.keepAliveSeconds;
	return Effect.connect;
}

function received(s: Session): Effect {
	const { kept, options, packet } = s;
	const { id, reason, type } = packet;
	let bits = kept.getUint8(0);
	s.marks &= ~PINGED;
	// the server's first packet is CONNACK, and no other is (5.0 §3.2)
	if ((s.phase === Phase.connecting) !== (type === 2)) return leave(s, "protocol", 0x82);
	switch (type) {
		case 2: {
			if (reason) return refused(s, reason, "refused"); // the server closes (5.0 §3.2.2.2, 3.1.1 §3.2.2.3)
			const isPresent = packet.sessionPresent;
			if (isPresent && s.clean) return leave(s, "protocol", 0x82); // §3.2.2.1.1
			if (!isPresent) {
				s.marks |= FRESH;
				bits &= ~SUBSCRIBED;
			}
			bits = KNOWN | (bits & (OLD | SUBSCRIBED));
			// A session that nothing is subscribed in has a use in 5.0 alone, where it ends by itself some time.
			if (s.version === 5 || !s.clean) bits |= KEPT;
			if (!packet.retainAvailable) bits |= FLEETING;
			if (packet.topicAliasMaximum) bits |= ALIAS;
			kept.setUint8(0, bits);
			kept.setUint16(6, Math.min(packet.maximumPacketSize, 0xffff));
			kept.setUint8(10, Math.min(packet.receiveMaximum, WINDOW));
			s.phase = Phase.open;
			if (packet.serverKeepAlive >= 0) s.keepSeconds = s.pauseSeconds = packet.serverKeepAlive;
			if (packet.maximumQos < 1 || roomOf(s) < 1) return leave(s, "unsupported", 0);
			if (!options.downlinks || s.subscribing || bits & SUBSCRIBED) break;
			s.subscribing = takeId(s); // the server lost what it was asked to keep
			return Effect.subscribe;
		}
		case 3:
			if (!options.downlinks) return leave(s, "protocol", 0x82); // nothing was subscribed
			return Effect.downlink;
		case 4: {
			if (id === s.offered) {
				s.offered = 0;
				if (reason < 0x80) return Effect.told;
				s.marks |= SILENT; // it is offered again in another exchange
				break;
			}
			let n = 0;
			while (n < s.sent && kept.getUint16(FRAMES + FRAME * n) !== id) n++;
			if (n === s.sent) return Effect.none; // late, or repeated
			s.reason = reason;
			if (reason >= 0x80) return leave(s, "refused", 0);
			s.acked |= 1 << n;
			n = 0;
			while ((s.acked >> n) & 1 && n < WINDOW) n++; // in order, as servers acknowledge (5.0 §4.6), unless one does not
			if (n === 0) return Effect.none;
			s.upTo = lastOf(kept, n);
			kept.setUint32(16, s.upTo);
			kept.setUint8(1, kept.getUint8(1) - n);
			s.sent -= n;
			s.acked = ((s.acked & 15) >> n) | (s.acked & 16);
			new Uint8Array(kept.buffer).copyWithin(FRAMES, FRAMES + n * FRAME);
			return Effect.delivered;
		}
		case 9:
			if (id !== s.subscribing) return leave(s, "protocol", 0x82);
			s.subscribing = 0;
			if (reason >= 0x80) {
				s.reason = reason;
				s.marks |= DEAF; // frames go all the same
			} else if (bits & KEPT) kept.setUint8(0, bits | SUBSCRIBED);
			break;
		case 14:
			s.reason = reason;
			return isDone(s) && reason !== 0x8e
				? over(s, "")
				: refused(s, reason, reason === 0x8e ? "taken-over" : "refused");
	}
	return next(s); // PINGRESP too
}

/** The server says no, or nothing at all. What another encoding can heal is remembered and tried at once, but only once. */
function refused(s: Session, reason: number, code: ErrorCode): Effect {
	const { kept } = s;
	const bits = kept.getUint8(0);
	s.reason = reason;
	if (s.marks & RETRIED) return fail(s, code);
	if (reason === 0x84 && s.phase === Phase.connecting && s.version === 5) {
		kept.setUint8(0, OLD); // a guess until it is accepted
		kept.setUint8(1, 0);
	} else if (reason === 0x95 && s.largest > 0) {
		const most = kept.getUint16(6);
		kept.setUint16(6, bits & KNOWN && most < s.largest ? most : s.largest >> 1);
		if (!(bits & KNOWN)) kept.setUint8(10, 1);
		kept.setUint8(0, bits | KNOWN);
	} else if (reason === 0x93) kept.setUint8(10, 1);
	else if (reason === 0x94) kept.setUint8(0, bits & ~ALIAS);
	else return fail(s, code);
	s.marks = RETRIED;
	s.phase = Phase.closed;
	return Effect.retry;
}

/** The connection is over: fine once all frames are acknowledged, a failure before. */
function over(s: Session, code: ErrorCode | ""): Effect {
	if (!isDone(s)) return fail(s, code as ErrorCode);
	const isOpen = s.phase !== Phase.ending && code === "timeout";
	s.phase = Phase.closed;
	s.code = "";
	s.goodbye = 0;
	return isOpen ? Effect.leave : Effect.over;
}

/** Whether all frames are acknowledged: what else there is to do may be left. */
function isDone(s: Session): boolean {
	return s.phase >= Phase.lingering || (s.phase === Phase.open && (s.marks & EMPTY) > 0 && s.kept.getUint8(1) === 0);
}

/** The client ends the connection, and the session with it. */
function leave(s: Session, code: ErrorCode, reason: number): Effect {
	if (s.phase === Phase.ending) return over(s, "");
	s.forget();
	fail(s, code);
	s.goodbye = reason;
	return Effect.leave;
}

function fail(s: Session, code: ErrorCode): Effect {
	const { kept } = s;
	s.phase = Phase.closed;
	s.code = code;
	kept.setUint32(12, 0); // the name is looked up again
	if (!(kept.getUint8(0) & KNOWN)) kept.setUint8(0, kept.getUint8(0) & PURGE); // a guess that proved wrong
	return Effect.over;
}

/** Number of the last record of the first `n` frames in flight. */
function lastOf(kept: DataView, n: number): number {
	let number = kept.getUint32(16);
	for (let at = FRAMES + 4; n > 0; n--, at += FRAME) number += kept.getUint16(at);
	return number;
}

/** Bytes of a frame that the server takes, as far as is known. */
function roomOf({ kept, options, overhead }: Session): number {
	const largest = kept.getUint8(0) & KNOWN ? kept.getUint16(6) : SAFE_PACKET;
	return largest === 0xffff ? options.mtu : Math.min(options.mtu, largest - overhead);
}

/** The next packet identifier, never 0 (5.0 §2.2.1). No more than six are in use at once: it is free. */
function takeId({ kept }: Session): number {
	const id = kept.getUint16(2);
	kept.setUint16(2, (id % 0xffff) + 1);
	return id;
}
