import type { RegionTables as Region } from "../../net/lorawan/region-tables.js";
import { moreChannels } from "./gateway-plan.js";
import type { MacRequest } from "./mac-requests.js";

/** A message for a device. */
export interface Downlink {
	/** 1 … 255 */
	readonly port: number;
	readonly payload: Uint8Array;
	readonly confirmed?: boolean;
	/** The device acknowledged it. */
	onAcked?(): void;
}

/** A MAC command that waits for its answer. */
export interface Asked {
	readonly request: MacRequest;
	/** Whether a downlink took it. */
	sent: boolean;
	done?(accepted: boolean, answer: Uint8Array): void;
}

/** What a device is set to, as far as the network knows. */
export interface Settings {
	rxDelay: number;
	rx1Offset: number;
	rx2Rate: number;
	rx2FrequencyHz: number;
	dataRate: number;
	txPower: number;
	nbTrans: number;
	downDwell: boolean;
	upDwell: boolean;
	/** Dynamic plans: channels by number, frequency in Hz and data rates; RX1 is at `downHz` where it was moved. */
	channels: ({ hz: number; lowest: number; highest: number; downHz?: number } | undefined)[];
}

/** A session: from a join to the next that is heard of. */
export class ServerSession {
	readonly devAddr: number;
	readonly nwkSKey: Uint8Array;
	readonly appSKey: Uint8Array;
	readonly settings: Settings;
	/** Last that was heard. */
	fCntUp = -1;
	/** Next. */
	fCntDown = 0;
	/** The last uplink's bytes, and how often it came. */
	lastUplink: Uint8Array = new Uint8Array(0);
	timesHeard = 0;
	/** A confirmed downlink that waits to be acknowledged. */
	unacked: Downlink | undefined;
	/** How often the downlink at the queue's head went. */
	tries = 0;
	asked: Asked[] = [];
	/** Of the last uplinks: counter and best SNR. */
	history: { readonly fCnt: number; readonly snrDb: number }[] = [];
	/** Uplinks since ADR's last answer that refused, or 0. */
	adrPause = 0;

	constructor(devAddr: number, keys: { nwkSKey: Uint8Array; appSKey: Uint8Array }, settings: Settings) {
		this.devAddr = devAddr;
		this.nwkSKey = keys.nwkSKey;
		this.appSKey = keys.appSKey;
		this.settings = settings;
	}
}

/** A device that is registered, with or without a session. */
export class ServerDevice {
	readonly devEui: string;
	readonly joinEui: string;
	readonly appKey: Uint8Array;
	/** Last that was accepted. */
	devNonce = -1;
	joinNonce = 0;
	/** The one in use, and one that a Join-Accept offered. */
	session: ServerSession | undefined;
	offered: ServerSession | undefined;
	queue: Downlink[] = [];
	/** Answer to the last DevStatusReq: battery 0 … 255, SNR in dB. */
	status: { readonly battery: number; readonly snrDb: number } | undefined;

	constructor(devEui: string, joinEui: string, appKey: Uint8Array) {
		this.devEui = devEui;
		this.joinEui = joinEui;
		this.appKey = appKey;
	}
	get sessions(): ServerSession[] {
		return [this.session, this.offered].filter((each) => each !== undefined);
	}
}

/** What a device has after a join. @param more whether the Join-Accept's CFList gave it the network's channels */
export function initialSettings(region: Region, rxDelay: number, dataRate: number, rx2FrequencyHz: number): Settings {
	const channels = [...region.channels, ...moreChannels(region)].map((frequency) => ({
		hz: frequency * 100,
		lowest: 0,
		highest: 5,
	}));
	return {
		rxDelay,
		rx1Offset: 0,
		rx2Rate: region.rx2Rate,
		rx2FrequencyHz,
		dataRate,
		txPower: 0,
		nbTrans: 1,
		downDwell: false,
		upDwell: region.dwellSizes !== undefined,
		channels,
	};
}

/** The CFList of a Join-Accept: channels of type 0, or a mask of type 1; undefined where there is nothing to tell. Source: RP002-1.0.4 §2.3. */
export function cfListOf(region: Region): Uint8Array | undefined {
	const list = new Uint8Array(16);
	const more = moreChannels(region);
	if (region.control) {
		region.start.slice(0, region.control.words).forEach((word, n) => {
			list[2 * n] = word;
			list[2 * n + 1] = word >> 8;
		});
		list[15] = 1;
		return list;
	}
	if (!more.length) return undefined;
	more.forEach((frequency, n) => {
		for (let i = 0; i < 3; i++) list[3 * n + i] = frequency >> (8 * i);
	});
	return list;
}
