import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { Decoder } from "../../../net/mqtt/decode.js";
import { Encoder, PUBLISH_LARGEST } from "../../../net/mqtt/encode.js";
import type { MqttVersion, Packet } from "../../../net/mqtt/packet.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

const N1 = { clientId: "n1", keepAliveSeconds: 60 };

/** Title, version, what it writes, the bytes. Worked by hand from the sections that `encode.ts` names. */
const encodings: readonly (readonly [string, MqttVersion, (out: Encoder) => void, string])[] = [
	[
		"CONNECT 5.0, clean",
		5,
		(out) => out.connect(true, 256, 4, N1),
		"10 1c 0004 4d515454 05 02 003c 0d 1100015180 210004 2700000100 0002 6e31",
	],
	[
		"CONNECT 5.0, session expiry, user and password",
		5,
		(out) =>
			out.connect(false, 512, 300, {
				clientId: "n1",
				keepAliveSeconds: 0,
				sessionExpirySeconds: 0xffffffff,
				username: "ü",
				password: "p",
			}),
		"10 23 0004 4d515454 05 c0 0000 0d 11ffffffff 21012c 2700000200 0002 6e31 0002 c3bc 0001 70",
	],
	[
		"CONNECT 5.0, password alone",
		5,
		(out) => out.connect(true, 256, 4, { ...N1, password: "p" }),
		"10 1f 0004 4d515454 05 42 003c 0d 1100015180 210004 2700000100 0002 6e31 0001 70",
	],
	[
		"CONNECT 5.0, will with its delay",
		5,
		(out) => out.connect(true, 256, 4, { ...N1, will: "w", willDelaySeconds: 0x01020304 }),
		"10 2e 0004 4d515454 05 2e 003c 0d 1100015180 210004 2700000100 0002 6e31 05 1801020304 0001 77 0007 6f66666c696e65",
	],
	[
		"CONNECT 3.1.1, password alone gets an empty user name; a will is left out",
		4,
		(out) => out.connect(true, 256, 4, { ...N1, password: "p", will: "w" }),
		"10 13 0004 4d515454 04 c2 003c 0002 6e31 0000 0001 70",
	],
	["PUBACK 5.0", 5, (out) => out.short(0x40, 0x1234, 0), "40 02 1234"],
	["PUBACK 5.0 with a reason", 5, (out) => out.short(0x40, 1, 0x97), "40 03 0001 97"],
	["PUBACK 3.1.1 has no reason", 4, (out) => out.short(0x40, 65535, 0x97), "40 02 ffff"],
	["SUBSCRIBE 5.0", 5, (out) => out.subscribe(7, "a/b"), "82 09 0007 00 0003 612f62 01"],
	["SUBSCRIBE 3.1.1", 4, (out) => out.subscribe(7, "a/b"), "82 08 0007 0003 612f62 01"],
	["PINGREQ", 5, (out) => out.short(0xc0, 0, 0), "c0 00"],
	["DISCONNECT 5.0", 5, (out) => out.short(0xe0, 0, 0), "e0 00"],
	["DISCONNECT 5.0 with a reason", 5, (out) => out.short(0xe0, 0, 0x81), "e0 01 81"],
	["DISCONNECT 3.1.1 has no reason", 4, (out) => out.short(0xe0, 0, 0x81), "e0 00"],
];

function encoder(version: MqttVersion, size = 200): Encoder {
	const out = new Encoder(size);
	out.version = version;
	out.bytes.fill(0xaa);
	return out;
}

