import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RecordKind } from "../../modules/core/record.js";
import { homeAssistant } from "../../net/mqtt/home-assistant.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { announcementOf, readState } from "../../tools/home-assistant.js";
import { loadNode } from "../../tools/node-file.js";
import * as assert from "../assert.js";
import { type RunOptions, run, WEATHER } from "../support/simulate.js";
import { type Rendered, render } from "../support/templates.js";

const HOME = join(PROJECT, "nodes/home.ts");
const CONFIG = /^homeassistant\/device\/[0-9a-f]{12}\/config$/;

/** A run of the node that Home Assistant finds, with what the broker got for it, in order. */
async function homeRun(options: RunOptions) {
	const told: { readonly topic: string; readonly payload: Uint8Array; readonly atMs: number }[] = [];
	const bundle = await bundleFirmware(HOME);
	const all = await run({
		...options,
		firmware: new NodeEngine("fresh").load(bundle),
		prepare(simulation, broker, scheduler) {
			for (const filter of ["homeassistant/#", "dormouse/+/state"])
				broker.subscribe(filter, (topic, payload, atMs) => told.push({ topic, payload: payload.slice(), atMs }));
			options.prepare?.(simulation, broker, scheduler);
		},
	});
	const configs = told.filter(({ topic }) => CONFIG.test(topic));
	const states = told.filter(({ topic }) => topic.endsWith("/state"));
	assert.equal(configs.length + states.length, told.length);
	return { ...all, configs, states };
}

/** What Home Assistant shows: state by name of the sensor. */
function shown(config: Uint8Array, state: Uint8Array): Record<string, Rendered> {
	const { cmps } = JSON.parse(Buffer.from(config).toString());
	return Object.fromEntries(
		Object.values(cmps as Record<string, { name: string; val_tpl: string }>).map(({ name, val_tpl }) => [
			name,
			render(val_tpl, state),
		]),
	);
}

describe("the node that Home Assistant finds", function () {
	this.timeout(120_000);

	it("three days: announced once, a state behind each exchange, and its readings are the newest sample's", async () => {
		const { configs, states, summary, records, wakes } = await homeRun({ days: 3 });
		assert.deepEqual(
			[summary.lost, summary.wrong, summary.undecodable, summary.faults, summary.leaks],
			[0, 0, 0, 0, 0],
		);
		assert.equal(configs.length, 1);
		const exchanges = wakes.filter(({ report }) => report && report.frames > 0).length;
		assert.ok(exchanges >= 143, `${exchanges} exchanges`);
		// The first exchange is with a server that is not known yet.
		assert.ok(states.length >= exchanges - 1, `${states.length} states`);
		const { dev } = JSON.parse(Buffer.from(configs[0]!.payload).toString());
		assert.ok(configs[0]!.topic.includes(dev.sn));
		const last = records.filter(({ kind }) => kind === RecordKind.sample).at(-1)!.values as number[];
		const { "Last seen": seen, ...readings } = shown(configs[0]!.payload, states.at(-1)!.payload);
		const sent = wakes.filter(({ report }) => report && report.frames > 0).at(-1)!;
		assert.near(Date.parse(seen as string), Date.UTC(2026, 2, 1) + sent.at, 5000);
		assert.deepEqual(readings, {
			Temperature: last[0]! / 10,
			Humidity: last[1]! / 2,
			Pressure: last[2]! / 10,
			Battery: last[3]! / 100,
			"Records waiting": 6,
			"Missed samples": 0,
			"Dropped records": 0,
			"Failed exchanges": 0,
		});
	});
	it("orderly sleep: between two states there is never as long as expire_after", async () => {
		const { configs, states } = await homeRun({ days: 2 });
		const { cmps } = JSON.parse(Buffer.from(configs[0]!.payload).toString());
		const [{ exp_aft: seconds }] = Object.values(cmps) as [{ exp_aft: number }];
		let longest = 0;
		states.forEach(({ atMs }, n) => {
			if (n > 0) longest = Math.max(longest, atMs - states[n - 1]!.atMs);
		});
		assert.ok(longest > 0 && 3 * longest <= 1000 * seconds, `${longest} ms, ${seconds} s`);
	});
	it("RTC memory corrupted, the power away: not announced again; the broker away: what waited and failed is told", async () => {
		const faults = ["rtc@6h", "power@12h..13h", "broker@20h..26h"];
		const { configs, states, summary } = await homeRun({ days: 2, faults });
		assert.deepEqual([summary.wrong, summary.undecodable, summary.faults], [0, 0, 0]);
		assert.equal(configs.length, 1);
		const waited = states.map(({ payload }) => shown(configs[0]!.payload, payload)["Records waiting"] as number);
		assert.ok(Math.max(...waited) >= 72, `${Math.max(...waited)} waited`);
		assert.ok((shown(configs[0]!.payload, states.at(-1)!.payload)["Failed exchanges"] as number) >= 2);
	});
	it("a sensor that is gone: its readings are unknown, and come back", async () => {
		const { configs, states } = await homeRun({ days: 1, faults: ["sensor@6h..12h"] });
		const temperatures = states.map(({ payload }) => shown(configs[0]!.payload, payload).Temperature);
		assert.ok(temperatures.includes(undefined));
		assert.equal(typeof temperatures.at(-1), "number");
		assert.ok(!temperatures.includes("ignored"));
	});
	it("what it publishes is what dormouse discovery prints", async () => {
		const { configs, states } = await homeRun({ days: 0.5 });
		const { topic, payload } = configs[0]!;
		const printed = announcementOf(await loadNode(HOME), /device\/(.*)\/config/.exec(topic)![1]!);
		assert.ok(printed.isDeclared);
		assert.equal(Buffer.from(payload).toString(), Buffer.from(printed.payload).toString());
		assert.equal(states.at(-1)!.payload.length, 40);
	});
});

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
