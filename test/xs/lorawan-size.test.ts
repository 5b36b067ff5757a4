import { toHex } from "../../modules/core/bytes.js";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { FirmwareBundle } from "../../sim/engine/engine.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { type Boot, moreFlash, smallestRam } from "../../sim/engine/xs-size.js";
import { bytesOf } from "../../tools/size.js";
import * as assert from "../assert.js";
import { needsXs } from "./support.js";

/**
 * Bytes of flash of MAC, region and driver as a device gets them, and of heap that they take in a wake with an uplink: what
 * there is more of than in a wake with the same ports alone. Budget: 32 KB and 6 KB; see docs/lorawan.md.
 */
const CEILINGS = [
	["sx126x", "test/fixtures/lorawan-126.ts", 32_768, 5000],
	["sx127x", "test/fixtures/lorawan-127.ts", 32_300, 5000],
] as const;

describe("lorawan on xs", () => {
	const host = needsXs();
	for (const [family, file, mostFlash, mostHeap] of CEILINGS)
		it(`MAC, EU868 and ${family}: an uplink, preloaded and frozen, is on air, within its share of flash and heap`, async function () {
			this.timeout(300_000);
			const engine = new XsEngine(host(), { measure: true, locate: false });
			const sent: string[] = [];
			const measured = async (bundle: FirmwareBundle) => {
				const firmware = engine.load(bundle);
				const run = (boot: Boot) =>
					void boot({
						call(request) {
							sent.push(toHex(request));
							return Uint8Array.of(0);
						},
					});
				const ram = (await smallestRam(firmware, run))!;
				firmware.close();
				return { flash: firmware.flash, ram };
			};
			const bare = await measured(await bundleFirmware("nodes/weather.ts", "test/fixtures/lorawan-bare.ts", "short"));
			sent.length = 0;
			const bundle = await bundleFirmware("nodes/weather.ts", file, "short");
			const { ram, flash: whole } = await measured(bundle);
			assert.ok(/^40cdab0126800000/.test(sent[0]!), sent[0]);
			const flash = bytesOf(moreFlash(whole, bare.flash));
			const chunks = ram.chunks - bare.ram.chunks;
			const slots = ram.slots - bare.ram.slots;
			const heap = chunks + 16 * slots;
			const { bytecode } = moreFlash(whole, bare.flash);
			console.log(
				`      flash ${flash} bytes, ${bytecode} of it bytecode; heap ${heap} bytes: chunks ${chunks}, ${slots} slots; stack ${ram.stack}`,
			);
			assert.ok(flash <= mostFlash, `${flash} bytes of flash`);
			assert.ok(heap <= mostHeap, `${heap} bytes of heap`);
		});
});
