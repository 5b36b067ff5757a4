import { fromHex, toHex, utf8 } from "../../../modules/core/bytes.js";
import { Decoded, Decoder } from "../../../net/mqtt/decode.js";
import {
	connectLength,
	encodeConnect,
	encodeDisconnect,
	encodePingreq,
	encodePuback,
	encodeSubscribe,
	framePublish,
	publishHead,
} from "../../../net/mqtt/encode.js";
import type { MqttVersion, Packet } from "../../../net/mqtt/packet.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

const TOPIC = utf8("a/b");

/** Title, what it writes, the bytes. Worked by hand from the sections that `encode.ts` names. */
const encodings: readonly (readonly [string, (into: Uint8Array) => number, string])[] = [
	[
		"CONNECT 5.0, clean",
		(into) => encodeConnect(into, 5, { clientId: "n1", clean: true, keepAliveSeconds: 60 }),
		"10 0f 0004 4d515454 05 02 003c 00 0002 6e31",
	],
	[
		"CONNECT 5.0, session expiry, largest packet, user and password",
		(into) =>
			encodeConnect(into, 5, {
				clientId: "n1",
				clean: false,
				keepAliveSeconds: 0,
				sessionExpirySeconds: 0xffffffff,
				maximumPacketSize: 256,
				username: "ü",
				password: "p",
			}),
		"10 20 0004 4d515454 05 c0 0000 0a 11ffffffff 2700000100 0002 6e31 0002 c3bc 0001 70",
	],
	[
		"CONNECT 5.0, password alone",
		(into) => encodeConnect(into, 5, { clientId: "n1", clean: true, keepAliveSeconds: 1, password: "p" }),
		"10 12 0004 4d515454 05 42 0001 00 0002 6e31 0001 70",
	],
	[
		"CONNECT 3.1.1, password alone gets an empty user name",
		(into) => encodeConnect(into, 4, { clientId: "n1", clean: true, keepAliveSeconds: 1, password: "p" }),
		"10 13 0004 4d515454 04 c2 0001 0002 6e31 0000 0001 70",
	],
	["PUBACK 5.0", (into) => encodePuback(into, 5, 0x1234), "40 02 1234"],
	["PUBACK 5.0 with a reason", (into) => encodePuback(into, 5, 1, 0x97), "40 03 0001 97"],
	["PUBACK 3.1.1 has no reason", (into) => encodePuback(into, 4, 65535, 0x97), "40 02 ffff"],
	["SUBSCRIBE 5.0", (into) => encodeSubscribe(into, 5, 7, TOPIC, 1), "82 09 0007 00 0003 612f62 01"],
	["SUBSCRIBE 3.1.1", (into) => encodeSubscribe(into, 4, 7, TOPIC, 0), "82 08 0007 0003 612f62 00"],
	["PINGREQ", (into) => encodePingreq(into), "c0 00"],
	["DISCONNECT 5.0", (into) => encodeDisconnect(into, 5), "e0 00"],
	["DISCONNECT 5.0 with a reason", (into) => encodeDisconnect(into, 5, 0x81), "e0 01 81"],
	["DISCONNECT 3.1.1 has no reason", (into) => encodeDisconnect(into, 4, 0x81), "e0 00"],
];

