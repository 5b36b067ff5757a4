import { createHmac } from "node:crypto";
import * as assert from "../assert.js";
import { linesOf } from "./say.js";
import { removeFolders, skipUnlessSdk } from "./sdk.js";

/** Keys of 1, 16, 64, 65 and 131 bytes, messages of 0 … 200, in two pieces, cut to 16 and 32 bytes; and how fast. */
const MAIN = `import { toHex } from "./modules/core/bytes.js";
import { HmacSha256 } from "./modules/core/sha256.js";
import { PlatformMac } from "./modules/device/mac.js";
import Time from "time";
import { end, say } from "say";

export default function () {
	for (const length of [1, 16, 64, 65, 131]) {
		const key = Uint8Array.from({ length }, (_, n) => n + length);
		for (const mac of [new PlatformMac(key), new HmacSha256(key)])
			for (const size of [0, 1, 55, 56, 64, 200])
				for (const room of [16, 32]) {
					const message = Uint8Array.from({ length: size + 2 }, (_, n) => n);
					const into = new Uint8Array(room);
					mac.update(message, 0, 9); // forgotten
					mac.reset();
					mac.update(message, 1, 1 + (size >> 1));
					mac.update(message.subarray(1 + (size >> 1), 1 + size));
					mac.finish(into);
					say(length + " " + size + " " + toHex(into));
				}
	}
	const key = new Uint8Array(32).fill(7), record = new Uint8Array(53), tag = new Uint8Array(16);
	for (const [name, mac] of Object.entries({ C: new PlatformMac(key), TypeScript: new HmacSha256(key) })) {
		const begin = Time.ticks;
		for (let n = 0; n < 20000; n++) { mac.update(record); mac.finish(tag); }
		say("time " + name + " " + (Time.ticks - begin) / 20);
	}
	end();
}
`;

describe("HMAC on the Moddable SDK (lin)", function () {
	this.timeout(600_000);
	before(function () {
		skipUnlessSdk(this, "the SDK's digest");
	});
	after(removeFolders);

	it("in C by the SDK, in TypeScript on its XS: the codes of OpenSSL, and no warning of the linker", () => {
		const lines = linesOf(MAIN, [
			"modules/core/bytes",
			"modules/core/errors",
			"modules/core/sha256",
			"modules/device/mac",
		]);
		const codes = lines.filter((line) => !line.startsWith("time"));
		assert.equal(codes.length, 5 * 2 * 6 * 2);
		for (const line of codes) {
			const [length, size, code] = line.split(" ");
			const key = Uint8Array.from({ length: Number(length) }, (_, n) => n + Number(length));
			const message = Uint8Array.from({ length: Number(size) }, (_, n) => n + 1);
			const wanted = createHmac("sha256", key).update(message).digest("hex");
			assert.ok(code!.length >= 32 && wanted.startsWith(code!), line);
		}
		for (const line of lines.filter((each) => each.startsWith("time")))
			console.log(`      ${line} µs a record of 30 bytes`);
	});
});
