import { NorFlash, PowerCut, SECTOR } from "../../../sim/flash.js";
import { programUs, readUs, W25Q32JV, W25Q32JV_WORST } from "../../../sim/flash-chip.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

/** Runs what has to end in a power cut. */
function cut(run: () => void): void {
	let error: unknown;
	try {
		run();
	} catch (thrown) {
		error = thrown;
	}
	assert.ok(error instanceof PowerCut, "no cut");
}
const pattern = (length: number, byte: number) => new Uint8Array(length).fill(byte);

describe("NOR flash: alignment of writes", () => {
	for (const alignment of [4, 16] as const)
		it(`${alignment}: offsets and lengths off it are refused and counted, nothing is written`, () => {
			const flash = new NorFlash(1, SECTOR, { alignment });
			for (const [offset, length] of [
				[1, alignment],
				[alignment - 1, alignment],
				[alignment / 2, alignment],
				[0, 1],
				[alignment, alignment + 1],
				[0, alignment / 2],
			] as const)
				assert.throws(() => flash.write(offset, pattern(length, 0)), {
					code: "flash",
					message: `multiples of ${alignment}`,
				});
			assert.equal(flash.counts.violations, 6);
			assert.ok(flash.bytes.every((byte) => byte === 0xff));
			flash.write(3 * alignment, pattern(2 * alignment, 0x5a));
			assert.deepEqual(flash.read(3 * alignment, 2 * alignment), pattern(2 * alignment, 0x5a));
			assert.equal(flash.counts.violations, 6);
		});
	it("1: any offset and length", () => {
		const flash = new NorFlash(1);
		flash.write(1, pattern(3, 0));
		assert.equal(flash.counts.violations, 0);
	});
	it("16, encrypted: a block is programmed once, also where only bits would be cleared", () => {
		const flash = new NorFlash(1, SECTOR, { alignment: 16 });
		flash.write(16, pattern(16, 0xf0));
		assert.throws(() => flash.write(16, pattern(16, 0x70)), { code: "flash", message: "second time" });
		flash.erase(0, SECTOR);
		flash.write(16, pattern(16, 0x70));
	});
	it("16, encrypted: a cut garbles the whole cipher block, not those before and behind it", () => {
		const noise = new Seeded(7);
		for (let steps = 16; steps < 32; steps++) {
			const flash = new NorFlash(1, SECTOR, { alignment: 16 });
			flash.cutAfter(steps, noise);
			cut(() => flash.write(0, pattern(48, 0)));
			assert.deepEqual(flash.bytes.slice(0, 16), pattern(16, 0));
			assert.ok(
				flash.bytes.slice(16, 32).some((byte) => byte !== 0 && byte !== 0xff),
				"garbled",
			);
			assert.deepEqual(flash.bytes.slice(32, 64), pattern(32, 0xff));
		}
	});
	it("bounds and bits that would be set: counted as violations too", () => {
		const flash = new NorFlash(1);
		flash.write(0, pattern(1, 0));
		for (const wrong of [
			() => flash.write(0, pattern(1, 1)),
			() => flash.write(SECTOR, pattern(1, 0)),
			() => flash.read(SECTOR, 1),
			() => flash.erase(1, SECTOR),
		])
			assert.throws(wrong, { code: "flash" });
		assert.equal(flash.counts.violations, 4);
	});
});

