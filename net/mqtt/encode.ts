import { writeUtf8 } from "../../modules/core/native.js";
import type { MqttVersion } from "./packet.js";

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

/**
 * Writes packets one behind the other, where they are sent from. A packet's body comes first, behind room for the largest
 * fixed header, and {@link seal} puts the header to it: so the length of nothing needs to be known beforehand, and a
 * payload is made in its place. What does not fit is lost: callers make sure that it does.
 */
export class Encoder {
	readonly bytes: Uint8Array;
	version: MqttVersion = 5;
	/** Where the next packet begins. */
	to = 0;
	/** Where the body at hand goes on. */
	private at = 0;

	constructor(size: number) {
		this.bytes = new Uint8Array(size);
	}

	/**
	 * CONNECT: 54 bytes and its texts, at most. Source: 5.0 §3.1, 3.1.1 §3.1.
	 * @param clean Clean Start of 5.0 (§3.1.2.4), Clean Session of 3.1.1 (§3.1.2.4)
	 * @param largest packet that this client takes, in bytes; 5.0 only (§3.1.2.11.4)
	 * @param receiveMaximum messages of QoS 1 that the server may send unacknowledged; 5.0 only (§3.1.2.11.3)
	 */
	connect(clean: boolean, largest: number, receiveMaximum: number, connect: Connect): void {
		const { keepAliveSeconds, password, sessionExpirySeconds = 86_400, will, willDelaySeconds = 86_400 } = connect;
		const isNew = this.version === 5;
		const username = connect.username ?? (!isNew && password !== undefined ? "" : undefined);
		const hasWill = isNew && will !== undefined;
		this.at = this.to + 5;
		this.text("MQTT");
		this.put(1, this.version);
		// the will is retained, with QoS 1
		this.put(
			1,
			(clean ? 0x02 : 0) |
				(hasWill ? 0x2c : 0) |
				(username === undefined ? 0 : 0x80) |
				(password === undefined ? 0 : 0x40),
		);
		this.put(2, keepAliveSeconds);
		if (isNew) {
			this.put(2, 0x0d11); // the properties' length, and the first one
			this.put(4, sessionExpirySeconds);
			this.put(1, 0x21);
			this.put(2, receiveMaximum);
			this.put(1, 0x27);
			this.put(4, largest);
		}
		this.text(connect.clientId);
		if (hasWill) {
			this.put(2, 0x0518);
			this.put(4, willDelaySeconds);
			this.text(will);
			this.text("offline");
		}
		if (username !== undefined) this.text(username);
		if (password !== undefined) this.text(password);
		this.seal(0x10, this.at);
	}

	/** SUBSCRIBE to one filter, with QoS 1 at most: 11 bytes and the filter, at most. Source: 5.0 §3.8, 3.1.1 §3.8. */
	subscribe(id: number, filter: string): void {
		this.at = this.to + 5;
		this.put(2, id);
		if (this.version === 5) this.put(1, 0);
		this.text(filter);
		this.put(1, 1);
		this.seal(0x82, this.at);
	}

	/**
	 * PUBLISH up to its payload; with the payload behind it {@link seal} makes the packet of it: {@link PUBLISH_LARGEST} bytes
	 * and topic and payload, at most. Source: 5.0 §3.3, 3.1.1 §3.3.
	 * @param topic empty where an alias stands for it
	 * @param id packet identifier, 1 … 65 535; 0 with QoS 0
	 * @param alias topic alias, 0 … 255; 0 for none; 5.0 only (§3.3.2.3.4)
	 * @param expirySeconds after which servers forget the message; 0: never; 5.0 only (§3.3.2.3.3)
	 * @returns where the payload belongs
	 */
	publish(topic: string, id: number, alias: number, expirySeconds: number): number {
		this.at = this.to + 5;
		this.text(topic);
		if (id) this.put(2, id);
		if (this.version === 5) {
			this.put(1, (alias ? 3 : 0) + (expirySeconds ? 5 : 0));
			if (alias) {
				this.put(2, 0x2300);
				this.put(1, alias);
			}
			if (expirySeconds) {
				this.put(1, 0x02);
				this.put(4, expirySeconds);
			}
		}
		return this.at;
	}

	/**
	 * A packet of an identifier and a reason at most: PUBACK (5.0 §3.4), PINGREQ (§3.12), DISCONNECT (§3.14). With reason 0 it
	 * takes the short form, as always in 3.1.1, which has no reasons.
	 * @param first first byte of the fixed header
	 * @param id 0 for none
	 */
	short(first: number, id: number, reason: number): void {
		this.at = this.to + 5;
		if (id) this.put(2, id);
		if (this.version === 5 && reason > 0) this.put(1, reason);
		this.seal(first, this.at);
	}

	/**
	 * Puts the fixed header to a body, and moves the body to it. Source: 5.0 §2.1, §1.5.5.
	 * @param first its first byte
	 * @param end where the body ends
	 * @param more bytes of the packet that will follow the body
	 */
	seal(first: number, end: number, more = 0): void {
		const { bytes } = this;
		const from = this.to + 5;
		let at = this.to;
		let length = end - from + more;
		bytes[at++] = first;
		for (; length > 0x7f; length >>= 7) bytes[at++] = length | 0x80;
		bytes[at++] = length;
		bytes.copyWithin(at, from, end);
		this.to = at + end - from;
	}

	/** A number of so many bytes. */
	private put(size: number, value: number) {
		for (let shift = 8 * size - 8; shift >= 0; shift -= 8) this.bytes[this.at++] = value >> shift;
	}

	/** A text with its length before it. Source: 5.0 §1.5.4. */
	private text(text: string) {
		const from = this.at + 2;
		const end = writeUtf8(text, this.bytes, from);
		this.put(2, end - from);
		this.at = end;
	}
}

/** Bytes of PUBLISH without topic and payload, at most. */
export const PUBLISH_LARGEST = 21;
