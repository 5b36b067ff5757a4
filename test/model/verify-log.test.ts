import { Seeded } from "../../sim/seeded.js";
import { type Tampering, verifyLog } from "../../tools/verify-log.js";
import * as assert from "../assert.js";
import { type ChainLog, encodeLog, type LogEntry, makeLog } from "../support/chain-logs.js";
import { seedOf } from "../support/seed.js";

/** What was done, and how it may be called. */
interface Done {
	readonly kinds: readonly Tampering[];
}

/** Tamperings with a log of two records or more; each changes its entries. `foreign` is another chain's log. */
const TAMPERINGS: Readonly<Record<string, (random: Seeded, log: ChainLog, foreign: ChainLog) => Done>> = {
	"a byte of a record altered": (random, { entries }) => {
		const entry = pick(random, entries);
		entry.body = entry.body.length ? entry.body.slice() : Uint8Array.of(1);
		entry.body[random.between(0, entry.body.length - 1)]! ^= 1 << random.between(0, 7);
		return { kinds: ["altered"] };
	},
	"a record's length altered": (random, { entries }) => {
		const entry = pick(random, entries);
		entry.body =
			entry.body.length > 0 && random.real() < 0.5 ? entry.body.subarray(1) : Uint8Array.of(...entry.body, 0);
		return { kinds: ["altered"] };
	},
	"a record's number altered": (random, { entries }) => {
		pick(random, entries).number += random.between(1, 9);
		return { kinds: ["altered"] };
	},
	"a record's tag altered": (random, { entries }) => {
		const entry = pick(random, entries);
		entry.tag = entry.tag.slice();
		entry.tag[random.between(0, 15)]! ^= 1 << random.between(0, 7);
		return { kinds: ["altered"] };
	},
	"records dropped, not the newest": (random, { entries }) => {
		const at = random.between(0, entries.length - 2);
		entries.splice(at, random.between(1, entries.length - 1 - at));
		return { kinds: ["removed"] };
	},
	"the oldest dropped, and the header's tag moved up": (random, log) => {
		const count = random.between(1, log.entries.length - 1);
		log.tag = log.entries[count - 1]!.tag;
		log.entries.splice(0, count);
		// with none before them, that they are the node's first is a lie that the genesis tells
		return { kinds: log.before === 0 ? ["altered"] : ["removed"] };
	},
	"two records swapped": (random, { entries }) => {
		const [one, other] = twoOf(random, entries.length);
		[entries[one], entries[other]] = [entries[other]!, entries[one]!];
		return { kinds: ["reordered"] };
	},
	"a record moved": (random, { entries }) => {
		const [from, to] = twoOf(random, entries.length);
		entries.splice(to, 0, ...entries.splice(from, 1));
		return { kinds: ["reordered"] };
	},
	"a record copied": (random, { entries }) => {
		entries.splice(random.between(0, entries.length), 0, { ...pick(random, entries) });
		return { kinds: ["inserted"] };
	},
	"the newest dropped": (random, { entries }) => {
		entries.splice(random.between(0, entries.length - 1));
		return { kinds: ["truncated"] };
	},
	"records of another chain put in": (random, { entries }, foreign) => {
		const at = random.between(0, entries.length - 1);
		entries.splice(at, 0, ...foreign.entries.slice(0, random.between(1, foreign.entries.length)));
		return { kinds: ["inserted"] };
	},
	"records of another chain put at the end": (_, { entries }, foreign) => {
		entries.push(...foreign.entries.slice(0, 2));
		return { kinds: ["inserted"] };
	},
	"records replaced by those of another chain": (random, { entries }, foreign) => {
		const at = random.between(0, entries.length - 1);
		const count = random.between(1, Math.min(entries.length - at, foreign.entries.length));
		entries.splice(at, count, ...foreign.entries.slice(0, count));
		return { kinds: ["altered"] };
	},
};

function pick<T>(random: Seeded, from: readonly T[]): T {
	return from[random.between(0, from.length - 1)]!;
}
function twoOf(random: Seeded, count: number): [number, number] {
	const one = random.between(0, count - 1);
	return [one, (one + random.between(1, count - 1)) % count];
}
/** Where two logs begin to differ. */
function difference(now: readonly LogEntry[], before: readonly LogEntry[]): number {
	let at = 0;
	while (at < now.length && at < before.length && same(now[at]!, before[at]!)) at++;
	return at;
}
function same(a: LogEntry, b: LogEntry): boolean {
	return a.number === b.number && Buffer.from(a.body).equals(b.body) && Buffer.from(a.tag).equals(b.tag);
}

