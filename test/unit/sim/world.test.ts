import { Seeded } from "../../../sim/seeded.js";
import { parseRecording } from "../../../sim/world/csv.js";
import { Model } from "../../../sim/world/model.js";
import { Replay } from "../../../sim/world/replay.js";
import * as assert from "../../assert.js";

const MINUTE = 60_000;
const replay = (rows: string, others?: Model) =>
	new Replay(parseRecording(`time,temperature_c,x\n${rows}`, "w"), others);

describe("replay", () => {
	it("extent: from the first row to the last", () => {
		const world = replay("1000,1,1\n1060,2,1\n1120,3,1");
		assert.equal(world.startMs, 1_000_000);
		assert.equal(world.lengthMs, 120_000);
	});
	for (const [name, ms, value] of [
		["first row", 0, 1],
		["last row", 2 * MINUTE, 7],
		["between", MINUTE / 4, 1.5],
		["just before the second row", MINUTE - 6, 2.9998],
		["second row", MINUTE, 3],
		["just after it", MINUTE + 6, 3.0004],
		["before the first row", -1, undefined],
		["after the last row", 2 * MINUTE + 1, undefined],
		["not a number", Number.NaN, undefined],
	] as const)
		it(`instant: ${name}, ${value}`, () => {
			const got = replay("0,1,1\n60,3,1\n120,7,1").at("temperature", ms);
			if (value === undefined) assert.equal(got, undefined);
			else assert.near(got!, value, 1e-9);
		});
	it("an empty cell: unknown from the row before to the row after, both of them known; other columns go on", () => {
		const world = replay("0,1,1\n60,2,2\n120,,3\n180,4,4\n240,5,5");
		const known = [0, 60_000, 60_001, 119_999, 120_000, 120_001, 179_999, 180_000, 180_001];
		const got = known.map((ms) => world.at("temperature", ms) !== undefined);
		assert.deepEqual(got, [true, true, false, false, false, false, false, true, true]);
		for (const ms of known) assert.near(world.at("x", ms)!, ms / 60_000 + 1, 1e-9);
	});
	it("rows apart: up to 1.5 median intervals bridged, more a gap", () => {
		const world = replay("0,0,1\n60,1,1\n120,2,1\n210,3,1\n270,4,1\n361,5,1\n421,6,1");
		assert.near(world.at("temperature", 165_000)!, 2.5, 1e-9); // 90 s
		assert.equal(world.at("temperature", 300_000), undefined); // 91 s
		assert.equal(world.at("temperature", 270_000), 4);
		assert.equal(world.at("temperature", 361_000), 5);
	});
	it("one row: known at its instant only", () => {
		const world = replay("5,1,1");
		assert.equal(world.lengthMs, 0);
		assert.equal(world.at("temperature", 0), 1);
		assert.equal(world.at("temperature", 1), undefined);
	});
	it("a phenomenon that it has not: the other world's, or unknown", () => {
		const rows = "0,1,1\n60,2,1";
		const model = new Model({ seed: 1 });
		assert.equal(replay(rows).at("battery", 0), undefined);
		assert.equal(replay(rows, model).at("battery", MINUTE), model.at("battery", MINUTE));
		assert.equal(replay(rows, model).at("temperature", 0), 1);
	});
	const seed = 99;
	it(`order of questions: random (seed ${seed}), the same as each alone`, () => {
		const random = new Seeded(seed);
		let rows = "";
		const times: number[] = [];
		for (let n = 0, t = 0; n < 400; n++, t += random.between(1, 100)) {
			times.push(t);
			rows += `${t},${random.between(0, 9) ? random.between(-40, 85) : ""},0\n`;
		}
		const world = replay(rows);
		const ask = (one: Replay, ms: number) => one.at("temperature", ms);
		for (let n = 0; n < 500; n++) {
			const ms = random.between(0, 2) ? random.between(0, world.lengthMs) : times[random.between(0, 399)]! * 1000;
			assert.equal(ask(world, ms), ask(replay(rows), ms), `at ${ms}`);
		}
	});
});

describe("model", () => {
	const DAY = 86_400_000;
	const PHENOMENA = ["temperature", "humidity", "pressure", "battery"];
	it("start: 1 March 2026 unless told; never ends", () => {
		assert.equal(new Model({ seed: 1 }).startMs, Date.parse("2026-03-01T00:00:00Z"));
		assert.equal(new Model({ seed: 1, startMs: 5 }).startMs, 5);
		assert.equal(new Model({ seed: 1 }).lengthMs, Number.POSITIVE_INFINITY);
	});
	it("order of questions: any, the same values", () => {
		const one = new Model({ seed: 3 });
		const times = [9e9, 5, 1e7, 0, 3e10, 5];
		const forwards = times.map((ms) => PHENOMENA.map((p) => one.at(p, ms)));
		const other = new Model({ seed: 3 });
		const backwards = [...times].reverse().map((ms) => PHENOMENA.map((p) => other.at(p, ms)));
		assert.deepEqual(forwards, backwards.reverse());
	});
	it("seed: another one, other weather", () => {
		const at = (seed: number) => new Model({ seed }).at("pressure", 3 * DAY + 5)!;
		assert.equal(new Set([0, 1, 2, 3, -1, 2 ** 31].map(at)).size, 6);
	});
	for (const seed of [0, 1, 42, 0xffff_ffff])
		it(`a year (seed ${seed}): plausible, without jumps`, () => {
			const world = new Model({ seed });
			const limits = { temperature: [-25, 45, 1.2], humidity: [12, 99, 5], pressure: [960, 1065, 0.6] } as const;
			for (const [name, [low, high, jump]] of Object.entries(limits)) {
				let before = world.at(name, 0)!;
				let least = before;
				let most = before;
				for (let ms = 0; ms < 365 * DAY; ms += 600_000) {
					const value = world.at(name, ms)!;
					assert.ok(value >= low && value <= high, `${name} ${value} at ${ms}`);
					assert.ok(Math.abs(value - before) < jump, `${name} jumps from ${before} to ${value} at ${ms}`);
					before = value;
					least = Math.min(least, value);
					most = Math.max(most, value);
				}
				assert.ok(most - least > (high - low) / 4, `${name} hardly moves: ${least} … ${most}`);
			}
		});
	it("a day: afternoons warmer and drier than nights, on average", () => {
		const world = new Model({ seed: 7 });
		const mean = (name: string, hour: number) => {
			let sum = 0;
			for (let day = 0; day < 60; day++) sum += world.at(name, day * DAY + hour * 3_600_000)!;
			return sum / 60;
		};
		assert.ok(mean("temperature", 15) > mean("temperature", 4) + 4);
		assert.ok(mean("humidity", 15) < mean("humidity", 4) - 5);
	});
	it("battery: a straight line down to 0, with temperature when told", () => {
		const world = new Model({ seed: 1 });
		assert.equal(world.at("battery", 0), 4.12);
		assert.near(world.at("battery", 100 * DAY)!, 4.02, 1e-9);
		assert.equal(world.at("battery", 9000 * DAY), 0);
		const warm = new Model({ seed: 1, batteryPerDegree: 0.01, batteryVolts: 3 });
		assert.near(warm.at("battery", 0)!, 3 + 0.01 * (warm.at("temperature", 0)! - 20), 1e-9);
	});
	it("another phenomenon: unknown", () => {
		assert.equal(new Model({ seed: 1 }).at("co2_ppm", 0), undefined);
	});
});
