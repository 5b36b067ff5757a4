import { createCipheriv } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "../../modules/core/bytes.js";
import { Aes128 } from "../../net/lorawan/aes.js";
import { Crypto } from "../../net/lorawan/crypto.js";
import * as assert from "../assert.js";
import { DataFrame, dataMic, decodeData } from "../support/lorawan-frame.js";
import { linesOf } from "./say.js";
import { PROJECT, removeFolders, skipUnlessSdk } from "./sdk.js";

/** Blocks under both ciphers, in place and at an offset; an uplink of a personalised node with each; how long it takes. */
const MAIN = `import { end, say } from "say";
import Time from "time";
import { toHex } from "./modules/core/bytes.js";
import type { BlockCipher } from "./modules/core/ports.js";
import { Aes128 as InC } from "./modules/device/aes.js";
import { Aes128 } from "./net/lorawan/aes.js";
import { lorawan } from "./net/lorawan/lorawan.js";
import { eu868 } from "./net/lorawan/region-eu868.js";
import type { Radio, RadioListener } from "./net/radio/radio.js";
import type { UplinkNode, UplinkPorts } from "./net/uplink.js";

const CIPHERS: Readonly<Record<string, () => BlockCipher>> = Object.freeze({
	C: () => new InC(),
	TypeScript: () => new Aes128(),
});

function uplink(cipher: () => BlockCipher): void {
	const later: (() => void)[] = [];
	const cells: (Uint8Array | undefined)[] = [];
	let nowMs = 0;
	let left = 1;
	let on: RadioListener | undefined;
	const set = (callback: () => void, ms: number) => {
		if (ms < 60000) {
			later.push(callback);
			nowMs += ms;
		}
		return { close() {} };
	};
	const radio: Partial<Radio> = {
		open(listener) { on = listener; },
		transmit(bytes) { say("air " + toHex(bytes)); later.push(() => on!.txDone(1000)); },
		receive(atMs) { later.push(() => on!.rxTimeout(atMs + 50)); },
		sleep() {},
		close() {},
	};
	const create = () => radio as Radio;
	const ports: UplinkPorts = {
		clock: { nowMs: () => nowMs },
		timers: { set },
		entropy: { fill: (into) => void into.fill(7) },
		nodeId: "n",
		setting: (name) =>
			name === "devAddr" ? "2601abcd" : name.endsWith("SKey") ? "00112233445566778899aabbccddeeff" : undefined,
	};
	const node: Partial<UplinkNode> = {
		wallMs: () => 0,
		resumed: false,
		log: { get: (id) => cells[id], put: (id, value) => { cells[id] = value.slice(); } },
	};
	const declared = lorawan({ region: eu868, cipher, radio: { kind: "deaf", lowestDbm: 2, highestDbm: 14, create } });
	const client = declared.create(ports, node as UplinkNode);
	nowMs = 3600000;
	client.start(
		{
			wantsTime: false,
			fill(view) {
				view.fill(5, 0, 11);
				return { length: left-- > 0 ? 11 : 0, upTo: 1, count: 1, seconds: 0, wall: 0 };
			},
			again: () => 0,
			rewind() { left = 1; },
		},
		60000,
		{
			delivered() {},
			deferred() { say("deferred"); },
			failed(code) { say("failed " + code); },
			downlink: () => true,
			wallTime() {},
			idle() { say("idle"); },
		},
	);
	for (let next = later.shift(); next; next = later.shift()) next();
}

export default function () {
	for (const [name, make] of Object.entries(CIPHERS)) {
		const cipher = make();
		for (let n = 0; n < 20; n++) {
			const key = Uint8Array.from({ length: 20 }, (_, at) => 13 * at + n);
			const block = Uint8Array.from({ length: 20 }, (_, at) => 7 * at * n + 1);
			cipher.setKey(key, 3);
			cipher.encrypt(block, 2);
			say("block " + n + " " + toHex(block));
		}
		const begin = Time.ticks;
		const block = new Uint8Array(16);
		for (let n = 0; n < 2000; n++) cipher.encrypt(block);
		say("time " + name + " " + (Time.ticks - begin) / 2);
	}
	for (const cipher of Object.values(CIPHERS)) uplink(cipher);
	end();
}
`;

describe("LoRaWAN on the Moddable SDK (lin)", function () {
	this.timeout(600_000);
	before(function () {
		skipUnlessSdk(this, "the SDK's AES");
	});
	after(removeFolders);

	it("AES in C by the SDK and in TypeScript: the blocks of OpenSSL; an uplink with each; no warning of the linker", () => {
		const modules = ["bytes", "errors", "frozen", "ports", "crc", "native"].map((name) => `modules/core/${name}`);
		for (const folder of ["net/lorawan", "modules/store"])
			for (const file of readdirSync(join(PROJECT, folder)))
				if (folder === "net/lorawan" || /^(log|sectors|entry|old-cell|stored-value)\.ts$/.test(file))
					modules.push(`${folder}/${file.slice(0, -3)}`);
		modules.push("modules/codec/varint", "modules/device/aes", "net/uplink", "net/radio/radio");
		const lines = linesOf(MAIN, modules);
		const blocks = lines.filter((line) => line.startsWith("block"));
		assert.equal(blocks.length, 40);
		for (const line of blocks) {
			const [, n, hex] = line.split(" ") as [string, string, string];
			const key = Buffer.from(Array.from({ length: 16 }, (_, at) => 13 * (at + 3) + Number(n)));
			const plain = Buffer.from(Array.from({ length: 20 }, (_, at) => 7 * at * Number(n) + 1));
			const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
			plain.set(cipher.update(plain.subarray(2, 18)), 2);
			assert.equal(hex, plain.toString("hex"));
		}
		const airs = lines.filter((line) => line.startsWith("air")).map((line) => line.slice(4));
		assert.equal(airs.length, 2);
		assert.equal(airs[0], airs[1]!);
		assert.equal(lines.filter((line) => line === "idle").length, 2, lines.join("\n"));
		const bytes = fromHex(airs[0]!);
		const frame = new DataFrame();
		assert.equal(decodeData(bytes, frame), undefined);
		const key = fromHex("00112233445566778899aabbccddeeff");
		const cipher = new Aes128();
		const mic = new Uint8Array(4);
		cipher.setKey(key);
		dataMic(cipher, 0, 0x2601_abcd, 0, bytes, bytes.length - 4, mic);
		assert.equal(toHex(mic), toHex(bytes.subarray(-4)));
		new Crypto(cipher).crypt(0, 0x2601_abcd, 0, frame.payload, 0, 11);
		assert.equal(toHex(frame.payload), "05".repeat(11));
		for (const line of lines.filter((each) => each.startsWith("time"))) console.log(`      ${line} µs a block`);
	});
});
