import { equalBytes } from "../../modules/core/bytes.js";
import type { ErrorCode } from "../../modules/core/errors.js";
import type { BlockCipher } from "../../modules/core/ports.js";
import { Counter } from "../../modules/store/counter.js";
import { CellId, type Cells } from "../../modules/store/log.js";
import type { LoraTransmit } from "../radio/radio.js";
import { airtimeMs, PREAMBLE_SYMBOLS, symbolMs } from "./airtime.js";
import { AirBudget } from "./budget.js";
import { MASK_BYTES } from "./channel-plan.js";
import { Answers, Cid, type CommandOutcome, runCommands } from "./commands.js";
import { cryptPayload, dataMic, deriveKey, encodeJoinRequest, JOIN_REQUEST, openJoinAccept } from "./crypto.js";
import {
	DataFrame,
	decodeData,
	directionOf,
	encodeData,
	FOPTS_LARGEST,
	MIC_BYTES,
	MType,
	NO_BYTES,
	PHY_LARGEST,
} from "./frame.js";
import { BANDWIDTHS, type Region } from "./region.js";
import { Session } from "./session.js";

/** What happened. Operands are in {@link Mac.in}. */
export const Event = Object.freeze({
	/** An exchange begins; it is to be over at `in.untilMs`. */
	begin: 0,
	/** The source gave a frame of `in.length` bytes for `in.port`, 1 … 223. Answers {@link Effect.fill}. */
	filled: 1,
	/** The source gave nothing. Answers {@link Effect.fill}. */
	empty: 2,
	/** The wait is over. Answers {@link Effect.wait}. */
	elapsed: 3,
	/** The channel's loudest was `in.rssiDbm`. Answers {@link Effect.sense}. */
	sensed: 4,
	/** The frame left, at `in.atMs`. Answers {@link Effect.transmit}. */
	txDone: 5,
	/** `in.bytes` came, with `in.snrDb`; its end was at `in.atMs`. Answers {@link Effect.receive}. */
	rxDone: 6,
	/** Nothing sound came, until `in.atMs`. Answers {@link Effect.receive}. */
	rxEnd: 7,
	/** The listener was told. Answers {@link Effect.downlink}, {@link Effect.time} and {@link Effect.delivered}. */
	told: 8,
	/** The radio failed with `in.code`. */
	fault: 9,
});
export type Event = (typeof Event)[keyof typeof Event];

/** What the shell has to do. Operands are in {@link Mac.out}. */
export const Effect = Object.freeze({
	none: 0,
	/**
	 * Put at most `out.room` bytes at the start of `out.bytes`; then `filled` or `empty`. With `out.refill` what was filled
	 * last was not sent: the source is to begin again.
	 */
	fill: 1,
	/** Wait until `out.untilMs`. */
	wait: 2,
	/** Listen to `out.radio.frequencyHz` for `out.senseMs`. */
	sense: 3,
	/** Send `out.bytes` as `out.radio` says. */
	transmit: 4,
	/** Listen at `out.untilMs` for `out.symbols`, as `out.radio` says. */
	receive: 5,
	/** A downlink `out.bytes` for `out.port`; call {@link Mac.accept} once it is taken. */
	downlink: 6,
	/** In GPS time it was `out.gpsMs` at `out.atMs`. */
	time: 7,
	/** The frame that was filled last arrived (`out.byPeer`), or left. */
	delivered: 8,
	/** The exchange is over: nothing is left. */
	idle: 9,
	/** The exchange is over: not before `out.waitMs` from now. */
	deferred: 10,
	/** The exchange is over: `out.code`. */
	failed: 11,
});
export type Effect = (typeof Effect)[keyof typeof Effect];

/** What a MAC is made of. */
export interface MacOptions {
	readonly region: Region;
	readonly cells: Cells;
	/** Whether what was retained is as new as what a network has seen. Asked when it is needed. */
	resumed(): boolean;
	readonly cipher: BlockCipher;
	/** 0 … 0xffff_ffff, for channels and waits. */
	random(): number;
	/** Over the air activation: 8, 8 and 16 bytes, most significant first. */
	readonly otaa?:
		| { readonly joinEui: Uint8Array; readonly devEui: Uint8Array; readonly appKey: Uint8Array }
		| undefined;
	/** Activation by personalisation, for test benches: NwkSKey and AppSKey one after the other. */
	readonly abp?: { readonly devAddr: number; readonly keys: Uint8Array } | undefined;
	/** JoinNonce counts up, or only differs from the last (servers before 1.0.4). */
	readonly joinNonceCounts: boolean;
	/** Whether the network may set data rate, power and channels. */
	readonly adr: boolean;
	readonly confirmed: boolean;
	/** Whether frames may pass a repeater. */
	readonly repeater: boolean;
	/** Antenna's gain less the cable's loss, in dBi; and the radio's range at the connector, in dBm. */
	readonly antennaDbi: number;
	readonly lowestDbm: number;
	readonly highestDbm: number;
	/** How far the clock may be off while a window is waited for, in parts per million. */
	readonly driftPpm: number;
	/** The radio's sync word: 0x34, or 0x12 in private networks. */
	readonly syncWord: number;
	/** DevStatusAns: 1 … 254, 0 for external power, 255 when not known. */
	battery(): number;
}

