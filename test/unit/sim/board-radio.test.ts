import { bundleFirmware } from "../../../sim/engine/bundle.js";
import { NodeEngine } from "../../../sim/engine/node.js";
import * as assert from "../../assert.js";
import { runOnBoard } from "../../support/radio-board.js";

describe("a board's radio", () => {
	for (const [family, file] of [
		["sx127x", "test/fixtures/radio-127.ts"],
		["sx126x", "test/fixtures/radio.ts"],
	] as const)
		it(`${family}: an exchange in each of two wakes, heard at its time; asleep between`, async () => {
			const firmware = new NodeEngine("fresh").load(await bundleFirmware("nodes/weather.ts", file));
			const { logs, air, chip, board } = runOnBoard(firmware, family, 2);
			assert.deepEqual(
				logs.map(({ fault, leaks }) => [fault?.message, leaks]),
				[
					[undefined, []],
					[undefined, []],
				],
			);
			const sent = air.frames.filter(({ invertIq }) => !invertIq).map(({ bytes }) => Array.from(bytes));
			assert.deepEqual(sent, [
				[1, 2, 3],
				[9, 8, 7, 6, 5],
				[1, 2, 3],
				[9, 8, 7, 6, 5],
			]);
			assert.equal(chip.mode, "sleep");
			assert.deepEqual(chip.violations, []);
			assert.ok(board.dozedMs > 950 && board.dozedMs < 1060, `${board.dozedMs} ms of light sleep`);
			assert.deepEqual([...board.parked.values()], [1], "its select line is held in deep sleep");
		});
});
