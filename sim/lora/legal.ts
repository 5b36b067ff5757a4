import { toHex } from "../../modules/core/bytes.js";
import type { LoraFrame } from "../chips/lora-air.js";
import { DutyLedger } from "./duty.js";
import type { Law, LegalBand } from "./law.js";
import { type JoinRequest, parseUplink } from "./phy.js";
import type { RadioStation } from "./radio-air.js";

/** MHDR and MIC, around MACPayload. */
const AROUND = 5;
/** Of a preamble, beside the coding rate 4/5. Source: RP002-1.0.4 §4.1, "LoRa physical layer". */
const PREAMBLE = 8;
/** Radios are some hertz beside a channel: half a step of an SX1276's synthesizer is 31. */
const BESIDE_HZ = 200;
/** From the end of listening to the frame's begin. */
const TURN_ROUND_MS = 50;
/** Rounding of sums. */
const EPSILON_MS = 1e-3;
const EPSILON_DB = 1e-6;
/** Violations that are kept in words. */
const KEPT = 200;
const HOUR_MS = 3_600_000;
/** Airtime of Join-Requests: in the first hour since power-up, in the ten after, in each 24 after these. TS001-1.0.4 §7. */
const JOIN_MS: readonly number[] = Object.freeze([36_000, 36_000, 8_700]);

/** Whose a data frame is, as somebody knows who has the keys. */
export interface Identified {
	/** The session: an object that is the same for all its frames. */
	readonly session: object;
	/** All 32 bits. */
	readonly fCnt: number;
	/** How often a frame may go. */
	readonly nbTrans: number;
}

export interface LegalWatchOptions {
	readonly law: Law;
	/** 0x12 for a private network. Default 0x34. */
	readonly syncWord?: number;
	/** Narrow channels that devices hop over. */
	readonly hopping?: number;
	/** Channels that the network uses beside the default ones; undefined: any, where the network is not ours. */
	channels?(): Iterable<number>;
	identify?(bytes: Uint8Array): Identified | undefined;
	/** Whether the network lifted the dwell time. */
	dwellLifted?(): boolean;
}

/** Of one sender. */
interface Sender {
	readonly duty: Map<LegalBand, DutyLedger>;
	/** When which channel was occupied, lately. */
	occupied: { readonly hz: number; readonly startMs: number; readonly endMs: number }[];
	/** By session: last counter, with its frame and how often it went. */
	readonly counters: WeakMap<object, { readonly fCnt: number; readonly bytes: string; times: number }>;
	/** Last DevNonce by device. */
	readonly nonces: Map<string, number>;
	/** Since the power came: when that was, airtime of joins in the period at hand. */
	sinceMs: number | undefined;
	period: number;
	joinMs: number;
	busyUntilMs: number;
}

/**
 * Watches each frame on air: is its channel one, in the plan, not too strong, too long, too large or too often; was it listened
 * before; are counters and nonces new, and joins rare.
 */
export class LegalWatch {
	/** What was wrong, the first few hundred. */
	readonly violations: string[] = [];
	/** How often something was. */
	count = 0;
	/** Before what is told of a gateway. */
	#who = "";
	readonly #options: LegalWatchOptions;
	readonly #senders = new Map<RadioStation, Sender>();

