import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "acorn";
import { DormouseError } from "../../../modules/core/errors.js";
import { BOARDS, lacking, platformOf, toolsFolder } from "../../../tools/device/boards.js";
import { bundleForDevice } from "../../../tools/device/bundle.js";
import { deviceManifest } from "../../../tools/device/manifest.js";
import * as assert from "../../assert.js";
import { dormouse } from "../../support/simulate.js";

describe("device builds", function () {
	this.timeout(60_000);
	let folder = "";
	before(() => {
		folder = mkdtempSync(join(tmpdir(), "dormouse-device-"));
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	it("bundle: of the weather node, only what the platform brings is imported, and nothing is left to freeze", async () => {
		const { code, imports } = await bundleForDevice("nodes/weather.ts");
		for (const name of ["device/native", "embedded:provider/builtin", "modules/core/native"])
			assert.ok(imports.includes(name), `${name} of ${imports.join()}`);
		assert.deepEqual(
			imports.filter((name) => name.startsWith(".") || name.startsWith("node:") || name === "dormouse/node"),
			[],
		);
		const { body } = parse(code, { ecmaVersion: 2022, sourceType: "module" });
		const variables = body.filter(({ type }) => type === "VariableDeclaration") as { kind: string }[];
		assert.ok(variables.length > 10);
		assert.ok(variables.every(({ kind }) => kind === "const"));
	});
	it("bundle: what the node does not use is not in it", async () => {
		const weather = await bundleForDevice("nodes/weather.ts");
		const chain = await bundleForDevice("nodes/cold-chain.ts");
		assert.ok(chain.code.length > weather.code.length + 5000, `${chain.code.length} and ${weather.code.length}`);
	});
	it("bundle: no such file, malformed TypeScript, a module that is not there: one line each", async () => {
		await refused(join(folder, "none.ts"), "declaration");
		const file = join(folder, "broken.ts");
		for (const text of ["export default {", 'import "./nothing.js";\nexport default 1;']) {
			writeFileSync(file, text);
			await refused(file, "malformed");
		}
	});
	async function refused(file: string, code: string) {
		const error = await bundleForDevice(file).catch((reason: unknown) => reason);
		assert.ok(error instanceof DormouseError && error.code === code, String(error));
		assert.ok(!(error as Error).message.includes("\n"), "one line");
	}
	it("manifest: names the bundle and the platform's side alone, all paths absolute", () => {
		const manifest = JSON.parse(deviceManifest("/there/firmware", ["device/native", "embedded:io/i2c"]));
		assert.equal(manifest.modules.main, "/there/firmware");
		assert.deepEqual(
			manifest.preload,
			Object.keys(manifest.modules).filter((name) => name !== "*" && name !== "~"),
		);
		assert.deepEqual(
			Object.keys(manifest.modules).filter((name) => /^(modules|net|sensors)\//.test(name)),
			["modules/core/native"], // C in the place of TypeScript
		);
		assert.ok(!/"\.\.?\//.test(JSON.stringify(manifest)), "no path hangs on where the manifest is");
	});
	it("manifest: Ethernet, the SDK's on ESP32 and the desktop's own elsewhere", () => {
		const { include, platforms } = JSON.parse(deviceManifest("/x/firmware", ["embedded:network/interface/ethernet"]));
		const sdk = "$(MODDABLE)/modules/io/ethernet/manifest.json";
		assert.ok(platforms.esp32.include.includes(sdk));
		assert.ok(![include].flat().includes(sdk), "which stops other platforms' builds");
	});
	it("manifest: a platform module that nothing brings, is refused by name", () => {
		assert.throws(() => deviceManifest("/there/firmware", ["device/nothing"]), { code: "declaration" });
	});

	it("boards: each has a platform; targets of the SDK are taken as they are; others are not", () => {
		for (const name of Object.keys(BOARDS)) assert.equal(platformOf(name), BOARDS[name]);
		assert.equal(platformOf("esp32/m5stick_c"), "esp32/m5stick_c");
		for (const name of ["", "esp32", "esp32/", "esp32/../x", "toString", "lin; rm"])
			assert.equal(platformOf(name), undefined);
	});
	it("boards: an empty machine, each thing that is missing is named with what brings it", () => {
		assert.deepEqual(
			lacking("esp32/esp32c3", false, {}).map((line) => line.split(":")[0]),
			["the Moddable SDK", "ESP-IDF v6.0"],
		);
		assert.deepEqual(
			lacking("lin", false, {}).map((line) => line.split(":")[0]),
			["the Moddable SDK"],
		);
		assert.deepEqual(
			lacking("lin", false, { MODDABLE: folder }).map((line) => line.split(":")[0]),
			["the Moddable SDK's tools"],
		);
	});
	it("boards: a machine that has all, lacks nothing", () => {
		const tools = toolsFolder(folder);
		mkdirSync(tools, { recursive: true });
		writeFileSync(join(tools, process.platform === "win32" ? "mcconfig.exe" : "mcconfig"), "");
		mkdirSync(join(folder, "tools"), { recursive: true });
		writeFileSync(join(folder, "tools/idf.py"), "");
		const env = { MODDABLE: folder, IDF_PATH: folder, UPLOAD_PORT: "/dev/ttyUSB7" };
		assert.deepEqual(lacking("esp32/esp32c3", true, env), []);
	});

	for (const [args, message] of [
		[[], "--board is missing"],
		[["--board", "nothing"], "--board nothing"],
		[["--board", "desktop", "--set", "broker"], "--set: NAME=VALUE"],
		[["--board", "desktop", "--node", "no.ts"], "--node no.ts: no such file"],
		[["--board", "desktop", "--nonsense"], "--nonsense"],
	] as readonly (readonly [string[], string])[])
		it(`dormouse flash ${args.join(" ")}: one line, exit status 2`, async () => {
			const { status, stderr } = await dormouse(["flash", ...args]);
			assert.equal(status, 2);
			assert.ok(stderr.includes(message) && stderr.trim().split("\n").length === 1, stderr);
		});
	it("dormouse flash --prepare-only: writes bundle and manifest without an SDK, and says where", async () => {
		const { status, stdout } = await dormouse(["flash", "--board", "esp32c3", "--prepare-only"]);
		assert.equal(status, 0);
		assert.ok(/build\/device\/weather\/manifest\.json\n$/.test(stdout), stdout);
	});
	it("dormouse flash: a password in a setting that is refused, is not repeated", async () => {
		const { status, stderr } = await dormouse(["flash", "--board", "desktop", "--set", "pass word=secret"]);
		assert.equal(status, 2);
		assert.ok(!stderr.includes("secret"), stderr);
	});
});
