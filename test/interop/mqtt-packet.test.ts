import { generate, type Packet as PeerPacket, parser } from "mqtt-packet";
import { toHex, utf8 } from "../../modules/core/bytes.js";
import { Decoder } from "../../net/mqtt/decode.js";
import { Encoder } from "../../net/mqtt/encode.js";
import type { MqttVersion } from "../../net/mqtt/packet.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";

/** What the independent library makes of our bytes. */
function peerReads(version: MqttVersion, bytes: Uint8Array): PeerPacket {
	const packets: PeerPacket[] = [];
	const errors: unknown[] = [];
	const peer = parser({ protocolVersion: version });
	peer.on("packet", (packet) => packets.push(packet));
	peer.on("error", (error) => errors.push(error));
	peer.parse(Buffer.from(bytes));
	assert.equal(errors.length, 0, `${toHex(bytes)}: ${errors[0]}`);
	assert.equal(packets.length, 1, toHex(bytes));
	return packets[0]!;
}

function weReads(version: MqttVersion, packet: PeerPacket): Decoder {
	const bytes = generate(packet, { protocolVersion: version });
	const decoder = new Decoder(1000);
	decoder.reset(version);
	assert.equal(decoder.feed(bytes, 0, bytes.length), bytes.length);
	assert.equal(decoder.outcome, 1, toHex(bytes));
	return decoder;
}

/** What we write. */
function written(version: MqttVersion, write: (out: Encoder) => void): Uint8Array {
	const out = new Encoder(2000);
	out.version = version;
	write(out);
	return out.bytes.subarray(0, out.to);
}

const SEED = 419;

