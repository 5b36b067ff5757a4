import { readFileSync } from "node:fs";
import { join } from "node:path";
import { homeAssistant } from "../../net/mqtt/home-assistant.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { announcementOf, readState } from "../../tools/home-assistant.js";
import { loadNode } from "../../tools/node-file.js";
import * as assert from "../assert.js";
import { WEATHER } from "../support/simulate.js";

const document = readFileSync(join(PROJECT, "docs/home-assistant.md"), "utf8");

describe("docs/home-assistant.md: what it says is what the code does", () => {
	let weather: Awaited<ReturnType<typeof loadNode>>;
	before(async () => {
		weather = await loadNode(WEATHER);
	});

	it("the discovery message: its beginning and its length", () => {
		const { payload } = announcementOf(weather, "163fe8fd5bf5");
		const message = JSON.parse(Buffer.from(payload).toString());
		const shown = JSON.parse(/```json\n([\s\S]*?)\n```/.exec(document)![1]!);
		const [first] = Object.keys(message.cmps);
		assert.deepEqual(shown, { ...message, cmps: { [first!]: message.cmps[first!], "…": "…" } });
		assert.ok(document.includes(`takes ${payload.length.toLocaleString("en")} bytes`), `${payload.length} bytes`);
		assert.ok(document.includes(`"${Object.keys(message.cmps)[1]}":{"p":"sensor"}`));
	});
	it("the state: its bytes say what is written above them", () => {
		const [, hex] = /```\n(58 26 [0-9a-f ]*)\n```/.exec(document)!;
		const found = readState(Buffer.from(hex!.replaceAll(" ", ""), "hex"), [weather]);
		assert.deepEqual(found?.state, {
			values: [2153, undefined, 10_132, 412],
			waiting: 15,
			missed: 1,
			dropped: 2,
			failed: 70_000,
			sentMs: Date.parse("2026-03-01T00:00:00Z"),
		});
	});
	it("the times after which readings expire", () => {
		let rows = 0;
		for (const [, every, batch, missed, seconds] of document.matchAll(
			/\| (\d+) min *\| (\d+) *\| (\d+) *\| ([\d,]+) s \(/g,
		)) {
			const { discovery } = homeAssistant({ missed: Number(missed) }).plan(
				{ ...weather, everySeconds: 60 * Number(every) },
				{ batch: Number(batch), deadlineMs: weather.uplink.deadlineMs, hasTime: false },
			);
			assert.equal(discovery!.expireSeconds.toLocaleString("en"), seconds!);
			rows++;
		}
		assert.equal(rows, 3);
	});
});