describe("model: exported logs", function () {
	this.timeout(60_000);
	const seed = seedOf(4231);
	const random = new Seeded(seed);
	const key = Uint8Array.from({ length: 32 }, () => random.u32());
	const other = Uint8Array.from({ length: 32 }, () => random.u32());
	const name = (chain: number) => ({ node: Uint8Array.of(2, 100, 111, 114, 109, 1), chain });
	/** A log of another chain of this node, or of another node with a key of its own. */
	const foreignTo = () =>
		random.real() < 0.5
			? makeLog(random, key, name(2), random.between(3, 12))
			: makeLog(random, other, { node: Uint8Array.of(9), chain: 1 }, random.between(3, 12));

	it(`untouched (seed ${seed}): sound, with its numbers`, () => {
		for (let run = 0; run < 200; run++) {
			const older = random.real() < 0.5 ? 0 : random.between(1, 20);
			const log = makeLog(random, key, name(1), random.between(0, 30), { older });
			const verdict = verifyLog(encodeLog(log).bytes, key);
			assert.ok(verdict.ok, JSON.stringify(verdict));
			assert.equal(verdict.records, log.entries.length);
			assert.equal(verdict.from, log.entries[0]?.number ?? 0);
			assert.equal(verdict.to, log.entries.at(-1)?.number ?? 0);
			assert.equal(verdict.older, older);
		}
	});
	for (const [what, tamper] of Object.entries(TAMPERINGS))
		it(`${what} (seed ${seed}): the first affected record is named, and the kind`, () => {
			for (let run = 0; run < 150; run++) {
				const older = random.real() < 0.5 ? 0 : random.between(1, 20);
				const log = makeLog(random, key, name(1), random.between(2, 25), { older });
				const before = log.entries.map((entry) => ({ ...entry }));
				const moved = log.tag;
				const { kinds } = tamper(random, log, foreignTo());
				const verdict = verifyLog(encodeLog(log).bytes, key);
				const context = `run ${run}: ${JSON.stringify(verdict)}`;
				assert.ok(!verdict.ok, `run ${run}: passed`);
				assert.ok(kinds.includes(verdict.kind), context);
				const position = difference(log.entries, before);
				const isHeader = verdict.kind === "altered" && log.tag !== moved;
				assert.equal(verdict.position, isHeader ? -1 : position, context);
				if (isHeader) continue;
				assert.equal(verdict.record, log.entries[position]?.number, context);
				assert.equal(verdict.after, before[position - 1]?.number, context);
			}
		});
	it(`one bit flipped anywhere in the file (seed ${seed}): never sound, and the item that was hit is named`, () => {
		for (let run = 0; run < 400; run++) {
			const older = random.real() < 0.5 ? 0 : random.between(1, 20);
			const log = makeLog(random, key, name(1), random.between(1, 12), {
				older,
				challenge: Uint8Array.of(run & 255, 7),
			});
			const { bytes, ends } = encodeLog(log);
			const at = random.between(0, bytes.length - 1);
			const bit = random.between(0, 7);
			bytes[at]! ^= 1 << bit;
			const verdict = verifyLog(bytes, key);
			const context = `run ${run}, byte ${at}, bit ${bit}: ${JSON.stringify(verdict)}`;
			assert.ok(!verdict.ok, context);
			const item = ends.findIndex((end) => at < end) - 1; // -1 is the header
			if (item >= 0) {
				assert.equal(verdict.position, item, context);
				assert.equal(verdict.after, log.entries[item - 1]?.number, context);
			} else assert.ok(verdict.position <= 0 || verdict.position === log.entries.length, context);
		}
	});
	it(`cut after any byte (seed ${seed}): truncated, behind the last whole record`, () => {
		let cuts = 0;
		for (let run = 0; run < 12; run++) {
			const { bytes, ends } = encodeLog(makeLog(random, key, name(1), run, { older: run % 3 }));
			for (let length = 0; length < bytes.length; length++) {
				const verdict = verifyLog(bytes.subarray(0, length), key);
				assert.ok(
					!verdict.ok && verdict.kind === "truncated",
					`${length} of ${bytes.length}: ${JSON.stringify(verdict)}`,
				);
				assert.equal(verdict.position, ends.filter((end) => end <= length).length - 1, `${length}`);
				cuts++;
			}
		}
		assert.ok(cuts > 3000, `only ${cuts} cuts`);
	});
});
