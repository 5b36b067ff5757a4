import type { RadioIo } from "../../modules/device/io.js";
import type { Sx127xWiring } from "./boards.js";
import { FRAME_AT, LoraRadio, Outcome, Task } from "./lora-radio.js";
import type { RadioDeclaration, RadioPorts } from "./radio.js";

/** Modes of RegOpMode (table 16), with LongRangeMode. */
const SLEEP = 0x80;
const STANDBY = 0x81;
/** LowFrequencyModeOn: which set of registers and which port, below 525 MHz (§4.3, table 32). */
const LOW_FREQUENCY = 0x08;
const MID_BAND_HZ = 525_000_000;
/** Frequency step: 32 MHz / 2^19 (§4.1.4). */
const STEP_HZ = 32_000_000 / 0x8_0000;
/**
 * Semtech SX1276, SX1277, SX1278, SX1279 and the modules RFM95 … RFM98, in LoRa mode.
 *
 * Errata, from Semtech's errata note for SX1276/77/78: 2.1 (sensitivity at 500 kHz), 2.3 (spurious reception at the
 * bandwidths in use here, which need no shift of the frequency).
 * Source of all values: SX1276/77/78/79 data sheet rev. 7; sections stand where they are used.
 */
export class Sx127x extends LoraRadio<Sx127xWiring> {
	protected wakeMs(): number {
		return 1 + (this.wiring.tcxoMs ?? 0); // §2.5.2: the crystal takes 0.25 ms
	}
	protected bringUp(step: number): number {
		const { wiring } = this;
		switch (step) {
			case 0:
				this.reset!.write(1); // open drain: released
				return 6; // §7.2.2: 5 ms
			case 1: {
				const version = this.read(0x42 /* Version */, 1);
				if (version === 0 || version === 0xff) this.fail("absent");
				if (version !== 0x12 /* §6.4 RegVersion */) this.fail("identity");
				if (wiring.tcxoMs !== undefined) this.write(0x4b /* Tcxo */, 1, 0x19); // §6.1: TcxoInputOn
				return wiring.tcxoMs ?? 0;
			}
			case 2:
				// In FSK mode and standby, as reset leaves it; the power amplifier must not leak into the receiver (§4.2.3.8).
				this.write(0x09 /* PaConfig */, 1, 0);
				this.setFrequency(3, this.frequencyHz || 868_000_000);
				this.write(0x3b /* InvertIq2 */, 1, 0x42);
				return 10; // §4.2.3.8 gives no figure; this has room
			default:
				if (this.read(0x3b /* InvertIq2 */, 1) & 0x20) this.fail("timeout");
				this.rest();
				return -1;
		}
	}
	protected prepare(): number {
		const { task, command, spreadingFactor, bandwidth, preambleSymbols } = this;
		const tx = task === Task.transmit;
		const wide = bandwidth === 2;
		this.mode(STANDBY);
		// Power, over-current protection, receiver gain.
		let paConfig = 0;
		let ocp = 0x2b; // 100 mA (§5.4.4, reset value)
		let paDac = 0x84;
		const dbm = Math.floor(this.powerDbm);
		if (this.wiring.output === "rfo") {
			// §5.4.2: Pout = Pmax − 15 + OutputPower, with Pmax 15 or 10.8 dBm
			paConfig = dbm >= 0 ? 0x70 | Math.min(dbm, 14) : Math.max(dbm, -4) + 4;
		} else if (dbm > 17) {
			paDac = 0x87; // §5.4.3: 20 dBm at most
			ocp = 0x31; // 140 mA
			paConfig = 0x80 | (Math.min(dbm, 20) - 5);
		} else paConfig = 0x80 | (Math.max(dbm, 2) - 2);
		command[4] = tx ? paConfig : 0;
		command[5] = 0x09; // PaRamp: 40 µs, reset value
		command[6] = ocp;
		command[7] = 0x23; // G1, LNA current of 150 % in the high band (§6.4)
		this.setFrequency(7, this.frequencyHz);
		this.write(0x4d /* PaDac */, 1, paDac);
		// Modem: §6.4, explicit header, coding rate 4/5.
		command[3] = 0x64;
		command[4] = preambleSymbols >> 8;
		command[5] = preambleSymbols;
		command[6] = tx ? this.length : 0xff;
		command[7] = 0xff;
		this.write(
			0x1d /* ModemConfig1 */,
			7,
			((7 + bandwidth) << 4) | 2,
			(spreadingFactor << 4) | (this.invertIq ? 0 : 4),
		);
		this.write(0x26 /* ModemConfig3 */, 1, 4 | ((this.symbolMs >= 16 ? 1 : 0) << 3)); // AgcAutoOn
		this.write(0x39 /* SyncWord */, 1, this.syncWord);
		// §6.4 RegInvertIQ, whose bits for sending and receiving have opposite senses, and RegInvertIQ2.
		this.write(0x33 /* InvertIq */, 1, this.invertIq ? (tx ? 0x26 : 0x67) : 0x27);
		this.write(0x3b /* InvertIq2 */, 1, this.invertIq ? 0x19 : 0x1d);
		// Errata 2.1, and 2.3: AutomaticIFOn off, intermediate frequency by hand, but at 500 kHz.
		this.write(0x36 /* HighBwOptimize1 */, 1, wide ? 2 : 3);
		if (wide) this.write(0x3a /* HighBwOptimize2 */, 1, this.frequencyHz > MID_BAND_HZ ? 0x64 : 0x7f);
		command[3] = wide ? 0xc3 : 0x43;
		this.write(0x2f /* IfFreq */, 3, wide ? 0x20 : 0x40, 0);
		// Interrupts: table 18. A mask's bit turns a flag off.
		this.write(0x40 /* DioMapping1 */, 1, tx ? 0x40 : task === Task.detect ? 0x80 : 0x00);
		const mask = tx ? 0xf7 /* TxDone */ : task === Task.receive ? 0x1f /* RxTimeout, RxDone, PayloadCrcError */ : 0xfa; // CadDone, CadDetected
		this.write(0x11 /* IrqFlagsMask, IrqFlags */, 2, task === Task.sense ? 0xff : mask, 0xff);
		return this.wakeMs();
	}
	protected launch(symbols: number): void {
		const { task } = this;
		// FifoAddrPtr, FifoTxBaseAddr, FifoRxBaseAddr: all 256 bytes are for the frame at hand (§4.1.2.3).
		this.command[3] = 0;
		this.write(0x0d /* FifoAddrPtr */, 3, 0, 0);
		if (task === Task.transmit) {
			const { frame } = this;
			frame[FRAME_AT - 1] = 0x80;
			this.transfer(frame.subarray(FRAME_AT - 1, FRAME_AT + this.length));
		} else if (task === Task.receive) {
			// §4.1.5: the time-out's two upper bits are in RegModemConfig2.
			const config2 = (this.spreadingFactor << 4) | (this.invertIq ? 0 : 4) | (symbols >> 8);
			this.write(0x1e /* ModemConfig2 */, 2, config2, symbols);
		}
		// TX, RXSINGLE, RXCONTINUOUS, CAD
		this.mode(task === Task.transmit ? 0x83 : task === Task.receive ? 0x86 : task === Task.sense ? 0x85 : 0x87);
	}
	protected outcome(): Outcome {
		const flags = this.read(0x12 /* IrqFlags */, 1);
		if (!flags) return Outcome.none;
		this.write(0x12 /* IrqFlags */, 1, flags);
		if (flags & 0x21) return flags & 0x20 ? Outcome.error : Outcome.active; // PayloadCrcError, CadDetected
		return flags & 0x80 ? Outcome.timeout : Outcome.done; // RxTimeout
	}
	protected fetch(): number {
		const { frame, command } = this;
		// §5.5.5: below the noise, the SNR tells what the RSSI cannot.
		this.read(0x19 /* PktSnr */, 2);
		const snr = ((command[1]! << 24) >> 24) / 4;
		const raw = command[2]!;
		this.snrDb = snr;
		this.rssiDbm = Math.round(this.offset() + (snr < 0 ? raw + snr : (16 / 15) * raw));
		this.read(0x10 /* FifoRxCurrentAddr */, 4);
		const length = command[4]!;
		this.write(0x0d /* FifoAddrPtr */, 1, command[1]!);
		frame[FRAME_AT - 1] = 0x00 /* Fifo */;
		this.transfer(frame.subarray(FRAME_AT - 1, FRAME_AT + length));
		return length;
	}
	protected rssi(): number {
		return this.offset() + this.read(0x1b /* Rssi */, 1);
	}
	protected receiving(): boolean {
		return (this.read(0x01 /* OpMode */, 1) & 7) === 6;
	}
	protected standby(): void {
		this.mode(STANDBY);
	}
	protected rest(): void {
		// LoRa mode can be chosen in sleep only (§4.1.6).
		if (this.read(0x01 /* OpMode */, 1) < 0x80) this.write(0x01, 1, 0);
		this.mode(SLEEP);
	}