describe("NOR flash: what operations take", () => {
	it("data sheet: a byte, a page, a sector", () => {
		assert.near(programUs(W25Q32JV, 1), 48 / 40 + 30, 1e-9);
		assert.near(programUs(W25Q32JV, 101), (40 + 808) / 40 + 280, 1e-9);
		assert.near(programUs(W25Q32JV, 256), (40 + 2048) / 40 + 667.5, 1e-9);
		assert.near(programUs(W25Q32JV_WORST, 256), (40 + 2048) / 40 + 3000, 1e-9); // the page's maximum bounds it
		assert.near(readUs(W25Q32JV, 32), (24 + 128) / 40, 1e-9);
	});
	it("programs: split at pages, each with its own overhead; time and charge add up", () => {
		const flash = new NorFlash(1);
		flash.write(250, pattern(300, 0)); // 6 bytes, a page, 38 bytes
		assert.equal(flash.counts.programs, 3);
		assert.equal(flash.programmed, 300);
		const us = programUs(W25Q32JV, 6) + programUs(W25Q32JV, 256) + programUs(W25Q32JV, 38);
		assert.near(flash.busyUs, us, 1e-9);
		assert.near(flash.chargeUc, us * 0.02, 1e-9); // 20 mA
	});
	it("erases and reads: time, charge, counts, the busiest sector", () => {
		const flash = new NorFlash(3);
		flash.erase(0, 2 * SECTOR);
		flash.erase(SECTOR, SECTOR);
		assert.equal(flash.counts.erases, 3);
		assert.equal(flash.mostWear, 2);
		assert.near(flash.busyUs, 135_000, 1e-9);
		assert.near(flash.chargeUc, 2700, 1e-9);
		flash.read(5, 40);
		flash.read(0, 0);
		assert.equal(flash.counts.reads, 2);
		assert.equal(flash.counts.readBytes, 40);
		assert.near(flash.busyUs, 135_000 + (24 + 160) / 40 + 24 / 40, 1e-9);
		assert.near(flash.chargeUc, 2700 + ((24 + 160 + 24) / 40) * 0.015, 1e-9);
	});
	it("another chip: its figures", () => {
		const flash = new NorFlash(1, SECTOR, { chip: W25Q32JV_WORST });
		flash.erase(0, SECTOR);
		assert.equal(flash.busyUs, 400_000);
		assert.equal(flash.chargeUc, 10_000);
	});
	it("what was refused or cut: no time for what was not done", () => {
		const flash = new NorFlash(1);
		flash.write(0, pattern(8, 0));
		const before = flash.busyUs;
		assert.throws(() => flash.write(0, pattern(8, 1)));
		assert.equal(flash.busyUs, before);
		flash.cutAfter(1, new Seeded(1));
		cut(() => flash.erase(0, SECTOR));
		assert.near(flash.busyUs, before + 22_500, 1e-9);
		const torn = new NorFlash(1);
		torn.cutAfter(3, new Seeded(1));
		cut(() => torn.write(0, pattern(256, 0)));
		assert.near(torn.busyUs, programUs(W25Q32JV, 4), 1e-9);
	});
});

