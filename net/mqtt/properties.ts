import { fromUtf8 } from "../../modules/core/bytes.js";
import { type Packet, PacketType, Reason } from "./packet.js";

/** Types of property values. Source: 5.0 §2.2.2.2. */
const BYTE = 1;
const U16 = 2;
const U32 = 4;
const VARINT = 5;
const TEXT = 6;
const BINARY = 7;
const PAIR = 8;
/** Only 0 and 1 are values. */
const FLAG = 9;

/** Packets, as bits above the four of the type. */
const CONNACK = 16 << PacketType.connack;
const PUBLISH = 16 << PacketType.publish;
const PUBACK = 16 << PacketType.puback;
const SUBACK = 16 << PacketType.suback;
const DISCONNECT = 16 << PacketType.disconnect;

const USER_PROPERTY = 0x26;
const SUBSCRIPTION_IDENTIFIER = 0x0b;

/** By identifier: its type, and the packets from a server that may carry it; 0 is no identifier. Source: 5.0 §2.2.2.2, table 2-4. */
const PROPERTIES = new Uint32Array(43);
PROPERTIES[1] = FLAG | PUBLISH;
PROPERTIES[2] = U32 | PUBLISH;
PROPERTIES[3] = TEXT | PUBLISH;
PROPERTIES[8] = TEXT | PUBLISH;
PROPERTIES[9] = BINARY | PUBLISH;
PROPERTIES[11] = VARINT | PUBLISH;
PROPERTIES[17] = U32 | CONNACK; // a server must not send it in DISCONNECT (§3.14.2.2.2)
PROPERTIES[18] = TEXT | CONNACK;
PROPERTIES[19] = U16 | CONNACK;
PROPERTIES[21] = TEXT; // authentication: not asked for, so not allowed (§4.12)
PROPERTIES[22] = BINARY;
PROPERTIES[26] = TEXT | CONNACK;
PROPERTIES[28] = TEXT | CONNACK | DISCONNECT;
PROPERTIES[31] = TEXT | CONNACK | PUBACK | SUBACK | DISCONNECT;
PROPERTIES[33] = U16 | CONNACK;
PROPERTIES[34] = U16 | CONNACK;
PROPERTIES[35] = U16; // topic alias: this client's maximum is 0 (§3.3.2.3.4)
PROPERTIES[36] = FLAG | CONNACK;
PROPERTIES[37] = FLAG | CONNACK;
PROPERTIES[38] = PAIR | CONNACK | PUBLISH | PUBACK | SUBACK | DISCONNECT;
PROPERTIES[39] = U32 | CONNACK;
PROPERTIES[40] = FLAG | CONNACK;
PROPERTIES[41] = FLAG | CONNACK;
PROPERTIES[42] = FLAG | CONNACK;

/** Reads the properties of a packet from a server, strictly: what this client does not use is checked all the same. */
export class PropertyReader {
	/** Where the properties ended. */
	end = 0;
	/** Identifiers seen in this packet, 0 … 31 and 32 … 63. */
	private seenLow = 0;
	private seenHigh = 0;
	private value = 0;

	/**
	 * Reads the length and the properties at `at`, and keeps in `packet` what the client uses.
	 * @param to where the packet ends
	 * @returns 0, or the reason code of what is wrong. Source: 5.0 §2.2.2
	 */
	read(body: Uint8Array, at: number, to: number, packet: Packet): number {
		at = this.varint(body, at, to);
		const end = at + this.value;
		if (at < 0 || end > to) return Reason.malformedPacket;
		this.seenLow = this.seenHigh = 0;
		while (at < end) {
			const id = body[at++]!; // all known identifiers take one byte
			const known = PROPERTIES[id];
			if (!known) return Reason.malformedPacket;
			if (!(known & (16 << packet.type)) || (id !== USER_PROPERTY && this.twice(id))) return Reason.protocolError;
			at = this.skip(body, at, end, known & 15);
			if (at < 0) return Reason.malformedPacket;
			if (!this.keep(id, known & 15, packet)) return Reason.protocolError;
		}
		this.end = end;
		return 0;
	}

	private twice(id: number): boolean {
		const bit = 1 << (id & 31);
		if (id === SUBSCRIPTION_IDENTIFIER) return false; // once for each matching subscription (§3.3.2.3.8)
		const seen = id < 32 ? this.seenLow : this.seenHigh;
		if (id < 32) this.seenLow |= bit;
		else this.seenHigh |= bit;
		return (seen & bit) !== 0;
	}

	/** @returns the offset behind the value, −1 when it is not well-formed; numbers are left in `value` */
	private skip(body: Uint8Array, at: number, end: number, type: number): number {
		switch (type) {
			case VARINT:
				return this.varint(body, at, end);
			case PAIR:
				at = this.string(body, at, end, true);
				return at < 0 ? at : this.string(body, at, end, true);
			case TEXT:
				return this.string(body, at, end, true);
			case BINARY:
				return this.string(body, at, end, false);
			default: {
				const size = type === FLAG ? BYTE : type;
				if (at + size > end) return -1;
				this.value = 0;
				for (let more = 0; more < size; more++) this.value = this.value * 256 + body[at + more]!;
				return at + size;
			}
		}
	}

	private string(body: Uint8Array, at: number, end: number, text: boolean): number {
		if (at + 2 > end) return -1;
		const from = at + 2;
		const next = from + ((body[at]! << 8) | body[at + 1]!);
		if (next > end || (text && !isText(body.subarray(from, next)))) return -1;
		return next;
	}

	/** Variable byte integer in its shortest form. Source: 5.0 §1.5.5. */
	private varint(body: Uint8Array, at: number, end: number): number {
		this.value = 0;
		for (let place = 0; place < 4 && at + place < end; place++) {
			const byte = body[at + place]!;
			this.value += (byte & 0x7f) * 2 ** (7 * place);
			if (byte < 0x80) return place && !byte ? -1 : at + place + 1;
		}
		return -1;
	}

	/** @returns false when the value is not allowed */
	private keep(id: number, type: number, packet: Packet): boolean {
		const value = this.value;
		switch (id) {
			case SUBSCRIPTION_IDENTIFIER:
				return value !== 0; // §3.3.2.3.8
			case 19:
				packet.serverKeepAlive = value;
				return true;
			case 33:
				packet.receiveMaximum = value;
				return value !== 0; // §3.2.2.3.3
			case 36:
				packet.maximumQos = value;
				return value < 2;
			case 39:
				packet.maximumPacketSize = value;
				return value !== 0; // §3.2.2.3.6
			default:
				return type !== FLAG || value < 2;
		}
	}
}

/** Whether bytes are a UTF-8 string of MQTT: well-formed, without U+0000. Source: 5.0 §1.5.4. */
export function isText(bytes: Uint8Array): boolean {
	if (bytes.includes(0)) return false;
	try {
		fromUtf8(bytes);
		return true;
	} catch {
		return false;
	}
}
