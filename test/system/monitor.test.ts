import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordKind } from "../../modules/core/record.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { Seeded } from "../../sim/seeded.js";
import { announcementOf, readState } from "../../tools/home-assistant.js";
import { Fleet, type FleetEvent, type FrameEvent } from "../../tools/monitor/fleet.js";
import { eventJson } from "../../tools/monitor/json.js";
import { eventLine, span } from "../../tools/monitor/lines.js";
import { Screen } from "../../tools/monitor/screen.js";
import { dueMs, table } from "../../tools/monitor/table.js";
import { loadNode } from "../../tools/node-file.js";
import * as assert from "../assert.js";
import { seedOf } from "../support/seed.js";
import { dormouse, type Run, run, WEATHER } from "../support/simulate.js";

const START = Date.parse("2026-03-01T00:00:00Z");
const TOPIC = "dormouse/163fe8fd5bf5/t";

describe("dormouse monitor: the fleet", function () {
	this.timeout(120_000);
	const SENML = join(PROJECT, "nodes/weather-senml.ts");
	let weather: Awaited<ReturnType<typeof loadNode>>;
	let senml: Awaited<ReturnType<typeof loadNode>>;
	let cold: Awaited<ReturnType<typeof loadNode>>;
	let day: Run;
	/** Of a node: payloads in order, each ten seconds after the other. */
	const fed = (fleet: Fleet, payloads: readonly Uint8Array[], topic = TOPIC): FleetEvent[] =>
		payloads.map((payload, n) => fleet.take(topic, payload, false, START + 10_000 * n)!);
	before(async () => {
		weather = await loadNode(WEATHER);
		senml = await loadNode(SENML);
		cold = await loadNode(join(PROJECT, "nodes/cold-chain.ts"));
		day = await run({ days: 1 });
		assert.ok(day.payloads.length >= 11);
	});

	it("a day of a node: each record is told once, with its numbers, and nothing is missing", () => {
		const fleet = new Fleet([cold, weather]);
		const events = fed(fleet, day.payloads) as FrameEvent[];
		assert.ok(events.every(({ type, node }) => type === "frame" && node.name === "weather"));
		assert.deepEqual(
			events.flatMap(({ records }) => records.map(({ number }) => number)),
			day.records.map(({ number }) => number),
		);
		const [member] = fleet.members;
		assert.deepEqual(
			[fleet.members.length, member!.missing, member!.again, member!.problems, member!.nodeId],
			[1, 0, 0, 0, "163fe8fd5bf5"],
		);
		assert.equal(member!.number, day.records.at(-1)!.number);
		assert.deepEqual(member!.values, day.records.filter(({ kind }) => kind === RecordKind.sample).at(-1)!.values);
	});
	it("frames that were lost or come twice or late: counted, and the late ones are missing no more", () => {
		const fleet = new Fleet([weather]);
		const [a, b, c, d, e] = day.payloads as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
		const events = fed(fleet, [a, d, d, b, e]) as FrameEvent[];
		const gap = events[1]!.missing;
		assert.ok(gap > 20, `${gap} missing`);
		assert.equal(events[2]!.again, events[1]!.records.length);
		assert.equal(events[2]!.records.length, 0);
		assert.equal(events[3]!.missing, -events[3]!.records.length);
		assert.equal(fleet.members[0]!.missing, gap - events[3]!.records.length);
		const late = fleet.take(TOPIC, c, false, START) as FrameEvent;
		assert.equal(late.missing, -late.records.length);
		assert.equal(fleet.members[0]!.missing, 0);
		assert.ok(eventLine(events[1]!).includes(`; ${gap} missing`), eventLine(events[1]!));
		assert.ok(eventLine(events[2]!).includes(`  none new  ${d.length} B; ${d.length ? events[2]!.again : 0} again`));
		assert.ok(eventLine(events[3]!).includes(" came late"));
	});
	it("the power was away: numbers that it passed over are no missing records", async () => {
		const { payloads, records } = await run({ days: 2, faults: ["power@20h..26h"], settings: {} });
		const fleet = new Fleet([weather]);
		const events = fed(fleet, payloads) as FrameEvent[];
		const skipped = events.reduce((sum, one) => sum + one.skipped, 0);
		assert.ok(skipped > 100, `${skipped} skipped`);
		assert.equal(fleet.members[0]!.missing, 0);
		assert.equal(records.at(-1)!.number - records.length, skipped);
		assert.ok(events.some((one) => eventLine(one).includes("skipped at a power loss; health ")));
	});
	it("several nodes and encodings: each topic is a node, SenML is told from frames", async () => {
		const pack = await run({
			days: 0.3,
			firmware: new NodeEngine("fresh").load(await bundleFirmware(SENML)),
		});
		const fleet = new Fleet([cold, weather, senml]);
		fed(fleet, day.payloads.slice(0, 2), "dormouse/b-2/t");
		fed(fleet, pack.payloads, "dormouse/a-1/t");
		assert.deepEqual(
			fleet.members.map(({ nodeId, node, problems }) => [nodeId, node?.name, problems]),
			[
				["a-1", "weather-senml", 0],
				["b-2", "weather", 0],
			],
		);
		assert.equal(fleet.members[0]!.number, pack.records.at(-1)!.number);
	});
	it("a schema that no declaration has: said in words, with what would be right", () => {
		const fleet = new Fleet([cold]);
		const event = fleet.take(TOPIC, day.payloads[0]!, false, START)!;
		assert.equal(
			eventLine(event),
			`2026-03-01 00:00:00  163fe8fd5bf5  not understood: unsupported: schema ${weather.frame.schema} is none of those ` +
				"given with --node: the declaration that the node was built from would be right",
		);
		assert.equal(fleet.members[0]!.problems, 1);
		assert.deepEqual(JSON.parse(eventJson(event)).type, "problem");
	});
	it("topics of a declaration's own are subscribed to; other topics are none of ours", () => {
		const own = { ...weather, uplink: { ...weather.uplink, topic: "site+1/node-{nodeId}/up" } };
		const fleet = new Fleet([own]);
		assert.deepEqual(fleet.filters, ["dormouse/+/state", "dormouse/+/t", "site+1/+/up"]);
		assert.equal(fleet.take("site+1/node-x7/up", day.payloads[0]!, false, START)?.nodeId, "x7");
		for (const topic of [
			"site+1/x7/up",
			"siteee1/node-x7/up",
			"dormouse/x7/cmd",
			"dormouse/X7/t",
			"dormouse/a\u001b[2J/t",
		])
			assert.equal(fleet.take(topic, day.payloads[0]!, false, START), undefined, topic);
		assert.equal(fleet.members.length, 1);
	});
	it("states: read by their tag, and kept ones are no sign of life", () => {
		const fleet = new Fleet([cold, weather]);
		const tag = (weather.schema + 1) & 0xffff;
		const state = Buffer.from(
			`5826${tag.toString(16).padStart(4, "0")}0000086980000000000027940000019c0000000f00000001000000020001117069a38180`,
			"hex",
		);
		const event = fleet.take("dormouse/n/state", state, true, START)!;
		assert.equal(
			eventLine(event),
			"2026-03-01 00:00:00  n  weather  kept state  21.53 °C  missing  1013.2 hPa  4.12 V  " +
				"15 waited, 1 missed, 2 dropped, 70000 exchanges failed; sent 2026-03-01 00:00:00",
		);
		assert.equal(fleet.members[0]!.seenMs, undefined);
		assert.deepEqual(JSON.parse(eventJson(event)), {
			type: "state",
			time: "2026-03-01T00:00:00.000Z",
			nodeId: "n",
			node: "weather",
			kept: true,
			values: { temperature: 21.53, humidity: null, pressure: 1013.2, battery: 4.12 },
			waiting: 15,
			missed: 1,
			dropped: 2,
			failed: 70_000,
			sent: "2026-03-01T00:00:00.000Z",
		});
		assert.equal(fleet.take("dormouse/n/state", new Uint8Array(0), false, START), undefined);
		assert.equal(fleet.take("dormouse/n/state", Uint8Array.of(0x42, 0, 0), false, START)?.type, "problem");
		assert.equal(readState(Uint8Array.of(0x42, 0, 0), [weather]), undefined);
	});
	const seed = seedOf(20_261_121);
	it(`hostile messages, seed ${seed}: each is understood or a problem in one printable line`, () => {
		const random = new Seeded(seed);
		const below = (limit: number) => random.u32() % limit;
		const fleet = new Fleet([cold, weather, senml]);
		let problems = 0;
		for (let n = 0; n < 3000; n++) {
			const of = below(3);
			const base = of === 0 ? new Uint8Array(below(60)) : day.payloads[below(day.payloads.length)]!.slice();
			if (of === 0) for (let at = 0; at < base.length; at++) base[at] = below(256);
			else for (let flips = 1 + below(4); flips > 0; flips--) base[below(base.length)]! ^= 1 << below(8);
			const event = fleet.take(below(2) ? TOPIC : "dormouse/x/state", base, below(2) === 0, START);
			if (!event) continue;
			if (event.type === "problem") problems++;
			assert.ok(!/\p{Cc}/u.test(eventLine(event)), eventLine(event));
			JSON.parse(eventJson(event));
		}
		table(fleet, START);
		assert.ok(problems > 1000, `${problems} problems`);
	});
	it("the table: due, now and overdue by the declared schedule", () => {
		const fleet = new Fleet([weather]);
		fleet.take(TOPIC, day.payloads[0]!, false, START);
		const due = dueMs(fleet.members[0]!)!;
		assert.equal(due - START, 7_200_000);
		const at = (ms: number) => table(fleet, START + ms)[1]!.replace(/ {2,}/g, "|");
		assert.equal(
			at(0),
			`163fe8fd5bf5|weather|0 s ago|in 2.0 h|-6.61 °C|84.7 %|999.7 hPa|4.12 V|${fleet.members[0]!.number}|0|0`,
		);
		assert.ok(at(7_200_000).includes("|2.0 h ago|in 0 s|"), at(7_200_000));
		assert.ok(at(7_500_000).includes("|now|"), at(7_500_000));
		assert.ok(at(7_581_000).includes("|overdue 6 min|"), at(7_581_000));
		assert.deepEqual([0, 119_999, 120_000, 7_199_999, 7_200_000, 172_799_000, 172_800_000].map(span), [
			"0 s",
			"119 s",
			"2 min",
			"119 min",
			"2.0 h",
			"47.9 h",
			"2 d",
		]);
	});
	it("a screen: drawn in its place, no wider and no higher than the terminal", () => {
		const fleet = new Fleet([weather]);
		for (let n = 0; n < 50; n++) fleet.take(`dormouse/n${n}/t`, day.payloads[0]!, false, START);
		let text = "";
		const screen = new Screen(fleet, { columns: 40, rows: 12, write: (more) => (text += more) });
		screen.draw(START);
		screen.connection(true, "localhost");
		screen.end();
		const drawings = text.split("\u001b[J").filter((one) => one);
		assert.equal(drawings.length, 3);
		for (const [n, drawing] of drawings.entries()) {
			const lines = drawing.split("\n").slice(0, -1);
			assert.ok(lines.length <= 11, `${lines.length} lines`);
			for (const line of lines) assert.ok(line.split("\u001b[K")[0]!.replace(/^.*\r/, "").length < 40, line);
			const up = /^.\[(\d+)A/.exec(drawing)?.[1];
			assert.equal(up, n === 0 ? undefined : String(drawings[n - 1]!.split("\n").length - 1));
		}
		assert.ok(text.includes("more"));
	});
	it("dormouse discovery: the topic and the JSON, as the firmware makes it", async () => {
		const { status, stdout, stderr } = await dormouse([
			"discovery",
			"--node",
			WEATHER,
			"--id",
			"n-1",
			"--prefix",
			"ha",
		]);
		assert.deepEqual([status, stderr], [0, ""]);
		const [topic, json] = stdout.split("\n");
		assert.equal(topic, "ha/device/n-1/config");
		assert.equal(JSON.parse(json!).stat_t, "dormouse/n-1/state");
		assert.equal(json, Buffer.from(announcementOf(weather, "n-1").payload).toString());
		const other = await dormouse(["discovery", "--node", WEATHER, "--id", "n-1"]);
		assert.ok(other.stderr.startsWith(`Note: ${WEATHER} does not declare homeAssistant()`), other.stderr);
	});
	it("monitor: one of several declarations has a mistake, its file is named", async () => {
		const folder = mkdtempSync(join(tmpdir(), "dormouse-monitor-"));
		const path = join(folder, "slip.ts");
		writeFileSync(
			path,
			`import { declareNode } from "${PROJECT}/modules/cycle/declaration.js";\nexport default declareNode({});`,
		);
		const { status, stderr } = await dormouse(["monitor", "--broker", "mqtt://x", "--node", WEATHER, "--node", path]);
		rmSync(folder, { recursive: true });
		assert.equal(status, 2);
		assert.ok(stderr.includes(`${path}: `) && stderr.split("\n").length === 2, stderr);
	});
	for (const [args, message] of [
		[["discovery", "--id", "x"], "--node is missing"],
		[["discovery", "--node", "nodes/weather.ts"], "--id is missing"],
		[["discovery", "--node", "nodes/weather.ts", "--id", "A"], "--id A: 1 … 23 of 0-9, a-z and - would be right"],
		[["discovery", "--node", "nodes/weather.ts", "--id", "a", "--prefix", "+"], "homeAssistant.prefix: + is wrong"],
		[["monitor"], "--broker is missing"],
		[["monitor", "--broker", "http://x"], 'broker: the scheme "http" is unknown'],
		[["monitor", "--broker", "mqtt://x", "--count", "0"], "--count 0: a whole number from 1"],
		[["monitor", "--broker", "mqtt://x", "--ca", "x.pem"], "mqtts:// would be right"],
		[["monitor", "--broker", "mqtts://x", "--ca", "/nowhere.pem"], "--ca /nowhere.pem: ENOENT"],
		[["monitor", "--broker", "mqtt://x", "--password-file", "/nowhere"], "--password-file /nowhere: ENOENT"],
		[["monitor", "--verbose"], "Unknown option '--verbose'"],
	] as const)
		it(`dormouse ${args.join(" ")}: refused in one line`, async () => {
			const { status, stdout, stderr } = await dormouse(args);
			assert.deepEqual([status, stdout], [2, ""]);
			assert.ok(stderr.includes(message) && stderr.split("\n").length === 2, stderr);
		});
});
