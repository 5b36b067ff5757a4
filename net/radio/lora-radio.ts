import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { Timer } from "../../modules/core/ports.js";
import type { DigitalIo, RadioIo, SpiIo } from "../../modules/device/io.js";
import { airtimeMs } from "../lorawan/airtime.js";
import type { RadioWiring } from "./boards.js";
import type { LoraSettings, LoraTransmit, Radio, RadioListener, RadioPorts } from "./radio.js";

/** What a radio is asked to do. */
export type Task = "" | "transmit" | "receive" | "sense" | "detect";
/** What a chip's interrupt flags mean, the same for both families; nothing when none is set. */
export type Outcome = "" | "done" | "active" | "timeout" | "error";

type Stage = "closed" | "starting" | "ready";
type Step = "start" | "prepare" | "go" | "poll" | "overdue" | "interrupt" | "rest" | "doze" | "hush" | "nap";

/** Bytes before the payload in {@link LoraRadio.frame}: opcode, offset, status (SX126x §13.2.4); the last one for an SX127x. */
export const FRAME_AT = 3;
const LONGEST = 255;
/** A receiver starts so much earlier than asked for: a timer's tick, and what the callback takes to run. */
const LEAD_MS = 2;
/** What setting a chip up takes, in JavaScript and on the bus: some thirty transfers. */
const PREPARE_MS = 3;
/** A wait that is worth the way to sleep and back. */
const NAP_MS = 20;
/** So much before it is needed the board wakes from light sleep: its clock there is the one of deep sleep. */
const DOZE_EARLY_MS = 5;
/** Of a frame's time on air the board sleeps so much: the clock of its light sleep is calibrated, and worse than the radio's. */
const HUSH_SHARE = 0.98;
/** On top of the time that a task takes at most, before it is given up. */
const GRACE_MS = 100;

/** How long a symbol lasts, in milliseconds. Source: SX1276 data sheet §4.1.1.6. */
export function symbolOf(spreadingFactor: number, bandwidthHz: number): number {
	return (1000 * (1 << spreadingFactor)) / bandwidthHz;
}

/** 1 where symbols last 16 ms and longer: low data rate optimisation is then mandatory. Source: SX1276 data sheet §4.1.1.6. */
export function lowDataRate(spreadingFactor: number, bandwidthHz: number): number {
	return symbolOf(spreadingFactor, bandwidthHz) >= 16 ? 1 : 0;
}

/**
 * What the drivers of both families share: one task at a time, its timers, its one event. Nothing blocks: the chip's
 * reset, calibration and start-up are steps between timers, and a task that is asked for meanwhile waits for them.
 *
 * A chip that failed to start stays failed until it is closed; each task then ends in `fault` with the same code.
 */
export abstract class LoraRadio implements Radio {
	protected task = "" as Task;
	protected frequencyHz = 0;
	protected spreadingFactor = 0;
	protected bandwidthHz = 0;
	protected invertIq = false;
	protected preambleSymbols = 0;
	protected syncWord = 0;
	protected powerDbm = 0;
	/** Of the payload in {@link frame}. */
	protected length = 0;
	/** Of the frame that was received. */
	protected snrDb = 0;
	protected rssiDbm = 0;
	protected readonly frame = new Uint8Array(FRAME_AT + LONGEST);
	protected readonly command = new Uint8Array(10);
	protected readonly io: RadioIo;
	private readonly wiring: RadioWiring;
	private readonly ports: RadioPorts;
	private on: RadioListener | undefined;
	private spi: SpiIo | undefined;
	protected reset: DigitalIo | undefined;
	private rxEnable: DigitalIo | undefined;
	private txEnable: DigitalIo | undefined;
	private handles: { close(): void }[] = [];
	private timer: Timer | undefined;
	private stage = "closed" as Stage;
	private startStep = 0;
	/** Until when nothing of the task at hand is to be heard, and when it is given up. */
	private quietMs = 0;
	private dueMs = 0;
	private broken: ErrorCode | undefined;
	private atMs = 0;
	private symbols = 0;

