import { equalBytes } from "../../modules/core/bytes.js";
import type { ErrorCode } from "../../modules/core/errors.js";
import { CellId } from "../../modules/store/log.js";
import type { LoraTransmit } from "../radio/radio.js";
import { airtimeMs, PREAMBLE_SYMBOLS } from "./airtime.js";
import { MIC_BYTES } from "./crypto.js";
import { Cid, Downlinks, HEAD } from "./downlinks.js";
import { Effect, Event } from "./exchange.js";
import { At, Band } from "./region.js";
import { Cell, FCNT_BLOCK, Long, type MacOptions, Time, Word } from "./state.js";

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
/** Airtime of joins since power-up, in milliseconds: in the first hour and in the next ten; in each 24 after: TS001-1.0.4 §7. */
const JOINS_FIRST_MS = 36_000;
const JOINS_DAILY_MS = 8700;
/** Bytes of a Join-Request (§6.2.5). */
export const JOIN_REQUEST = 23;
/** Most bytes of FOpts (§4.3.1.6), and of a PHYPayload that a LoRa frame carries. */
const FOPTS_LARGEST = 15;
const PHY_LARGEST = 255;
/** Where frames are filled in {@link Mac.air}: behind MHDR, FHDR with the longest FOpts, and FPort. */
const FILL_AT = HEAD + FOPTS_LARGEST + 1;

/**
 * The state of a LoRaWAN 1.0.4 class A MAC. {@link step} changes it; it reads no clock and touches no radio: times, what the
 * radio received and randomness come in from outside. Fields without a value get theirs with the exchange: each that has one
 * from the start costs flash. Sections of TS001-1.0.4 where nothing else is said.
 */
export class Mac extends Downlinks {
	/** Operands of events and effects. */
	untilMs!: number;
	atMs!: number;
	length!: number;
	room!: number;
	bytes: Uint8Array | undefined;
	code: ErrorCode = "timeout";
	wantsTime!: boolean;
	refill!: boolean;
	readonly how: LoraTransmit;

	/** The event that answers the last effect; 0 between exchanges: whoever ends one from outside sets that. */
	expected = 0;
	/** The uplink as it goes on air, with `size` bytes; where its payload begins. */
	private readonly air = new Uint8Array(PHY_LARGEST + FOPTS_LARGEST);
	private total!: number;
	private payloadAt!: number;
	/** The frame at hand: its data rate, channel, airtime, transmissions left; in which window it is. */
	private airtime!: number;
	/** Where its band is in the region. */
	private band!: number;
	/** How long a symbol of `how` is, in milliseconds. */
	private symbol!: number;
	private again!: number;
	private second!: boolean;
	/** It is a Join-Request; the node asked for an answer; it holds what the source filled; nothing of it was sent yet. */
	private asked!: boolean;
	private filled = false;
	private fresh!: boolean;
	/** When the frame's last symbol left. */
	private sentMs!: number;
	private urges!: number;
	private tries!: number;
	private noises!: number;
	/** The source gave a frame in this exchange; commands went ahead alone, since not even one record fitted beside them. */
	private gave!: boolean;
	private ahead!: boolean;
	private done!: boolean;

	/** Touches no cell yet. @param nowMs of the clock that all times here are of */
	constructor(options: MacOptions, nowMs: number) {
		super(options, nowMs);
		this.how = {
			frequencyHz: 0,
			spreadingFactor: 7,
			bandwidthHz: 125_000,
			invertIq: false,
			preambleSymbols: PREAMBLE_SYMBOLS,
			syncWord: options.settings.private ? 0x12 : 0x34,
			powerDbm: 0,
		};
	}
	/** Takes an event, says what to do. Late events have no effect. @throws {DormouseError} what the cells throw */
	step(event: Event): Effect {
		if (event && event !== this.expected) return Effect.none;
		const effect = this.react(event);
		this.expected = effect > Effect.delivered ? 0 : Math.min(effect, Event.told);
		return effect;
	}

