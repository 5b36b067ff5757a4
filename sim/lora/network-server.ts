import { toHex } from "../../modules/core/bytes.js";
import type { RegionTables as Region } from "../../net/lorawan/region-tables.js";
import type { Scheduler } from "../scheduler.js";
import { Seeded } from "../seeded.js";
import { type Copy, type DownlinkCounts, Downlinks, placeOf } from "./downlinks.js";
import type { Gateway } from "./gateway.js";
import { rateOf } from "./gateway-plan.js";
import { CLOCK_PORT, LinkControl } from "./link-control.js";
import type { MacRequest } from "./mac-requests.js";
import {
	cryptPayload,
	type DataUp,
	encodeJoinAccept,
	isDataSound,
	isJoinSound,
	type JoinRequest,
	parseUplink,
	sessionKeys,
} from "./phy.js";
import { type Asked, cfListOf, type Downlink, initialSettings, ServerDevice, ServerSession } from "./server-device.js";
import { joinRx2Hz } from "./windows.js";

/** How long copies of other gateways are waited for. Source: ChirpStack's and The Things Stack's default. */
const COPIES_MS = 200;
const NET_ID = 0x00_0013;
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
export interface ServerCounts extends DownlinkCounts {
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
	/** Acknowledgements of devices. */
	acked: number;
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
	readonly link: LinkControl;
	readonly downlinks: Downlinks;
	/** Frequencies in Hz that devices were told to use, and whether any was freed of the dwell time: for who watches the law. */
	readonly defined = new Set<number>();
	dwellLifted = false;
	readonly #options: NetworkServerOptions;
	readonly #devices = new Map<string, ServerDevice>();
	/** Sessions that may be heard, by address; those that ended stay for {@link identify}. */
	readonly #ended: ServerSession[] = [];
	readonly #pending = new Map<string, Copy[]>();
	#lastAddress = 0;
	readonly #seeded: Seeded;

	constructor(options: NetworkServerOptions) {
		this.#options = options;
		this.link = new LinkControl(options.region, options.adr ?? true, (atMs) => this.gpsMs(atMs));
		this.downlinks = new Downlinks(options.region, this.counts, () => this.link.adr);
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
		const devAddr = 0x2600_0000 + (((++this.#lastAddress & 0x1fff) << 12) | (this.#seeded.u32() & 0xfff));
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
		this.downlinks.accept(accept, copies);
	}

	/** All 32 bits of an uplink's counter, when the MIC is right with them; −1 otherwise. */
	#counterOf(session: ServerSession, frame: DataUp, bytes: Uint8Array): number {
		const high = Math.floor(Math.max(0, session.fCntUp) / 0x1_0000) * 0x1_0000;
		// Those before as well: a counter from before the roll-over is a replay, and not a frame of nobody's.
		for (const fCnt of [high, high + 0x1_0000, high - 0x1_0000].map((base) => base + frame.fCnt))
			if (fCnt >= 0 && isDataSound(session.nwkSKey, session.devAddr, fCnt, bytes)) return fCnt;
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
			this.downlinks.respond(device, session, frame, [], copies);
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
		const answers = this.link.read(device, session, frame.port === 0 ? payload : frame.fOpts, best, copies.length);
		if (frame.adr) this.link.adapt(session, dataRate, fCnt, best.snrDb);
		if (frame.port === CLOCK_PORT) this.link.clock(device, payload, best.frame.endMs);
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
		this.downlinks.respond(device, session, frame, answers, copies);
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
}
