import type { ErrorCode } from "../../modules/core/errors.js";
import type { Clock, Timers } from "../../modules/core/ports.js";
import type { Sx126xWiring, Sx127xWiring } from "./boards.js";

/**
 * How a LoRa frame is sent or listened for. One mutable instance may be filled again and again: a radio takes what it
 * needs before the call returns.
 *
 * What follows from these is the driver's: low data rate optimisation at symbols of 16.38 ms and longer (SF11 and SF12 at
 * 125 kHz, SF12 at 250 kHz), an explicit header, coding rate 4/5.
 */
export interface LoraSettings {
	frequencyHz: number;
	/** 7 … 12 */
	spreadingFactor: number;
	/** 125,000, 250,000 or 500,000 */
	bandwidthHz: number;
	/**
	 * Whether the chirps run downwards: what gateways send does, what nodes send does not, so that neither hears its own
	 * kind. A driver also turns the CRC of the payload on for frames that are not inverted and off for those that are.
	 */
	invertIq: boolean;
	/** Symbols of preamble before the sync word: 8 in LoRaWAN. */
	preambleSymbols: number;
	/** 0x34 for LoRaWAN's public networks, 0x12 for private ones. In the form of the SX127x, of one byte. */
	syncWord: number;
}

/** Transmit settings. */
export interface LoraTransmit extends LoraSettings {
	/** Power at the antenna's connector. A radio sends with what it has at most below that, or its least. */
	powerDbm: number;
}

/**
 * A LoRa radio, as `net/lorawan` sees it. Implementations are drivers over ECMA-419 I/O, and models in tests.
 *
 * One thing at a time: transmit, receive, sense or detect; each ends with exactly one event, in order, none from inside
 * the call. A call while another runs throws `busy`. Times are those of the {@link Clock} that the radio was made with, in
 * milliseconds with a fraction, taken where the radio's interrupt was seen and not where a callback got to run.
 */
export interface Radio {
	/** Takes the radio out of sleep or reset and checks that it is the declared chip; later events go to `on`. */
	open(on: RadioListener): void;
	/**
	 * Sends a frame at once. Ends in `txDone` or `fault`.
	 * @param bytes 1 … 255, read before the call returns
	 */
	transmit(bytes: Uint8Array, how: LoraTransmit): void;
	/**
	 * Listens once, from `atMs` on. Ends in `rxDone`, `rxTimeout`, `rxError` or `fault`. A frame whose preamble was found in
	 * the window is received to its end.
	 * @param atMs when to be listening: the driver wakes the radio as much earlier as that needs; a time that is over already
	 * means at once
	 * @param symbols length of the window in symbols of these settings, 5 … 1023. A chip that cannot wait so long in
	 * symbols waits in time.
	 */
	receive(atMs: number, how: LoraSettings, symbols: number): void;
	/**
	 * Measures how loud a channel is, for listen before talk. Ends in `sensed` or `fault`.
	 * @param ms how long
	 */
	sense(frequencyHz: number, bandwidthHz: number, ms: number): void;
	/** Looks for a preamble at these settings once (channel activity detection). Ends in `detected` or `fault`. */
	detect(how: LoraSettings): void;
	/**
	 * Puts the radio to its deepest sleep that keeps settings; any call wakes it. What runs is ended, without an event.
	 * @param ms how long nobody will ask for anything: the board may sleep lightly meanwhile
	 */
	sleep(ms?: number): void;
	/** Puts it to deepest sleep and releases all handles; idempotent, callable from inside an event. No event follows. */
	close(): void;
}

/** What a radio tells, each call run to completion. */
export interface RadioListener {
	/** The last symbol has left. */
	txDone(atMs: number): void;
	/**
	 * A frame came whole.
	 * @param bytes a view that lives until the call returns
	 * @param snrDb signal to noise ratio, −128 … 127, rounded to a quarter
	 * @param rssiDbm of the packet
	 * @param atMs end of the frame
	 */
	rxDone(bytes: Uint8Array, snrDb: number, rssiDbm: number, atMs: number): void;
	/** Nothing came in the window. */
	rxTimeout(atMs: number): void;
	/** A frame came that is broken: header or payload CRC. */
	rxError(atMs: number): void;
	/** @param rssiDbm the loudest that was heard */
	sensed(rssiDbm: number, atMs: number): void;
	/** Answers `detect`; whoever does not call that needs none. */
	detected?(active: boolean, atMs: number): void;
	/** The radio did not do what was asked: `absent`, `identity`, `io`, `timeout` (a busy line or an interrupt that never came). */
	fault(code: ErrorCode): void;
}

/** A radio as a node declares it: which chip, wired how. Factories in `net/radio/` make it. */
export interface RadioDeclaration {
	/** Such as `sx1262`. */
	readonly kind: string;
	/** Lowest and highest power at the connector, in dBm. */
	readonly lowestDbm: number;
	readonly highestDbm: number;
	/** How it is wired to the board, by which a simulated board is wired too; none where it is no chip. */
	readonly wiring?: Sx126xWiring | Sx127xWiring;
	/** Opens nothing yet. */
	create(ports: RadioPorts): Radio;
}

/** What a radio gets from the shell. */
export interface RadioPorts {
	readonly clock: Clock;
	readonly timers: Timers;
}
