import { Faults } from "../../../sim/faults.js";
import * as assert from "../../assert.js";

const HOUR = 3_600_000;

describe("faults", () => {
	for (const [text, kind, from, to] of [
		["sensor@6h..12h", "sensor", 6 * HOUR, 12 * HOUR],
		["broker@90s..15m", "broker", 90_000, 900_000],
		["rtc@1.5d", "rtc", 36 * HOUR, 36 * HOUR + 60_000],
		["power@0s..0.5h", "power", 0, HOUR / 2],
		["refuse@1.5h..2.5h", "refuse", 1.5 * HOUR, 2.5 * HOUR],
	] as const)
		it(`${text}: on from its start to just before its end`, () => {
			const faults = new Faults().add(text);
			assert.deepEqual(faults.spans(kind), [[from, to]]);
			assert.ok(!faults.active(kind, from - 1) && faults.active(kind, from));
			assert.ok(faults.active(kind, to - 1) && !faults.active(kind, to));
			assert.ok(!faults.active("nonsense", from));
		});
	it("two of a kind: both", () => {
		const faults = new Faults().add("sensor@1h..2h").add("sensor@3h..4h");
		assert.deepEqual(
			[1, 2, 3, 4].map((hour) => faults.active("sensor", hour * HOUR)),
			[true, false, true, false],
		);
	});
	for (const [text, message] of [
		["", "one of sensor, nonsense"],
		["fire@1h", "one of sensor, nonsense"],
		["toString@1h", "one of sensor, nonsense"],
		["sensor", "one of sensor"],
		["sensor@", "two times"],
		["sensor@1", "two times"],
		["sensor@1w", "two times"],
		["sensor@-1h", "two times"],
		["sensor@2h..1h", "the earlier one first"],
		["sensor@1h..1h", "the earlier one first"],
		["sensor@1h..", "--fault sensor@1h.."],
		["sensor@1h..2h..3h", "two times"],
	] as const)
		it(`${JSON.stringify(text)}: refused, what would be right is named`, () => {
			assert.throws(() => new Faults().add(text), { code: "declaration", message });
		});
});
