import {
	BANK,
	type Retained,
	type RetainedSection,
	RetainedState,
	retainedSize,
} from "../../../modules/cycle/retained.js";
import * as assert from "../../assert.js";

/** RTC memory of two banks. */
class Memory {
	readonly bytes = new Uint8Array(2 * BANK);
	readonly size = 2 * BANK;
	read(into: Uint8Array, offset: number): void {
		into.set(this.bytes.subarray(offset, offset + into.length));
	}
	write(bytes: Uint8Array, offset: number): void {
		this.bytes.set(bytes, offset);
	}
}
const SECTIONS: readonly RetainedSection[] = [1, 2].map((id) => ({ id, budget: 64, version: 3 }));
function owners(value: number): Retained[] {
	return [4, 60].map((length, n) => ({
		retain(into) {
			for (let at = 0; at < Math.min(length, into.byteLength); at++) into.setUint8(at, value + n);
			return length;
		},
		restore: () => true,
	}));
}
/** First byte of each section; −1 when it is not there. */
function load(memory: Memory, ids = [1, 2]): { values: number[]; fellBack: boolean } | undefined {
	const state = new RetainedState(memory);
	const reader = state.load();
	return reader && { values: ids.map((id) => reader.section(id)?.getUint8(0) ?? -1), fellBack: state.fellBack };
}
function committed(...values: readonly number[]): Memory {
	const memory = new Memory();
	const state = new RetainedState(memory);
	assert.equal(state.load(), undefined);
	for (const value of values) state.commit(owners(value), SECTIONS);
	return memory;
}

describe("retained state", () => {
	it("never written: undefined, also for noise and for all ones", () => {
		const memory = new Memory();
		assert.equal(load(memory), undefined);
		memory.bytes.fill(0xff);
		assert.equal(load(memory), undefined);
		memory.bytes.forEach((_, at) => {
			memory.bytes[at] = at * 31;
		});
		assert.equal(load(memory), undefined);
	});
	it("commits: the newest comes back, by the same and by another instance", () => {
		const memory = new Memory();
		let state = new RetainedState(memory);
		for (let n = 1; n <= 20; n++) {
			if (n % 3 === 0) {
				state = new RetainedState(memory);
				state.load();
			}
			state.commit(owners(n), SECTIONS);
			assert.deepEqual(load(memory), { values: [n, n + 1], fellBack: false });
		}
	});
	for (let bank = 0; bank < 2; bank++)
		it(`bank ${bank} damaged at any byte: the other one, and it tells when that is older`, () => {
			const newest = 1; // the first commit goes to bank 1, the third too
			for (let at = 0; at < 12 + 10 + 66; at++) {
				const memory = committed(1, 2, 3);
				memory.bytes[bank * BANK + at]! ^= 0x10;
				const found = load(memory)!;
				assert.deepEqual(found.values, bank === newest ? [2, 3] : [3, 4]);
				if (bank === newest) assert.ok(found.fellBack, `byte ${at}`);
			}
		});
	it("both banks damaged in one section: only that one is lost", () => {
		for (const [at, values] of [
			[12 + 5, [-1, 4]],
			[12 + 10 + 20, [3, -1]],
		] as const) {
			const memory = committed(1, 2, 3);
			memory.bytes[at]! ^= 1;
			memory.bytes[BANK + at]! ^= 1;
			assert.deepEqual(load(memory)!.values, values);
		}
	});
	it("both heads damaged: undefined", () => {
		const memory = committed(1, 2, 3);
		memory.bytes[5]! ^= 1;
		memory.bytes[BANK + 5]! ^= 1;
		assert.equal(load(memory), undefined);
	});
	it("after damage: the next commit is the newest, whatever it found", () => {
		for (const hits of [[], [5], [BANK + 5], [20, BANK + 20], [20, BANK + 5], [5, BANK + 5]]) {
			const memory = committed(1, 2, 3);
			for (const at of hits) memory.bytes[at]! ^= 1;
			const state = new RetainedState(memory);
			state.load();
			state.commit(owners(50), SECTIONS);
			assert.deepEqual(load(memory)!.values, [50, 51], `${hits}`);
			state.commit(owners(60), SECTIONS);
			assert.deepEqual(load(memory), { values: [60, 61], fellBack: false });
		}
	});
	it("section beyond its budget: overflow, and the state stays", () => {
		const memory = committed(1, 2);
		const state = new RetainedState(memory);
		state.load();
		const tight = SECTIONS.map((one) => ({ ...one, budget: 32 }));
		assert.throws(() => state.commit(owners(9), tight), { code: "overflow" });
		assert.deepEqual(load(memory)!.values, [2, 3]);
		state.commit(owners(7), SECTIONS);
		assert.deepEqual(load(memory), { values: [7, 8], fellBack: false });
	});
	it("all budgets together: fit a bank", () => {
		assert.ok(retainedSize() <= BANK);
	});
});
