import type { WakeLog } from "../../sim/board.js";
import { awakeOf, scriptMs } from "../../sim/energy.js";
import { XsEngine } from "../../sim/engine/xs.js";
import * as assert from "../assert.js";
import { run, weatherBundle } from "../support/simulate.js";
import { needsXs } from "./support.js";

/**
 * The design's budgets, in milliseconds: a wake that publishes, with access point and lease remembered, and of it the
 * firmware's own share. What JavaScript takes is XS's metering of today and a little more; it only falls, and a change that needs more
 * says so here, where a review sees it.
 */
const AWAKE_MS = 300;
const OWN_MS = 60;
const PUBLISH_COMPUTRONS = 162_000;
const SAMPLE_COMPUTRONS = 44_500;

describe("time awake", function () {
	this.timeout(60_000);
	const host = needsXs();
	let published: WakeLog;
	let sampled: WakeLog;

	before(async () => {
		const firmware = new XsEngine(host(), { locate: false }).load(await weatherBundle());
		try {
			const { wakes } = await run({ firmware, days: 0.25, network: { delayMs: 10 } });
			published = wakes.filter(({ report }) => report?.acknowledged)[1]!; // in the first one nothing is remembered yet
			sampled = wakes[5]!;
		} finally {
			firmware.close();
		}
	});
	const own = ({ figures, split }: WakeLog) => split.busyMs + scriptMs(figures!.computrons, figures!.hostCalls);

	it("a wake that publishes twelve records: awake and the firmware's own share within their budgets", () => {
		assert.ok(published.report!.acknowledged >= 12, `${published.report!.acknowledged} records`);
		assert.ok(awakeOf(published.split) <= AWAKE_MS, `${awakeOf(published.split)} ms awake`);
		assert.ok(own(published) <= OWN_MS, `${own(published)} ms of the firmware's own`);
	});
	for (const [what, of, most] of [
		["publishes", () => published, PUBLISH_COMPUTRONS],
		["only samples", () => sampled, SAMPLE_COMPUTRONS],
	] as const)
		it(`a wake that ${what}: no more of the processor than ${most.toLocaleString("en")} computrons`, () => {
			const { computrons } = of().figures!;
			console.log(`      ${computrons.toLocaleString("en")} computrons`);
			assert.ok(computrons <= most, `${computrons} computrons`);
		});
	it("a wake that only samples: sends nothing", () => {
		assert.equal(sampled.report!.frames, 0);
		assert.equal(sampled.split.radioMs, 0);
	});
});
