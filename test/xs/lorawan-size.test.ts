import * as assert from "../assert.js";
import { lorawanSize } from "../support/lorawan-size.js";
import { needsXs } from "./support.js";

/** Bytes of flash and of heap, at most. Budget: 32 KB and 6 KB; see docs/lorawan.md. */
const CEILINGS = [
	["sx126x", "test/fixtures/lorawan-126.ts", 32_768, 5000],
	["sx127x", "test/fixtures/lorawan-127.ts", 32_300, 5000],
] as const;

describe("lorawan on xs", () => {
	const host = needsXs();
	for (const [family, file, mostFlash, mostHeap] of CEILINGS)
		it(`MAC, EU868 and ${family}: an uplink, preloaded and frozen, is on air, within its share of flash and heap`, async function () {
			this.timeout(300_000);
			const { flash, bytecode, heap, chunks, slots, stack, frame } = await lorawanSize(host(), file);
			console.log(
				`      flash ${flash} bytes, ${bytecode} of it bytecode; heap ${heap} bytes: chunks ${chunks}, ${slots} slots; stack ${stack}`,
			);
			assert.ok(/^40cdab0126800000/.test(frame), frame);
			assert.ok(flash <= mostFlash, `${flash} bytes of flash`);
			assert.ok(heap <= mostHeap, `${heap} bytes of heap`);
		});
});
