import { spawnSync } from "node:child_process";
import {
	closeSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DormouseError } from "../../../modules/core/errors.js";
import { Seeded } from "../../../sim/seeded.js";
import { parsePartitions, partitionsFor } from "../../../tools/device/partitions.js";
import { NAMESPACE, provision } from "../../../tools/provision/command.js";
import { nvsImage, xtsKeyOf } from "../../../tools/provision/nvs-image.js";
import { checkSetting, SETTING_NAMES } from "../../../tools/provision/settings.js";
import * as assert from "../../assert.js";
import { seedOf } from "../../support/seed.js";
import { dormouse } from "../../support/simulate.js";

const KEY = "000102030405060708090a0b0c0d0e0f";
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** The command in this process. */
async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
	let stdout = "";
	try {
		const status = await provision(args, env, (text) => (stdout += text));
		return { status, stdout, stderr: "" };
	} catch (error) {
		assert.ok(error instanceof DormouseError, String(error));
		return { status: 2, stdout, stderr: error.message };
	}
}

describe("provisioning", function () {
	this.timeout(60_000);
	let folder = "";
	before(() => {
		folder = mkdtempSync(join(tmpdir(), "dormouse-provision-test-"));
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	for (const [name, right, wrong] of [
		["broker", "broker.local", "mqtt://broker.local"],
		["port", "8883", "65536"],
		["ssid", "Höhle", "s".repeat(33)],
		["passphrase", "correct horse", "short"],
		["passphrase", "0f".repeat(32), "0g".repeat(32)],
		["ca", PEM, "MIIB"],
		["key", "-----BEGIN EC PRIVATE KEY-----\n", PEM],
		["evidenceKey", `${KEY}${KEY}`, "00".repeat(32)],
		["appKey", KEY, `${KEY}0`],
		["devEui", "70b3d57ed0000001", KEY],
		["devAddr", "26011f22", "0x26011f22"],
		["notBefore", "1790000000", "-1"],
	] as const)
		it(`setting ${name}: ${right.slice(0, 16).trim()} is right, ${wrong.slice(0, 16).trim()} is refused and not repeated`, async () => {
			checkSetting(name, right);
			const message = refusal(name, wrong);
			assert.ok(message.includes(name) && !message.includes(wrong), message);
		});
	it("setting: an unknown name is refused, with its spelling where only the case is wrong", async () => {
		assert.ok(refusal("appkey", KEY).includes("no setting appkey; appKey would be right"));
		const message = refusal("pasphrase", "secret");
		for (const name of SETTING_NAMES) assert.ok(message.includes(name), name);
		for (const name of ["toString", "__proto__"]) assert.ok(refusal(name, "x").includes("no setting"));
	});
	it("setting: names fit in NVS, and all that firmware asks for is among them", async () => {
		assert.ok(SETTING_NAMES.every((name) => name.length <= 15));
		const { stdout } = spawnSync(
			"grep",
			["-rhoE", String.raw`\bsetting\("\w+"|\bbytes\("\w+"`, "modules", "net", "sensors"],
			{
				encoding: "utf8",
			},
		);
		const asked = [...stdout.matchAll(/"(\w+)"/g)].map(([, name]) => name!);
		assert.ok(asked.length >= 12, `${asked}`);
		for (const name of asked) assert.ok(SETTING_NAMES.includes(name), name);
	});
	function refusal(name: string, value: string): string {
		try {
			checkSetting(name, value);
		} catch (error) {
			return (error as Error).message;
		}
		return assert.fail(`${name} was taken`);
	}

	it("dormouse provision --out: an image that none but its owner reads, and the command that writes it", async () => {
		const out = join(folder, "image.bin");
		writeFileSync(out, "old", { mode: 0o644 });
		const file = join(folder, "passphrase");
		writeFileSync(file, "correct horse\n");
		const { status, stdout, stderr } = await run(["--set", "ssid=home", "--set", `passphrase=@${file}`, "--out", out]);
		assert.deepEqual([status, stderr], [0, ""]);
		assert.equal(stdout, `esptool.py write_flash 0x10000 ${out}\n`);
		assert.equal(statSync(out).mode & 0o777, 0o600);
		const settings = new Map([["ssid", "home"] as const, ["passphrase", "correct horse"] as const]);
		assert.deepEqual(new Uint8Array(readFileSync(out)), nvsImage(0x6000, NAMESPACE, settings));
	});
	it("dormouse provision --encrypt: by the eFuse's key alone, or with the keys' partition beside", async () => {
		const [out, key] = [join(folder, "encrypted.bin"), join(folder, "key.bin")];
		const settings = new Map([["appKey", KEY]]);
		const bytes = Uint8Array.from({ length: 64 }, (_, n) => n);
		writeFileSync(key, bytes.subarray(0, 32));
		const derived = await run(["--set", `appKey=${KEY}`, "--encrypt", key, "--out", out]);
		assert.equal(derived.stdout, `esptool.py write_flash 0x10000 ${out}\n`);
		const image = nvsImage(0x6000, NAMESPACE, settings, xtsKeyOf(bytes.subarray(0, 32)));
		assert.deepEqual(new Uint8Array(readFileSync(out)), image);
		writeFileSync(key, bytes);
		const beside = await run(["--set", `appKey=${KEY}`, "--encrypt", key, "--out", out]);
		assert.equal(beside.stdout, `esptool.py write_flash 0x10000 ${out} 0xf000 ${out}.keys\n`);
		assert.deepEqual(new Uint8Array(readFileSync(out)), nvsImage(0x6000, NAMESPACE, settings, bytes));
		const again = await run(["--set", `appKey=${KEY}`, "--encrypt", `${out}.keys`, "--out", out]);
		assert.equal(again.status, 0, again.stderr);
	});
	it("dormouse provision: a NUL, text that is no UTF-8, no file's name: refused, and not repeated", async () => {
		const file = join(folder, "odd");
		for (const [bytes, text] of [
			[Buffer.from("correct\0horse"), "--set password: text without a NUL would be right"],
			[Buffer.from("corr\xe9ct horse", "latin1"), `--set password: ${file} is no UTF-8 text`],
		] as const) {
			writeFileSync(file, bytes);
			for (const way of [["--desktop"], []]) {
				const { status, stderr } = await run(["--set", `password=@${file}`, "--out", join(folder, "never"), ...way]);
				assert.deepEqual([status, stderr], [2, text]);
			}
		}
		assert.equal((await run(["--set", "password=@", "--out", join(folder, "never")])).status, 2);
		assert.throws(() => statSync(join(folder, "never")), { message: "ENOENT" });
	});
	it("dormouse provision --out: a file that others have open never holds a secret, and stays where it cannot be replaced", async () => {
		const out = join(folder, "it's old.bin");
		writeFileSync(out, "old", { mode: 0o644 });
		const opened = openSync(out, "r");
		const { stdout } = await run(["--set", "password=correct horse", "--out", out]);
		assert.equal(readFileSync(opened, "latin1"), "old");
		closeSync(opened);
		assert.ok(readFileSync(out, "latin1").includes("correct horse"));
		assert.equal(stdout, `esptool.py write_flash 0x10000 '${out.replace("'", "'\\''")}'\n`);
		const link = join(folder, "link");
		symlinkSync(out, link);
		assert.equal((await run(["--set", "password=battery staple", "--out", link])).status, 0);
		assert.ok(!readFileSync(out, "latin1").includes("staple"), "a link is replaced, not what it leads to");
		const lost = join(folder, "a folder");
		mkdirSync(lost);
		assert.equal((await run(["--set", "password=correct horse", "--out", lost])).status, 2);
		assert.deepEqual(
			readdirSync(folder).filter((name) => name.endsWith(".part")),
			[],
		);
	});
	for (const [args, message] of [
		[["--out", "x"], "--set is missing"],
		[["--set", "ssid=home"], "--port PORT or --out FILE is missing"],
		[["--set", "ssid=home", "--set", "ssid=away", "--out", "x"], "given twice"],
		[["--set", "appKey=c0ffee", "--out", "x"], "--set appKey: 32 hexadecimal digits would be right"],
		[["--set", "ssid=home", "--encrypt", "package.json", "--out", "x"], "--encrypt package.json: 32 or 64"],
		[["--set", "ssid=home", "--desktop"], "--desktop: --out FILE alone"],
		[["--set", "ssid=home", "--out", "/no/such/folder/x"], "--out: ENOENT"],
		[["--nonsense"], "--nonsense"],
	] as readonly (readonly [string[], string])[])
		it(`dormouse provision ${args.join(" ")}: one line, exit status 2`, async () => {
			const { status, stderr } = await run([...args]);
			assert.equal(status, 2);
			assert.ok(stderr.includes(message) && stderr.trim().split("\n").length === 1, stderr);
			assert.ok(!stderr.includes("c0ffee"));
		});
	it("dormouse provision --port: runs the esptool that is there, and says what brings one where there is none", async () => {
		const tools = join(folder, "bin");
		mkdirSync(tools);
		const env = { PATH: tools };
		const none = await run(["--set", "ssid=home", "--port", "/dev/none"], env);
		assert.equal(none.status, 2);
		assert.ok(none.stderr.includes("esptool is not installed"), none.stderr);
		const said = join(folder, "said");
		writeFileSync(
			join(tools, "esptool"),
			`#!/bin/sh
echo "$@" > ${said}
exit 7
`,
			{ mode: 0o755 },
		);
		const { status } = await run(["--set", "ssid=home", "--port", "/dev/none"], env);
		assert.equal(status, 7, "esptool's own status");
		const [, file] = /^--port \/dev\/none write_flash 0x10000 (\S+)\n$/.exec(readFileSync(said, "utf8")) ?? [];
		assert.ok(file, "what was run");
		assert.throws(() => statSync(file), { message: "ENOENT" });
	});

	it("desktop: the firmware's C reads back what the tool writes, and is not misled by what it does not know", async function () {
		const reader = join(folder, "reader");
		const made = compile(reader, READER, "modules/device/native/desktop/settings-desktop.c");
		if (made === undefined) {
			console.log("      skipped: there is no C compiler here");
			this.skip();
		}
		assert.equal(made, "");
		const state = join(folder, "settings");
		const odd = String.raw`a\nb=\\`;
		const pem = join(folder, "ca.pem");
		writeFileSync(pem, PEM);
		const { status } = await run(["--desktop", "--out", state, "--set", `password=${odd}`, "--set", `ca=@${pem}`]);
		assert.equal(status, 0);
		const read = (name: string, size = 4000) =>
			spawnSync(reader, [name, `${size}`], { encoding: "utf8", env: { DORMOUSE_STATE: folder } }).stdout;
		assert.equal(read("password"), `${odd.length} ${odd.length} ${odd}`);
		assert.equal(read("ca"), `${PEM.trim().length} ${PEM.trim().length} ${PEM.trim()}`);
		assert.equal(read("password", odd.length + 1), `${odd.length} ${odd.length} ${odd}`);
		assert.equal(read("password", odd.length), `${odd.length} -1 ${odd.slice(0, -1)}`);
		for (const name of ["pass", "passwords", "", "ssid"]) assert.equal(read(name), "-1 -1 ");
		writeFileSync(state, Buffer.from([0, 255, 10, 61, 10, 115, 61])); // garbage, then "s=" at the file's end
		assert.equal(read("ssid"), "-1 -1 ");
		assert.equal(read("s"), "0 0 ");
		rmSync(state);
		assert.equal(read("s"), "-1 -1 ");
	});
	it("firmware: its C takes for text what is UTF-8 without NUL, and nothing else", function () {
		const checker = join(folder, "checker");
		const made = compile(
			checker,
			`#include "text.h"
#include <stdio.h>
int main(void)
{
	uint8_t bytes[256];
	for (int count = getchar(); count != EOF; count = getchar())
		putchar(fread(bytes, 1, (size_t)count, stdin) == (size_t)count && dm_is_text(bytes, (uint32_t)count) ? '1' : '0');
	return 0;
}
`,
		);
		if (made === undefined) {
			console.log("      skipped: there is no C compiler here");
			this.skip();
		}
		assert.equal(made, "");
		const seed = seedOf(1);
		const random = new Seeded(seed);
		// Bytes where UTF-8's rules change, in all orders.
		const edges = [
			0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
			0xff,
		];
		const cases = [[], ...edges.map((edge) => [edge])].map((bytes) => Uint8Array.from(bytes));
		for (let n = 0; n < 20_000; n++)
			cases.push(Uint8Array.from({ length: random.between(2, 5) }, () => edges[random.between(0, edges.length - 1)]!));
		const input = Buffer.concat(cases.map((bytes) => Buffer.from([bytes.length, ...bytes])));
		const { stdout } = spawnSync(checker, { input, encoding: "latin1" });
		assert.equal(stdout.length, cases.length);
		const decoder = new TextDecoder("utf-8", { fatal: true });
		let texts = 0;
		for (const [n, bytes] of cases.entries()) {
			let right = !bytes.includes(0);
			try {
				decoder.decode(bytes);
			} catch {
				right = false;
			}
			texts += +right;
			assert.equal(stdout[n] === "1", right, `seed ${seed}: ${[...bytes].map((byte) => byte.toString(16)).join(" ")}`);
		}
		assert.ok(texts > 100, `${texts} of ${cases.length} were text`);
	});
	it("dormouse provision: is a command, and explains itself", async () => {
		const { status, stdout } = await dormouse(["provision", "--help"]);
		assert.equal(status, 0);
		for (const name of SETTING_NAMES) assert.ok(stdout.includes(name), name);
	});
});

/** A program that prints what the desktop's `dm_setting` says. */
const READER = `#include "board.h"
#include "board-desktop.h"
#include <stdio.h>
#include <stdlib.h>
const char *dm_state_path(const char *name)
{
	static char path[1000];
	snprintf(path, sizeof(path), "%s/%s", getenv("DORMOUSE_STATE"), name);
	return path;
}
int main(int count, char **words)
{
	char text[4000];
	(void)count;
	int asked = dm_setting(words[1], NULL, 0), got = dm_setting(words[1], text, (unsigned)atoi(words[2]));
	printf("%d %d %s", asked, got, text);
	return 0;
}
`;

/** Makes a program of C beside the firmware's. @returns what the compiler said; undefined without one */
function compile(path: string, source: string, ...more: string[]): string | undefined {
	writeFileSync(`${path}.c`, source);
	const flags = ["-Wall", "-Wextra", "-Werror", "-Imodules/device/native", "-Imodules/device/native/desktop"];
	const { status, stderr, error } = spawnSync("cc", [...flags, `${path}.c`, ...more, "-o", path], { encoding: "utf8" });
	return error ? undefined : status === 0 ? "" : stderr;
}

describe("partition tables", () => {
	for (const [flash, bytes] of [
		["4MB", 0x40_0000],
		["8MB", 0x80_0000],
	] as const)
		it(`${flash}: in order, within the flash, aligned; what each needs is there, where NVS and a bootloader want it`, async () => {
			const table = partitionsFor(flash);
			let end = 0x9000; // behind the bootloader and the table itself at 0x8000
			for (const { name, type, offset, size } of table) {
				assert.ok(offset >= end, `${name} begins at ${offset}, what is before it ends at ${end}`);
				assert.equal(offset % (type === "app" ? 0x10000 : 0x1000), 0, name);
				assert.equal(size % 0x1000, 0, name);
				end = offset + size;
			}
			assert.ok(end <= bytes, `ends at ${end}`);
			const of = (name: string) => table.find((each) => each.name === name) ?? assert.fail(name);
			assert.equal(of("ota_0").size, of("ota_1").size);
			assert.equal(of("otadata").size, 0x2000);
			assert.deepEqual(of("nvs_keys").flags, ["encrypted"]);
			assert.ok(of("nvs").size >= 0x3000);
			assert.deepEqual([of("settings").offset, of("settings").size, of("settings").flags], [0x10000, 0x6000, []]);
			assert.deepEqual([of("store").subtype, of("store").flags], ["0x40", []]); // never encrypted by hardware
			assert.equal(of("xs").type, "0x40");
		});
	it("a line that is no partition: refused with its number", async () => {
		for (const line of ["nvs, data, nvs, 0x9000", "nvs, data, nvs, , 24K", ","])
			assert.throws(() => parsePartitions(`# one\n${line}\n`), { code: "malformed", message: "line 2" });
	});
});
