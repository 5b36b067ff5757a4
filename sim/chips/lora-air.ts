import type { Cancel } from "../scheduler.js";

/** What two radios have to agree on to hear one another. */
export interface LoraChannel {
	readonly frequencyHz: number;
	/** 5 … 12 */
	readonly spreadingFactor: number;
	readonly bandwidthHz: number;
	readonly invertIq: boolean;
	/** One byte: 0x34 public, 0x12 private. */
	readonly syncWord: number;
}

/** What else decides how a frame looks on air. */
export interface LoraShape {
	readonly spreadingFactor: number;
	readonly bandwidthHz: number;
	/** 1 … 4 for 4/5 … 4/8 */
	readonly codingRate: number;
	readonly preambleSymbols: number;
	readonly implicit: boolean;
	readonly crc: boolean;
	readonly lowDataRate: boolean;
}

/** A frame on air. */
export interface LoraFrame extends LoraChannel, LoraShape {
	readonly powerDbm: number;
	readonly bytes: Uint8Array;
	/** Whether the sender left an erratum alone that spoils its signal. */
	readonly impaired: boolean;
	readonly startMs: number;
	readonly endMs: number;
}

/** How a frame came through, known at its end. */
export interface Arrival {
	readonly kind: "whole" | "payload" | "header";
	readonly rssiDbm: number;
	readonly snrDb: number;
}

/** A frame as one receiver meets it. */
export interface Heard {
	readonly frame: LoraFrame;
	/** Asked at the end of the header and of the frame: what other frames did to it is known then. */
	arrival(): Arrival;
}

/** A radio that listens. */
export interface LoraReceiver extends LoraChannel {
	/** Told of each frame that it could hear: those on air when it begins, and those that begin later. */
	heard(heard: Heard): void;
}

/** What lies between radios: loss, collisions and who hears whom are its business, windows and preambles the radios'. */
export interface LoraAir {
	/** A radio sends, from `startMs` on; called then or a little earlier. */
	transmit(frame: LoraFrame): void;
	listen(receiver: LoraReceiver): Cancel;
	/** What a receiver measures in a channel. */
	rssiDbm(frequencyHz: number, bandwidthHz: number, atMs: number): number;
}

/** Milliseconds of a symbol. */
export function symbolMs({ spreadingFactor, bandwidthHz }: LoraShape | LoraChannel): number {
	return (2 ** spreadingFactor / bandwidthHz) * 1000;
}

/** Until the payload begins: preamble, two upchirps of sync word, 2.25 downchirps. Source: SX1276 data sheet §4.1.1.7. */
export function preambleMs(shape: LoraShape): number {
	return (shape.preambleSymbols + 4.25) * symbolMs(shape);
}

/** Time on air. Source: Semtech's formula, SX1276 data sheet §4.1.1.7, AN1200.13 §4. */
export function timeOnAirMs(shape: LoraShape, payloadBytes: number): number {
	const { spreadingFactor, codingRate, implicit, crc, lowDataRate } = shape;
	const numerator = 8 * payloadBytes - 4 * spreadingFactor + 28 + (crc ? 16 : 0) - (implicit ? 20 : 0);
	const perBlock = 4 * (spreadingFactor - (lowDataRate ? 2 : 0));
	const payload = 8 + Math.max(Math.ceil(numerator / perBlock) * (codingRate + 4), 0);
	return preambleMs(shape) + payload * symbolMs(shape);
}

/** Whether a receiver is tuned to a frame. Frequencies within a quarter of the bandwidth are one (SX1276 data sheet §4.1.5, AFC). */
export function isTuned(receiver: LoraChannel, frame: LoraFrame): boolean {
	return (
		Math.abs(receiver.frequencyHz - frame.frequencyHz) <= receiver.bandwidthHz / 4 &&
		receiver.spreadingFactor === frame.spreadingFactor &&
		receiver.bandwidthHz === frame.bandwidthHz &&
		receiver.invertIq === frame.invertIq &&
		receiver.syncWord === frame.syncWord
	);
}

/** An air without loss: all who are tuned hear a frame, whole, at the same level. */
export class OpenAir implements LoraAir {
	/** All that was sent. */
	readonly frames: LoraFrame[] = [];
	arrival: Arrival = { kind: "whole", rssiDbm: -80, snrDb: 7.25 };
	noiseDbm = -120;
	readonly #receivers = new Set<LoraReceiver>();

	transmit(frame: LoraFrame): void {
		this.frames.push(frame);
		for (const receiver of this.#receivers) this.#offer(receiver, frame);
	}
	listen(receiver: LoraReceiver): Cancel {
		this.#receivers.add(receiver);
		for (const frame of this.frames) this.#offer(receiver, frame);
		return () => this.#receivers.delete(receiver);
	}
	rssiDbm(frequencyHz: number, bandwidthHz: number, atMs: number): number {
		const loud = this.frames.some(
			(frame) =>
				Math.abs(frame.frequencyHz - frequencyHz) < bandwidthHz / 2 && frame.startMs <= atMs && atMs < frame.endMs,
		);
		return loud ? this.arrival.rssiDbm : this.noiseDbm;
	}
	#offer(receiver: LoraReceiver, frame: LoraFrame) {
		if (isTuned(receiver, frame)) receiver.heard({ frame, arrival: () => this.arrival });
	}
}
