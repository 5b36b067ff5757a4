import type { RadioIo } from "../../modules/device/io.js";
import type { Sx126xWiring } from "./boards.js";
import { FRAME_AT, LoraRadio, Outcome, Task } from "./lora-radio.js";
import type { RadioDeclaration, RadioPorts } from "./radio.js";

/** After a reset (table 12-1): the sync word of private networks, by which the family is known. */
const RESET_SYNC_WORD = 0x1424;
/**
 * Looks at the busy line before it counts as stuck: some 12 ms on an ESP32. Waking up takes 0.34 ms; only one that is closed
 * while it starts is waited for longer: 3.5 ms after reset (table 8-2), 8.5 ms of calibration with a TCXO.
 */
const LOOKS = 1000;
/** Longest window in symbols (§14.2.6.1 and Semtech's driver: a mantissa of 5 bits, exponents of 4). */
const MOST_SYMBOLS = 248;
/** Steps of the timer in a millisecond (§13.1.4). */
const TIMER_STEPS = 64;
/** All calibrations: 3.5 ms (§13.1.12), with room. One of the image takes less. */
const CALIBRATION_MS = 5;
/**
 * Semtech SX1261 and SX1262, in LoRa mode.
 *
 * Known limitations of the data sheet's §15: 15.1 (modulation at 500 kHz), 15.2 (SX1262 at a mismatched antenna), 15.3 (the
 * timer after a timed reception), 15.4 (inverted IQ).
 * Source of all values: SX1261/2 data sheet rev. 2.1; sections stand where they are used.
 */
export class Sx126x extends LoraRadio<Sx126xWiring> {
	private asleep = false;
	/** Codes of the band that the image was calibrated for. */
	private band = 0;
	/** Whether the window at hand is timed, not counted in symbols. */
	private timed = false;

