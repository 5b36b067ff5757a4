import { fromUtf8 } from "../../modules/core/bytes.js";
import type { MqttVersion, Packet } from "./packet.js";

/**
 * Properties by identifier, 0 … 42 (5.0 §2.2.2.2, table 2-4), a character each, since a text takes a tenth of an array in
 * flash: how the value is written, and which packets from a server may carry it. `\x0f` is no identifier; no packet: not to
 * be sent to this client, which asks for no extended authentication (21, 22; §4.12) and allows no topic alias (35;
 * §3.3.2.3.4).
 *
 * The last digit is 1 (a byte, 0 or 1), 2 or 4 (that many bytes), 5 (variable byte integer), 6 (text), 7 (binary),
 * 8 (two texts); before it stand, added up, 0x10 CONNACK, 0x20 PUBLISH, 0x40 PUBACK, 0x80 SUBACK, 0x100 DISCONNECT.
 */
const PROPERTIES =
	"\x0f\x21\x24\x26\x0f\x0f\x0f\x0f\x26\x27\x0f\x25\x0f\x0f\x0f\x0f" +
	"\x0f\x14\x16\x12\x0f\x06\x07\x0f\x0f\x0f\x16\x0f\u0116\x0f\x0f\u01d6" +
	"\x0f\x12\x12\x02\x11\x11\u01f8\x14\x11\x11\x11";

/**
 * Reads the packets that a server sends, from bytes that arrive in any pieces. Memory is bounded by the largest packet
 * that it takes; it never throws. A client-side reader: packets that only clients send, and those of QoS 2 and of
 * extended authentication, which this client never asks for, are protocol errors.
 */
export class Decoder implements Packet {
	/**
	 * 0: the packet is not complete, feed more. 1: the fields hold a complete packet, until the next byte is fed. From 0x80
	 * on the stream is broken, nothing more is taken, and this is the reason code of 5.0 that it deserves.
	 */
	outcome = 0;
	type = 0;
	flags = 0;
	id = 0;
	reason = 0;
	sessionPresent = false;
	receiveMaximum = 0;
	maximumQos = 0;
	retainAvailable = 0;
	maximumPacketSize = 0;
	topicAliasMaximum = 0;
	serverKeepAlive = 0;
	private version: MqttVersion = 5;
	private readonly body: Uint8Array;
	/** Where the next byte belongs: −1 the first one, 0 … 3 the length, 4 the body. */
	private place = -1;
	private remaining = 0;
	private got = 0;
	/** Where what was read last ended; at the end of PUBLISH: where its payload begins. */
	private at = 0;

	/** @param largest bytes behind the fixed header of the largest packet; at least 2 */
	constructor(largest: number) {
		this.body = new Uint8Array(largest);
	}

	/** PUBLISH: a view of the payload, valid until more is fed. */
	get payload(): Uint8Array {
		return this.body.subarray(this.at, this.remaining);
	}

	/** Forgets everything, for a new connection. */
	reset(version: MqttVersion): void {
		this.version = version;
		this.outcome = 0;
		this.place = -1;
	}

	/**
	 * Takes bytes up to the end of a packet at most; look at {@link outcome} then.
	 * @returns how many of `bytes[from … to)` were taken; 0 when the stream is broken
	 */
	feed(bytes: Uint8Array, from: number, to: number): number {
		if (this.outcome >= 0x80) return 0;
		this.outcome = 0;
		let at = from;
		for (; at < to && this.place < 4; at++) {
			const byte = bytes[at]!;
			if (this.place++ < 0) {
				this.type = byte >> 4;
				this.flags = byte & 15;
				this.remaining = this.got = 0;
				this.outcome = fault(byte, this.version);
			} else {
				this.remaining += (byte & 0x7f) << (7 * this.place - 7); // 5.0 §2.1.4, §1.5.5
				if (byte > 0x7f) {
					if (this.place === 4) this.outcome = 0x81;
				} else {
					// 5.0 §1.5.5 wants the fewest bytes; 3.1.1 §2.2.3 does not say so
					if (byte === 0 && this.place > 1 && this.version === 5) this.outcome = 0x81;
					else if (this.remaining > this.body.length) this.outcome = 0x95;
					this.place = 4;
				}
			}
			if (this.outcome) return at + 1 - from;
		}
		if (this.place < 4) return at - from;
		const count = Math.min(to - at, this.remaining - this.got);
		if (count) this.body.set(bytes.subarray(at, at + count), this.got);
		this.got += count;
		if (this.got === this.remaining) {
			this.place = -1;
			this.outcome = this.parse() || 1;
		}
		return at + count - from;
	}

