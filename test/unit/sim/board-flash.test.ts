import { BOOT_MS, Board, type WakeLog } from "../../../sim/board.js";
import type { Firmware, HostSide } from "../../../sim/engine/engine.js";
import { NorFlash, SECTOR } from "../../../sim/flash.js";
import { Op, Status } from "../../../sim/host/table.js";
import { VirtualNetwork } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

/** A host call's bytes: op, handle, and 32-bit arguments, then `rest`. */
function request(op: number, handle: number, words: readonly number[], rest: ArrayLike<number> = []): Uint8Array {
	const bytes = new Uint8Array(3 + 4 * words.length + rest.length);
	const view = new DataView(bytes.buffer);
	view.setUint8(0, op);
	view.setUint16(1, handle);
	words.forEach((word, n) => {
		view.setUint32(3 + 4 * n, word);
	});
	bytes.set(rest, 3 + 4 * words.length);
	return bytes;
}

/** One wake of a board with this flash whose firmware is `run`; then it sleeps for an hour. */
function wakeOf(flash: NorFlash, run: (host: HostSide, partition: number, reply: Uint8Array) => void): WakeLog {
	const scheduler = new Scheduler();
	const logs: WakeLog[] = [];
	const firmware = {
		boot(host: HostSide) {
			const reply = host.call(request(Op.flashOpen, 0, [], Buffer.from("store"))).slice();
			const partition = (reply[1]! << 8) | reply[2]!;
			run(host, partition, reply);
			host.call(request(Op.close, partition, []));
			const sleep = request(Op.deepSleep, 0, [0, 0]);
			new DataView(sleep.buffer).setFloat64(3, 3_600_000);
			host.call(sleep);
			return { state: "ended", fault: undefined, event() {}, drop() {} };
		},
	} as unknown as Firmware;
	const board = new Board({
		scheduler,
		network: new VirtualNetwork(scheduler, {}),
		firmware,
		chips: [],
		analog: new Map(),
		flash: new Map([["store", flash]]),
		seed: 1,
		identity: new Uint8Array(6),
		settings: {},
		onWake: (log) => logs.push(log),
	});
	board.powerOn();
	while (logs.length === 0) scheduler.advance(60_000);
	return logs[0]!;
}

describe("a board's flash", () => {
	it("reads, programs and erases: the chip's time is the wake's", () => {
		const flash = new NorFlash(2);
		const { awakeMs, leaks } = wakeOf(flash, (host, partition) => {
			for (const each of [
				request(Op.flashErase, partition, [0, SECTOR]),
				request(Op.flashWrite, partition, [0], new Uint8Array(300)),
				request(Op.flashRead, partition, [0, 300]),
			])
				assert.equal(host.call(each)[0], Status.ok);
		});
		assert.deepEqual(leaks, []);
		assert.near(awakeMs, BOOT_MS.power + flash.busyUs / 1000, 1e-6);
		assert.ok(flash.busyUs > 45_000 + 750);
	});
	it("an alignment: told when it is opened; a write off it is refused", () => {
		const flash = new NorFlash(1, SECTOR, { alignment: 16 });
		wakeOf(flash, (host, partition, reply) => {
			assert.equal(reply[11], 16);
			const bytes = new Uint8Array(16);
			assert.equal(host.call(request(Op.flashWrite, partition, [8], bytes))[0], Status.flash);
			assert.equal(host.call(request(Op.flashWrite, partition, [16], bytes))[0], Status.ok);
		});
		assert.equal(flash.counts.violations, 1);
	});
	it("a sector that refuses to erase: an error of flash, and its time passes", () => {
		const flash = new NorFlash(1);
		flash.failErases(0, "refused");
		const { awakeMs } = wakeOf(flash, (host, partition) => {
			assert.equal(host.call(request(Op.flashErase, partition, [0, SECTOR]))[0], Status.flash);
		});
		assert.near(awakeMs, BOOT_MS.power + 45, 1e-6);
	});
	it("a cut in the middle of an erase: half of its time passes", () => {
		const flash = new NorFlash(1);
		let at = -1;
		const scheduler = new Scheduler();
		const board = new Board({
			scheduler,
			network: new VirtualNetwork(scheduler, {}),
			firmware: {
				boot(host: HostSide) {
					const reply = host.call(request(Op.flashOpen, 0, [], Buffer.from("store")));
					flash.cutAfter(1, new Seeded(1));
					const erase = request(Op.flashErase, (reply[1]! << 8) | reply[2]!, [0, SECTOR]);
					assert.equal(host.call(erase)[0], Status.ended);
					return { state: "ended", fault: undefined, event() {}, drop() {} };
				},
			} as unknown as Firmware,
			chips: [],
			analog: new Map(),
			flash: new Map([["store", flash]]),
			seed: 1,
			identity: new Uint8Array(6),
			settings: {},
			onWake: ({ awakeMs }) => {
				at = awakeMs;
			},
		});
		board.powerOn();
		while (at < 0) scheduler.advance(60_000);
		assert.near(at, BOOT_MS.power + 22.5, 1e-6);
	});
});