describe("mqtt encode", () => {
	for (const [title, version, encode, hex] of encodings)
		it(`mqtt encode: ${title}, its bytes, and the next packet behind it`, () => {
			const out = encoder(version);
			for (let n = 1; n <= 2; n++) {
				encode(out);
				assert.equal(toHex(out.bytes.subarray(0, out.to)), toHex(fromHex(hex)).repeat(n));
			}
		});

	it("mqtt encode: the largest CONNECT and SUBSCRIBE, within what is reckoned for them", () => {
		const out = encoder(5);
		out.connect(true, 512, 4, { clientId: "", keepAliveSeconds: 1, will: "", username: "", password: "" });
		assert.ok(out.to <= 54, `${out.to}`);
		const { to } = out;
		out.subscribe(1, "");
		assert.ok(out.to - to <= 11);
	});

	const frames: readonly (readonly [string, MqttVersion, number, string, number, number, number, string])[] = [
		["QoS 1 in 5.0", 5, 0x32, "a/b", 9, 0, 0, "32 0b 0003 612f62 0009 00 010203"],
		["QoS 1 in 3.1.1, repeated", 4, 0x3a, "a/b", 9, 0, 0, "3a 0a 0003 612f62 0009 010203"],
		["QoS 0 in 5.0, retained", 5, 0x31, "a/b", 0, 0, 0, "31 09 0003 612f62 00 010203"],
		["QoS 1, an alias is given", 5, 0x32, "a/b", 9, 1, 0, "32 0e 0003 612f62 0009 03 230001 010203"],
		["QoS 1, by its alias", 5, 0x32, "", 9, 1, 0, "32 0b 0000 0009 03 230001 010203"],
		["QoS 0, expiry", 5, 0x30, "a/b", 0, 0, 0x1020304, "30 0e 0003 612f62 05 0201020304 010203"],
		["QoS 0 in 3.1.1, neither alias nor expiry", 4, 0x30, "a/b", 0, 1, 9, "30 08 0003 612f62 010203"],
	];
	for (const [title, version, first, topic, id, alias, expiry, hex] of frames)
		it(`mqtt encode: PUBLISH ${title}, framed in place`, () => {
			const out = encoder(version);
			out.short(0xc0, 0, 0);
			const at = out.publish(topic, id, alias, expiry);
			out.bytes.set([1, 2, 3], at);
			out.seal(first, at + 3);
			assert.equal(toHex(out.bytes.subarray(0, out.to)), `c000${toHex(fromHex(hex))}`);
			assert.ok(at - 2 <= PUBLISH_LARGEST + topic.length);
		});

	it("mqtt encode: remaining length at each size boundary, as short as it can be", () => {
		for (const [payload, header] of [
			[120, "32 7f"], // 3 + 2 + 2 more bytes
			[121, "32 8001"],
			[16_376, "32 ff7f"],
			[16_377, "32 808001"],
		] as const) {
			const out = encoder(4, payload + 40);
			const at = out.publish("a/b", 1, 0, 0);
			out.seal(0x32, at + payload);
			const expected = fromHex(header);
			assert.equal(toHex(out.bytes.subarray(0, expected.length)), toHex(expected));
			assert.equal(out.to, expected.length + 7 + payload);
			assert.equal(out.bytes[out.to - payload - 1], 1, "the identifier's last byte");
		}
		const out = encoder(4);
		out.seal(0x30, out.publish("a/b", 0, 0, 0), 3000);
		assert.equal(
			toHex(out.bytes.subarray(0, out.to)),
			toHex(fromHex("30 bd17 0003 612f62")),
			"a payload that comes later",
		);
	});
});

interface Fields extends Partial<Packet> {
	readonly payload?: Uint8Array;
}

/** Of CONNACK, where the packet says nothing else. */
const LIMITS = {
	sessionPresent: false,
	receiveMaximum: 65535,
	maximumQos: 2,
	retainAvailable: 1,
	maximumPacketSize: 0xffff_ffff,
	topicAliasMaximum: 0,
	serverKeepAlive: -1,
};

function made(version: MqttVersion, largest = 100): Decoder {
	const decoder = new Decoder(largest);
	decoder.reset(version);
	return decoder;
}

