import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Firmware } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { MODEL_CA } from "../../sim/net/tls-model.js";
import * as assert from "../assert.js";
import { FIELD, runLora } from "../support/lora-node.js";
import { run } from "../support/simulate.js";
import { needsXs } from "../xs/support.js";

const KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/** Half a day of a node whose flash is full early, so that thinning, spilling and dropping have their turn. */
async function day(firmware: Firmware) {
	const { payloads, wakes, summary } = await run({
		firmware,
		days: 0.5,
		sectors: 8,
		faults: ["broker@2h..7h", "power@8h..8.5h", "rtc@9h"],
		settings: { evidenceKey: KEY, ca: MODEL_CA },
	});
	return { payloads, reports: wakes.map(({ report }) => report), faults: summary.faults };
}

describe("a bundle as a device gets it", function () {
	this.timeout(60_000);
	for (const file of ["weather", "home", "cold-chain"])
		it(`${file}: half a day with faults, payloads and reports are those of readable names`, async () => {
			const path = join(PROJECT, "nodes", `${file}.ts`);
			const readable = await day(new NodeEngine("kept").load(await bundleFirmware(path)));
			const short = await day(new NodeEngine("kept").load(await bundleFirmware(path, undefined, "short")));
			assert.ok(readable.payloads.length > 1, `${readable.payloads.length} payloads`);
			assert.equal(short.faults, 0);
			assert.deepEqual(short, readable);
		});

	it("field-lora: a day with faults, payloads and frames on air are those of readable names", async () => {
		const lived = async (names: "readable" | "short") => {
			const firmware = new NodeEngine("kept").load(await bundleFirmware(FIELD, undefined, names));
			const faults = ["gateway@4h..6h", "rtc@8h", "forget@12h"];
			const { uplinks, frames, summary } = await runLora({ firmware, days: 1, seed: 7, faults });
			return { uplinks, frames, summary };
		};
		const readable = await lived("readable");
		assert.ok(readable.uplinks.length > 5, `${readable.uplinks.length} uplinks`);
		assert.deepEqual(await lived("short"), readable);
	});

	describe("on XS", () => {
		const host = needsXs();
		it("weather: half a day with faults, payloads and reports are those of readable names on Node", async () => {
			const path = join(PROJECT, "nodes/weather.ts");
			const readable = await day(new NodeEngine("kept").load(await bundleFirmware(path)));
			const firmware = new XsEngine(host()).load(await bundleFirmware(path, undefined, "short"));
			assert.deepEqual(firmware.warnings, []);
			const short = await day(firmware);
			firmware.close();
			assert.deepEqual(short, readable);
		});
	});
});