describe("mqtt encode", () => {
	for (const [title, encode, hex] of encodings)
		it(`mqtt encode: ${title}, written exactly or not at all`, () => {
			const expected = fromHex(hex);
			const into = new Uint8Array(expected.length);
			assert.equal(encode(into), expected.length);
			assert.equal(toHex(into), toHex(expected));
			for (let short = 0; short < expected.length; short++) {
				const small = new Uint8Array(short).fill(0xaa);
				assert.throws(() => encode(small), { code: "overflow" });
				assert.ok(
					small.every((byte) => byte === 0xaa),
					`wrote into ${short} bytes`,
				);
			}
		});

	it("mqtt encode: connectLength, equals what is written", () => {
		for (const version of [5, 4] as const)
			for (const size of [1, 100, 127, 128, 20000]) {
				const connect = { clientId: "n".repeat(size), clean: true, keepAliveSeconds: 9, password: "secret" };
				const into = new Uint8Array(connectLength(version, connect));
				assert.equal(encodeConnect(into, version, connect), into.length);
			}
	});

	const frames: readonly (readonly [string, MqttVersion, 0 | 1, boolean, boolean, string])[] = [
		["QoS 1 in 5.0", 5, 1, false, false, "32 0b 0003 612f62 0009 00 010203"],
		["QoS 1 in 3.1.1, repeated", 4, 1, true, false, "3a 0a 0003 612f62 0009 010203"],
		["QoS 0 in 5.0, retained", 5, 0, false, true, "31 09 0003 612f62 00 010203"],
	];
	for (const [title, version, qos, dup, retain, hex] of frames)
		it(`mqtt encode: PUBLISH ${title}, framed in place`, () => {
			const head = publishHead(version, TOPIC.length, qos);
			const into = new Uint8Array(head + 3);
			into.set([1, 2, 3], head);
			const from = framePublish(into, head, 3, version, { topic: TOPIC, qos, dup, retain, id: 9 });
			assert.equal(toHex(into.subarray(from)), toHex(fromHex(hex)));
			const exact = fromHex(hex).length - 3;
			const tight = new Uint8Array(exact + 3);
			assert.equal(framePublish(tight, exact, 3, version, { topic: TOPIC, qos, dup, retain, id: 9 }), 0);
			assert.throws(() => framePublish(tight, exact - 1, 3, version, { topic: TOPIC, qos, id: 9 }), {
				code: "overflow",
			});
			assert.throws(() => framePublish(tight, exact, 4, version, { topic: TOPIC, qos, id: 9 }), { code: "overflow" });
		});

	it("mqtt encode: remaining length at each size boundary, as short as it can be", () => {
		for (const [payload, header] of [
			[120, "32 7f"], // 3 + 2 + 2 more bytes
			[121, "32 8001"],
			[16_376, "32 ff7f"],
			[16_377, "32 808001"],
		] as const) {
			const head = publishHead(4, TOPIC.length, 1);
			const into = new Uint8Array(head + payload);
			const from = framePublish(into, head, payload, 4, { topic: TOPIC, qos: 1, id: 1 });
			const expected = fromHex(header);
			assert.equal(toHex(into.subarray(from, from + expected.length)), toHex(expected));
		}
	});

	it("mqtt encode: identifier 0, DUP with QoS 0, an empty topic, refused", () => {
		const into = new Uint8Array(64);
		assert.throws(() => encodePuback(into, 5, 0), { code: "range" });
		assert.throws(() => encodeSubscribe(into, 5, 0, TOPIC, 1), { code: "range" });
		assert.throws(() => framePublish(into, 32, 1, 5, { topic: TOPIC, qos: 1, id: 0 }), { code: "range" });
		assert.throws(() => framePublish(into, 32, 1, 5, { topic: TOPIC, qos: 1, id: 65536 }), { code: "range" });
		assert.throws(() => framePublish(into, 32, 1, 5, { topic: TOPIC, qos: 0, dup: true }), { code: "range" });
		assert.throws(() => framePublish(into, 32, 1, 5, { topic: new Uint8Array(0), qos: 0 }), { code: "range" });
	});
});

