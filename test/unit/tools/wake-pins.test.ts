import type { WakeSources } from "../../../modules/core/ports.js";
import type { Chip } from "../../../tools/device/boards.js";
import { checkWake, pinsOf } from "../../../tools/device/wake-pins.js";
import * as assert from "../../assert.js";

const mask = (pins: readonly number[]) => pins.reduce((sum, pin) => sum + 2 ** pin, 0);
const wake = (high: number[], low: number[], touch: number[]): WakeSources => ({
	high: mask(high),
	low: mask(low),
	touch: mask(touch),
	send: false,
	restMs: 5000,
	woke: () => 0,
	arm: () => 0,
});

describe("wake pins by chip", () => {
	it("a mask: its pins, beyond 31 too", () => {
		assert.deepEqual(pinsOf(mask([0, 31, 32, 39, 48])), [0, 31, 32, 39, 48]);
		assert.deepEqual(pinsOf(0), []);
	});
	it("no wake: nothing to check", () => checkWake(undefined, "esp32c3"));
	const good: readonly (readonly [Chip, number[], number[], number[]])[] = [
		["esp32", [39, 0, 25], [33], [27]],
		["esp32", [], [33, 4], []],
		["esp32s3", [0, 1, 2], [21], [14]],
		["esp32s3", [0], [19, 20, 21], []],
		["esp32c3", [0, 1], [4, 5], []],
		["esp32c6", [6], [7], []],
	];
	for (const [chip, high, low, touch] of good)
		it(`${chip}: ${high} at high, ${low} at low, touch ${touch}, right`, () => checkWake(wake(high, low, touch), chip));
	const bad: readonly (readonly [Chip, number[], number[], number[], string])[] = [
		["esp32", [5], [], [], "wake: pin 5 cannot wake an esp32; 0, 2, 4, 12,"],
		["esp32", [], [], [25], "wake: the touch pad at pin 25 cannot wake an esp32; 0, 2, 4,"],
		["esp32", [2], [33, 4], [], "wake: 1 pins at high and 2 at low are too many for an esp32; one pin at low"],
		["esp32", [], [33, 4, 2], [], "too many for an esp32"],
		["esp32s3", [1, 2], [3, 4], [], "too many for an esp32s3; one pin of the other level would be right"],
		["esp32s3", [22], [], [], "wake: pin 22 cannot wake an esp32s3"],
		["esp32c3", [6], [], [], "wake: pin 6 cannot wake an esp32c3; 0, 1, 2, 3, 4, 5 would be right"],
		["esp32c3", [], [], [1], "wake: the touch pad at pin 1 cannot wake an esp32c3; it has no such pins at all"],
		["esp32c6", [], [8], [], "wake: pin 8 cannot wake an esp32c6"],
	];
	for (const [chip, high, low, touch, message] of bad)
		it(`${chip}: ${high} at high, ${low} at low, touch ${touch}, refused`, () => {
			let said = "";
			try {
				checkWake(wake(high, low, touch), chip);
			} catch (error) {
				said = (error as Error).message;
			}
			assert.ok(said.includes(message), said);
		});
});
