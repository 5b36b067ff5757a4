import type { ErrorCode } from "../../modules/core/errors.js";
import { type MqttVersion, type Packet, PacketType, Reason } from "./packet.js";

/** Where a session stands. */
export const Phase = Object.freeze({
	/** No connection. */
	closed: 0,
	/** CONNECT is on its way; only CONNACK may come. */
	connecting: 1,
	/** The server accepted; nothing is in flight. */
	open: 2,
	/** A PUBLISH waits for its PUBACK. */
	publishing: 3,
	/** DISCONNECT is on its way; all is acknowledged. */
	ending: 4,
});
export type Phase = (typeof Phase)[keyof typeof Phase];

/** What happened. The operands are in {@link SessionState.in}. */
export const Event = Object.freeze({
	/** The transport is connected: bytes can be sent. */
	connected: 1,
	/** A packet came: `in.packet`. */
	packet: 2,
	/** What came is no MQTT: `in.reason`. */
	broken: 3,
	/** The source gave a frame: `in.upTo`. Answers {@link Effect.fill}. */
	filled: 4,
	/** The source gave nothing. Answers {@link Effect.fill}. */
	empty: 5,
	/** The listener knows what was delivered. Answers {@link Effect.delivered}. */
	told: 6,
	/** All that was to be sent has left. */
	flushed: 7,
	/** Nothing was sent for the keep-alive time. */
	quiet: 8,
	/** The transport ended. */
	lost: 9,
	/** The exchange has taken as long as it may. */
	timeout: 10,
});
export type Event = (typeof Event)[keyof typeof Event];

/** What the shell has to do. The operands are in {@link SessionState.out}. */
export const Effect = Object.freeze({
	/** Nothing; wait. */
	none: 0,
	/** Send CONNECT. */
	connect: 1,
	/** Ask the source for a frame of at most `out.room` bytes; then `filled` or `empty`. */
	fill: 2,
	/** Send the frame as PUBLISH with QoS 1 and `out.id`. */
	publish: 3,
	/** Tell that all up to `out.upTo` arrived; then `told`. */
	delivered: 4,
	/** Send PINGREQ, unless something is on its way. */
	ping: 5,
	/** Send DISCONNECT; then `flushed`. */
	disconnect: 6,
	/** Close the transport; the exchange went well. */
	idle: 7,
	/** Close the transport; the exchange failed with `out.code`. */
	fail: 8,
	/** As {@link fail}, but first send DISCONNECT with `out.goodbye`, if that goes without waiting. */
	abort: 9,
});
export type Effect = (typeof Effect)[keyof typeof Effect];

/** The state of one client's sessions. Only {@link nextId} outlives a connection. */
export interface SessionState {
	phase: Phase;
	readonly version: MqttVersion;
	/** Bytes of a PUBLISH apart from its payload, at most. */
	readonly overhead: number;
	/** Largest frame, in bytes. */
	readonly mtu: number;
	/** Seconds that CONNECT asks for; 0 for none. */
	readonly keepAliveSeconds: number;
	/** Packet identifier of the next PUBLISH, 1 … 65 535. */
	nextId: number;
	/** Identifier that waits for its PUBACK; 0 for none. */
	inFlight: number;
	readonly in: { packet: Packet; reason: number; upTo: number };
	readonly out: {
		/** Bytes of a frame that this server takes, at most. */
		room: number;
		id: number;
		upTo: number;
		/** What the server gave as its reason, a code of 5.0 §2.4 (in CONNACK of 3.1.1: of its §3.2.2.3). */
		reason: number;
		/** The reason to give to the server with {@link Effect.abort}, a code of 5.0 §2.4. */
		goodbye: number;
		code: ErrorCode;
		/** Keep-alive in force, in seconds; 0 for none. */
		keepAliveSeconds: number;
	};
}

/** A session that has never been connected. @param packet where the decoder leaves packets */
export function newSession(
	version: MqttVersion,
	packet: Packet,
	mtu: number,
	overhead: number,
	keepAliveSeconds: number,
): SessionState {
	return {
		phase: Phase.closed,
		version,
		overhead,
		mtu,
		keepAliveSeconds,
		nextId: 1,
		inFlight: 0,
		in: { packet, reason: 0, upTo: 0 },
		out: { room: mtu, id: 0, upTo: 0, reason: 0, goodbye: 0, code: "lost", keepAliveSeconds },
	};
}

/**
 * One step: CONNECT, CONNACK, then PUBLISH and PUBACK one frame after the other, then DISCONNECT. Each connection starts
 * clean (5.0 §3.1.2.4): a frame whose PUBACK was lost is a new PUBLISH in a later connection, recognisable by its record
 * numbers. Late and repeated events have no effect.
 */
