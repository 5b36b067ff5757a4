import loraPacket from "lora-packet";
import { toHex } from "../../modules/core/bytes.js";
import { Aes128 } from "../../net/lorawan/aes.js";
import { Crypto, MIC_BYTES } from "../../net/lorawan/crypto.js";
import { eu868 } from "../../net/lorawan/region-eu868.js";
import { Cell } from "../../net/lorawan/state.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { LoraRig, type Uplinked } from "../support/lorawan.js";
import { DataFrame, dataMic, decodeData, directionOf, encodeData, MType } from "../support/lorawan-frame.js";
import { seedOf } from "../support/seed.js";

const TYPES = [MType.unconfirmedUp, MType.unconfirmedDown, MType.confirmedUp, MType.confirmedDown];
const NAMES: Readonly<Record<number, string>> = Object.freeze({
	[MType.unconfirmedUp]: "Unconfirmed Data Up",
	[MType.unconfirmedDown]: "Unconfirmed Data Down",
	[MType.confirmedUp]: "Confirmed Data Up",
	[MType.confirmedDown]: "Confirmed Data Down",
});

/** A random frame, and what both sides need to make it. */
function randomFrame(random: Seeded, withPort = false) {
	const bytes = (length: number) => Uint8Array.from({ length }, () => random.u32());
	const frame = new DataFrame();
	frame.mType = TYPES[random.between(0, 3)]!;
	frame.devAddr = random.u32();
	frame.adr = random.between(0, 1) > 0;
	frame.ack = random.between(0, 1) > 0;
	if (directionOf(frame.mType) === 0) frame.adrAckReq = random.between(0, 1) > 0;
	else frame.pending = random.between(0, 1) > 0;
	const fCnt = random.between(0, 1) ? random.u32() : random.between(0, 0x1_0000);
	frame.fCnt = fCnt & 0xffff;
	frame.fPort = withPort || random.between(0, 3) ? random.between(0, 223) : -1;
	frame.fOpts = bytes(frame.fPort === 0 ? 0 : random.between(0, 15));
	const plain = frame.fPort < 0 ? bytes(0) : bytes(random.between(1, 227));
	return { frame, fCnt, plain, appSKey: bytes(16), nwkSKey: bytes(16) };
}

/** Our frame with MIC. */
function sealed({ frame, fCnt, plain, appSKey, nwkSKey }: ReturnType<typeof randomFrame>): Uint8Array {
	const cipher = new Aes128();
	const into = new Uint8Array(255);
	frame.payload = plain;
	const end = encodeData(frame, into);
	const direction = directionOf(frame.mType);
	cipher.setKey(frame.fPort === 0 ? nwkSKey : appSKey);
	new Crypto(cipher).crypt(direction, frame.devAddr, fCnt, into, end - plain.length, end);
	cipher.setKey(nwkSKey);
	dataMic(cipher, direction, frame.devAddr, fCnt, into, end, into.subarray(end, end + MIC_BYTES));
	return into.subarray(0, end + MIC_BYTES);
}

const high = (fCnt: number) => Buffer.from([(fCnt >>> 16) & 255, fCnt >>> 24]);