/** JOIN_ACCEPT_DELAY1, and what RX2 opens after RX1, in milliseconds: RP002-1.0.4 §2.3. */
const JOIN_DELAY_MS = 5000;
const RX2_LATER_MS = 1000;
/** RETRANSMIT_TIMEOUT is 2 s ± 1 s at random: RP002-1.0.4 §2.3. */
const RETRANSMIT_MS = 1000;
const RETRANSMIT_SPREAD_MS = 2000;
/** ADR_ACK_LIMIT and ADR_ACK_DELAY: RP002-1.0.4 §2.3. */
export const ADR_ACK_LIMIT = 64;
export const ADR_ACK_DELAY = 32;
/** Join attempts in one exchange. */
const JOIN_TRIES = 3;
/** So many uplinks without a downlink, and each asks with LinkCheckReq. */
export const PROBE_AFTER = 24;
/** So many uplinks in a row that asked in vain, and the session counts as forgotten: the node joins anew. */
export const SILENT_MOST = 8;
/** Empty uplinks in one exchange that the network asks for, by FPending or by confirmed frames. */
const URGED_MOST = 4;
/** Symbols of preamble that a radio needs to find a frame: SX1276 data sheet §4.1.1.6, with margin. */
const DETECT_SYMBOLS = 6;
/** What interrupts and settings may be late, in milliseconds. */
const JITTER_MS = 2;
/** What the frame in RX2 may take, in milliseconds: 2.8 s for 64 bytes at SF12. */
const TAIL_MS = 3000;
/** A channel that was loud is tried again after so long, at most, and so often. */
const SENSE_AGAIN_MS = 200;
const SENSE_MOST = 10;
const HOUR_MS = 3_600_000;
/** Airtime of joins since power-up: in the first hour, in the next ten, in each 24 after: TS001-1.0.4 §7, in milliseconds. */
const JOIN_ALLOWANCES: readonly number[] = Object.freeze([36_000, 36_000, 8_700]);

/** Version of what {@link Mac.retain} writes. */
export const RETAINED_VERSION = 1;
const RETAINED_FIXED = 49;
/** Where frames are filled in {@link Mac.air}: behind MHDR, FHDR with the longest FOpts, and FPort. */
const FILL_AT = 9 + FOPTS_LARGEST;

type Phase = "idle" | "filling" | "waiting" | "sensing" | "sending" | "rx1" | "rx2" | "telling";

/**
 * The state of a LoRaWAN 1.0.4 class A MAC. {@link step} changes it; it reads no clock and touches no radio: times, what the
 * radio received and randomness come in from outside. Sections of TS001-1.0.4 where nothing else is said.
 */
export class Mac {
	readonly options: MacOptions;
	readonly session: Session;
	/** Operands of the event at hand; `nowMs` with each. */
	readonly in = {
		nowMs: 0,
		untilMs: 0,
		atMs: 0,
		length: 0,
		port: 1,
		rssiDbm: 0,
		snrDb: 0,
		bytes: NO_BYTES as Uint8Array,
		code: "io" as ErrorCode,
		wantsTime: false,
	};
	/** Operands of the effect at hand. */
	readonly out = {
		room: 0,
		untilMs: 0,
		refill: false,
		senseMs: 0,
		symbols: 0,
		bytes: NO_BYTES as Uint8Array,
		port: 0,
		gpsMs: 0,
		atMs: 0,
		byPeer: false,
		waitMs: 0,
		code: "timeout" as ErrorCode,
		radio: {
			frequencyHz: 0,
			spreadingFactor: 7,
			bandwidthHz: 125_000,
			invertIq: false,
			preambleSymbols: PREAMBLE_SYMBOLS,
			syncWord: 0x34,
			powerDbm: 0,
		} satisfies LoraTransmit as LoraTransmit,
	};
	/** What the network said last: margin of a LinkCheckAns in dB, and its gateways; −1 when nothing. */
	readonly heard: CommandOutcome = { changed: false, channels: false, margin: -1, gateways: -1, gpsMs: -1 };
	/** Uplinks since the last downlink: ADRACKCnt (§4.3.1.1). Retained. */
	quiet = 0;
	/** Uplinks in a row that asked for an answer and got none. Retained. */
	silent = 0;
	/** Joins tried since the last that worked. Retained. */
	joinTries = 0;

