import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DormouseError } from "../../../modules/core/errors.js";
import { bundleFirmware, PROJECT } from "../../../sim/engine/bundle.js";
import type { FirmwareBundle } from "../../../sim/engine/engine.js";
import { NodeEngine } from "../../../sim/engine/node.js";
import { Op, Status } from "../../../sim/host/table.js";
import * as assert from "../../assert.js";

const NO_MAP = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });

/** A bundle of firmware that is only this. */
function script(wake: string, scope = ""): FirmwareBundle {
	return {
		code: `((dormouseEngine) => { ${scope}; return { node: {}, wake() { ${wake} } }; })`,
		map: NO_MAP,
		name: "test",
	};
}
/** A board that answers all calls with ok, and `deepSleep` with ended; it remembers the operations. */
function board() {
	const calls: number[] = [];
	return {
		calls,
		call(request: Uint8Array) {
			calls.push(request[0]!);
			return Uint8Array.of(request[0] === Op.deepSleep ? Status.ended : Status.ok);
		},
	};
}
const CALL = (op: number) => `dormouseEngine.call(Uint8Array.of(${op}, 0, 0), 3);`;

describe("node engine", () => {
	it("a module variable: gone at the next wake when modules are fresh, kept when they are kept", () => {
		for (const [modules, sent] of [
			["fresh", [1, 1]],
			["kept", [1, 2]],
		] as const) {
			const firmware = new NodeEngine(modules).load(
				script("dormouseEngine.call(Uint8Array.of(++count), 1);", "let count = 0"),
			);
			const host = board();
			firmware.boot(host).drop();
			firmware.boot(host).drop();
			assert.deepEqual(host.calls, [...sent]);
		}
	});
	it("deep sleep: nothing runs after it, not even what catches and goes on", () => {
		const host = board();
		const wake = new NodeEngine()
			.load(script(`try { ${CALL(Op.deepSleep)} } catch {} finally { ${CALL(Op.report)} } ${CALL(Op.report)}`))
			.boot(host);
		assert.equal(wake.state, "ended");
		assert.deepEqual(host.calls, [Op.deepSleep]);
	});
	it("an exception: a fault that names it; events afterwards are ignored", () => {
		const wake = new NodeEngine().load(script("dormouseEngine.event = () => undefined.nothing; null.x")).boot(board());
		assert.equal(wake.state, "fault");
		assert.equal(wake.fault!.reason, "exception");
		assert.ok(wake.fault!.message.startsWith("TypeError"));
		wake.event(1, 1, new Uint8Array(0));
		assert.equal(wake.state, "fault");
	});
	it("endless recursion: a stack fault", () => {
		const wake = new NodeEngine().load(script("(function f() { f(); })()")).boot(board());
		assert.equal(wake.fault!.reason, "stack");
	});
	it("an endless loop: ends after some seconds where modules are fresh", function () {
		this.timeout(20_000);
		const wake = new NodeEngine("fresh").load(script("for (;;);")).boot(board());
		assert.equal(wake.state, "fault");
		assert.equal(wake.fault!.reason, "endless");
	});
	it("events: reach the wake that they belong to, though modules are shared", () => {
		const firmware = new NodeEngine("kept").load(
			script(
				"const id = dormouseEngine.call(Uint8Array.of(1), 1)[1]; dormouseEngine.event = (h) => dormouseEngine.call(Uint8Array.of(100 + id + h), 1);",
			),
		);
		const seen: string[] = [];
		const host = (id: number) => ({
			call(request: Uint8Array) {
				if (request[0]! >= 100) seen.push(`${id}: ${request[0]}`);
				return Uint8Array.of(Status.ok, id);
			},
		});
		const one = firmware.boot(host(1));
		const two = firmware.boot(host(2));
		one.event(10, 0, new Uint8Array(0));
		two.event(20, 0, new Uint8Array(0));
		one.event(30, 0, new Uint8Array(0));
		assert.deepEqual(seen, ["1: 111", "2: 122", "1: 131"]);
	});
	for (const name of ["Buffer", "process", "console", "setTimeout", "require", "fetch", "TextEncoder", "WebAssembly"])
		it(`${name}: not there, as on a board`, () => {
			const wake = new NodeEngine()
				.load(script(`if (typeof ${name} !== "undefined") throw new Error("there")`))
				.boot(board());
			assert.equal(wake.state, "idle");
		});
	it("a bundle that does not parse: malformed, in one line", () => {
		assert.throws(() => new NodeEngine().load(script("this is no JavaScript")), { code: "malformed" });
	});
});

