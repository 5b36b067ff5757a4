import { fromHex, toHex, utf8 } from "../../../modules/core/bytes.js";
import { HmacSha256, Sha256 } from "../../../modules/core/sha256.js";
import * as assert from "../../assert.js";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/** Messages in hexadecimal and their digests: CAVP SHA256ShortMsg and SHA256LongMsg (CAVS 11.0), by length in bits. */
const CAVP: readonly (readonly [number, string, string])[] = [
	[0, "", EMPTY],
	[8, "d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"],
	[16, "11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"],
	[24, "b4190e", "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"],
	[
		504,
		"e2f76e97606a872e317439f1a03fcd92e632e5bd4e7cbc4e97f1afc19a16fde92d77cbe546416b51640cddb92af996534dfd81edb17c4424cf1ac4d75aceeb",
		"18041bd4665083001fba8c5411d2d748e8abbfdcdfd9218cb02b68a78e7d4c23",
	],
	[
		512,
		"5a86b737eaea8ee976a0a24da63e7ed7eefad18a101c1211e2b3650c5187c2a8a650547208251f6d4237e661c7bf4c77f335390394c37fa1a9f9be836ac28509",
		"42e61e174fbb3897d6dd6cef3dd2802fe67b331953b06114a65c772859dfc1aa",
	],
	[
		1304,
		"451101250ec6f26652249d59dc974b7361d571a8101cdfd36aba3b5854d3ae086b5fdd4597721b66e3c0dc5d8c606d9657d0e323283a5217d1f53f2f284f57b85c8a61ac8924711f895c5ed90ef17745ed2d728abd22a5f7a13479a462d71b56c19a74a40b655c58edfe0a188ad2cf46cbf30524f65d423c837dd1ff2bf462ac4198007345bb44dbb7b1c861298cdf61982a833afc728fae1eda2f87aa2c9480858bec",
		"3c593aa539fdcdae516cdf2f15000f6634185c88f505b39775fb9ab137a10aa2",
	],
];

/** A byte, how often, and the digest: NIST, SHA2_Additional ("Additional test vectors for SHA-2"), those that fit. */
const REPEATED: readonly (readonly [number, number, string])[] = [
	[0xbd, 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"],
	[0, 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"],
	[0, 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"],
	[0, 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"],
	[0, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"],
	[0, 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"],
	[0x41, 1000, "c2e686823489ced2017f6059b8b239318b6364f6dcd835d0a519105a1eadd6e4"],
	[0x55, 1005, "f4d62ddec0f3dd90ea1380fa16a5ff8dc4c54b21740650f24afc4120903552b0"],
];

const repeat = (byte: number, count: number) => new Uint8Array(count).fill(byte);
const count25 = Uint8Array.from({ length: 25 }, (_, n) => n + 1);

/** Keys, messages and codes: RFC 4231 §4.2 … §4.8. The fifth is cut to 128 bits. */
const RFC4231: readonly (readonly [number, Uint8Array, Uint8Array, string])[] = [
	[1, repeat(0x0b, 20), utf8("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
	[
		2,
		utf8("Jefe"),
		utf8("what do ya want for nothing?"),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	],
	[3, repeat(0xaa, 20), repeat(0xdd, 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"],
	[4, count25, repeat(0xcd, 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"],
	[5, repeat(0x0c, 20), utf8("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"],
	[
		6,
		repeat(0xaa, 131),
		utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	],
	[
		7,
		repeat(0xaa, 131),
		utf8(
			"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
		),
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
	],
];

function sha256(...parts: Uint8Array[]): string {
	const digest = new Sha256();
	for (const part of parts) digest.update(part);
	const into = new Uint8Array(32);
	digest.finish(into);
	return toHex(into);
}

describe("sha256", () => {
	it("abc, and 448 bits: the examples of FIPS 180", () => {
		assert.equal(sha256(utf8("abc")), ABC);
		assert.equal(
			sha256(utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
		);
	});
	for (const [bits, message, digest] of CAVP)
		it(`CAVP: ${bits} bits`, () => {
			const bytes = fromHex(message);
			assert.equal(bytes.length, bits / 8);
			assert.equal(sha256(bytes), digest);
		});
	for (const [byte, count, digest] of REPEATED)
		it(`${count} times ${byte}: the additional vectors of NIST`, () => {
			assert.equal(sha256(repeat(byte, count)), digest);
		});
	it("in two pieces, cut anywhere, and byte by byte: the same as in one", () => {
		const [, message, digest] = CAVP[6]!;
		const bytes = fromHex(message);
		for (let cut = 0; cut <= bytes.length; cut++)
			assert.equal(sha256(bytes.subarray(0, cut), bytes.subarray(cut)), digest);
		assert.equal(sha256(...Array.from(bytes, (byte) => Uint8Array.of(byte))), digest);
	});
	it("a range: what is outside does not count", () => {
		const digest = new Sha256();
		digest.update(utf8("xxabcyy"), 2, 4);
		digest.update(utf8("xxabcyy"), 4, 5);
		const into = new Uint8Array(32);
		digest.finish(into);
		assert.equal(toHex(into), ABC);
	});
	it("reset: a half message is forgotten, and the next one is like the first", () => {
		const digest = new Sha256();
		const into = new Uint8Array(32);
		digest.update(repeat(7, 100));
		for (let round = 0; round < 2; round++) {
			digest.reset();
			digest.update(utf8("abc"));
			digest.finish(into);
			assert.equal(toHex(into), ABC);
		}
	});
	it("less room: the first bytes; more room: 32, and the rest stays", () => {
		for (const room of [0, 1, 16, 31, 40]) {
			const digest = new Sha256();
			digest.update(utf8("abc"));
			const into = repeat(0xee, room);
			digest.finish(into);
			assert.equal(toHex(into), (ABC + "ee".repeat(8)).slice(0, 2 * room));
		}
	});
});

describe("hmac-sha256", () => {
	for (const [number, key, message, code] of RFC4231)
		it(`RFC 4231: test case ${number}`, () => {
			const mac = new HmacSha256(key);
			const into = new Uint8Array(code.length / 2);
			for (let cut = 0; cut <= message.length; cut += 17) {
				mac.update(message, 0, cut);
				mac.update(message.subarray(cut));
				mac.finish(into);
				assert.equal(toHex(into), code); // and again: one message does not show in the next
			}
		});
	it("reset: a half message is forgotten", () => {
		const [, key, message, code] = RFC4231[0]!;
		const mac = new HmacSha256(key);
		const into = new Uint8Array(32);
		mac.update(repeat(1, 70));
		mac.reset();
		mac.update(message);
		mac.finish(into);
		assert.equal(toHex(into), code);
	});
	for (const [length, code] of [
		[64, "13acfc0ca3cd6c37c0882ef1ac85014dea0141f6920561a3ed59192cc09942c6"],
		[65, "bd4fcebf00389095f1e482f7ba38af4dbea1f81d85b4c3f30a5d76b914461a41"],
	] as const)
		it(`a key of ${length} bytes: used as it is up to 64, else through its digest`, () => {
			// Computed with Python's hmac, for no message.
			const into = new Uint8Array(32);
			new HmacSha256(repeat(5, length)).finish(into);
			assert.equal(toHex(into), code);
		});
});
