import { RecordKind } from "../../modules/core/record.js";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { run } from "../support/simulate.js";

describe("power cuts while a node learns the time", function () {
	this.timeout(180_000);

	it("a cut in each host call of the wake that asks a server, sends and records the mark: no sample is lost, each time that is told is right", async () => {
		const firmware = new NodeEngine("kept").load(await bundleFirmware("test/fixtures/timed.ts"));
		let cuts = 0;
		const seen = { marked: 0, placedByAge: 0, guessed: 0 };
		for (let call = 0; ; call++) {
			const { summary, records, wakes } = await run({
				firmware,
				days: 0.25,
				prepare: ({ board }, _, scheduler) => void scheduler.at(5_990_000, () => board.cutInCall(call, 900_000)),
			});
			const { lost, wrong, faults, flashViolations, undecodable } = summary;
			assert.deepEqual([lost, wrong, faults, flashViolations, undecodable], [0, 0, 0, 0, 0], `call ${call}`);
			assert.ok(summary.timeErrorMs < 2000, `call ${call}: ${summary.timeErrorMs} ms`);
			const cut = wakes.findIndex(({ fault }) => fault?.message === "power cut");
			if (cut !== 10) break; // the wake that publishes has no more calls
			cuts++;
			const marks = records.filter(({ kind }) => kind === RecordKind.sync).map(({ values }) => values[1]);
			assert.equal(marks.at(-1), 2, "the new epoch has its mark");
			assert.equal(new Set(marks).size, marks.length, "and none has two");
			if (marks.includes(1)) seen.marked++;
			else if (summary.untimed > 0) seen.guessed++;
			else seen.placedByAge++;
			// Guesses are only what no frame and no mark told of before the power went.
			assert.ok(summary.untimed === 0 || (!marks.includes(1) && summary.untimed <= 11), `call ${call}`);
		}
		console.log(`      ${cuts} cuts: ${JSON.stringify(seen)}`);
		assert.ok(cuts >= 60, `only ${cuts} cuts were made`);
		assert.ok(seen.marked > 0 && seen.guessed > 0);
	});
});
