import { readFileSync } from "node:fs";
import { join } from "node:path";
import { boardOf } from "../../tools/device/boards.js";
import { prepare } from "../../tools/device/command.js";
import { partitionsFile } from "../../tools/device/partitions.js";
import { configure, flashBytes, type Link, projectOf } from "../../tools/device/sdk-link.js";
import { sizeLines } from "../../tools/device/sdk-size.js";
import * as assert from "../assert.js";
import { folder, linkEsp32, MODULES, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";

/** Each chip, and a plain ESP32 with named ports; the C3 and a Heltec V2 come by other tests. */
const BOARDS = ["nodemcu", "heltec_v3", "esp32c6", "esp32s3"];

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
	for (const [name, node] of [
		["heltec_v3", "nodes/field-lora.ts"],
		["heltec_v2", "test/fixtures/heltec-v2.ts"],
	] as const)
		it(`${name}: a LoRaWAN node over its radio, links without a warning`, async () => {
			await linksFor(name, node);
		});
	it("esp32, without named ports: the weather node, links without a warning", async () => {
		links("esp32", await prepare("nodes/weather.ts"));
	});
	for (const node of ["nodes/weather-senml.ts", "nodes/cold-chain.ts"])
		it(`esp32c3: ${node}, links without a warning`, async () => {
			await linksFor("esp32c3", node);
		});
	it("esp32/ethernet_kit: a node on Ethernet, links without a warning", async () => {
		await linksFor("esp32/ethernet_kit", "test/fixtures/ethernet.ts");
	});
	it("nodemcu: a node that a pin wakes, links without a warning", async () => {
		await linksFor("nodemcu", "nodes/door.ts");
	});
	it("esp32c3: the manifest of all modules one by one, links without a warning, and is larger", async () => {
		const modules = links("esp32/esp32c3", MODULES).bytes;
		const { bytes: bundle, link } = await linksFor("esp32c3", "nodes/weather.ts");
		if (modules !== undefined && bundle !== undefined) assert.ok(modules > bundle, `${modules} and ${bundle} bytes`);
		const lines = new Map(
			sizeLines(link, "esp32c3").map((line) => [line.slice(0, 48).trim(), Number(line.slice(48).replaceAll(",", ""))]),
		);
		const [main, all] = [lines.get("main")!, lines.get("all of it")!];
		assert.ok(main > all / 2 && main < all, `${main} of ${all} bytes of bytecode are ours`);
		if (bundle !== undefined) assert.ok(all < bundle && all > bundle / 4, `${all} of ${bundle} bytes are bytecode`);
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
