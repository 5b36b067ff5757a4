import { NodeRecord } from "../../../modules/core/record.js";
import { Seeded } from "../../../sim/seeded.js";
import { exportChain, readChain } from "../../../tools/store-image.js";
import { type Verdict, verifyLog } from "../../../tools/verify-log.js";
import * as assert from "../../assert.js";
import { KEY, KEY_HEX, SCHEMA, STORE_SCHEMA, taggedQueue } from "../../support/evidence.js";
import { CutPort, recordOf } from "../../support/log-script.js";
import { fill } from "../../support/records.js";
import { seedOf } from "../../support/seed.js";
import { entriesOf, mend } from "../../support/tamper.js";

const record = new NodeRecord(NodeRecord.widest);
/** A store with records 1 … count, all up to `delivered` acknowledged. */
function imageOf(count: number, delivered = 0, sectors = 8, bytes = 4096): Uint8Array {
	const port = new CutPort(sectors, bytes);
	const { queue } = taggedQueue(port);
	for (let n = 1; n <= count; n++) queue.push(fill(record, recordOf(n, 1)));
	if (delivered) queue.trim(delivered);
	return port.bytes.slice();
}
const verdictOf = (image: Uint8Array, sectorBytes = 4096): Verdict =>
	verifyLog(exportChain(image, STORE_SCHEMA, KEY, { sectorBytes }), KEY);

function told(image: Uint8Array): string {
	const verdict = verdictOf(image);
	if (verdict.ok) return `ok ${verdict.from}–${verdict.to}, ${verdict.older} older`;
	return `${verdict.kind} ${verdict.record}`;
}

describe("export of a store's image", () => {
	it("records in several sectors: all are there, and verify", () => {
		assert.equal(told(imageOf(400)), "ok 1–400, 0 older");
	});
	it("what was delivered is evidence too, as long as it is in flash", () => {
		assert.equal(told(imageOf(400, 400)), "ok 1–400, 0 older");
	});
	it("the oldest are overwritten: they are counted, the oldest that is left is what the next one is checked with", () => {
		const verdict = verdictOf(imageOf(100, 0, 5, 256), 256);
		assert.ok(verdict.ok && verdict.to === 100 && verdict.from === verdict.older + 1 && verdict.older > 70);
	});
	it("the image itself is not changed", () => {
		const image = imageOf(50);
		const before = image.slice();
		told(image);
		assert.deepEqual(image, before);
	});
	it("a record that was linked late: told by its number", () => {
		const port = new CutPort(4, 4096);
		const { queue } = taggedQueue(port);
		queue.push(fill(record, recordOf(1, 1)));
		const waiting = taggedQueue(new CutPort(4, 4096)).queue;
		waiting.push(fill(record, recordOf(2, 1)));
		queue.take(waiting, record);
		queue.push(fill(record, recordOf(3, 1)));
		const verdict = verdictOf(port.bytes);
		assert.ok(verdict.ok && verdict.records === 3);
		assert.deepEqual(verdict.late, [2]);
	});
	it("records without a tag among others: told, and they break no chain", () => {
		const port = new CutPort(4, 4096);
		for (const [key, number] of [
			[KEY_HEX, 1],
			[null, 2],
			[null, 3],
			[KEY_HEX, 4],
		] as const)
			taggedQueue(port, { key }).queue.push(fill(record, recordOf(number, 1)));
		const verdict = verdictOf(port.bytes);
		assert.ok(verdict.ok && verdict.records === 2);
		assert.deepEqual(verdict.untagged, [2, 3]);
	});
	it("records of another declaration: the chain is checked from behind them", () => {
		const port = new CutPort(8, 4096);
		taggedQueue(port, { schema: SCHEMA + 1 }).queue.push(fill(record, recordOf(1, 1)));
		for (const n of [2, 3]) taggedQueue(port).queue.push(fill(record, recordOf(n, 1)));
		assert.equal(told(port.bytes), "ok 2–3, 1 older");
	});
	it("another key: nothing verifies", () => {
		const log = exportChain(imageOf(9), STORE_SCHEMA, KEY);
		assert.ok(
			!verifyLog(
				log,
				KEY.map((byte) => byte ^ 1),
			).ok,
		);
	});
	for (const [name, image] of [
		["no image at all", new Uint8Array(0)],
		["part of a sector", new Uint8Array(4095)],
		["erased flash", new Uint8Array(8 * 4096).fill(0xff)],
	] as const)
		it(`${name}: refused in words`, () => {
			assert.throws(() => readChain(image, STORE_SCHEMA), { code: "malformed" });
		});
	it("a store without evidence: refused in words", () => {
		const port = new CutPort(4, 4096);
		taggedQueue(port, { key: null }).queue.push(fill(record, recordOf(1, 1)));
		assert.throws(() => readChain(port.bytes, STORE_SCHEMA), { code: "malformed", message: "no chain" });
	});
});