	constructor(io: RadioIo, wiring: RadioWiring, ports: RadioPorts) {
		this.io = io;
		this.wiring = wiring;
		this.ports = ports;
	}
	open(on: RadioListener): void {
		if (this.on) throw new DormouseError("busy");
		const { io, wiring } = this;
		const { Output, OutputOpenDrain } = io.Digital;
		this.on = on;
		this.broken = undefined;
		io.unpark?.();
		try {
			this.spi = this.own(new io.SPI({ ...wiring.spi, active: 0, mode: 0 }));
			this.reset = this.pin(wiring.reset, OutputOpenDrain, 1);
			if (wiring.rxEnable !== undefined) this.rxEnable = this.pin(wiring.rxEnable, Output);
			if (wiring.txEnable !== undefined) this.txEnable = this.pin(wiring.txEnable, Output);
			this.openPins();
		} catch (error) {
			this.release();
			if (!(error instanceof Error)) throw error; // an engine that ends the wake
			throw new DormouseError("io", error.message);
		}
		this.stage = "starting";
		this.startStep = 0;
		this.later(0, "start"); // one that is closed at once stays as it was
	}
	transmit(bytes: Uint8Array, how: LoraTransmit): void {
		if (!(bytes.length >= 1 && bytes.length <= LONGEST)) throw new DormouseError("range");
		this.take(how, "transmit");
		this.powerDbm = how.powerDbm;
		this.length = bytes.length;
		this.frame.set(bytes, FRAME_AT);
		this.begin();
	}
	receive(atMs: number, how: LoraSettings, symbols: number): void {
		this.take(how, "receive");
		this.atMs = atMs;
		this.symbols = symbols;
		this.begin();
	}
	sense(frequencyHz: number, bandwidthHz: number, ms: number): void {
		this.claim("sense");
		this.frequencyHz = frequencyHz;
		this.spreadingFactor = 7;
		this.bandwidthHz = bandwidthHz;
		this.symbols = ms;
		this.rssiDbm = Number.NEGATIVE_INFINITY;
		this.begin();
	}
	detect(how: LoraSettings): void {
		this.take(how, "detect");
		this.begin();
	}
	sleep(ms = 0): void {
		this.task = "";
		if (this.stage !== "ready") return; // one that starts goes to sleep when it has
		this.timer?.close();
		this.run("rest");
		this.quietMs = this.ports.clock.nowMs() + ms - DOZE_EARLY_MS;
		if (ms > NAP_MS && this.io.doze) this.later(1, "nap");
	}
	close(): void {
		if (!this.on) return;
		this.timer?.close();
		this.task = "";
		try {
			if (this.stage === "starting") {
				// One that is held in reset cannot be told to sleep; each write takes 10 µs and more.
				if (this.startStep === 1) for (let n = 0; n < 10; n++) this.reset!.write(0);
				this.reset!.write(1);
			}
			if (this.stage === "ready" || this.startStep > 0) this.rest(); // else it was not even reset, and is as it was
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error; // nothing is left to tell it to
		}
		this.release();
	}

	/** @returns milliseconds that the chip takes from sleep until it can be launched, for the task at hand */
	protected abstract wakeMs(): number;
	/** Opens the pins that only this family has. */
	protected abstract openPins(): void;
	/**
	 * Brings the chip up, step by step; step 0 comes when reset was low for long enough.
	 * @returns milliseconds until the next step, −1 when it is ready
	 */
	protected abstract bringUp(step: number): number;
	/**
	 * Wakes the chip and sets it up for the task.
	 * @returns milliseconds until it can be launched; negative: until this has to be called once more
	 */
	protected abstract prepare(): number;
	/** Starts the task. @param symbols length of a receive window */
	protected abstract launch(symbols: number): void;
	/** Reads and clears what interrupted. */
	protected abstract outcome(): Outcome;
	/** Reads the frame that came, and sets SNR and RSSI. @returns its length */
	protected abstract fetch(): number;
	/** @returns dBm in the channel, now */
	protected abstract rssi(): number;
	/** Whether the chip is still receiving. */
	protected abstract receiving(): boolean;
	/** Ends what runs. */
	protected abstract standby(): void;
	/** Deepest sleep that keeps settings. */
	protected abstract rest(): void;