	protected wakeMs(): number {
		const startMs = 1 + (this.wiring.tcxo?.startMs ?? 0);
		return this.band === this.imageBand() ? startMs : 2 * startMs + CALIBRATION_MS;
	}
	protected bringUp(step: number): number {
		const { chip, tcxo, dcdc, dio2Switch } = this.wiring;
		if (step === 0) {
			this.reset!.write(1); // open drain: released
			this.asleep = false;
			this.band = 0;
			return 5; // table 8-2: 3.5 ms from reset to standby
		}
		if (step === 1) {
			if (this.busy!.read()) this.fail("absent");
			this.read(0x0740 /* loraSyncWord */);
			const id = (this.command[4]! << 8) | this.command[5]!;
			if (id === 0 || id === 0xffff) this.fail("absent");
			if (id !== RESET_SYNC_WORD) this.fail("identity");
			this.send(2, 0x80 /* SetStandby */);
			if (!tcxo) return 0;
			// §13.3.6: what the chip calibrated without its clock it has to calibrate again.
			const steps = tcxo.startMs * TIMER_STEPS;
			this.send(5, 0x97 /* SetDio3AsTcxoCtrl */, tcxo.code, steps >> 16, steps >> 8, steps);
			this.send(3, 0x07 /* ClearDeviceErrors */);
			this.send(2, 0x89 /* Calibrate */, 0x7f);
			return tcxo.startMs + CALIBRATION_MS;
		}
		this.send(4, 0x17 /* GetDeviceErrors */);
		if (this.command[3]! & 0x20 /* XOSC_START_ERR, table 13-86 */) this.fail("io");
		this.send(2, 0x96 /* SetRegulatorMode */, dcdc ? 1 : 0);
		this.send(2, 0x9d /* SetDio2AsRfSwitchCtrl */, dio2Switch ? 1 : 0);
		this.send(2, 0x8a /* SetPacketType */, 1);
		this.send(3, 0x8f /* SetBufferBaseAddress */);
		this.send(4, 0x0d /* WriteRegister */, 0x08, 0xac /* rxGain */, 0x96); // boosted (§9.6)
		if (chip === "sx1262") this.change(0x08d8 /* txClamp */, 0, 0x1e); // §15.2
		// §9.6: three registers that warm starts keep, beside the configuration.
		this.send(
			10,
			0x0d /* WriteRegister */,
			0x02,
			0x9f /* retentionList */,
			3,
			0x08,
			0xac /* rxGain */,
			0x08,
			0x89 /* txModulation */,
			0x07,
			0x36 /* iqPolarity */,
		);
		return -1;
	}
	protected prepare(): number {
		const { task, wiring, spreadingFactor, bandwidth, frequencyHz } = this;
		const { tcxo } = wiring;
		const tx = task === Task.transmit;
		if (this.asleep) {
			// §9.3: the falling edge of select wakes it; what is sent with it is lost.
			this.asleep = false;
			this.command[0] = 0xc0 /* GetStatus */;
			this.transfer(this.command.subarray(0, 2));
		}
		const band = this.imageBand();
		if (this.band !== band) {
			this.send(3, 0x98 /* CalibrateImage */, band >> 8, band);
			this.band = band;
			return -CALIBRATION_MS - (tcxo?.startMs ?? 0);
		}
		const frf = Math.round((frequencyHz / 32_000_000) * 0x200_0000); // §13.4.1
		this.send(5, 0x86 /* SetRfFrequency */, frf >> 24, frf >> 16, frf >> 8, frf);
		this.send(
			5,
			0x8b /* SetModulationParams */,
			spreadingFactor,
			4 + bandwidth,
			1, // 4/5
			this.symbolMs >= 16 ? 1 : 0,
		);
		this.change(0x0889 /* txModulation */, 4, bandwidth === 2 ? 0 : 4); // §15.1
		// §13.4.6.2: explicit header.
		this.send(
			7,
			0x8c /* SetPacketParams */,
			this.preambleSymbols >> 8,
			this.preambleSymbols,
			0,
			tx ? this.length : 0xff,
			this.invertIq ? 0 : 1,
			this.invertIq ? 1 : 0,
		);
		this.change(0x0736 /* iqPolarity */, 4, this.invertIq ? 0 : 4); // §15.4
		// Table 12-1: 0x34 is 0x3444 here, 0x12 is 0x1424.
		const { syncWord } = this;
		this.send(
			5,
			0x0d /* WriteRegister */,
			0x07,
			0x40 /* loraSyncWord */,
			(syncWord & 0xf0) | 4,
			((syncWord & 0x0f) << 4) | 4,
		);
		if (tx) {
			const sx1261 = wiring.chip === "sx1261";
			const dbm = Math.min(sx1261 ? 15 : 22, Math.max(sx1261 ? -17 : -9, Math.floor(this.powerDbm)));
			// By highest dBm: paDutyCycle, hpMax, power of SetTxParams, each a byte behind it (table 13-21). Below, power goes
			// down dB for dB.
			const row = sx1261
				? dbm <= 10
					? 0x0a01_000d
					: dbm <= 14
						? 0x0e04_000e
						: 0x0f06_000e
				: dbm <= 14
					? 0x0e02_0216
					: dbm <= 17
						? 0x1102_0316
						: dbm <= 20
							? 0x1403_0516
							: 0x1604_0716;
			this.send(5, 0x95 /* SetPaConfig */, row >> 16, row >> 8, sx1261 ? 1 : 0, 1);
			this.send(3, 0x8e /* SetTxParams */, row - (row >> 24) + dbm, 2); // ramp of 40 µs
			this.send(4, 0x0d /* WriteRegister */, 0x08, 0xe7 /* ocp */, sx1261 ? 0x18 : 0x38); // 60 and 140 mA
			const { frame } = this;
			frame[1] = 0x0e /* WriteBuffer */;
			frame[2] = 0;
			this.wait();
			this.transfer(frame.subarray(1, FRAME_AT + this.length));
		} else if (task === Task.detect) this.send(8, 0x88 /* SetCadParams */, 3, spreadingFactor + 13, 10); // 8 symbols; AN1200.48: peak and least
		// Table 13-29: TxDone; RxDone, HeaderErr, CrcErr, Timeout; CadDone, CadDetected.
		const irq = tx ? 0x0001 : task === Task.receive ? 0x0262 : task === Task.detect ? 0x0180 : 0;
		this.send(9, 0x08 /* SetDioIrqParams */, irq >> 8, irq, irq >> 8, irq);
		this.send(3, 0x02 /* ClearIrqStatus */, 0xff, 0xff);
		this.send(2, 0x80 /* SetStandby */, 1); // on the crystal, so that a receiver is there at once
		return tcxo ? tcxo.startMs + 1 : 0;
	}
	protected launch(symbols: number): void {
		const { task } = this;
		if (task === Task.transmit || task === Task.detect) {
			this.send(task === Task.transmit ? 4 : 1, task === Task.transmit ? 0x83 /* SetTx */ : 0xc5 /* SetCad */);
			return;
		}
		let timer = 0; // single reception, without a timer
		if (task === Task.sense) timer = 0xff_ffff;
		else {
			// §14.2.6.1: a mantissa of 5 bits and an exponent of 4 to the n, rounded up.
			this.timed = symbols > MOST_SYMBOLS;
			let mantissa = this.timed ? 0 : (symbols + 1) >> 1;
			let exponent = 0;
			for (; mantissa > 31; exponent++) mantissa = (mantissa + 3) >> 2;
			this.send(2, 0xa0 /* SetLoraSymbNumTimeout */, mantissa << (2 * exponent + 1));
			if (this.timed) timer = Math.ceil(symbols * this.symbolMs * TIMER_STEPS);
			else this.send(4, 0x0d /* WriteRegister */, 0x07, 0x06 /* symbolTimeout */, exponent | (mantissa << 3));
			this.send(2, 0x9f /* StopTimerOnPreamble */, this.timed ? 1 : 0);
		}
		this.send(4, 0x82 /* SetRx */, timer >> 16, timer >> 8, timer);
	}
	protected outcome(): Outcome {
		const { command } = this;
		this.send(4, 0x12 /* GetIrqStatus */);
		const flags = (command[2]! << 8) | command[3]!;
		if (!flags) return Outcome.none;
		this.send(3, 0x02 /* ClearIrqStatus */, flags >> 8, flags);
		if (flags & 2 && this.timed) {
			// §15.3: the timer may go on running, and end a later task.
			this.send(4, 0x0d /* WriteRegister */, 0x09, 0x02 /* rtcControl */);
			this.change(0x0944 /* eventMask */, 0, 2);
		}
		if (flags & 0x0060) return Outcome.error;
		return flags & 0x0100 ? Outcome.active : flags & 0x0200 ? Outcome.timeout : Outcome.done;
	}
	protected fetch(): number {
		const { command, frame } = this;
		this.send(5, 0x14 /* GetPacketStatus */); // §13.5.3
		this.rssiDbm = -command[2]! / 2;
		this.snrDb = ((command[3]! << 24) >> 24) / 4;
		this.send(4, 0x13 /* GetRxBufferStatus */);
		const length = command[2]!;
		frame[0] = 0x1e /* ReadBuffer */;
		frame[1] = command[3]!;
		this.wait();
		this.transfer(frame.subarray(0, FRAME_AT + length));
		return length;
	}
	protected rssi(): number {
		this.send(3, 0x15 /* GetRssiInst */);
		return -this.command[2]! / 2;
	}
	protected receiving(): boolean {
		this.send(2, 0xc0 /* GetStatus */);
		return ((this.command[1]! >> 4) & 7) === 5; // table 13-76: RX
	}
	protected standby(): void {
		this.send(2, 0x80 /* SetStandby */);
	}
	protected rest(): void {
		if (this.asleep) return;
		this.standby(); // §13.1.1: it can go to sleep from there only
		this.send(2, 0x84 /* SetSleep */, 4); // warm start
		this.asleep = true;
	}

