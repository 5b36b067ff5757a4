import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { HmacSha256 } from "../../../modules/core/sha256.js";
import { Chain, ChainCodes, type ChainName, TAG } from "../../../modules/store/chain.js";
import * as assert from "../../assert.js";

const KEY = Uint8Array.from({ length: 16 }, (_, n) => n);
const NAME: ChainName = Object.freeze({ node: fromHex("02646f726d01"), chain: 7 });
const BODY = Uint8Array.from({ length: 30 }, (_, n) => n);
const nonce = fromHex("6e6f6e6365");
const make = (key: Uint8Array) => new HmacSha256(key);
const chainOf = (name = NAME, key = KEY) => new Chain(new ChainCodes(key, make), name);

function headOf(chain: Chain, challenge = nonce): string {
	const into = new Uint8Array(TAG);
	chain.head(challenge, into);
	return toHex(into);
}

describe("chain", () => {
	// Computed apart from this code, with Python's hmac and struct, from the layouts in its documentation.
	it("known answers: genesis, links, heads", () => {
		const chain = chainOf();
		assert.equal(toHex(chain.tag), "02f3f2ce745f7bdc6581b98bf420fc60");
		assert.equal(headOf(chain, new Uint8Array(0)), "35cbe7fe5695abeb900a3fa5ee5ff8d1");
		assert.equal(toHex(chain.link(1, Uint8Array.of(1, 2, 3))), "9d332738335697ded49a6603bdf741b6");
		assert.equal(toHex(chain.link(258, new Uint8Array(0))), "56e516ec4941d9eb54a3e240ce10002a");
		assert.equal(toHex(chain.link(0xffff_ffff, BODY)), "b83e27f2dc87fb44550f98d86fdace8c");
		assert.equal(headOf(chain), "9c8e5e5bed6c233553cd8b646aaeb5e4");
		assert.equal(chain.count, 3);
		assert.equal(chain.number, 0xffff_ffff);
	});
	it("anything that goes in: another tag comes out", () => {
		const tags = new Set<string>();
		const linked = (chain: Chain, number: number, bytes: Uint8Array) => tags.add(toHex(chain.link(number, bytes)));
		linked(chainOf(), 1, BODY);
		linked(chainOf(), 2, BODY);
		linked(chainOf(), 1, BODY.subarray(1));
		linked(chainOf({ ...NAME, chain: 8 }), 1, BODY);
		linked(chainOf({ ...NAME, node: fromHex("02646f726d") }), 1, BODY);
		linked(
			chainOf(
				NAME,
				KEY.map((byte) => byte ^ 1),
			),
			1,
			BODY,
		);
		const second = chainOf();
		second.link(1, BODY);
		linked(second, 1, BODY);
		assert.equal(tags.size, 7);
	});
	it("heads: bound to node, chain, count, number, tag and challenge", () => {
		const codes = new ChainCodes(KEY, make);
		const [one, other] = [BODY.subarray(0, TAG), BODY.subarray(1, TAG + 1)];
		const heads = new Set<string>();
		for (const [name, tag, count, number, challenge] of [
			[NAME, one, 3, 4, nonce],
			[{ ...NAME, chain: 8 }, one, 3, 4, nonce],
			[{ ...NAME, node: BODY }, one, 3, 4, nonce],
			[NAME, other, 3, 4, nonce],
			[NAME, one, 4, 4, nonce],
			[NAME, one, 3, 5, nonce],
			[NAME, one, 3, 4, nonce.subarray(1)],
		] as const) {
			const into = new Uint8Array(TAG);
			codes.head(name, tag, count, number, challenge, into);
			heads.add(toHex(into));
		}
		assert.equal(heads.size, 7);
	});
	it("across sleep: retained and restored, it goes on as if it had stayed awake", () => {
		const chain = chainOf();
		chain.link(1, BODY);
		chain.link(5, BODY);
		const section = new DataView(new ArrayBuffer(32), 4);
		assert.equal(chain.retain(section), 24);
		const woken = chainOf();
		assert.ok(woken.restore(section, Chain.version));
		assert.equal(headOf(woken), headOf(chain));
		assert.deepEqual(woken.link(6, BODY), chain.link(6, BODY));
		assert.equal(woken.count, 3);
	});
	it("restoring what is short or of another version: refused, nothing has changed", () => {
		const chain = chainOf();
		const before = headOf(chain);
		assert.ok(!chain.restore(new DataView(new ArrayBuffer(23)), Chain.version));
		assert.ok(!chain.restore(new DataView(new ArrayBuffer(24)), Chain.version + 1));
		assert.equal(headOf(chain), before);
	});
	it("after a power loss: resumed behind the newest stored link", () => {
		const chain = chainOf();
		chain.link(1, BODY);
		const stored = chain.tag.slice();
		const tag = chain.link(2, BODY).slice();
		const resumed = chainOf();
		resumed.resume(1, 1, stored);
		assert.deepEqual(resumed.link(2, BODY), tag);
	});
	for (const [what, key] of [
		["none", new Uint8Array(0)],
		["15 bytes", KEY.subarray(1)],
		["all zeros", new Uint8Array(32)],
		["all ones, as in erased flash", new Uint8Array(16).fill(0xff)],
	] as const)
		it(`key: ${what}, refused`, () => {
			assert.throws(() => new ChainCodes(key, make), { code: "range", message: "16 random bytes" });
		});
	it("too long: identity of 33 bytes, record of 65,536; refused, the chain stays as it was", () => {
		assert.throws(() => chainOf({ ...NAME, node: new Uint8Array(33) }), { code: "range" });
		const chain = chainOf();
		const before = headOf(chain);
		assert.throws(() => chain.link(1, new Uint8Array(0x1_0000)), { code: "range" });
		assert.equal(headOf(chain), before);
		chain.link(1, new Uint8Array(0xffff));
	});
});
