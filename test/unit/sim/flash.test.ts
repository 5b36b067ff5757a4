import { NorFlash, PowerCut, SECTOR } from "../../../sim/flash.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

describe("NOR flash", () => {
	it("new: all erased", () => {
		const flash = new NorFlash(2);
		assert.equal(flash.size, 2 * SECTOR);
		assert.ok(flash.read(0, flash.size).every((byte) => byte === 0xff));
	});
	it("programming: clears bits; setting one is refused, and nothing is written", () => {
		const flash = new NorFlash(1);
		flash.write(10, Uint8Array.of(0xf0, 0x0f));
		flash.write(10, Uint8Array.of(0x30, 0x0f));
		assert.throws(() => flash.write(9, Uint8Array.of(0, 0x31, 0)), { code: "flash" });
		assert.deepEqual([...flash.read(9, 4)], [0xff, 0x30, 0x0f, 0xff]);
		assert.equal(flash.programmed, 4);
	});
	it("erasing: whole sectors, counted; others stay", () => {
		const flash = new NorFlash(3);
		for (const sector of [0, 1, 2]) flash.write(sector * SECTOR, Uint8Array.of(0));
		flash.erase(SECTOR, SECTOR);
		assert.deepEqual(
			[0, 1, 2].map((sector) => flash.read(sector * SECTOR, 1)[0]),
			[0, 0xff, 0],
		);
		assert.deepEqual([...flash.wear], [0, 1, 0]);
		assert.throws(() => flash.erase(1, SECTOR), { code: "flash" });
		assert.throws(() => flash.erase(0, SECTOR - 1), { code: "flash" });
	});
	for (const [offset, count] of [
		[-1, 1],
		[SECTOR, 1],
		[SECTOR - 1, 2],
		[0, -1],
	] as const)
		it(`bounds: ${offset} + ${count}, refused`, () => {
			const flash = new NorFlash(1);
			assert.throws(() => flash.read(offset, count), { code: "flash" });
			if (count > 0) assert.throws(() => flash.write(offset, new Uint8Array(count)), { code: "flash" });
			assert.throws(() => flash.erase(offset, count), { code: "flash" });
		});
	it("cut while programming: a prefix, bits of one byte at most, the rest untouched", () => {
		const noise = new Seeded(1);
		const partly = new Set<number>();
		for (let steps = 0; steps < 4; steps++)
			for (let run = 0; run < 50; run++) {
				const flash = new NorFlash(1);
				flash.cutAfter(steps, noise);
				let cut: unknown;
				try {
					flash.write(0, Uint8Array.of(0x11, 0x22, 0x33, 0x44));
				} catch (error) {
					cut = error;
				}
				assert.ok(cut instanceof PowerCut);
				const bytes = [...flash.read(0, 5)];
				const wanted = [0x11, 0x22, 0x33, 0x44];
				for (let at = 0; at < 5; at++) {
					if (at < steps) assert.equal(bytes[at]!, wanted[at]!);
					else if (at > steps) assert.equal(bytes[at]!, 0xff);
					else assert.equal(bytes[at]! & wanted[at]!, wanted[at]!); // no bit that was to stay is cleared
				}
				partly.add(bytes[steps]!);
			}
		assert.ok(partly.size > 20);
	});
	it("cut while erasing: before it, half done in many ways, or after it", () => {
		const noise = new Seeded(2);
		const states = new Set<string>();
		for (const steps of [0, 1])
			for (let run = 0; run < 40; run++) {
				const flash = new NorFlash(2, 16);
				flash.write(0, new Uint8Array(32).fill(0x5a));
				flash.cutAfter(steps, noise);
				let cut = false;
				try {
					flash.erase(0, 16);
				} catch (error) {
					cut = error instanceof PowerCut;
				}
				assert.ok(cut);
				if (steps === 0) assert.ok(flash.read(0, 16).every((byte) => byte === 0x5a));
				else states.add([...flash.read(0, 16)].join());
				assert.ok(flash.read(16, 16).every((byte) => byte === 0x5a));
			}
		assert.ok(states.size > 20, `${states.size} states`);
		const flash = new NorFlash(1, 16);
		flash.cutAfter(2, noise);
		flash.erase(0, 16);
		assert.throws(() => flash.write(0, Uint8Array.of(0)));
	});
});
