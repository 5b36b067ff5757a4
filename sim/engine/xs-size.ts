import { Status } from "../host/table.js";
import type { RamProfile } from "../xs/profiles.js";
import { ramProfile } from "../xs/profiles.js";
import type { FirmwareBundle, HostSide } from "./engine.js";
import type { FlashTotals, XsEngine, XsFirmware, XsWake } from "./xs.js";

/** Boots wakes with the RAM under test. */
export type Boot = (host: HostSide) => XsWake;
/** Boots and drives wakes; deterministic, so that each run does the same. */
export type Run = (boot: Boot) => void | Promise<void>;

/** Whether firmware lives through a run with so much RAM. */
export async function survives(firmware: XsFirmware, ram: RamProfile, run: Run): Promise<boolean> {
	const wakes: XsWake[] = [];
	await run((host) => {
		const wake = firmware.boot(host, ram);
		wakes.push(wake);
		return wake;
	});
	const lived = wakes.every((wake) => wake.state !== "fault");
	for (const wake of wakes) wake.drop();
	return lived;
}

/** The smallest RAM that survives, each kind found with plenty of the others, and the smallest region for all. */
export interface SmallestRam {
	/** Bytes. */
	readonly chunks: number;
	readonly slots: number;
	/** Slots. */
	readonly stack: number;
	/** Bytes of one linear region, as on the C3 targets. */
	readonly linear: number;
}

const PLENTY: RamProfile = { ...ramProfile("esp32"), name: "plenty", chunks: 1 << 20, slots: 65_000, stack: 4096 };

/**
 * Finds the smallest RAM by bisection: "peak" figures include garbage, this does not.
 * @param firmware loaded with `locate: false`, for speed
 * @returns undefined when the firmware fails with plenty as well
 */
export async function smallestRam(firmware: XsFirmware, run: Run): Promise<SmallestRam | undefined> {
	const works = (ram: RamProfile) => survives(firmware, ram, run);
	if (!(await works(PLENTY))) return undefined;
	const linear = (bytes: number): RamProfile => ({ ...ramProfile("esp32c3"), name: `${bytes}`, linear: bytes });
	return {
		chunks: await smallest(0, PLENTY.chunks, 64, (chunks) => works({ ...PLENTY, chunks })),
		slots: await smallest(32, PLENTY.slots, 1, (slots) => works({ ...PLENTY, slots })),
		stack: await smallest(64, PLENTY.stack, 1, (stack) => works({ ...PLENTY, stack })),
		linear: await smallest(16_384, 1 << 20, 64, (bytes) => works(linear(bytes))),
	};
}

/** The least multiple of `step` above `low` that works; `high` is known to. */
async function smallest(
	low: number,
	high: number,
	step: number,
	works: (value: number) => Promise<boolean>,
): Promise<number> {
	let fails = Math.floor(low / step);
	let lives = Math.ceil(high / step);
	while (lives - fails > 1) {
		const middle = (fails + lives) >> 1;
		if (await works(middle * step)) lives = middle;
		else fails = middle;
	}
	return lives * step;
}

/** An empty firmware: what XS's built-ins and the host take of flash. */
const EMPTY: FirmwareBundle = {
	code: "((dormouseEngine) => ({ wake() {}, node: undefined }))",
	map: "",
	name: "empty",
};

/** The smallest RAM of a wake that does nothing: what XS itself and the host take. */
export async function emptyRam(engine: XsEngine): Promise<SmallestRam> {
	const empty = engine.load(EMPTY);
	const ram = await smallestRam(empty, (boot) => void boot({ call: () => Uint8Array.of(Status.ok) }));
	empty.close();
	return ram!;
}

/** Flash of the firmware alone, without XS's built-ins. Bytes; `keys` and `slots` are counts. */
export function firmwareFlash(engine: XsEngine, flash: FlashTotals): FlashTotals {
	const empty = engine.load(EMPTY);
	empty.close();
	return moreFlash(flash, empty.flash);
}

/** What there is more of in `flash` than in `less`. */
export function moreFlash(flash: FlashTotals, less: FlashTotals): FlashTotals {
	return {
		bytecode: flash.bytecode - less.bytecode,
		slots: flash.slots - less.slots,
		chunks: flash.chunks - less.chunks,
		keys: flash.keys - less.keys,
		aliases: flash.aliases - less.aliases,
		slotSize: flash.slotSize,
	};
}
