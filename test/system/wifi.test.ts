import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { DAY_MS, type Run, run, weatherBundle } from "../support/simulate.js";

const firmware = async () => new NodeEngine("kept").load(await weatherBundle());
const tries = ({ wakes }: Run) => wakes.filter(({ report }) => report?.problem);
const publishes = ({ wakes }: Run) => wakes.filter(({ report }) => report?.acknowledged);
/** A node whose network is never in trouble, to compare with: coulombs a day. */
const undisturbed = async (days: number) => (await run({ firmware: await firmware(), days })).simulation.ledger.perDay;

describe("the weather node on Wi-Fi", function () {
	this.timeout(120_000);

	it("nothing happens for a week: the first join scans, all others take a tenth of a second", async () => {
		const week = await run({ firmware: await firmware(), days: 7 });
		const [first, ...others] = publishes(week);
		assert.ok(first!.split.radioMs > 2000, `${first!.split.radioMs} ms`);
		const least = Math.min(...others.map(({ split }) => split.radioMs));
		assert.ok(least < 210, `${least} ms with the radio on`);
		const renewed = others.filter(({ split }) => split.radioMs > least + 10);
		for (const { split } of others) assert.ok(split.radioMs < least + 30, `${split.radioMs} ms with the radio on`);
		assert.near(renewed.length, 12, 1, "a lease of a day is renewed at the first publish of its second half");
		assert.equal(tries(week).length, 0);
		assert.equal(week.simulation.ledger.quiet.radioMs, 0, "a wake that does not publish leaves the radio alone");
	});
	it("the access point is away for a day: tries that grow apart, bounded charge, then all arrives in order", async () => {
		const week = await run({ firmware: await firmware(), days: 7, faults: ["ap@2d..3d"] });
		const { summary, records, simulation } = week;
		const failed = tries(week);
		assert.ok(failed.length >= 4 && failed.length <= 14, `${failed.length} tries in a day`);
		for (const { split, report } of failed) {
			assert.equal(report!.problem, "absent");
			assert.ok(split.radioMs < 2500, `${split.radioMs} ms with the radio on`);
		}
		assert.deepEqual([summary.lost, summary.wrong, summary.duplicates, summary.leaks], [0, 0, 0, 0]);
		records.forEach(({ number }, n) => {
			assert.equal(number, n + 1);
		});
		const dayMc = (simulation.ledger.failed.chargeUc / 1000) * (failed.length / simulation.ledger.failed.wakes);
		assert.ok(dayMc < 2500, `${dayMc} mC for the tries of a day`);
	});
	it("no access point for a week: at most twice the charge of a node that publishes", async () => {
		const { simulation, summary } = await run({ firmware: await firmware(), days: 7, faults: ["ap@0s..8d"] });
		const perDay = simulation.ledger.perDay;
		const usual = await undisturbed(7);
		assert.ok(perDay < 2 * usual, `${perDay} C a day, ${usual} undisturbed`);
		assert.equal(summary.decoded, 0);
		assert.equal(summary.lost, 0);
	});
	it("the access point is replaced, another BSSID, channel and network: no exchange fails", async () => {
		const week = await run({ firmware: await firmware(), days: 2, faults: ["roam@1d"] });
		assert.equal(tries(week).length, 0);
		const [first, next] = publishes(week).filter(({ at }) => at > DAY_MS);
		assert.near(first!.awakeMs, 3500, 500, "hint, scan and DHCP");
		assert.ok(next!.awakeMs < 260, "and the new one is remembered");
		assert.equal(week.summary.lost, 0);
	});
	it("the network gets other addresses: one exchange fails, the next one asks DHCP", async () => {
		const week = await run({ firmware: await firmware(), days: 2, faults: ["subnet@1d"] });
		assert.deepEqual(
			tries(week).map(({ report }) => report!.problem),
			["timeout"],
		);
		assert.equal(week.summary.lost, 0);
		assert.ok(week.summary.decoded > 270);
	});
	it("the DHCP server is silent for a day: a good lease serves on, and only its end stops the node", async () => {
		const week = await run({ firmware: await firmware(), days: 3, faults: ["dhcp@1h..1d"] });
		// The first join comes after the server went: nothing can be had before it is back.
		assert.ok(tries(week).length >= 4);
		const kept = await run({ firmware: await firmware(), days: 3, faults: ["dhcp@3h..23h"] });
		assert.equal(tries(kept).length, 0, "the lease of 1:40 lasts a day");
		assert.ok(
			publishes(kept).some(({ awakeMs }) => awakeMs > 2000),
			"renewals were tried",
		);
		assert.equal(kept.summary.lost, 0);
	});
	it("the passphrase is wrong: refused, bounded charge, nothing lost, and never told", async () => {
		const passphrase = "quite another one";
		const { simulation, wakes, summary } = await run({
			firmware: await firmware(),
			days: 3,
			settings: { passphrase },
		});
		const failed = wakes.filter(({ report }) => report?.problem);
		assert.ok(failed.length > 3);
		for (const { report } of failed) assert.equal(report!.problem, "refused");
		assert.ok(simulation.ledger.perDay < 4 * (await undisturbed(3)), `${simulation.ledger.perDay} C a day`);
		assert.equal(summary.lost, 0);
		const kept = Buffer.concat([
			simulation.board.rtc,
			...[...simulation.board.flash.values()].map(({ bytes }) => bytes),
		]);
		assert.ok(!kept.includes(passphrase), "it stands neither in RTC memory nor in flash");
		assert.ok(!JSON.stringify(wakes.map(({ report }) => report)).includes(passphrase));
	});
	it("the access point goes while the node publishes: the exchange fails, all arrives later, once", async () => {
		let disturbed = 0;
		for (let ms = 0; ms < 3000; ms += 250) {
			const at = 6000 + ms / 1000;
			const { summary, records } = await run({
				firmware: await firmware(),
				days: 0.3,
				faults: [`ap@${at}s..${at + 3000}s`],
			});
			if (summary.failedExchanges) disturbed++;
			assert.deepEqual([summary.lost, summary.leaks], [0, 0]);
			assert.equal(new Set(records.map(({ number }) => number)).size, records.length);
		}
		assert.ok(disturbed > 5, `${disturbed} exchanges were disturbed`);
	});
	it("the power is cut while the node joins: a cold start that joins as new", async () => {
		const { summary, wakes } = await run({
			firmware: await firmware(),
			days: 0.5,
			faults: ["power@13200.1s..13300s"],
		});
		assert.equal(summary.cuts, 1);
		assert.deepEqual([summary.leaks, summary.faults], [0, 0]);
		const after = wakes.filter(({ at, report }) => at > 13_300_000 && report?.acknowledged);
		assert.ok(after[0]!.split.radioMs > 2000, "RTC memory is lost, and with it what it joined by");
	});
	it("time awake: its parts add up", async () => {
		const { wakes } = await run({ firmware: await firmware(), days: 1 });
		for (const { awakeMs, split } of wakes) {
			const { bootMs, busyMs, waitMs, radioMs } = split;
			assert.near(bootMs + busyMs + waitMs + radioMs, awakeMs, 1e-6);
			assert.equal(split.scriptMs, undefined, "V8 says nothing about a device's time");
		}
	});
});
