import { NUMBER_BLOCK, Numbers } from "../../../modules/store/numbers.js";
import * as assert from "../../assert.js";
import { NorPort } from "../../support/flash-port.js";
import { Cell, oldCells } from "../../support/layout-1.js";

const BLOCK = 128;

function retained(numbers: Numbers): DataView {
	const view = new DataView(new ArrayBuffer(16));
	return new DataView(view.buffer, 0, numbers.retain(view));
}
function cold(port: NorPort, opened: () => void = () => {}): Numbers {
	const numbers = new Numbers(oldCells(port, opened));
	numbers.begin();
	return numbers;
}
/** The cell's value with any epoch and limit. */
function stored(layout: number, epoch: number, limit: number): NorPort {
	const port = new NorPort(2, BLOCK);
	const value = new Uint8Array(7);
	const view = new DataView(value.buffer);
	view.setUint8(0, layout);
	view.setUint16(1, epoch);
	view.setUint32(3, limit);
	new Cell(port).write(value);
	return port;
}

describe("numbers", () => {
	it("a new node: epoch 1, numbers from 1", () => {
		const numbers = cold(new NorPort(2, BLOCK));
		assert.equal(numbers.epoch, 0);
		assert.equal(numbers.take(), 1);
		assert.equal(numbers.epoch, 1);
		assert.equal(numbers.take(), 2);
	});
	it("before the first number: flash is not touched", () => {
		cold(new NorPort(2, BLOCK), () => assert.fail("opened"));
	});
	it("sleep: goes on, and opens flash only when the block is used up", () => {
		const port = new NorPort(2, BLOCK);
		let numbers = cold(port);
		let opened = 0;
		for (let expected = 1; expected <= 3 * NUMBER_BLOCK; expected++) {
			assert.equal(numbers.take(), expected);
			const section = retained(numbers);
			numbers = new Numbers(oldCells(port, () => opened++));
			assert.ok(numbers.restore(section, Numbers.version));
		}
		assert.equal(opened, 2);
		assert.equal(numbers.epoch, 1);
	});
	it("flash may have lost the cell's newest value: within an epoch it is written anew, a new epoch begins a block further on", () => {
		const port = stored(1, 5, 1000);
		const numbers = cold(port);
		numbers.pass(700, 3, true);
		assert.deepEqual([numbers.take(), numbers.epoch], [1000 + NUMBER_BLOCK, 7]);
		stored(1, 5, 1000).nor.bytes.forEach((byte, at) => {
			port.nor.bytes[at] = byte;
		});
		numbers.pass(0, 0, true);
		assert.deepEqual([numbers.take(), numbers.epoch], [1001 + NUMBER_BLOCK, 7]);
		const next = cold(port);
		assert.deepEqual([next.take(), next.epoch], [1001 + 2 * NUMBER_BLOCK, 8]);
	});
	it("records in flash have a later number and epoch than the cell: both begin behind them", () => {
		const numbers = cold(stored(1, 5, 1000));
		numbers.pass(1300, 8);
		assert.deepEqual([numbers.take(), numbers.epoch], [1301, 9]);
	});
	it("power loss: the next epoch, numbers behind the reserved block", () => {
		const port = new NorPort(2, BLOCK);
		for (let epoch = 1; epoch <= 20; epoch++) {
			const numbers = cold(port);
			assert.equal(numbers.take(), 1 + (epoch - 1) * NUMBER_BLOCK);
			assert.equal(numbers.epoch, epoch);
		}
	});
	it("flash that fails: no number is taken, and it works when flash does", () => {
		let broken = true;
		class Moody extends NorPort {
			override write(bytes: Uint8Array, offset: number): void {
				if (broken) this.read(new Uint8Array(1), -1);
				super.write(bytes, offset);
			}
		}
		const port = new Moody(2, BLOCK);
		const numbers = new Numbers(oldCells(port));
		numbers.begin();
		assert.throws(() => numbers.take(), { code: "flash" });
		assert.equal(numbers.epoch, 0);
		broken = false;
		assert.equal(numbers.take(), 1);
		for (let n = 2; n <= NUMBER_BLOCK; n++) numbers.take();
		broken = true;
		assert.throws(() => numbers.take(), { code: "flash" });
		broken = false;
		assert.equal(numbers.take(), NUMBER_BLOCK + 1);
	});
	it("a cell of another layout: unsupported, instead of numbers from 1 again", () => {
		assert.throws(() => cold(stored(2, 5, 1000)).take(), { code: "unsupported" });
		assert.equal(cold(stored(1, 5, 1000)).take(), 1000);
	});
	it("the last epoch: stays", () => {
		const numbers = cold(stored(1, 0xffff, 1000));
		numbers.take();
		assert.equal(numbers.epoch, 0xffff);
	});
	it("the last numbers: given once, then range", () => {
		const port = stored(1, 1, 0xffff_fffd);
		const numbers = cold(port);
		assert.equal(numbers.take(), 0xffff_fffd);
		assert.equal(numbers.take(), 0xffff_fffe);
		assert.throws(() => numbers.take(), { code: "range" });
		assert.throws(() => cold(port).take(), { code: "range" });
	});
	for (const [name, epoch, next, limit, version, length] of [
		["another version", 1, 5, 9, 2, 10],
		["too short", 1, 5, 9, 1, 9],
		["next 0", 1, 0, 9, 1, 10],
		["next beyond the limit", 1, 10, 9, 1, 10],
	] as const)
		it(`restore: ${name}, refused and nothing changed`, () => {
			const view = new DataView(new ArrayBuffer(10));
			view.setUint16(0, epoch);
			view.setUint32(2, next);
			view.setUint32(6, limit);
			const numbers = cold(new NorPort(2, BLOCK));
			assert.ok(!numbers.restore(new DataView(view.buffer, 0, length), version));
			assert.equal(numbers.take(), 1);
		});
});
