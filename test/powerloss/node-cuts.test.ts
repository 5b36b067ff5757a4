import { join } from "node:path";
import { decodeFrame } from "../../modules/codec/frame-decoder.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { type Run, run } from "../support/simulate.js";
import { needsXs } from "../xs/support.js";

const BRISK = join(PROJECT, "test/fixtures/brisk.ts");
const DURABLE = join(PROJECT, "test/fixtures/durable.ts");

/** What must hold whatever the power does: a number means one record for ever, epochs only grow, values are true. */
function proven({ payloads, summary, wakes, simulation }: Run): void {
	const records = new Map<number, string>();
	let highest = 0;
	for (const payload of payloads) {
		for (const record of decodeFrame(payload, simulation.node.frame).records) {
			const text = JSON.stringify(record);
			assert.equal(records.get(record.number) ?? text, text, `record ${record.number}`);
			records.set(record.number, text);
		}
	}
	for (const [number, text] of [...records].sort(([a], [b]) => a - b)) {
		const { epoch } = JSON.parse(text);
		assert.ok(epoch >= highest, `record ${number} is of epoch ${epoch}, an earlier one of ${highest}`);
		highest = epoch;
	}
	assert.equal(summary.wrong, 0);
	assert.equal(summary.flashViolations, 0, "operations that break flash's rules");
	const died = wakes.filter(({ fault }) => fault && fault.reason !== "host").map(({ fault }) => fault);
	assert.deepEqual(died, []);
}

describe("power cuts inside host calls", function () {
	this.timeout(180_000);
	const host = needsXs();
	const engines: readonly (readonly [string, () => Engine])[] = [
		["Node", () => new NodeEngine()],
		["XS", () => new XsEngine(host())],
	];

	for (const [name, engine] of engines) {
		it(`${name}: a cut in each host call of a wake with publish, RTC memory lost, flash kept`, async () => {
			const firmware = engine().load(await bundleFirmware(BRISK));
			let cuts = 0;
			try {
				for (let call = 0; ; call++) {
					const result = await run({
						firmware,
						days: 6 / 2880, // six periods
						prepare: ({ board }, _, scheduler) => void scheduler.at(59_000, () => board.cutInCall(call, 5000)),
					});
					const cut = result.wakes.findIndex(({ fault }) => fault?.message === "power cut");
					proven(result);
					if (cut !== 2) break; // the third wake, which publishes, has no more calls
					cuts++;
					const [next] = result.wakes.slice(cut + 1);
					assert.equal(next!.report!.epoch, result.wakes[0]!.report!.epoch + 1);
					assert.ok(
						result.records.some(({ epoch }) => epoch === 2),
						"the node comes back",
					);
				}
			} finally {
				firmware.close();
			}
			assert.ok(cuts >= 60, `only ${cuts} cuts were made`);
			console.log(`      ${cuts} cuts`);
		});
		it(`${name}, durability flash: a cut in each host call of wakes that push and publish, nothing that was stored is lost`, async () => {
			const firmware = engine().load(await bundleFirmware(DURABLE));
			let cuts = 0;
			try {
				// Each of them pushes; some publish too.
				for (const at of [29_000, 59_000, 89_000, 119_000])
					for (let call = 0; ; call++) {
						const result = await run({
							firmware,
							days: 14 / 2880,
							prepare: ({ board }, _, scheduler) => void scheduler.at(at, () => board.cutInCall(call, 5000)),
						});
						proven(result);
						const cut = result.wakes.findIndex(({ fault }) => fault?.message === "power cut");
						const { at: cutAt } = result.wakes[cut] ?? { at: Number.POSITIVE_INFINITY };
						if (cutAt > at + 20_000) break; // the wake has no more calls
						cuts++;
						// Wakes before it came to their ends: what they took down is promised, all but what still waits at the end.
						const last = result.wakes.at(-1)!.report!;
						for (const { report } of result.wakes) {
							if (!report || report.number === 0) continue;
							const waits = last.oldest > 0 && report.number >= last.oldest;
							assert.ok(
								waits || result.records.some(({ number }) => number === report.number),
								`record ${report.number} is lost; the cut was in call ${call} at ${at}`,
							);
						}
						assert.equal(last.unsaved, 0);
					}
			} finally {
				firmware.close();
			}
			assert.ok(cuts >= 200, `only ${cuts} cuts were made`);
			console.log(`      ${cuts} cuts in four wakes`);
		});
		it(`${name}: thousands of cuts at random in one process, torn flash writes among them`, async () => {
			const seed = 20_261;
			const random = new Seeded(seed);
			const firmware = engine().load(await bundleFirmware(BRISK));
			let cuts = 0;
			let result: Run;
			const begin = performance.now();
			try {
				result = await run({
					firmware,
					days: 2,
					prepare({ board }, _, scheduler) {
						const store = board.flash.get("store")!;
						const arm = () => {
							const way = random.between(0, 3);
							if (way === 0) store.cutAfter(random.between(0, 40), random);
							else if (way < 3) board.cutInCall(random.between(0, 120), random.between(1, 20_000));
							scheduler.after(random.between(10_000, 90_000), arm);
						};
						arm();
					},
				});
				cuts = result.wakes.filter(({ fault }) => fault?.message === "power cut").length;
				proven(result);
			} finally {
				firmware.close();
			}
			const perMinute = (60_000 * cuts) / (performance.now() - begin);
			console.log(
				`      ${cuts} cuts (seed ${seed}), ${Math.round(perMinute)} a minute, ${result.records.length} records arrived`,
			);
			assert.ok(cuts >= 1000, `only ${cuts} cuts were made`);
			assert.ok(result.records.length > 500);
		});
	}
});