/** Title, version, bytes, fields that differ from a packet that carries nothing. */
const packets: readonly (readonly [string, MqttVersion, string, Partial<Packet>])[] = [
	["CONNACK 3.1.1", 4, "20 02 00 00", { type: 2 }],
	["CONNACK 3.1.1, session present", 4, "20 02 01 00", { type: 2, sessionPresent: true }],
	["CONNACK 3.1.1, not authorised", 4, "20 02 00 05", { type: 2, reason: 5 }],
	["CONNACK 5.0", 5, "20 03 00 00 00", { type: 2 }],
	[
		"CONNACK 5.0 with all that is kept",
		5,
		"20 10 00 00 0d 21 0014 24 01 27 00000400 13 001e",
		{ type: 2, receiveMaximum: 20, maximumQos: 1, maximumPacketSize: 1024, serverKeepAlive: 30 },
	],
	[
		"CONNACK 5.0 with all that is not",
		5,
		"20 32 00 87 2f 11 00000001 12 0001 61 1a 0001 62 1c 0001 63 1f 0002 6e6f 22 000a 25 00 26 0001 6b 0001 76 26 0001 6b 0001 77 28 01 29 01 2a 00",
		{ type: 2, reason: 0x87 },
	],
	["CONNACK of a server that speaks 3.1.1 only, to 5.0", 5, "20 02 00 01", { type: 2, reason: 0x84 }],
	["PUBACK 3.1.1", 4, "40 02 00 07", { type: 4, id: 7 }],
	["PUBACK 5.0, short", 5, "40 02 ff ff", { type: 4, id: 65535 }],
	["PUBACK 5.0 with a reason", 5, "40 03 00 07 10", { type: 4, id: 7, reason: 0x10 }],
	["PUBACK 5.0 with a reason in words", 5, "40 08 00 07 97 04 1f 0001 61", { type: 4, id: 7, reason: 0x97 }],
	["PUBACK 5.0 with no properties", 5, "40 04 00 07 00 00", { type: 4, id: 7 }],
	["SUBACK 3.1.1", 4, "90 03 00 07 80", { type: 9, id: 7, reason: 0x80 }],
	["SUBACK 5.0", 5, "90 04 00 07 00 01", { type: 9, id: 7, reason: 1 }],
	["PINGRESP", 5, "d0 00", { type: 13 }],
	["DISCONNECT 5.0, short", 5, "e0 00", { type: 14 }],
	["DISCONNECT 5.0 with a reason", 5, "e0 01 8b", { type: 14, reason: 0x8b }],
	["DISCONNECT 5.0 with properties", 5, "e0 06 9d 04 1c 0001 61", { type: 14, reason: 0x9d }],
	[
		"PUBLISH 3.1.1, QoS 1",
		4,
		"3b 08 0001 61 0102 ffffff",
		{ type: 3, id: 0x102, qos: 1, dup: true, retain: true, topic: utf8("a"), payload: fromHex("ffffff") },
	],
	[
		"PUBLISH 5.0, QoS 0, properties",
		5,
		"30 17 0001 61 11 01 01 02 00000001 0b 01 0b 8001 09 0002 0000 42 00",
		{ type: 3, topic: utf8("a"), payload: fromHex("42 00") },
	],
	["PUBLISH 3.1.1, no payload", 4, "30 03 0001 61", { type: 3, topic: utf8("a") }],
];