describe("tampering with a store's image", () => {
	const whole = imageOf(300);
	const places = entriesOf(whole);

	it("a byte of any entry, its CRC made to fit: that record is named", () => {
		const seed = seedOf(21);
		const random = new Seeded(seed);
		let tried = 0;
		assert.equal(places.length, 300);
		for (const place of places) {
			const image = whole.slice();
			image[place.at + 1 + random.between(3, place.length - 1)]! ^= 1 << random.between(0, 7);
			mend(image, place);
			const verdict = verdictOf(image);
			// The count beside the tag is covered by the head alone: only the last one's is looked at.
			if (verdict.ok) {
				assert.deepEqual(exportChain(image, STORE_SCHEMA, KEY), exportChain(whole, STORE_SCHEMA, KEY), `seed ${seed}`);
				continue;
			}
			tried++;
			const { record: named } = verdict;
			assert.ok(named === place.number || place.number === 300, `${named} for ${place.number} (seed ${seed})`);
		}
		assert.ok(tried > 220, `only ${tried}`);
	});
	it("a value is altered, without and with a CRC that fits: removed, altered", () => {
		const place = places[149]!;
		const image = whole.slice();
		image[place.at + 6]! ^= 1;
		assert.equal(told(image), "removed 151");
		mend(image, place);
		assert.equal(told(image), "altered 150");
	});
	it("two records change places: the first of them is named", () => {
		const [a, b] = [places[200]!, places[202]!];
		assert.equal(a.length, b.length);
		const image = whole.slice();
		const numbers = [image[a.at + 2]!, image[b.at + 2]!];
		image.copyWithin(a.at, b.at, b.at + b.length + 4);
		image.set(whole.subarray(a.at, a.at + a.length + 4), b.at);
		image[a.at + 2] = numbers[0]!; // so that numbers increase as ever
		image[b.at + 2] = numbers[1]!;
		mend(image, a);
		mend(image, b);
		assert.equal(told(image), "altered 201");
	});
	it("a record is wiped: the one behind it is named", () => {
		const { at, length } = places[99]!;
		const image = whole.slice();
		image.fill(0, at, at + length + 4);
		assert.equal(told(image), "removed 101");
	});
	it("a tag is taken off: the one behind tells, and the record is without proof", () => {
		const place = places[99]!;
		const image = whole.slice();
		image[place.at + 1]! &= 0x7f;
		mend(image, place);
		assert.equal(told(image), "removed 101");
	});
	it("the newest sector is erased: the cell tells that there was more", () => {
		const image = whole.slice();
		const { sequence, at } = places.at(-1)!;
		const sector = at - (at % 4096);
		assert.ok(places.filter((each) => each.sequence === sequence).length > 3);
		image.fill(0xff, sector, sector + 4096);
		assert.ok(told(image).startsWith("ok 1–"), "of what came after the cell nothing is known");
		const last = places.filter((each) => each.sequence !== sequence).at(-1)!;
		image.fill(0, last.at, last.at + last.length + 4);
		assert.equal(told(image), "truncated undefined");
	});
});
