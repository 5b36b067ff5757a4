/**
 * What MQTT packets are made of, for 5.0 (version 5) and 3.1.1 (version 4). `encode.ts` writes packets, `decode.ts` reads
 * them. Source, where nothing else is said: OASIS MQTT Version 5.0, 7 March 2019; MQTT Version 3.1.1, 29 October 2014.
 *
 * Types and reason codes stand in the code as numbers, since a name for each would take more flash than all of the codec:
 * CONNECT 1, CONNACK 2, PUBLISH 3, PUBACK 4, SUBSCRIBE 8, SUBACK 9, PINGREQ 12, PINGRESP 13, DISCONNECT 14 (5.0 §2.1.2);
 * 0x81 malformed packet, 0x82 protocol error, 0x95 packet too large, 0x9b QoS not supported (5.0 §2.4).
 */

/** Protocol version as CONNECT carries it: 5 is MQTT 5.0, 4 is 3.1.1. Source: 5.0 §3.1.2.2, 3.1.1 §3.1.2.2. */
export type MqttVersion = 5 | 4;

/** One received packet. What its type does not carry has no meaning. */
export interface Packet {
	/** Control packet type, 5.0 §2.1.2; 0 before the first packet. */
	readonly type: number;
	/** The lower four bits of the first byte; of PUBLISH: 8 DUP, 2 QoS 1, 1 RETAIN. */
	readonly flags: number;
	/** Packet identifier, 1 … 65 535; 0 where there is none. */
	readonly id: number;
	/**
	 * Reason code: of CONNACK, PUBACK, SUBACK (its only one) or DISCONNECT. In 3.1.1 CONNACK's return code is 1 … 5 and
	 * SUBACK's failure is 0x80.
	 */
	readonly reason: number;
	readonly sessionPresent: boolean;
	/** CONNACK: publishes that the server takes unacknowledged. Source: 5.0 §3.2.2.3.3. */
	readonly receiveMaximum: number;
	/** CONNACK: highest QoS that the server takes. Source: 5.0 §3.2.2.3.4. */
	readonly maximumQos: number;
	/** CONNACK: whether it takes retained messages, 0 or 1. Source: 5.0 §3.2.2.3.5. */
	readonly retainAvailable: number;
	/** CONNACK: largest packet that the server takes, in bytes with its fixed header; 0xffff_ffff: any. Source: 5.0 §3.2.2.3.6. */
	readonly maximumPacketSize: number;
	/** CONNACK: highest topic alias. Source: 5.0 §3.2.2.3.8. */
	readonly topicAliasMaximum: number;
	/** CONNACK: seconds to keep instead of those asked for; −1 when the server accepts those. Source: 5.0 §3.2.2.3.14. */
	readonly serverKeepAlive: number;
}
