import { prepare } from "../../tools/device/command.js";
import * as assert from "../assert.js";
import { flashBytes, linkEsp32, MODULES, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";

/** Plain ESP32 with and without named ports, and a RISC-V one. */
const TARGETS = ["esp32", "esp32/nodemcu", "esp32/esp32c3"];

describe("ESP32, as far as it goes without ESP-IDF", function () {
	this.timeout(600_000);
	before(function () {
		skipUnlessSdk(this, "linking the firmware's JavaScript for ESP32");
	});
	after(removeFolders);

	for (const target of TARGETS)
		it(`${target}: JavaScript of the weather node, links without a warning`, async () => {
			links(target, await prepare("nodes/weather.ts"));
		});
	for (const node of ["nodes/weather-senml.ts", "nodes/cold-chain.ts"])
		it(`esp32/esp32c3: ${node}, links without a warning`, async () => {
			links("esp32/esp32c3", await prepare(node));
		});
	it("esp32/ethernet_kit: a node on Ethernet, links without a warning", async () => {
		links("esp32/ethernet_kit", await prepare("test/fixtures/ethernet.ts"));
	});
	it("esp32/esp32c3: the manifest of all modules one by one, links without a warning, and is larger", async () => {
		const modules = links("esp32/esp32c3", MODULES);
		const bundle = links("esp32/esp32c3", await prepare("nodes/weather.ts"));
		if (modules !== undefined && bundle !== undefined) assert.ok(modules > bundle, `${modules} and ${bundle} bytes`);
	});

	function links(target: string, manifest: string): number | undefined {
		const build = linkEsp32(target, manifest);
		assert.ok(/^# xsl/m.test(build.log), "the log does not show the linker");
		assert.deepEqual(warnings(build.log), []);
		const bytes = flashBytes(build);
		console.log(
			bytes === undefined
				? "      size not measured: gcc makes no 32-bit code here"
				: `      ${bytes} bytes of flash for bytecode, preloaded slots and keys, those of the SDK's modules included`,
		);
		return bytes;
	}
});
