import { type MqttVersion, Packet, PacketType, Reason } from "./packet.js";
import { isText, PropertyReader } from "./properties.js";

/** What {@link Decoder.feed} came to. From 0x80 on it is the reason code of 5.0 that the stream deserves. */
export const Decoded = Object.freeze({
	/** The packet is not complete: feed more. */
	more: 0,
	/** {@link Decoder.packet} is complete. */
	packet: 1,
});

/**
 * Reads the packets that a server sends, from bytes that arrive in any pieces. Memory is bounded by the largest packet
 * that it takes; it never throws. A client-side reader: packets that only clients send, and those of QoS 2 and of
 * extended authentication, which this client never asks for, are protocol errors.
 */
export class Decoder {
	/** The last complete packet; reused. */
	readonly packet = new Packet();
	/** `Decoded.more`, `Decoded.packet`, or the reason code of a broken stream: then nothing more is taken. */
	outcome: number = Decoded.more;
	private readonly version: MqttVersion;
	private readonly body: Uint8Array;
	private readonly properties = new PropertyReader();
	private first = 0;
	/** Where the next byte belongs: {@link FIRST}, one of the four length bytes, or {@link BODY}. */
	private place = FIRST;
	private remaining = 0;
	private got = 0;

	/** @param largest bytes behind the fixed header of the largest packet; at least 2 */
	constructor(version: MqttVersion, largest: number) {
		this.version = version;
		this.body = new Uint8Array(largest);
	}

	/** Forgets everything, for a new connection. */
	reset(): void {
		this.packet.clear();
		this.outcome = Decoded.more;
		this.place = FIRST;
	}

	/**
	 * Takes bytes up to the end of a packet at most; look at {@link outcome} then.
	 * @returns how many of `bytes[from … to)` were taken; 0 when the stream is broken
	 */
	feed(bytes: Uint8Array, from: number, to: number): number {
		if (this.outcome >= 0x80) return 0;
		this.outcome = Decoded.more;
		let at = from;
		while (at < to && this.place !== BODY) {
			if (!this.headerByte(bytes[at++]!)) return at - from;
		}
		if (this.place !== BODY) return at - from;
		const count = Math.min(to - at, this.remaining - this.got);
		if (count) this.body.set(bytes.subarray(at, at + count), this.got);
		this.got += count;
		if (this.got === this.remaining) {
			this.place = FIRST;
			this.packet.clear();
			this.outcome = this.parse() || Decoded.packet;
		}
		return at + count - from;
	}

	/** One byte of the fixed header. Source: 5.0 §2.1. @returns false when the stream is broken */
	private headerByte(byte: number): boolean {
		if (this.place === FIRST) {
			this.first = byte;
			this.remaining = this.got = 0;
			this.place = 0;
			return this.check(firstByteFault(byte, this.version));
		}
		const place = this.place;
		this.remaining += (byte & 0x7f) * 2 ** (7 * place);
		if (byte & 0x80) {
			this.place++;
			return this.check(place === 3 ? Reason.malformedPacket : 0);
		}
		this.place = BODY;
		// 5.0 §1.5.5 wants the fewest bytes; 3.1.1 §2.2.3 does not say so
		if (place && !byte && this.version === 5) return this.check(Reason.malformedPacket);
		return this.check(this.remaining > this.body.length ? Reason.packetTooLarge : 0);
	}

	private check(fault: number): boolean {
		if (fault) this.outcome = fault;
		return !fault;
	}

	/** @returns 0, or the reason code of what is wrong */
	private parse(): number {
		const type = (this.packet.type = (this.first >> 4) as PacketType);
		switch (type) {
			case PacketType.connack:
				return this.connack();
			case PacketType.publish:
				return this.publish();
			case PacketType.puback:
				return this.puback();
			case PacketType.suback:
				return this.suback();
			case PacketType.disconnect:
				return this.disconnect();
			default: // PINGRESP
				return this.remaining ? Reason.malformedPacket : 0;
		}
	}

	/** Source: 5.0 §3.2, 3.1.1 §3.2. */
	private connack(): number {
		const body = this.body;
		const { packet } = this;
		if (this.remaining < 2 || body[0]! > 1) return Reason.malformedPacket;
		packet.sessionPresent = body[0] === 1;
		packet.reason = body[1]!;
		if (packet.sessionPresent && packet.reason) return Reason.protocolError; // 5.0 §3.2.2.1.1, 3.1.1 §3.2.2.2
		if (this.version === 4) {
			if (this.remaining !== 2) return Reason.malformedPacket;
			return packet.reason > 5 ? Reason.protocolError : 0; // 3.1.1 §3.2.2.3
		}
		if (this.remaining === 2) {
			// a server that speaks 3.1.1 only says "unacceptable protocol version" in its own format (3.1.1 §3.2.2.3)
			if (packet.reason !== 1) return Reason.malformedPacket;
			packet.reason = Reason.unsupportedVersion;
			return 0;
		}
		return this.properties.read(body, 2, this.remaining, packet);
	}

