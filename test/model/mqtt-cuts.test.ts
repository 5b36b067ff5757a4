import type { MqttOptions } from "../../net/mqtt/declaration.js";
import * as assert from "../assert.js";
import type { ConnectionFaults } from "../support/faulty-lane.js";
import { MqttRig } from "../support/mqtt-rig.js";

/** Records of the exchange that is cut, three frames of four at most. */
const RECORDS = 10;

/**
 * A wake that introduces node and broker, one of ten records with faults, and one that is sound.
 * @param most connections of the second wake that have the faults: a client may try again within its exchange
 */
function cutOnce(mqtt: MqttOptions, faults: ConnectionFaults, what: string, most = Number.POSITIVE_INFINITY): MqttRig {
	let left = 0;
	const rig = new MqttRig({ mqtt, script: () => (left-- > 0 ? faults : {}) });
	rig.wake(1);
	rig.sleep(600_000);
	left = most;
	rig.wake(RECORDS);
	left = 0;
	rig.check(what);
	rig.sleep(600_000);
	for (let wakes = 0; rig.node.queued && wakes < 3; wakes++) {
		rig.wake(0);
		rig.sleep(600_000);
	}
	rig.settle(what);
	return rig;
}

/** Bytes that an exchange without faults takes, in each direction. */
function lengths(mqtt: MqttOptions): { readonly up: number; readonly down: number; readonly packets: number } {
	let up = 0;
	let down = 0;
	let packets = 0;
	const rig = new MqttRig({ mqtt });
	const { monitor } = rig;
	const [hearUp, hearDown] = [monitor.up.bind(monitor), monitor.down.bind(monitor)];
	rig.wake(1);
	rig.sleep(600_000);
	monitor.up = (n, bytes) => {
		up += bytes.length;
		hearUp(n, bytes);
	};
	monitor.down = (n, bytes) => {
		down += bytes.length;
		hearDown(n, bytes);
	};
	const before = [...monitor.counts.values()].reduce((sum, count) => sum + count, 0);
	rig.wake(RECORDS);
	rig.sleep(1000);
	rig.settle("without faults");
	packets = [...monitor.counts.values()].reduce((sum, count) => sum + count, 0) - before;
	return { up, down, packets };
}

describe("mqtt exchange, cut at every byte", () => {
	let cuts = 0;
	let again = 0;
	for (const version of [5, 4] as const)
		for (const how of ["reset", "order"] as const)
			it(`mqtt exchange: version ${version}, ${how} after each byte in each direction, each record once`, () => {
				const mqtt = { version };
				const { up, down } = lengths(mqtt);
				const most = how === "reset" ? 1 : Number.POSITIVE_INFINITY;
				let here = 0;
				for (const [lane, length] of [
					["up", up],
					["down", down],
				] as const)
					for (let cutAt = 0; cutAt <= length; cutAt++) {
						const rig = cutOnce(mqtt, { how, [lane]: { cutAt } }, `${how} at ${cutAt} ${lane}`, most);
						again += rig.receiver.duplicates;
						here++;
					}
				cuts += here;
				assert.equal(here, up + down + 2);
				assert.ok(here > 150, `only ${here} cuts were made`);
			});

	it("mqtt exchange: the first contact ever cut after each byte, each record once, and 5.0 is spoken in the end", () => {
		const { up, down } = lengths({ version: 5 });
		for (const [lane, length] of [
			["up", up],
			["down", down],
		] as const)
			for (let cutAt = 0; cutAt <= length; cutAt++)
				for (const most of [1, 2]) {
					let left = most;
					const rig = new MqttRig({ script: () => (left-- > 0 ? { [lane]: { cutAt } } : {}) });
					for (let wake = 0; wake < 3; wake++) {
						rig.wake(RECORDS);
						rig.sleep(600_000);
					}
					rig.settle(`first contact, ${most} cut at ${cutAt} ${lane}`);
					assert.equal(rig.monitor.version, 5, `${most} cut at ${cutAt} ${lane}`);
					cuts++;
				}
	});

	for (const version of [5, 4] as const)
		it(`mqtt exchange: version ${version}, swallowed, stalled or ended from each byte on, each record once`, () => {
			const mqtt = { version };
			const { up, down } = lengths(mqtt);
			let here = 0;
			for (const [lane, length] of [
				["up", up],
				["down", down],
			] as const)
				for (let at = 0; at <= length; at++)
					for (const fault of ["swallowAt", "stallAt", "endAt"] as const) {
						cutOnce(mqtt, { [lane]: { [fault]: at } }, `${fault} ${at} ${lane}`);
						here++;
					}
			cuts += here;
			assert.equal(here, 3 * (up + down + 2));
		});

	for (const version of [5, 4] as const)
		it(`mqtt exchange: version ${version}, in pieces of every size and all in one, the same events`, () => {
			const mqtt = { version };
			const { packets } = lengths(mqtt);
			for (let pieces = 1; pieces <= 40; pieces++) {
				const rig = cutOnce(mqtt, { up: { pieces }, down: { pieces } }, `pieces of ${pieces}`);
				assert.equal(rig.receiver.duplicates, 0);
				assert.deepEqual([...rig.node.outcomes], [["idle", 2]]);
			}
			const rig = cutOnce(mqtt, { up: { gatherMs: 50 }, down: { gatherMs: 50 } }, "gathered");
			assert.deepEqual([...rig.node.outcomes], [["idle", 2]]);
			assert.ok(packets > 6);
		});

	it("mqtt exchange: the power goes at every millisecond of a wake, nothing retained since, each record once", () => {
		let here = 0;
		for (const isForgotten of [false, true])
			for (let cutMs = 0; cutMs <= 130; cutMs++) {
				const rig = new MqttRig();
				rig.wake(1);
				rig.sleep(600_000);
				rig.wake(RECORDS, cutMs);
				if (isForgotten) rig.node.forget();
				rig.sleep(600_000);
				for (let wakes = 0; rig.node.queued && wakes < 3; wakes++) {
					rig.wake(0);
					rig.sleep(600_000);
				}
				rig.settle(`power cut after ${cutMs} ms`);
				here++;
			}
		cuts += here;
		assert.equal(here, 262);
	});

	after(() => {
		console.log(`    ${cuts} cuts; ${again} records came twice`);
		assert.ok(cuts > 2000);
	});
});
