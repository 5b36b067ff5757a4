import { toHex } from "../../../modules/core/bytes.js";
import { ClockSync, clockSync } from "../../../net/lorawan/clock-sync.js";
import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { LoraRig } from "../../support/lorawan.js";

/** 2026-11-21 10:00:00 UTC, and the same in GPS seconds. */
const WALL = Date.UTC(2026, 10, 21, 10);
const GPS = 1_479_290_418;

function rig(wallMs = 0) {
	let nowMs = 5000;
	const told: number[] = [];
	const sync = new ClockSync({ ports: { clock: { nowMs: () => nowMs } }, node: { wallMs: () => wallMs } });
	const into = new Uint8Array(51);
	return {
		sync,
		told,
		pass: (ms: number) => {
			nowMs += ms;
		},
		next: (room = 51) => toHex(into.subarray(0, sync.next(into, room))),
		take: (...bytes: number[]) => sync.take(Uint8Array.from(bytes), { wallTime: (at) => void told.push(at) }),
	};
}
const le = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];

describe("lorawan clock synchronisation (TS003)", () => {
	it("no time: asked with AnsRequired; the answer is the time when it was asked, plus what has passed", () => {
		const { sync, told, next, take, pass } = rig();
		assert.ok(sync.begin(true));
		assert.equal(next(), "010000000010");
		sync.done();
		assert.equal(next(), "");
		pass(1500);
		take(1, ...le(GPS), 0);
		assert.deepEqual(told, [WALL + 1500]);
		sync.begin(true);
		assert.equal(next(), "010000000011"); // the next token
	});
	it("a time that is off: told in the request, corrected by the answer; not required", () => {
		const { sync, told, next, take } = rig(WALL - 60_000);
		sync.begin(true);
		assert.equal(next(), `01${toHex(Uint8Array.from(le(GPS - 60)))}00`);
		sync.done();
		take(1, ...le(60), 0);
		assert.deepEqual(told, [WALL]);
	});
	it("an answer to another question, a second answer, one that is cut: nothing is told", () => {
		const { sync, told, next, take } = rig();
		take(1, ...le(GPS), 0);
		sync.begin(true);
		next();
		sync.done();
		take(1, ...le(GPS), 5);
		take(1, ...le(GPS));
		assert.deepEqual(told, []);
		take(1, ...le(GPS), 0);
		take(1, ...le(GPS), 0);
		take(1, ...le(GPS), 1);
		assert.equal(told.length, 1);
	});
	it("its version, a periodicity, a resynchronisation of three: answered in order, as room allows", () => {
		const { sync, next, take } = rig(WALL);
		take(0, 2, 4, 3, 3, 0x55, 0);
		assert.equal(next(), `0001010201${toHex(Uint8Array.from(le(GPS)))}01${toHex(Uint8Array.from(le(GPS)))}00`);
		assert.equal(next(5), "000101");
		sync.done();
		assert.equal(next(6), `0201${toHex(Uint8Array.from(le(GPS)))}`);
		sync.done();
		for (let n = 0; n < 3; n++) {
			assert.equal(next().length, 12);
			sync.done();
		}
		assert.equal(next(), "");
	});
	it("over the air: on port 202 before the frame, no DeviceTimeReq, and the node learns the time", () => {
		const node = new LoraRig(new Seeded(9), { region: eu868, packages: [clockSync] });
		node.queue = [Uint8Array.of(1)];
		assert.equal(node.exchange().end, "idle");
		node.sleep(3_600_000);
		node.wantsTime = true;
		node.queue = [Uint8Array.of(2)];
		node.server.payloads.length = 0;
		node.server.next = { port: 202, payload: Uint8Array.of(1, ...le(GPS), 0) };
		const outcome = node.exchange();
		assert.deepEqual(
			node.server.payloads.map(({ port, payload, fOpts }) => [port, toHex(payload), toHex(fOpts)]),
			[
				[202, "010000000010", ""],
				[1, "02", ""],
			],
		);
		assert.deepEqual(outcome.downlinks, []);
		assert.deepEqual(outcome.delivered, ["02 sent"]);
		assert.near(outcome.wallMs[0]!, WALL, 1500);
	});
});