	private phase: Phase = "idle";
	private readonly budget: AirBudget;
	private readonly answers = new Answers();
	private readonly frame = new DataFrame();
	/** The uplink as it goes on air, with `length` bytes. */
	private readonly air = new Uint8Array(PHY_LARGEST + FOPTS_LARGEST);
	private length = 0;
	private loaded = false;
	private untilMs = 0;
	/** The frame at hand: its data rate, channel, airtime, transmissions left. */
	private rate = 0;
	private channel = 0;
	private airtime = 0;
	private left = 0;
	/** It is a Join-Request; the node asked for an answer; it holds what the source filled; nothing of it was sent yet. */
	private joining = false;
	private asked = false;
	private filled = false;
	private fresh = false;
	private devNonce = 0;
	/** When the frame's last symbol left. */
	private sentMs = 0;
	/** The next uplink acknowledges; the last downlink was confirmed and is not taken yet. */
	private ackDue = false;
	private unaccepted = false;
	/** The network waits for an uplink, filled or not. */
	private urged = false;
	private urges = 0;
	private tries = 0;
	private noises = 0;
	private wantsTime = false;
	/** The source gave a frame in this exchange; commands went ahead alone, since not even one record fitted beside them. */
	private gave = false;
	private ahead = false;
	/** What is to be told of the frame at hand. */
	private down: Uint8Array | undefined;
	private acknowledged = false;
	private answered = false;
	private done = false;
	/** DutyCycleReq: nothing is sent before this. Retained. */
	private silenceMs = 0;
	/** Since when joins are counted, in which period, and their airtime in it. Retained. */
	private joinSinceMs: number;
	private joinPeriod = 0;
	private joinSpent = 0;
	/** What {@link restore} took back, until the cells are read. */
	private kept: DataView | undefined;
	private settled = false;

	/** Touches no cell yet. @param nowMs of the clock that all times here are of */
	constructor(options: MacOptions, nowMs: number) {
		this.options = options;
		this.session = new Session(options.region, options.cells);
		this.budget = new AirBudget(options.region.bands, nowMs);
		this.joinSinceMs = nowMs;
		this.out.radio.syncWord = options.syncWord;
	}
	/** The downlink at hand was durably taken: the next uplink acknowledges it, if it was confirmed. */
	accept(): void {
		if (this.unaccepted) this.ackDue = this.urged = true;
		this.unaccepted = false;
	}
	/** Ends whatever runs, from outside. */
	end(): void {
		this.phase = "idle";
	}

	/**
	 * Writes what must survive deep sleep, see docs/lorawan.md.
	 * @returns bytes written, at most 49 and 2 a band, 20 of masks, 15 of answers
	 */
	retain(into: DataView, nowMs: number): number {
		this.settle();
		if (this.kept && !this.loaded) {
			// Nothing ran in this wake: what was kept stands, but for airtime, which only counts from when it was written.
			for (let at = 0; at < this.kept.byteLength; at++) into.setUint8(at, this.kept.getUint8(at));
			return this.kept.byteLength;
		}
		const s = this.session;
		const { plan } = s;
		const count = this.answers.fitting(FOPTS_LARGEST);
		into.setUint32(0, s.generation);
		into.setUint32(4, s.fCntUp);
		into.setUint32(8, s.fCntLimit);
		into.setFloat64(12, nowMs);
		into.setFloat64(20, this.silenceMs);
		into.setFloat64(28, this.joinSinceMs);
		into.setUint16(36, this.joinPeriod);
		into.setUint16(38, this.joinSpent);
		into.setUint16(40, this.quiet);
		into.setUint16(42, this.joinTries);
		into.setUint8(44, this.silent);
		into.setUint8(45, (s.rate << 4) | s.power);
		into.setUint8(46, (s.nbTrans << 4) | (this.ackDue ? 1 : 0));
		into.setUint8(47, count);
		into.setUint8(48, this.loaded ? 1 : 0);
		let at = RETAINED_FIXED;
		at += this.budget.retain(into, at, nowMs);
		at += plan.writeMask(into, at, plan.mask);
		at += plan.writeMask(into, at, plan.used);
		for (let n = 0; n < count; n++) into.setUint8(at++, this.answers.bytes[n]!);
		return at;
	}
	/**
	 * Takes back what {@link retain} wrote. It counts only where the wake goes on from a deep sleep in order: what an exchange
	 * that was cut short has used is not in it.
	 * @returns false when the bytes are not a known version or not of this region; nothing has changed then
	 */
	restore(from: DataView, version: number): boolean {
		const bands = this.options.region.bands.length;
		const least = RETAINED_FIXED + 2 * bands + 2 * MASK_BYTES;
		if (version !== RETAINED_VERSION || from.byteLength < least) return false;
		const count = from.getUint8(47);
		const at = [12, 20, 28].map((place) => from.getFloat64(place));
		if (count > FOPTS_LARGEST || from.byteLength < least + count || !at.every(Number.isFinite)) return false;
		const bytes = new Uint8Array(least + count);
		for (let n = 0; n < bytes.length; n++) bytes[n] = from.getUint8(n);
		this.kept = new DataView(bytes.buffer);
		return true;
	}
	/** Believes what was kept, or not. */
	private settle() {
		const { kept } = this;
		if (this.settled || !kept) return;
		this.settled = true;
		if (!this.options.resumed()) {
			this.kept = undefined;
			return;
		}
		this.budget.restore(kept, RETAINED_FIXED, kept.getFloat64(12));
		this.silenceMs = kept.getFloat64(20);
		this.joinSinceMs = kept.getFloat64(28);
		this.joinPeriod = kept.getUint16(36);
		this.joinSpent = kept.getUint16(38);
		this.joinTries = kept.getUint16(42);
	}

