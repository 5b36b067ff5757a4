import type { Received, Transmission, TxError } from "./gateway.js";

/**
 * Datagrams of Semtech's packet forwarder, protocol version 2. Source: PROTOCOL.TXT of Lora-net/packet_forwarder, v4.0.1
 * (revision 1.4) and of Lora-net/sx1302_hal (1.6: `tmms`, `warn`).
 */

export const VERSION = 2;
/** Identifiers of datagrams. */
export const Type = Object.freeze({ pushData: 0, pushAck: 1, pullData: 2, pullResp: 3, pullAck: 4, txAck: 5 });

/** No datagram that makes sense is longer; txpk has 255 bytes at most. */
const LONGEST = 4096;
const LONGEST_FRAME = 255;
const HEADER = 4;

/** What a server sent. */
export type FromServer =
	| { readonly type: "pushAck"; readonly token: number }
	| { readonly type: "pullAck"; readonly token: number }
	| { readonly type: "pullResp"; readonly token: number; readonly tx: RequestedTx };

/** A frame that a server wants to be sent; a gateway's own rules come on top. */
export interface RequestedTx extends Omit<Transmission, "tmst" | "powerDbm"> {
	/** At once, at a value of the counter, or at a GPS time in milliseconds. */
	readonly when: "now" | { readonly tmst: number } | { readonly gpsMs: number };
	/** What is to leave the antenna, in dBm; undefined: the gateway's usual. */
	readonly powerDbm: number | undefined;
}

/** Reads a server's datagram; undefined when it is none. */
export function parseFromServer(bytes: Uint8Array): FromServer | undefined {
	if (bytes.length < HEADER || bytes.length > LONGEST || bytes[0] !== VERSION) return undefined;
	const token = (bytes[1]! << 8) | bytes[2]!;
	switch (bytes[3]) {
		case Type.pushAck:
			return { type: "pushAck", token };
		case Type.pullAck:
			return { type: "pullAck", token };
		case Type.pullResp: {
			const tx = parseTxpk(bytes.subarray(HEADER));
			return tx && { type: "pullResp", token, tx };
		}
		default:
			return undefined;
	}
}

function parseTxpk(bytes: Uint8Array): RequestedTx | undefined {
	let root: unknown;
	try {
		root = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch {
		return undefined;
	}
	const txpk = field(root, "txpk");
	const data = field(txpk, "data");
	const size = field(txpk, "size");
	const freq = field(txpk, "freq");
	const datr = field(txpk, "datr");
	const modu = field(txpk, "modu") ?? "LORA";
	const codr = field(txpk, "codr") ?? "4/5";
	const powe = field(txpk, "powe");
	const prea = field(txpk, "prea") ?? 8;
	if (modu !== "LORA" || typeof data !== "string" || typeof datr !== "string" || typeof codr !== "string")
		return undefined;
	if (data.length > 2 * LONGEST_FRAME || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(data)) return undefined;
	const frame = new Uint8Array(Buffer.from(data, "base64"));
	if (frame.length < 1 || frame.length > LONGEST_FRAME || (size !== undefined && size !== frame.length))
		return undefined;
	const [, sf, khz] = /^SF([5-9]|1[0-2])BW(125|250|500)$/.exec(datr) ?? [];
	const [, rate] = /^4\/([5-8])$/.exec(codr) ?? [];
	if (sf === undefined || rate === undefined) return undefined;
	if (!isNumber(freq, 100, 1100) || !isNumber(prea, 6, 65_535)) return undefined;
	if (powe !== undefined && !isNumber(powe, -20, 40)) return undefined;
	const when = parseWhen(txpk);
	if (!when) return undefined;
	return {
		bytes: frame,
		when,
		frequencyHz: Math.round(freq * 1e6),
		spreadingFactor: Number(sf),
		bandwidthHz: 1000 * Number(khz),
		powerDbm: powe,
		invertIq: field(txpk, "ipol") === true,
		crc: field(txpk, "ncrc") !== true,
		codingRate: Number(rate) - 4,
		preambleSymbols: Math.round(prea),
	};
}

function parseWhen(txpk: unknown): RequestedTx["when"] | undefined {
	const imme = field(txpk, "imme");
	const tmst = field(txpk, "tmst");
	const tmms = field(txpk, "tmms");
	if (imme === true) return "now";
	if (isNumber(tmst, 0, 0xffff_ffff) && Number.isInteger(tmst)) return { tmst };
	if (isNumber(tmms, 0, Number.MAX_SAFE_INTEGER)) return { gpsMs: tmms };
	return undefined;
}

/** An own field of an object; undefined where there is none. */
function field(of: unknown, name: string): unknown {
	if (typeof of !== "object" || of === null || !Object.hasOwn(of, name)) return undefined;
	return (of as Record<string, unknown>)[name];
}
function isNumber(value: unknown, low: number, high: number): value is number {
	return typeof value === "number" && value >= low && value <= high;
}

/** A gateway's datagram with its EUI, and JSON where there is some. @param eui 16 hexadecimal digits */
export function toServer(type: number, token: number, eui: string, json?: unknown): Uint8Array {
	const head = Buffer.from([VERSION, token >> 8, token & 0xff, type]);
	const body = json === undefined ? "" : JSON.stringify(json);
	return new Uint8Array(Buffer.concat([head, Buffer.from(eui, "hex"), Buffer.from(body)]));
}

/** A received frame as `rxpk` has it. @param gpsMs at its end */
export function rxpk(received: Received, gpsMs: number) {
	const { frame, bytes, channel, tmst, rssiDbm, snrDb, frequencyHz } = received;
	return {
		time: new Date(gpsMs + GPS_TO_UNIX_MS).toISOString(),
		tmms: Math.floor(gpsMs),
		tmst,
		chan: channel,
		rfch: channel < 4 ? 0 : 1,
		freq: Math.round(frequencyHz) / 1e6,
		stat: 1,
		modu: "LORA",
		datr: `SF${frame.spreadingFactor}BW${frame.bandwidthHz / 1000}`,
		codr: `4/${4 + frame.codingRate}`,
		rssi: Math.round(rssiDbm),
		lsnr: Math.round(snrDb * 10) / 10,
		size: bytes.length,
		data: Buffer.from(bytes).toString("base64"),
	};
}

/** From 1970 to 1980-01-06, less 18 leap seconds. Source: IERS bulletin C, since 2017. */
const GPS_TO_UNIX_MS = 315_964_800_000 - 18_000;

/** What a gateway says of itself now and then. */
export interface Stat {
	readonly gpsMs: number;
	readonly received: number;
	readonly sound: number;
	readonly forwarded: number;
	/** Of datagrams, in per cent. */
	readonly acknowledged: number;
	readonly downlinks: number;
	readonly sent: number;
}

export function stat({ gpsMs, received, sound, forwarded, acknowledged, downlinks, sent }: Stat) {
	const time = new Date(gpsMs + GPS_TO_UNIX_MS).toISOString().slice(0, 19).replace("T", " ");
	return {
		time: `${time} GMT`,
		lati: 0,
		long: 0,
		alti: 0,
		rxnb: received,
		rxok: sound,
		rxfw: forwarded,
		ackr: Math.round(10 * acknowledged) / 10,
		dwnb: downlinks,
		txnb: sent,
	};
}

/** What TX_ACK says of a frame. */
export function txAck(error: TxError, weaker: boolean) {
	return { txpk_ack: error === "NONE" && weaker ? { warn: "TX_POWER" } : { error } };
}