	/** dBm of an RSSI of 0 (§5.5.5): the high and the low port differ. */
	private offset(): number {
		return this.frequencyHz > MID_BAND_HZ ? -157 : -164;
	}
	private mode(mode: number) {
		const low = this.frequencyHz !== 0 && this.frequencyHz <= MID_BAND_HZ;
		this.write(0x01 /* OpMode */, 1, 0x80 | (low ? LOW_FREQUENCY : 0) | mode);
	}
	/** Writes RegFrf, and of what follows it as much as is in `command` from its byte 4 on. */
	private setFrequency(count: number, hz: number) {
		const frf = Math.round(hz / STEP_HZ);
		this.command[3] = frf;
		this.write(0x06 /* Frf */, count, frf >> 16, frf >> 8);
	}
	/** Writes registers in a row: `a`, then `b`, then what is in `command` already. */
	private write(register: number, count: number, a: number, b: number | undefined = undefined) {
		const { command } = this;
		command[0] = 0x80 | register;
		command[1] = a;
		if (b !== undefined) command[2] = b;
		this.transfer(command.subarray(0, 1 + count));
	}
	/** Reads registers in a row into `command`, from its byte 1 on. @returns the first */
	private read(register: number, count: number): number {
		const { command } = this;
		command[0] = register;
		return this.transfer(command.subarray(0, 1 + count))[1]!;
	}
}

/** Declares a radio of this family. @param buses gives the platform's when the radio is made */
export function declareSx127x(wires: Sx127xWiring, buses: () => RadioIo): RadioDeclaration {
	const [wiring, open] = [wires, buses]; // a parameter in a closure is a variable in flash
	const boost = wiring.output === "boost";
	return Object.freeze({
		kind: "sx127x",
		lowestDbm: boost ? 2 : -4,
		highestDbm: boost ? 20 : 14,
		wiring,
		create: (ports: RadioPorts) => new Sx127x(open(), wiring, ports),
	});
}