describe(`mqtt codec and mqtt-packet (seed ${SEED})`, () => {
	for (const version of [5, 4] as const) {
		it(`mqtt encode: ${version}, 300 random CONNECT, read alike by mqtt-packet`, () => {
			const seeded = new Seeded(SEED);
			const word = (most: number) =>
				Array.from({ length: seeded.between(1, most) }, () => "aZ0-ü€😀"[seeded.between(0, 5)]).join("");
			for (let round = 0; round < 300; round++) {
				const username = seeded.real() < 0.5 ? word(20) : undefined;
				const password = username !== undefined && seeded.real() < 0.5 ? word(200) : undefined;
				const will = seeded.real() < 0.5 ? word(100) : undefined;
				const connect = {
					clientId: word(23),
					keepAliveSeconds: seeded.between(0, 65535),
					sessionExpirySeconds: seeded.real() < 0.5 ? 0 : seeded.u32(),
					will,
					willDelaySeconds: seeded.u32(),
					username,
					password,
				};
				const clean = seeded.real() < 0.5;
				const largest = seeded.u32() || 1;
				const most = seeded.between(1, 65535);
				const bytes = written(version, (out) => out.connect(clean, largest, most, connect));
				const peer = peerReads(version, bytes) as Extract<PeerPacket, { cmd: "connect" }>;
				assert.equal(peer.protocolVersion, version);
				assert.equal(peer.clientId, connect.clientId);
				assert.equal(peer.clean, clean);
				assert.equal(peer.keepalive, connect.keepAliveSeconds);
				assert.equal(peer.username, username);
				assert.equal(peer.password === undefined ? undefined : String(peer.password), password);
				assert.equal(peer.will?.topic, version === 5 ? will : undefined);
				if (version === 4) continue;
				assert.equal(peer.properties?.sessionExpiryInterval, connect.sessionExpirySeconds);
				assert.equal(peer.properties?.maximumPacketSize, largest);
				assert.equal(peer.properties?.receiveMaximum, most);
				if (will === undefined) continue;
				const { payload, properties, qos, retain } = peer.will!;
				assert.deepEqual([String(payload), qos, retain], ["offline", 1, true]);
				assert.equal(properties?.willDelayInterval, connect.willDelaySeconds);
			}
		});

		it(`mqtt encode: ${version}, PUBLISH of each size and flag, read alike by mqtt-packet`, () => {
			const topic = "dormouse/ü/t";
			for (const payloadLength of [0, 1, 100, 107, 108, 109, 110, 111, 112, 127, 128, 1500])
				for (const [first, alias, expiry] of [
					[0x30, 0, 0],
					[0x31, 0, 77],
					[0x32, 1, 0],
					[0x3b, 1, 0xffff_ffff],
				] as const) {
					const id = first & 2 ? 1 + payloadLength : 0;
					const bytes = written(version, (out) => {
						const at = out.publish(topic, id, alias, expiry);
						for (let n = 0; n < payloadLength; n++) out.bytes[at + n] = n;
						out.seal(first, at + payloadLength);
					});
					const peer = peerReads(version, bytes);
					assert.equal(peer.cmd, "publish");
					const publish = peer as Extract<PeerPacket, { cmd: "publish" }>;
					assert.deepEqual(
						[publish.topic, publish.qos, publish.dup, publish.retain, publish.messageId],
						[topic, id ? 1 : 0, first > 0x37, (first & 1) > 0, id || undefined],
					);
					const expected = Uint8Array.from({ length: payloadLength }, (_, n) => n);
					assert.equal(toHex(publish.payload as Buffer), toHex(expected));
					if (version === 4) continue;
					assert.equal(publish.properties?.topicAlias, alias || undefined);
					assert.equal(publish.properties?.messageExpiryInterval, expiry || undefined);
				}
		});

		it(`mqtt encode: ${version}, the small packets, read alike by mqtt-packet`, () => {
			const read = (write: (out: Encoder) => void) => peerReads(version, written(version, write));
			assert.equal(read((out) => out.short(0x40, 513, 0)).messageId, 513);
			const subscribe = read((out) => out.subscribe(7, "a/+")) as Extract<PeerPacket, { cmd: "subscribe" }>;
			assert.equal(subscribe.messageId, 7);
			assert.equal(subscribe.subscriptions[0]!.topic, "a/+");
			assert.equal(subscribe.subscriptions[0]!.qos, 1);
			assert.equal(read((out) => out.short(0xc0, 0, 0)).cmd, "pingreq");
			const disconnect = read((out) => out.short(0xe0, 0, 0x82)) as { cmd: string; reasonCode?: number };
			assert.equal(disconnect.cmd, "disconnect");
			if (version === 5) assert.equal(disconnect.reasonCode, 0x82);
		});

		it(`mqtt decode: ${version}, what mqtt-packet writes, read alike`, () => {
			const connack = weReads(version, { cmd: "connack", sessionPresent: true, reasonCode: 0, returnCode: 0 });
			assert.equal(connack.sessionPresent, true);
			assert.equal(weReads(version, { cmd: "puback", messageId: 77 }).id, 77);
			assert.equal(weReads(version, { cmd: "suback", messageId: 78, granted: [1] }).reason, 1);
			assert.equal(weReads(version, { cmd: "pingresp" }).type, 13);
			const packet = weReads(version, {
				cmd: "publish",
				topic: "a/b",
				payload: "hello",
				qos: 1,
				dup: true,
				retain: true,
				messageId: 65535,
				properties: { contentType: "x", userProperties: { k: ["v", "w"] }, messageExpiryInterval: 9 },
			});
			assert.deepEqual([toHex(packet.payload), packet.flags, packet.id], [toHex(utf8("hello")), 11, 65535]);
		});
	}

	it("mqtt decode: 5, properties of CONNACK, PUBACK and DISCONNECT as mqtt-packet writes them", () => {
		const packet = weReads(5, {
			cmd: "connack",
			sessionPresent: false,
			reasonCode: 0,
			properties: {
				sessionExpiryInterval: 1234,
				receiveMaximum: 432,
				maximumQoS: 1,
				retainAvailable: true,
				maximumPacketSize: 100,
				assignedClientIdentifier: "test",
				topicAliasMaximum: 456,
				reasonString: "test",
				userProperties: { test: "test" },
				wildcardSubscriptionAvailable: true,
				subscriptionIdentifiersAvailable: true,
				sharedSubscriptionAvailable: false,
				serverKeepAlive: 1234,
				responseInformation: "test",
				serverReference: "test",
			},
		});
		assert.deepEqual(
			[
				packet.receiveMaximum,
				packet.maximumQos,
				packet.maximumPacketSize,
				packet.serverKeepAlive,
				packet.topicAliasMaximum,
			],
			[432, 1, 100, 1234, 456],
		);
		const properties = { reasonString: "no", userProperties: { a: "b" } };
		assert.equal(weReads(5, { cmd: "puback", messageId: 1, reasonCode: 0x97, properties }).reason, 0x97);
		assert.equal(weReads(5, { cmd: "disconnect", reasonCode: 0x8b, properties }).reason, 0x8b);
	});
});
