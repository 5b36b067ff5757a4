import { toHex } from "../../../modules/core/bytes.js";
import * as assert from "../../assert.js";
import { NorPort } from "../../support/flash-port.js";
import { CELL_ROOM, Cell } from "../../support/layout-1.js";

const BLOCK = 128; // four entries
const SLOT = 32;

/** A partition with slots whose last bit does not take. */
class WornPort extends NorPort {
	readonly worn = new Set<number>();
	override write(bytes: Uint8Array, offset: number): void {
		super.write(this.worn.has(offset) ? Uint8Array.from(bytes, (byte, at) => (at < 31 ? byte : 0xff)) : bytes, offset);
	}
}
function bytes(n: number): Uint8Array {
	return Uint8Array.of(n, n, n);
}

describe("cell", () => {
	it("never written: undefined, and reading does not touch flash", () => {
		const port = new NorPort(2, BLOCK);
		assert.equal(new Cell(port).read(), undefined);
		assert.equal(port.nor.programmed, 0);
		assert.deepEqual([...port.nor.wear], [0, 0]);
	});
	for (const length of [0, 1, CELL_ROOM])
		it(`value of ${length} bytes: comes back, now and after a reboot`, () => {
			const port = new NorPort(2, BLOCK);
			const value = new Uint8Array(length).fill(0xa5);
			const cell = new Cell(port);
			cell.write(value);
			assert.deepEqual(cell.read(), value);
			assert.deepEqual(new Cell(port).read(), value);
		});
	it("value that is too long: range, and the old one stays", () => {
		const port = new NorPort(2, BLOCK);
		const cell = new Cell(port);
		cell.write(bytes(1));
		assert.throws(() => cell.write(new Uint8Array(CELL_ROOM + 1)), { code: "range" });
		assert.deepEqual(cell.read(), bytes(1));
	});
	it("what read gave: a copy", () => {
		const cell = new Cell(new NorPort(2, BLOCK));
		cell.write(bytes(1));
		cell.read()!.fill(9);
		assert.deepEqual(cell.read(), bytes(1));
	});
	it("one block only: flash", () => {
		assert.throws(() => new Cell(new NorPort(1, BLOCK)), { code: "flash" });
	});
	it("a thousand writes, a reboot before each third: the value is always the last; both blocks wear alike", () => {
		const port = new NorPort(2, BLOCK);
		let cell = new Cell(port);
		for (let n = 1; n <= 1000; n++) {
			if (n % 3 === 0) cell = new Cell(port);
			assert.deepEqual(cell.read(), n === 1 ? undefined : bytes((n - 1) & 0xff));
			cell.write(bytes(n & 0xff));
		}
		assert.deepEqual([...port.nor.wear], [125, 125]);
	});
	it("slot that does not read back: the next one takes the value", () => {
		const port = new WornPort(2, BLOCK);
		port.worn.add(0).add(2 * SLOT);
		const cell = new Cell(port);
		for (const n of [1, 2, 3, 4]) {
			cell.write(bytes(n));
			assert.deepEqual(cell.read(), bytes(n));
			assert.deepEqual(new Cell(port).read(), bytes(n));
		}
	});
	it("all slots of a block worn: flash each time, and the old value stays, also after a reboot", () => {
		const port = new WornPort(2, BLOCK);
		const cell = new Cell(port);
		for (const n of [1, 2, 3, 4]) cell.write(bytes(n));
		for (let slot = 0; slot < 4; slot++) port.worn.add(BLOCK + slot * SLOT);
		for (let tries = 0; tries < 3; tries++) assert.throws(() => cell.write(bytes(5)), { code: "flash" });
		assert.deepEqual(cell.read(), bytes(4));
		assert.deepEqual(new Cell(port).read(), bytes(4));
		port.worn.clear();
		cell.write(bytes(6));
		assert.deepEqual(new Cell(port).read(), bytes(6));
	});
	it("torn entry that reads well at a later time: does not win over what was written since", () => {
		const port = new NorPort(2, BLOCK);
		new Cell(port).write(bytes(1));
		const sound = new NorPort(2, BLOCK);
		sound.nor.bytes.set(port.nor.bytes);
		new Cell(sound).write(bytes(2));
		const torn = sound.nor.bytes.slice(SLOT, 2 * SLOT);
		port.nor.bytes.set(torn.subarray(0, 31), SLOT); // all but the last byte took
		const cell = new Cell(port);
		assert.deepEqual(cell.read(), bytes(1));
		cell.write(bytes(3));
		port.nor.bytes.set(torn, SLOT); // and now the last one does
		assert.deepEqual(new Cell(port).read(), bytes(3));
	});
	it("each bit of the newest entry flipped: the value before it", () => {
		const port = new NorPort(2, BLOCK);
		const cell = new Cell(port);
		cell.write(bytes(1));
		cell.write(bytes(2));
		for (let bit = 0; bit < 8 * SLOT; bit++) {
			port.nor.bytes[SLOT + (bit >> 3)]! ^= 1 << (bit & 7);
			assert.deepEqual(new Cell(port).read(), bytes(1), `bit ${bit}`);
			port.nor.bytes[SLOT + (bit >> 3)]! ^= 1 << (bit & 7);
		}
	});
	it("layout: as documented", () => {
		const port = new NorPort(2, BLOCK);
		new Cell(port).write(bytes(7));
		assert.equal(toHex(port.nor.bytes.subarray(0, 12)), "ce1101030000000107070700");
	});
});
