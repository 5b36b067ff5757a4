import {
	type Arrival,
	type Heard,
	isTuned,
	type LoraAir,
	type LoraFrame,
	type LoraReceiver,
	preambleMs,
	symbolMs,
} from "../chips/lora-air.js";
import type { Cancel, Scheduler } from "../scheduler.js";
import { meanLossDb, normalOf, OULU, type PathLoss } from "./path-loss.js";

/** SNR that a LoRa modem needs, in dB, from SF5 on. Source: SX1276 data sheet table 13; SX1261/2 data sheet table 6-2 for SF5. */
const NEEDED_SNR: readonly number[] = Object.freeze([-2.5, -5, -7.5, -10, -12.5, -15, -17.5, -20]);
/** How much louder a frame has to be than another of its kind to be read all the same. Source: Bor et al. 2016, §3.3; Semtech. */
export const CAPTURE_DB = 6;
/**
 * How much louder (less loud, where negative) a frame of SF7 … SF12 (rows) has to be than one of another spreading factor
 * (columns). Source: Croce et al., "Impact of LoRa imperfect orthogonality: analysis of link-level performance", IEEE
 * Communications Letters 22 (2018), table I. The diagonal is not used.
 */
const CROSS_DB: readonly (readonly number[])[] = Object.freeze([
	Object.freeze([1, -8, -9, -9, -9, -9]),
	Object.freeze([-11, 1, -11, -12, -13, -13]),
	Object.freeze([-15, -13, 1, -13, -14, -15]),
	Object.freeze([-19, -18, -17, 1, -17, -18]),
	Object.freeze([-22, -22, -21, -20, 1, -20]),
	Object.freeze([-25, -25, -25, -24, -23, 1]),
]);
/** Symbols of preamble that are enough. Source: Bor et al., "Do LoRa low-power wide-area networks scale?", MSWiM 2016, §3.3. */
const ENOUGH_SYMBOLS = 5;
const HEADER_SYMBOLS = 8;
/** Noise of a resistor at room temperature, in dBm a hertz. */
const THERMAL_DBM = -174;
/** What chips and gateways tell of SNR, in dB: assumption, from what is seen in logs of SX1276, SX1262 and SX1301. */
const SNR_LOW = -25;
const SNR_HIGH = 13;
/** Looks at a channel that are no further apart are one. */
const SENSE_GAP_MS = 3;
/** Longer than any frame: what ended so long ago meets nothing that is still on air. 255 bytes at SF12 take 9.2 s. */
const MEMORY_MS = 12_000;

/** SNR that a frame of this spreading factor needs, in dB. */
export function neededSnrDb(spreadingFactor: number): number {
	return NEEDED_SNR[spreadingFactor - 5] ?? 0;
}
/** Noise in a channel, in dBm. @param noiseFigureDb 6: SX1276 and SX1301 (Semtech AN1200.13, AN1200.22) */
export function noiseDbm(bandwidthHz: number, noiseFigureDb = 6): number {
	return THERMAL_DBM + 10 * Math.log10(bandwidthHz) + noiseFigureDb;
}
/** The weakest signal that a receiver can read, in dBm. */
export function sensitivityDbm(spreadingFactor: number, bandwidthHz: number, noiseFigureDb = 6): number {
	return noiseDbm(bandwidthHz, noiseFigureDb) + neededSnrDb(spreadingFactor);
}
/** How much louder `frame` has to be than `other`, in dB; undefined when they do not meet. @param cross whether spreading factors disturb each other */
export function neededSirDb(frame: LoraFrame, other: LoraFrame, cross: boolean): number | undefined {
	if (Math.abs(frame.frequencyHz - other.frequencyHz) >= (frame.bandwidthHz + other.bandwidthHz) / 2) return undefined;
	const { spreadingFactor: sf } = frame;
	if (sf === other.spreadingFactor && frame.bandwidthHz === other.bandwidthHz && frame.invertIq === other.invertIq)
		return CAPTURE_DB;
	if (!cross) return undefined;
	// Of the same spreading factor in another bandwidth or inverted: as the next one. Assumption.
	const row = CROSS_DB[Math.max(0, sf - 7)]!;
	const column = Math.max(0, other.spreadingFactor - 7);
	return column !== sf - 7 ? row[column]! : row[column === 5 ? 4 : column + 1]!;
}

