import { frozen } from "../modules/core/frozen.js";

/**
 * Supply currents of the simulated board, in milliamperes at 3.3 V: an ESP32-C3 with its flash, and a BME280. What a board
 * has around them (regulator, divider of the battery, LED) is not in here.
 *
 * Source: ESP32-C3 Series data sheet, "Current Consumption", tables for RF modes and for low-power modes. Where ESP-IDF's
 * documentation has measurements of its own (api-guides/low-power-mode, ESP32-C3), they agree: 20.5 idle at 160 MHz, 83 at
 * the peak of receiving, 4.8 µA in deep sleep.
 */
export const Currents = frozen({
	/** RTC timer and RTC memory. */
	deepSleep: 0.005,
	/** CPU running at 160 MHz, clocks of the peripherals on, radio off. */
	cpu: 28,
	/** The same with the CPU idle. */
	wait: 21,
	/** Light sleep: CPU and clocks stopped, memory kept. Source: the table for low-power modes. */
	light: 0.13,
	/** Radio receiving or listening, 802.11 b/g/n in 20 MHz. */
	listen: 84,
	/** Radio sending 802.11b at 1 Mbit/s and 21 dBm; all frames count as such, though data goes out at 276 … 285. */
	send: 335,
	/**
	 * A W5500 with a link of 100 Mbit/s, on top of all else; a LAN8720A takes some 50. Its supply is off in deep sleep.
	 * Source: W5500 data sheet 1.0.2 §5.4, from memory.
	 */
	ethernet: 132,
	/** BME280 asleep. Source: BME280 data sheet, table 1, typical. */
	sensorSleep: 0.0001,
	/** BME280 converting: pressure, which takes most. Source: the same. */
	sensor: 0.714,
});

/**
 * JavaScript's time on an ESP32-C3. An account beside the virtual clock: what firmware does and sends does not depend on it.
 */
export const Script = frozen({
	/** Instructions of one computron, XS 13.3's measure of work: 26 … 400 by what is done; this fits interpreted code within a factor of 2. */
	instructions: 42,
	/** At 160 MHz, one instruction a clock: at best. */
	nanoseconds: 6.25,
	/**
	 * Computrons of one host call in the simulator's shims, which are not counted: C takes their place on a board.
	 * Source: `npm run bench -- awake`, three kinds of small calls.
	 */
	shimCall: 300,
	/** For misses of the flash cache and other stalls. An assumption. */
	stalls: 1.3,
});

/** Milliseconds that so many computrons with so many host calls among them take. */
export function scriptMs(computrons: number, hostCalls = 0): number {
	return (
		(Math.max(0, computrons - hostCalls * Script.shimCall) * Script.instructions * Script.nanoseconds * Script.stalls) /
		1e6
	);
}

/** Where the time of a wake went, in milliseconds. All but the script's parts add up to the virtual time awake. */
export interface AwakeSplit {
	/** From the alarm to the first line of `main`. */
	bootMs: number;
	/** Buses, converters, flash and what else the CPU does, radio off. */
	busyMs: number;
	/** Waiting, radio off. */
	waitMs: number;
	/** Waiting in light sleep, radio off. */
	lightMs: number;
	/** Radio on. */
	radioMs: number;
	/** Of that, sending. */
	sentMs: number;
	/** With Ethernet on, beside all that is named here. */
	wiredMs: number;
	/** What a LoRa radio took, in microcoulombs: the CPU waits meanwhile, and is counted apart. */
	loraUc: number;
	/** JavaScript, on top: with the radio off, and on. Undefined where the engine does not measure. */
	scriptMs: number | undefined;
	scriptRadioMs: number | undefined;
}

/** Charge of a wake without flash and sensor, in microcoulombs; JavaScript counts where it is known. */
export function chargeOf(split: AwakeSplit): number {
	const { cpu, wait, light, listen, send, ethernet } = Currents;
	const { bootMs, busyMs, waitMs, lightMs, radioMs, sentMs, wiredMs, loraUc } = split;
	const { scriptMs = 0, scriptRadioMs = 0 } = split;
	return (
		loraUc +
		wiredMs * ethernet +
		(bootMs + busyMs + scriptMs) * cpu +
		waitMs * wait +
		lightMs * light +
		radioMs * listen +
		sentMs * (send - listen) +
		scriptRadioMs * (listen + cpu - wait)
	);
}

/** Time awake as modelled: the virtual time, and JavaScript's where it is known. */
export function awakeOf(split: AwakeSplit): number {
	const { bootMs, busyMs, waitMs, lightMs, radioMs, scriptMs = 0, scriptRadioMs = 0 } = split;
	return bootMs + busyMs + waitMs + lightMs + radioMs + scriptMs + scriptRadioMs;
}

/** Some wakes of one kind. */
export interface WakeKind {
	wakes: number;
	/** As modelled. */
	awakeMs: number;
	radioMs: number;
	scriptMs: number;
	/** Microcoulombs, without flash and sensor. */
	chargeUc: number;
}

/** What a run took from the battery. */
export class Ledger {
	/** Wakes whose records were acknowledged, those that tried in vain, and those that only sampled. */
	readonly published = newKind();
	readonly failed = newKind();
	readonly quiet = newKind();
	/** Whether JavaScript is counted in. */
	hasScript = false;
	/** Microcoulombs. */
	flashUc = 0;
	sensorUc = 0;
	/** Of a LoRa radio in deep sleep. */
	loraSleepUc = 0;
	/** Milliseconds of the whole run in which there was power. */
	poweredMs = 0;

	add(kind: "published" | "failed" | "quiet", split: AwakeSplit): void {
		const into = this[kind];
		into.wakes++;
		into.awakeMs += awakeOf(split);
		into.radioMs += split.radioMs;
		into.scriptMs += (split.scriptMs ?? 0) + (split.scriptRadioMs ?? 0);
		into.chargeUc += chargeOf(split);
		if (split.scriptMs !== undefined) this.hasScript = true;
	}
	/** Charge of one more of these wakes on average, in millicoulombs; 0 where there was none. */
	each(kind: "published" | "failed" | "quiet"): number {
		const { wakes, chargeUc } = this[kind];
		return wakes ? chargeUc / wakes / 1000 : 0;
	}
	get #wakes(): readonly WakeKind[] {
		return [this.published, this.failed, this.quiet];
	}
	/** Deep sleep's, in microcoulombs. */
	get sleepUc(): number {
		const awakeMs = this.#wakes.reduce((sum, kind) => sum + kind.awakeMs, 0);
		return Math.max(0, this.poweredMs - awakeMs) * Currents.deepSleep;
	}
	/** Coulombs a day. */
	get perDay(): number {
		if (!this.poweredMs) return 0;
		const awake = this.#wakes.reduce((sum, kind) => sum + kind.chargeUc, 0);
		const all = awake + this.sleepUc + this.flashUc + this.sensorUc + this.loraSleepUc;
		return (all / 1e6 / this.poweredMs) * 86_400_000;
	}
	/** Years that a battery lasts, without its self-discharge. @param milliampereHours its capacity */
	years(milliampereHours: number): number {
		return this.perDay ? (milliampereHours * 3.6) / this.perDay / 365.25 : Number.POSITIVE_INFINITY;
	}
}

function newKind(): WakeKind {
	return { wakes: 0, awakeMs: 0, radioMs: 0, scriptMs: 0, chargeUc: 0 };
}
