import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "../assert.js";
import { CHIPS, checkForChip, idfVersion, LACKING_IDF } from "./idf.js";
import { folder, PROJECT, removeFolders } from "./sdk.js";

const NATIVE = join(PROJECT, "modules/device/native");
const ESP32 = join(NATIVE, "esp32");
/** What is compiled for a chip: all but the desktop's, and TLS's engine, which is checked by building it. */
const SOURCES = readdirSync(NATIVE, { recursive: true, encoding: "utf8" })
	.filter((path) => path.endsWith(".c") && !/(^|\/)(desktop|face)\/|^tls\/[^/]*$/.test(path))
	.sort()
	.map((path) => join(NATIVE, path));

describe("ESP-IDF's headers", function () {
	this.timeout(120_000);
	before(function () {
		if (LACKING_IDF === undefined) return console.log(`    ESP-IDF ${idfVersion()}`);
		console.log(`    skipped: C for ESP32 against ESP-IDF's headers: ${LACKING_IDF}`);
		this.skip();
	});
	after(removeFolders);

	for (const path of SOURCES)
		for (const chip of Object.keys(CHIPS))
			it(`${path.slice(NATIVE.length + 1)}: for ${chip}, every name, type and argument is right`, () => {
				assert.equal(checkForChip(path, chip), "");
			});

	/** One word of our C changed to what compiles for nobody who has read the header. */
	const wrong: readonly (readonly [file: string, from: string, to: string])[] = [
		["board-esp32.c", "ESP_RST_BROWNOUT", "ESP_RST_BROWN_OUT"],
		["board-esp32.c", "esp_efuse_mac_get_default(mac)", "esp_efuse_mac_get_default(*mac)"],
		["board-esp32.c", "esp_fill_random(into, count)", "esp_fill_random(into)"],
	];
	for (const [file, from, to] of wrong)
		it(`a mistake: ${to} in the place of ${from}, is found`, () => {
			const source = readFileSync(join(ESP32, file), "utf8");
			assert.ok(source.includes(from), `${file} has no ${from}`);
			const path = join(folder(), file);
			writeFileSync(path, source.replaceAll('#include "../', `#include "${NATIVE}/`).replace(from, to));
			assert.ok(/error:/.test(checkForChip(path, "esp32c3")), "the compiler found nothing");
		});
});
