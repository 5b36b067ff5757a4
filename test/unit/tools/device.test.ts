import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "acorn";
import { DormouseError } from "../../../modules/core/errors.js";
import { HELTEC_V3 } from "../../../net/radio/boards.js";
import { BOARDS, boardOf, lacking, toolsFolder } from "../../../tools/device/boards.js";
import { bundleForDevice } from "../../../tools/device/bundle.js";
import { buildName } from "../../../tools/device/command.js";
import { creationFor } from "../../../tools/device/creation.js";
import { deviceManifest } from "../../../tools/device/manifest.js";
import { sdkconfigFor } from "../../../tools/device/sdkconfig.js";
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
	it("build: a node's file with a space or more in its name gets a folder that make can read", () => {
		assert.equal(buildName("/home/a b/my garden's node.ts"), "my-garden-s-node");
		assert.equal(buildName("nodes/field-lora.ts"), "field-lora");
	});
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
		for (const name of Object.keys(BOARDS)) assert.equal(boardOf(name), BOARDS[name]);
		assert.equal(boardOf("esp32/m5stick_c", {})?.platform, "esp32/m5stick_c");
		for (const name of ["", "esp32", "esp32/", "esp32/../x", "toString", "lin; rm"])
			assert.equal(boardOf(name), undefined);
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
		const env = { MODDABLE: folder, IDF_PATH: folder, UPLOAD_PORT: folder };
		assert.deepEqual(lacking("esp32/esp32c3", true, env), []);
	});

	it("boards: an SDK, an ESP-IDF or a port that is another one, is named with what it is", () => {
		const [sdk, idf] = [join(folder, "old-sdk"), join(folder, "old-idf")];
		const tools = toolsFolder(sdk);
		for (const path of [tools, join(sdk, "tools"), join(idf, "tools/cmake")]) mkdirSync(path, { recursive: true });
		writeFileSync(join(tools, process.platform === "win32" ? "mcconfig.exe" : "mcconfig"), "");
		writeFileSync(join(idf, "tools/idf.py"), "");
		const cmake = join(idf, "tools/cmake/version.cmake");
		const said = (version: string, port = folder) => {
			writeFileSync(join(sdk, "tools/VERSION"), `${version}\n`);
			return lacking("esp32/nodemcu", true, { MODDABLE: sdk, IDF_PATH: idf, UPLOAD_PORT: port }).map(
				(line) => line.split(".")[0],
			);
		};
		const set = (major: number, minor: number) =>
			`set(IDF_VERSION_MAJOR ${major})\nset(IDF_VERSION_MINOR ${minor})\nset(IDF_VERSION_PATCH 2)\n`;
		writeFileSync(cmake, set(6, 0));
		assert.deepEqual(said("8.2.3"), []);
		assert.equal(said("7.1.0").join(), "Moddable SDK 8");
		assert.equal(said("8.2.3", join(folder, "no-port")).join().split(":")[0], "a serial port");
		for (const [major, minor] of [
			[5, 5],
			[6, 1],
		] as const) {
			writeFileSync(cmake, set(major, minor));
			assert.equal(said("8.2.3").join(), "ESP-IDF v6", `${major}.${minor}`);
		}
		writeFileSync(join(idf, "version.txt"), "v6.0.1\n"); // a release says it there
		assert.deepEqual(said("8.2.3"), []);
	});
	it("boards: a target of the SDK's, its chip as the SDK tells it", () => {
		for (const [target, text] of [
			["own_c6", '{"build":{"ESP32_SUBCLASS": "esp32c6"}}'],
			["own_plain", "{}"],
		] as const) {
			const path = join(folder, "build/devices/esp32/targets", target);
			mkdirSync(path, { recursive: true });
			writeFileSync(join(path, "manifest.json"), text);
		}
		const chip = (target: string) => boardOf(`esp32/${target}`, { MODDABLE: folder })?.chip;
		assert.deepEqual([chip("own_c6"), chip("own_plain"), chip("other")], ["esp32c6", "esp32", undefined]);
	});
	it("sdkconfig: options of board and profile, each once; a production build for a chip that is not known is refused", () => {
		for (const [name, profile, has, hasNot] of [
			["esp32c3", "development", [], ["SECURE_BOOT", "ESPTOOLPY_FLASHSIZE_8MB", "NVS_ENCRYPTION"]],
			["heltec_v3", "development", ["ESPTOOLPY_FLASHSIZE_8MB"], ["SECURE_BOOT"]],
			["heltec_v3", "production", ["SECURE_BOOT", "NVS_SEC_HMAC_EFUSE_KEY_ID"], ["ESP32_REV_MIN_3"]],
			["nodemcu", "production", ["SECURE_BOOT", "ESP32_REV_MIN_3"], ["NVS_SEC_HMAC_EFUSE_KEY_ID"]],
		] as const) {
			const lines = sdkconfigFor(boardOf(name)!, profile)
				.split("\n")
				.filter((line) => line && !line.startsWith("#"));
			const options = new Map(lines.map((line) => /^CONFIG_(\w+)=(\w+)$/.exec(line)!.slice(1) as [string, string]));
			for (const option of has) assert.ok(options.has(option), `${name}: ${option} is missing`);
			for (const option of hasNot) assert.ok(!options.has(option), `${name}: ${option}`);
			const skips = profile === "development" ? "y" : "n"; // secure boot checks at each wake
			assert.equal(options.get("BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP"), skips);
		}
		assert.throws(() => sdkconfigFor(boardOf("esp32/none", {})!, "production"), { code: "declaration" });
	});
	it("creation: margins over what survives, in the steps that a heap grows by", () => {
		assert.deepEqual(creationFor({ chunks: 6592, slots: 683, stack: 304 }), {
			static: 0,
			chunk: { initial: 10_240, incremental: 1024 },
			heap: { initial: 1088, incremental: 64 },
			stack: 608,
		});
		assert.deepEqual(creationFor({ chunks: 2048, slots: 128, stack: 16 }).chunk.initial, 3072);
		const creation = creationFor({ chunks: 1, slots: 1, stack: 1 });
		const manifest = JSON.parse(
			deviceManifest("/there/firmware", [], { creation, sdkconfig: "/s", partitions: "/p.csv" }),
		);
		assert.deepEqual(manifest.creation, creation);
		assert.deepEqual(manifest.platforms.esp32.build, { PARTITIONS_FILE: "/p.csv", SDKCONFIGPATH: "/s" });
		const own = JSON.parse(deviceManifest("/there/firmware", []));
		assert.equal(own.creation.stack, 512);
		assert.ok(own.platforms.esp32.build.SDKCONFIGPATH.endsWith("esp32/sdkconfig"));
	});
	it("heltec_v3: an ESP32-S3 outside the SDK, with what a radio and sensors need", () => {
		const [, folder] = /^esp32:(.*)$/.exec(boardOf("heltec_v3")!.platform)!;
		assert.equal(JSON.parse(readFileSync(join(folder!, "manifest.json"), "utf8")).build.ESP32_SUBCLASS, "esp32s3");
		const provider = readFileSync(join(folder!, "host/provider.js"), "utf8");
		const { clock, in: input, out } = HELTEC_V3.spi;
		assert.ok(provider.includes(`{ io: SPI, clock: ${clock}, in: ${input}, out: ${out}, port: 1 }`), "the radio's SPI");
		for (const name of ["I2C", "Analog", "SPI", "Digital"])
			assert.ok(provider.includes(`import ${name} from "embedded:io/${name.toLowerCase()}"`), name);
	});

	for (const [args, message] of [
		[[], "--board is missing"],
		[["--board", "nothing"], "--board nothing"],
		[["--board", "desktop", "--set", "broker"], "--set: NAME=VALUE"],
		[["--board", "desktop", "--set", "brokr=x"], "there is no setting brokr"],
		[["--board", "desktop", "--profile", "field"], "--profile field: development or production"],
		[["--board", "nodemcu", "--profile", "production"], "--profile production: --build-only would be right"],
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
