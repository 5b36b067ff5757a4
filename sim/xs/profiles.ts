import { DormouseError } from "../../modules/core/errors.js";

/** RAM of a wake: XS's `creation` of a target in the SDK. */
export interface RamProfile {
	readonly name: string;
	/** Bytes of chunks at the start, and how many more at once; 0: none. */
	readonly chunks: number;
	readonly chunksGrow: number;
	/** Slots at the start, and how many more at once; 0: none. */
	readonly slots: number;
	readonly slotsGrow: number;
	/** Slots of the stack. */
	readonly stack: number;
	/** Bytes of the one region that slots, stack and chunks share; 0: each has its own. */
	readonly linear: number;
}

/** `creation` of the SDK's C3 targets: chunks grow from the region's start, slots from its end, in these steps. */
const LINEAR = { chunks: 1536, chunksGrow: 512, slots: 512, slotsGrow: 64, stack: 384 } as const;
/** Least bytes of a region by number: room for the first slots, stack and chunks. */
const LEAST = 20_480;
const MOST = 16 << 20;

/** The SDK's targets by name. Source: Moddable SDK 8.2.3, `creation` of build/devices/esp32 and its C3 targets. */
export const RAM_PROFILES: Readonly<Record<string, RamProfile>> = Object.freeze({
	esp32: { name: "esp32", chunks: 78_848, chunksGrow: 0, slots: 4928, slotsGrow: 0, stack: 512, linear: 0 },
	esp32c3: { name: "esp32c3", ...LINEAR, linear: 94_208 },
});

/**
 * The profile that `--ram` names: a target, or a number of bytes for one linear region, laid out as on the C3 targets.
 * @throws {DormouseError} `declaration` when there is none
 */
export function ramProfile(ram: string | number | RamProfile): RamProfile {
	if (typeof ram === "object") return ram;
	const known = typeof ram === "string" && Object.hasOwn(RAM_PROFILES, ram) ? RAM_PROFILES[ram] : undefined;
	if (known) return known;
	const bytes = typeof ram === "number" ? ram : /^\d+$/.test(ram) ? Number(ram) : Number.NaN;
	if (Number.isInteger(bytes) && bytes >= LEAST && bytes <= MOST)
		return { name: `${bytes}`, ...LINEAR, linear: bytes & ~15 };
	throw new DormouseError(
		"declaration",
		`RAM profile ${JSON.stringify(ram)}: use ${Object.keys(RAM_PROFILES).join(", ")}, or bytes from ${LEAST} to ${MOST}`,
	);
}
