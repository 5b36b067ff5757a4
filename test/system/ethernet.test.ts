import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { buildHost } from "../../sim/xs/build.js";
import { bundleForDevice } from "../../tools/device/bundle.js";
import * as assert from "../assert.js";
import { dormouse, type Run, run } from "../support/simulate.js";

const FIXTURE = join(PROJECT, "test/fixtures/ethernet.ts");
const publishes = ({ wakes }: Run) => wakes.filter(({ report }) => report?.acknowledged);
const problems = ({ wakes }: Run) => wakes.map(({ report }) => report?.problem).filter(Boolean);
const on = async (engine: Engine, days: number, faults: readonly string[] = []) => {
	const firmware = engine.load(await bundleFirmware(FIXTURE));
	try {
		return await run({ firmware, days, faults });
	} finally {
		firmware.close();
	}
};

describe("the weather node on Ethernet", function () {
	this.timeout(120_000);

	it("two days: link, DHCP and exchange in each publish, the interface off otherwise, on both engines alike", async () => {
		const host = await buildHost();
		assert.ok(host.ready, "an XS host");
		const [node, xs] = [await on(new NodeEngine("fresh"), 2), await on(new XsEngine(host), 2)];
		for (const two of [node, xs]) {
			const { summary } = two;
			assert.deepEqual([summary.lost, summary.wrong, summary.leaks, summary.faults], [0, 0, 0, 0]);
			assert.ok(summary.decoded > 270, `${summary.decoded}`);
			for (const { split } of publishes(two)) assert.near(split.wiredMs, 3100, 60);
			for (const { split, report } of two.wakes)
				assert.equal(split.wiredMs > 0, (report?.frames ?? 0) > 0, "it is on only where the node sends");
			assert.deepEqual(problems(two), []);
		}
		assert.deepEqual(xs.payloads, node.payloads);
	});
	it("the cable is out for six hours: absent, tries that grow apart, nothing lost", async () => {
		const two = await on(new NodeEngine("kept"), 2, ["cable@6h..12h"]);
		const { summary } = two;
		const failed = problems(two);
		assert.ok(failed.length >= 2 && failed.length <= 8, `${failed.length} tries`);
		assert.ok(
			failed.every((problem) => problem === "absent"),
			`${failed}`,
		);
		assert.deepEqual([summary.lost, summary.wrong, summary.leaks], [0, 0, 0]);
		assert.ok(summary.decoded > 270);
	});
	it("no DHCP server for six hours: timeout, then all arrives", async () => {
		const two = await on(new NodeEngine("kept"), 2, ["dhcp@6h..12h"]);
		assert.ok(problems(two).length >= 2);
		assert.ok(
			problems(two).every((problem) => problem === "timeout"),
			`${problems(two)}`,
		);
		assert.equal(two.summary.lost, 0);
	});
	it("bundles: neither link drags in the other", async () => {
		const wired = await bundleForDevice(FIXTURE);
		const wireless = await bundleForDevice(join(PROJECT, "nodes/weather.ts"));
		assert.ok(wired.imports.includes("embedded:network/interface/ethernet"));
		assert.ok(!wired.imports.includes("device/wifi"));
		assert.ok(wireless.imports.includes("device/wifi"));
		assert.ok(!wireless.imports.includes("embedded:network/interface/ethernet"));
	});
	for (const [args, said] of [
		[["--fault", "cable@1h"], /--fault cable: the node's link is wifi/],
		[["--node", FIXTURE, "--fault", "roam@1h"], /--fault roam: the node's link is ethernet; cable or dhcp/],
	] as const)
		it(`dormouse simulate ${args.join(" ").replace(PROJECT, "")}: refused, it would say nothing of the node`, async () => {
			const { status, stderr } = await dormouse(["simulate", ...args]);
			assert.equal(status, 2);
			assert.ok(said.test(stderr), stderr);
		});
});
