import { NodeEngine } from "../../sim/engine/node.js";
import { Status } from "../../sim/host/table.js";
import * as assert from "../assert.js";
import { fixture, Listener, needsXs, rig } from "./support.js";

describe("xs: how a wake dies", () => {
	const host = needsXs();
	const { load } = rig(host);
	const listener = new Listener();

	for (const [what, body, reason, message, where] of [
		["slots run out", "const a: object[] = [];\nfor (;;) a.push([]);", "memory", "slots", "wake (fixture.ts:3)"],
		[
			"chunks run out",
			"const a: unknown[] = [];\nfor (;;) a.push(new Uint8Array(999));",
			"memory",
			"chunks",
			"wake (fixture.ts:3)",
		],
		[
			"endless recursion",
			"f(1);\nfunction f(n: number): number {\n\treturn f(n + 1) + 1;\n}",
			"stack",
			"512",
			"f (fixture.ts:4)\nwake (fixture.ts:2)",
		],
		[
			"an exception",
			'const a = [1];\n\nthrow new RangeError("too " + a);',
			"exception",
			"RangeError: too 1",
			"wake (fixture.ts:4)",
		],
		[
			"an exception in a callback",
			"[1].map((n) => {\n\tif (n) (undefined as any).x;\n\treturn n;\n});",
			"exception",
			"TypeError",
			"fixture.ts:3\nwake (fixture.ts:2)",
		],
		["a thrown string", 'throw "no";', "exception", "no", ""],
		[
			"a rejected promise",
			'Promise.reject(new Error("later"));',
			"exception",
			"unhandled rejection of a promise: Error: later",
			"wake (fixture.ts:2)",
		],
	] as const)
		it(`${what}: a fault "${reason}" with its line`, async () => {
			const { state, fault } = load(await fixture(`export function wake() {\n${body}\n}`)).boot(listener);
			assert.equal(state, "fault");
			assert.equal(fault?.reason, reason);
			assert.ok(fault?.message.includes(message), fault?.message);
			if (where !== undefined) assert.equal(fault?.where, where);
		});

	it("an endless loop: ends at the meter's limit, with its line", async () => {
		const bundle = await fixture("export function wake() {\n\tlet n = 0;\n\tfor (;;)\n\t\tn++;\n}");
		const wake = load(bundle, { meterLimit: 1_000_000 }).boot(listener);
		assert.equal(wake.fault?.reason, "endless");
		assert.equal(wake.fault?.message, "endless loop: over 1000000 computrons");
		assert.ok(/^wake \(fixture\.ts:[34]\)$/.test(wake.fault?.where ?? ""), wake.fault?.where);
		assert.near(wake.figures()!.computrons, 1_000_000, 20_000);
	});

	it("an endless loop in catch and finally: still ends", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tfor (;;) try { throw 1; } catch {} finally { wake.length; }\n}",
		);
		assert.equal(load(bundle, { meterLimit: 1_000_000 }).boot(listener).fault?.reason, "endless");
	});

	it("an exception of the project's own: its frames begin where it was thrown", async () => {
		const bundle = await fixture(
			'import { DormouseError } from "./modules/core/errors.js";\nexport function wake() {\n\tdeeper();\n}\nfunction deeper() {\n\tthrow new DormouseError("absent", "no chip");\n}',
		);
		assert.deepEqual(load(bundle).boot(listener).fault, {
			reason: "exception",
			message: "DormouseError: no chip",
			where: "deeper (fixture.ts:6)\nwake (fixture.ts:3)",
		});
	});

	it("a fault after host calls and events: found by running the same wake again, without the board", async () => {
		const bundle = await fixture(`let wanted = 0;
export function wake() {
	dormouseEngine.event = (handle, kind, bytes) => {
		const [status, value] = say(2, bytes[0]!);
		if (value === 9)
			throw new Error(\`\${handle} \${kind} \${status}\`);
		wanted++;
	};
	say(1);
}`);
		const replies = new Listener((_, count) => [Status.ok, count === 3 ? 9 : 0]);
		const wake = load(bundle).boot(replies);
		wake.event(1, 2, Uint8Array.of(5));
		assert.equal(wake.state, "idle");
		wake.event(3, 4, Uint8Array.of(6));
		assert.equal(wake.fault?.message, "Error: 3 4 0");
		assert.equal(wake.fault?.where, "fixture.ts:6");
		assert.deepEqual(replies.heard, [[1], [2, 5], [2, 6]]);
	});

	it("without locating: the fault is the same, its place unknown", async () => {
		const bundle = await fixture('export function wake() {\n\tthrow new Error("x");\n}');
		assert.deepEqual(load(bundle, { locate: false }).boot(listener).fault, {
			reason: "exception",
			message: "Error: x",
			where: "",
		});
	});

	it("both engines: reason and message of an exception are the same", async () => {
		const bundle = await fixture('export function wake() {\n\tthrow new RangeError("x");\n}');
		const node = new NodeEngine().load(bundle).boot(listener).fault;
		const xs = load(bundle).boot(listener).fault;
		assert.equal(xs?.reason, node?.reason);
		assert.equal(xs?.message, node?.message);
	});

	it("after a fault: the next boot is fresh, and events to the dead wake are ignored", async () => {
		const firmware = load(await fixture("export function wake() {\n\tif (say(1)[1]) throw 1;\n}"));
		const dead = firmware.boot(new Listener(() => [0, 1]));
		assert.equal(dead.state, "fault");
		dead.event(1, 1, new Uint8Array(0));
		dead.drop();
		assert.equal(dead.state, "fault");
		assert.equal(firmware.boot(new Listener(() => [0, 0])).state, "idle");
	});
});
