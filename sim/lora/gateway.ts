import type { Band } from "../../net/lorawan/region-tables.js";
import { type Heard, type LoraFrame, symbolMs, timeOnAirMs } from "../chips/lora-air.js";
import type { Scheduler } from "../scheduler.js";
import { DutyLedger } from "./duty.js";
import type { GatewayChannel } from "./gateway-plan.js";
import type { RadioStation } from "./radio-air.js";

/** Frames that eight channels' demodulators take at once. Source: SX1301 data sheet §3: eight multi-SF paths. */
const DEMODULATORS = 8;
/** A demodulator is taken when this much of the preamble was seen. */
const LOCK_SYMBOLS = 5;
/**
 * How early a frame has to be there before it is sent: start of the transmitter 1.5 ms, margin 1 ms, queue 30 ms; and how much
 * too early it may be. Source: jitqueue.c of Semtech's packet_forwarder 4.
 */
const START_MS = 1.5;
const MARGIN_MS = 1;
const QUEUE_MS = 30;
const ADVANCE_MS = 512_000;
const QUEUE_FRAMES = 32;
/** What the amplifier gives at most, in dBm: a usual one. */
const POWER_DBM = 27;
const TMST = 2 ** 32;

/** Why a frame is not sent, as packet forwarders tell it (TX_ACK). */
export type TxError =
	| "NONE"
	| "TOO_LATE"
	| "TOO_EARLY"
	| "COLLISION_PACKET"
	| "COLLISION_BEACON"
	| "TX_FREQ"
	| "TX_POWER"
	| "GPS_UNLOCKED";

/** A frame that a gateway received. */
export interface Received {
	readonly bytes: Uint8Array;
	readonly frame: LoraFrame;
	/** Number of the channel in the plan, and its frequency: radios are some hertz beside it. */
	readonly channel: number;
	readonly frequencyHz: number;
	readonly rssiDbm: number;
	readonly snrDb: number;
	/** Microseconds of the gateway's counter at the frame's end, modulo 2^32. */
	readonly tmst: number;
	readonly crc: "ok" | "wrong" | "none";
}

/** A frame to send. */
export interface Transmission {
	readonly bytes: Uint8Array;
	/** When, by the gateway's counter or by its GPS (in virtual time); neither: as soon as it can be. */
	readonly tmst?: number;
	readonly atMs?: number;
	readonly frequencyHz: number;
	readonly spreadingFactor: number;
	readonly bandwidthHz: number;
	/** Conducted. */
	readonly powerDbm: number;
	readonly invertIq?: boolean;
	readonly crc?: boolean;
	/** 1 … 4 for 4/5 … 4/8 */
	readonly codingRate?: number;
	readonly preambleSymbols?: number;
}

export interface GatewayOptions {
	readonly scheduler: Scheduler;
	readonly station: RadioStation;
	readonly channels: readonly GatewayChannel[];
	/** What the gateway may send in, and how much of each hour. */
	readonly bands: readonly Band[];
	/** Eight bytes, as 16 hexadecimal digits. */
	readonly eui: string;
	readonly syncWord?: number;
	/** Value of the counter at virtual time 0. */
	readonly tmstAtZero?: number;
	/** Whether it is cut off: neither hears nor sends. */
	absent?(atMs: number): boolean;
}

/** A gateway: many demodulators, one half-duplex transmitter with a queue, a counter of microseconds. */
export class Gateway {
	readonly eui: string;
	readonly station: RadioStation;
	/** Told of each frame at its end. */
	onReceived: (received: Received) => void = () => {};
	readonly counts = { received: 0, spoiled: 0, busy: 0, sent: 0, refused: 0 };
	readonly #options: GatewayOptions;
	/** Until when demodulators are taken, of the shared ones and of each other channel. */
	readonly #taken: { channel: number; fromMs: number; toMs: number }[] = [];
	readonly #most: number;
	#queue: { readonly startMs: number; readonly endMs: number }[] = [];
	readonly #duty: readonly DutyLedger[];