/** Where a station is, and its antenna. */
export interface Place {
	readonly xM: number;
	readonly yM: number;
	/** Gain of the antenna less what its cable takes. */
	readonly gainDbi: number;
}

export interface RadioAirOptions {
	readonly scheduler: Scheduler;
	readonly seed: number;
	/** Default {@link OULU}. */
	readonly loss?: PathLoss;
	/** Whether spreading factors disturb each other. Default true. */
	readonly cross?: boolean;
	/** Says whether a frame is lost on its way to everyone. */
	loses?(frame: LoraFrame, from: RadioStation): boolean;
}

/** A frame on its way. */
interface Flight {
	readonly frame: LoraFrame;
	readonly from: RadioStation;
	readonly number: number;
	/** Nobody hears it; it disturbs others all the same. */
	readonly lost: boolean;
}

/**
 * The air between radios at different places: loss by distance, shadowing a link and fading a frame, noise, collisions with
 * capture, half duplex. A radio's view of it is a {@link RadioStation}. Equal seeds give equal air.
 */
export class RadioAir {
	readonly scheduler: Scheduler;
	readonly #options: RadioAirOptions;
	readonly #loss: PathLoss;
	readonly #stations: RadioStation[] = [];
	readonly #losses = new Map<number, number>();
	#flights: Flight[] = [];
	#number = 0;
	/** Told of each frame when it is sent. */
	onFrame: (frame: LoraFrame, from: RadioStation) => void = () => {};