	private react(event: Event): Effect {
		const { options, longs, cell, words } = this;
		switch (event) {
			case Event.begin:
				this.tries = this.urges = this.noises = 0;
				this.gave = this.ahead = false;
				this.load();
				if (options.abp) {
					const { devAddr, keys } = options.abp;
					if (longs[Long.generation] !== devAddr || !equalBytes(cell.subarray(Cell.keys, Cell.layout - 12), keys)) {
						this.reset();
						longs[Long.generation] = longs[Long.devAddr] = devAddr;
						cell.set(keys, Cell.keys);
						words[Word.rate] = this.slowest();
						this.save(true);
					}
				} else this.joining = !longs[Long.generation] || words[Word.silent]! >= SILENT_MOST;
				return this.prepare();
			case Event.filled:
				// The source may have nothing, or not what fits beside the header's commands.
				if (!this.length && (this.gave || this.room >= this.largest()))
					return this.urged && this.urges++ < URGED_MOST ? this.build(0) : Effect.idle;
				if (this.length || !this.ahead) {
					this.ahead ||= !this.length; // commands first, in a frame of their own
					return this.build(this.length);
				}
				this.gave = true;
				return this.fill(this.largest()); // those that are said again and again stay behind for once
			case Event.elapsed:
				return this.fresh ? this.prepare() : this.launch();
			case Event.sensed:
				if (this.level < -this.data[At.listenDbm]!) return this.transmit();
				if (++this.noises > SENSE_MOST) return this.fail("busy");
				return this.wait(1 + (this.random() % SENSE_AGAIN_MS));
			case Event.sent:
				this.sentMs = this.atMs;
				this.second = false;
				return this.listen();
			case Event.heard:
				// Decrypted in place.
				if (this.bytes && (this.joining ? this.takeAccept(this.bytes) : this.takeData(this.bytes))) return this.over();
				if (this.second) return this.over();
				this.second = true;
				return this.listen();
			default:
				return this.tell();
		}
	}
	/** The next frame: a Join-Request, answers that do not fit a header, or what the source has. */
	private prepare(): Effect {
		const { words, data } = this;
		this.fresh = true;
		this.again = 1;
		this.refill = this.filled;
		this.filled = false;
		if (this.joining) {
			const rates = data[At.joinRates]!;
			this.rate = (rates >> (4 * (words[Word.joinTries]! % (rates >>> 24)))) & 15;
			this.total = JOIN_REQUEST;
			return this.launch();
		}
		if (!this.size(words[Word.rate]!)) {
			// Not even one channel of those that are on is defined, when the power went between two cells.
			if (!this.size(this.slowest())) this.restoreDefaults();
			words[Word.rate] = this.slowest();
		}
		this.rate = words[Word.rate]!;
		const room = this.largest();
		return this.waiting > Math.min(FOPTS_LARGEST, room) ? this.build(0) : this.fill(room - this.headed());
	}
	/** Lets the source fill the frame, behind where the longest header ends. */
	private fill(room: number): Effect {
		this.room = room;
		this.bytes = this.air.subarray(FILL_AT);
		return room > 0 ? Effect.fill : this.build(0);
	}
	/** Most bytes of FOpts and payload in the frame at hand. */
	private largest(): number {
		const size = this.size(this.rate);
		return (this.settings.repeater ? Math.min(size, this.data[At.repeater]!) : size) - HEAD;
	}
	/** Answers, and behind them what the node asks of the network: LinkCheckReq, DeviceTimeReq. @returns bytes of both */
	private headed(): number {
		let count = this.waiting;
		if (this.words[Word.quiet]! >= PROBE_AFTER && count < FOPTS_LARGEST) this.answers[count++] = Cid.linkCheck;
		if (this.wantsTime && count < FOPTS_LARGEST) this.answers[count++] = Cid.deviceTime;
		return count;
	}
	/** Puts the uplink together, apart from its counter: that is taken when it is sent. @param length of what was filled */
	private build(length: number): Effect {
		const { air, words, answers } = this;
		const room = this.largest();
		const quiet = words[Word.quiet]!;
		const alone = this.waiting > Math.min(FOPTS_LARGEST, room);
		let count = alone ? 0 : this.headed();
		if (length + count > room) count = 0;
		this.filled = length > 0;
		this.gave ||= this.filled;
		const confirmed = this.settings.confirmed && this.filled;
		// MHDR: MType 4 or 2 (§4.2.1). FCtrl: ADR, ADRACKReq, ACK, FOptsLen (§4.3.1).
		air[0] = confirmed ? 0x80 : 0x40;
		new DataView(air.buffer).setUint32(1, this.longs[Long.devAddr]!, true);
		air[5] = (this.settings.adr ? (quiet < ADR_ACK_LIMIT ? 0x80 : 0xc0) : 0) + (this.ackDue ? 0x20 : 0) + count;
		let at = HEAD + count;
		air.set(answers.subarray(0, count), HEAD);
		if (alone) {
			length = this.fitting(room);
			air[at++] = 0;
			air.set(answers.subarray(0, length), at);
		} else if (length) {
			air[at++] = this.port;
			air.copyWithin(at, FILL_AT, FILL_AT + length);
		}
		this.payloadAt = at;
		this.total = at + length + MIC_BYTES;
		this.asked = confirmed || (!alone && quiet >= PROBE_AFTER);
		this.again = words[Word.nbTrans]!;
		return this.launch();
	}
	/** Finds a channel and the time for the frame at hand. */
	private launch(): Effect {
		const { data, how, words, rate, nowMs } = this;
		const { radio } = this.settings;
		this.tune(rate);
		const airtime = airtimeMs(how.spreadingFactor, how.bandwidthHz, this.total);
		this.airtime = airtime;
		let waitMs = this.cell[Cell.maxDuty] ? this.times[Time.silence]! - nowMs : 0;
		if (this.joining) {
			// A join's airtime is within §7's limits.
			const hours = (nowMs - this.times[Time.joins]!) / HOUR_MS;
			const period = hours < 1 ? 0 : hours < 11 ? 1 : 2 + (((hours - 11) / 24) | 0);
			if (period !== words[Word.joinPeriod]) words[Word.joinSpent] = 0;
			words[Word.joinPeriod] = period;
			waitMs =
				words[Word.joinSpent]! + airtime <= (period > 1 ? JOINS_DAILY_MS : JOINS_FIRST_MS)
					? 0
					: Math.ceil(((period ? 24 * period - 13 : 1) - hours) * HOUR_MS) + (this.random() % 60_000);
		}
		if (waitMs <= 0) {
			waitMs = Number.POSITIVE_INFINITY;
			// Of a round the even channels come first, so that half a round lies between two frames on a channel: 47 CFR §15.247.
			const even: number[] = [];
			const odd: number[] = [];
			for (let n = this.count; --n >= 0; ) {
				let on = this.isOn(n, Word.mask);
				if (this.joining) {
					const place = (n - data[At.joinFirst]!) / data[At.joinStep]!;
					on = data[At.joinCount]
						? place >= 0 && place < data[At.joinCount]! && !(place % 1)
						: (data[At.start + (n >> 4)]! & (1 << (n & 15))) > 0;
				}
				if (!on || !this.look(n, rate)) continue;
				const wait = this.waitMs(this.bandOf(this.frequency), airtime);
				waitMs = Math.min(waitMs, wait);
				if (!wait && !this.isOn(n, Word.used)) (n & 1 ? odd : even).push(n);
			}
			const pool = even.length ? even : odd;
			if (!waitMs && !pool.length) {
				words.fill(0, Word.used, Word.mark); // all that may be used were: a new round begins
				return this.launch();
			}
			this.channel = pool[this.random() % pool.length]!;
		}
		if (waitMs > 0) {
			if (waitMs < Number.POSITIVE_INFINITY) return this.wait(waitMs);
			// Never at this data rate in these bands: a faster one takes less time.
			if (this.joining) words[Word.joinTries]!++;
			else if (this.fresh && rate < data[At.highest]!) words[Word.rate]!++;
			else return this.fail("unsupported");
			return this.prepare();
		}
		const { channel } = this;
		words[Word.used + (channel >> 4)]! |= 1 << (channel & 15);
		this.look(channel, rate);
		this.band = this.bandOf(this.frequency);
		let few = 0;
		for (let n = 0; n < 64; n++) if (this.isOn(n, Word.mask)) few++;
		const eirp = Math.min(
			this.longs[Long.eirp]! - 200 * (this.joining ? 0 : words[Word.power]!),
			data[this.band + Band.eirp]!,
			this.limit,
			few < data[At.few]! && channel < 64 ? data[At.fewEirp]! : this.limit,
		);
		how.powerDbm = Math.max(
			radio.lowestDbm,
			Math.min(radio.highestDbm, Math.floor(eirp / 100 - this.settings.antenna)),
		);
		how.frequencyHz = this.frequency * 100;
		how.invertIq = false;
		this.room = data[At.listenMs]!;
		return this.room ? Effect.sense : this.transmit();
	}
	private tune(rate: number) {
		const code = this.data[At.rates + rate]!;
		this.how.spreadingFactor = code & 15;
		this.how.bandwidthHz = 125_000 << ((code >> 4) & 15);
		this.symbol = (1000 << (code & 15)) / this.how.bandwidthHz;
	}
	/** Waits before the frame at hand, its repetition or the next join. @returns false when the exchange would not be over in time */
	private pause(ms: number): boolean {
		this.atMs = this.nowMs + ms;
		return this.atMs + this.airtime + this.delayMs() + RX2_LATER_MS + TAIL_MS <= this.untilMs;
	}
	/** Waits, or defers. */
	private wait(ms: number): Effect {
		if (this.pause(ms)) return Effect.wait;
		if (!this.fresh) {
			this.again = 0; // repetitions are not worth another exchange
			return this.over();
		}
		if (this.joining && this.longs[Long.generation]) return this.resume();
		this.room = Math.ceil(ms);
		return Effect.deferred;
	}
	/** From the end of an uplink until RX1, in milliseconds. */
	private delayMs(): number {
		return this.joining ? JOIN_DELAY_MS : 1000 * this.cell[Cell.rxDelay]!;
	}
	/** Sends the frame at hand: it takes its counter now, if it has none yet. */
	private transmit(): Effect {
		const { options, air, words, longs, times, cell } = this;
		const { otaa } = options;
		const cells = options.node.log;
		const end = this.total - MIC_BYTES;
		let head: Uint8Array | undefined;
		if (this.joining) {
			const counter = new Uint32Array(1);
			const bytes = new Uint8Array(counter.buffer);
			bytes.set(cells.get(CellId.devNonce) ?? bytes);
			this.devNonce = counter[0]!++;
			if (this.devNonce > 0xffff) return this.fail("range"); // all are used: the node needs another JoinEUI
			cells.put(CellId.devNonce, bytes);
			this.cipher.setKey(otaa!.appKey);
			air[0] = 0; // MHDR: MType 0
			air.set(otaa!.euis, 1);
			air[17] = this.devNonce;
			air[18] = this.devNonce >> 8;
			words[Word.joinTries]!++;
			words[Word.joinSpent]! += Math.ceil(this.airtime);
			this.tries++;
		} else if (this.fresh) {
			const fCnt = times[Time.fCntUp]!;
			if (fCnt > 0xffff_fffe) {
				longs[Long.generation] = 0; // these keys are used up
				if (!otaa) return this.fail("range");
				this.joining = true;
				return this.prepare();
			}
			if (fCnt >= times[Time.fCntLimit]!) this.saveCounters(Math.min(fCnt + FCNT_BLOCK, 0xffff_ffff), this.fCntDown);
			times[Time.fCntUp] = fCnt + 1;
			air[6] = fCnt;
			air[7] = fCnt >> 8;
			const devAddr = longs[Long.devAddr]!;
			const at = this.payloadAt;
			this.cipher.setKey(cell, air[at - 1] ? Cell.keys + 16 : Cell.keys); // the port stands in front
			this.crypt(0, devAddr, fCnt, air, at, end);
			this.cipher.setKey(cell, Cell.keys);
			head = this.head(0x49, 0, devAddr, fCnt, end);
			this.said();
			this.ackDue = this.urged = this.unaccepted = this.wantsTime = false;
			if (words[Word.quiet]! < 0xffff) words[Word.quiet]!++;
			if (this.asked) words[Word.silent]!++;
		}
		if (this.joining || head) air.set(this.cmac(head, air, end).subarray(0, MIC_BYTES), end);
		this.fresh = this.answered = this.acknowledged = this.done = false;
		this.again--;
		this.spend(this.band, this.airtime);
		if (!this.joining) times[Time.silence] = this.nowMs + this.airtime * 2 ** cell[Cell.maxDuty]!;
		this.noises = 0;
		this.bytes = air.subarray(0, this.total);
		return Effect.transmit;
	}
	/**
	 * Opens a window. It is as wide as the clock may be off, and half the preamble into it stands in its middle: a frame that
	 * comes at either end of what is possible still has {@link DETECT_SYMBOLS} of its preamble in it.
	 */
	private listen(): Effect {
		const { data, cell, how, joining } = this;
		let delay = this.delayMs();
		let rate: number;
		let frequency: number;
		if (this.second) {
			delay += RX2_LATER_MS;
			rate = joining ? data[At.rx2Rate]! : cell[Cell.rx2Rate]!;
			frequency = joining ? this.joinRx2() : this.longs[Long.rx2Frequency]!;
		} else {
			const offset = joining ? 0 : cell[Cell.rx1Offset]!;
			rate = data[At.rx1Base]! + this.rate - (offset > 5 ? 5 - offset : offset);
			rate = Math.max(data[At.rx1Low]!, Math.min(data[At.rx1High]!, rate));
			if (cell[Cell.dwell]! & 2 && rate < 2) rate = 2; // AS923 and AU915: RP002-1.0.4 §2.10.7, §2.8.7
			this.look(this.channel, rate);
			frequency = (joining && data[At.joinRx1]) || this.downFrequency;
		}
		this.tune(rate);
		how.frequencyHz = frequency * 100;
		how.invertIq = true;
		const { symbol } = this;
		const error = JITTER_MS + (delay * this.settings.drift) / 1_000_000;
		const symbols = Math.ceil((2 * error) / symbol) + 2 * DETECT_SYMBOLS - PREAMBLE_SYMBOLS;
		this.room = Math.max(DETECT_SYMBOLS, Math.min(1023, symbols));
		const heardMs = this.atMs;
		this.atMs = this.sentMs + delay + (PREAMBLE_SYMBOLS / 2 - this.room / 2) * symbol;
		// A frame that was not for this node may have lasted over RX2.
		return this.second && heardMs > this.atMs + this.room * symbol ? this.over() : Effect.receive;
	}
	/** The frame's windows are over, or it is not to be sent again. */
	private over(): Effect {
		const { answered } = this;
		const again = !answered && this.pause(RETRANSMIT_MS + (this.random() % RETRANSMIT_SPREAD_MS));
		if (this.joining) {
			if (answered) {
				this.joining = false;
				return this.prepare();
			}
			this.fresh = true;
			if (again && this.tries < JOIN_TRIES) return Effect.wait;
			return this.longs[Long.generation] ? this.resume() : this.fail("timeout");
		}
		if (again && this.again > 0) return Effect.wait;
		// ADR's back-off: power, then data rate, then channels and repetitions (§4.3.1.1).
		const { words } = this;
		const beyond = words[Word.quiet]! - ADR_ACK_LIMIT - ADR_ACK_DELAY;
		if (!answered && this.settings.adr && beyond >= 0 && !(beyond % ADR_ACK_DELAY)) {
			words[Word.power] = 0;
			let rate = words[Word.rate]!;
			while (beyond && --rate >= 0 && !this.size(rate));
			if (rate >= 0) words[Word.rate] = rate;
			else {
				words[Word.nbTrans] = 1;
				this.restoreDefaults();
				words[Word.rate] = this.slowest();
			}
		}
		this.done = this.filled && (!this.settings.confirmed || this.acknowledged);
		return this.tell();
	}
	/** The network does not answer joins: the session that there is goes on. */
	private resume(): Effect {
		this.joining = false;
		this.words[Word.silent] = SILENT_MOST >> 1; // and is asked some times more
		return this.prepare();
	}
	/** Tells one thing after the other, then goes on. */
	private tell(): Effect {
		if (this.down) {
			this.bytes = this.down;
			this.down = undefined;
			return Effect.downlink;
		}
		if (this.gpsMs >= 0) {
			this.room = this.gpsMs;
			this.atMs = this.sentMs;
			this.gpsMs = -1;
			this.wantsTime = false;
			return Effect.time;
		}
		if (this.done) {
			this.done = this.filled = false;
			return Effect.delivered;
		}
		return this.filled && this.settings.confirmed ? this.fail("timeout") : this.prepare();
	}
	/** 0 … 0xffff_ffff */
	private random(): number {
		const word = new Uint32Array(1);
		this.options.ports.entropy.fill(new Uint8Array(word.buffer));
		return word[0]!;
	}
	private fail(code: ErrorCode): Effect {
		this.code = code;
		return Effect.failed;
	}
}