describe("firmware bundle", () => {
	const folder = mkdtempSync(join(tmpdir(), "dormouse-nodes-"));
	after(() => rmSync(folder, { recursive: true }));
	const root = JSON.stringify(PROJECT).slice(1, -1);
	const declare = (options: string) => `
import { declareNode } from "${root}/modules/cycle/declaration.js";
import { seconds, minutes } from "${root}/modules/core/time.js";
import { mqtt } from "${root}/net/mqtt/mqtt.js";
import { bme280 } from "${root}/sensors/bme280.js";
import { battery } from "${root}/sensors/battery.js";
export default declareNode(${options});`;
	async function load(text: string): Promise<DormouseError | undefined> {
		const file = join(folder, "node.ts");
		writeFileSync(file, text);
		try {
			new NodeEngine().load(await bundleFirmware(file));
			return undefined;
		} catch (error) {
			return error as DormouseError;
		}
	}
	const good = {
		every: "minutes(5)",
		sensors: `[bme280({ port: "I2C.default" })]`,
		uplink: "mqtt({})",
		name: `"test"`,
	};
	const text = (change: Partial<typeof good> & Record<string, string>) =>
		declare(
			`{ ${Object.entries({ ...good, ...change })
				.map(([key, value]) => `${key}: ${value}`)
				.join(", ")} }`,
		);

	it("a sound declaration: loads", async () => {
		assert.equal(await load(text({})), undefined);
	});
	for (const [what, change, message] of [
		["period 0", { every: "seconds(0)" }, "every: 0 is wrong; a period from seconds(1) to days(1) would be right"],
		["period beyond a day", { every: "minutes(1441)" }, "every: 86460"],
		["period not a number", { every: `minutes("5")` }, "minutes(5): a number from 0 up"],
		["no sensors", { sensors: "[]" }, "sensors: 0 of them"],
		["unknown field", { evry: "1" }, "evry: this field is wrong; one of name, every"],
		["port that is no port", { sensors: `[bme280({ port: "i2c" })]` }, 'port: "i2c" is wrong'],
		[
			"unknown reading",
			{ sensors: `[bme280({ port: "I2C.default", emit: { temprature: {} } })]` },
			"temprature: no such reading; temperature, humidity, pressure",
		],
		[
			"resolution off the grid",
			{ sensors: `[bme280({ port: "I2C.default", emit: { temperature: { resolution: 0.03 } } })]` },
			"emit.temperature.resolution: 0.03",
		],
		[
			"two readings of a name",
			{ sensors: `[bme280({ port: "I2C.default" }), bme280({ port: "I2C.default", address: 0x77 })]` },
			'two readings are called "temperature"',
		],
		["broker with a scheme", { uplink: `mqtt({ broker: "mqtt://x" })` }, "uplink.broker"],
		["batch 0", { uplink: "mqtt({ batch: 0 })" }, "uplink.batch: 0 is wrong; 1 … 255"],
		["durability of paper", { durability: `"paper"` }, 'durability: "paper" is wrong'],
	] as const)
		it(`${what}: refused, naming the field and what would be right`, async () => {
			const error = await load(text(change));
			assert.equal(error?.code, "declaration");
			assert.ok(error!.message.includes(message), error!.message);
			assert.ok(!error!.message.includes("\n"));
		});
	it("a module that the board has not: malformed, with its name", async () => {
		const error = await load(`import x from "embedded:io/nothing"; export default x;`);
		assert.equal(error?.code, "malformed");
		assert.ok(error!.message.includes("embedded:io/nothing"), error!.message);
	});
	it("a syntax error: malformed, with file and line", async () => {
		const error = await load("export default {\n  every: ,\n};");
		assert.equal(error?.code, "malformed");
		assert.ok(/node\.ts:2: /.test(error!.message), error!.message);
	});
	it("an exception while modules are evaluated: told with its TypeScript line", async () => {
		const error = await load("const nothing = undefined as any;\nexport default nothing.every;");
		assert.equal(error?.code, "declaration");
		assert.ok(/node\.ts:2:/.test(error!.message), error!.message);
	});
});