	/** @returns 0, or the reason code of what is wrong */
	private parse(): number {
		const { body, remaining: end, type, version } = this;
		const word = (body[0]! << 8) | body[1]!;
		let at = 2;
		let packets = 0x10; // the bit of this packet in the table of properties
		this.id = this.reason = 0;
		if (type === 13) return end ? 0x81 : 0;
		if (type === 14) {
			// Source: 5.0 §3.14
			at = 1;
			packets = 0x100;
			if (end > 0) this.reason = body[0]!;
		} else {
			if (end < 2) return 0x81;
			if (type === 2) {
				// CONNACK. Source: 5.0 §3.2, 3.1.1 §3.2
				const reason = body[1]!;
				if (word > 0x1ff) return 0x81;
				this.sessionPresent = word > 0xff;
				this.reason = reason;
				this.receiveMaximum = 0xffff;
				this.maximumPacketSize = 0xffff_ffff;
				this.maximumQos = 2;
				this.retainAvailable = 1;
				this.topicAliasMaximum = 0;
				this.serverKeepAlive = -1;
				if (this.sessionPresent && reason) return 0x82; // 5.0 §3.2.2.1.1, 3.1.1 §3.2.2.2
				if (version === 4) return end > 2 ? 0x81 : reason > 5 ? 0x82 : 0; // 3.1.1 §3.2.2.3
				if (end === 2) {
					// a server that speaks 3.1.1 only says "unacceptable protocol version" in its own format (3.1.1 §3.2.2.3)
					if (reason !== 1) return 0x81;
					this.reason = 0x84;
					return 0;
				}
			} else if (type === 3) {
				// PUBLISH. Source: 5.0 §3.3, 3.1.1 §3.3
				packets = 0x20;
				at = 2 + word;
				if (at > end) return 0x81;
				const topic = body.subarray(2, at);
				if (!isText(topic)) return 0x81;
				// no wildcards (§3.3.2.1); empty only with an alias, and this client allows none (§3.1.2.11.5)
				if (word === 0 || topic.includes(0x23) || topic.includes(0x2b)) return 0x82;
				if (this.flags & 2) {
					at += 2;
					if (at > end) return 0x81;
					this.id = (body[at - 2]! << 8) | body[at - 1]!;
					if (this.id === 0) return 0x82; // §2.2.1
				}
			} else {
				// PUBACK and SUBACK. Source: 5.0 §3.4, §3.9, 3.1.1 §3.4, §3.9
				this.id = word;
				if (word === 0) return 0x82; // §2.2.1
				packets = 0x80;
				if (type === 4) {
					if (end === 2) return 0;
					if (version === 4) return 0x81;
					packets = 0x40;
					const reason = (this.reason = body[2]!);
					if (reason < 0x80 && reason !== 0 && reason !== 0x10) return 0x82; // §3.4.2.1
					at = 3;
				}
			}
		}
		this.at = at;
		if (version === 5 && (at < end || type === 2 || type === 3 || type === 9)) {
			const fault = this.properties(at, packets);
			if (fault) return fault;
			at = this.at;
		}
		if (type === 3) return 0;
		if (type !== 9) return at < end ? 0x81 : 0;
		// as many reasons as filters (5.0 §3.9.3)
		if (at + 1 !== end) return at === end ? 0x81 : 0x82;
		const reason = (this.reason = body[at]!);
		return reason > 2 && (version === 4 ? reason !== 0x80 : reason < 0x80) ? 0x82 : 0;
	}

