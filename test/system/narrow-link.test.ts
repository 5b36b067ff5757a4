import { join } from "node:path";
import { RecordKind } from "../../modules/core/record.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { run } from "../support/simulate.js";

describe("the weather node on a link of 11 bytes", () => {
	it("three days, the broker away for one: nothing lost, nothing wrong, health records cut and not in the way", async function () {
		this.timeout(60_000);
		const firmware = new NodeEngine("fresh").load(await bundleFirmware(join(PROJECT, "test/fixtures/narrow.ts")));
		const { summary, records, payloads } = await run({
			firmware,
			days: 3,
			faults: ["broker@20h..30h", "sensor@40h..41h"],
		});
		const { samples, decoded, queued, lost, wrong, undecodable, faults } = summary;
		assert.deepEqual({ lost, wrong, undecodable, faults }, { lost: 0, wrong: 0, undecodable: 0, faults: 0 });
		assert.equal(samples, 3 * 144);
		assert.equal(decoded + queued, samples);
		assert.ok(queued < 6, `${queued} still wait`);
		assert.ok(payloads.every(({ length }) => length <= 11));
		assert.ok(payloads.some(({ length }) => length === 11));
		const health = records.filter(({ kind }) => kind === RecordKind.health);
		assert.ok(health.length >= 2, `${health.length} health records`);
		assert.ok(
			records.some(({ kind, values }) => kind === RecordKind.sample && values[0] === undefined),
			"missing readings",
		);
		assert.deepEqual(
			records.map(({ number }) => number),
			records.map((_, n) => n + 1),
		);
	});
});
