import { join } from "node:path";
import { RecordKind } from "../../modules/core/record.js";
import { Start } from "../../modules/cycle/health.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { dormouse, run, weatherBundle } from "../support/simulate.js";

const DURABLE = join(PROJECT, "test/fixtures/durable.ts");
/** Wall time of the weather model's start. */
const START_MS = Date.UTC(2026, 2, 1);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("the weather node", function () {
	this.timeout(60_000);

	it("two runs with the same seed: equal to the byte", async () => {
		const args = ["simulate", "--days", "4", "--seed", "7", "--json"];
		const [one, two, other] = await Promise.all([
			dormouse(args),
			dormouse(args),
			dormouse(["simulate", "--days", "4", "--seed", "8", "--json"]),
		]);
		assert.equal(one.status, 0);
		assert.ok(one.stdout.length > 50_000);
		assert.ok(one.stdout === two.stdout, "runs differ");
		assert.ok(one.stdout !== other.stdout, "the seed makes no difference");
	});
	it("modules evaluated once and modules evaluated each wake: equal payloads over a month", async () => {
		const bundle = await weatherBundle();
		const kept = await run({ days: 30, firmware: new NodeEngine("kept").load(bundle) });
		const fresh = await run({ days: 30, firmware: new NodeEngine("fresh").load(bundle) });
		assert.ok(kept.payloads.length >= 360);
		assert.deepEqual(kept.payloads.map(hex), fresh.payloads.map(hex));
	});
	it("the broker is away for a day: backs off, bounded energy a wake, then all arrives in order", async () => {
		const { records, wakes, summary } = await run({ days: 3, faults: ["broker@6h..30h"] });
		const tries = wakes.filter(({ report }) => report?.problem);
		assert.ok(tries.length >= 4 && tries.length <= 14, `${tries.length} tries in a day`);
		const gaps = tries.slice(1).map((wake, n) => wake.at - tries[n]!.at);
		assert.ok(gaps.at(-1)! > 8 * gaps[0]!, "the gaps grow");
		for (const { awakeMs } of tries) assert.ok(awakeMs < 21_000, `${awakeMs} ms awake`);
		records.forEach(({ number }, n) => {
			assert.equal(number, n + 1);
		});
		assert.equal(summary.lost, 0);
		assert.equal(summary.wrong, 0);
		assert.equal(summary.duplicates, 0, "what was acknowledged is not sent again");
		const samples = records.filter(({ kind }) => kind === RecordKind.sample);
		samples.forEach(({ wallMs }, n) => {
			assert.near((wallMs - samples[0]!.wallMs) / 1000, 600 * n, 1, "original times");
		});
	});
	it("the broker refuses connections: fails fast, then all arrives", async () => {
		const { wakes, summary, records } = await run({ days: 1, faults: ["refuse@3h..9h"] });
		const tries = wakes.filter(({ report }) => report?.problem);
		assert.ok(tries.length > 0);
		for (const { awakeMs, report } of tries) {
			assert.ok(awakeMs < 2000, `${awakeMs} ms awake`); // with DHCP asked anew, as nobody proved the lease
			assert.equal(report!.problem, "lost");
		}
		assert.equal(summary.lost, 0);
		assert.ok(records.length > 100);
	});
	it("the broker answers no CONNECT with a refusal: samples stay, all arrives later", async () => {
		const { wakes, summary } = await run({
			days: 1,
			prepare(_, broker, scheduler) {
				broker.faults.refuse = 0x88; // server unavailable
				scheduler.at(8 * 3_600_000, () => {
					broker.faults.refuse = 0;
				});
			},
		});
		assert.ok(wakes.some(({ report }) => report?.problem === "refused"));
		assert.equal(summary.lost, 0);
		assert.ok(summary.decoded > 130);
	});
	it("acknowledgements are lost: records come again, are recognised by number, none is lost or counted twice", async () => {
		const { summary, records } = await run({
			days: 1,
			prepare: (_, broker) => {
				broker.faults.swallowPuback = 2;
			},
		});
		assert.equal(summary.lost, 0);
		assert.ok(summary.duplicates >= 12, `${summary.duplicates} duplicates`);
		records.forEach(({ number }, n) => {
			assert.equal(number, n + 1);
		});
	});
	for (const sectors of [4, 5])
		it(`durable records on ${sectors} sectors: sent in batches all the same, none is lost`, async () => {
			const firmware = new NodeEngine("kept").load(await bundleFirmware(DURABLE));
			const { summary } = await run({ firmware, days: 2, sectors });
			assert.deepEqual([summary.lost, summary.wrong, summary.flashViolations], [0, 0, 0]);
			assert.near(summary.exchanges, summary.samples / firmware.node.uplink.batch, 2);
		});
	it("the outage is longer than a small store holds: the oldest are dropped, counted and reported", async () => {
		const { summary, wakes, records } = await run({ days: 28, faults: ["broker@2h..26d"], sectors: 4 });
		const dropped = wakes.at(-1)!.report!.dropped;
		assert.ok(dropped > 100, `${dropped} dropped`);
		assert.near(summary.lost, dropped, 1 + dropped / 100); // health records are among the dropped
		const health = records.filter(({ kind }) => kind === RecordKind.health).at(-1)!;
		assert.ok((health.values[6] ?? 0) > 100, "the health record says so");
		let last = 0;
		for (const { number } of records) {
			assert.ok(number > last, "in order");
			last = number;
		}
	});
	it("the sensor is absent for a while: its readings are missing and counted, the battery's are not", async () => {
		const { records, wakes, summary } = await run({ days: 1, faults: ["sensor@3h..5h"] });
		const during = records.filter(
			({ wallMs, kind }) =>
				kind === RecordKind.sample && wallMs >= START_MS + 3 * 3_600_000 && wallMs < START_MS + 5 * 3_600_000,
		);
		assert.equal(during.length, 12);
		for (const { values } of during) {
			assert.deepEqual(values.slice(0, 3), [undefined, undefined, undefined]);
			assert.ok(values[3] !== undefined);
		}
		assert.equal(summary.missing, 36);
		assert.equal(
			wakes.reduce((sum, { report }) => sum + report!.missing[0]!, 0),
			36,
		);
		assert.equal(summary.faults, 0);
	});
	it("the sensor answers nonsense: missing and counted, the cycle goes on", async () => {
		const { wakes, summary } = await run({ days: 1, faults: ["nonsense@3h..5h"] });
		const bad = wakes.filter(({ at }) => at >= 10_800_000 && at < 18_000_000);
		for (const { report } of bad) assert.ok(report!.missing[0]! + report!.missing[1]! === 3);
		assert.equal(summary.lost, 0);
		assert.equal(summary.faults, 0);
	});
	it("RTC memory is corrupted: a cold start with a new epoch and new numbers, reported", async () => {
		const { wakes, records } = await run({ days: 1, faults: ["rtc@8h"] });
		const cold = wakes.filter(({ report }) => report?.start === Start.corrupt);
		assert.equal(cold.length, 1);
		assert.equal(cold[0]!.report!.epoch, 2);
		const health = records.filter(({ kind, number }) => kind === RecordKind.health && number > 256);
		assert.equal(health[0]!.values[0], Start.corrupt);
		assert.equal(new Set(records.map(({ number }) => number)).size, records.length, "no number twice");
		assert.equal(cold[0]!.report!.number, 257);
	});
	it("the power is cut and comes back: numbers and epochs go on, times are right", async () => {
		const { records, summary, wakes } = await run({ days: 1, faults: ["power@12.1h..13h"] });
		const after = records.filter(({ number, kind }) => number > 256 && kind === RecordKind.sample);
		assert.ok(after.length > 50);
		assert.near(after[0]!.wallMs - wakes[0]!.at - Date.UTC(2026, 2, 1), 13 * 3_600_000, 1000);
		assert.equal(summary.wrong, 0);
		assert.ok(summary.lost >= 0 && summary.lost <= 11, `${summary.lost} lost: at most one batch waited in RTC memory`);
	});
	it("the power is cut behind a publish, before the wake could report: counted once, none is lost below zero", async () => {
		const { at, awakeMs } = (await run({ days: 0.07 })).wakes.find(({ report }) => report!.frames > 0)!;
		const { summary } = await run({ days: 0.07, faults: [`power@${((at + awakeMs - 1) / 1000).toFixed(3)}s..6100s`] });
		assert.equal(summary.cuts, 1);
		assert.equal(summary.lost, 0);
		assert.ok(summary.decoded <= summary.samples);
	});
	it("power faults overlap: one outage, one board", async () => {
		const { summary, wakes } = await run({ days: 0.3, faults: ["power@2h..3h", "power@1h..2h", "power@1.5h..1.6h"] });
		assert.equal(summary.faults, 0);
		assert.equal(summary.leaks, 0);
		assert.equal(wakes.filter(({ at }) => at >= 3_600_000 && at < 3 * 3_600_000).length, 0);
		assert.equal(wakes.filter(({ report }) => report?.start === Start.cold).length, 2);
	});
	it("a batch larger than the queue: sent before the queue overflows", async () => {
		const bundle = await bundleFirmware(join(PROJECT, "test/fixtures/hoarder.ts"));
		const { summary } = await run({ days: 4, firmware: new NodeEngine().load(bundle) });
		assert.equal(summary.lost, 0);
		assert.ok(summary.decoded > 300, `${summary.decoded} decoded`);
	});
	it("firmware that dies at each wake: resets, then waits that grow, so that it cannot drain the battery", async () => {
		const bundle = await bundleFirmware(join(PROJECT, "test/fixtures/doomed.ts"));
		for (const engine of [new NodeEngine(), new NodeEngine("fresh")]) {
			const { wakes, simulation } = await run({ days: 3, firmware: engine.load(bundle) });
			const died = wakes.filter(({ fault }) => fault);
			assert.ok(died.length >= 5 && died.length < 30, `${died.length} wakes died in three days`);
			assert.ok(!simulation.gaveUp);
			assert.ok(died[0]!.fault!.message.includes("doomed"));
			assert.ok(died[0]!.fault!.where.includes("test/fixtures/doomed.ts"), died[0]!.fault!.where);
			const awakeMs = wakes.reduce((sum, wake) => sum + wake.awakeMs, 0);
			assert.ok(awakeMs < 10_000, `${awakeMs} ms awake`);
		}
	});
	it("every wake: no handle is left open at sleep", async () => {
		const { wakes } = await run({
			days: 2,
			faults: ["broker@3h..9h", "sensor@12h..13h", "refuse@1d..1.25d"],
		});
		assert.deepEqual(
			wakes.flatMap(({ leaks }) => leaks),
			[],
		);
		assert.ok(wakes.length >= 288);
	});
	it("a wake with publish: a name, TCP, and CONNECT with PUBLISH, a round trip each; then the name is remembered", async () => {
		const quick = await run({ days: 0.5, network: { delayMs: 0 } });
		const slow = await run({ days: 0.5, network: { delayMs: 50 } });
		const sending = ({ wakes }: typeof quick) => wakes.filter(({ report }) => report!.frames > 0);
		for (const [nth, ms] of [300, 200].entries())
			assert.near(sending(slow)[nth]!.awakeMs - sending(quick)[nth]!.awakeMs, ms, 1, `exchange ${nth + 1}`);
	});
});
