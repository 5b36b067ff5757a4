import { join } from "node:path";
import { RecordKind } from "../../modules/core/record.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { decodeSenml, resolveSenml } from "../../tools/senml.js";
import * as assert from "../assert.js";
import { type RunOptions, run } from "../support/simulate.js";

async function senmlRun(options: RunOptions) {
	const bundle = await bundleFirmware(join(PROJECT, "nodes/weather-senml.ts"));
	return run({ ...options, firmware: new NodeEngine("fresh").load(bundle) });
}

describe("the senml node", function () {
	this.timeout(60_000);

	it("a month: each sample arrives once, with the readings that the world had, in its own time", async () => {
		const { summary, records, simulation, payloads } = await senmlRun({ days: 30 });
		assert.equal(simulation.node.encoding.kind, "senml");
		assert.deepEqual(
			[summary.lost, summary.wrong, summary.duplicates, summary.undecodable, summary.faults, summary.leaks],
			[0, 0, 0, 0, 0, 0],
		);
		assert.ok(summary.decoded >= 4300, `${summary.decoded} decoded`);
		const samples = records.filter(({ kind }) => kind === RecordKind.sample);
		samples.forEach(({ wallMs }, n) => {
			assert.near((wallMs - samples[0]!.wallMs) / 1000, 600 * n, 1.5, "time");
		});
		assert.equal(records.filter(({ kind }) => kind === RecordKind.health).length, 1);
		for (const payload of payloads) {
			const names = new Set(resolveSenml(decodeSenml(payload)).map(({ n }) => n.slice(0, n.indexOf("_"))));
			assert.deepEqual([...names], [`urn:dev:mac:${simulation.nodeId.slice(0, 6)}fffe${simulation.nodeId.slice(6)}`]);
		}
		assert.ok(summary.frameBytes / summary.decoded < 73, `${summary.frameBytes / summary.decoded} bytes a sample`);
	});
	it("sensor and broker fail, the power and RTC memory as well: nothing comes out wrong, health is told", async () => {
		const faults = ["sensor@12h..14h", "nonsense@20h..21h", "rtc@1.1d", "power@1.5d..1.6d", "broker@2.2d..3.1d"];
		const { summary, records } = await senmlRun({ days: 5, faults });
		assert.deepEqual([summary.wrong, summary.undecodable, summary.faults], [0, 0, 0]);
		assert.ok(summary.lost <= 24, `${summary.lost} lost with the queue's memory`);
		assert.equal(summary.missing, 3 * 18);
		const health = records.filter(({ kind }) => kind === RecordKind.health);
		assert.ok(health.length >= 4 && health.every(({ values }) => values.length === 15));
	});
	it("acknowledgements are lost: records come again and are known by their numbers", async () => {
		const { summary } = await senmlRun({
			days: 1,
			prepare: (_, broker) => {
				broker.faults.swallowPuback = 2;
			},
		});
		assert.deepEqual([summary.lost, summary.wrong], [0, 0]);
		assert.ok(summary.duplicates >= 1, `${summary.duplicates} duplicates`);
	});
});
