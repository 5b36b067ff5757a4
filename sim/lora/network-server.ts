import { toHex } from "../../modules/core/bytes.js";
import { BANDWIDTHS, type Region } from "../../net/lorawan/region.js";
import { symbolMs, timeOnAirMs } from "../chips/lora-air.js";
import type { Scheduler } from "../scheduler.js";
import { Seeded } from "../seeded.js";
import { ADR_HISTORY, adapt } from "./adr.js";
import type { Gateway, Received } from "./gateway.js";
import { type GatewayChannel, gatewayPlan, rateOf } from "./gateway-plan.js";
import { DEVICE_TIME, encodeRequest, LINK_CHECK, type MacRequest, parseAnswers } from "./mac-requests.js";
import {
	cryptPayload,
	type DataUp,
	encodeDataDown,
	encodeJoinAccept,
	isDataSound,
	isJoinSound,
	type JoinRequest,
	parseUplink,
	sessionKeys,
} from "./phy.js";
import { neededSnrDb } from "./radio-air.js";
import { type Asked, cfListOf, type Downlink, initialSettings, ServerDevice, ServerSession } from "./server-device.js";
import { joinRx2Hz, type UplinkPlace, type Window, windowsOf } from "./windows.js";

/** How long copies of other gateways are waited for. Source: ChirpStack's and The Things Stack's default. */
const COPIES_MS = 200;
const NET_ID = 0x00_0013;
/** Of MACPayload: DevAddr, FCtrl, FCnt; and FPort before a payload. */
const HEAD = 7;
/** Around MACPayload: MHDR and MIC. */
const AROUND = 5;
const FOPTS_MOST = 15;
const CLOCK_PORT = 202;
/** A gateway sends with so much, where the law allows it: conducted, in dBm. */
const POWER_DBM = 27;
const DIPOLE_DBI = 2.15;
/** Uplinks without another try, after a device refused what ADR asked for. */
const ADR_PAUSE = 32;
/** Confirmed downlinks go so often. */
const TRIES_MOST = 8;

/** An uplink as an application gets it. */
export interface Uplink {
	readonly devEui: string;
	readonly port: number;
	readonly fCnt: number;
	readonly payload: Uint8Array;
	readonly confirmed: boolean;
	/** Its end on air. */
	readonly at: number;
	readonly rssiDbm: number;
	readonly snrDb: number;
	readonly dataRate: number;
	readonly frequencyHz: number;
	/** How many gateways heard it. */
	readonly gateways: number;
}

/** What came and went. */
export interface ServerCounts {
	joins: number;
	uplinks: number;
	/** Copies of other gateways. */
	duplicates: number;
	/** Frames that came again, as NbTrans has it. */
	repeats: number;
	/** Counters and nonces that were there before. */
	replays: number;
	/** Frames of nobody's that is known here. */
	unknown: number;
	badMic: number;
	downlinks: number;
	/** Acknowledgements to devices, and from them. */
	acks: number;
	acked: number;
	/** Confirmed downlinks that were given up. */
	undelivered: number;
	/** Downlinks that no gateway took: too late, its transmitter busy, its hour used up. */
	tooLate: number;
	busy: number;
	/** Downlinks by window. */
	rx1: number;
	rx2: number;
}

export interface NetworkServerOptions {
	readonly scheduler: Scheduler;
	readonly region: Region;
	readonly seed: number;
	readonly gateways: readonly Gateway[];
	/** GPS time of virtual 0, in milliseconds. */
	readonly gpsMsAtZero: number;
	/** Whether it sets data rates. Default true. */
	readonly adr?: boolean;
	/** Seconds until RX1, 1 … 15. Default 1. */
	readonly rxDelay?: number;
}

interface Copy {
	readonly gateway: Gateway;
	readonly received: Received;
}

/**
 * A LoRaWAN 1.0.4 network and join server for class A: registers devices, takes joins, drops copies, checks counters and MICs,
 * acknowledges, answers MAC commands, sets data rates, and sends what is queued in RX1 or RX2.
 */
