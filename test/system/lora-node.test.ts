import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../modules/core/bytes.js";
import { RecordKind } from "../../modules/core/record.js";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import type { Firmware } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { isJoin } from "../../sim/radio/lora-tally.js";
import { Seeded } from "../../sim/seeded.js";
import { buildHost } from "../../sim/xs/build.js";
import { loadNode } from "../../tools/node-file.js";
import * as assert from "../assert.js";
import { runEs5 } from "../support/es5.js";
import { COMMANDS, FIELD, fieldBundle, type LoraRunOptions, runLora } from "../support/lora-node.js";
import { dormouse } from "../support/simulate.js";

const HOUR_MS = 3_600_000;
const US915 = join(PROJECT, "test/fixtures/lora-us915.ts");

/** A life with all that a LoRaWAN node meets. */
const TROUBLED: LoraRunOptions = {
	days: 5,
	seed: 7,
	faults: ["gateway@10h..14h", "downlink@1d..1.5d", "rtc@1.7d", "power@2d..2.1d", "forget@2.5d", "sensor@3d..3.1d"],
	drift: (at) => 1500 * Math.sin(at / 1e7),
};

/** The same run on some firmware: payloads, what went on air, and a digest of all host calls. */
async function live(firmware: Firmware, options: LoraRunOptions = TROUBLED) {
	const boot = firmware.boot.bind(firmware);
	const calls = createHash("sha256");
	firmware.boot = (host) =>
		boot({
			call(request) {
				calls.update(request);
				return host.call(request);
			},
		});
	const run = await runLora({ ...options, firmware });
	firmware.close();
	return {
		...run,
		payloads: run.uplinks.map(({ payload }) => toHex(payload)),
		air: run.frames.map(({ bytes }) => toHex(bytes)),
		calls: calls.digest("hex"),
	};
}