/** Title, version, bytes, fields that differ from a packet that carries nothing. */
const packets: readonly (readonly [string, MqttVersion, string, Fields])[] = [
	["CONNACK 3.1.1", 4, "20 02 00 00", { type: 2 }],
	["CONNACK 3.1.1, session present", 4, "20 02 01 00", { type: 2, sessionPresent: true }],
	["CONNACK 3.1.1, not authorised", 4, "20 02 00 05", { type: 2, reason: 5 }],
	["CONNACK 5.0", 5, "20 03 00 00 00", { type: 2 }],
	[
		"CONNACK 5.0 with all that is kept",
		5,
		"20 15 00 00 12 21 0014 24 01 27 00000400 13 001e 22 0005 25 00",
		{
			type: 2,
			receiveMaximum: 20,
			maximumQos: 1,
			maximumPacketSize: 1024,
			serverKeepAlive: 30,
			topicAliasMaximum: 5,
			retainAvailable: 0,
		},
	],
	[
		"CONNACK 5.0 with all there is",
		5,
		"20 32 00 87 2f 11 00000001 12 0001 61 1a 0001 62 1c 0001 63 1f 0002 6e6f 22 000a 25 00 26 0001 6b 0001 76 26 0001 6b 0001 77 28 01 29 01 2a 00",
		{ type: 2, reason: 0x87, topicAliasMaximum: 10, retainAvailable: 0 },
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
		{ type: 3, id: 0x102, flags: 11, payload: fromHex("ffffff") },
	],
	[
		"PUBLISH 5.0, QoS 0, properties",
		5,
		"30 17 0001 61 11 01 01 02 00000001 0b 01 0b 8001 09 0002 0000 42 00",
		{ type: 3, payload: fromHex("42 00") },
	],
	["PUBLISH 3.1.1, no payload", 4, "30 03 0001 61", { type: 3 }],
];

describe("mqtt decode", () => {
	for (const [title, version, hex, fields] of packets) {
		it(`mqtt decode: ${title}, however it is split`, () => {
			const bytes = fromHex(hex);
			const decoder = made(version);
			const expect = () => {
				assert.equal(decoder.outcome, 1);
				const { type, id, reason, flags } = decoder;
				const expected = { type: 0, id: 0, reason: 0, flags: 0, ...fields };
				assert.deepEqual(
					{ type, id, reason, flags },
					{ type: expected.type, id: expected.id, reason: expected.reason, flags: expected.flags },
				);
				if (type === 3) assert.equal(toHex(decoder.payload), toHex(fields.payload ?? new Uint8Array(0)));
				if (type !== 2) return;
				const all = { ...LIMITS, ...fields };
				for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) assert.equal(decoder[name], all[name], name);
			};
			assert.equal(decoder.feed(bytes, 0, bytes.length), bytes.length);
			expect();
			for (let split = 1; split < bytes.length; split++) {
				assert.equal(decoder.feed(bytes, 0, split), split);
				assert.equal(decoder.outcome, 0, `after ${split} bytes`);
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
				const decoder = made(version);
				decoder.feed(cut, 0, cut.length);
				assert.notEqual(decoder.outcome, 0); // it is whole: right or wrong, and no crash
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
		["PUBACK with a reason that is none", 5, "40 03 00 07 01", PROTOCOL],
		["bytes behind the properties of CONNACK", 5, "20 04 00 00 00 00", MALFORMED],
		["will delay, which only clients send", 5, "20 08 00 00 05 18 00000000", MALFORMED],
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
			const decoder = made(version);
			let at = 0;
			for (; at < bytes.length && decoder.outcome === 0; at++) decoder.feed(bytes, at, at + 1);
			assert.equal(decoder.outcome, reason);
			assert.equal(at, bytes.length, "bytes looked at");
			assert.equal(decoder.feed(bytes, 0, bytes.length), 0, "takes nothing more");
			assert.equal(decoder.outcome, reason, "stays broken");
			decoder.reset(version);
			decoder.feed(fromHex("d0 00"), 0, 2);
			assert.equal(decoder.outcome, 1, "a new connection");
		});

	it("mqtt decode: overlong length in 3.1.1, which does not forbid it, taken", () => {
		const decoder = made(4);
		decoder.feed(fromHex("d0 8000"), 0, 3);
		assert.equal(decoder.outcome, 1);
	});

	it("mqtt decode: a packet of the largest size, taken; one byte more, refused before its body", () => {
		const decoder = made(4, 200);
		const bytes = new Uint8Array(203);
		bytes.set(fromHex("30 c801 0001 61"));
		assert.equal(decoder.feed(bytes, 0, 203), 203);
		assert.equal(decoder.outcome, 1);
		assert.equal(decoder.payload.length, 197);
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
				const decoder = made(version, 64);
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
