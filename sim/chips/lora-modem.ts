import type { Cancel, Scheduler } from "../scheduler.js";
import {
	type Arrival,
	type Heard,
	type LoraAir,
	type LoraChannel,
	type LoraFrame,
	type LoraShape,
	preambleMs,
	symbolMs,
	timeOnAirMs,
} from "./lora-air.js";

/** Symbols of preamble that a modem needs to find a frame. Source: SX1276 data sheet §4.1.1.6; LoRaWAN stacks reckon with 5 or 6. */
const DETECT_SYMBOLS = 5;
/** Of the explicit header: eight symbols. */
const HEADER_SYMBOLS = 8;
/** Rounding of sums of symbols. */
const EPSILON_MS = 1e-6;

/** How a reception goes on. `ended` is last, `timeout` instead of it. */
export interface ReceptionEvents {
	preamble?(atMs: number): void;
	header?(atMs: number): void;
	/** The header's CRC is wrong; nothing follows. */
	headerError(atMs: number): void;
	ended(frame: LoraFrame, arrival: Arrival, bytes: Uint8Array, atMs: number): void;
	timeout(atMs: number): void;
}

interface Due {
	readonly at: number;
	readonly run: () => void;
	readonly cancel: Cancel;
}

/** The LoRa modem that both chip families have, apart from how they are asked: frames, windows and preambles in virtual time. */
export class LoraModem {
	readonly #scheduler: Scheduler;
	readonly #air: LoraAir;
	readonly #due = new Set<Due>();
	#leave: Cancel | undefined;

	constructor(scheduler: Scheduler, air: LoraAir) {
		this.#scheduler = scheduler;
		this.#air = air;
	}
	/** Runs what is due by now: the board's time may be ahead of the scheduler's. */
	advance(nowMs: number): void {
		for (;;) {
			let next: Due | undefined;
			for (const due of this.#due) if (due.at <= nowMs && (!next || due.at < next.at)) next = due;
			if (!next) return;
			this.#fire(next);
		}
	}
	/** Ends what runs, without an event. */
	stop(): void {
		this.#leave?.();
		this.#leave = undefined;
		for (const due of this.#due) due.cancel();
		this.#due.clear();
	}
	/** Sends a frame. */
	transmit(
		what: LoraChannel & LoraShape & { powerDbm: number; impaired: boolean },
		bytes: Uint8Array,
		startMs: number,
		done: (atMs: number) => void,
	): void {
		const endMs = startMs + timeOnAirMs(what, bytes.length);
		this.#air.transmit({ ...what, bytes, startMs, endMs });
		this.#at(endMs, () => done(endMs));
	}
	/**
	 * Listens.
	 * @param toMs end of the window, unless something was found
	 * @param until what has to be found by then
	 */
	receive(
		how: LoraChannel & LoraShape & { impaired: boolean },
		fromMs: number,
		toMs: number,
		until: "preamble" | "header",
		on: ReceptionEvents,
	): void {
		const symbol = symbolMs(how);
		let locked = false;
		const window =
			toMs < Number.POSITIVE_INFINITY
				? this.#at(toMs + EPSILON_MS, () => {
						this.stop();
						on.timeout(toMs);
					})
				: undefined;
		const forget = (due: Due | undefined) => {
			due?.cancel();
			if (due) this.#due.delete(due);
		};
		const heard = ({ frame, arrival }: Heard) => {
			const lockMs = Math.max(fromMs, frame.startMs) + DETECT_SYMBOLS * symbol;
			const over = frame.startMs + frame.preambleSymbols * symbol;
			if (locked || lockMs > over + EPSILON_MS || (until === "preamble" && lockMs > toMs + EPSILON_MS)) return;
			this.#at(lockMs, () => {
				if (locked) return;
				locked = true;
				if (until === "preamble") forget(window);
				on.preamble?.(lockMs);
				if (frame.implicit !== how.implicit) return; // it waits for a header that does not come, or takes data for one
				const headerMs = frame.startMs + preambleMs(frame) + HEADER_SYMBOLS * symbol;
				this.#at(headerMs, () => {
					if (arrival().kind === "header") {
						this.stop();
						on.headerError(headerMs);
						return;
					}
					forget(window);
					on.header?.(headerMs);
				});
				this.#at(frame.endMs, () => {
					const spoiled = frame.impaired || how.impaired || frame.lowDataRate !== how.lowDataRate;
					const kind = spoiled ? "payload" : arrival().kind;
					const bytes = frame.bytes.slice();
					if (kind === "payload") for (let n = 0; n < bytes.length; n += 3) bytes[n]! ^= 0xa5;
					on.ended(frame, { ...arrival(), kind }, bytes, frame.endMs);
				});
			});
		};
		this.#leave = this.#air.listen({ ...how, heard });
	}
	/** Looks for a preamble, so many symbols long. */
	detect(how: LoraChannel, fromMs: number, symbols: number, done: (active: boolean, atMs: number) => void): void {
		const toMs = fromMs + symbols * symbolMs(how);
		let active = false;
		const leave = this.#air.listen({
			...how,
			heard({ frame }) {
				const preambleEnds = frame.startMs + frame.preambleSymbols * symbolMs(frame);
				if (Math.min(toMs, preambleEnds) - Math.max(fromMs, frame.startMs) >= symbolMs(frame)) active = true;
			},
		});
		this.#leave = leave;
		this.#at(toMs, () => {
			leave();
			done(active, toMs);
		});
	}
	/** What the channel measures now. */
	rssiDbm(how: LoraChannel, nowMs: number): number {
		return this.#air.rssiDbm(how.frequencyHz, how.bandwidthHz, nowMs);
	}

	#at(at: number, run: () => void): Due {
		const due: Due = { at, run, cancel: this.#scheduler.at(at, () => this.#fire(due)) };
		this.#due.add(due);
		return due;
	}
	#fire(due: Due) {
		due.cancel();
		if (this.#due.delete(due)) due.run();
	}
}