	constructor(options: LegalWatchOptions) {
		this.#options = options;
	}
	/** A device sends. */
	device(frame: LoraFrame, from: RadioStation): void {
		this.#who = "";
		const sender = this.#of(from);
		const { law } = this.#options;
		this.#onAir(frame, from, sender);
		const place = `${frame.spreadingFactor}/${frame.bandwidthHz / 1000}`;
		const { [place]: size } = law.sizes;
		const up = parseUplink(frame.bytes);
		if (frame.invertIq) this.#wrong(frame, "an uplink with inverted IQ");
		if (!frame.crc || frame.implicit) this.#wrong(frame, "an uplink without CRC or header");
		const { codingRate, preambleSymbols, syncWord } = frame;
		if (codingRate !== 1 || preambleSymbols !== PREAMBLE || syncWord !== (this.#options.syncWord ?? 0x34))
			this.#wrong(
				frame,
				`coding rate 4/${4 + codingRate}, ${preambleSymbols} symbols of preamble, sync word ${syncWord}: not LoRaWAN's`,
			);
		if (size === undefined) this.#wrong(frame, `SF${place} is no data rate of uplinks`);
		else if (frame.bytes.length - AROUND > size)
			this.#wrong(frame, `a MACPayload of ${frame.bytes.length - AROUND} B at SF${place}, where ${size} are the most`);
		const airtime = frame.endMs - frame.startMs;
		const lifted = law.dwellLifts && (this.#options.dwellLifted?.() ?? false);
		if (law.dwellMs !== undefined && !lifted && isNarrow(frame) && airtime > law.dwellMs + EPSILON_MS)
			this.#wrong(frame, `${airtime.toFixed(1)} ms long, where ${law.dwellMs} are the most`);
		this.#channel(frame, up?.kind === "join");
		if (law.hop && isNarrow(frame)) this.#hop(frame, sender, law.hop);
		if (law.listen) this.#listened(frame, from, law.listen);
		if (up?.kind === "join") this.#join(frame, sender, up);
		else if (up) this.#counter(frame, sender);
		else this.#wrong(frame, "no uplink of LoRaWAN");
	}
	/** A gateway sends. */
	gateway(frame: LoraFrame, from: RadioStation): void {
		this.#who = "a gateway: ";
		this.#onAir(frame, from, this.#of(from));
		if (!frame.invertIq) this.#wrong(frame, "a downlink without inverted IQ");
	}
	/** A device's power came, or it was reset: §7 of TS001 counts from there. */
	restarted(from: RadioStation, atMs: number): void {
		const sender = this.#of(from);
		sender.sinceMs = atMs;
		sender.period = sender.joinMs = 0;
	}
	/** The fullest hour of a sender in each band with a limit, in thousandths of the hour. */
	fullest(from: RadioStation): { readonly band: string; readonly perMille: number; readonly allowed: number }[] {
		return [...this.#of(from).duty].map(([band, ledger]) => ({
			band: band.name,
			perMille: (1000 * ledger.fullestMs) / HOUR_MS,
			allowed: band.perMille,
		}));
	}

