import { utf8Length, writeUtf8 } from "../../modules/core/bytes.js";
import { DormouseError } from "../../modules/core/errors.js";
import { LARGEST_REMAINING, type MqttVersion, PacketType } from "./packet.js";

/** What CONNECT says. There is no will yet. */
export interface Connect {
	/** 1 … 23 of [0-9a-zA-Z] are taken by every server (5.0 §3.1.3.1). */
	readonly clientId: string;
	/** Clean Start of 5.0 (§3.1.2.4), Clean Session of 3.1.1 (§3.1.2.4). */
	readonly clean: boolean;
	/** 0 (none) … 65 535. */
	readonly keepAliveSeconds: number;
	/** How long the server keeps the session after the connection, u32; 5.0 only (§3.1.2.11.2). Absent: 0. */
	readonly sessionExpirySeconds?: number;
	/** Largest packet that this client takes, in bytes; 5.0 only (§3.1.2.11.4). Absent: any. */
	readonly maximumPacketSize?: number;
	readonly username?: string | undefined;
	/** In 3.1.1 a password needs a user name (§3.1.2.9): an empty one is sent where there is none. */
	readonly password?: string | undefined;
}

/** Bytes that {@link encodeConnect} writes. */
export function connectLength(version: MqttVersion, connect: Connect): number {
	const body = connectBody(version, connect);
	return 1 + varintLength(body) + body;
}

/**
 * CONNECT. Source: 5.0 §3.1, 3.1.1 §3.1.
 * @returns bytes written, from the start of `into`
 * @throws {DormouseError} `overflow` when they do not fit, `range` when a number or text is too large; nothing is written
 */
export function encodeConnect(into: Uint8Array, version: MqttVersion, connect: Connect): number {
	const { clientId, clean, keepAliveSeconds, sessionExpirySeconds = 0, maximumPacketSize } = connect;
	inRange(keepAliveSeconds, 0, 0xffff);
	inRange(sessionExpirySeconds, 0, 0xffff_ffff);
	if (maximumPacketSize !== undefined) inRange(maximumPacketSize, 1, 0xffff_ffff);
	const username = connect.username ?? (version === 4 && connect.password !== undefined ? "" : undefined);
	for (const text of [clientId, username, connect.password])
		if (text !== undefined) inRange(utf8Length(text), 0, 0xffff);
	let at = begin(into, PacketType.connect << 4, connectBody(version, connect));
	at = put16(into, at, 4);
	at = writeUtf8("MQTT", into, at);
	into[at++] = version;
	into[at++] = (clean ? 0x02 : 0) | (username === undefined ? 0 : 0x80) | (connect.password === undefined ? 0 : 0x40);
	at = put16(into, at, keepAliveSeconds);
	if (version === 5) {
		into[at++] = (sessionExpirySeconds ? 5 : 0) + (maximumPacketSize ? 5 : 0);
		if (sessionExpirySeconds) at = putProperty32(into, at, 0x11, sessionExpirySeconds);
		if (maximumPacketSize) at = putProperty32(into, at, 0x27, maximumPacketSize);
	}
	at = putText(into, at, clientId);
	if (username !== undefined) at = putText(into, at, username);
	return connect.password === undefined ? at : putText(into, at, connect.password);
}

/** What PUBLISH says before its payload. It carries no properties yet. */
export interface Publish {
	/** UTF-8, without wildcards. */
	readonly topic: Uint8Array;
	readonly qos: 0 | 1;
	/** Sent before in the same session (5.0 §3.3.1.1). Never with QoS 0. */
	readonly dup?: boolean;
	readonly retain?: boolean;
	/** Packet identifier, 1 … 65 535; not used with QoS 0. */
	readonly id?: number;
}

/** Most bytes that PUBLISH needs in front of its payload, which may be as long as MQTT allows. */
export function publishHead(version: MqttVersion, topicLength: number, qos: 0 | 1): number {
	return 5 + publishVariable(version, topicLength, qos);
}

/**
 * Puts PUBLISH around a payload that already lies in `into`, so that it need not be copied. Source: 5.0 §3.3, 3.1.1 §3.3.
 * @param payloadAt where the payload begins; {@link publishHead} bytes in front of it are always enough
 * @returns where the packet begins; it ends with the payload
 * @throws {DormouseError} `overflow` when the head or the payload does not fit, `range` on a wrong identifier, topic or
 * combination of flags; nothing is written
 */
