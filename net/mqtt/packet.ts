/**
 * What MQTT packets are made of, for 5.0 (version 5) and 3.1.1 (version 4). `encode.ts` writes packets, `decode.ts` reads
 * them. Source, where nothing else is said: OASIS MQTT Version 5.0, 7 March 2019; MQTT Version 3.1.1, 29 October 2014.
 */

/** Protocol version as CONNECT carries it: 5 is MQTT 5.0, 4 is 3.1.1. Source: 5.0 §3.1.2.2, 3.1.1 §3.1.2.2. */
export type MqttVersion = 5 | 4;

/** Control packet types. Source: 5.0 §2.1.2, 3.1.1 §2.2.1. */
export const PacketType = Object.freeze({
	connect: 1,
	connack: 2,
	publish: 3,
	puback: 4,
	subscribe: 8,
	suback: 9,
	pingreq: 12,
	pingresp: 13,
	disconnect: 14,
});
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** Reason codes that this client sends or tells apart. Source: 5.0 §2.4. From 0x80 on they are failures. */
export const Reason = Object.freeze({
	success: 0x00,
	malformedPacket: 0x81,
	protocolError: 0x82,
	unsupportedVersion: 0x84,
	packetTooLarge: 0x95,
	qosNotSupported: 0x9b,
});

/** Most bytes of a packet behind its fixed header. Source: 5.0 §1.5.5. */
export const LARGEST_REMAINING = 268_435_455;

/**
 * One received packet. One instance serves many packets: a field that the packet does not carry has the value given here.
 * Only {@link topic} and {@link payload} are views: they live until the decoder is fed again.
 */
export class Packet {
	/** 0 before the first packet. */
	type: PacketType | 0 = 0;
	/** Packet identifier, 1 … 65 535; 0 where there is none. */
	id = 0;
	/**
	 * Reason code: of CONNACK, PUBACK, SUBACK (its only one) or DISCONNECT. In 3.1.1 CONNACK's return code is 1 … 5 and
	 * SUBACK's failure is 0x80.
	 */
	reason = 0;
	qos = 0;
	dup = false;
	retain = false;
	topic: Uint8Array = NOTHING;
	payload: Uint8Array = NOTHING;
	/** CONNACK. */
	sessionPresent = false;
	/** CONNACK: publishes that the server takes unacknowledged. Source: 5.0 §3.2.2.3.3. */
	receiveMaximum = 65_535;
	/** CONNACK: highest QoS that the server takes. Source: 5.0 §3.2.2.3.4. */
	maximumQos = 2;
	/** CONNACK: largest packet that the server takes, in bytes with its fixed header. Source: 5.0 §3.2.2.3.6. */
	maximumPacketSize = LARGEST_REMAINING + 5;
	/** CONNACK: seconds to keep instead of those asked for; −1 when the server accepts those. Source: 5.0 §3.2.2.3.14. */
	serverKeepAlive = -1;

	/** Back to the values of a packet that carries nothing. */
	clear(): void {
		this.type = this.id = this.reason = this.qos = 0;
		this.dup = this.retain = this.sessionPresent = false;
		this.topic = this.payload = NOTHING;
		this.receiveMaximum = 65_535;
		this.maximumQos = 2;
		this.maximumPacketSize = LARGEST_REMAINING + 5;
		this.serverKeepAlive = -1;
	}
}

const NOTHING = new Uint8Array(0);