describe("NOR flash: faults on demand", () => {
	it("a bit stuck high: cannot be programmed, nobody tells, an erase does not heal it", () => {
		const flash = new NorFlash(1);
		flash.stick(7, 0b0001_0001, "high");
		for (let round = 0; round < 2; round++) {
			flash.write(6, pattern(3, 0));
			assert.deepEqual([...flash.read(6, 3)], [0, 0b0001_0001, 0]);
			flash.write(7, pattern(1, 0)); // again: no complaint
			flash.erase(0, SECTOR);
		}
		assert.equal(flash.counts.violations, 0);
	});
	it("a bit stuck low: stays 0 after an erase, and programming a 1 there is not the firmware's mistake", () => {
		const flash = new NorFlash(1);
		flash.stick(7, 0x80, "low");
		assert.equal(flash.read(7, 1)[0], 0xff, "not before an erase");
		flash.erase(0, SECTOR);
		assert.equal(flash.read(7, 1)[0], 0x7f);
		flash.write(7, pattern(1, 0xf0));
		assert.equal(flash.read(7, 1)[0], 0x70);
		assert.throws(() => flash.write(7, pattern(1, 0x78)), { code: "flash" }); // other bits of the byte have their rules
		flash.erase(0, SECTOR);
		assert.equal(flash.read(7, 1)[0], 0x7f);
	});
	it("a sector that refuses to erase: the driver tells, nothing has changed, wear and time count; then it works again", () => {
		const flash = new NorFlash(3);
		for (const sector of [0, 1, 2]) flash.write(sector * SECTOR, pattern(4, 0));
		flash.failErases(1, "refused", 2);
		assert.throws(() => flash.erase(0, 3 * SECTOR), { code: "flash", message: "sector 1" });
		assert.deepEqual(
			[0, 1, 2].map((sector) => flash.read(sector * SECTOR, 1)[0]),
			[0xff, 0, 0],
		);
		assert.throws(() => flash.erase(SECTOR, SECTOR), { code: "flash" });
		flash.erase(SECTOR, SECTOR);
		assert.equal(flash.read(SECTOR, 1)[0], 0xff);
		assert.deepEqual([...flash.wear], [1, 3, 0]);
		assert.equal(flash.counts.violations, 0, "not the firmware's mistake");
	});
	it("a sector that erases partly: nobody tells, bits that were 0 stay 0, none else; the next erase heals them", () => {
		for (let seed = 1; seed <= 20; seed++) {
			const flash = new NorFlash(1, 256, { seed });
			flash.write(10, pattern(100, 0x0f));
			flash.failErases(0, "partly", 1);
			flash.erase(0, 256);
			const kept = [...flash.bytes].map((byte, at) => [at, byte] as const).filter(([, byte]) => byte !== 0xff);
			assert.ok(kept.length >= 1 && kept.length <= 8, `${kept.length} bytes`);
			for (const [at, byte] of kept) {
				assert.ok(at >= 10 && at < 110, `byte ${at}`);
				assert.equal(byte & 0x0f, 0x0f);
			}
			flash.write(kept[0]![0], pattern(1, 0xff)); // not the firmware's mistake
			flash.erase(0, 256);
			assert.ok(flash.bytes.every((byte) => byte === 0xff));
		}
	});
	it("a read that flips: one bit, in that read only, after as many reads as wanted", () => {
		const seen = new Set<string>();
		for (let seed = 1; seed <= 30; seed++) {
			const flash = new NorFlash(1, 256, { seed });
			flash.write(0, pattern(32, 0x33));
			flash.flipReads(2, 1);
			const flips = [0, 1, 2, 3].map(() => {
				const bytes = flash.read(0, 32);
				let flipped = 0;
				bytes.forEach((byte, at) => {
					for (let bits = byte ^ 0x33; bits; bits &= bits - 1) {
						flipped++;
						seen.add(`${at}:${bits & -bits}`);
					}
				});
				return flipped;
			});
			assert.deepEqual(flips, [0, 1, 1, 0], `seed ${seed}`);
			assert.ok(flash.bytes.subarray(0, 32).every((byte) => byte === 0x33));
		}
		assert.ok(seen.size > 40, `${seen.size} different bits`);
	});
	it("read disturbance: so many bits are lost in the range, until the sector is erased", () => {
		const flash = new NorFlash(2, 256, { seed: 3 });
		flash.write(300, pattern(8, 0xf0));
		const before = flash.bytes.slice();
		const offsets = flash.disturb(5, 296, 312);
		assert.equal(offsets.length, 5);
		let lost = 0;
		for (let at = 0; at < 512; at++) {
			const gone = before[at]! ^ flash.bytes[at]!;
			assert.equal(gone & before[at]!, gone, "only from 1 to 0");
			for (let bits = gone; bits; bits &= bits - 1) lost++;
			if (gone) assert.ok(offsets.includes(at));
		}
		assert.equal(lost, 5);
		flash.write(296, pattern(4, 0xff)); // not the firmware's mistake
		flash.erase(256, 256);
		assert.ok(flash.bytes.subarray(256).every((byte) => byte === 0xff));
		assert.equal(new NorFlash(1, 16).disturb(1000).length, 128, "no more than there are");
	});
	it("weak tears: bits of the torn byte read now one way, now another, until they are programmed or erased", () => {
		let unsteady = 0;
		for (let seed = 1; seed <= 40; seed++) {
			const flash = new NorFlash(1, 256, { seed, weakTears: true });
			flash.cutAfter(2, new Seeded(seed));
			cut(() => flash.write(0, pattern(4, 0x0f)));
			flash.cutAfter(Number.POSITIVE_INFINITY, new Seeded(1));
			const seen = new Set<number>();
			for (let n = 0; n < 40; n++) {
				const bytes = [...flash.read(0, 4)];
				assert.deepEqual([bytes[0], bytes[1], bytes[3]], [0x0f, 0x0f, 0xff]);
				assert.equal(bytes[2]! & 0x0f, 0x0f, "bits that were to stay do");
				seen.add(bytes[2]!);
			}
			if (seen.size > 1) unsteady++;
			flash.write(2, pattern(1, 0x0f)); // whatever was read, this is no mistake, and it settles the bits
			for (let n = 0; n < 10; n++) assert.equal(flash.read(2, 1)[0], 0x0f);
			assert.throws(() => flash.write(2, pattern(1, 0xff)), { code: "flash" });
		}
		assert.ok(unsteady > 30, `${unsteady} of 40 were unsteady`);
		const sound = new NorFlash(1, 256);
		sound.cutAfter(2, new Seeded(1));
		cut(() => sound.write(0, pattern(4, 0x0f)));
		const first = sound.read(2, 1)[0];
		for (let n = 0; n < 20; n++) assert.equal(sound.read(2, 1)[0], first, "steady unless asked for");
	});
	it("weak tears of an erase: the sector reads differently from time to time, until it is erased again", () => {
		let unsteady = 0;
		for (let seed = 1; seed <= 20; seed++) {
			const flash = new NorFlash(2, 64, { seed, weakTears: true });
			flash.write(0, pattern(128, 0x55));
			flash.cutAfter(1, new Seeded(seed));
			cut(() => flash.erase(0, 64));
			const seen = new Set<string>();
			for (let n = 0; n < 20; n++) seen.add([...flash.read(0, 64)].join());
			if (seen.size > 1) unsteady++;
			assert.deepEqual(flash.read(64, 64), pattern(64, 0x55));
			flash.cutAfter(Number.POSITIVE_INFINITY, new Seeded(1));
			for (let at = 0; at < 64; at++) flash.stick(at, 1, "high"); // an erase heals weak bits, not these
			flash.erase(0, 64);
			for (let n = 0; n < 5; n++) assert.deepEqual(flash.read(0, 64), pattern(64, 0xff));
		}
		assert.ok(unsteady > 15, `${unsteady} of 20`);
	});
	it("equal seeds: equal faults", () => {
		const run = (seed: number) => {
			const flash = new NorFlash(1, 256, { seed, weakTears: true });
			flash.write(0, pattern(64, 0x3c));
			flash.disturb(3);
			flash.flipReads(1);
			const flipped = [...flash.read(0, 64)].join();
			flash.failErases(0, "partly", 1);
			flash.erase(0, 256);
			return `${flipped} ${[...flash.bytes].join()}`;
		};
		assert.equal(run(5), run(5));
		assert.notEqual(run(5), run(6));
	});
});