	constructor(options: RadioAirOptions) {
		this.scheduler = options.scheduler;
		this.#options = options;
		this.#loss = options.loss ?? OULU;
	}
	/** Frames that are remembered: those of the last seconds. */
	get remembered(): number {
		return this.#flights.length;
	}
	/** A radio at a place. */
	station(place: Place): RadioStation {
		const station = new RadioStation(this, this.#stations.length, place);
		this.#stations.push(station);
		return station;
	}
	/** Loss between two stations, shadowing included, in dB; the same both ways. */
	lossDb(a: RadioStation, b: RadioStation): number {
		const [low, high] = a.number < b.number ? [a, b] : [b, a];
		const key = low.number * 0x1_0000 + high.number;
		let loss = this.#losses.get(key);
		if (loss === undefined) {
			const distance = Math.hypot(a.place.xM - b.place.xM, a.place.yM - b.place.yM);
			const shadow = this.#loss.shadowingDb * normalOf(this.#options.seed, low.number, high.number);
			loss = meanLossDb(this.#loss, distance) + shadow;
			this.#losses.set(key, loss);
		}
		return loss;
	}
	/** @internal Sends a frame to all stations. */
	send(frame: LoraFrame, from: RadioStation): void {
		this.#forget();
		const lost = this.#options.loses?.(frame, from) ?? false;
		const flight = { frame, from, number: this.#number++, lost };
		this.#flights.push(flight);
		this.onFrame(frame, from);
		if (lost) return;
		for (const station of this.#stations) if (station !== from && station.listens) this.#offer(flight, station);
	}
	/** @internal Offers what is on air to a receiver that begins to listen. */
	offerTo(receiver: LoraReceiver, station: RadioStation): void {
		this.#forget();
		for (const flight of this.#flights) {
			if (flight.lost || flight.from === station || flight.frame.endMs <= this.scheduler.now) continue;
			if (!isTuned(receiver, flight.frame)) continue;
			const heard = this.#heard(flight, station);
			if (heard) receiver.heard(heard);
		}
	}
	/** @internal Energy in a channel at a station, in dBm. */
	energyDbm(station: RadioStation, frequencyHz: number, bandwidthHz: number, atMs: number): number {
		let milliwatts = 10 ** (noiseDbm(bandwidthHz) / 10);
		for (const flight of this.#flights) {
			const { frame, from } = flight;
			if (from === station || atMs < frame.startMs || atMs >= frame.endMs) continue;
			if (Math.abs(frame.frequencyHz - frequencyHz) < (frame.bandwidthHz + bandwidthHz) / 2)
				milliwatts += 10 ** (this.#levelDbm(flight, station) / 10);
		}
		return 10 * Math.log10(milliwatts);
	}

	#forget() {
		const before = this.scheduler.now - MEMORY_MS;
		if (this.#flights.length && this.#flights[0]!.frame.endMs < before)
			this.#flights = this.#flights.filter(({ frame }) => frame.endMs >= before);
	}
	#levelDbm({ frame, from, number }: Flight, to: RadioStation): number {
		const fading = this.#loss.fadingDb * normalOf(this.#options.seed + 1, number, to.number);
		return frame.powerDbm + from.place.gainDbi + to.place.gainDbi - this.lossDb(from, to) + fading;
	}
	#offer(flight: Flight, station: RadioStation) {
		let heard: Heard | undefined;
		for (const receiver of station.receivers) {
			if (receiver.frequencyHz !== undefined && !isTuned(receiver as LoraReceiver, flight.frame)) continue;
			heard ??= this.#heard(flight, station);
			if (!heard) return;
			receiver.heard(heard);
		}
	}
	/** What a station makes of a frame; undefined when it is too weak. */
	#heard(flight: Flight, station: RadioStation): Heard | undefined {
		const { frame } = flight;
		const level = this.#levelDbm(flight, station);
		const snr = level - noiseDbm(frame.bandwidthHz);
		if (snr < neededSnrDb(frame.spreadingFactor)) return undefined;
		const snrDb = Math.round(4 * Math.max(SNR_LOW, Math.min(SNR_HIGH, snr))) / 4;
		return {
			frame,
			arrival: () => ({ kind: this.#fate(flight, station, level), rssiDbm: level, snrDb }),
		};
	}
	/** What the others did to a frame, of those that are known by now. */
	#fate(flight: Flight, station: RadioStation, level: number): Arrival["kind"] {
		const { frame } = flight;
		const criticalMs = frame.startMs + Math.max(0, frame.preambleSymbols - ENOUGH_SYMBOLS) * symbolMs(frame);
		const headerMs = frame.startMs + preambleMs(frame) + HEADER_SYMBOLS * symbolMs(frame);
		let kind: Arrival["kind"] = "whole";
		for (const other of this.#flights) {
			if (other === flight || other.frame.endMs <= criticalMs || other.frame.startMs >= frame.endMs) continue;
			if (other.from !== station) {
				const needed = neededSirDb(frame, other.frame, this.#options.cross ?? true);
				if (needed === undefined || level - this.#levelDbm(other, station) >= needed) continue;
			}
			// A station that sends hears nothing at all.
			if (other.frame.startMs < headerMs) return "header";
			kind = "payload";
		}
		return kind;
	}
}

/** Who listens at a station: a radio, or, without a channel, a gateway. */
type Receiver = LoraReceiver | { readonly frequencyHz?: undefined; heard(heard: Heard): void };

/** The air as one radio has it. */
export class RadioStation implements LoraAir {
	readonly number: number;
	readonly place: Place;
	readonly receivers = new Set<Receiver>();
	/** Which channel was listened to last, from when to when: for laws that want it. */
	sensed: { readonly frequencyHz: number; readonly fromMs: number; toMs: number } | undefined;
	readonly #air: RadioAir;

	/** Made by {@link RadioAir.station}. */
	constructor(air: RadioAir, number: number, place: Place) {
		this.#air = air;
		this.number = number;
		this.place = place;
	}
	get listens(): boolean {
		return this.receivers.size > 0;
	}
	transmit(frame: LoraFrame): void {
		this.#air.send(frame, this);
	}
	listen(receiver: LoraReceiver): Cancel {
		this.receivers.add(receiver);
		this.#air.offerTo(receiver, this);
		return () => this.receivers.delete(receiver);
	}
	/** Hears frames in all channels at once, from now on. */
	listenWide(heard: (heard: Heard) => void): Cancel {
		const receiver = { heard };
		this.receivers.add(receiver);
		return () => this.receivers.delete(receiver);
	}
	rssiDbm(frequencyHz: number, bandwidthHz: number, atMs: number): number {
		const { sensed } = this;
		if (sensed?.frequencyHz === frequencyHz && atMs - sensed.toMs <= SENSE_GAP_MS) sensed.toMs = atMs;
		else this.sensed = { frequencyHz, fromMs: atMs, toMs: atMs };
		return this.energyDbm(frequencyHz, bandwidthHz, atMs);
	}
	/** Energy in a channel, without having listened to it. */
	energyDbm(frequencyHz: number, bandwidthHz: number, atMs: number): number {
		return this.#air.energyDbm(this, frequencyHz, bandwidthHz, atMs);
	}
}
