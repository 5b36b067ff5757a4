import { DormouseError } from "../modules/core/errors.js";
import { pinsOf, WAKING } from "../tools/device/wake-pins.js";
import { spanOf } from "./faults.js";
import type { Instant } from "./scheduler.js";

/** How long a button is pressed when nobody says. */
const PRESS_MS = 200;

const CHIP = WAKING.esp32;

interface Press {
	readonly pin: number;
	readonly from: Instant;
	readonly to: Instant;
}

/** A script of what happens at pins: `33@6h`, or `33@6h..7h`; a pressed pin is at the level that wakes. */
export class Presses {
	readonly #all: Press[] = [];

	/** Adds what an option says. @throws {DormouseError} `declaration` */
	add(text: string): this {
		const [, pin, from, to] = /^(\d+)@([^.]*(?:\.\d[^.]*)?)(?:\.\.(.+))?$/.exec(text) ?? [];
		const fromMs = spanOf(from ?? "");
		const toMs = to === undefined && fromMs !== undefined ? fromMs + PRESS_MS : spanOf(to ?? "");
		if (pin === undefined || fromMs === undefined || toMs === undefined || toMs <= fromMs)
			throw new DormouseError(
				"declaration",
				`--press ${text}: PIN@TIME or PIN@FROM..TO, such as 33@90s or 33@6h..7h, would be right`,
			);
		if (!CHIP.pins.includes(Number(pin)))
			throw new DormouseError(
				"declaration",
				`--press ${text}: one of the simulated ESP32's pins that can wake it, ${CHIP.pins.join(", ")}, would be right`,
			);
		this.#all.push({ pin: Number(pin), from: fromMs, to: toMs });
		return this;
	}
	/** Pins that are in the script. */
	get pins(): readonly number[] {
		return this.#all.map(({ pin }) => pin);
	}
	/** Whether a pin is pressed. */
	isPressed(pin: number, at: Instant): boolean {
		return this.#all.some((press) => press.pin === pin && press.from <= at && at < press.to);
	}
	/** The first press of one of these pins after an instant. */
	next(pins: readonly number[], after: Instant): Press | undefined {
		return this.#all.filter(({ pin, from }) => pins.includes(pin) && from > after).sort((a, b) => a.from - b.from)[0];
	}
}

/** The pins of a simulated ESP32 that wake it from deep sleep. */
export class PinWaker {
	readonly presses: Presses;
	/** Mask of what woke the board. */
	woke = 0;
	#armed: readonly number[] = [];
	#touch: readonly number[] = [];

	constructor(presses = new Presses()) {
		this.presses = presses;
	}
	/** The board boots; all pins are forgotten. @param pin what woke it, if one did */
	boot(pin?: number): void {
		this.woke = pin === undefined ? 0 : 2 ** pin;
		this.#armed = [];
		this.#touch = [];
	}
	/**
	 * Arms pins, by what an ESP32 has: ext1 for any number of high ones or for one low, ext0 for one more.
	 * @returns mask of those that are not
	 */
	arm(masks: { readonly high: number; readonly low: number; readonly touch: number }, at: Instant): number {
		const free = (pin: number) => CHIP.pins.includes(pin) && !this.presses.isPressed(pin, at);
		const high = pinsOf(masks.high).filter(free);
		const low = pinsOf(masks.low).filter(free);
		this.#touch = pinsOf(masks.touch).filter((pin) => CHIP.touch.includes(pin) && !this.presses.isPressed(pin, at));
		this.#armed = [...high, ...low.slice(0, high.length > 0 ? 1 : 2), ...this.#touch];
		const wanted = [...pinsOf(masks.high), ...pinsOf(masks.low), ...pinsOf(masks.touch)];
		return wanted.reduce((left, pin) => left + (this.#armed.includes(pin) ? 0 : 2 ** pin), 0);
	}
	/** What will wake the board that sleeps since an instant, if nothing else does before. */
	next(since: Instant): { readonly pin: number; readonly at: Instant; readonly isTouch: boolean } | undefined {
		const press = this.presses.next(this.#armed, since);
		return press && { pin: press.pin, at: press.from, isTouch: this.#touch.includes(press.pin) };
	}
}