describe("NOR flash: snapshots", () => {
	it("restored: bytes, wear, counts and faults are as they were, and what follows is the same", () => {
		const flash = new NorFlash(2, 256, { seed: 9, weakTears: true });
		flash.write(0, pattern(64, 0x3c));
		flash.erase(256, 256);
		flash.stick(300, 1, "high");
		flash.failErases(1, "refused", 2);
		flash.cutAfter(2, new Seeded(4));
		cut(() => flash.write(64, pattern(8, 0)));
		flash.cutAfter(Number.POSITIVE_INFINITY, new Seeded(4));
		flash.flipReads(3, 1);
		const snapshot = flash.snapshot();
		const live = (each: NorFlash) => {
			const told: string[] = [];
			for (let n = 0; n < 6; n++) told.push([...each.read(60, 16)].join());
			each.write(300, pattern(2, 0));
			for (let n = 0; n < 3; n++)
				try {
					each.erase(256, 256);
					told.push("erased");
				} catch {
					told.push("refused");
				}
			told.push([...each.bytes].join(), JSON.stringify(each.counts), [...each.wear].join());
			return told.join(" ");
		};
		const first = live(flash);
		assert.ok(first.includes("refused refused erased"));
		flash.cutAfter(0, new Seeded(1));
		flash.restore(snapshot);
		assert.equal(live(flash), first);
		const other = new NorFlash(2, 256, { weakTears: true });
		other.restore(snapshot);
		assert.equal(live(other), first);
	});
	it("taken: later changes do not reach it, nor does its use reach the flash", () => {
		const flash = new NorFlash(1, 256);
		flash.stick(1, 1, "high");
		const empty = flash.snapshot();
		flash.write(0, pattern(1, 0));
		flash.stick(1, 2, "high");
		assert.equal(empty.bytes[0], 0xff);
		const other = new NorFlash(1, 256);
		other.restore(empty);
		other.write(1, pattern(1, 0));
		assert.equal(other.read(1, 1)[0], 1);
		assert.equal(flash.bytes[1], 0xff);
	});
	it("of another size: refused", () => {
		assert.throws(() => new NorFlash(1).restore(new NorFlash(2).snapshot()), { code: "range" });
	});
});