export function step(s: SessionState, event: Event): Effect {
	switch (event) {
		case Event.connected:
			if (s.phase !== Phase.closed) return Effect.none;
			s.phase = Phase.connecting;
			s.inFlight = 0;
			s.out.keepAliveSeconds = s.keepAliveSeconds;
			return Effect.connect;
		case Event.packet:
			return s.phase === Phase.closed ? Effect.none : received(s);
		case Event.broken:
			return s.phase === Phase.closed ? Effect.none : abort(s, "protocol", s.in.reason);
		case Event.filled:
			if (s.phase !== Phase.open) return Effect.none;
			s.phase = Phase.publishing;
			s.out.id = s.inFlight = s.nextId;
			s.out.upTo = s.in.upTo;
			s.nextId = (s.nextId % 0xffff) + 1; // never 0: 5.0 §2.2.1
			return Effect.publish;
		case Event.empty:
			if (s.phase !== Phase.open) return Effect.none;
			s.phase = Phase.ending;
			return Effect.disconnect;
		case Event.told:
			return s.phase === Phase.open ? Effect.fill : Effect.none;
		case Event.flushed:
			return s.phase === Phase.ending ? close(s, Effect.idle) : Effect.none;
		case Event.quiet:
			return s.phase === Phase.open || s.phase === Phase.publishing ? Effect.ping : Effect.none;
		case Event.lost:
			return over(s, "lost");
		case Event.timeout:
			return over(s, "timeout");
	}
}

/** Bytes that {@link retain} writes. */
export const RETAINED_SIZE = 2;
/** Version of what {@link retain} writes. */
export const RETAINED_VERSION = 1;

/** Writes what must survive sleep. @returns bytes written */
export function retain(s: SessionState, into: DataView): number {
	into.setUint16(0, s.nextId);
	return RETAINED_SIZE;
}

/** @returns false when the bytes are not a known version or make no sense; `s` is untouched then */
export function restore(s: SessionState, from: DataView, version: number): boolean {
	if (version !== RETAINED_VERSION || from.byteLength < RETAINED_SIZE) return false;
	const nextId = from.getUint16(0);
	if (nextId) s.nextId = nextId;
	return nextId !== 0;
}

function received(s: SessionState): Effect {
	const { packet } = s.in;
	// the server's first packet is CONNACK, and no other is (5.0 §3.2)
	if ((s.phase === Phase.connecting) !== (packet.type === PacketType.connack))
		return abort(s, "protocol", Reason.protocolError);
	switch (packet.type) {
		case PacketType.connack:
			return accepted(s);
		case PacketType.puback:
			if (s.phase !== Phase.publishing || packet.id !== s.inFlight) return Effect.none; // late or repeated
			s.inFlight = 0;
			if (packet.reason >= 0x80) {
				s.out.reason = packet.reason;
				return abort(s, "refused", Reason.success);
			}
			s.phase = Phase.open;
			return Effect.delivered;
		case PacketType.disconnect:
			s.out.reason = packet.reason;
			return over(s, "refused");
		case PacketType.suback:
			return abort(s, "protocol", Reason.protocolError); // nothing was subscribed
		default:
			// PINGRESP. PUBLISH: a clean session without subscriptions gets none; one that comes is not acknowledged
			return Effect.none;
	}
}

function accepted(s: SessionState): Effect {
	const { packet } = s.in;
	s.out.reason = packet.reason;
	if (packet.reason) return fail(s, "refused"); // the server closes (5.0 §3.2.2.2, 3.1.1 §3.2.2.3)
	if (packet.sessionPresent) return abort(s, "protocol", Reason.protocolError); // asked for a clean one: §3.2.2.1.1
	const room = Math.min(s.mtu, packet.maximumPacketSize - s.overhead);
	if (packet.maximumQos < 1 || room < 1) return abort(s, "unsupported", Reason.success);
	s.out.room = room;
	s.out.keepAliveSeconds = packet.serverKeepAlive < 0 ? s.keepAliveSeconds : packet.serverKeepAlive;
	s.phase = Phase.open;
	return Effect.fill;
}

/** The connection is over: fine once all is acknowledged, a failure before. */
function over(s: SessionState, code: ErrorCode): Effect {
	if (s.phase === Phase.closed) return Effect.none;
	return s.phase === Phase.ending ? close(s, Effect.idle) : fail(s, code);
}

function fail(s: SessionState, code: ErrorCode): Effect {
	s.out.code = code;
	return close(s, Effect.fail);
}

function abort(s: SessionState, code: ErrorCode, reason: number): Effect {
	if (s.phase === Phase.ending) return close(s, Effect.idle);
	s.out.goodbye = reason;
	s.out.code = code;
	return close(s, Effect.abort);
}

function close(s: SessionState, effect: Effect): Effect {
	s.phase = Phase.closed;
	s.inFlight = 0;
	return effect;
}