	#of(from: RadioStation): Sender {
		let sender = this.#senders.get(from);
		if (!sender) {
			sender = {
				duty: new Map(),
				occupied: [],
				counters: new WeakMap(),
				nonces: new Map(),
				sinceMs: undefined,
				period: 0,
				joinMs: 0,
				busyUntilMs: Number.NEGATIVE_INFINITY,
			};
			this.#senders.set(from, sender);
		}
		return sender;
	}
	#wrong({ startMs }: LoraFrame, what: string) {
		this.count++;
		if (this.violations.length < KEPT) this.violations.push(`${(startMs / 1000).toFixed(3)} s: ${this.#who}${what}`);
	}
	/** What holds for all: band, power, share of the hour, one frame at a time. */
	#onAir(frame: LoraFrame, from: RadioStation, sender: Sender) {
		const { law, hopping = 64 } = this.#options;
		const mhz = (frame.frequencyHz / 1e6).toFixed(4);
		if (frame.startMs < sender.busyUntilMs - EPSILON_MS) this.#wrong(frame, "two frames of one sender at a time");
		sender.busyUntilMs = Math.max(sender.busyUntilMs, frame.endMs);
		const half = frame.bandwidthHz / 2;
		const band = law.bands.find(
			({ lowHz, highHz }) =>
				frame.frequencyHz - half >= lowHz - BESIDE_HZ && frame.frequencyHz + half <= highHz + BESIDE_HZ,
		);
		if (!band) return this.#wrong(frame, `${mhz} MHz is in no band`);
		const few = law.few && isNarrow(frame) && !frame.invertIq && hopping < law.few.channels;
		const most = Math.min(
			few ? law.few!.eirpDbm : band.eirpDbm,
			isNarrow(frame) || frame.invertIq ? band.eirpDbm : (law.wideEirpDbm ?? band.eirpDbm),
		);
		const eirp = frame.powerDbm + from.place.gainDbi;
		if (eirp > most + EPSILON_DB)
			this.#wrong(frame, `${eirp.toFixed(2)} dBm EIRP at ${mhz} MHz, where ${most} are the most`);
		if (band.perMille >= 1000) return;
		let ledger = sender.duty.get(band);
		if (!ledger) sender.duty.set(band, (ledger = new DutyLedger()));
		const spent = ledger.add(frame.startMs, frame.endMs);
		if (spent > band.perMille * 3600 + EPSILON_MS)
			this.#wrong(
				frame,
				`${(spent / 3600).toFixed(2)} ‰ of an hour in band ${band.name}, where ${band.perMille} are the most`,
			);
	}
	#channel(frame: LoraFrame, join: boolean) {
		const { law, channels } = this.#options;
		const near = (hz: number) => Math.abs(hz - frame.frequencyHz) <= BESIDE_HZ;
		if (law.channels.some(near)) return;
		const mhz = (frame.frequencyHz / 1e6).toFixed(4);
		if (join) this.#wrong(frame, `a join at ${mhz} MHz, which is no default channel`);
		else if (channels && ![...channels()].some(near)) this.#wrong(frame, `${mhz} MHz is no channel of the plan`);
	}
	#hop(frame: LoraFrame, sender: Sender, { occupiedMs, periodMs }: NonNullable<Law["hop"]>) {
		const period = periodMs * Math.min(50, this.#options.hopping ?? 64);
		const { frequencyHz: hz, startMs, endMs } = frame;
		sender.occupied = sender.occupied.filter((each) => each.endMs > endMs - period);
		sender.occupied.push({ hz, startMs, endMs });
		let sum = 0;
		for (const each of sender.occupied)
			if (Math.abs(each.hz - hz) <= BESIDE_HZ) sum += each.endMs - Math.max(each.startMs, endMs - period);
		if (sum > occupiedMs + EPSILON_MS)
			this.#wrong(
				frame,
				`a channel occupied for ${sum.toFixed(1)} ms in ${period} ms, where ${occupiedMs} are the most`,
			);
	}
	#listened(frame: LoraFrame, from: RadioStation, { ms, dbm }: NonNullable<Law["listen"]>) {
		const { sensed } = from;
		const { startMs, frequencyHz, bandwidthHz } = frame;
		const fits =
			sensed &&
			Math.abs(sensed.frequencyHz - frequencyHz) <= BESIDE_HZ &&
			sensed.toMs - sensed.fromMs >= ms &&
			startMs - sensed.toMs <= TURN_ROUND_MS;
		if (!fits) return this.#wrong(frame, `not listened for ${ms} ms before`);
		for (let atMs = sensed.toMs - ms; atMs <= sensed.toMs; atMs++) {
			const level = from.energyDbm(frequencyHz, bandwidthHz, atMs);
			if (level >= dbm) return this.#wrong(frame, `sent though ${level.toFixed(0)} dBm were on the channel`);
		}
	}
	#join(frame: LoraFrame, sender: Sender, { devEui, devNonce }: JoinRequest) {
		const last = sender.nonces.get(devEui) ?? -1;
		if (devNonce <= last) this.#wrong(frame, `DevNonce ${devNonce} after ${last}`);
		sender.nonces.set(devEui, devNonce);
		sender.sinceMs ??= frame.startMs;
		const hours = (frame.startMs - sender.sinceMs) / HOUR_MS;
		const period = hours < 1 ? 0 : hours < 11 ? 1 : 2 + Math.floor((hours - 11) / 24);
		if (period !== sender.period) sender.joinMs = 0;
		sender.period = period;
		sender.joinMs += frame.endMs - frame.startMs;
		const most = JOIN_MS[Math.min(2, period)]!;
		if (sender.joinMs > most + EPSILON_MS)
			this.#wrong(frame, `${sender.joinMs.toFixed(0)} ms of joins in this period, where ${most} are the most`);
	}
	#counter(frame: LoraFrame, sender: Sender) {
		const whose = this.#options.identify?.(frame.bytes);
		if (!whose) return; // of a session that only another server knows
		const bytes = toHex(frame.bytes);
		const last = sender.counters.get(whose.session);
		if (last?.fCnt === whose.fCnt && last.bytes === bytes) {
			if (++last.times > whose.nbTrans)
				this.#wrong(frame, `FCntUp ${whose.fCnt} went ${last.times} times, where NbTrans is ${whose.nbTrans}`);
			return;
		}
		if (last && whose.fCnt <= last.fCnt) this.#wrong(frame, `FCntUp ${whose.fCnt} after ${last.fCnt}`);
		sender.counters.set(whose.session, { fCnt: whose.fCnt, bytes, times: 1 });
	}
}

function isNarrow({ bandwidthHz }: LoraFrame): boolean {
	return bandwidthHz < 500_000;
}
