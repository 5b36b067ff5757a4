import { join } from "node:path";
import { ResetReason } from "../../modules/core/ports.js";
import { ImageState } from "../../modules/device/image-state.js";
import { WATCHDOG_MS } from "../../sim/board.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Firmware } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { type Run, type RunOptions, run } from "../support/simulate.js";

describe("watchdog and images on trial", function () {
	this.timeout(60_000);
	let firmware: Firmware;
	before(async () => {
		firmware = new NodeEngine("fresh").load(await bundleFirmware(join(PROJECT, "test/fixtures/slow.ts")));
	});
	const slow = (settings: Record<string, string>, options: RunOptions = {}): Promise<Run> =>
		run({ firmware, days: 0.05, settings, ...options });

	it("an exchange that never ends: reset once its time is over, and the next wake says why", async () => {
		const { wakes } = await slow({ steps: "0", hangs: "1" });
		const hung = wakes.findIndex(({ fault }) => fault?.message === "watchdog");
		assert.near(wakes[hung]!.awakeMs, WATCHDOG_MS, 200);
		const next = wakes[hung + 1]!;
		assert.equal(next.resetReason, ResetReason.watchdog);
		assert.equal(next.at, wakes[hung]!.at + wakes[hung]!.awakeMs);
	});
	it("a wake that gets on, three times as long as the watchdog's time: not reset", async () => {
		const { wakes, summary } = await slow({ steps: "4", gap: String(WATCHDOG_MS - 10_000) });
		assert.equal(summary.faults, 0);
		assert.ok(Math.max(...wakes.map(({ awakeMs }) => awakeMs)) > 3 * WATCHDOG_MS);
	});
	it("the last step takes longer than the watchdog's time: reset", async () => {
		const { wakes } = await slow({ steps: "1", gap: String(WATCHDOG_MS + 1000) });
		assert.ok(wakes.some(({ fault }) => fault?.message === "watchdog"));
	});
	it("an image on trial: kept once a sample was taken and acknowledged in one wake, and through the sleeps before", async () => {
		const seen: ImageState[] = [];
		const { wakes, simulation } = await run({
			firmware,
			days: 0.05,
			settings: { steps: "1", gap: "100" },
			prepare({ board }, _broker, scheduler) {
				scheduler.at(10, () => (board.image = ImageState.pending)); // behind the power-on
				for (let minute = 1; minute < 70; minute += 10) scheduler.at(minute * 60_000, () => seen.push(board.image));
			},
		});
		const first = wakes.findIndex(({ report }) => report!.acknowledged > 0);
		assert.ok(first > 0 && first < 6, `acknowledged in wake ${first}`);
		assert.deepEqual(
			seen,
			seen.map((_, n) => (n < first ? ImageState.pending : ImageState.valid)),
		);
		assert.equal(simulation.board.image, ImageState.valid);
	});
	it("an image on trial that never reaches its receiver: not confirmed", async () => {
		const { simulation } = await slow(
			{ steps: "0" },
			{ prepare: ({ board }, _b, scheduler) => void scheduler.at(10, () => (board.image = ImageState.pending)) },
		);
		assert.equal(simulation.board.image, ImageState.pending);
	});
	it("an image on trial that is given up: the board resets into the other one, and its records survive", async () => {
		const { wakes, summary, simulation } = await run({
			firmware,
			days: 0.05,
			settings: { steps: "1", gap: "100", image: "revert" },
			prepare: ({ board }, _b, scheduler) => void scheduler.at(10, () => (board.image = ImageState.pending)),
		});
		const reset = wakes.findIndex(({ resetReason }) => resetReason === ResetReason.software);
		assert.ok(reset > 0, "no reset");
		assert.equal(wakes[reset]!.at, wakes[reset - 1]!.at + wakes[reset - 1]!.awakeMs);
		assert.equal(wakes[reset]!.report!.start, 0);
		assert.equal(summary.faults, 0);
		assert.equal(simulation.board.image, ImageState.valid);
	});
});
