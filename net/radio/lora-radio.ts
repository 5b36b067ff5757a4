import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { Timer } from "../../modules/core/ports.js";
import type { DigitalIo, RadioIo, SpiIo } from "../../modules/device/io.js";
import { airtimeMs } from "../lorawan/airtime.js";
import type { RadioWiring } from "./boards.js";
import type { LoraSettings, LoraTransmit, Radio, RadioListener, RadioPorts } from "./radio.js";

/** What a radio is asked to do. Numbers, since a word takes flash wherever it stands. */
export const Task = Object.freeze({ none: 0, transmit: 1, receive: 2, sense: 3, detect: 4 });
export type Task = (typeof Task)[keyof typeof Task];
/** What a chip's interrupt flags mean, the same for both families; nothing when none is set. */
export const Outcome = Object.freeze({ none: 0, done: 1, active: 2, timeout: 3, error: 4 });
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

const Step = Object.freeze({
	start: 0,
	prepare: 1,
	go: 2,
	poll: 3,
	overdue: 4,
	interrupt: 5,
	rest: 6,
	doze: 7,
	nap: 8,
	hush: 9,
});
type Step = (typeof Step)[keyof typeof Step];

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

/**
 * What the drivers of both families share: one task at a time, its timers, its one event. Nothing blocks: the chip's
 * reset, calibration and start-up are steps between timers, and a task that is asked for meanwhile waits for them.
 *
 * A chip that failed to start stays failed until it is closed; each task then ends in `fault` with the same code.
 */
export abstract class LoraRadio<Wiring extends RadioWiring> implements Radio {
	protected task = Task.none as Task;
	protected frequencyHz!: number;
	protected spreadingFactor!: number;
	/** 0, 1, 2 for 125, 250, 500 kHz. */
	protected bandwidth!: number;
	/** How long a symbol lasts, in milliseconds. Source: SX1276 data sheet §4.1.1.6. */
	protected symbolMs!: number;
	protected invertIq!: boolean;
	protected preambleSymbols!: number;
	protected syncWord!: number;
	protected powerDbm!: number;
	/** Of the payload in {@link frame}. */
	protected length!: number;
	/** Of the frame that was received. */
	protected snrDb!: number;
	protected rssiDbm!: number;
	protected readonly frame = new Uint8Array(FRAME_AT + LONGEST);
	protected readonly command = new Uint8Array(10);
	protected readonly io: RadioIo;
	protected readonly wiring: Wiring;
	private readonly ports: RadioPorts;
	private on: RadioListener | undefined;
	private spi: SpiIo | undefined;
	protected reset: DigitalIo | undefined;
	protected busy: DigitalIo | undefined;
	private rxEnable: DigitalIo | undefined;
	private txEnable: DigitalIo | undefined;
	private readonly handles: { close(): void }[] = [];
	private timer: Timer | undefined;
	/** The chip is up, or is not going to be. */
	private ready = false;
	private startStep = 0;
	/** Until when nothing is to be heard, and when the task at hand is given up. */
	private quietMs!: number;
	private dueMs!: number;
	private broken: ErrorCode | undefined;
	private atMs!: number;
	private symbols!: number;

