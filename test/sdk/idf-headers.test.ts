import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as assert from "../assert.js";
import { CHIPS, checkForChip, idfVersion, LACKING_IDF } from "./idf.js";
import { folder, PROJECT, removeFolders } from "./sdk.js";

const NATIVE = join(PROJECT, "modules/device/native");
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
	const wrong: readonly (readonly [file: string, chip: string, from: string, to: string])[] = [
		["esp32/board-esp32.c", "esp32c3", "ESP_RST_BROWNOUT", "ESP_RST_BROWN_OUT"],
		["esp32/board-esp32.c", "esp32c3", "esp_efuse_mac_get_default(mac)", "esp_efuse_mac_get_default(*mac)"],
		["esp32/board-esp32.c", "esp32c3", "esp_fill_random(into, count)", "esp_fill_random(into)"],
		["esp32/board-esp32.c", "esp32", ".callback = starve", ".callback = dm_progress"],
		["esp32/board-esp32.c", "esp32s3", "ESP_OTA_IMG_PENDING_VERIFY", "ESP_OTA_IMG_PENDING"],
		["pins/esp32/pins-esp32.c", "esp32", "ESP_EXT1_WAKEUP_ALL_LOW", "ESP_EXT1_WAKEUP_ANY_LOW"],
		["pins/esp32/pins-esp32.c", "esp32c3", "ESP_GPIO_WAKEUP_GPIO_LOW", "ESP_GPIO_WAKEUP_LOW"],
		["pins/esp32/pins-esp32.c", "esp32c6", "rtc_gpio_hold_dis(pin)", "rtc_gpio_hold_dis()"],
		["pins/esp32/touch-esp32.c", "esp32s3", ".active_thresh", ".abs_active_thresh"],
		["digital/esp32/edges-esp32.c", "esp32c3", "doSetOnReadable(", "doOnReadable("],
		["digital/esp32/rest-esp32.c", "esp32", "gpio_deep_sleep_hold_en()", "gpio_deep_sleep_hold_en(pin)"],
	];
	for (const [file, chip, from, to] of wrong)
		it(`a mistake in ${file} for ${chip}: ${to} in the place of ${from}, is found`, () => {
			const path = join(NATIVE, file);
			const source = readFileSync(path, "utf8");
			assert.ok(source.includes(from), `${file} has no ${from}`);
			const folders = { "../../": dirname(dirname(dirname(path))), "../": dirname(dirname(path)) };
			let text = source.replaceAll(from, to);
			for (const [up, absolute] of Object.entries(folders))
				text = text.replaceAll(`#include "${up}`, `#include "${absolute}/`);
			const copy = join(folder(), basename(file));
			writeFileSync(copy, text);
			assert.ok(/error:/.test(checkForChip(copy, chip, {}, dirname(path))), "the compiler found nothing");
		});
});
