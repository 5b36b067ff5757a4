import type { RetainedMemory } from "../../modules/core/ports.js";
import { BANK, type Retained, type RetainedSection, RetainedState } from "../../modules/cycle/retained.js";
import { PowerCut } from "../../sim/flash.js";
import type { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { type Cuttable, everyCut } from "../support/every-cut.js";
import { seedOf } from "../support/seed.js";

/** RTC memory that can be cut after any byte; the byte at hand is then noise. */
class TornMemory implements RetainedMemory, Cuttable {
	readonly bytes = new Uint8Array(2 * BANK);
	readonly size = 2 * BANK;
	#left = Number.POSITIVE_INFINITY;
	#noise: Seeded | undefined;
	cutAfter(steps: number, noise: Seeded): void {
		this.#left = steps;
		this.#noise = noise;
	}
	read(into: Uint8Array, offset: number): void {
		into.set(this.bytes.subarray(offset, offset + into.length));
	}
	write(bytes: Uint8Array, offset: number): void {
		const done = Math.min(bytes.length, this.#left);
		this.bytes.set(bytes.subarray(0, done), offset);
		this.#left -= done;
		if (done === bytes.length) return;
		this.bytes[offset + done] = this.#noise!.u32();
		throw new PowerCut();
	}
}

const SECTIONS: readonly RetainedSection[] = [1, 2].map((id) => ({ id, budget: 16, version: 1 }));
/** Owners of two sections whose lengths change from commit to commit, all bytes the same number. */
function owners(value: number): Retained[] {
	return [3, 9].map((length) => ({
		retain(into) {
			const bytes = length + (value % 3);
			for (let at = 0; at < bytes; at++) into.setUint8(at, value);
			return bytes;
		},
		restore: () => true,
	}));
}

describe("power loss: retained state", () => {
	for (const [depth, last, least] of [
		[1, 9, 300],
		[2, 6, 20_000],
	] as const) {
		const seed = seedOf(depth);
		it(`cut after every byte, ${depth} deep (seed ${seed}): the old state or the new one, whole`, () => {
			const cuts = everyCut(
				() => new TornMemory(),
				{ committed: 0, attempted: 0 },
				depth,
				(device, ledger) => {
					const state = new RetainedState(device as TornMemory);
					const reader = state.load();
					let value = 0;
					if (reader) {
						assert.ok(reader.sound);
						value = reader.section(1)!.getUint8(0);
						for (const [n, length] of [3, 9].entries()) {
							const view = reader.section(1 + n)!;
							assert.equal(view.byteLength, length + (value % 3));
							for (let at = 0; at < view.byteLength; at++) assert.equal(view.getUint8(at), value);
						}
					}
					assert.ok(
						value === ledger.committed || value === ledger.attempted,
						`${value} after ${ledger.committed}, ${ledger.attempted}`,
					);
					ledger.committed = value;
					for (let next = value + 1; next <= last; next++) {
						ledger.attempted = next;
						state.commit(owners(next), SECTIONS);
						ledger.committed = next;
					}
				},
				seed,
			);
			assert.ok(cuts > least, `only ${cuts} cuts were made`);
		});
	}
});
