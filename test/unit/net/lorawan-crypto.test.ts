import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { Aes128 } from "../../../net/lorawan/aes.js";
import { Crypto } from "../../../net/lorawan/crypto.js";
import * as assert from "../../assert.js";

/** Key, plaintext, ciphertext: FIPS 197 appendices B and C.1; SP 800-38A F.1.1; the S-box through AESAVS's KAT. */
const AES: readonly (readonly [string, string, string, string])[] = [
	[
		"FIPS 197 appendix B",
		"2b7e151628aed2a6abf7158809cf4f3c",
		"3243f6a8885a308d313198a2e0370734",
		"3925841d02dc09fbdc118597196a0b32",
	],
	[
		"FIPS 197 appendix C.1",
		"000102030405060708090a0b0c0d0e0f",
		"00112233445566778899aabbccddeeff",
		"69c4e0d86a7b0430d8cdb78070b4c55a",
	],
	[
		"SP 800-38A F.1.1, block 1",
		"2b7e151628aed2a6abf7158809cf4f3c",
		"6bc1bee22e409f96e93d7e117393172a",
		"3ad77bb40d7a3660a89ecaf32466ef97",
	],
	[
		"SP 800-38A F.1.1, block 4",
		"2b7e151628aed2a6abf7158809cf4f3c",
		"f69f2445df4f9b17ad2b417be66c3710",
		"7b0c785e27e8ad3f8223207104725dd4",
	],
	["AESAVS, all zero", "0".repeat(32), "0".repeat(32), "66e94bd4ef8a2c3b884cfa59ca342b2e"],
	["AESAVS, VarTxt 1", "0".repeat(32), "8".padEnd(32, "0"), "3ad78e726c1ec02b7ebfe92b23d9ec34"],
	["AESAVS, VarKey 128", "f".repeat(32), "0".repeat(32), "a1f6258c877d5fcd8964484538bfc92c"],
];

/** RFC 4493 §4: the key of all, and messages of 0, 16, 40 and 64 bytes. */
const KEY = "2b7e151628aed2a6abf7158809cf4f3c";
const MESSAGE =
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
const CMAC: readonly (readonly [number, string])[] = [
	[0, "bb1d6929e95937287fa37d129b756746"],
	[16, "070a16b46b4d4144f79bdd9dd04a287c"],
	[40, "dfa66747de9ae63030ca32611497c827"],
	[64, "51f0bebf7e3b9d92fc49741779363cfe"],
];

describe("lorawan aes-128", () => {
	for (const [name, key, plain, cipher] of AES)
		it(`${name}: the published block, wherever it stands`, () => {
			const aes = new Aes128();
			const keys = new Uint8Array(21);
			keys.set(fromHex(key), 5);
			aes.setKey(keys, 5);
			const block = new Uint8Array(20);
			block.set(fromHex(plain), 3);
			aes.encrypt(block, 3);
			assert.equal(toHex(block), `000000${cipher}00`);
		});
	it("10,000 times in a chain, with the key from it: as Node's OpenSSL had it", () => {
		const aes = new Aes128();
		const block = new Uint8Array(16);
		const key = new Uint8Array(16);
		for (let n = 0; n < 100; n++) {
			aes.setKey(key);
			for (let times = 0; times < 100; times++) aes.encrypt(block);
			for (let at = 0; at < 16; at++) key[at]! ^= block[at]!;
		}
		assert.equal(toHex(block), "a5619ffe81cea35fc01724b4d2f0bf40");
	});
});

describe("lorawan aes-cmac", () => {
	const aes = () => {
		const cipher = new Aes128();
		cipher.setKey(fromHex(KEY));
		return new Crypto(cipher);
	};
	for (const [length, code] of CMAC)
		it(`RFC 4493 §4: ${length} bytes`, () => {
			assert.equal(toHex(aes().cmac(undefined, fromHex(MESSAGE), length)), code);
		});
	for (const [length, code] of CMAC.slice(1))
		it(`RFC 4493 §4: ${length} bytes, the first 16 as a head of their own`, () => {
			const bytes = fromHex(MESSAGE);
			assert.equal(toHex(aes().cmac(bytes.slice(0, 16), bytes.subarray(16), length - 16)), code);
		});
});