	/**
	 * Reads the properties at `from`, strictly: what this client does not use is checked all the same. Source: 5.0 §2.2.2.
	 * @param packets the packet's bit in {@link PROPERTIES}
	 * @returns 0, or the reason code of what is wrong
	 */
	private properties(from: number, packets: number): number {
		const { body } = this;
		const length = this.varint(from, this.remaining);
		let at = this.at;
		const end = at + length;
		let seenLow = 0;
		let seenHigh = 0;
		if (length < 0 || end > this.remaining) return 0x81;
		while (at < end) {
			const id = body[at++]!; // all known identifiers take one byte
			const known = id < 43 ? PROPERTIES.charCodeAt(id) : 15;
			if (known === 15) return 0x81;
			if (!(known & packets)) return 0x82;
			const bit = 1 << (id & 31);
			// once, but user properties, and subscription identifiers once for each matching subscription (§3.3.2.3.8)
			if (id !== 38 && id !== 11 && (id < 32 ? seenLow : seenHigh) & bit) return 0x82;
			if (id < 32) seenLow |= bit;
			else seenHigh |= bit;
			let kind = known & 15;
			let value = 0;
			if (kind < 5) {
				if (at + kind > end) return 0x81;
				for (; kind > 0; kind--) value = value * 256 + body[at++]!;
				if (known & 1 && value > 1) return 0x82;
			} else if (kind === 5) {
				value = this.varint(at, end);
				if (value < 0) return 0x81;
				at = this.at;
			} else
				for (let texts = kind === 8 ? 2 : 1; texts > 0; texts--) {
					const next = at + 2 + ((body[at]! << 8) | body[at + 1]!);
					if (at + 2 > end || next > end || (kind !== 7 && !isText(body.subarray(at + 2, next)))) return 0x81;
					at = next;
				}
			switch (id) {
				case 11: // §3.3.2.3.8
					if (value === 0) return 0x82;
					break;
				case 19:
					this.serverKeepAlive = value;
					break;
				case 33: // §3.2.2.3.3
					if (value === 0) return 0x82;
					this.receiveMaximum = value;
					break;
				case 34:
					this.topicAliasMaximum = value;
					break;
				case 36:
					this.maximumQos = value;
					break;
				case 37:
					this.retainAvailable = value;
					break;
				case 39: // §3.2.2.3.6
					if (value === 0) return 0x82;
					this.maximumPacketSize = value;
			}
		}
		this.at = at;
		return 0;
	}

	/** Variable byte integer in its shortest form (5.0 §1.5.5); `this.at` is behind it then. @returns −1 when it is none */
	private varint(at: number, end: number): number {
		let value = 0;
		for (let shift = 0; shift < 28 && at < end; shift += 7) {
			const byte = this.body[at++]!;
			value |= (byte & 0x7f) << shift;
			if (byte < 0x80) {
				this.at = at;
				return shift && !byte ? -1 : value;
			}
		}
		return -1;
	}
}

/** Whether bytes are a UTF-8 string of MQTT: well-formed, without U+0000. Source: 5.0 §1.5.4. */
function isText(bytes: Uint8Array): boolean {
	try {
		return !fromUtf8(bytes).includes("\0");
	} catch {
		return false;
	}
}

/** What is wrong with the first byte of a packet from a server. Source: 5.0 §2.1.3, §3.3.1. @returns 0, or a reason code */
function fault(byte: number, version: MqttVersion): number {
	const flags = byte & 15;
	if (byte >> 4 === 3) return (flags & 6) === 4 ? 0x9b : (flags & 6) === 6 || flags >> 1 === 4 ? 0x81 : 0; // DUP goes with QoS 1 (§3.3.1.1)
	// 2 CONNACK, 4 PUBACK, 9 SUBACK, 13 PINGRESP, 14 DISCONNECT, which in 3.1.1 only clients send (§3.14)
	if (!((version === 5 ? 0x6214 : 0x2214) & (1 << (byte >> 4)))) return byte < 16 ? 0x81 : 0x82;
	return flags ? 0x81 : 0;
}