	constructor(io: RadioIo, wiring: Wiring, ports: RadioPorts) {
		this.io = io;
		this.wiring = wiring;
		this.ports = ports;
	}
	open(on: RadioListener): void {
		if (this.on) this.fail("busy");
		const { io, wiring } = this;
		const { Input, Output, OutputOpenDrain } = io.Digital;
		this.on = on;
		this.broken = undefined;
		io.unpark?.();
		try {
			this.spi = new io.SPI({ ...wiring.spi, active: 0, mode: 0 });
			this.handles.push(this.spi);
			this.reset = this.pin(wiring.reset, OutputOpenDrain, { initialValue: 1 });
			this.rxEnable = this.pin(wiring.rxEnable, Output);
			this.txEnable = this.pin(wiring.txEnable, Output);
			this.busy = this.pin(wiring.busy, Input);
			this.listen(wiring.dio0);
			this.listen(wiring.dio1);
		} catch (error) {
			this.release();
			if (!(error instanceof Error)) throw error; // an engine that ends the wake
			this.fail("io", error.message);
		}
		this.ready = false;
		this.startStep = 0;
		this.later(0, Step.start); // one that is closed at once stays as it was
	}
	transmit(bytes: Uint8Array, how: LoraTransmit): void {
		if (!(bytes.length >= 1 && bytes.length <= LONGEST)) this.fail("range");
		this.take(how, Task.transmit);
		this.powerDbm = how.powerDbm;
		this.length = bytes.length;
		this.frame.set(bytes, FRAME_AT);
		this.begin();
	}
	receive(atMs: number, how: LoraSettings, symbols: number): void {
		this.take(how, Task.receive);
		this.atMs = atMs;
		this.symbols = symbols;
		this.begin();
	}
	sense(frequencyHz: number, bandwidthHz: number, ms: number): void {
		const how = { frequencyHz, bandwidthHz, spreadingFactor: 7, invertIq: false, preambleSymbols: 8, syncWord: 0 };
		this.take(how, Task.sense);
		this.symbols = ms;
		this.rssiDbm = Number.NEGATIVE_INFINITY;
		this.begin();
	}
	detect(how: LoraSettings): void {
		this.take(how, Task.detect);
		this.begin();
	}
	sleep(ms = 0): void {
		this.task = Task.none;
		if (this.ready) {
			this.timer?.close();
			this.run(Step.rest);
		} // one that starts goes to sleep when it has
		this.quiet(ms, Step.nap);
	}
	close(): void {
		if (!this.on) return;
		this.timer?.close();
		this.task = Task.none;
		try {
			if (!this.ready) {
				// One that is held in reset cannot be told to sleep; each write takes 10 µs and more.
				if (this.startStep === 1) for (let n = 0; n < 10; n++) this.reset!.write(0);
				this.reset!.write(1);
			}
			if (this.ready || this.startStep > 0) this.rest(); // else it was not even reset, and is as it was
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error; // nothing is left to tell it to
		}
		this.release();
	}

	/** @returns milliseconds that the chip takes from sleep until it can be launched, for the task at hand */
	protected abstract wakeMs(): number;
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

	/** Opens a pin, where the board has it; an interrupt line when `more` says so. */
	private pin(pin: number | undefined, mode: number, more?: object): DigitalIo | undefined {
		if (pin === undefined) return undefined;
		const io = new this.io.Digital({ pin, mode, initialValue: 0, ...more });
		this.handles.push(io);
		return io;
	}
	/** Opens an interrupt line. */
	private listen(pin: number | undefined): void {
		const { Input, Rising } = this.io.Digital;
		const io = this.pin(pin, Input, { edge: Rising, onReadable: () => this.run(Step.interrupt, io!.edgeMs) });
	}
	/** @throws {DormouseError} `io` when the bus failed */
	protected transfer(bytes: Uint8Array): Uint8Array {
		try {
			this.spi!.transfer(bytes);
		} catch (error) {
			if (!(error instanceof Error)) throw error; // an engine that ends the wake
			this.fail("io", error.message);
		}
		return bytes;
	}

