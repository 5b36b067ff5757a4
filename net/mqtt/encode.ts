import { writeUtf8 } from "../../modules/core/bytes.js";
import type { MqttVersion } from "./packet.js";

/**
 * Packets are written where they are sent from, one behind the other. A packet's body comes first, behind room for the
 * largest fixed header; {@link seal} puts the header to it. So the length of nothing needs to be known beforehand, and a
 * payload is made in its place. What does not fit the buffer is lost: callers make sure that it does.
 */
export const FIXED_HEADER = 5;

/** What CONNECT says. */
export interface Connect {
	/** 1 … 23 of [0-9a-zA-Z] are taken by every server (5.0 §3.1.3.1). */
	readonly clientId: string;
	/** 0 (none) … 65 535. */
	readonly keepAliveSeconds: number;
	/** How long the server keeps the session after the connection, u32; 5.0 only (§3.1.2.11.2). Absent: a day. */
	readonly sessionExpirySeconds?: number;
	/** Topic of a retained will "offline" with QoS 1. 5.0 only: 3.1.1 cannot delay it. */
	readonly will?: string | undefined;
	/** Seconds from the connection's end to the will, unless the client comes back (5.0 §3.1.3.2.2). Absent: a day. */
	readonly willDelaySeconds?: number;
	readonly username?: string | undefined;
	/** In 3.1.1 a password needs a user name (§3.1.2.9): an empty one is sent where there is none. */
	readonly password?: string | undefined;
}

/** Bytes of CONNECT without its texts, at most. */
export const CONNECT_LARGEST = 64;

/**
 * CONNECT. Source: 5.0 §3.1, 3.1.1 §3.1.
 * @param clean Clean Start of 5.0 (§3.1.2.4), Clean Session of 3.1.1 (§3.1.2.4)
 * @param largest packet that this client takes, in bytes; 5.0 only (§3.1.2.11.4)
 * @param receiveMaximum messages of QoS 1 that the server may send unacknowledged; 5.0 only (§3.1.2.11.3)
 * @returns where it ends; it begins with `into`
 */
export function encodeConnect(
	into: Uint8Array,
	version: MqttVersion,
	clean: boolean,
	largest: number,
	receiveMaximum: number,
	connect: Connect,
): number {
	const { keepAliveSeconds, password, sessionExpirySeconds = 86_400, will, willDelaySeconds = 86_400 } = connect;
	const username = connect.username ?? (version === 4 && password !== undefined ? "" : undefined);
	const hasWill = version === 5 && will !== undefined;
	let at = putText(into, FIXED_HEADER, "MQTT");
	into[at++] = version;
	into[at++] =
		(clean ? 0x02 : 0) |
		(hasWill ? 0x2c : 0) | // retained, QoS 1
		(username === undefined ? 0 : 0x80) |
		(password === undefined ? 0 : 0x40);
	into[at++] = keepAliveSeconds >> 8;
	into[at++] = keepAliveSeconds;
	if (version === 5) {
		into[at++] = 13;
		at = putProperty(into, at, 0x11, sessionExpirySeconds);
		into[at++] = 0x21;
		into[at++] = receiveMaximum >> 8;
		into[at++] = receiveMaximum;
		at = putProperty(into, at, 0x27, largest);
	}
	at = putText(into, at, connect.clientId);
	if (hasWill) {
		into[at++] = 5;
		at = putProperty(into, at, 0x18, willDelaySeconds);
		at = putText(into, at, will);
		at = putText(into, at, "offline");
	}
	if (username !== undefined) at = putText(into, at, username);
	if (password !== undefined) at = putText(into, at, password);
	return seal(into, 0, 0x10, at);
}

/**
 * SUBSCRIBE to one filter, with QoS 1 at most. Source: 5.0 §3.8, 3.1.1 §3.8.
 * @returns where it ends; it begins at `start`
 */
export function encodeSubscribe(
	into: Uint8Array,
	start: number,
	version: MqttVersion,
	id: number,
	filter: string,
): number {
	let at = start + FIXED_HEADER;
	into[at++] = id >> 8;
	into[at++] = id;
	if (version === 5) into[at++] = 0;
	at = putText(into, at, filter);
	into[at++] = 1;
	return seal(into, start, 0x82, at);
}

/** Bytes of {@link publishHead} without its topic, and the fixed header, at most. */
export const PUBLISH_LARGEST = 21;

/**
 * PUBLISH up to its payload, which belongs where this ends; behind it {@link seal} makes the packet of it. Source: 5.0 §3.3,
 * 3.1.1 §3.3.
 * @param topic empty where an alias stands for it
 * @param id packet identifier, 1 … 65 535; 0 with QoS 0
 * @param alias topic alias; 0 for none; 5.0 only (§3.3.2.3.4)
 * @param expirySeconds after which servers forget the message; 0: never; 5.0 only (§3.3.2.3.3)
 */
export function publishHead(
	into: Uint8Array,
	start: number,
	version: MqttVersion,
	topic: string,
	id: number,
	alias: number,
	expirySeconds: number,
): number {
	let at = putText(into, start + FIXED_HEADER, topic);
	if (id) {
		into[at++] = id >> 8;
		into[at++] = id;
	}
	if (version === 4) return at;
	into[at++] = (alias ? 3 : 0) + (expirySeconds ? 5 : 0);
	if (alias) {
		into[at++] = 0x23;
		into[at++] = 0;
		into[at++] = alias;
	}
	return expirySeconds ? putProperty(into, at, 0x02, expirySeconds) : at;
}

/**
 * A packet of an identifier and a reason at most: PUBACK (5.0 §3.4), PINGREQ (§3.12), DISCONNECT (§3.14). With reason 0 it
 * takes the short form, as always in 3.1.1, which has no reasons.
 * @param first first byte of the fixed header
 * @param id 0 for none
 * @returns where it ends
 */
export function encodeShort(
	into: Uint8Array,
	at: number,
	version: MqttVersion,
	first: number,
	id: number,
	reason: number,
): number {
	const long = version === 5 && reason > 0;
	into[at++] = first;
	into[at++] = (id ? 2 : 0) + (long ? 1 : 0);
	if (id) {
		into[at++] = id >> 8;
		into[at++] = id;
	}
	if (long) into[at++] = reason;
	return at;
}

/**
 * Puts the fixed header to a body that lies {@link FIXED_HEADER} bytes behind `start`, and moves the body to it.
 * Source: 5.0 §2.1, §1.5.5.
 * @param first its first byte
 * @param end where the body ends
 * @param more bytes of the packet that will follow the body
 * @returns where the packet ends now
 */
export function seal(into: Uint8Array, start: number, first: number, end: number, more = 0): number {
	const from = start + FIXED_HEADER;
	let length = end - from + more;
	into[start++] = first;
	for (; length > 0x7f; length >>= 7) into[start++] = length | 0x80;
	into[start++] = length;
	into.copyWithin(start, from, end);
	return start + end - from;
}

/** A property of four bytes. */
function putProperty(into: Uint8Array, at: number, id: number, value: number): number {
	into[at++] = id;
	for (let shift = 24; shift >= 0; shift -= 8) into[at++] = value >> shift;
	return at;
}

/** A text with its length before it. Source: 5.0 §1.5.4. */
function putText(into: Uint8Array, at: number, text: string): number {
	const end = writeUtf8(text, into, at + 2);
	into[at] = (end - at - 2) >> 8;
	into[at + 1] = end - at - 2;
	return end;
}