describe("a LoRaWAN node", function () {
	this.timeout(120_000);

	it("three days: joins once, each sample arrives once, asleep in time, nothing left open, within the law", async () => {
		const { summary, wakes, frames, records, network, simulation } = await runLora({ days: 3 });
		assert.equal(summary.samples, 288);
		assert.deepEqual(
			[summary.lost, summary.duplicates, summary.wrong, summary.failedExchanges, summary.undecodable],
			[0, 0, 0, 0, 0],
		);
		assert.ok(summary.queued < 4);
		assert.equal(frames.filter(isJoin).length, 1);
		assert.equal(network.counts.uplinks, frames.length - 1);
		assert.deepEqual(simulation.radio!.chip.violations, []);
		assert.equal(simulation.radio!.chip.mode, "sleep");
		assert.deepEqual([summary.leaks, summary.faults], [0, 0]);
		assert.deepEqual(network.violations, []);
		const [first, ...others] = wakes;
		assert.ok(first!.report!.acknowledged > 0 && frames[0]!.startMs < 12_000, "it joins when it is switched on");
		assert.ok(first!.awakeMs < 30_000, `${first!.awakeMs} ms awake, as the budget of airtime is empty then`);
		const longest = Math.max(...others.map(({ awakeMs }) => awakeMs));
		assert.ok(longest < 10_000, `${longest} ms awake`);
		// The first frame leaves before the time is known: it tells ages in whole seconds, and was a tenth of one on air.
		assert.ok(summary.timeErrorMs < 1100, `times off by ${summary.timeErrorMs} ms`);
		const samples = records.filter(({ kind }) => kind === RecordKind.sample);
		for (const [n, { wallMs }] of samples.entries())
			if (n > 0) assert.near(wallMs - samples[1]!.wallMs, (n - 1) * 900_000, 1000, `sample ${n}`);
		assert.near(samples[1]!.wallMs, Date.parse("2026-03-01T00:15:00Z"), 1000);
		// All that the radio took is in its wakes or in sleep: in deep sleep 0.6 µA, once it was there.
		assert.ok(others.every(({ report, radio }) => report!.frames > 0 || radio!.chargeUc < 0.6 * 0.06));
	});
	it("modules evaluated each wake, once, and on XS: equal payloads and frames, equal host calls, faults and all", async () => {
		const bundle = await fieldBundle();
		const fresh = await live(new NodeEngine("fresh").load(bundle));
		const kept = await live(new NodeEngine("kept").load(bundle));
		assert.ok(fresh.payloads.length > 80, `${fresh.payloads.length} payloads`);
		assert.ok(fresh.frames.filter(isJoin).length >= 2, "joined anew");
		assert.equal(fresh.summary.wrong, 0);
		for (const other of [kept, ...(await onXs(bundle))]) {
			assert.deepEqual(other.payloads, fresh.payloads);
			assert.deepEqual(other.air, fresh.air);
			assert.deepEqual(other.summary, fresh.summary);
			assert.equal(other.calls, fresh.calls);
		}
	});
	it("the memory of an ESP32-C3: its stack and one region are enough for joins, downlinks and all", async function () {
		const host = await buildHost();
		if (!host.ready) return this.skip();
		for (const file of [FIELD, COMMANDS, US915]) {
			const firmware = new XsEngine(host, { ram: "esp32c3" }).load(await bundleFirmware(file));
			assert.deepEqual(firmware.warnings, [], "what the SDK's linker would warn of");
			const { summary, wakes } = await runLora({ firmware, days: 1 });
			firmware.close();
			assert.deepEqual(
				wakes.flatMap(({ fault }) => fault?.message ?? []),
				[],
			);
			assert.deepEqual([summary.lost, summary.wrong], [0, 0]);
		}
	});
	async function onXs(bundle: Awaited<ReturnType<typeof fieldBundle>>) {
		const host = await buildHost();
		if (host.ready) return [await live(new XsEngine(host).load(bundle))];
		console.log(`      not on XS: ${host.reason}`);
		return [];
	}

	it("no gateway for a day: records wait, tries are few and bounded, then all arrive", async () => {
		const { summary, wakes, frames } = await runLora({
			days: 3,
			firmware: new NodeEngine("fresh").load(await bundleFirmware(COMMANDS)),
			faults: ["gateway@1d..2d"],
		});
		assert.deepEqual([summary.lost, summary.wrong], [0, 0]);
		assert.ok(summary.queued <= 1, `${summary.queued} wait`);
		const away = wakes.filter(({ at }) => at > 24 * HOUR_MS && at < 48 * HOUR_MS);
		const tries = away.filter(({ report }) => report!.frames > 0 || report!.problem);
		assert.ok(tries.length >= 4 && tries.length < 20, `${tries.length} tries in a day`);
		const airtimeMs = frames
			.filter(({ startMs }) => startMs > 24 * HOUR_MS && startMs < 48 * HOUR_MS)
			.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
		assert.ok(airtimeMs < 36_000, `${airtimeMs} ms on air`);
	});
	it("frames lost on air, not acknowledged: they count as lost, and the command says so", async () => {
		const { status, stdout } = await dormouse([
			...["simulate", "--node", FIELD, "--engine", "node", "--days", "1", "--show", "none"],
			...["--fault", "gateway@10h..12h"],
		]);
		assert.equal(status, 1);
		assert.ok(/losses {5}([1-9]|1\d) lost/.test(stdout), stdout);
	});
	it("the network forgets the session: noticed, joined anew, and the samples come again", async () => {
		const { frames, records, network, summary } = await runLora({
			days: 5,
			firmware: new NodeEngine("fresh").load(await bundleFirmware(COMMANDS)),
			faults: ["forget@2d"],
		});
		assert.equal(network.counts.joins, 2);
		const again = frames.filter(isJoin)[1]!.startMs;
		assert.ok(again > 48 * HOUR_MS && again < 90 * HOUR_MS, `joined again after ${again / HOUR_MS} h`);
		assert.deepEqual([summary.lost, summary.wrong], [0, 0]);
		assert.ok(records.at(-1)!.wallMs > records[0]!.wallMs + 118 * HOUR_MS);
	});
	it("the power is cut while it waits for a window: a new wake, counters go on, records too", async () => {
		let cuts = 0;
		const seen = new Map<string, string>();
		const { frames, summary } = await runLora({
			days: 4,
			firmware: new NodeEngine("fresh").load(await bundleFirmware(COMMANDS)),
			prepare(simulation, _, scheduler) {
				simulation.radio!.onFrame = (frame) => {
					if (frame.startMs > 30 * HOUR_MS && cuts < 6)
						scheduler.at(frame.endMs + 500, () => {
							cuts++;
							simulation.board.powerOff();
							scheduler.after(1000, () => simulation.board.powerOn());
						});
					const key = toHex(isJoin(frame) ? frame.bytes.subarray(17, 19) : frame.bytes.subarray(1, 8));
					const text = toHex(frame.bytes);
					assert.ok((seen.get(key) ?? text) === text, `${key} is used again`);
					seen.set(key, text);
				};
			},
		});
		assert.equal(cuts, 6);
		assert.equal(frames.length, 0, "the test's own hook counted");
		assert.ok(seen.size > 60, `${seen.size} frames`);
		assert.deepEqual([summary.lost, summary.wrong, summary.faults], [0, 0, 0]);
	});
	it("more to send than the law allows, at the slowest rate, the power gone again and again: no hour over it", async () => {
		const random = new Seeded(3);
		let cuts = 0;
		const { network, frames, summary } = await runLora({
			days: 1,
			firmware: new NodeEngine("kept").load(await bundleFirmware(join(PROJECT, "test/fixtures/lora-busy.ts"))),
			network: { gateways: [{ distanceM: 5000 }], adr: false },
			onWake({ fault, radio }, { board }) {
				if (fault && radio!.frames.length) cuts++;
				if (random.between(1, 25) === 1) board.cutInCall(random.between(0, 900), random.between(100, 200_000));
			},
		});
		const slow = frames.filter(({ spreadingFactor }) => spreadingFactor === 12);
		assert.ok(slow.length > 400, `${slow.length} frames at SF12`);
		assert.ok(cuts > 5, `${cuts} cuts after a frame`);
		assert.deepEqual(network.violations, []);
		for (const { band, perMille, allowed } of network.fullest)
			assert.ok(perMille > allowed / 2 && perMille <= allowed, `${perMille} of ${allowed} ‰ in ${band}`);
		assert.deepEqual([summary.lost, summary.wrong, summary.faults], [0, 0, 0]);
		console.log(
			`      ${cuts} cuts; ${network.fullest.map(({ band, perMille }) => `${perMille.toFixed(2)} ‰ in ${band}`).join(", ")}`,
		);
	});
	it("commands are queued: each comes once, in order, at the next exchange; a confirmed one is acknowledged", async () => {
		let acked = 0;
		const { wakes, network, summary, cell } = await runLora({
			days: 1,
			firmware: new NodeEngine("fresh").load(await bundleFirmware(COMMANDS)),
			prepare({ provisioned }, network, scheduler) {
				for (let serial = 1; serial <= 8; serial++)
					scheduler.at((1.5 + 2 * serial) * HOUR_MS, () =>
						network.queue(provisioned.devEui!, {
							port: 10,
							payload: Uint8Array.of(0, serial),
							confirmed: serial % 2 === 0,
							onAcked: () => acked++,
						}),
					);
			},
		});
		assert.deepEqual(
			wakes.map(({ report }) => report?.problem).filter(Boolean),
			[],
			"none refused, so none came twice or out of order",
		);
		assert.equal(acked, 4);
		assert.equal(summary.taken, 8);
		assert.ok(network.counts.downlinks >= 8);
		assert.deepEqual(cell(), [0, 8, 0, 8, 0, 0]);
	});

	it("a wrong AppKey: joins are not answered, told, and less and less often tried", async () => {
		const { summary, frames, wakes } = await runLora({ days: 2, settings: { appKey: "ff".repeat(16) } });
		assert.equal(summary.decoded, 0);
		assert.ok(frames.every(isJoin));
		assert.ok(wakes.some(({ report }) => report?.problem === "timeout"));
		const airtimeMs = frames.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
		assert.ok(airtimeMs < 81_000, `${airtimeMs} ms on air`);
		assert.deepEqual([summary.queued, summary.lost], [summary.samples, 0]);
	});
	it("no keys: each exchange fails with their absence, and the radio sleeps from the first wake on", async () => {
		const { wakes, frames, summary, simulation } = await runLora({ days: 0.2, settings: { appKey: "none" } });
		assert.equal(frames.length, 0);
		assert.equal(simulation.radio!.chip.mode, "sleep");
		assert.deepEqual(simulation.radio!.chip.violations, []);
		const coulombs = simulation.ledger.loraSleepUc / 1e6;
		assert.ok(coulombs < 0.02, `${coulombs} C in five hours: an SX1262 in standby takes 10`);
		assert.ok(wakes.some(({ report }) => report?.problem === "key"));
		assert.ok(summary.failedExchanges > 0);
	});
	it("RTC memory is lost again and again while nobody answers: joins keep to their periods all the same", async () => {
		const lost = Array.from({ length: 12 }, (_, n) => `rtc@${2 * n + 1}.7h`);
		const { network, frames } = await runLora({ days: 1, faults: [...lost, "gateway@0s..1d"] });
		assert.ok(frames.length > 12, `${frames.length} joins`);
		assert.deepEqual(network.violations, []);
	});
	for (const file of ["lora-us915", "lora-us915-all"])
		it(`${file}, a backlog at DR0, joins and a forgotten session: no channel is occupied for longer than the FCC allows`, async () => {
			const bundle = await bundleFirmware(join(PROJECT, "test/fixtures", `${file}.ts`));
			let frames = 0;
			for (let seed = 1; seed <= 4; seed++) {
				const run = await runLora({
					days: 4,
					seed,
					firmware: new NodeEngine("kept").load(bundle),
					faults: ["gateway@1d..1.5d", "forget@2d"],
					network: { gateways: [{ distanceM: 5000 }] },
				});
				frames += run.frames.length;
				assert.deepEqual(run.network.violations, [], `seed ${seed}`);
			}
			assert.ok(frames > 800, `${frames} frames`);
		});
	it("US915 at eleven bytes, an SX1276: one sample a frame at DR0, more when the network raises the rate", async () => {
		const { summary, uplinks, frames, network, simulation } = await runLora({
			days: 1,
			firmware: new NodeEngine("fresh").load(await bundleFirmware(US915)),
		});
		assert.deepEqual([summary.lost, summary.wrong, summary.failedExchanges], [0, 0, 0]);
		assert.equal(uplinks[0]!.payload.length, 11);
		assert.ok(
			frames.some(({ spreadingFactor }) => spreadingFactor === 10) && frames.some((f) => f.spreadingFactor < 10),
		);
		assert.ok(
			frames.every(({ startMs, endMs }) => endMs - startMs < 400),
			"dwell time",
		);
		assert.deepEqual(network.violations, []);
		assert.deepEqual(simulation.radio!.chip.violations, []);
	});
	it("US915, readings that do not fit eleven bytes: refused at the declaration, with what they take", async () => {
		const folder = mkdtempSync(join(tmpdir(), "dormouse-lora-"));
		try {
			const file = join(folder, "node.ts");
			const text = readFileSync(US915, "utf8").replaceAll('"../../', `"${PROJECT}/`);
			writeFileSync(file, text.replace("pressure: {}", "pressure: { resolution: 0.01 }"));
			const refused = await loadNode(file).then(
				() => "",
				(error: Error) => error.message,
			);
			assert.ok(refused.includes("uplink.mtu: 11 bytes is wrong; at least 12"), refused);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
	it("between a frame and its windows: light sleep, at a fraction of what idling would take", async () => {
		const { wakes, simulation } = await runLora({ days: 1 });
		const { split } = wakes.find(({ radio }) => radio!.frames.length === 1)!;
		assert.ok(split.lightMs > 850 && split.waitMs < 0.4 * split.lightMs, `${split.lightMs} and ${split.waitMs} ms`);
		assert.ok(simulation.ledger.each("published") < 20, `${simulation.ledger.each("published")} mC`);
	});
});

describe("a LoRaWAN node and the tools", function () {
	this.timeout(60_000);
	const folder = mkdtempSync(join(tmpdir(), "dormouse-lora-"));
	after(() => rmSync(folder, { recursive: true }));

	it("frames as The Things Stack gives them, base64: the generated codec and decode read what the network did", async () => {
		const { uplinks, records } = await runLora({ days: 0.5 });
		const file = join(folder, "field.js");
		const made = await dormouse(["codec", "--for", "ttn", "--node", FIELD, "--out", file]);
		assert.deepEqual([made.status, made.stderr], [0, ""]);
		const call = runEs5(readFileSync(file, "utf8"));
		const numbers = uplinks.flatMap(({ payload, port }) => {
			const { data, errors } = call(`decodeUplink({ bytes: [${payload.join()}], fPort: ${port} })`) as {
				data: { records: { number: number }[] };
				errors: string[];
			};
			assert.deepEqual(errors, []);
			return data.records.map(({ number }) => number);
		});
		assert.deepEqual(
			numbers,
			records.map(({ number }) => number),
		);
		const lines = uplinks.map(({ payload }) => Buffer.from(payload).toString("base64")).join("\n");
		const messages = join(folder, "messages.txt");
		writeFileSync(messages, lines);
		const decoded = await dormouse(["decode", "--node", FIELD, "--received", "2026-03-01T12:00:00Z", messages]);
		assert.equal(decoded.status, 0);
		assert.equal(decoded.stdout.trim().split("\n").length, records.length);
	});
});
