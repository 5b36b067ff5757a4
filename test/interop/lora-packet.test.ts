import loraPacket from "lora-packet";
import { toHex } from "../../modules/core/bytes.js";
import { Aes128 } from "../../net/lorawan/aes.js";
import {
	cryptPayload,
	dataMic,
	deriveKey,
	encodeJoinRequest,
	JOIN_ACCEPT,
	JOIN_ACCEPT_LIST,
	JOIN_REQUEST,
	openJoinAccept,
} from "../../net/lorawan/crypto.js";
import { DataFrame, decodeData, directionOf, encodeData, MIC_BYTES, MType } from "../../net/lorawan/frame.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
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
	cryptPayload(cipher, direction, frame.devAddr, fCnt, into, end - plain.length, end);
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
	it(`300 joins (seed ${seed}): requests verified there, accepts of theirs opened here, equal session keys`, () => {
		const random = new Seeded(seed);
		const bytes = (length: number) => Uint8Array.from({ length }, () => random.u32());
		const cipher = new Aes128();
		for (let n = 0; n < 300; n++) {
			const [appKey, joinEui, devEui] = [bytes(16), bytes(8), bytes(8)];
			const devNonce = random.between(0, 0xffff);
			const request = new Uint8Array(JOIN_REQUEST);
			cipher.setKey(appKey);
			encodeJoinRequest(cipher, joinEui, devEui, devNonce, request);
			const there = loraPacket.fromWire(Buffer.from(request));
			assert.ok(loraPacket.verifyMIC(there, undefined, Buffer.from(appKey)));
			assert.equal(there.AppEUI!.toString("hex"), toHex(joinEui));
			assert.equal(there.DevEUI!.toString("hex"), toHex(devEui));
			assert.equal(there.DevNonce!.readUInt16BE(), devNonce);

			const list = random.between(0, 1) > 0;
			const [joinNonce, netId, devAddr, cfList] = [bytes(3), bytes(3), bytes(4), bytes(16)].map(Buffer.from) as [
				Buffer,
				Buffer,
				Buffer,
				Buffer,
			];
			const accept = loraPacket.fromFields(
				{
					MType: "Join Accept",
					AppNonce: joinNonce,
					NetID: netId,
					DevAddr: devAddr,
					DLSettings: 0x35,
					RxDelay: 5,
					...(list ? { CFList: cfList } : {}),
				},
				undefined,
				undefined,
				Buffer.from(appKey),
			);
			const wire = new Uint8Array(accept.getPHYPayload() as Buffer);
			assert.equal(wire.length, list ? JOIN_ACCEPT_LIST : JOIN_ACCEPT);
			const spoilt = wire.slice();
			spoilt[random.between(1, wire.length - 1)]! ^= 1 << random.between(0, 7);
			assert.ok(!openJoinAccept(cipher, spoilt));
			assert.ok(openJoinAccept(cipher, wire), "the accept");
			assert.equal(toHex(wire.slice(1, 4).reverse()), joinNonce.toString("hex"));
			assert.equal(toHex(wire.slice(7, 11).reverse()), devAddr.toString("hex"));
			assert.equal(wire[11], 0x35);
			const keys = new Uint8Array(32);
			deriveKey(cipher, 1, wire, devNonce, keys, 0);
			deriveKey(cipher, 2, wire, devNonce, keys, 16);
			const nonce = Buffer.alloc(2);
			nonce.writeUInt16BE(devNonce);
			const theirs = loraPacket.generateSessionKeys(Buffer.from(appKey), netId, joinNonce, nonce);
			assert.equal(toHex(keys), theirs.NwkSKey.toString("hex") + theirs.AppSKey.toString("hex"));
		}
	});
});
