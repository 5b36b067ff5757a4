import { type AwakeSplit, awakeOf, Currents, chargeOf, Ledger, scriptMs } from "../../../sim/energy.js";
import * as assert from "../../assert.js";

const NOTHING: AwakeSplit = Object.freeze({
	bootMs: 0,
	busyMs: 0,
	waitMs: 0,
	lightMs: 0,
	radioMs: 0,
	sentMs: 0,
	wiredMs: 0,
	loraUc: 0,
	scriptMs: undefined,
	scriptRadioMs: undefined,
});

describe("energy", () => {
	for (const [part, microcoulombs] of [
		["bootMs", 28],
		["busyMs", 28],
		["waitMs", 21],
		["lightMs", 0.13],
		["radioMs", 84],
		["sentMs", 335 - 84],
		["wiredMs", 132],
		["loraUc", 1],
		["scriptMs", 28],
		["scriptRadioMs", 84 + 28 - 21],
	] as const)
		it(`energy: one of ${part}, ${microcoulombs} µC`, () => {
			assert.near(chargeOf({ ...NOTHING, [part]: 1 }), microcoulombs, 1e-9);
		});
	it("energy: time awake, all but sending, a part of the radio's, and the cable, which is beside all", () => {
		assert.equal(
			awakeOf({
				bootMs: 1,
				busyMs: 2,
				waitMs: 4,
				lightMs: 256,
				radioMs: 8,
				sentMs: 16,
				wiredMs: 512,
				loraUc: 128,
				scriptMs: 32,
				scriptRadioMs: 64,
			}),
			1 + 2 + 4 + 256 + 8 + 32 + 64,
		);
	});
	it("energy: a million computrons, a third of a second; what the shims take of them does not count", () => {
		assert.near(scriptMs(1_000_000), 341.25, 1e-9);
		assert.near(scriptMs(1_030_000, 100), 341.25, 1e-9);
		assert.equal(scriptMs(1000, 100), 0);
	});
	it("energy: nothing but deep sleep for a day, its current by the day", () => {
		const ledger = new Ledger();
		ledger.poweredMs = 86_400_000;
		assert.near(ledger.perDay, 86_400 * Currents.deepSleep * 1e-3, 1e-12);
		assert.near(ledger.years(2600), (2.6 * 3600) / 0.432 / 365.25, 1e-9);
	});
	it("energy: wakes of each kind, averaged apart and added up", () => {
		const ledger = new Ledger();
		ledger.poweredMs = 43_200_000;
		ledger.add("quiet", { ...NOTHING, bootMs: 10 });
		ledger.add("quiet", { ...NOTHING, bootMs: 30 });
		ledger.add("published", { ...NOTHING, radioMs: 1000, scriptMs: 5, scriptRadioMs: 7 });
		assert.near(ledger.each("quiet"), 0.56, 1e-9);
		assert.equal(ledger.each("failed"), 0);
		assert.ok(ledger.hasScript);
		assert.equal(ledger.published.scriptMs, 12);
		ledger.flashUc = 1e6;
		ledger.sensorUc = 2e6;
		const awake = 40 * 28 + 1000 * 84 + 5 * 28 + 7 * 91;
		const asleep = (43_200_000 - 40 - 1012) * 0.005;
		assert.near(ledger.perDay, (2 * (awake + asleep + 3e6)) / 1e6, 1e-9);
	});
	it("energy: nothing has run, a battery lasts for ever", () => {
		assert.equal(new Ledger().years(1000), Number.POSITIVE_INFINITY);
	});
});
