import { toHex } from "../../modules/core/bytes.js";
import { eu868 } from "../../net/lorawan/region-eu868.js";
import { Word } from "../../net/lorawan/state.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { LoraRig } from "../support/lorawan.js";

const HOUR = 3_600_000;

/**
 * A life with a join, frames over two blocks of counters, downlinks, MAC commands and a second join. The power goes at the
 * writes `cuts` of flash cells, counted through, before or after the write took.
 * @returns how many writes there were
 */
function live(cuts: readonly number[], when: "before" | "after"): { writes: number; met: number } {
	const rig = new LoraRig(new Seeded(11), { region: eu868 });
	const { server, cells } = rig;
	let writes = 0;
	let met = 0;
	cells.cut = () => {
		if (!cuts.includes(writes++)) return "";
		met++;
		return when;
	};
	const seen = new Set<string>();
	for (let hour = 0; hour < 44; hour++) {
		if (rig.queue.length === 0) rig.queue.push(Uint8Array.of(hour, 1));
		if (hour % 4 === 1)
			server.next = {
				payload: Uint8Array.of(0xd0, hour),
				confirmed: hour % 8 === 1,
				fOpts:
					hour % 3 === 0
						? Uint8Array.of(7, 3 + (hour % 4), 0x18, 0x50, 0x84, 0x50)
						: Uint8Array.of(3, (2 + (hour % 4)) << 4, 7, 0, 1),
			};
		if (hour === 36) {
			server.sessions = [];
			rig.client.mac.words[Word.silent] = 8; // as after eight questions in vain
			rig.retain();
		}
		const outcome = rig.exchange();
		for (const each of outcome.downlinks) {
			assert.ok(!seen.has(each), `the downlink ${each} came twice`);
			seen.add(each);
		}
		if (outcome.end === "cut") {
			rig.cut(60_000);
			if (hour === 36) hour--; // still forgotten
		} else rig.sleep(HOUR);
	}
	assert.deepEqual(server.reused, []);
	cells.cut = () => "";
	server.payloads.length = 0;
	for (let n = 0; n < 40 && server.payloads.length === 0; n++) {
		rig.queue = [Uint8Array.of(0xee)];
		rig.exchange();
		rig.sleep(HOUR);
	}
	assert.equal(toHex(server.payloads[0]?.payload ?? Uint8Array.of()), "ee", "the node is back");
	return { writes, met };
}

describe("lorawan, power loss", () => {
	it("a cut at each write of a cell, before or after it, and again at those that follow: nothing used twice, always back", () => {
		const { writes } = live([], "before");
		assert.ok(writes >= 18, `${writes} writes`);
		let cuts = 0;
		for (const when of ["before", "after"] as const)
			for (let first = 0; first < writes; first++) {
				cuts += live([first], when).met;
				for (let second = first + 1; second <= first + 3; second++) cuts += live([first, second], when).met;
			}
		assert.ok(cuts >= 200, `only ${cuts} cuts`);
		if (typeof process !== "undefined") console.log(`      ${cuts} cuts at ${writes} writes`);
	}).timeout(120_000);
});
