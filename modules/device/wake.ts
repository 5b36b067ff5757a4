import { armPins, pinsWoke } from "device/pins";
import { wrong } from "../core/errors.js";
import type { WakeSources } from "../core/ports.js";

/** One pin that wakes a node. */
export interface WakePin {
	/** GPIO number. Which can wake a chip: docs/boards.md. */
	readonly pin: number;
	/** At this level. */
	readonly level: "high" | "low";
	/** The chip's own pull resistor, some 45 kΩ. Default: away from the level. `none` where there is one outside. */
	readonly pull?: "up" | "down" | "none";
}

export interface WakeOptions {
	readonly pins?: readonly WakePin[];
	/** Pins of touch pads, of an ESP32 or S3; while they are armed a node draws some 30 µA more. */
	readonly touch?: readonly number[];
	/** Whether the sample that such a wake takes is sent at once, unless an exchange failed just before. Default: false. */
	readonly send?: boolean;
	/**
	 * Seconds that no pin wakes the node once one has, 1 … 3600; 5 by default: a contact that flaps, or one that stays, is no
	 * storm of wakes.
	 */
	readonly rest?: number;
}

const FIELDS: readonly string[] = Object.freeze(["pins", "touch", "send", "rest"]);
const PIN_FIELDS: readonly string[] = Object.freeze(["pin", "level", "pull"]);
const LAST_PIN = 48;
const MOST = 8;
const LONGEST_REST = 3600;

/**
 * Pins and touch pads that wake a node between its samples, for `declareNode`'s `wake`: it takes a sample at once, beside
 * those of its schedule. The build brings `device/pins`.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function wakeOn(options: WakeOptions): WakeSources {
	if (typeof options !== "object" || options === null) wrong("wake", options, "wakeOn({ pins: […] })");
	for (const field of Object.keys(options))
		if (!FIELDS.includes(field)) wrong(`wake.${field}`, "this field", `one of ${FIELDS.join(", ")}`);
	const { pins = [], touch = [], send = false, rest = 5 } = options;
	if (
		!Array.isArray(pins) ||
		!Array.isArray(touch) ||
		pins.length + touch.length < 1 ||
		pins.length + touch.length > MOST
	)
		wrong("wake.pins", "their number", `one to ${MOST} of them, those of touch included,`);
	if (typeof send !== "boolean") wrong("wake.send", send, "true or false");
	if (!(rest >= 1 && rest <= LONGEST_REST)) wrong("wake.rest", rest, `seconds(1) to ${LONGEST_REST}`);
	const seen: number[] = [];
	const bit = (field: string, pin: number) => {
		if (!Number.isInteger(pin) || pin < 0 || pin > LAST_PIN) wrong(field, pin, `a GPIO number, 0 to ${LAST_PIN},`);
		if (seen.includes(pin)) wrong(field, `${pin} once more`, "each pin once");
		seen.push(pin);
		return 2 ** pin;
	};
	let [high, low, up, down, pads] = [0, 0, 0, 0, 0];
	pins.forEach((one: WakePin, n) => {
		const field = `wake.pins[${n}]`;
		if (typeof one !== "object" || one === null) wrong(field, one, '{ pin: 33, level: "low" }');
		for (const name of Object.keys(one))
			if (!PIN_FIELDS.includes(name)) wrong(`${field}.${name}`, "this field", `one of ${PIN_FIELDS.join(", ")}`);
		const mask = bit(`${field}.pin`, one.pin);
		if (one.level === "high") high += mask;
		else if (one.level === "low") low += mask;
		else wrong(`${field}.level`, String(one.level), '"high" or "low"');
		const pull = one.pull ?? (one.level === "low" ? "up" : "down");
		if (pull === "up") up += mask;
		else if (pull === "down") down += mask;
		else if (pull !== "none") wrong(`${field}.pull`, String(pull), '"up", "down" or "none"');
	});
	touch.forEach((pin: number, n) => {
		pads += bit(`wake.touch[${n}]`, pin);
	});
	return Object.freeze(new PinWake(high, low, up, down, pads, send, rest * 1000));
}

class PinWake implements WakeSources {
	readonly high: number;
	readonly low: number;
	private readonly up: number;
	private readonly down: number;
	readonly touch: number;
	readonly send: boolean;
	readonly restMs: number;

	constructor(high: number, low: number, up: number, down: number, touch: number, send: boolean, restMs: number) {
		this.high = high;
		this.low = low;
		this.up = up;
		this.down = down;
		this.touch = touch;
		this.send = send;
		this.restMs = restMs;
	}
	woke(): number {
		return pinsWoke();
	}
	arm(rests: boolean): number {
		const { high, low, up, down, touch } = this;
		return rests ? high + low + touch : armPins(high, low, up, down, touch);
	}
}