	/** Opens an interrupt line. */
	protected listen(pin: number): void {
		const { Digital } = this.io;
		const io: DigitalIo = this.own(
			new Digital({
				pin,
				mode: Digital.Input,
				edge: Digital.Rising,
				onReadable: () => this.run("interrupt", io.edgeMs),
			}),
		);
	}
	protected pin(pin: number, mode: number, initialValue = 0): DigitalIo {
		return this.own(new this.io.Digital({ pin, mode, initialValue }));
	}
	/** @throws {DormouseError} `io` when the bus failed */
	protected transfer(bytes: Uint8Array): Uint8Array {
		try {
			this.spi!.transfer(bytes);
		} catch (error) {
			if (!(error instanceof Error)) throw error; // an engine that ends the wake
			throw new DormouseError("io", error.message);
		}
		return bytes;
	}

	private own<T extends { close(): void }>(handle: T): T {
		this.handles.push(handle);
		return handle;
	}
	private release() {
		for (const handle of this.handles) handle.close();
		this.handles = [];
		this.io.park?.(this.wiring.spi.select, 1); // a select line that floats in deep sleep would wake the chip
		this.on = this.spi = this.reset = this.rxEnable = this.txEnable = this.timer = undefined;
		this.stage = "closed";
	}
	private claim(task: Task) {
		if (!this.on) throw new DormouseError("closed");
		if (this.task !== "") throw new DormouseError("busy");
		this.task = task;
	}
	private take(how: LoraSettings, task: Task) {
		const { spreadingFactor, bandwidthHz } = how;
		if (!(spreadingFactor >= 7 && spreadingFactor <= 12 && codeOfBandwidth(bandwidthHz) >= 0))
			throw new DormouseError("range");
		this.claim(task);
		this.frequencyHz = how.frequencyHz;
		this.spreadingFactor = spreadingFactor;
		this.bandwidthHz = bandwidthHz;
		this.invertIq = how.invertIq;
		this.preambleSymbols = how.preambleSymbols;
		this.syncWord = how.syncWord;
	}
	/** Sets the task on its way; one that starts looks itself when it has. */
	private begin() {
		if (this.stage !== "ready") return;
		const lead = LEAD_MS + PREPARE_MS + this.wakeMs();
		const ms = this.task === "receive" ? this.atMs - lead - this.ports.clock.nowMs() : 0;
		const naps = ms > NAP_MS;
		if (naps) this.run("rest");
		// Light sleep begins in a turn of its own, when whoever asked for this window has gone on.
		if (naps && this.io.doze) return this.later(1, "doze");
		this.later(Math.max(1, ms), "prepare"); // an SX126x that was just put to sleep hears nothing for 0.5 ms (§9.3)
	}
	private later(ms: number, step: Step) {
		this.timer?.close();
		this.timer = this.ports.timers.set(() => {
			this.timer = undefined;
			this.run(step);
		}, ms);
	}
	private antenna(rx: number, tx: number) {
		this.rxEnable?.write(rx);
		this.txEnable?.write(tx);
	}

