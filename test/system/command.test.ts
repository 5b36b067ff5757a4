import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import * as assert from "../assert.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { type CommandResult, dormouse } from "../support/simulate.js";

const simulate = (...args: string[]) => dormouse(["simulate", ...args]);

describe("dormouse simulate", function () {
	this.timeout(120_000);
	const folder = mkdtempSync(join(tmpdir(), "dormouse-command-"));
	after(() => rmSync(folder, { recursive: true }));
	function file(name: string, text: string): string {
		const path = join(folder, name);
		writeFileSync(path, text);
		return path;
	}

	it("no options: three days, a line a wake, and a summary", async () => {
		const { status, stdout, stderr } = await simulate();
		assert.equal(status, 0);
		assert.equal(stderr, "");
		const wakes = stdout.split("\n").filter((line) => /^2026-03-0\d \d\d:\d\d:\d\d {2}(power|timer)/.test(line));
		assert.equal(wakes.length, 3 * 144);
		assert.ok(stdout.includes("samples    432 taken"));
		assert.ok(stdout.includes("0 lost, 0 came twice, 0 readings differ from the world"));
		assert.ok(!stdout.includes("\u001b"), "plain output where it is no terminal");
	});
	it("--help: tells every option", async () => {
		const { status, stdout } = await simulate("--help");
		assert.equal(status, 0);
		for (const option of [
			"node",
			"days",
			"replay",
			"broker",
			"engine",
			"ram",
			"seed",
			"speed",
			"fault",
			"battery",
			"show",
			"json",
		])
			assert.ok(stdout.includes(`--${option}`), option);
	});
	it("energy: kinds of wakes, charge and a battery's life; on Node without JavaScript's time, on XS with it", async function () {
		const of = async (...args: string[]) => {
			const { stdout, stderr } = await simulate("--days", "0.5", "--json", ...args);
			if (stderr.includes("compiler")) this.skip();
			return JSON.parse(stdout.trim().split("\n").at(-1)!).energy;
		};
		const node = await of("--engine", "node", "--battery", "1000mAh");
		assert.deepEqual([node.hasScript, node.batteryMilliampereHours], [false, 1000]);
		assert.deepEqual([node.quiet.wakes, node.published.wakes, node.failed.wakes], [66, 6, 0]);
		assert.ok(node.published.chargeMc > 20 * node.quiet.chargeMc);
		assert.near(node.sleepMc, (43_200 - 66 * 0.042 - 6 * 0.7) * 0.005, 0.05);
		assert.near(node.batteryYears, (1000 * 3.6) / node.coulombsADay / 365.25, 0.1);
		const xs = await of("--engine", "xs");
		assert.ok(xs.hasScript && xs.quiet.scriptMs > 5 && xs.quiet.chargeMc > node.quiet.chargeMc);
		const { stdout } = await simulate("--days", "0.5", "--engine", "node", "--show", "none", "--fault", "ap@3h..9h");
		for (const text of ["that only samples: 4", "with a publish: ", "that fails to: ", " C a day", "2,600 mAh last"])
			assert.ok(stdout.includes(text), text);
	});
	it("a wrong passphrase: each try is told as refused, and the passphrase nowhere", async () => {
		const { stdout, stderr } = await simulate(
			"--days",
			"0.2",
			"--engine",
			"node",
			"--set",
			"passphrase=hush-hush-hush",
		);
		assert.ok(stdout.includes("not delivered: refused"));
		assert.ok(!`${stdout}${stderr}`.includes("hush-hush"));
	});
	it("--json: an object a line, the summary last", async () => {
		const { stdout } = await simulate("--days", "0.5", "--json");
		const objects = stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
		assert.equal(objects[0].type, "begin");
		assert.equal(objects.filter(({ type }) => type === "wake").length, 72);
		const summary = objects.at(-1);
		assert.equal(summary.type, "summary");
		assert.equal(summary.samples, 72);
		assert.equal(summary.lost, 0);
	});
	it("--replay: a recording of one's own in other units", async () => {
		const rows = ["time,temperature_f,humidity_percent,pressure_inhg"];
		for (let hour = 0; hour <= 24; hour++)
			rows.push(`${new Date(Date.UTC(2020, 0, 1, hour)).toISOString()},50,${hour === 12 ? "" : 40},30`);
		const { status, stdout } = await simulate("--replay", file("own.csv", rows.join("\r\n")), "--json");
		assert.equal(status, 0);
		const samples = stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line))
			.filter(({ kind }) => kind === "sample");
		assert.ok(samples.length >= 132);
		assert.equal(samples[0].values.temperature, 10);
		assert.near(samples[0].values.pressure, 1015.9, 0.11);
		assert.equal(samples.filter(({ values }) => values.humidity === null).length, 12);
	});
	it("--speed: simulated time does not run ahead of real time by more", async () => {
		const begin = performance.now();
		await simulate("--days", "0.02", "--speed", "1728");
		assert.ok(performance.now() - begin >= 950, "0.02 days at 1,728 times are a second");
	});
	it("the other recordings: replayed, with what the node cannot measure told before", async () => {
		for (const [name, note] of [
			["machine-temperature-2014", "12 rows left out"],
			["room-air-2015", "no sensor of this node measures light_lux, co2_ppm"],
		] as const) {
			const path = join(import.meta.dirname, `../../../shared/data/${name}.csv`);
			if (!existsSync(path)) continue;
			const { stdout, status } = await simulate("--replay", path, "--days", "2", "--engine", "node");
			assert.equal(status, 0);
			assert.ok(stdout.includes(note), stdout.slice(0, 600));
		}
	});
	it("a node that writes to module scope: told on XS, at the start and in the wake", async function () {
		const text = node(`bme280({ port: "I2C.default" })`).replace(
			"export default declareNode({ name",
			"const log: number[] = [];\nexport default declareNode({ name",
		);
		const path = file(
			"mutable.ts",
			text.replace(
				"uplink: mqtt({})",
				"uplink: { ...mqtt({}), create: (ports, node) => { log.push(1); return mqtt({}).create(ports, node); } }",
			),
		);
		const { stdout } = await simulate("--node", path, "--days", "0.01", "--ram", "200000");
		if (stdout.includes("Node engine runs instead")) this.skip();
		assert.ok(/Note: module scope: .*log/.test(stdout), stdout.slice(0, 800));
		assert.ok(/wrote to module scope, which sleep forgets: .*log/.test(stdout), stdout.slice(0, 1500));
	});
	it("Ctrl-C: ends cleanly with the summary so far", async () => {
		const { status, stdout, stderr } = await dormouse(
			["simulate", "--days", "300", "--speed", "20000", "--show", "all"],
			"00:30:00",
		);
		assert.equal(status, 130);
		assert.ok(stdout.includes("Interrupted after"));
		assert.ok(/samples {4}\d+ taken/.test(stdout));
		assert.equal(stderr, "");
	});

	const csv = "time,temperature_c\n2020-01-01T00:00:00Z,1\n";
	for (const [what, args, message] of [
		["unknown option", ["--dayz", "3"], "Unknown option '--dayz'"],
		["stray argument", ["weather"], "Unexpected argument 'weather'"],
		["value missing", ["--days"], "--days: its value is missing"],
		["days not a number", ["--days", "many"], "--days many: a number above 0"],
		["days zero", ["--days", "0"], "--days 0: a number above 0"],
		["seed fraction", ["--seed", "1.5"], "--seed 1.5: a whole number"],
		["engine of no kind", ["--engine", "v9"], "--engine v9: xs or node would be right"],
		["RAM on Node", ["--engine", "node", "--ram", "esp32"], "--ram: only the engine xs"],
		["recording of one row", ["--replay", () => file("one.csv", csv)], "one row is no span"],
		[
			"recording with a unit from a prototype",
			["--replay", () => file("proto.csv", "time,temperature_constructor\n")],
			"the unit is not known",
		],
		[
			"recording with an infinite number",
			["--replay", () => file("inf.csv", `${csv}2020-01-01T01:00:00Z,1e400\n`)],
			"is not a number",
		],
		[
			"recording with semicolons",
			["--replay", () => file("semi.csv", "time;temperature_c\n")],
			"divided by semicolons",
		],
		["modules that loop", ["--node", () => file("loop.ts", "for (;;); export default 1;")], "loop for ever"],
		[
			"an object that is no declaration",
			["--node", () => file("thing.ts", "export default { everySeconds: 60 };")],
			"export default declareNode",
		],
		["show what", ["--show", "some"], "--show some: all, problems, none, messages would be right"],
		["fault of no kind", ["--fault", "gremlin@1h"], "--fault gremlin@1h: one of sensor, nonsense"],
		["fault without times", ["--fault", "broker@soon"], "--fault broker@soon: two times such as"],
		["node not there", ["--node", "nodes/none.ts"], "--node nodes/none.ts: no such file"],
		["recording not there", ["--replay", "none.csv"], "none.csv: cannot be read: there is no such file"],
		[
			"recording of another unit",
			["--replay", () => file("unit.csv", "time,temperature_x\n")],
			"unit.csv:1: temperature_x: the unit is not known; temperature_c or temperature_f or temperature_k",
		],
		[
			"recording with text",
			["--replay", () => file("text.csv", `${csv}2020-01-01T01:00:00Z,warm\n`)],
			'text.csv:3: temperature_c: "warm" is not a number',
		],
		[
			"recording out of order",
			["--replay", () => file("order.csv", `${csv}2019-01-01T01:00:00Z,2\n`)],
			"order.csv:3: time:",
		],
		["broker of another scheme", ["--broker", "http://localhost"], 'the scheme "http" is unknown'],
		["broker over TLS", ["--broker", "mqtts://localhost"], "TLS"],
		["broker not there", ["--broker", "mqtt://127.0.0.1:1"], "127.0.0.1:1 can't be reached"],
		[
			"port that the board has not",
			["--node", () => file("port.ts", node(`bme280({ port: "I2C.defalt" })`))],
			'the simulated board has no "I2C.defalt" for bme280; "I2C.default" would be right',
		],
		["no declaration", ["--node", () => file("empty.ts", "export default {};")], "export default declareNode"],
	] as const)
		it(`${what}: one clear line, exit status 2`, async () => {
			const { status, stdout, stderr } = await simulate(...args.map((arg) => (typeof arg === "string" ? arg : arg())));
			assert.equal(status, 2);
			assert.equal(stdout, "");
			assert.ok(stderr.includes(message), stderr);
			assert.equal(stderr.trim().split("\n").length, 1);
		});
});

