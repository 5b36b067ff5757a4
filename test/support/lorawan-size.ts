import { toHex } from "../../modules/core/bytes.js";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { FirmwareBundle } from "../../sim/engine/engine.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { type Boot, moreFlash, smallestRam } from "../../sim/engine/xs-size.js";
import type { ReadyHost } from "../../sim/xs/build.js";
import { bytesOf } from "../../tools/size.js";

/** What MAC, one region and one driver take on XS, as a device gets them. */
export interface LorawanSize {
	/** Bytes of flash, and those of them that are bytecode. */
	readonly flash: number;
	readonly bytecode: number;
	/** Bytes of heap in a wake with an uplink: chunks, and 16 for each slot. */
	readonly heap: number;
	readonly chunks: number;
	readonly slots: number;
	/** Slots of stack in that wake, all of it. */
	readonly stack: number;
	/** The first frame that it sent, in hexadecimal digits. */
	readonly frame: string;
}

/**
 * Measures what there is more of than in a wake with the same ports alone.
 * @param fixture a wake with one uplink, such as `test/fixtures/lorawan-126.ts`
 */
export async function lorawanSize(host: ReadyHost, fixture: string): Promise<LorawanSize> {
	const engine = new XsEngine(host, { measure: true, locate: false });
	let frame = "";
	const measured = async (bundle: FirmwareBundle) => {
		const firmware = engine.load(bundle);
		frame = "";
		const run = (boot: Boot) =>
			void boot({
				call(request) {
					frame ||= toHex(request);
					return Uint8Array.of(0);
				},
			});
		const ram = (await smallestRam(firmware, run))!;
		firmware.close();
		return { flash: firmware.flash, ram };
	};
	const bare = await measured(await bundleFirmware("nodes/weather.ts", "test/fixtures/lorawan-bare.ts", "short"));
	const whole = await measured(await bundleFirmware("nodes/weather.ts", fixture, "short"));
	const flash = moreFlash(whole.flash, bare.flash);
	const chunks = whole.ram.chunks - bare.ram.chunks;
	const slots = whole.ram.slots - bare.ram.slots;
	const { bytecode } = flash;
	const { stack } = whole.ram;
	return { flash: bytesOf(flash), bytecode, heap: chunks + 16 * slots, chunks, slots, stack, frame };
}