	constructor(options: GatewayOptions) {
		this.#options = options;
		this.eui = options.eui;
		this.station = options.station;
		const shared = options.channels.filter(({ spreadingFactor }) => spreadingFactor === undefined).length;
		this.#most = DEMODULATORS * Math.max(1, Math.ceil(shared / DEMODULATORS));
		this.#duty = options.bands.map(() => new DutyLedger());
		options.station.listenWide((heard) => this.#heard(heard));
	}
	/** The counter. */
	tmst(atMs: number): number {
		const value = Math.floor(atMs * 1000 + (this.#options.tmstAtZero ?? 0));
		return ((value % TMST) + TMST) % TMST;
	}
	/** Which band holds a frequency; undefined where the gateway may not send. */
	band(frequencyHz: number): Band | undefined {
		return this.#options.bands.find(({ low, high }) => frequencyHz >= low * 100 && frequencyHz < high * 100);
	}
	/** Whether the law leaves so much airtime in a band, before an instant. */
	mayTransmit(frequencyHz: number, startMs: number, airtimeMs: number): boolean {
		const band = this.band(frequencyHz);
		if (!band) return false;
		if (band.perMille >= 1000) return true;
		const ledger = this.#duty[this.#options.bands.indexOf(band)]!;
		return ledger.spentMs(startMs) + airtimeMs <= band.perMille * 3600;
	}
	/** When the last frame of the queue is over. */
	get busyUntilMs(): number {
		return this.#queue.reduce((latest, { endMs }) => Math.max(latest, endMs), 0);
	}
	/** Puts a frame into the queue, when it can be sent then. */
	send(what: Transmission): TxError {
		const error = this.#send(what);
		if (error === "NONE") this.counts.sent++;
		else this.counts.refused++;
		return error;
	}
	#send(what: Transmission): TxError {
		const { scheduler, absent } = this.#options;
		const { now } = scheduler;
		const { bytes, frequencyHz, spreadingFactor, bandwidthHz, powerDbm } = what;
		const band = this.band(frequencyHz);
		if (!band) return "TX_FREQ";
		if (powerDbm > POWER_DBM) return "TX_POWER";
		const shape = {
			spreadingFactor,
			bandwidthHz,
			codingRate: what.codingRate ?? 1,
			preambleSymbols: what.preambleSymbols ?? 8,
			implicit: false,
			crc: what.crc ?? false,
			lowDataRate: false,
		};
		shape.lowDataRate = symbolMs({ ...shape }) >= 16;
		const airtime = timeOnAirMs(shape, bytes.length);
		const leadMs = START_MS + MARGIN_MS + QUEUE_MS;
		this.#queue = this.#queue.filter(({ endMs }) => endMs > now);
		let startMs: number;
		if (what.tmst === undefined && what.atMs === undefined) {
			startMs = now + leadMs;
			for (const other of this.#queue)
				if (startMs < other.endMs + MARGIN_MS + START_MS && other.startMs < startMs + airtime + MARGIN_MS)
					startMs = other.endMs + MARGIN_MS + START_MS;
		} else {
			// The counter wraps: what is more than half of it ahead is behind.
			const ahead = ((((what.tmst ?? 0) - this.tmst(now)) % TMST) + TMST) % TMST;
			const aheadMs = what.atMs === undefined ? (ahead >= TMST / 2 ? ahead - TMST : ahead) / 1000 : what.atMs - now;
			if (aheadMs < leadMs) return "TOO_LATE";
			if (aheadMs > ADVANCE_MS) return "TOO_EARLY";
			startMs = now + aheadMs;
		}
		const endMs = startMs + airtime;
		if (this.#queue.length >= QUEUE_FRAMES) return "COLLISION_PACKET";
		for (const other of this.#queue)
			if (startMs - START_MS - MARGIN_MS < other.endMs && other.startMs - START_MS - MARGIN_MS < endMs)
				return "COLLISION_PACKET";
		this.#queue.push({ startMs, endMs });
		this.#duty[this.#options.bands.indexOf(band)]!.add(startMs, endMs);
		scheduler.at(startMs, () => {
			if (absent?.(startMs)) return;
			this.station.transmit({
				...shape,
				frequencyHz,
				invertIq: what.invertIq ?? true,
				syncWord: this.#options.syncWord ?? 0x34,
				powerDbm,
				bytes: bytes.slice(),
				impaired: false,
				startMs,
				endMs,
			});
		});
		return "NONE";
	}

	#heard({ frame, arrival }: Heard) {
		const { channels, scheduler, absent, syncWord = 0x34 } = this.#options;
		if (frame.invertIq || frame.syncWord !== syncWord || frame.implicit) return;
		const channel = channels.findIndex(
			({ frequencyHz, bandwidthHz, spreadingFactor }) =>
				bandwidthHz === frame.bandwidthHz &&
				Math.abs(frequencyHz - frame.frequencyHz) <= bandwidthHz / 4 &&
				(spreadingFactor === undefined ? frame.spreadingFactor >= 7 : spreadingFactor === frame.spreadingFactor),
		);
		if (channel < 0 || absent?.(frame.startMs)) return;
		const lockMs = frame.startMs + LOCK_SYMBOLS * symbolMs(frame);
		if (!this.#take(channel, lockMs, frame.endMs)) {
			this.counts.busy++;
			return;
		}
		scheduler.at(frame.endMs, () => {
			if (absent?.(frame.endMs)) return;
			const { kind, rssiDbm, snrDb } = arrival();
			const spoiled = kind !== "whole" || frame.impaired || frame.lowDataRate !== symbolMs(frame) >= 16;
			if (spoiled) this.counts.spoiled++;
			else this.counts.received++;
			if (kind === "header") return;
			const bytes = frame.bytes.slice();
			if (spoiled) for (let n = 0; n < bytes.length; n += 3) bytes[n]! ^= 0xa5;
			const tmst = this.tmst(frame.endMs);
			const crc = !frame.crc ? "none" : spoiled ? "wrong" : "ok";
			const { frequencyHz } = channels[channel]!;
			this.onReceived({ bytes, frame, channel, frequencyHz, rssiDbm, snrDb, tmst, crc });
		});
	}
	/** Takes a demodulator. @returns false when all are taken */
	#take(channel: number, fromMs: number, toMs: number): boolean {
		const shared = this.#options.channels[channel]!.spreadingFactor === undefined;
		const taken = this.#taken;
		for (let n = taken.length - 1; n >= 0; n--) if (taken[n]!.toMs < this.#options.scheduler.now) taken.splice(n, 1);
		let count = 0;
		for (const other of taken)
			if (other.fromMs <= fromMs && fromMs < other.toMs && (shared ? other.channel < 0 : other.channel === channel))
				count++;
		if (count >= (shared ? this.#most : 1)) return false;
		taken.push({ channel: shared ? -1 : channel, fromMs, toMs });
		return true;
	}
}