describe("lorawan frames and lora-packet", () => {
	const seed = seedOf(1004);
	it(`1,000 data frames of ours (seed ${seed}): read field by field, verified and decrypted there`, () => {
		const random = new Seeded(seed);
		for (let n = 0; n < 1000; n++) {
			const made = randomFrame(random);
			const { frame, fCnt, plain, appSKey, nwkSKey } = made;
			const packet = loraPacket.fromWire(Buffer.from(sealed(made)));
			const nwk = Buffer.from(nwkSKey);
			assert.equal(packet.getMType(), NAMES[frame.mType]!);
			assert.equal(Number.parseInt(packet.DevAddr!.toString("hex"), 16), frame.devAddr);
			assert.equal(packet.getFCnt(), fCnt & 0xffff);
			assert.equal(packet.getFPort() ?? -1, frame.fPort);
			assert.equal(packet.FOpts?.toString("hex") ?? "", toHex(frame.fOpts));
			assert.equal(packet.getFCtrlADR(), frame.adr);
			assert.equal(packet.getFCtrlACK(), frame.ack);
			if (directionOf(frame.mType) === 0) assert.equal(packet.getFCtrlADRACKReq(), frame.adrAckReq);
			else assert.equal(packet.getFCtrlFPending(), frame.pending);
			assert.ok(loraPacket.verifyMIC(packet, nwk, undefined, high(fCnt)), `${n}: MIC`);
			if (frame.fPort >= 0) {
				const payload = loraPacket.decrypt(packet, Buffer.from(appSKey), nwk, high(fCnt));
				assert.equal(payload.toString("hex"), toHex(plain));
			}
		}
	});
	it(`1,000 data frames of theirs (seed ${seed}): the same bytes as ours, and read by us field by field`, () => {
		const random = new Seeded(seed ^ 0x5555);
		for (let n = 0; n < 1000; n++) {
			const made = randomFrame(random, true); // it makes none without
			const { frame, fCnt, plain, appSKey, nwkSKey } = made;
			const ours = toHex(sealed(made));
			const devAddr = Buffer.alloc(4);
			devAddr.writeUInt32BE(frame.devAddr);
			const count = Buffer.alloc(2);
			count.writeUInt16BE(fCnt & 0xffff);
			const packet = loraPacket.fromFields(
				{
					MType: NAMES[frame.mType]!,
					DevAddr: devAddr,
					FCtrl: { ADR: frame.adr, ACK: frame.ack, ADRACKReq: frame.adrAckReq, FPending: frame.pending },
					FCnt: count,
					FOpts: Buffer.from(frame.fOpts),
					FPort: frame.fPort,
					payload: Buffer.from(plain),
				},
				Buffer.from(appSKey),
				Buffer.from(nwkSKey),
				undefined,
				high(fCnt),
			);
			const wire = packet.getPHYPayload() as Buffer;
			assert.equal(wire.toString("hex"), ours);
			const read = new DataFrame();
			assert.equal(decodeData(new Uint8Array(wire), read), undefined);
			for (const name of ["mType", "devAddr", "adr", "adrAckReq", "ack", "pending", "fCnt", "fPort"] as const)
				assert.equal<unknown>(read[name], frame[name], name);
			assert.equal(toHex(read.fOpts), toHex(frame.fOpts));
			assert.equal(read.payload.length, plain.length);
		}
	});
	it(`a node and a server made of lora-packet (seed ${seed}): joins, session keys, uplinks and downlinks on air are each other's`, function () {
		this.timeout(60_000);
		const random = new Seeded(seed);
		const bytes = (length: number) => Buffer.from(Uint8Array.from({ length }, () => random.u32()));
		const counts = { joins: 0, spoilt: 0, uplinks: 0, downlinks: 0, acks: 0 };
		for (let node = 0; node < 40; node++) {
			const confirmed = node % 2 > 0;
			const rig = new LoraRig(new Seeded(seed + node), { region: eu868, confirmed });
			const [appKey, joinEui, devEui] = [bytes(16), bytes(8), bytes(8)];
			const hex = (each: Buffer) => each.toString("hex");
			rig.settings = { joinEui: hex(joinEui), devEui: hex(devEui), appKey: hex(appKey) };
			rig.boot();
			let session: { NwkSKey: Buffer; AppSKey: Buffer; devAddr: Buffer } | undefined;
			let fCntDown = random.between(0, 0xfff0);
			const expected: string[] = [];
			const came: string[] = [];
			const answer = (uplink: Uplinked, which: 1 | 2, join: boolean, wire: Uint8Array) => {
				const delay = (join ? 4000 : 0) + 1000 * which;
				rig.air.send(uplink.startMs + uplink.airtime + delay, rig.server.window(uplink, which, join), wire);
			};
			rig.air.received = (uplink) => {
				const packet = loraPacket.fromWire(Buffer.from(uplink.bytes));
				if (packet.getMType() === "Join Request") {
					assert.ok(loraPacket.verifyMIC(packet, undefined, appKey));
					assert.equal(hex(packet.AppEUI!), hex(joinEui));
					assert.equal(hex(packet.DevEUI!), hex(devEui));
					assert.equal(packet.DevNonce!.readUInt16BE(), 0);
					const [joinNonce, netId, devAddr] = [bytes(3), bytes(3), bytes(4)] as [Buffer, Buffer, Buffer];
					const cfList = Buffer.concat([bytes(15), Buffer.of(random.between(0, 1))]);
					const fields = {
						MType: "Join Accept",
						AppNonce: joinNonce,
						NetID: netId,
						DevAddr: devAddr,
						DLSettings: 0x00,
						RxDelay: 1,
						...(random.between(0, 1) ? { CFList: cfList } : {}),
					};
					const accept = loraPacket.fromFields(fields, undefined, undefined, appKey).getPHYPayload() as Buffer;
					const wire = new Uint8Array(accept);
					if (random.between(0, 1)) {
						// Spoilt in RX1: not taken; the sound one in RX2 is.
						const spoilt = wire.slice();
						spoilt[random.between(1, wire.length - 1)]! ^= 1 << random.between(0, 7);
						answer(uplink, 1, true, spoilt);
						counts.spoilt++;
					}
					answer(uplink, 2, true, wire);
					session = { ...loraPacket.generateSessionKeys(appKey, netId, joinNonce, packet.DevNonce!), devAddr };
					counts.joins++;
					return;
				}
				const { NwkSKey, AppSKey, devAddr } = session!;
				const fCnt = packet.getFCnt()!;
				assert.equal(hex(packet.DevAddr!), hex(devAddr));
				assert.ok(loraPacket.verifyMIC(packet, NwkSKey, undefined, high(fCnt)), `${fCnt}: MIC`);
				assert.equal(packet.isConfirmed(), confirmed && packet.getFPort() === 1);
				if (packet.getFPort() === 1)
					came.push(loraPacket.decrypt(packet, AppSKey, NwkSKey, high(fCnt)).toString("hex"));
				counts.uplinks++;
				const payload = bytes(random.between(1, 40));
				const count = Buffer.alloc(2);
				count.writeUInt16BE(fCntDown);
				const down = loraPacket.fromFields(
					{
						MType: "Unconfirmed Data Down",
						DevAddr: devAddr,
						FCtrl: { ADR: true, ACK: confirmed, ADRACKReq: false, FPending: false },
						FCnt: count,
						FOpts: Buffer.from(random.between(0, 1) ? [6] : []),
						FPort: 1 + random.between(0, 200),
						payload,
					},
					AppSKey,
					NwkSKey,
					undefined,
					high(fCntDown++),
				);
				expected.push(hex(payload));
				counts.downlinks++;
				answer(uplink, random.between(0, 1) ? 1 : 2, false, new Uint8Array(down.getPHYPayload() as Buffer));
			};
			const sent: string[] = [];
			const taken: string[] = [];
			for (let n = 0; n < 6; n++) {
				const payload = new Uint8Array(bytes(random.between(1, 48)));
				rig.queue.push(payload);
				sent.push(toHex(payload));
				const outcome = rig.exchange();
				assert.equal(outcome.end, "idle");
				if (confirmed) counts.acks += outcome.delivered.filter((each) => each.endsWith(" peer")).length;
				taken.push(...outcome.downlinks);
				rig.sleep(3_600_000);
			}
			assert.deepEqual(came, sent);
			assert.deepEqual(taken, expected);
			const keys = rig.stored("session")!.subarray(Cell.keys, Cell.keys + 32);
			assert.equal(toHex(keys), hex(session!.NwkSKey) + hex(session!.AppSKey));
		}
		assert.equal(counts.joins, 40);
		assert.ok(counts.spoilt > 5 && counts.acks === 120 && counts.uplinks >= 240, JSON.stringify(counts));
	});
});
