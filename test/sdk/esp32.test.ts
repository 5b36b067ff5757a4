import { readFileSync } from "node:fs";
import { join } from "node:path";
import { boardOf } from "../../tools/device/boards.js";
import { prepare } from "../../tools/device/command.js";
import { partitionsFile } from "../../tools/device/partitions.js";
import { configure, flashBytes, type Link, moduleCode, projectOf } from "../../tools/device/sdk-link.js";
import { sdkSize } from "../../tools/device/sdk-size.js";
import * as assert from "../assert.js";
import { folder, linkEsp32, MODULES, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";

/** Each chip, each with LoRa, and a plain ESP32 with named ports; the C3 comes by other tests. */
const BOARDS = ["nodemcu", "heltec_v2", "heltec_v3", "esp32c6", "esp32s3"];
const LORA = "test/fixtures/lora-board.ts";

describe("ESP32, as far as it goes without ESP-IDF", function () {
	this.timeout(600_000);
	before(function () {
		skipUnlessSdk(this, "linking the firmware's JavaScript for ESP32");
	});
	after(removeFolders);

	for (const name of BOARDS)
		it(`${name}: JavaScript of the weather node, links without a warning`, async () => {
			await linksFor(name, "nodes/weather.ts");
		});
	it("heltec_v3: a LoRaWAN node over its SX1262, links without a warning", async () => {
		await linksFor("heltec_v3", LORA);
	});
	it("esp32/ethernet_kit: a node on Ethernet, links without a warning", async () => {
		links("esp32/ethernet_kit", await prepare("test/fixtures/ethernet.ts"));
	});
	it("esp32, without named ports: the weather node, links without a warning", async () => {
		links("esp32", await prepare("nodes/weather.ts"));
	});
	for (const node of ["nodes/weather-senml.ts", "nodes/cold-chain.ts"])
		it(`esp32c3: ${node}, links without a warning`, async () => {
			await linksFor("esp32c3", node);
		});
	it("nodemcu: a node that a pin wakes, links without a warning", async () => {
		await linksFor("nodemcu", "nodes/door.ts");
	});
	it("esp32c3: the manifest of all modules one by one, links without a warning, and is larger", async () => {
		const modules = links("esp32/esp32c3", MODULES).bytes;
		const { bytes: bundle, link } = await linksFor("esp32c3", "nodes/weather.ts");
		if (modules !== undefined && bundle !== undefined) assert.ok(modules > bundle, `${modules} and ${bundle} bytes`);
		const codes = moduleCode(link);
		const sum = codes.reduce((total, { bytes }) => total + bytes, 0);
		assert.equal(codes[0]!.module, "main", "the firmware is the largest module");
		if (bundle !== undefined) assert.ok(sum > bundle / 4 && sum < bundle, `${sum} of ${bundle} bytes are bytecode`);
	});
	it("npm run size -- --sdk: bytecode by module, and flash in all", async () => {
		const lines: string[] = [];
		assert.equal(await sdkSize("nodes/weather.ts", "heltec_v3", (line) => lines.push(line)), 0);
		const bytes = new Map(
			lines.map((line) => [line.slice(0, 40).trim(), Number(line.slice(40).replaceAll(/\D/g, ""))]),
		);
		assert.ok(bytes.get("main")! > bytes.get("device/native")!, lines.join("\n"));
		assert.ok(bytes.get("all of it")! > bytes.get("main")!, lines.join("\n"));
	});
	for (const [name, profile, expected] of [
		["esp32c3", "development", { BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP: "y", ESPTOOLPY_FLASHSIZE_4MB: "y" }],
		["nodemcu", "development", { BOOTLOADER_SKIP_VALIDATE_ALWAYS: "", ESP_COREDUMP_ENABLE_TO_NONE: "y" }],
		[
			"heltec_v3",
			"development",
			{ ESPTOOLPY_FLASHSIZE_4MB: "", ESPTOOLPY_FLASHSIZE_8MB: "y", ESP_TASK_WDT_PANIC: "y" },
		],
		["heltec_v3", "production", { SECURE_BOOT_V2_ENABLED: "y", NVS_SEC_HMAC_EFUSE_KEY_ID: "4" }],
		["nodemcu", "production", { SECURE_FLASH_ENC_ENABLED: "y", NVS_SEC_KEY_PROTECT_USING_FLASH_ENC: "y" }],
	] as const)
		it(`${name}, ${profile}: mcconfig merges our options into the SDK's, and takes our partitions`, async () => {
			const board = boardOf(name)!;
			const { files } = configure(board.platform, await prepare("nodes/weather.ts", { board, profile }), folder());
			const read = (file: string) => readFileSync(join(files, projectOf(files), file), "utf8");
			const values = new Map<string, string>();
			for (const [, option, value] of read("sdkconfig.mc").matchAll(/^CONFIG_(\w+)=(.*)$/gm))
				values.set(option!, value!);
			for (const [option, value] of Object.entries(expected)) assert.equal(values.get(option), value, option);
			assert.equal(values.get("BOOTLOADER_APP_ROLLBACK_ENABLE"), "y");
			assert.equal(values.has("SECURE_BOOT"), profile === "production");
			assert.equal(read("partitions.csv"), readFileSync(partitionsFile(board.flash), "utf8"));
		});

	async function linksFor(name: string, node: string) {
		const board = boardOf(name)!;
		return links(board.platform, await prepare(node, { board }));
	}
	function links(platform: string, manifest: string): { link: Link; bytes: number | undefined } {
		const link = linkEsp32(platform, manifest);
		assert.ok(/^# xsl/m.test(link.log), "the log does not show the linker");
		assert.deepEqual(warnings(link.log), []);
		const bytes = flashBytes(link);
		console.log(
			bytes === undefined
				? "      size not measured: gcc makes no 32-bit code here"
				: `      ${bytes} bytes of flash for bytecode, preloaded slots and keys, those of the SDK's modules included`,
		);
		return { link, bytes };
	}
});