	/** Does one step of what is under way; an error ends the task. */
	private run(step: Step, edgeMs: number | undefined = undefined) {
		try {
			this.step(step, edgeMs ?? this.ports.clock.nowMs());
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
			if (this.stage === "starting" || step === "rest") {
				this.broken = error.code;
				this.stage = "ready";
			}
			if (step === "rest") return; // from inside a call: the next task tells
			const { task } = this;
			this.end();
			if (task !== "") this.on?.fault(error.code);
		}
	}
	private step(step: Step, nowMs: number) {
		const { task } = this;
		const symbol = symbolOf(this.spreadingFactor, this.bandwidthHz);
		if (step === "start") {
			if (this.startStep++ === 0) {
				this.reset!.write(0);
				return this.later(1, step); // both families want 100 µs
			}
			const ms = this.bringUp(this.startStep - 2);
			if (ms >= 0) return this.later(ms, step);
			this.stage = "ready";
			return task === "" ? this.rest() : this.begin();
		}
		if (step === "doze") {
			const lead = LEAD_MS + PREPARE_MS + this.wakeMs();
			this.io.doze!(this.atMs - lead - DOZE_EARLY_MS - nowMs);
			return this.later(Math.max(1, this.atMs - lead - this.ports.clock.nowMs()), "prepare");
		}
		if (step === "hush" || step === "nap") {
			this.io.doze!(this.quietMs - nowMs);
			if (step === "nap") return;
			const now = this.ports.clock.nowMs();
			this.later(Math.max(1, this.dueMs - now), "overdue");
			return this.complete("interrupt", now); // an edge meanwhile was not heard
		}
		if (step === "rest") return this.broken ? undefined : this.rest();
		if (step === "prepare") {
			if (this.broken) throw new DormouseError(this.broken);
			let ms = this.prepare();
			if (ms < 0) return this.later(-ms, step);
			if (task === "receive") ms = Math.max(ms, this.atMs - LEAD_MS - this.ports.clock.nowMs());
			if (ms > 0) return this.later(ms, "go");
		}
		if (step === "prepare" || step === "go") {
			if (task === "transmit") this.antenna(0, 1);
			else this.antenna(1, 0);
			let { symbols } = this;
			// The longest frame, with the header, its CRC and the least that a symbol carries.
			let ms =
				(this.preambleSymbols + 14 + 5 * Math.ceil((8 * LONGEST + 44) / (4 * this.spreadingFactor - 8))) * symbol;
			if (task === "receive") {
				// What a timer fired early is added to the end of the window.
				symbols = Math.min(1023, Math.max(symbols, Math.ceil((this.atMs - nowMs) / symbol + symbols)));
				ms += symbols * symbol;
			}
			this.launch(symbols);
			if (task === "sense") {
				this.atMs = nowMs + symbols;
				return this.later(1, "poll");
			}
			// Nothing is to be heard of a frame while it is on air, nor of a window until it is over.
			const quietMs =
				task === "transmit"
					? HUSH_SHARE * airtimeMs(this.spreadingFactor, this.bandwidthHz, this.length, !this.invertIq)
					: task === "receive"
						? symbols * symbol
						: 0;
			const { io, ports } = this;
			const now = ports.clock.nowMs();
			this.dueMs = now + ms + GRACE_MS;
			this.quietMs = now + quietMs - DOZE_EARLY_MS;
			if (io.doze && quietMs > NAP_MS) return this.later(1, "hush");
			return this.later(ms + GRACE_MS, "overdue");
		}
		if (step === "poll") {
			this.rssiDbm = Math.max(this.rssiDbm, this.rssi());
			if (nowMs < this.atMs) return this.later(1, step);
			this.standby();
			this.end();
			return this.on!.sensed(this.rssiDbm, nowMs);
		}
		if (task === "" || this.stage !== "ready") return undefined; // a spurious edge
		this.complete(step, nowMs);
	}
	/** An interrupt, or the time is over. */
	private complete(step: Step, nowMs: number) {
		const { task } = this;
		let outcome = this.outcome();
		if (step === "overdue" && !outcome) {
			// It may have found a preamble in noise, and waits for a header that never comes.
			const receiving = task === "receive" && this.receiving();
			this.standby();
			if (!receiving) throw new DormouseError("timeout");
			outcome = "timeout";
		}
		if (!outcome) return;
		const { on } = this;
		const length = task === "receive" && outcome === "done" ? this.fetch() : 0;
		this.standby();
		this.end();
		if (task === "transmit") on!.txDone(nowMs);
		else if (task === "detect") on!.detected(outcome === "active", nowMs);
		else if (outcome === "error") on!.rxError(nowMs);
		else if (outcome === "done")
			on!.rxDone(this.frame.subarray(FRAME_AT, FRAME_AT + length), this.snrDb, this.rssiDbm, nowMs);
		else on!.rxTimeout(nowMs);
	}
	private end() {
		this.timer?.close();
		this.timer = undefined;
		this.task = "";
		this.antenna(0, 0);
	}
}

/** 0, 1, 2 for 125, 250, 500 kHz; −1 for others. */
export function codeOfBandwidth(bandwidthHz: number): number {
	return bandwidthHz === 125_000 ? 0 : bandwidthHz === 250_000 ? 1 : bandwidthHz === 500_000 ? 2 : -1;
}
