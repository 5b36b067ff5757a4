import type { RegionTables as Region } from "../../net/lorawan/region-tables.js";
import { symbolMs, timeOnAirMs } from "../chips/lora-air.js";
import type { Gateway, Received } from "./gateway.js";
import { encodeRequest } from "./mac-requests.js";
import { type DataUp, encodeDataDown } from "./phy.js";
import type { Asked, ServerDevice, ServerSession } from "./server-device.js";
import { type UplinkPlace, type Window, windowsOf } from "./windows.js";

/** Of MACPayload: DevAddr, FCtrl, FCnt; FPort before a payload comes on top. */
const HEAD = 7;
/** Around MACPayload: MHDR and MIC. */
const AROUND = 5;
const FOPTS_MOST = 15;
/** A gateway sends with so much, where the law allows it: conducted, in dBm. */
const POWER_DBM = 27;
/** Limits of regions are EIRP of a dipole: a better antenna gets less. */
const DIPOLE_DBI = 2.15;
/** Confirmed downlinks go so often. */
const TRIES_MOST = 8;

/** A frame as one gateway received it. */
export interface Copy {
	readonly gateway: Gateway;
	readonly received: Received;
}

/** What went out. */
export interface DownlinkCounts {
	downlinks: number;
	/** Acknowledgements to devices. */
	acks: number;
	/** Confirmed downlinks that were given up. */
	undelivered: number;
	/** Downlinks that no gateway took: too late; its transmitter busy or its hour used up. */
	tooLate: number;
	busy: number;
	/** By window. */
	rx1: number;
	rx2: number;
}

/** A server's way down: what is said after an uplink, in which window, by which gateway. */
export class Downlinks {
	/** Which windows are used, the first that will do. */
	windows: readonly (1 | 2)[] = [1, 2];
	readonly #region: Region;
	readonly #counts: DownlinkCounts;
	/** The ADR bit of downlinks. */
	readonly #adr: () => boolean;

	constructor(region: Region, counts: DownlinkCounts, adr: () => boolean) {
		this.#region = region;
		this.#counts = counts;
		this.#adr = adr;
	}
	/** Answers an uplink, when there is anything to say. */
	respond(
		device: ServerDevice,
		session: ServerSession,
		frame: DataUp,
		answers: number[],
		copies: readonly Copy[],
	): void {
		const region = this.#region;
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
				adr: this.#adr(),
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
			if (frame.confirmed) this.#counts.acks++;
			if (down?.confirmed) session.unacked = down;
			if (down?.confirmed && ++session.tries < TRIES_MOST) return; // it stays until it is acknowledged
			if (down?.confirmed) this.#counts.undelivered++;
			session.tries = 0;
			if (down) device.queue.shift();
			return;
		}
	}
	/** Sends a Join-Accept. @returns whether a gateway took it */
	accept(bytes: Uint8Array, copies: readonly Copy[]): boolean {
		const windows = windowsOf(this.#region, placeOf(copies[0]!.received), undefined);
		return this.#order(windows).some((window) => this.#send(copies, window, bytes));
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
				this.#counts.busy++;
				continue;
			}
			const powerDbm = Math.min(POWER_DBM, Math.floor(band.eirp - Math.max(DIPOLE_DBI, gateway.station.place.gainDbi)));
			const tmst = (received.tmst + 1000 * delayMs) % 2 ** 32;
			const error = gateway.send({ bytes, tmst, frequencyHz, spreadingFactor, bandwidthHz, powerDbm });
			if (error === "NONE") {
				this.#counts.downlinks++;
				this.#counts[window.which === 1 ? "rx1" : "rx2"]++;
				return true;
			}
			if (error === "TOO_LATE") this.#counts.tooLate++;
			else this.#counts.busy++;
		}
		return false;
	}
}

/** Where on air a frame was, by the gateway's channel. */
export function placeOf({ frame, frequencyHz }: Received): UplinkPlace {
	return { frequencyHz, spreadingFactor: frame.spreadingFactor, bandwidthHz: frame.bandwidthHz };
}
