import * as assert from "../assert.js";
import { type Cuttable, everyCut } from "../support/every-cut.js";
import { NorPort } from "../support/flash-port.js";
import { Cell } from "../support/layout-1.js";
import { seedOf } from "../support/seed.js";

const LAST = 11;

/** The n-th value, in the words of so manieth boot: each attempt writes other bytes. */
function value(n: number, boot: number): Uint8Array {
	return new Uint8Array(2 + (n % 19)).fill(boot).fill(n, 0, 1);
}
/** A partition of two blocks, four entries each, that can be cut. */
function partition(alignment: 1 | 16): NorPort & Cuttable {
	const port = new NorPort(2, 128, { alignment });
	return Object.assign(port, {
		bytes: port.nor.bytes,
		cutAfter: port.nor.cutAfter.bind(port.nor),
	});
}

describe("power loss: cell", () => {
	for (const [depth, least, alignment] of [
		[1, 350, 1],
		[2, 50_000, 1],
		[1, 350, 16],
	] as const) {
		const seed = seedOf(depth);
		const how = alignment === 1 ? "" : ", encrypted by the hardware";
		it(`cut after every byte and in every erase, ${depth} deep${how} (seed ${seed}): the old value or the new one`, () => {
			let erases = 0;
			const cuts = everyCut(
				() => partition(alignment),
				{ durable: 0, by: 0, attempted: 0, boot: 0 },
				depth,
				(device, ledger) => {
					const cell = new Cell(device as NorPort & Cuttable);
					const found = cell.read();
					const n = found?.[0] ?? 0;
					assert.ok(
						n === ledger.durable || n === ledger.attempted,
						`${n} after ${ledger.durable}, ${ledger.attempted}`,
					);
					// A boot's attempt is the only one that can have become the new value.
					if (n > 0) assert.deepEqual(found, value(n, n === ledger.durable ? ledger.by : ledger.boot));
					if (n !== ledger.durable) ledger.by = ledger.boot;
					ledger.durable = n; // what was seen must not go away again
					ledger.boot += 0x55;
					for (let next = n + 1; next <= LAST; next++) {
						ledger.attempted = next;
						cell.write(value(next, ledger.boot));
						ledger.durable = next;
						ledger.by = ledger.boot;
						assert.deepEqual(cell.read(), value(next, ledger.boot));
					}
					const { wear } = (device as unknown as NorPort).nor;
					erases = Math.max(erases, wear[0]! + wear[1]!);
					assert.deepEqual(new Cell(device as NorPort & Cuttable).read(), value(LAST, ledger.by));
				},
				seed,
			);
			assert.ok(cuts > least, `only ${cuts} cuts were made`);
			assert.ok(erases >= 3, "not every erase was met");
		});
	}
});