describe("mqtt decode", () => {
	for (const [title, version, hex, fields] of packets) {
		it(`mqtt decode: ${title}, however it is split`, () => {
			const bytes = fromHex(hex);
			const decoder = new Decoder(version, 100);
			const expect = () => {
				assert.equal(decoder.outcome, Decoded.packet);
				const { type, id, reason, qos, dup, retain, topic, payload, ...rest } = decoder.packet;
				assert.deepEqual(
					{ type, id, reason, qos, dup, retain, topic: toHex(topic), payload: toHex(payload), ...rest },
					{
						type: 0,
						id: 0,
						reason: 0,
						qos: 0,
						dup: false,
						retain: false,
						sessionPresent: false,
						receiveMaximum: 65535,
						maximumQos: 2,
						maximumPacketSize: 268435460,
						serverKeepAlive: -1,
						...fields,
						topic: toHex(fields.topic ?? new Uint8Array(0)),
						payload: toHex(fields.payload ?? new Uint8Array(0)),
					},
				);
			};
			assert.equal(decoder.feed(bytes, 0, bytes.length), bytes.length);
			expect();
			for (let split = 1; split < bytes.length; split++) {
				assert.equal(decoder.feed(bytes, 0, split), split);
				assert.equal(decoder.outcome, Decoded.more, `after ${split} bytes`);
				assert.equal(decoder.feed(bytes, split, bytes.length), bytes.length - split);
				expect();
			}
			for (let at = 0; at < bytes.length; at++) assert.equal(decoder.feed(bytes, at, at + 1), 1);
			expect();
			const twice = new Uint8Array([...bytes, ...bytes]);
			assert.equal(decoder.feed(twice, 0, twice.length), bytes.length, "stops behind the packet");
			expect();
			assert.equal(decoder.feed(twice, bytes.length, twice.length), bytes.length);
			expect();
			for (let split = 1; split < bytes.length; split++) {
				decoder.feed(twice, 0, split);
				assert.equal(decoder.feed(twice, split, twice.length), bytes.length - split, "stops there in pieces too");
				expect();
			}
		});

		it(`mqtt decode: ${title}, its length cut by one at a time, never a packet of the same meaning`, () => {
			const bytes = fromHex(hex);
			for (let remaining = bytes.length - 3; remaining >= 0; remaining--) {
				const cut = bytes.slice(0, 2 + remaining);
				cut[1] = remaining;
				const decoder = new Decoder(version, 100);
				decoder.feed(cut, 0, cut.length);
				assert.notEqual(decoder.outcome, Decoded.more); // it is whole: right or wrong, and no crash
			}
		});
	}

	const MALFORMED = 0x81;
	const PROTOCOL = 0x82;
	/** Title, version, bytes, reason code. */
	const broken: readonly (readonly [string, MqttVersion, string, number])[] = [
		["type 0", 5, "00", MALFORMED],
		["CONNECT from a server", 5, "10", PROTOCOL],
		["SUBSCRIBE from a server", 5, "82", PROTOCOL],
		["PINGREQ from a server", 5, "c0", PROTOCOL],
		["PUBREC, QoS 2 is not used", 5, "50", PROTOCOL],
		["PUBREL, QoS 2 is not used", 5, "62", PROTOCOL],
		["AUTH, not asked for", 5, "f0", PROTOCOL],
		["DISCONNECT from a server in 3.1.1", 4, "e0", PROTOCOL],
		["CONNACK with flags", 5, "21", MALFORMED],
		["PUBACK with flags", 5, "42", MALFORMED],
		["PINGRESP with flags", 4, "d8", MALFORMED],
		["DISCONNECT with flags", 5, "e1", MALFORMED],
		["PUBLISH with QoS 3", 5, "36", MALFORMED],
		["PUBLISH with QoS 2", 5, "34", 0x9b],
		["PUBLISH with QoS 0 and DUP", 5, "38", MALFORMED],
		["length over four bytes", 5, "20 ffffffff", MALFORMED],
		["length in more bytes than needed", 5, "d0 8000", MALFORMED],
		["length beyond what is taken", 5, "30 65", 0x95],
		["largest length", 5, "30 ffffff7f", 0x95],
		["PINGRESP with a body", 5, "d0 01 00", MALFORMED],
		["CONNACK without a reason", 4, "20 01 00", MALFORMED],
		["CONNACK 3.1.1 too long", 4, "20 03 00 00 00", MALFORMED],
		["CONNACK 3.1.1 with an unknown code", 4, "20 02 00 06", PROTOCOL],
		["CONNACK with reserved flags", 5, "20 03 02 00 00", MALFORMED],
		["CONNACK that refuses and has a session", 5, "20 03 01 87 00", PROTOCOL],
		["CONNACK 5.0 without properties", 5, "20 02 00 00", MALFORMED],
		["properties beyond the packet", 5, "20 04 00 00 05 21", MALFORMED],
		["properties' length over four bytes", 5, "20 07 00 00 ffffffff 7f", MALFORMED],
		["properties' length in more bytes than needed", 5, "20 04 00 00 80 00", MALFORMED],
		["unknown property", 5, "20 05 00 00 02 7f 00", MALFORMED],
		["property id in two bytes", 5, "20 06 00 00 03 a1 00 00", MALFORMED],
		["property of another packet", 5, "20 05 00 00 02 01 00", PROTOCOL],
		["property twice, low id", 5, "20 09 00 00 06 13 0001 13 0001", PROTOCOL],
		["property twice, high id", 5, "20 09 00 00 06 21 0001 21 0001", PROTOCOL],
		["property cut short", 5, "20 05 00 00 02 21 00", MALFORMED],
		["receive maximum 0", 5, "20 06 00 00 03 21 0000", PROTOCOL],
		["maximum packet size 0", 5, "20 08 00 00 05 27 00000000", PROTOCOL],
		["maximum QoS 2", 5, "20 05 00 00 02 24 02", PROTOCOL],
		["flag of value 2", 5, "20 05 00 00 02 25 02", PROTOCOL],
		["authentication method, not asked for", 5, "20 07 00 00 04 15 0001 61", PROTOCOL],
		["reason string that is not UTF-8", 5, "20 07 00 00 04 1f 0001 ff", MALFORMED],
		["reason string with U+0000", 5, "20 07 00 00 04 1f 0001 00", MALFORMED],
		["reason string beyond the properties", 5, "20 08 00 00 04 1f 0002 61 61", MALFORMED],
		["user property without a value", 5, "20 07 00 00 04 26 0001 61", MALFORMED],
		["bytes behind the properties of PUBACK", 5, "40 05 00 07 00 00 00", MALFORMED],
		["bytes behind the properties of DISCONNECT", 5, "e0 03 00 00 00", MALFORMED],
		["session expiry in a server's DISCONNECT", 5, "e0 07 00 05 11 00000001", PROTOCOL],
		["PUBACK of identifier 0", 5, "40 02 00 00", PROTOCOL],
		["PUBACK of one byte", 5, "40 01 00", MALFORMED],
		["PUBACK 3.1.1 with a reason", 4, "40 03 00 07 00", MALFORMED],
		["SUBACK of identifier 0", 4, "90 03 00 00 00", PROTOCOL],
		["SUBACK without a reason", 5, "90 03 00 07 00", MALFORMED],
		["SUBACK of two filters", 4, "90 04 00 07 00 00", PROTOCOL],
		["SUBACK with an unknown code", 4, "90 03 00 07 03", PROTOCOL],
		["PUBLISH without a topic", 5, "30 01 00", MALFORMED],
		["PUBLISH with its topic cut", 5, "30 03 0002 61", MALFORMED],
		["PUBLISH with an empty topic", 5, "30 03 0000 00", PROTOCOL],
		["PUBLISH to +", 4, "30 03 0001 2b", PROTOCOL],
		["PUBLISH to #", 4, "30 03 0001 23", PROTOCOL],
		["PUBLISH topic with U+0000", 4, "30 03 0001 00", MALFORMED],
		["PUBLISH topic with a surrogate", 4, "30 05 0003 eda080", MALFORMED],
		["PUBLISH with identifier 0", 4, "32 05 0001 61 0000", PROTOCOL],
		["PUBLISH with its identifier cut", 4, "32 04 0001 61 01", MALFORMED],
		["PUBLISH with a topic alias, none allowed", 5, "30 07 0001 61 03 23 0001", PROTOCOL],
		["PUBLISH with subscription identifier 0", 5, "30 06 0001 61 02 0b 00", PROTOCOL],
		["PUBLISH without properties", 5, "30 03 0001 61", MALFORMED],
	];
	for (const [title, version, hex, reason] of broken)
		it(`mqtt decode: ${title}, ends the stream with reason 0x${reason.toString(16)}`, () => {
			const bytes = fromHex(hex);
			const decoder = new Decoder(version, 100);
			let at = 0;
			for (; at < bytes.length && decoder.outcome === Decoded.more; at++) decoder.feed(bytes, at, at + 1);
			assert.equal(decoder.outcome, reason);
			assert.equal(at, bytes.length, "bytes looked at");
			assert.equal(decoder.feed(bytes, 0, bytes.length), 0, "takes nothing more");
			assert.equal(decoder.outcome, reason, "stays broken");
			decoder.reset();
			decoder.feed(fromHex("d0 00"), 0, 2);
			assert.equal(decoder.outcome, Decoded.packet, "a new connection");
		});

	it("mqtt decode: overlong length in 3.1.1, which does not forbid it, taken", () => {
		const decoder = new Decoder(4, 100);
		decoder.feed(fromHex("d0 8000"), 0, 3);
		assert.equal(decoder.outcome, Decoded.packet);
	});

	it("mqtt decode: a packet of the largest size, taken; one byte more, refused before its body", () => {
		const decoder = new Decoder(4, 200);
		const bytes = new Uint8Array(203);
		bytes.set(fromHex("30 c801 0001 61"));
		assert.equal(decoder.feed(bytes, 0, 203), 203);
		assert.equal(decoder.outcome, Decoded.packet);
		assert.equal(decoder.packet.payload.length, 197);
		bytes[1] = 0xc9;
		assert.equal(decoder.feed(bytes, 0, 203), 3);
		assert.equal(decoder.outcome, 0x95);
	});

	for (const seed of [1, 2, 3, 20261121])
		it(`mqtt decode: noise and damaged packets with seed ${seed}, an outcome for each and no throw`, () => {
			const seeded = new Seeded(seed);
			const outcomes = new Map<number, number>();
			for (let round = 0; round < 5000; round++) {
				const [, version, hex] = packets[seeded.between(0, packets.length - 1)]!;
				const bytes =
					seeded.real() < 0.3
						? Uint8Array.from({ length: seeded.between(1, 40) }, () => seeded.between(0, 255))
						: fromHex(hex);
				for (let flips = seeded.between(0, 4); flips > 0; flips--)
					bytes[seeded.between(0, bytes.length - 1)] = seeded.between(0, 255);
				const decoder = new Decoder(version, 64);
				for (let at = 0; at < bytes.length; ) {
					const taken = decoder.feed(bytes, at, Math.min(bytes.length, at + seeded.between(1, 9)));
					assert.ok(taken > 0 || decoder.outcome >= 0x80, `seed ${seed}, round ${round}: stuck`);
					at += taken;
					outcomes.set(decoder.outcome, (outcomes.get(decoder.outcome) ?? 0) + 1);
					if (decoder.outcome >= 0x80) break;
				}
			}
			assert.deepEqual(
				[...outcomes.keys()].sort((a, b) => a - b),
				[0, 1, 0x81, 0x82, 0x95, 0x9b],
			);
		});
});