	/** Codes of an image calibration (§9.2.1, table 9-2); bands that it does not list use the next below. */
	private imageBand(): number {
		const mhz = this.frequencyHz / 1_000_000;
		return mhz >= 902 ? 0xe1e9 : mhz >= 850 ? 0xd7db : mhz >= 770 ? 0xc1c5 : mhz >= 460 ? 0x7581 : 0x6b6f;
	}
	/** Waits until the chip takes commands: microseconds, but after it woke. @throws {DormouseError} `timeout` */
	private wait() {
		const busy = this.busy!;
		for (let look = LOOKS; busy.read(); ) if (--look === 0) this.fail("timeout");
	}
	/** Sends a command of so many bytes, zeros behind those that are given; the answer then is in `command`. */
	private send(length: number, ...bytes: readonly number[]) {
		this.wait();
		this.command.fill(0);
		this.command.set(bytes);
		this.transfer(this.command.subarray(0, length));
	}
	/** Reads two registers in a row. @returns the first; both are in `command`, from its byte 4 on */
	private read(register: number): number {
		this.send(6, 0x1d /* ReadRegister */, register >> 8, register);
		return this.command[4]!;
	}
	private change(register: number, clear: number, set: number) {
		const value = (this.read(register) & ~clear) | set;
		this.send(4, 0x0d /* WriteRegister */, register >> 8, register, value);
	}
}

/** Declares a radio of this family. @param buses gives the platform's when the radio is made */
export function declareSx126x(wires: Sx126xWiring, buses: () => RadioIo): RadioDeclaration {
	const [wiring, open] = [wires, buses]; // a parameter in a closure is a variable in flash
	const sx1261 = wiring.chip === "sx1261";
	return Object.freeze({
		kind: wiring.chip,
		lowestDbm: sx1261 ? -17 : -9,
		highestDbm: sx1261 ? 15 : 22,
		wiring,
		create: (ports: RadioPorts) => new Sx126x(open(), wiring, ports),
	});
}