	/** @throws {DormouseError} with that code, from one place: each function that names a class keeps a slot for it */
	protected fail(code: ErrorCode, message?: string): never {
		throw new DormouseError(code, message);
	}
	private release() {
		while (this.handles.length) this.handles.pop()!.close();
		this.io.park?.(this.wiring.spi.select, 1); // a select line that floats in deep sleep would wake the chip
		this.on = this.spi = this.reset = this.rxEnable = this.txEnable = this.timer = undefined;
		this.ready = false;
	}
	private take(how: LoraSettings, task: Task) {
		const { spreadingFactor, bandwidthHz } = how;
		const bandwidth = (bandwidthHz / 250_000) | 0;
		if (!(spreadingFactor >= 7 && spreadingFactor <= 12 && 125_000 << bandwidth === bandwidthHz)) this.fail("range");
		if (!this.on) this.fail("closed");
		if (this.task) this.fail("busy");
		this.task = task;
		this.frequencyHz = how.frequencyHz;
		this.spreadingFactor = spreadingFactor;
		this.bandwidth = bandwidth;
		this.symbolMs = (1000 << spreadingFactor) / bandwidthHz;
		this.invertIq = how.invertIq;
		this.preambleSymbols = how.preambleSymbols;
		this.syncWord = how.syncWord;
	}
	/** Sets the task on its way; one that starts looks itself when it has. */
	private begin() {
		if (!this.ready) return;
		let ms = 0;
		if (this.task === Task.receive) ms = this.atMs - LEAD_MS - PREPARE_MS - this.wakeMs() - this.ports.clock.nowMs();
		if (ms > NAP_MS) this.run(Step.rest);
		// An SX126x that was just put to sleep hears nothing for 0.5 ms (§9.3).
		if (!this.quiet(ms, Step.doze)) this.later(Math.max(1, ms), Step.prepare);
	}
	/**
	 * Sleeps lightly, where the board can and it is worth it: in a turn of its own, when whoever asked for the task has gone on.
	 * @param step what comes then
	 */
	private quiet(ms: number, step: Step): boolean {
		this.quietMs = this.ports.clock.nowMs() + ms - DOZE_EARLY_MS;
		if (!this.ready || !this.io.doze || !(ms > NAP_MS)) return false; // nor NaN, when nobody said how long
		this.later(1, step);
		return true;
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
			if (!this.ready || step === Step.rest) {
				this.broken = error.code;
				this.ready = true;
			}
			if (step === Step.rest) return; // from inside a call: the next task tells
			const { task } = this;
			this.end();
			if (task) this.on?.fault(error.code);
		}
	}
	private step(step: Step, nowMs: number) {
		const { task } = this;
		const symbol = this.symbolMs;
		if (step === Step.start) {
			if (this.startStep++ === 0) {
				this.reset!.write(0);
				return this.later(1, step); // both families want 100 µs
			}
			const ms = this.bringUp(this.startStep - 2);
			if (ms >= 0) return this.later(ms, step);
			this.ready = true;
			return task ? this.begin() : this.sleep(this.quietMs - nowMs);
		}
		if (step > Step.rest) {
			this.io.doze!(this.quietMs - nowMs);
			if (step === Step.nap) return undefined;
			if (step === Step.doze) return this.begin();
			nowMs = this.ports.clock.nowMs();
			this.later(Math.max(1, this.dueMs - nowMs), Step.overdue);
		}
		if (step === Step.rest) return this.broken ? undefined : this.rest();
		if (step === Step.prepare) {
			if (this.broken) this.fail(this.broken);
			let ms = this.prepare();
			if (ms < 0) return this.later(-ms, step);
			if (task === Task.receive) ms = Math.max(ms, this.atMs - LEAD_MS - this.ports.clock.nowMs());
			if (ms > 0) return this.later(ms, Step.go);
		}
		if (step === Step.prepare || step === Step.go) {
			if (task === Task.transmit) this.antenna(0, 1);
			else this.antenna(1, 0);
			let { symbols } = this;
			// The longest frame, with the header, its CRC and the least that a symbol carries.
			let ms =
				(this.preambleSymbols + 14 + 5 * Math.ceil((8 * LONGEST + 44) / (4 * this.spreadingFactor - 8))) * symbol;
			if (task === Task.receive) {
				// What a timer fired early is added to the end of the window.
				symbols = Math.min(1023, Math.max(symbols, Math.ceil((this.atMs - nowMs) / symbol + symbols)));
				ms += symbols * symbol;
			}
			this.launch(symbols);
			if (task === Task.sense) {
				this.atMs = nowMs + symbols;
				return this.later(1, Step.poll);
			}
			// Nothing is to be heard of a frame while it is on air, nor of a window until it is over.
			const quietMs =
				task === Task.transmit
					? HUSH_SHARE * airtimeMs(this.spreadingFactor, 125_000 << this.bandwidth, this.length, !this.invertIq)
					: task === Task.receive
						? symbols * symbol
						: 0;
			ms += GRACE_MS;
			this.dueMs = this.ports.clock.nowMs() + ms;
			return this.quiet(quietMs, Step.hush) ? undefined : this.later(ms, Step.overdue);
		}
		if (step === Step.poll) {
			this.rssiDbm = Math.max(this.rssiDbm, this.rssi());
			if (nowMs < this.atMs) return this.later(1, step);
			this.standby();
			this.end();
			return this.on!.sensed(this.rssiDbm, nowMs);
		}
		if (!task || !this.ready) return undefined; // a spurious edge
		// An interrupt, or the time is over.
		let outcome = this.outcome();
		if (step === Step.overdue && !outcome) {
			// It may have found a preamble in noise, and waits for a header that never comes.
			const receiving = task === Task.receive && this.receiving();
			this.standby();
			if (!receiving) this.fail("timeout");
			outcome = Outcome.timeout;
		}
		if (!outcome) return;
		const { on } = this;
		const length = task === Task.receive && outcome === Outcome.done ? this.fetch() : 0;
		this.standby();
		this.end();
		if (task === Task.transmit) on!.txDone(nowMs);
		else if (task === Task.detect) on!.detected!(outcome === Outcome.active, nowMs);
		else if (outcome === Outcome.error) on!.rxError(nowMs);
		else if (outcome === Outcome.done)
			on!.rxDone(this.frame.subarray(FRAME_AT, FRAME_AT + length), this.snrDb, this.rssiDbm, nowMs);
		else on!.rxTimeout(nowMs);
	}
	private end() {
		this.timer?.close();
		this.timer = undefined;
		this.task = Task.none;
		this.antenna(0, 0);
	}
}
