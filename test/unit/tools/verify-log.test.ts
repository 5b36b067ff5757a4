import type { ChainName } from "../../../modules/store/chain.js";
import { Seeded } from "../../../sim/seeded.js";
import { verifyLog } from "../../../tools/verify-log.js";
import * as assert from "../../assert.js";
import { type ChainLog, encodeLog, makeLog } from "../../support/chain-logs.js";

const KEY = Uint8Array.from({ length: 16 }, (_, n) => n + 1);
const NAME: ChainName = Object.freeze({ node: Uint8Array.of(1, 2, 3), chain: 5 });
const nonce = Uint8Array.of(42, 43);
const logOf = (count: number, options = {}, name = NAME) => makeLog(new Seeded(count + 1), KEY, name, count, options);
const verdictOf = (log: ChainLog, options = {}, key = KEY) => verifyLog(encodeLog(log).bytes, key, options);

/** A verdict's kind and position. */
function told(log: ChainLog, options = {}, key = KEY): string {
	const verdict = verdictOf(log, options, key);
	return verdict.ok ? "ok" : `${verdict.kind} ${verdict.position}`;
}

describe("verifyLog", () => {
	it("a sound log: node, chain, how many records, which, how many older ones", () => {
		const log = logOf(4, { older: 3 });
		const [from, to] = [log.entries[0]!.number, log.entries[3]!.number];
		const late = log.entries.filter(({ body }) => (body[0] ?? 0) & 0x80).map(({ number }) => number);
		const wanted = { ok: true, node: NAME.node, chain: 5, records: 4, from, to, older: 3, late, untagged: [] };
		assert.deepEqual(verdictOf(log), wanted);
	});
	it("an empty log, new or all trimmed: sound", () => {
		assert.equal(told(logOf(0)), "ok");
		assert.equal(told(logOf(0, { older: 4 })), "ok");
	});
	it("a challenge: the same passes, none or another is told as an old log", () => {
		const log = logOf(3, { challenge: nonce });
		assert.equal(told(log), "ok");
		assert.equal(told(log, { challenge: nonce }), "ok");
		assert.equal(told(log, { challenge: Uint8Array.of(42, 44) }), "truncated 3");
		assert.equal(told(logOf(3), { challenge: nonce }), "truncated 3");
	});
	it("an old export in the place of a new one: sound by itself, not where the node was challenged", () => {
		const old = makeLog(new Seeded(7), KEY, NAME, 5);
		const now = makeLog(new Seeded(7), KEY, NAME, 6, { challenge: nonce });
		assert.deepEqual(now.entries.slice(0, 5), old.entries);
		assert.equal(told(old), "ok");
		assert.equal(told(old, { challenge: nonce }), "truncated 5");
		assert.equal(told({ ...old, head: now.head }, { challenge: nonce }), "truncated 5");
		assert.equal(told(now, { challenge: nonce }), "ok");
	});
	it("another key: altered from the first record on, and it says that nothing verifies", () => {
		const verdict = verdictOf(
			logOf(3),
			{},
			KEY.map((byte) => byte ^ 0x80),
		);
		assert.ok(!verdict.ok && verdict.kind === "altered" && verdict.position === 0);
		assert.ok(verdict.why.includes("another key"), verdict.why);
	});
	it("an unfit key: refused", () => {
		assert.throws(() => verdictOf(logOf(1), {}, new Uint8Array(16)), { code: "range" });
	});
	it("the header names another node or chain: told", () => {
		assert.equal(told({ ...logOf(3), name: { ...NAME, chain: 6 } }), "altered -1");
		assert.equal(told({ ...logOf(3), name: { ...NAME, node: Uint8Array.of(1, 2) } }), "altered -1");
		assert.equal(told({ ...logOf(3, { older: 1 }), name: { ...NAME, chain: 6 } }), "altered 3");
	});
	it("the whole log of another chain under this one's header: the first record", () => {
		const foreign = logOf(3, {}, { ...NAME, chain: 6 });
		const log = logOf(3);
		log.entries = foreign.entries;
		assert.equal(told(log), "altered 0");
	});
	it("the header's count of older records changed: told", () => {
		assert.equal(told({ ...logOf(3), before: 2 }), "altered -1");
		assert.equal(told({ ...logOf(3, { older: 2 }), before: 0 }), "altered -1");
		assert.equal(told({ ...logOf(3, { older: 2 }), before: 1 }), "removed 0");
	});
	it("the oldest records dropped and the header changed with them: sound, and told as older", () => {
		const log = logOf(5);
		log.before = 2;
		log.tag = log.entries[1]!.tag;
		log.entries.splice(0, 2);
		const verdict = verdictOf(log);
		assert.ok(verdict.ok && verdict.older === 2);
	});
	it("the head: gone, of a later or an earlier state, altered", () => {
		assert.equal(told({ ...logOf(3), head: undefined }), "truncated 3");
		const log = logOf(6);
		const shorter = makeLog(new Seeded(7), KEY, NAME, 4); // the same seed: the same first records
		assert.deepEqual(shorter.entries, log.entries.slice(0, 4));
		assert.equal(told({ ...shorter, head: log.head }), "truncated 4");
		assert.equal(told({ ...log, head: shorter.head }), "altered 6");
		assert.equal(told({ ...log, head: { ...log.head!, count: 7 } }), "altered 6");
		assert.equal(told({ ...log, head: { ...log.head!, number: 7 } }), "altered 6");
	});
	it("a record dropped without a head to count them: a gap in the numbers tells it from an altered one", () => {
		const dropped = makeLog(new Seeded(3), KEY, NAME, 8);
		dropped.head = undefined;
		const { number } = dropped.entries[4]!;
		dropped.entries.splice(3, 1);
		const verdict = verdictOf(dropped);
		assert.ok(!verdict.ok && verdict.kind === "removed" && verdict.record === number);
		const altered = makeLog(new Seeded(3), KEY, NAME, 8);
		altered.head = undefined;
		altered.entries[3]!.body = Uint8Array.of(1);
		assert.equal(told(altered), "altered 3");
	});
	it("without a head, a tag altered, a foreign record put in: told by what follows them", () => {
		const log = { ...logOf(25), head: undefined };
		const at = log.entries.findIndex(({ number }, n) => n > 0 && number !== log.entries[n - 1]!.number + 1);
		assert.ok(at > 0 && at < 24, "no gap in the numbers");
		log.entries[at]!.tag = log.entries[at]!.tag.map((byte) => byte ^ 1);
		const tagged = verdictOf(log);
		assert.ok(!tagged.ok && tagged.kind === "altered" && tagged.position === at);
		assert.ok(tagged.why.includes("tag"), tagged.why);
		const other = { ...logOf(6), head: undefined };
		other.entries.splice(3, 0, logOf(4, {}, { ...NAME, chain: 6 }).entries[2]!);
		assert.equal(told(other), "inserted 3");
	});
	it("two records behind the same one, both with good tags: the chain was forked", () => {
		const log = logOf(4);
		const fork = makeLog(new Seeded(99), KEY, NAME, 1); // begins at the same genesis
		log.entries.splice(2, 0, fork.entries[0]!);
		const verdict = verdictOf(log);
		assert.ok(!verdict.ok && verdict.kind === "inserted" && verdict.position === 2);
		assert.ok(verdict.why.includes("already follows"));
	});
	it("not a log at all, another version, something behind the head: told, not thrown", () => {
		for (const [bytes, kind] of [
			[[], "truncated"],
			[[0x80], "altered"],
			[[0xff], "altered"],
			[[0x85, 0x02, 0x40, 0, 0, 0x40], "altered"],
		] as const) {
			const verdict = verifyLog(Uint8Array.from(bytes), KEY);
			assert.ok(!verdict.ok && verdict.kind === kind && verdict.position === -1, JSON.stringify(verdict));
		}
		const { bytes } = encodeLog(logOf(2));
		const verdict = verifyLog(Uint8Array.of(...bytes, 0), KEY);
		assert.ok(!verdict.ok && verdict.kind === "altered" && verdict.position === 2);
	});
});
