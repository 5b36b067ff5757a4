import { DormouseError } from "../../modules/core/errors.js";
import type { WakeSources } from "../../modules/core/ports.js";
import type { Chip } from "./boards.js";

interface Waking {
	/** Pins that wake the chip from deep sleep by their level. */
	readonly pins: readonly number[];
	/** Pins of touch pads that do. */
	readonly touch: readonly number[];
	/** Pins of both levels that there may be; by default any. */
	allows?(high: number, low: number): boolean;
	/** What {@link allows} says, in words. */
	readonly most?: string;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/**
 * What wakes a chip from deep sleep.
 * Source: ESP-IDF v6.0, components/esp_hw_support/include/esp_sleep.h (ext0, ext1: pins, levels); for C3
 * soc/esp32c3/include/soc/soc_caps.h; pads: soc/(chip)/include/soc/touch_sensor_channel.h.
 */
export const WAKING: Readonly<Record<Chip, Waking>> = Object.freeze({
	esp32: {
		pins: [0, 2, 4, ...range(12, 15), ...range(25, 27), ...range(32, 39)],
		touch: [0, 2, 4, ...range(12, 15), 27, 32, 33],
		allows: (high, low) => low <= (high > 0 ? 1 : 2),
		most: "one pin at low beside those at high, or two at low,",
	},
	esp32s2: { pins: range(0, 21), touch: range(1, 14), allows: oneOfTheOther, most: "one pin of the other level" },
	esp32s3: { pins: range(0, 21), touch: range(1, 14), allows: oneOfTheOther, most: "one pin of the other level" },
	esp32c3: { pins: range(0, 5), touch: [] },
	esp32c6: { pins: range(0, 7), touch: [] },
	esp32h2: { pins: range(8, 14), touch: [] },
});

function oneOfTheOther(high: number, low: number): boolean {
	return Math.min(high, low) <= 1;
}

/**
 * Refuses what a chip cannot wake by: on the board it would only be reported, at each sleep.
 * @throws {DormouseError} `declaration`, with what would be right
 */
export function checkWake(wake: WakeSources | undefined, chip: Chip): void {
	if (!wake) return;
	const { pins, touch, allows, most } = WAKING[chip];
	const [high, low, pads] = [pinsOf(wake.high), pinsOf(wake.low), pinsOf(wake.touch)];
	const check = (wanted: readonly number[], known: readonly number[], what: string) => {
		for (const pin of wanted)
			if (!known.includes(pin)) {
				const right = known.length > 0 ? `${known.join(", ")} would be right` : "it has no such pins at all";
				throw new DormouseError("declaration", `wake: ${what} ${pin} cannot wake an ${chip}; ${right}`);
			}
	};
	check([...high, ...low], pins, "pin");
	check(pads, touch, "the touch pad at pin");
	if (allows && !allows(high.length, low.length))
		throw new DormouseError(
			"declaration",
			`wake: ${high.length} pins at high and ${low.length} at low are too many for an ${chip}; ${most} would be right`,
		);
}

/** The numbers of a mask's pins: the bit of value 2^n is GPIO n. */
export function pinsOf(mask: number): number[] {
	const pins: number[] = [];
	for (let pin = 0, left = mask; left > 0; pin++, left = Math.floor(left / 2)) if (left % 2 > 0) pins.push(pin);
	return pins;
}
