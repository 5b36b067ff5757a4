import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RecordKind } from "../../modules/core/record.js";
import { fromScaled } from "../../modules/measure/quantity.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { loadRecording } from "../../sim/world/csv.js";
import { Model } from "../../sim/world/model.js";
import { Replay } from "../../sim/world/replay.js";
import * as assert from "../assert.js";
import { DAY_MS, type Run, run, weatherBundle } from "../support/simulate.js";

/** Recorded weather beside the project; where it is not, the same is proven with a recording made here. */
const RECORDING = join(PROJECT, "../shared/data/weather-ewr-2013.csv");
const COLUMNS = ["temperature_c", "humidity_percent", "pressure_hpa"] as const;

/** Half a step of what is sent, and the chip: its accuracy of conversion at ×1 (LSB 0.005 °C, 0.01 %, 0.026 hPa). */
const TOLERANCE = [0.005 + 0.01, 0.05 + 0.02, 0.05 + 0.04, 0.005 + 0.002];

/** Rows of the recording, read here once more, by other means than the simulator's. */
function rows(): { ms: number; values: (number | undefined)[] }[] {
	const [header, ...lines] = readFileSync(RECORDING, "utf8").trim().split("\n");
	const at = COLUMNS.map((column) => header!.split(",").indexOf(column));
	return lines.map((line) => {
		const cells = line.split(",");
		return { ms: Date.parse(cells[0]!), values: at.map((n) => (cells[n] ? Number(cells[n]) : undefined)) };
	});
}

describe("the weather node over a recorded year", function () {
	this.timeout(180_000);
	let year: Run;
	let seconds: number;
	let startMs: number;

	before(async function () {
		if (!existsSync(RECORDING)) {
			console.log("      skipped: ../shared/data/weather-ewr-2013.csv is not there");
			this.skip();
		}
		const world = new Replay(loadRecording(RECORDING), new Model({ seed: 1 }));
		startMs = world.startMs;
		const firmware = new NodeEngine("kept").load(await weatherBundle());
		const begin = process.cpuUsage();
		year = await run({ firmware, world, days: world.lengthMs / DAY_MS });
		const { user, system } = process.cpuUsage(begin);
		seconds = (user + system) / 1e6;
	});

	it("a year: under a minute of one core", () => {
		assert.ok(seconds < 60, `${seconds} s`);
	});
	it("a year: each sample arrives once, in order, none is lost", () => {
		const numbers = year.records.map(({ number }) => number);
		for (let n = 0; n < numbers.length; n++) assert.equal(numbers[n], n + 1);
		assert.equal(year.summary.samples, Math.ceil((364 * 24 - 7) * 6), "one each 10 minutes");
		assert.equal(year.summary.lost, 0);
		assert.equal(year.summary.duplicates, 0);
		assert.equal(year.summary.leaks, 0);
		assert.ok(year.summary.queued < 12);
	});
	it("a year: what the subscriber decoded is what the recording says, gaps included", () => {
		const table = rows();
		let row = 0;
		let compared = 0;
		let gaps = 0;
		const { quantities } = year.simulation.node;
		for (const { kind, wallMs, values } of year.records) {
			if (kind !== RecordKind.sample) continue;
			while (row + 1 < table.length && table[row + 1]!.ms <= wallMs) row++;
			const [before, after] = [table[row]!, table[row + 1]];
			const known = COLUMNS.map((_, n) => {
				const from = before.values[n];
				const to = after?.values[n];
				if (from === undefined || to === undefined || after!.ms - before.ms > 1.5 * 3_600_000) return undefined;
				return from + ((to - from) * (wallMs - before.ms)) / (after!.ms - before.ms);
			});
			// Without a temperature the chip's data sheet gives neither humidity nor pressure.
			const expected = known[0] === undefined ? [undefined, undefined, undefined] : known;
			for (const [n, truth] of expected.entries()) {
				const value = values[n];
				if (truth === undefined) {
					gaps++;
					assert.equal(value, undefined, `${COLUMNS[n]} at ${new Date(wallMs).toISOString()}`);
				} else {
					compared++;
					assert.ok(value !== undefined, `${COLUMNS[n]} is missing at ${new Date(wallMs).toISOString()}`);
					assert.near(fromScaled(value, quantities[n]!), truth, TOLERANCE[n]!, COLUMNS[n]);
				}
			}
			const volts = 4.12 - (0.001 * (wallMs - startMs)) / DAY_MS;
			assert.near(fromScaled(values[3]!, quantities[3]!), volts, TOLERANCE[3]!, "battery");
		}
		assert.ok(compared > 145_000, `only ${compared} readings were compared`);
		assert.ok(gaps > 5000, `only ${gaps} gaps were seen`);
	});
});
