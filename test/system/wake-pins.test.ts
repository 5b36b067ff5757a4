import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WakeCause } from "../../modules/core/ports.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Firmware } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { pinsOf } from "../../tools/device/wake-pins.js";
import * as assert from "../assert.js";
import { type Run, run } from "../support/simulate.js";
import { needsXs, rig } from "../xs/support.js";

const MINUTE = 60_000;
const PERIOD = 30 * MINUTE;

describe("a node that pins wake", function () {
	this.timeout(60_000);
	const folder = mkdtempSync(join(tmpdir(), "dormouse-pins-"));
	after(() => rmSync(folder, { recursive: true, force: true }));

	/** The door node, with another `wakeOn`. */
	async function door(options?: string): Promise<Firmware> {
		if (options === undefined) return new NodeEngine("fresh").load(await bundleFirmware("nodes/door.ts"));
		const path = join(folder, "node.ts");
		writeFileSync(
			path,
			`import { declareNode } from "${PROJECT}/modules/cycle/declaration.js";
			import { wakeOn } from "${PROJECT}/modules/device/wake.js";
			import { mqtt } from "${PROJECT}/net/mqtt/mqtt.js";
			import { wifi } from "${PROJECT}/net/link/wifi.js";
			import { battery } from "${PROJECT}/sensors/battery.js";
			export default declareNode({
				name: "test", every: 1800, sensors: [battery({ port: "Analog.default", divider: 2 })],
				uplink: mqtt({ broker: "broker.local", link: wifi(), batch: 12 }), wake: ${options},
			});`,
		);
		return new NodeEngine("fresh").load(await bundleFirmware(path));
	}
	/** When each wake by pin or touch was, in minutes, and what its report says. */
	function pinWakes({ wakes }: Run) {
		return wakes
			.filter(({ cause }) => cause === WakeCause.pin || cause === WakeCause.touch)
			.map(({ at, cause, report }) => ({ minute: at / MINUTE, cause, pins: pinsOf(report!.woken), report: report! }));
	}

	it("pressed twice: a sample at once each time, sent at once; the schedule does not move", async () => {
		const done = await run({ firmware: await door(), days: 0.25, presses: ["33@70m", "33@130.5m"] });
		const pressed = pinWakes(done);
		assert.deepEqual(
			pressed.map(({ minute, pins }) => [minute, pins]),
			[
				[70, [33]],
				[130.5, [33]],
			],
		);
		for (const { report } of pressed) {
			assert.ok(report.number > 0 && report.acknowledged > 0, "sampled and acknowledged");
			assert.equal(report.queued, 0);
		}
		const scheduled = done.wakes.filter(({ cause, report }) => cause === WakeCause.timer && report!.number > 0);
		for (const { at } of scheduled) assert.near(at % PERIOD, 0, 100);
		assert.equal(scheduled.length, 11);
		assert.equal(done.summary.lost, 0);
		assert.equal(done.summary.wrong, 0);
		assert.equal(done.summary.leaks, 0);
	});
	it("pressed a moment before a sample is due: it is that sample, and no other follows", async () => {
		const done = await run({ firmware: await door(), days: 0.1, presses: ["33@1799.6s"] });
		assert.deepEqual(
			done.wakes.filter(({ report }) => report!.number > 0).map(({ at }) => Math.round(at / 1000)),
			[0, 1800, 3600, 5400, 7200],
		);
		assert.equal(pinWakes(done).length, 1);
	});
	it("flapping ten times a second for ten minutes: one wake in five seconds and more, and one to arm it again", async () => {
		const presses = Array.from({ length: 6000 }, (_, n) => `33@${3600 + n / 10}s..${3600 + n / 10 + 0.01}s`);
		const done = await run({ firmware: await door(), days: 0.1, presses });
		const count = pinWakes(done).length;
		assert.ok(count >= 60 && count <= 120, `${count} wakes by the pin`);
		assert.ok(done.summary.wakes < 2 * count + 10, `${done.summary.wakes} wakes`);
	});
	it("held for two hours: one wake and one more, then only samples, whose reports say so; armed once it is let go", async () => {
		const done = await run({ firmware: await door(), days: 0.25, presses: ["33@70m..190m", "33@220m"] });
		assert.deepEqual(
			pinWakes(done).map(({ minute }) => minute),
			[70, 220],
		);
		const during = done.wakes.filter(({ at }) => at > 70 * MINUTE && at < 190 * MINUTE);
		assert.deepEqual(
			during.map(({ at, report }) => [Math.round(at / MINUTE), pinsOf(report!.unarmed)]),
			[[70, [33]], ...[90, 120, 150, 180].map((minute) => [minute, [33]])],
		);
		assert.equal(done.wakes.find(({ at }) => at > 209 * MINUTE)!.report!.unarmed, 0);
	});
	it("the access point is away: what was to be sent at once goes out when it is back, and does not wait for a batch", async () => {
		const done = await run({ firmware: await door(), days: 0.5, presses: ["33@70m"], faults: ["ap@1h..2h"] });
		assert.equal(pinWakes(done)[0]!.report.acknowledged, 0);
		const next = done.wakes.find(({ report }) => report!.acknowledged > 0)!;
		assert.ok(next.at > 2 * 60 * MINUTE && next.at < 4 * 60 * MINUTE, `sent after ${next.at / MINUTE} min`);
		assert.ok(next.report!.number < 12);
	});
	it("without `send`: a sample more, and the batch stays what it is", async () => {
		const firmware = await door('wakeOn({ pins: [{ pin: 4, level: "high" }], touch: [27], rest: 60 })');
		const done = await run({ firmware, days: 0.1, presses: ["4@10m", "27@20m", "4@20.5m", "4@22m"] });
		assert.deepEqual(
			pinWakes(done).map(({ minute, cause, pins, report }) => [minute, cause, pins, report.frames]),
			[
				[10, WakeCause.pin, [4], 0],
				[20, WakeCause.touch, [27], 0],
				[22, WakeCause.pin, [4], 0],
			],
			"for a minute they rest",
		);
	});
	it("pins that the chip cannot wake by: reported at each sleep, and the others work", async () => {
		const firmware = await door('wakeOn({ pins: [{ pin: 5, level: "low" }, { pin: 33, level: "low" }] })');
		const done = await run({ firmware, days: 0.1, presses: ["33@10m"] });
		assert.equal(pinWakes(done).length, 1);
		for (const { report, cause } of done.wakes)
			if (cause !== WakeCause.pin) assert.deepEqual(pinsOf(report!.unarmed), [5]);
	});
	const mistakes: readonly (readonly [options: string, message: string])[] = [
		["wakeOn()", "wake: undefined is wrong; wakeOn({ pins: […] }) would be right"],
		["wakeOn({})", "wake.pins: their number is wrong; one to 8 of them"],
		["wakeOn({ pin: 3 })", "wake.pin: this field is wrong; one of pins, touch, send, rest"],
		["wakeOn({ pins: [3] })", 'wake.pins[0]: 3 is wrong; { pin: 33, level: "low" } would be right'],
		['wakeOn({ pins: [{ pin: 49, level: "low" }] })', "wake.pins[0].pin: 49 is wrong; a GPIO number, 0 to 48,"],
		["wakeOn({ pins: [{ pin: 3 }] })", 'wake.pins[0].level: undefined is wrong; "high" or "low"'],
		['wakeOn({ pins: [{ pin: 3, level: "low", pull: "left" }] })', "wake.pins[0].pull: left is wrong"],
		['wakeOn({ pins: [{ pin: 3, level: "low", edge: 1 }] })', "wake.pins[0].edge: this field is wrong"],
		['wakeOn({ pins: [{ pin: 3, level: "low" }], touch: [3] })', "wake.touch[0]: 3 once more is wrong; each pin once"],
		["wakeOn({ touch: [4], rest: 0 })", "wake.rest: 0 is wrong; seconds(1) to 3600"],
		["wakeOn({ touch: [4], send: 1 })", "wake.send: 1 is wrong; true or false"],
	];
	it("declaration: what cannot work, told with what would be right", async () => {
		const path = join(folder, "mistakes.ts");
		const tries = mistakes.map(([options]) => `() => ${options}`).join(", ");
		writeFileSync(
			path,
			`import { wakeOn } from "${PROJECT}/modules/device/wake.js";
			const said = [${tries}].map((make) => { try { make(); } catch (error) { return error.message; } return ""; });
			throw new Error(JSON.stringify(said));
			export default {};`,
		);
		const bundle = await bundleFirmware(path);
		let said: string[] = [];
		try {
			new NodeEngine("fresh").load(bundle);
		} catch (error) {
			said = JSON.parse((error as Error).message.replace(/[^\]]*$/, "")); // its place stands behind it
		}
		assert.equal(said.length, mistakes.length);
		for (const [n, [options, message]] of mistakes.entries())
			assert.ok(said[n]!.includes(message), `${options}: ${said[n]}`);
	});
	it("declaration: something else in the place of wakeOn, told", async () => {
		let said = "";
		try {
			await door("{}");
		} catch (error) {
			said = (error as Error).message;
		}
		assert.ok(said.includes("wake: [object Object] is wrong; wakeOn({ pins: […] }) would be right"), said);
	});
});

describe("a node that pins wake, on XS", () => {
	const host = needsXs();
	const { load } = rig(host);

	it("wakes, reports and payloads are those of the Node engine", async () => {
		const options = { days: 0.25, presses: ["33@70m..75m", "33@130.5m"] };
		const bundle = await bundleFirmware("nodes/door.ts");
		const xs = load(bundle);
		const one = await run({ ...options, firmware: xs });
		const other = await run({ ...options, firmware: new NodeEngine("fresh").load(bundle) });
		assert.deepEqual(one.payloads, other.payloads);
		assert.deepEqual(
			one.wakes.map(({ at, report }) => [at, report]),
			other.wakes.map(({ at, report }) => [at, report]),
		);
		assert.deepEqual(xs.warnings, []);
	}).timeout(60_000);
});