	/** Takes an event, says what to do. Late events have no effect. @throws {DormouseError} what the cells throw */
	step(event: Event): Effect {
		if (event === Event.begin) return this.begin();
		if (event === Event.fault) return this.phase === "idle" ? Effect.none : this.fail(this.in.code);
		switch (this.phase) {
			case "filling":
				return event === Event.filled ? this.build(this.in.length) : event === Event.empty ? this.dry() : Effect.none;
			case "waiting":
				if (event !== Event.elapsed) return Effect.none;
				return this.fresh ? this.prepare() : this.launch();
			case "sensing":
				if (event !== Event.sensed) return Effect.none;
				if (this.in.rssiDbm < this.options.region.listen!.dbm) return this.transmit();
				if (++this.noises > SENSE_MOST) return this.fail("busy");
				return this.wait(1 + (this.options.random() % SENSE_AGAIN_MS));
			case "sending":
				if (event !== Event.txDone) return Effect.none;
				this.sentMs = this.in.atMs;
				return this.listen(1);
			case "rx1":
			case "rx2":
				if (event === Event.rxDone && this.take()) return this.over();
				if (event !== Event.rxDone && event !== Event.rxEnd) return Effect.none;
				return this.phase === "rx1" ? this.listen(2) : this.over();
			case "telling":
				return event === Event.told ? this.tell() : Effect.none;
			default:
				return Effect.none;
		}
	}

	private begin(): Effect {
		const { session, options } = this;
		const { otaa, abp } = options;
		this.untilMs = this.in.untilMs;
		this.wantsTime = this.in.wantsTime;
		this.tries = this.urges = this.noises = 0;
		this.joining = this.filled = this.gave = this.ahead = false;
		this.settle();
		if (!this.loaded) this.load();
		if (abp && (session.generation !== abp.devAddr || !equalBytes(session.keys, abp.keys))) {
			session.begin();
			session.generation = session.devAddr = abp.devAddr;
			session.keys.set(abp.keys);
			session.rate = this.lowest();
			session.save(true);
		}
		if (otaa) this.joining = session.generation === 0 || this.silent >= SILENT_MOST;
		else if (session.generation === 0) return this.fail("key");
		return this.prepare();
	}
	/** Reads the cells, and over them what was retained of the same session. */
	private load() {
		const { session: s, kept } = this;
		s.load();
		this.loaded = true;
		if (kept?.getUint32(0) !== s.generation || kept.getUint8(48) === 0) return;
		const limit = kept.getUint32(8);
		// Older than the cell: a wake after it was cut short.
		if (limit !== s.fCntLimit) return;
		s.fCntUp = kept.getUint32(4);
		this.quiet = kept.getUint16(40);
		this.silent = kept.getUint8(44);
		s.rate = kept.getUint8(45) >> 4;
		s.power = kept.getUint8(45) & 15;
		s.nbTrans = kept.getUint8(46) >> 4 || 1;
		this.ackDue = (kept.getUint8(46) & 1) !== 0;
		const at = RETAINED_FIXED + 2 * this.options.region.bands.length;
		s.plan.readMask(kept, at, s.plan.mask);
		s.plan.readMask(kept, at + MASK_BYTES, s.plan.used);
		const count = kept.getUint8(47);
		for (let n = 0; n < count; n++) this.answers.bytes[n] = kept.getUint8(at + 2 * MASK_BYTES + n);
		this.answers.length = count;
	}
	/** Lowest uplink data rate that may be used. */
	private lowest(): number {
		const { session: s } = this;
		let rate = 0;
		while (rate < s.plan.region.highest && !(s.size(rate) && s.plan.reaches(rate))) rate++;
		return rate;
	}

