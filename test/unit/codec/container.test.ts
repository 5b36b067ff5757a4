import { CONTAINER_HEADER, ContainerReader, ContainerWriter } from "../../../modules/codec/container.js";
import { crc16 } from "../../../modules/core/crc.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";

const contents: readonly (readonly [id: number, version: number, bytes: readonly number[]])[] = [
	[1, 1, [10, 20, 30, 40]],
	[5, 2, []],
	[2, 7, [0xff, 0xff, 0, 0, 1, 2, 3]],
	[200, 255, [5]],
];
function container(sequence = 0x1234_5678): Uint8Array {
	const bytes = new Uint8Array(100);
	const writer = new ContainerWriter(bytes).begin();
	for (const [id, version, part] of contents) {
		const view = writer.section(id, version, 8);
		part.forEach((byte, at) => {
			view.setUint8(at, byte);
		});
		writer.end(part.length);
	}
	return bytes.slice(0, writer.finish(sequence));
}
/** Contents of a section, undefined when the reader does not give it. */
function section(reader: ContainerReader, id: number): { version: number; bytes: number[] } | undefined {
	const view = reader.section(id);
	if (!view) return undefined;
	return { version: reader.version, bytes: [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)] };
}

describe("container", () => {
	it("written and read: every section, in any order", () => {
		const bytes = container();
		const reader = new ContainerReader(bytes);
		assert.ok(reader.valid && reader.sound);
		assert.equal(reader.sequence, 0x1234_5678);
		assert.equal(reader.length, bytes.length);
		for (const [id, version, part] of [...contents].reverse())
			assert.deepEqual(section(reader, id), { version, bytes: [...part] });
		assert.equal(reader.section(3), undefined);
	});
	it("no section: sound and empty", () => {
		const bytes = new Uint8Array(CONTAINER_HEADER);
		assert.equal(new ContainerWriter(bytes).begin().finish(1), CONTAINER_HEADER);
		const reader = new ContainerReader(bytes);
		assert.ok(reader.sound);
		assert.equal(reader.section(0), undefined);
	});
	it("each bit flipped: detected; no section comes back altered; those before the flip are intact", () => {
		const bytes = container();
		let flips = 0;
		for (let bit = 0; bit < 8 * bytes.length; bit++, flips++) {
			const hurt = bytes.slice();
			hurt[bit >> 3]! ^= 1 << (bit & 7);
			const reader = new ContainerReader(hurt);
			assert.ok(!reader.sound, `bit ${bit}`);
			assert.equal(reader.valid, bit >> 3 >= CONTAINER_HEADER);
			let at = CONTAINER_HEADER;
			for (const [id, version, part] of contents) {
				const end = at + 4 + part.length + 2;
				const inside = bit >> 3 >= at && bit >> 3 < end;
				const found = section(reader, id);
				if (found) assert.deepEqual(found, { version, bytes: [...part] });
				if (!reader.valid || inside) assert.equal(found, undefined, `bit ${bit}, section ${id}`);
				else if (bit >> 3 >= end) assert.ok(found, `bit ${bit}, section ${id} lies before`);
				at = end;
			}
		}
		assert.equal(flips, 8 * bytes.length);
	});
	it("a flip in contents, version, id or CRC: all other sections are intact", () => {
		const bytes = container();
		let at = CONTAINER_HEADER;
		for (const [id, , part] of contents) {
			const end = at + 6 + part.length;
			for (let byte = at; byte < end; byte++) {
				if (byte === at + 2 || byte === at + 3) continue; // the length
				for (let bit = 0; bit < 8; bit++) {
					const hurt = bytes.slice();
					hurt[byte]! ^= 1 << bit;
					const reader = new ContainerReader(hurt);
					for (const [other, version, part] of contents)
						if (other !== id) assert.deepEqual(section(reader, other), { version, bytes: [...part] });
				}
			}
			at = end;
		}
	});
	it("cut after any byte: not sound; sections that are whole come back, others do not", () => {
		const bytes = container();
		for (let short = 0; short < bytes.length; short++) {
			const reader = new ContainerReader(bytes.subarray(0, short));
			assert.ok(!reader.sound);
			assert.equal(reader.valid, short >= CONTAINER_HEADER);
			let end = CONTAINER_HEADER;
			for (const [id, , part] of contents) {
				end += 6 + part.length;
				assert.equal(reader.section(id) !== undefined, end <= short, `${short}, section ${id}`);
			}
		}
	});
	it("lengths that lie, CRC of the header right: not sound, nothing outside is read", () => {
		for (const length of [0, 1, 5, 0x7fff, 0xffff]) {
			const bytes = container();
			const view = new DataView(bytes.buffer);
			view.setUint16(8, length);
			view.setUint16(10, crc16(bytes, 0, 10));
			const reader = new ContainerReader(bytes);
			assert.ok(reader.valid && !reader.sound, `length ${length}`);
			for (const [id] of contents) reader.section(id);
		}
		for (const at of [CONTAINER_HEADER, CONTAINER_HEADER + 10])
			for (const length of [0xffff, 0x8000, 1000, 90]) {
				const bytes = container();
				new DataView(bytes.buffer).setUint16(at + 2, length);
				const reader = new ContainerReader(bytes);
				assert.ok(!reader.sound);
				for (const [id] of contents) reader.section(id);
			}
	});
	it("a count of sections that lies: not sound", () => {
		for (const count of [0, 3, 5, 255]) {
			const bytes = container();
			bytes[3] = count;
			new DataView(bytes.buffer).setUint16(10, crc16(bytes, 0, 10));
			assert.ok(!new ContainerReader(bytes).sound);
		}
	});
	it("noise behind a sound header (seed 77): nothing is thrown", () => {
		const random = new Seeded(77);
		for (let run = 0; run < 3000; run++) {
			const bytes = container();
			for (let at = CONTAINER_HEADER; at < bytes.length; at++) bytes[at] = random.u32() & 0xff;
			const reader = new ContainerReader(bytes);
			assert.ok(!reader.sound);
			for (let id = 0; id < 256; id++) reader.section(id);
		}
	});
	it("budget that does not fit: overflow at each shorter size, and the container goes on", () => {
		for (let size = 0; size < CONTAINER_HEADER + 6 + 8; size++)
			assert.throws(() => new ContainerWriter(new Uint8Array(size)).begin().section(1, 1, 8), { code: "overflow" });
		const bytes = new Uint8Array(CONTAINER_HEADER + 6 + 8);
		const writer = new ContainerWriter(bytes).begin();
		assert.throws(() => writer.section(1, 1, 9), { code: "overflow" });
		writer.section(2, 1, 8).setUint8(7, 9);
		writer.end(8).finish(1);
		assert.deepEqual(section(new ContainerReader(bytes), 2)?.bytes, [0, 0, 0, 0, 0, 0, 0, 9]);
	});
	it("section longer than its budget: overflow", () => {
		const writer = new ContainerWriter(new Uint8Array(64)).begin();
		writer.section(1, 1, 8);
		assert.throws(() => writer.end(9), { code: "overflow" });
	});
	it("begun again: what was written before is gone", () => {
		const bytes = new Uint8Array(64);
		const writer = new ContainerWriter(bytes).begin();
		writer.section(1, 1, 4);
		writer.end(4).begin();
		writer.section(2, 1, 0);
		const length = writer.end(0).finish(9);
		const reader = new ContainerReader(bytes.subarray(0, length));
		assert.ok(reader.sound);
		assert.equal(reader.section(1), undefined);
		assert.ok(reader.section(2));
	});
});
