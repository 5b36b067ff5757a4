import type { DormouseError } from "../../modules/core/errors.js";
import { PowerCut } from "../../sim/flash.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { NorPort } from "../support/flash-port.js";
import { Cell } from "../support/layout-1.js";
import { seedOf } from "../support/seed.js";

/** A value's bytes: its number, and some that depend on it and on the attempt. */
function value(n: number, attempt: number): Uint8Array {
	const bytes = new Uint8Array(4 + (attempt % 13)).fill((n * 7 + attempt * 31) & 0xff);
	new DataView(bytes.buffer).setUint32(0, n);
	return bytes;
}

describe("model: cell on flash that misbehaves", () => {
	const seed = seedOf(99);
	it(`cuts that leave weak bits (seed ${seed}): what was written whole is never undone, nor mixed with what was torn`, () => {
		const random = new Seeded(seed);
		let [cuts, late, steps] = [0, 0, 0];
		for (let run = 0; run < 300; run++) {
			const port = new NorPort(2, 128, { seed: seed + run, weakTears: true });
			let durable = 0; // the highest that was written whole
			let next = 1;
			/** Bytes of each attempt, by number: each number is attempted once. */
			const attempts = new Map<number, string>();
			for (let boot = 0; boot < 30; boot++) {
				port.nor.cutAfter(random.real() < 0.8 ? random.between(0, 120) : Number.POSITIVE_INFINITY, random);
				try {
					const cell = new Cell(port);
					const found = cell.read();
					const n = found ? new DataView(found.buffer, found.byteOffset).getUint32(0) : 0;
					assert.ok(n >= durable, `run ${run}, boot ${boot}: ${n} after ${durable}`);
					if (found) assert.equal(found.join(), attempts.get(n) ?? "never written", `run ${run}, boot ${boot}`);
					// A write that was torn in its last byte reads well at some boots and not at others, until the next one.
					if (n > durable) late++;
					for (let left = random.between(0, 3); left > 0; left--) {
						const bytes = value(next, random.between(0, 1000));
						attempts.set(next, bytes.join());
						cell.write(bytes);
						durable = next++;
						assert.equal(cell.read()?.join(), bytes.join());
						steps++;
					}
				} catch (error) {
					if (!(error instanceof PowerCut)) throw error;
					next++;
					cuts++;
				}
			}
		}
		assert.ok(cuts > 2000 && steps > 5000 && late > 10, `${cuts} cuts, ${steps} writes, ${late} late`);
		const told = `      ${cuts} cuts, ${steps} writes, ${late} boots that read a torn write well`;
		if (typeof console !== "undefined") console.log(told); // XS has none
	});
	it(`stuck bits, sectors that erase partly or refuse to (seed ${seed}): the last value that was taken is read, or a write is refused`, () => {
		const random = new Seeded(seed);
		let [taken, refused] = [0, 0];
		for (let run = 0; run < 300; run++) {
			const port = new NorPort(2, 128, { seed: seed + run });
			for (let left = random.between(0, 4); left > 0; left--)
				port.nor.stick(random.between(0, 255), 1 << random.between(0, 7), random.real() < 0.5 ? "high" : "low");
			let last = "";
			for (let n = 1; n <= 40; n++) {
				if (random.real() < 0.1)
					port.nor.failErases(random.between(0, 1), random.real() < 0.5 ? "partly" : "refused", random.between(1, 3));
				const cell = new Cell(port);
				const bytes = value(n, random.between(0, 1000));
				try {
					cell.write(bytes);
					last = bytes.join();
					taken++;
				} catch (error) {
					assert.equal((error as DormouseError).code, "flash");
					refused++;
				}
				assert.equal(cell.read()?.join() ?? "", last, `run ${run}, value ${n}`);
				assert.equal(new Cell(port).read()?.join() ?? "", last, `run ${run}, value ${n}, after a boot`);
			}
		}
		assert.ok(taken > 5000 && refused > 100, `${taken} taken, ${refused} refused`);
	});
});