export class NetworkServer {
	readonly counts: ServerCounts = {
		joins: 0,
		uplinks: 0,
		duplicates: 0,
		repeats: 0,
		replays: 0,
		unknown: 0,
		badMic: 0,
		downlinks: 0,
		acks: 0,
		acked: 0,
		undelivered: 0,
		tooLate: 0,
		busy: 0,
		rx1: 0,
		rx2: 0,
	};
	onUplink: (uplink: Uplink) => void = () => {};
	/** Which windows are used, the first that will do. */
	windows: readonly (1 | 2)[] = [1, 2];
	adr: boolean;
	/** Frequencies in Hz that devices were told to use, and whether any was freed of the dwell time: for who watches the law. */
	readonly defined = new Set<number>();
	dwellLifted = false;
	readonly #options: NetworkServerOptions;
	readonly #devices = new Map<string, ServerDevice>();
	/** Sessions that may be heard, by address; those that ended stay for {@link identify}. */
	readonly #ended: ServerSession[] = [];
	readonly #pending = new Map<string, Copy[]>();
	readonly #plan: readonly GatewayChannel[];
	#lastAddress = 0;
	readonly #seeded: Seeded;

	constructor(options: NetworkServerOptions) {
		this.#options = options;
		this.adr = options.adr ?? true;
		this.#plan = gatewayPlan(options.region);
		this.#seeded = new Seeded(options.seed ^ 0x10aa);
		for (const gateway of options.gateways)
			gateway.onReceived = (received) => {
				if (received.crc === "ok") this.#heard({ gateway, received });
			};
	}
	/** Registers a device. @param joinEui, devEui 16 hexadecimal digits @param appKey 16 bytes */
	register(devEui: string, joinEui: string, appKey: Uint8Array): ServerDevice {
		const device = new ServerDevice(devEui, joinEui, appKey);
		this.#devices.set(devEui, device);
		return device;
	}
	device(devEui: string): ServerDevice | undefined {
		return this.#devices.get(devEui);
	}
	/** Queues a message: it goes after the next uplink that has room for it. */
	queue(devEui: string, downlink: Downlink): void {
		this.#devices.get(devEui)?.queue.push(downlink);
	}
	/** Sends a MAC command, again and again until it is answered. */
	request(devEui: string, request: MacRequest, done?: Asked["done"]): void {
		if (request.kind === "newChannel" && request.frequencyHz) this.defined.add(request.frequencyHz);
		if (request.kind === "txParamSetup" && !request.upDwell) this.dwellLifted = true;
		this.#devices.get(devEui)?.session?.asked.push({ request, sent: false, ...(done ? { done } : {}) });
	}
	/** Loses the sessions of a device, or of all; they stay registered. */
	forget(devEui?: string): void {
		for (const device of this.#devices.values()) {
			if (devEui !== undefined && device.devEui !== devEui) continue;
			this.#end(device.session);
			this.#end(device.offered);
			device.session = device.offered = undefined;
		}
	}
	/** Whose a frame is, and its counter: of sessions that ended as well. @returns undefined when nobody's key fits */
	identify(bytes: Uint8Array): { session: ServerSession; fCnt: number; nbTrans: number } | undefined {
		const frame = parseUplink(bytes);
		if (frame?.kind !== "data") return undefined;
		const live = [...this.#devices.values()].flatMap(({ sessions }) => sessions);
		for (const session of [...live, ...this.#ended]) {
			if (session.devAddr !== frame.devAddr) continue;
			const fCnt = this.#counterOf(session, frame, bytes);
			const asked = session.asked.map(({ request }) => (request.kind === "linkAdr" ? request.nbTrans : 1));
			if (fCnt >= 0) return { session, fCnt, nbTrans: Math.max(1, session.settings.nbTrans, ...asked) };
		}
		return undefined;
	}
	gpsMs(atMs: number): number {
		return this.#options.gpsMsAtZero + atMs;
	}

	#end(session: ServerSession | undefined) {
		if (!session) return;
		this.#ended.unshift(session);
		this.#ended.length = Math.min(this.#ended.length, 16);
	}
	#heard(copy: Copy) {
		const { gateways, scheduler } = this.#options;
		const key = toHex(copy.received.bytes);
		const copies = this.#pending.get(key);
		if (copies) {
			copies.push(copy);
			this.counts.duplicates++;
			return;
		}
		if (gateways.length === 1) return this.#take([copy]);
		const all = [copy];
		this.#pending.set(key, all);
		scheduler.after(COPIES_MS, () => {
			this.#pending.delete(key);
			this.#take(all);
		});
	}
	#take(copies: Copy[]) {
		copies.sort((a, b) => b.received.snrDb - a.received.snrDb);
		const { bytes } = copies[0]!.received;
		const frame = parseUplink(bytes);
		if (!frame) this.counts.unknown++;
		else if (frame.kind === "join") this.#join(frame, bytes, copies);
		else this.#data(frame, bytes, copies);
	}

	#join(frame: JoinRequest, bytes: Uint8Array, copies: Copy[]) {
		const device = this.#devices.get(frame.devEui);
		if (!device || device.joinEui !== frame.joinEui) {
			this.counts.unknown++;
			return;
		}
		if (!isJoinSound(device.appKey, bytes)) {
			this.counts.badMic++;
			return;
		}
		if (frame.devNonce <= device.devNonce) {
			this.counts.replays++; // TS001-1.0.4 §6.2.2: it only grows
			return;
		}
		device.devNonce = frame.devNonce;
		this.counts.joins++;
		const { region, rxDelay = 1 } = this.#options;
		const up = placeOf(copies[0]!.received);
		const dataRate = rateOf(region, up.spreadingFactor, up.bandwidthHz);
		const joinNonce = ++device.joinNonce;
		const devAddr = 0x2600_0000 + ((++this.#lastAddress << 12) | (this.#seeded.u32() & 0xfff));
		const keys = sessionKeys(device.appKey, joinNonce, NET_ID, frame.devNonce);
		const settings = initialSettings(region, rxDelay, dataRate, joinRx2Hz(region, up.frequencyHz, dataRate));
		this.#end(device.offered);
		device.offered = new ServerSession(devAddr, keys, settings);
		const cfList = cfListOf(region);
		const accept = encodeJoinAccept(device.appKey, {
			joinNonce,
			netId: NET_ID,
			devAddr,
			dlSettings: region.rx2Rate,
			rxDelay,
			...(cfList ? { cfList } : {}),
		});
		const windows = windowsOf(region, up, undefined);
		for (const window of this.#order(windows)) if (this.#send(copies, window, accept)) return;
	}

	/** All 32 bits of an uplink's counter, when the MIC is right with them; −1 otherwise. */
	#counterOf(session: ServerSession, frame: DataUp, bytes: Uint8Array): number {
		const high = Math.floor(Math.max(0, session.fCntUp) / 0x1_0000) * 0x1_0000;
		for (const fCnt of [high + frame.fCnt, high + 0x1_0000 + frame.fCnt])
			if (isDataSound(session.nwkSKey, session.devAddr, fCnt, bytes)) return fCnt;
		return -1;
	}
	#data(frame: DataUp, bytes: Uint8Array, copies: Copy[]) {
		let known = false;
		for (const device of this.#devices.values())
			for (const session of device.sessions) {
				if (session.devAddr !== frame.devAddr) continue;
				known = true;
				const fCnt = this.#counterOf(session, frame, bytes);
				if (fCnt >= 0) return this.#sound(device, session, frame, fCnt, bytes, copies);
			}
		if (known) this.counts.badMic++;
		else this.counts.unknown++;
	}
	#sound(device: ServerDevice, session: ServerSession, frame: DataUp, fCnt: number, bytes: Uint8Array, copies: Copy[]) {
		const { region } = this.#options;
		const best = copies[0]!.received;
		if (fCnt <= session.fCntUp) {
			const same = fCnt === session.fCntUp && bytes.every((byte, n) => byte === session.lastUplink[n]);
			if (!same || session.timesHeard >= this.#nbTransOf(session)) {
				this.counts.replays++;
				return;
			}
			// A repetition: the device listens again, so what it lacked may go again. MAC commands were read already.
			session.timesHeard++;
			this.counts.repeats++;
			this.#respond(device, session, frame, [], copies);
			return;
		}
		if (session === device.offered) {
			this.#end(device.session);
			device.session = session;
			device.offered = undefined;
		}
		session.fCntUp = fCnt;
		session.lastUplink = bytes;
		session.timesHeard = 1;
		this.counts.uplinks++;
		const dataRate = rateOf(region, best.frame.spreadingFactor, best.frame.bandwidthHz);
		const key = frame.port === 0 ? session.nwkSKey : session.appSKey;
		const payload = cryptPayload(key, 0, session.devAddr, fCnt, frame.payload);
		if (frame.ack) this.#acked(device, session);
		const answers = this.#commands(device, session, frame.port === 0 ? payload : frame.fOpts, copies);
		if (frame.adr) this.#adapt(session, dataRate, fCnt, best.snrDb);
		if (frame.port === CLOCK_PORT) this.#clock(device, payload, best.frame.endMs);
		if (frame.port > 0)
			this.onUplink({
				devEui: device.devEui,
				port: frame.port,
				fCnt,
				payload,
				confirmed: frame.confirmed,
				at: best.frame.endMs,
				rssiDbm: best.rssiDbm,
				snrDb: best.snrDb,
				dataRate,
				frequencyHz: best.frequencyHz,
				gateways: copies.length,
			});
		this.#respond(device, session, frame, answers, copies);
	}
	#nbTransOf(session: ServerSession): number {
		const asked = session.asked.map(({ request }) => (request.kind === "linkAdr" ? request.nbTrans : 1));
		return Math.max(session.settings.nbTrans, ...asked);
	}
	#acked(device: ServerDevice, session: ServerSession) {
		const { unacked } = session;
		if (!unacked) return;
		session.unacked = undefined;
		session.tries = 0;
		device.queue = device.queue.filter((each) => each !== unacked);
		this.counts.acked++;
		unacked.onAcked?.();
	}

	/** Reads a device's commands. @returns what is to be answered */
	#commands(device: ServerDevice, session: ServerSession, bytes: Uint8Array, copies: Copy[]): number[] {
		const out: number[] = [];
		const best = copies[0]!.received;
		const answers = parseAnswers(bytes);
		for (const { cid, kind, bytes: answer, done } of answers) {
			if (cid === LINK_CHECK) {
				const margin = Math.floor(best.snrDb - neededSnrDb(best.frame.spreadingFactor));
				out.push(LINK_CHECK, Math.max(0, Math.min(254, margin)), Math.min(255, copies.length));
				continue;
			}
			if (cid === DEVICE_TIME) {
				const gps = this.gpsMs(best.frame.endMs);
				const seconds = Math.floor(gps / 1000);
				const fraction = Math.floor(((gps - 1000 * seconds) * 256) / 1000);
				out.push(DEVICE_TIME, ...[0, 8, 16, 24].map((shift) => (seconds >>> shift) & 0xff), fraction);
				continue;
			}
			const at = session.asked.findIndex((each) => each.sent && each.request.kind === kind);
			if (at < 0) continue; // said again
			const [asked] = session.asked.splice(at, 1);
			if (kind === "devStatus") {
				const margin = answer[1]! & 0x3f;
				device.status = { battery: answer[0]!, snrDb: margin >= 32 ? margin - 64 : margin };
			}
			if (done) this.#apply(session, asked!.request);
			else if (kind === "linkAdr") session.adrPause = ADR_PAUSE;
			asked!.done?.(done, answer);
		}
		for (const asked of session.asked) asked.sent = false; // whatever was not answered goes again
		return out;
	}
	/** The device did what was asked. */
	#apply({ settings, ...session }: ServerSession, request: MacRequest) {
		switch (request.kind) {
			case "linkAdr":
				if (request.dataRate !== 15) settings.dataRate = request.dataRate;
				if (request.txPower !== 15) settings.txPower = request.txPower;
				settings.nbTrans = request.nbTrans || 1;
				session.history.length = 0;
				break;
			case "rxParamSetup":
				settings.rx1Offset = request.rx1Offset;
				settings.rx2Rate = request.rx2Rate;
				settings.rx2FrequencyHz = request.rx2FrequencyHz;
				break;
			case "newChannel": {
				const { channel, frequencyHz: hz, lowest, highest } = request;
				settings.channels[channel] = hz ? { hz, lowest, highest } : undefined;
				break;
			}
			case "dlChannel": {
				const channel = settings.channels[request.channel];
				if (channel) channel.downHz = request.frequencyHz;
				break;
			}
			case "rxTimingSetup":
				settings.rxDelay = request.seconds || 1;
				break;
			case "txParamSetup":
				settings.downDwell = request.downDwell;
				settings.upDwell = request.upDwell;
		}
	}
	/** Looks at the last uplinks, and asks for another data rate where that is right. */
	#adapt(session: ServerSession, dataRate: number, fCnt: number, snrDb: number) {
		const { settings, history } = session;
		if (settings.dataRate !== dataRate) history.length = 0; // it went back by itself
		settings.dataRate = dataRate;
		history.push({ fCnt, snrDb });
		if (history.length > ADR_HISTORY) history.shift();
		if (session.adrPause > 0) session.adrPause--;
		if (!this.adr || history.length < ADR_HISTORY || session.adrPause > 0) return;
		if (session.asked.some(({ request }) => request.kind === "linkAdr")) return;
		const { region } = this.#options;
		const sent = history.at(-1)!.fCnt - history[0]!.fCnt + 1;
		const to = adapt(
			settings,
			history.map((each) => each.snrDb),
			1 - history.length / sent,
			{
				highest: this.#highest(session),
				lowestPower: region.lowestPower,
				spreadingFactor: (rate) => region.rates[rate]! & 15,
			},
		);
		if (to.dataRate === settings.dataRate && to.txPower === settings.txPower && to.nbTrans === settings.nbTrans) return;
		session.asked.push({ request: { kind: "linkAdr", ...to, ...this.mask(session) }, sent: false });
	}
	/** The highest data rate that the device's channels carry and the gateways hear. */
	#highest({ settings }: ServerSession): number {
		const { region } = this.#options;
		if (!region.groups.length) return Math.max(...settings.channels.map((channel) => channel?.highest ?? 0));
		const isHeard = (code: number) =>
			this.#plan.some(
				({ bandwidthHz, spreadingFactor }) =>
					bandwidthHz === BANDWIDTHS[code >> 4] && (spreadingFactor ?? code & 15) === (code & 15),
			);
		let rate = region.highest;
		while (rate > 0 && !(region.rates[rate] && isHeard(region.rates[rate]!))) rate--;
		return rate;
	}
	/** ChMask and ChMaskCntl of LinkADRReq that leave on what the network listens to. */
	mask({ settings }: ServerSession): { readonly mask: number; readonly control: number } {
		const { control, start } = this.#options.region;
		if (!control) {
			let mask = 0;
			settings.channels.forEach((channel, n) => {
				if (channel) mask |= 1 << n;
			});
			return { mask, control: 0 };
		}
		const all = start.slice(0, 4).every((word, n) => n >= control.words || word === 0xffff);
		if (all || control.banks < 0) return { mask: 0xff, control: control.allOn };
		let banks = 0;
		for (let n = 0; n < 8; n++) if (start[n >> 1]! & (0xff << (8 * (n & 1)))) banks |= 1 << n;
		return { mask: banks, control: control.banks };
	}
	/** AppTimeReq of TS003-1.0.0 §3.2: the correction of the device's clock. */
	#clock(device: ServerDevice, payload: Uint8Array, endMs: number) {
		const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
		for (let at = 0; at < payload.length; ) {
			const command = payload[at]!;
			if (command === 1 && at + 6 <= payload.length) {
				const correction = (Math.floor(this.gpsMs(endMs) / 1000) - view.getUint32(at + 1, true)) | 0;
				const param = payload[at + 5]!;
				if (correction !== 0 || param & 0x10) {
					const answer = new Uint8Array(6);
					answer[0] = 1;
					new DataView(answer.buffer).setInt32(1, correction, true);
					answer[5] = param & 15;
					device.queue = device.queue.filter(({ port }) => port !== CLOCK_PORT);
					device.queue.unshift({ port: CLOCK_PORT, payload: answer });
				}
				at += 6;
			} else if (command === 0) at += 3;
			else if (command === 2) at += 6;
			else return;
		}
	}

	/** Answers an uplink, when there is anything to say. */
	#respond(device: ServerDevice, session: ServerSession, frame: DataUp, answers: number[], copies: Copy[]) {
		const { region } = this.#options;
		const { settings, asked } = session;
		if (!frame.confirmed && !frame.adrAckReq && !answers.length && !asked.length && !device.queue.length) return;
		const windows = this.#order(windowsOf(region, placeOf(copies[0]!.received), settings));
		const [head] = device.queue;
		// What is to be said fits the first window, or goes in the other where that has more room.
		const fits = (window: Window) => !head || HEAD + answers.length + 1 + head.payload.length <= window.room;
		for (const window of [...windows].sort((a, b) => Number(fits(b)) - Number(fits(a)))) {
			const fOpts = answers.slice(0, FOPTS_MOST);
			const taken: Asked[] = [];
			for (const each of asked) {
				const bytes = encodeRequest(each.request);
				if (fOpts.length + bytes.length > Math.min(FOPTS_MOST, window.room - HEAD)) break;
				fOpts.push(...bytes);
				taken.push(each);
			}
			const down = head && HEAD + fOpts.length + 1 + head.payload.length <= window.room ? head : undefined;
			const bytes = encodeDataDown(session.nwkSKey, session.appSKey, {
				confirmed: down?.confirmed ?? false,
				devAddr: session.devAddr,
				adr: this.adr,
				ack: frame.confirmed,
				pending: device.queue.length > (down ? 1 : 0),
				fCnt: session.fCntDown,
				fOpts: Uint8Array.from(fOpts),
				port: down ? down.port : -1,
				payload: down ? down.payload : new Uint8Array(0),
			});
			if (!this.#send(copies, window, bytes)) continue;
			session.fCntDown++;
			for (const each of taken) each.sent = true;
			if (frame.confirmed) this.counts.acks++;
			if (down?.confirmed && ++session.tries < TRIES_MOST) session.unacked = down;
			else if (down) {
				if (down.confirmed) this.counts.undelivered++;
				session.tries = 0;
				device.queue.shift();
			}
			return;
		}
	}
	#order(windows: Window[]): Window[] {
		return this.windows.map((which) => windows[which - 1]!);
	}
	/** Has the gateway that heard best send a frame, or the next that can. */
	#send(copies: readonly Copy[], window: Window, bytes: Uint8Array): boolean {
		const { spreadingFactor, bandwidthHz, frequencyHz, delayMs } = window;
		const isJoinAccept = bytes[0]! >> 5 === 1;
		if (bytes.length - AROUND > window.room && !isJoinAccept) return false;
		const shape = {
			...{ spreadingFactor, bandwidthHz, codingRate: 1, preambleSymbols: 8, implicit: false, crc: false },
			lowDataRate: false,
		};
		shape.lowDataRate = symbolMs(shape) >= 16;
		const airtime = timeOnAirMs(shape, bytes.length);
		for (const { gateway, received } of copies) {
			const startMs = received.frame.endMs + delayMs;
			const band = gateway.band(frequencyHz);
			if (!band || !gateway.mayTransmit(frequencyHz, startMs, airtime)) {
				this.counts.busy++;
				continue;
			}
			const powerDbm = Math.min(POWER_DBM, Math.floor(band.eirp - Math.max(DIPOLE_DBI, gateway.station.place.gainDbi)));
			const tmst = (received.tmst + 1000 * delayMs) % 2 ** 32;
			const error = gateway.send({ bytes, tmst, frequencyHz, spreadingFactor, bandwidthHz, powerDbm });
			if (error === "NONE") {
				this.counts.downlinks++;
				this.counts[window.which === 1 ? "rx1" : "rx2"]++;
				return true;
			}
			if (error === "TOO_LATE") this.counts.tooLate++;
			else this.counts.busy++;
		}
		return false;
	}
}

function placeOf({ frame, frequencyHz }: Received): UplinkPlace {
	return { frequencyHz, spreadingFactor: frame.spreadingFactor, bandwidthHz: frame.bandwidthHz };
}