	/** The next frame: a Join-Request, answers that do not fit a header, or what the source has. */
	private prepare(): Effect {
		const { session: s, answers } = this;
		this.fresh = true;
		this.left = 1;
		this.out.refill = this.filled;
		this.filled = false;
		const { joinRates } = s.plan.region;
		if (this.joining) {
			this.rate = joinRates[this.joinTries % joinRates.length]!;
			this.length = JOIN_REQUEST;
			return this.launch();
		}
		this.rate = s.rate;
		if (!(s.size(this.rate) && s.plan.reaches(this.rate))) {
			// Not even one channel of those that are on is defined, when the power went between two cells.
			if (!s.plan.reaches(this.lowest())) s.plan.restoreDefaults();
			this.rate = s.rate = this.lowest();
		}
		const room = this.largest() - 8;
		if (answers.length > Math.min(FOPTS_LARGEST, room)) return this.build(0);
		return this.fill(room - answers.length - this.requests(false));
	}
	/** Lets the source fill the frame, behind where the longest header ends. */
	private fill(room: number): Effect {
		this.phase = "filling";
		this.out.room = room;
		this.out.bytes = this.air.subarray(FILL_AT);
		return room > 0 ? Effect.fill : this.build(0);
	}
	private largest(): number {
		const size = this.session.size(this.rate);
		return this.options.repeater ? Math.min(size, this.options.region.repeaterSize) : size;
	}
	/** What the node asks of the network in the next header: LinkCheckReq, DeviceTimeReq. @returns bytes */
	private requests(write: boolean): number {
		const { answers } = this;
		let count = 0;
		for (const cid of [this.quiet >= PROBE_AFTER ? Cid.linkCheck : 0, this.wantsTime ? Cid.deviceTime : 0]) {
			if (!cid || answers.length + count >= FOPTS_LARGEST) continue;
			if (write) answers.bytes[answers.length + count] = cid;
			count++;
		}
		return count;
	}
	/** The source has nothing, or not what fits beside the header's commands. */
	private dry(): Effect {
		const bare = this.largest() - 8;
		if (!this.gave && this.out.room < bare) {
			if (!this.ahead) {
				this.ahead = true; // commands first, in a frame of their own
				return this.build(0);
			}
			this.gave = true;
			return this.fill(bare); // those that are said again and again stay behind for once
		}
		if (this.urged && this.urges++ < URGED_MOST) return this.build(0);
		this.phase = "idle";
		return Effect.idle;
	}
	/** Puts the uplink together, apart from its counter: that is taken when it is sent. @param length of what was filled */
	private build(length: number): Effect {
		const { frame, answers, options, session: s } = this;
		const alone = answers.length > Math.min(FOPTS_LARGEST, this.largest() - 8);
		const whole = alone ? 0 : answers.length + this.requests(true);
		const count = length + whole + 8 <= this.largest() ? whole : 0;
		this.filled = length > 0;
		if (this.filled) this.gave = true;
		frame.mType = options.confirmed && this.filled ? MType.confirmedUp : MType.unconfirmedUp;
		frame.devAddr = s.devAddr;
		frame.adr = options.adr;
		frame.adrAckReq = options.adr && this.quiet >= ADR_ACK_LIMIT;
		frame.ack = this.ackDue;
		frame.pending = false;
		frame.fOpts = answers.bytes.slice(0, count);
		frame.fPort = alone ? 0 : this.filled ? this.in.port : -1;
		frame.payload = alone
			? answers.bytes.slice(0, answers.fitting(this.largest() - 8))
			: this.air.subarray(FILL_AT, FILL_AT + length);
		this.asked = frame.mType === MType.confirmedUp || (!alone && this.quiet >= PROBE_AFTER);
		this.left = s.nbTrans;
		this.length = encodeData(frame, this.air) + MIC_BYTES;
		return this.launch();
	}
	/** Finds a channel and the time for the frame at hand. */
	private launch(): Effect {
		const { session: s, budget, out, options } = this;
		const { region } = options;
		const { nowMs } = this.in;
		const code = region.rates[this.rate]!;
		const { radio } = out;
		radio.spreadingFactor = code & 15;
		radio.bandwidthHz = BANDWIDTHS[code >> 4]!;
		this.airtime = airtimeMs(radio.spreadingFactor, radio.bandwidthHz, this.length);
		const { plan } = s;
		let waitMs = this.joining ? this.joinWaitMs() : s.maxDuty ? Math.max(0, this.silenceMs - nowMs) : 0;
		let least = Number.POSITIVE_INFINITY;
		const bandWait = (channel: number) => {
			const band = budget.bandOf(plan.frequency(channel));
			return band < 0 ? Number.POSITIVE_INFINITY : budget.waitMs(band, this.airtime, nowMs);
		};
		const { joinChannels, channels, start } = region;
		const may = (channel: number) => {
			const enabled = !this.joining
				? plan.isEnabled(channel)
				: joinChannels
					? joinChannels.includes(channel)
					: channels.length
						? channel < channels.length
						: (start[channel >> 4]! & (1 << (channel & 15))) !== 0;
			if (!enabled || !plan.carries(channel, this.rate)) return false;
			const wait = bandWait(channel);
			least = Math.min(least, wait);
			return wait === 0;
		};
		this.channel = waitMs > 0 ? -1 : plan.pick(may, options.random());
		if (waitMs > 0 || this.channel < 0) {
			if (waitMs <= 0) waitMs = least;
			if (!Number.isFinite(waitMs)) {
				// Never at this data rate in these bands: a faster one takes less time.
				if (this.joining) this.joinTries++;
				else if (this.fresh && s.rate < region.highest) s.rate++;
				else return this.fail("unsupported");
				return this.prepare();
			}
			return this.wait(waitMs);
		}
		const band = region.bands[budget.bandOf(plan.frequency(this.channel))]!;
		const place = plan.groupOf(this.channel);
		const few = region.few && place?.group === region.groups[0] && plan.hops() < region.few.channels;
		const eirp = Math.min(
			s.eirp - 2 * (this.joining ? 0 : s.power),
			band.eirp,
			place?.group.eirp ?? band.eirp,
			few ? region.few!.eirp : band.eirp,
		);
		radio.powerDbm = Math.max(options.lowestDbm, Math.min(options.highestDbm, Math.floor(eirp - options.antennaDbi)));
		radio.frequencyHz = plan.frequency(this.channel) * 100;
		radio.invertIq = false;
		if (!region.listen) return this.transmit();
		this.phase = "sensing";
		out.senseMs = region.listen.ms;
		return Effect.sense;
	}
	/** Milliseconds until a join's airtime is within §7's limits. */
	private joinWaitMs(): number {
		const hours = (this.in.nowMs - this.joinSinceMs) / HOUR_MS;
		const period = hours < 1 ? 0 : hours < 11 ? 1 : 2 + Math.floor((hours - 11) / 24);
		if (period !== this.joinPeriod) {
			this.joinPeriod = period;
			this.joinSpent = 0;
		}
		if (this.joinSpent + this.airtime <= JOIN_ALLOWANCES[Math.min(period, 2)]!) return 0;
		const end = period === 0 ? 1 : 11 + 24 * (period - 1);
		return Math.ceil((end - hours) * HOUR_MS) + (this.options.random() % 60_000);
	}
	/** Waits, or defers when the exchange would not be over in time. */
	private wait(ms: number): Effect {
		const { out, in: operands } = this;
		if (operands.nowMs + ms + this.airtime + this.tailMs() > this.untilMs) {
			if (!this.fresh) return this.over(); // repetitions are not worth another exchange
			if (this.joining && this.session.generation) return this.resume();
			this.phase = "idle";
			out.waitMs = Math.ceil(ms);
			return Effect.deferred;
		}
		this.phase = "waiting";
		out.untilMs = operands.nowMs + ms;
		return Effect.wait;
	}
	/** From the end of an uplink until its last window is over, in milliseconds. */
	private tailMs(): number {
		return (this.joining ? JOIN_DELAY_MS : 1000 * this.session.rxDelay) + RX2_LATER_MS + TAIL_MS;
	}
	/** Sends the frame at hand: it takes its counter now, if it has none yet. */
	private transmit(): Effect {
		const { session: s, options, air, out, frame } = this;
		const { cipher, otaa } = options;
		const { nowMs } = this.in;
		if (this.joining) {
			this.devNonce = new Counter(options.cells, CellId.devNonce, 1).take();
			if (this.devNonce > 0xffff) return this.fail("range"); // all are used: the node needs another JoinEUI
			cipher.setKey(otaa!.appKey);
			encodeJoinRequest(cipher, otaa!.joinEui, otaa!.devEui, this.devNonce, air);
			this.joinTries = (this.joinTries + 1) & 0xffff;
			this.tries++;
			this.joinSpent += Math.ceil(this.airtime);
		} else if (this.fresh) {
			const fCnt = s.takeFCntUp();
			if (fCnt < 0) {
				s.generation = 0; // these keys are used up
				return otaa ? this.begin() : this.fail("range");
			}
			air[6] = fCnt;
			air[7] = fCnt >> 8;
			const end = this.length - MIC_BYTES;
			cipher.setKey(s.keys, frame.fPort === 0 ? 0 : 16);
			cryptPayload(cipher, 0, s.devAddr, fCnt, air, end - frame.payload.length, end);
			cipher.setKey(s.keys);
			dataMic(cipher, 0, s.devAddr, fCnt, air, end, air.subarray(end, this.length));
			this.answers.sent();
			this.ackDue = this.urged = this.unaccepted = this.wantsTime = false;
			if (this.quiet < 0xffff) this.quiet++;
			if (this.asked && this.silent < 0xff) this.silent++;
		}
		this.fresh = this.answered = this.acknowledged = this.done = false;
		this.left--;
		this.budget.spend(this.budget.bandOf(s.plan.frequency(this.channel)), this.airtime, nowMs);
		if (!this.joining) this.silenceMs = nowMs + this.airtime * 2 ** s.maxDuty;
		this.noises = 0;
		this.phase = "sending";
		out.bytes = air.subarray(0, this.length);
		return Effect.transmit;
	}
	/**
	 * Opens a window. It is as wide as the clock may be off, and half the preamble into it stands in its middle: a frame that
	 * comes at either end of what is possible still has {@link DETECT_SYMBOLS} of its preamble in it.
	 */
	private listen(window: 1 | 2): Effect {
		const { session: s, out, options } = this;
		const { region, driftPpm } = options;
		const { radio } = out;
		const { plan } = s;
		const delay = (this.joining ? JOIN_DELAY_MS : 1000 * s.rxDelay) + (window === 2 ? RX2_LATER_MS : 0);
		let rate: number;
		let frequency: number;
		if (window === 1) {
			const offset = this.joining ? 0 : s.rx1Offset;
			rate = region.rx1[this.rate * region.rx1Offsets + offset]!;
			if (s.downDwell && rate < 2) rate = 2; // AS923 and AU915: RP002-1.0.4 §2.10.7, §2.8.7
			frequency = this.joining && region.joinRx1 ? region.joinRx1 : plan.downFrequency(this.channel);
		} else {
			rate = this.joining ? region.rx2Rate : s.rx2Rate;
			frequency = this.joining
				? (region.joinRx2?.[region.joinChannels!.indexOf(this.channel)] ?? region.rx2Frequency)
				: s.rx2Frequency;
		}
		const code = region.rates[rate]!;
		radio.spreadingFactor = code & 15;
		radio.bandwidthHz = BANDWIDTHS[code >> 4]!;
		radio.frequencyHz = frequency * 100;
		radio.invertIq = true;
		const symbol = symbolMs(radio.spreadingFactor, radio.bandwidthHz);
		const error = JITTER_MS + (delay * driftPpm) / 1_000_000;
		const symbols = Math.ceil((2 * error) / symbol) + 2 * DETECT_SYMBOLS - PREAMBLE_SYMBOLS;
		out.symbols = Math.max(DETECT_SYMBOLS, Math.min(1023, symbols));
		out.untilMs = this.sentMs + delay + (PREAMBLE_SYMBOLS / 2 - out.symbols / 2) * symbol;
		// A frame that was not for this node may have lasted over RX2.
		if (window === 2 && this.in.atMs > out.untilMs + out.symbols * symbol) return this.over();
		this.phase = window === 1 ? "rx1" : "rx2";
		return Effect.receive;
	}
	/** Takes what was received. @returns whether it is for this node and sound; nothing has changed otherwise */
	private take(): boolean {
		const bytes = this.in.bytes.slice(); // decrypted in place
		return this.joining ? this.takeAccept(bytes) : this.takeData(bytes);
	}
	private takeAccept(bytes: Uint8Array): boolean {
		const { session: s, options } = this;
		const { cipher, region } = options;
		cipher.setKey(options.otaa!.appKey);
		if (!openJoinAccept(cipher, bytes)) return false;
		const view = new DataView(bytes.buffer);
		const joinNonce = view.getUint32(0, true) >>> 8;
		if (options.joinNonceCounts ? joinNonce <= s.joinNonce : joinNonce === s.joinNonce) return false; // a replay
		s.begin();
		s.joinNonce = joinNonce;
		s.generation = this.devNonce + 1;
		s.devAddr = view.getUint32(7, true);
		deriveKey(cipher, 1, bytes, this.devNonce, s.keys, 0);
		deriveKey(cipher, 2, bytes, this.devNonce, s.keys, 16);
		const settings = bytes[11]!;
		const offset = (settings >> 4) & 7;
		if (offset < region.rx1Offsets) s.rx1Offset = offset;
		if (region.rates[settings & 15]) s.rx2Rate = settings & 15;
		s.rxDelay = bytes[12]! & 15 || 1;
		s.rate = this.rate; // what was heard once is heard again
		const place = region.joinChannels?.indexOf(this.channel) ?? -1;
		s.rx2Frequency = region.joinRx2?.[place] ?? region.rx2Frequency;
		if (bytes.length > 17) s.plan.list(bytes.subarray(13, 29), (frequency) => this.budget.bandOf(frequency) >= 0);
		this.answers.length = this.quiet = this.silent = this.joinTries = 0;
		this.ackDue = this.unaccepted = false;
		this.answered = true;
		s.save(true);
		return true;
	}
	private takeData(bytes: Uint8Array): boolean {
		const { session: s, frame, options, heard } = this;
		const { cipher } = options;
		if (decodeData(bytes, frame) || directionOf(frame.mType) !== 1 || frame.devAddr !== s.devAddr) return false;
		// The counter's high half follows from the last one: strictly greater, by whatever it takes (§4.3.1.5).
		let fCnt = Math.floor(Math.max(0, s.fCntDown) / 0x1_0000) * 0x1_0000 + frame.fCnt;
		if (fCnt <= s.fCntDown) fCnt += 0x1_0000;
		if (fCnt >= 0xffff_ffff) return false;
		const end = bytes.length - MIC_BYTES;
		const mic = new Uint8Array(MIC_BYTES);
		cipher.setKey(s.keys);
		dataMic(cipher, 1, s.devAddr, fCnt, bytes, end, mic);
		if (!equalBytes(mic, bytes.subarray(end))) return false;
		s.takeFCntDown(fCnt);
		this.quiet = this.silent = 0;
		this.answers.length = 0; // what was said until a downlink came
		this.acknowledged = frame.ack;
		this.answered = true;
		if (frame.pending) this.urged = true;
		this.unaccepted = frame.mType === MType.confirmedDown;
		if (frame.payload.length) {
			cipher.setKey(s.keys, frame.fPort === 0 ? 0 : 16);
			cryptPayload(cipher, 1, s.devAddr, fCnt, bytes, end - frame.payload.length, end);
		}
		heard.changed = heard.channels = false;
		const commands = frame.fPort === 0 ? frame.payload : frame.fOpts;
		runCommands(commands, s, this.answers, this.in.snrDb, options.battery(), heard);
		if (heard.changed) s.save(heard.channels);
		this.down = frame.fPort > 0 && frame.fPort < 224 ? frame.payload : undefined;
		this.out.port = frame.fPort;
		if (!this.down) this.accept();
		return true;
	}
	/** The frame's windows are over, or it is not to be sent again. */
	private over(): Effect {
		const { session: s, options } = this;
		const spread = RETRANSMIT_MS + (options.random() % RETRANSMIT_SPREAD_MS);
		if (this.joining) {
			if (this.answered) {
				this.joining = false;
				return this.prepare();
			}
			this.fresh = true;
			if (this.tries < JOIN_TRIES && this.pause(spread)) return Effect.wait;
			return s.generation ? this.resume() : this.fail("timeout");
		}
		if (!this.answered && this.left > 0 && this.phase !== "waiting" && this.pause(spread)) return Effect.wait;
		if (!this.answered && options.adr) this.backOff();
		this.done = this.filled && (!options.confirmed || this.acknowledged);
		this.out.byPeer = this.acknowledged;
		return this.tell();
	}
	/** Waits before the frame's repetition or the next join. @returns false when there is no time for it */
	private pause(ms: number): boolean {
		const { out, in: operands } = this;
		if (operands.nowMs + ms + this.airtime + this.tailMs() > this.untilMs) return false;
		this.phase = "waiting";
		out.untilMs = operands.nowMs + ms;
		return true;
	}
	/** The network does not answer joins: the session that there is goes on. */
	private resume(): Effect {
		this.joining = false;
		this.silent = SILENT_MOST >> 1; // and is asked some times more
		return this.prepare();
	}
	/** Tells one thing after the other, then goes on. */
	private tell(): Effect {
		const { heard, out, options } = this;
		this.phase = "telling";
		if (this.down) {
			out.bytes = this.down;
			this.down = undefined;
			return Effect.downlink;
		}
		if (heard.gpsMs >= 0) {
			out.gpsMs = heard.gpsMs;
			out.atMs = this.sentMs;
			heard.gpsMs = -1;
			this.wantsTime = false;
			return Effect.time;
		}
		if (this.done) {
			this.done = this.filled = false;
			return Effect.delivered;
		}
		if (this.filled && options.confirmed) return this.fail("timeout");
		return this.prepare();
	}
	/** ADR's back-off: power, then data rate, then channels and repetitions (§4.3.1.1). */
	private backOff() {
		const { session: s } = this;
		const beyond = this.quiet - ADR_ACK_LIMIT - ADR_ACK_DELAY;
		if (beyond < 0 || beyond % ADR_ACK_DELAY !== 0) return;
		if (beyond === 0) {
			s.power = 0;
			return;
		}
		s.power = 0;
		for (let rate = s.rate - 1; rate >= 0; rate--)
			if (s.size(rate) && s.plan.reaches(rate)) {
				s.rate = rate;
				return;
			}
		s.nbTrans = 1;
		s.plan.restoreDefaults();
		s.rate = this.lowest();
	}
	private fail(code: ErrorCode): Effect {
		this.phase = "idle";
		this.out.code = code;
		return Effect.failed;
	}
}