export function framePublish(
	into: Uint8Array,
	payloadAt: number,
	payloadLength: number,
	version: MqttVersion,
	publish: Publish,
): number {
	const { topic, qos, dup = false, retain = false, id = 0 } = publish;
	inRange(topic.length, 1, 0xffff);
	if (qos) inRange(id, 1, 0xffff);
	else if (dup) throw new DormouseError("range", "DUP with QoS 0");
	const remaining = publishVariable(version, topic.length, qos) + payloadLength;
	inRange(remaining, 0, LARGEST_REMAINING);
	const start = payloadAt + payloadLength - remaining - 1 - varintLength(remaining);
	if (start < 0 || payloadAt + payloadLength > into.length) throw new DormouseError("overflow");
	into[start] = (PacketType.publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
	let at = putVarint(into, start + 1, remaining);
	at = put16(into, at, topic.length);
	into.set(topic, at);
	at += topic.length;
	if (qos) at = put16(into, at, id);
	if (version === 5) into[at] = 0;
	return start;
}

/**
 * PUBACK. With reason 0 it takes the short form. Source: 5.0 §3.4, 3.1.1 §3.4 (which has no reason).
 * @returns bytes written
 * @throws {DormouseError} `overflow`, `range`
 */
export function encodePuback(into: Uint8Array, version: MqttVersion, id: number, reason = 0): number {
	inRange(id, 1, 0xffff);
	const long = version === 5 && reason !== 0;
	const at = put16(into, begin(into, PacketType.puback << 4, long ? 3 : 2), id);
	if (long) into[at] = reason;
	return long ? at + 1 : at;
}

/**
 * SUBSCRIBE to one filter. Source: 5.0 §3.8, 3.1.1 §3.8.
 * @param filter UTF-8
 * @returns bytes written
 * @throws {DormouseError} `overflow`, `range`
 */
export function encodeSubscribe(
	into: Uint8Array,
	version: MqttVersion,
	id: number,
	filter: Uint8Array,
	qos: 0 | 1,
): number {
	inRange(id, 1, 0xffff);
	inRange(filter.length, 1, 0xffff);
	let at = begin(into, (PacketType.subscribe << 4) | 2, (version === 5 ? 6 : 5) + filter.length);
	at = put16(into, at, id);
	if (version === 5) into[at++] = 0;
	at = put16(into, at, filter.length);
	into.set(filter, at);
	at += filter.length;
	into[at++] = qos;
	return at;
}

/** PINGREQ. @returns bytes written @throws {DormouseError} `overflow`. Source: 5.0 §3.12 */
export function encodePingreq(into: Uint8Array): number {
	return begin(into, PacketType.pingreq << 4, 0);
}

/**
 * DISCONNECT. With reason 0 it takes the short form. Source: 5.0 §3.14, 3.1.1 §3.14 (which has no reason).
 * @returns bytes written
 * @throws {DormouseError} `overflow`
 */
export function encodeDisconnect(into: Uint8Array, version: MqttVersion, reason = 0): number {
	const long = version === 5 && reason !== 0;
	const at = begin(into, PacketType.disconnect << 4, long ? 1 : 0);
	if (long) into[at] = reason;
	return long ? at + 1 : at;
}

function connectBody(version: MqttVersion, connect: Connect): number {
	const { clientId, sessionExpirySeconds, maximumPacketSize, username, password } = connect;
	let length = 10 + 2 + utf8Length(clientId);
	if (version === 5) length += 1 + (sessionExpirySeconds ? 5 : 0) + (maximumPacketSize ? 5 : 0);
	if (username !== undefined) length += 2 + utf8Length(username);
	else if (version === 4 && password !== undefined) length += 2;
	if (password !== undefined) length += 2 + utf8Length(password);
	return length;
}

function publishVariable(version: MqttVersion, topicLength: number, qos: 0 | 1): number {
	return 2 + topicLength + (qos ? 2 : 0) + (version === 5 ? 1 : 0);
}

/** Fixed header, after a check that the whole packet fits. */
function begin(into: Uint8Array, first: number, remaining: number): number {
	if (1 + varintLength(remaining) + remaining > into.length) throw new DormouseError("overflow");
	into[0] = first;
	return putVarint(into, 1, remaining);
}

function varintLength(value: number): number {
	return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Variable byte integer. Source: 5.0 §1.5.5. */
function putVarint(into: Uint8Array, at: number, value: number): number {
	for (; value > 0x7f; value >>= 7) into[at++] = (value & 0x7f) | 0x80;
	into[at] = value;
	return at + 1;
}

function put16(into: Uint8Array, at: number, value: number): number {
	into[at] = value >> 8;
	into[at + 1] = value;
	return at + 2;
}

function putProperty32(into: Uint8Array, at: number, id: number, value: number): number {
	into[at] = id;
	put16(into, at + 1, value >>> 16);
	return put16(into, at + 3, value & 0xffff);
}

function putText(into: Uint8Array, at: number, text: string): number {
	put16(into, at, utf8Length(text));
	return writeUtf8(text, into, at + 2);
}

function inRange(value: number, low: number, high: number): void {
	if (!(value >= low && value <= high)) throw new DormouseError("range");
}