function node(sensor: string): string {
	const root = JSON.stringify(join(import.meta.dirname, "../..")).slice(1, -1);
	return `import { minutes } from "${root}/modules/core/time.js";
import { declareNode } from "${root}/modules/cycle/declaration.js";
import { mqtt } from "${root}/net/mqtt/mqtt.js";
import { bme280 } from "${root}/sensors/bme280.js";
export default declareNode({ name: "own", every: minutes(10), sensors: [${sensor}], uplink: mqtt({}) });`;
}

describe("dormouse simulate over a real broker", function () {
	this.timeout(120_000);
	function proven({ status, stdout, stderr }: CommandResult) {
		assert.equal(stderr, "");
		assert.equal(status, 0);
		const summary = JSON.parse(stdout.trim().split("\n").at(-1)!);
		assert.equal(summary.samples, 432);
		assert.ok(summary.decoded >= 420, `${summary.decoded} decoded`);
		assert.equal(summary.lost, 0);
		assert.equal(summary.duplicates, 0);
		assert.equal(summary.wrong, 0);
		assert.equal(summary.leaks, 0);
	}

	it("mosquitto, MQTT 5.0: three days arrive once each", async function () {
		const binary = findMosquitto();
		if (binary === undefined) {
			console.log("      skipped: mosquitto is not installed (apt-get install mosquitto)");
			this.skip();
		}
		const broker = await Mosquitto.start(binary);
		try {
			proven(await simulate("--days", "3", "--json", "--broker", `mqtt://127.0.0.1:${broker.port}`));
		} finally {
			await broker.stop();
		}
	});
	it("aedes, MQTT 3.1.1: three days arrive once each", async () => {
		const folder = mkdtempSync(join(tmpdir(), "dormouse-aedes-"));
		const path = join(folder, "node.ts");
		writeFileSync(path, node(`bme280({ port: "I2C.default" })`).replace("mqtt({})", "mqtt({ version: 4 })"));
		const aedes = await Aedes.createBroker();
		const server: Server = createServer(aedes.handle);
		const port = await freePort();
		await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
		try {
			proven(await simulate("--node", path, "--days", "3", "--json", "--broker", `mqtt://127.0.0.1:${port}`));
		} finally {
			await new Promise<void>((resolve) => aedes.close(() => resolve()));
			await new Promise((resolve) => server.close(resolve));
			rmSync(folder, { recursive: true });
		}
	});
});
