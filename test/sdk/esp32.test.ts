import * as assert from "../assert.js";
import { flashBytes, linkEsp32, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";

/** Plain ESP32 with and without named ports, and a RISC-V one. */
const TARGETS = ["esp32", "esp32/nodemcu", "esp32/esp32c3"];

describe("ESP32, as far as it goes without ESP-IDF", function () {
	this.timeout(600_000);
	before(function () {
		skipUnlessSdk(this, "linking the firmware's JavaScript for ESP32");
	});
	after(removeFolders);

	for (const target of TARGETS)
		it(`${target}: JavaScript of the weather node, links without a warning`, () => {
			const build = linkEsp32(target);
			assert.ok(/^# xsl/m.test(build.log), "the log does not show the linker");
			assert.deepEqual(warnings(build.log), []);
			const bytes = flashBytes(build);
			console.log(
				bytes === undefined
					? "      size not measured: gcc makes no 32-bit code here"
					: `      ${bytes} bytes of flash for bytecode, preloaded slots and keys, those of the SDK's modules included`,
			);
		});
});
