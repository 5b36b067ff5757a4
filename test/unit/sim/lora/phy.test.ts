import loraPacket from "lora-packet";
import { fromHex, toHex } from "../../../../modules/core/bytes.js";
import {
	cmac,
	cryptPayload,
	encodeDataDown,
	encodeJoinAccept,
	isDataSound,
	isJoinSound,
	parseUplink,
	sessionKeys,
} from "../../../../sim/lora/phy.js";
import { Seeded } from "../../../../sim/seeded.js";
import * as assert from "../../../assert.js";
import { seedOf } from "../../../support/seed.js";

const seed = seedOf(3);

describe("network server's frames", () => {
	it("cmac: the vectors of RFC 4493 §4", () => {
		const key = fromHex("2b7e151628aed2a6abf7158809cf4f3c");
		const message = fromHex(
			"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
		);
		for (const [length, mac] of [
			[0, "bb1d6929e95937287fa37d129b756746"],
			[16, "070a16b46b4d4144f79bdd9dd04a287c"],
			[40, "dfa66747de9ae63030ca32611497c827"],
			[64, "51f0bebf7e3b9d92fc49741779363cfe"],
		] as const)
			assert.equal(toHex(cmac(key, message.subarray(0, length))), mac);
	});
	it(`500 downlinks (seed ${seed}): lora-packet reads what was written`, () => {
		const random = new Seeded(seed);
		const bytes = (length: number) => Uint8Array.from({ length }, () => random.u32());
		for (let n = 0; n < 500; n++) {
			const [nwkSKey, appSKey] = [bytes(16), bytes(16)];
			const port = random.between(-1, 223);
			const down = {
				...{ confirmed: random.between(0, 1) > 0, devAddr: random.u32(), adr: random.between(0, 1) > 0 },
				...{ ack: random.between(0, 1) > 0, pending: random.between(0, 1) > 0, fCnt: random.u32(), port },
				fOpts: port === 0 ? new Uint8Array(0) : bytes(random.between(0, 15)),
				payload: port < 0 ? new Uint8Array(0) : bytes(random.between(1, 60)),
			};
			const packet = loraPacket.fromWire(Buffer.from(encodeDataDown(nwkSKey, appSKey, down)));
			const high = Buffer.alloc(2);
			high.writeUInt16LE(down.fCnt >>> 16);
			assert.ok(loraPacket.verifyMIC(packet, Buffer.from(nwkSKey), undefined, high), `frame ${n}`);
			assert.equal(packet.getMType(), down.confirmed ? "Confirmed Data Down" : "Unconfirmed Data Down");
			assert.equal(packet.DevAddr!.readUInt32BE(), down.devAddr);
			assert.equal(packet.getFCnt(), down.fCnt & 0xffff);
			assert.equal(packet.getFCtrlACK(), down.ack);
			assert.equal(packet.getFCtrlADR(), down.adr);
			assert.equal(packet.getFCtrlFPending(), down.pending);
			assert.equal(packet.FOpts!.toString("hex"), toHex(down.fOpts));
			if (port < 0) continue;
			assert.equal(packet.getFPort(), port);
			const payload = loraPacket.decrypt(packet, Buffer.from(appSKey), Buffer.from(nwkSKey), high);
			assert.equal(payload.toString("hex"), toHex(down.payload));
		}
	});
	it(`500 uplinks (seed ${seed}): what lora-packet writes is read, with its MIC; one bit off is not`, () => {
		const random = new Seeded(seed + 1);
		const bytes = (length: number) => Uint8Array.from({ length }, () => random.u32());
		for (let n = 0; n < 500; n++) {
			const [nwkSKey, appSKey, devAddr] = [bytes(16), bytes(16), bytes(4)].map(Buffer.from) as [Buffer, Buffer, Buffer];
			const fCnt = random.u32();
			const high = Buffer.alloc(2);
			high.writeUInt16LE(fCnt >>> 16);
			const port = random.between(0, 223);
			const payload = bytes(random.between(1, 60));
			const fOpts = port === 0 ? new Uint8Array(0) : bytes(random.between(0, 15));
			const [adr, ask, ack] = [random.between(0, 1) > 0, random.between(0, 1) > 0, random.between(0, 1) > 0];
			const packet = loraPacket.fromFields(
				{
					...{ MType: n % 2 ? "Confirmed Data Up" : "Unconfirmed Data Up", DevAddr: devAddr, FCnt: fCnt & 0xffff },
					...{ FCtrl: { ADR: adr, ADRACKReq: ask, ACK: ack, FPending: false }, FPort: port },
					...{ FOpts: Buffer.from(fOpts), payload: Buffer.from(payload) },
				},
				appSKey,
				nwkSKey,
				undefined,
				high,
			);
			const wire = new Uint8Array(packet.getPHYPayload() as Buffer);
			const read = parseUplink(wire);
			if (read?.kind !== "data") return assert.fail(`frame ${n}`);
			assert.equal(read.devAddr, devAddr.readUInt32BE());
			assert.deepEqual([read.confirmed, read.adr, read.adrAckReq, read.ack], [n % 2 > 0, adr, ask, ack]);
			assert.equal(read.fCnt, fCnt & 0xffff);
			assert.deepEqual([read.port, toHex(read.fOpts)], [port, toHex(fOpts)]);
			const key = port === 0 ? nwkSKey : appSKey;
			assert.equal(toHex(cryptPayload(key, 0, read.devAddr, fCnt, read.payload)), toHex(payload));
			assert.ok(isDataSound(nwkSKey, read.devAddr, fCnt, wire));
			assert.ok(!isDataSound(nwkSKey, read.devAddr, (fCnt + 0x1_0000) >>> 0, wire));
			wire[random.between(0, wire.length - 1)]! ^= 1 << random.between(0, 7);
			assert.ok(!isDataSound(nwkSKey, read.devAddr, fCnt, wire));
		}
	});
	it(`200 joins (seed ${seed}): requests of lora-packet are read, accepts are read there, session keys are the same`, () => {
		const random = new Seeded(seed + 2);
		const bytes = (length: number) => Buffer.from(Uint8Array.from({ length }, () => random.u32()));
		for (let n = 0; n < 200; n++) {
			const [appKey, joinEui, devEui] = [bytes(16), bytes(8), bytes(8)];
			const devNonce = random.between(0, 0xffff);
			const nonce = Buffer.from([devNonce >> 8, devNonce & 0xff]);
			const request = loraPacket.fromFields(
				{ MType: "Join Request", AppEUI: joinEui, DevEUI: devEui, DevNonce: nonce },
				undefined,
				undefined,
				appKey,
			);
			const wire = new Uint8Array(request.getPHYPayload() as Buffer);
			assert.deepEqual(parseUplink(wire), {
				...{ kind: "join", joinEui: joinEui.toString("hex"), devEui: devEui.toString("hex"), devNonce },
			});
			assert.ok(isJoinSound(appKey, wire));
			wire[random.between(0, 22)]! ^= 0x10;
			assert.ok(!isJoinSound(appKey, wire));

			const accept = {
				...{ joinNonce: random.between(1, 0xff_ffff), netId: random.between(0, 0xff_ffff), devAddr: random.u32() },
				...{ dlSettings: 0x23, rxDelay: 5, ...(n % 2 ? { cfList: new Uint8Array(bytes(16)) } : {}) },
			};
			const sealed = loraPacket.fromWire(Buffer.from(encodeJoinAccept(appKey, accept)));
			const there = loraPacket.fromWire(Buffer.from(loraPacket.decryptJoinAccept(sealed, appKey)));
			assert.ok(loraPacket.verifyMIC(there, undefined, appKey));
			assert.equal(there.DevAddr!.readUInt32BE(), accept.devAddr);
			assert.equal(there.AppNonce!.readUIntBE(0, 3), accept.joinNonce);
			assert.equal(there.CFList!.length, n % 2 ? 16 : 0);
			const theirs = loraPacket.generateSessionKeys(appKey, there.NetID!, there.AppNonce!, nonce);
			const ours = sessionKeys(appKey, accept.joinNonce, accept.netId, devNonce);
			assert.equal(toHex(ours.nwkSKey), theirs.NwkSKey.toString("hex"));
			assert.equal(toHex(ours.appSKey), theirs.AppSKey.toString("hex"));
		}
	});
	for (const [what, hex] of [
		["nothing", ""],
		["a short one", "4001020304000000aabbcc"],
		["a downlink", "6001020304000000aabbccdd"],
		["another version", "4101020304000000aabbccdd"],
		["a Join-Request a byte too long", `00${"11".repeat(23)}`],
		["FOpts longer than the frame", "400102030405000002aabbccdd"],
		["FOpts beside port 0", "4001020304010000020011aabbccdd"],
	] as const)
		it(`parse: ${what}, refused`, () => assert.equal(parseUplink(fromHex(hex)), undefined));
});
