import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "../../modules/core/bytes.js";
import { Aes128 } from "../../net/lorawan/aes.js";
import { Crypto } from "../../net/lorawan/crypto.js";
import * as assert from "../assert.js";
import { DataFrame, dataMic, decodeData } from "../support/lorawan-frame.js";
import { buildApp, buildLoader, folder, PROJECT, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";

/** Prints a line, and ends. */
const SAY = `#include <stdio.h>
#include <stdlib.h>
#include "xsmc.h"
#include "xsHost.h"
void xs_say(xsMachine *the) { printf("%s\\n", xsmcToString(xsArg(0))); fflush(stdout); }
void xs_end(xsMachine *the) { exit(75); }
`;

/** Blocks under both ciphers, in place and at an offset; an uplink of a personalised node with each; how long it takes. */
const MAIN = `import { toHex } from "./modules/core/bytes.js";
import { PlatformAes } from "./modules/device/aes.js";
import { Aes128 } from "./net/lorawan/aes.js";
import { lorawan } from "./net/lorawan/lorawan.js";
import { eu868 } from "./net/lorawan/region-eu868.js";
import Time from "time";
declare function native(symbol: string): any;
function say(this: unknown, text: string): void { native("xs_say").call(this, text); }
function end(this: unknown): void { native("xs_end").call(this); }

const CIPHERS = Object.freeze({ C: PlatformAes, TypeScript: Aes128 });

export default function () {
	for (const [name, Cipher] of Object.entries(CIPHERS) as any) {
		const cipher = new Cipher();
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
	for (const Cipher of Object.values(CIPHERS) as any) {
		const later: any[] = [], cells: any[] = [];
		let nowMs = 0, left = 1, on: any;
		const timers = { set(callback: any, ms: number) { if (ms < 60000) { later.push(callback); nowMs += ms; } return { close() {} }; } };
		const radio = {
			open(listener: any) { on = listener; },
			transmit(bytes: Uint8Array) { say("air " + toHex(bytes)); later.push(() => on.txDone(1000)); },
			receive(atMs: number) { later.push(() => on.rxTimeout(atMs + 50)); },
			sleep() {}, close() {},
		};
		const client = lorawan({ region: eu868, cipher: () => new Cipher(), radio: { kind: "deaf", lowestDbm: 2, highestDbm: 14, create: () => radio } as any }).create({
			clock: { nowMs: () => nowMs }, timers, entropy: { fill: (into: Uint8Array) => into.fill(7) }, nodeId: "n",
			setting: (name: string) => name === "devAddr" ? "2601abcd" : name.endsWith("SKey") ? "00112233445566778899aabbccddeeff" : undefined,
		} as any, { longestQuietMs: 0, wallMs: () => 0, resumed: false, log: { get: (id: number) => cells[id], put: (id: number, value: any) => { cells[id] = value; } } } as any);
		nowMs = 3600000;
		client.start({ wantsTime: false, fill(view: Uint8Array) { view.fill(5, 0, 11); return { length: left-- > 0 ? 11 : 0, upTo: 1 }; }, rewind() { left = 1; } }, 60000,
			{ delivered() {}, deferred() { say("deferred"); }, failed(code: string) { say("failed " + code); }, downlink() {}, wallTime() {}, idle() { say("idle"); } } as any);
		for (let next = later.shift(); next; next = later.shift()) next();
	}
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
		const source = folder();
		const modules: Record<string, unknown> = { "*": ["./main", "./say"] };
		const add = (path: string) => {
			modules[path] = join(PROJECT, path);
		};
		for (const name of ["bytes", "errors", "frozen", "ports", "crc"]) add(`modules/core/${name}`);
		for (const folder of ["net/lorawan", "modules/store"])
			for (const file of readdirSync(join(PROJECT, folder)))
				if (folder === "net/lorawan" || /^(counter|log|sectors|entry|old-cell|stored-value)\.ts$/.test(file))
					add(`${folder}/${file.slice(0, -3)}`);
		for (const path of ["modules/codec/varint", "modules/device/aes", "net/uplink", "net/radio/radio"]) add(path);
		const manifest = {
			include: ["$(MODDABLE)/examples/manifest_base.json", "$(MODULES)/crypt/digest/manifest.json"],
			typescript: {
				compiler: join(PROJECT, "node_modules/.bin/tsc"),
				tsconfig: {
					compilerOptions: {
						target: "ES2022",
						lib: ["ES2022"],
						useDefineForClassFields: false,
						verbatimModuleSyntax: true,
						isolatedModules: true,
						noCheck: true,
						noResolve: true,
					},
				},
			},
			modules,
			preload: ["main", ...Object.keys(modules).filter((name) => name !== "*")],
		};
		writeFileSync(join(source, "manifest.json"), JSON.stringify(manifest));
		writeFileSync(join(source, "main.ts"), MAIN);
		writeFileSync(join(source, "say.c"), SAY);
		const { log, library } = buildApp(join(source, "manifest.json"));
		assert.deepEqual(warnings(log), []);
		const { status, stdout, stderr } = spawnSync(buildLoader(), [library], { encoding: "utf8", timeout: 60_000 });
		assert.equal(status, 75, stderr + stdout);
		const lines = stdout.trim().split("\n");
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
		assert.equal(lines.filter((line) => line === "idle").length, 2, stdout);
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