	/** Source: 5.0 §3.3, 3.1.1 §3.3. */
	private publish(): number {
		const body = this.body;
		const end = this.remaining;
		const { packet } = this;
		packet.dup = (this.first & 8) !== 0;
		packet.qos = (this.first >> 1) & 3;
		packet.retain = (this.first & 1) !== 0;
		if (end < 2) return Reason.malformedPacket;
		let at = 2 + ((body[0]! << 8) | body[1]!);
		if (at > end) return Reason.malformedPacket;
		packet.topic = body.subarray(2, at);
		if (!isText(packet.topic)) return Reason.malformedPacket;
		// no wildcards (§3.3.2.1); empty only with an alias, and this client allows none (§3.1.2.11.5)
		if (at === 2 || packet.topic.includes(0x23) || packet.topic.includes(0x2b)) return Reason.protocolError;
		if (packet.qos) {
			if (at + 2 > end) return Reason.malformedPacket;
			packet.id = (body[at]! << 8) | body[at + 1]!;
			at += 2;
			if (!packet.id) return Reason.protocolError; // §2.2.1
		}
		if (this.version === 5) {
			const fault = this.properties.read(body, at, end, packet);
			if (fault) return fault;
			at = this.properties.end;
		}
		packet.payload = body.subarray(at, end);
		return 0;
	}

	/** Source: 5.0 §3.4, 3.1.1 §3.4. */
	private puback(): number {
		const fault = this.identifier();
		if (fault || this.remaining === 2) return fault;
		if (this.version === 4) return Reason.malformedPacket;
		this.packet.reason = this.body[2]!;
		return this.remaining === 3 ? 0 : this.propertiesToEnd(3);
	}

	/** Answer to a SUBSCRIBE of one filter. Source: 5.0 §3.9, 3.1.1 §3.9. */
	private suback(): number {
		const fault = this.identifier();
		if (fault) return fault;
		let at = 2;
		if (this.version === 5) {
			const wrong = this.properties.read(this.body, 2, this.remaining, this.packet);
			if (wrong) return wrong;
			at = this.properties.end;
		}
		if (at === this.remaining) return Reason.malformedPacket;
		if (at + 1 !== this.remaining) return Reason.protocolError; // as many as filters (§3.9.3)
		const reason = (this.packet.reason = this.body[at]!);
		return reason > 2 && (this.version === 4 ? reason !== 0x80 : reason < 0x80) ? Reason.protocolError : 0;
	}

	/** Source: 5.0 §3.14; in 3.1.1 only clients send it (§3.14). */
	private disconnect(): number {
		if (this.remaining) this.packet.reason = this.body[0]!;
		return this.remaining < 2 ? 0 : this.propertiesToEnd(1);
	}

	private identifier(): number {
		if (this.remaining < 2) return Reason.malformedPacket;
		this.packet.id = (this.body[0]! << 8) | this.body[1]!;
		return this.packet.id ? 0 : Reason.protocolError; // 5.0 §2.2.1
	}

	private propertiesToEnd(at: number): number {
		const fault = this.properties.read(this.body, at, this.remaining, this.packet);
		return fault || (this.properties.end === this.remaining ? 0 : Reason.malformedPacket);
	}
}

const FIRST = -1;
const BODY = 4;

/** Type and flags of a packet from a server. Source: 5.0 §2.1.3, §3.3.1. */
function firstByteFault(byte: number, version: MqttVersion): number {
	switch (byte >> 4) {
		case PacketType.publish: {
			const qos = (byte >> 1) & 3;
			if (qos === 3) return Reason.malformedPacket;
			if (qos === 2) return Reason.qosNotSupported;
			return qos === 0 && byte & 8 ? Reason.malformedPacket : 0;
		}
		case PacketType.disconnect:
			if (version === 4) return Reason.protocolError;
			break;
		case PacketType.connack:
		case PacketType.puback:
		case PacketType.suback:
		case PacketType.pingresp:
			break;
		case 0:
			return Reason.malformedPacket;
		default:
			return Reason.protocolError;
	}
	return byte & 15 ? Reason.malformedPacket : 0;
}
