import { createCipheriv, createDecipheriv } from "node:crypto";

/**
 * Frames and keys of LoRaWAN 1.0.x as a network server needs them, on Node's AES; written from TS001-1.0.4 apart from the
 * firmware's.
 */

const MIC = 4;
const JOIN_REQUEST = 23;
/** FHDR without FOpts, and MHDR. */
const HEAD = 8;

export interface JoinRequest {
	readonly kind: "join";
	/** 16 hexadecimal digits, most significant first. */
	readonly joinEui: string;
	readonly devEui: string;
	readonly devNonce: number;
}

export interface DataUp {
	readonly kind: "data";
	readonly confirmed: boolean;
	readonly devAddr: number;
	readonly adr: boolean;
	readonly adrAckReq: boolean;
	readonly ack: boolean;
	/** Its low 16 bits. */
	readonly fCnt: number;
	readonly fOpts: Uint8Array;
	/** −1 for none. */
	readonly port: number;
	/** Encrypted. */
	readonly payload: Uint8Array;
}

/** Reads an uplink; undefined when it is none of LoRaWAN R1 that a device may send. */
export function parseUplink(bytes: Uint8Array): JoinRequest | DataUp | undefined {
	const type = bytes[0]! >> 5;
	if (bytes.length < HEAD + MIC || (bytes[0]! & 3) !== 0) return undefined;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	if (type === 0) {
		if (bytes.length !== JOIN_REQUEST) return undefined;
		return { kind: "join", joinEui: eui(bytes, 1), devEui: eui(bytes, 9), devNonce: view.getUint16(17, true) };
	}
	if (type !== 2 && type !== 4) return undefined;
	const control = bytes[5]!;
	const options = HEAD + (control & 15);
	const end = bytes.length - MIC;
	if (options > end) return undefined;
	const port = options < end ? bytes[options]! : -1;
	if (port === 0 && options > HEAD) return undefined; // FOpts beside port 0: TS001-1.0.4 §4.3.1.6
	return {
		kind: "data",
		confirmed: type === 4,
		devAddr: view.getUint32(1, true),
		adr: (control & 0x80) !== 0,
		adrAckReq: (control & 0x40) !== 0,
		ack: (control & 0x20) !== 0,
		fCnt: view.getUint16(6, true),
		fOpts: bytes.slice(HEAD, options),
		port,
		payload: bytes.slice(Math.min(end, options + 1), end),
	};
}

/** What a Join-Accept tells. */
export interface JoinAccept {
	readonly joinNonce: number;
	readonly netId: number;
	readonly devAddr: number;
	readonly dlSettings: number;
	readonly rxDelay: number;
	/** 16 bytes. */
	readonly cfList?: Uint8Array;
}

/** The frame of a Join-Accept: MIC, then AES decryption, so that a device needs encryption alone (§6.2.3). */
export function encodeJoinAccept(appKey: Uint8Array, accept: JoinAccept): Uint8Array {
	const bytes = new Uint8Array(accept.cfList ? 33 : 17);
	const view = new DataView(bytes.buffer);
	bytes[0] = 1 << 5;
	for (let n = 0; n < 3; n++) {
		bytes[1 + n] = accept.joinNonce >>> (8 * n);
		bytes[4 + n] = accept.netId >>> (8 * n);
	}
	view.setUint32(7, accept.devAddr, true);
	bytes[11] = accept.dlSettings;
	bytes[12] = accept.rxDelay;
	if (accept.cfList) bytes.set(accept.cfList, 13);
	bytes.set(cmac(appKey, bytes.subarray(0, bytes.length - MIC)).subarray(0, MIC), bytes.length - MIC);
	const cipher = createDecipheriv("aes-128-ecb", appKey, null).setAutoPadding(false);
	bytes.set(cipher.update(bytes.subarray(1)), 1);
	return bytes;
}

/** NwkSKey and AppSKey of a join (§6.2.3). */
export function sessionKeys(appKey: Uint8Array, joinNonce: number, netId: number, devNonce: number) {
	const key = (kind: number) => {
		const block = new Uint8Array(16);
		block[0] = kind;
		for (let n = 0; n < 3; n++) {
			block[1 + n] = joinNonce >>> (8 * n);
			block[4 + n] = netId >>> (8 * n);
		}
		block[7] = devNonce;
		block[8] = devNonce >> 8;
		return encrypt(appKey, block);
	};
	return { nwkSKey: key(1), appSKey: key(2) };
}

/** Whether a Join-Request's MIC is right. */
export function isJoinSound(appKey: Uint8Array, bytes: Uint8Array): boolean {
	return equal(cmac(appKey, bytes.subarray(0, bytes.length - MIC)), bytes.subarray(bytes.length - MIC));
}

/** Whether a data uplink's MIC is right. @param fCnt all 32 bits */
export function isDataSound(nwkSKey: Uint8Array, devAddr: number, fCnt: number, bytes: Uint8Array): boolean {
	const body = bytes.subarray(0, bytes.length - MIC);
	return equal(dataMic(nwkSKey, 0, devAddr, fCnt, body), bytes.subarray(bytes.length - MIC));
}

/** A downlink before encryption. */
export interface DataDown {
	readonly confirmed: boolean;
	readonly devAddr: number;
	readonly adr: boolean;
	readonly ack: boolean;
	readonly pending: boolean;
	/** All 32 bits. */
	readonly fCnt: number;
	readonly fOpts: Uint8Array;
	/** −1 for none. */
	readonly port: number;
	readonly payload: Uint8Array;
}

/** Its frame. */
export function encodeDataDown(nwkSKey: Uint8Array, appSKey: Uint8Array, down: DataDown): Uint8Array {
	const { fOpts, port, payload, devAddr, fCnt } = down;
	const length = HEAD + fOpts.length + (port < 0 ? 0 : 1 + payload.length);
	const bytes = new Uint8Array(length + MIC);
	const view = new DataView(bytes.buffer);
	bytes[0] = (down.confirmed ? 5 : 3) << 5;
	view.setUint32(1, devAddr, true);
	bytes[5] = (down.adr ? 0x80 : 0) | (down.ack ? 0x20 : 0) | (down.pending ? 0x10 : 0) | fOpts.length;
	view.setUint16(6, fCnt & 0xffff, true);
	bytes.set(fOpts, HEAD);
	if (port >= 0) {
		bytes[HEAD + fOpts.length] = port;
		bytes.set(cryptPayload(port === 0 ? nwkSKey : appSKey, 1, devAddr, fCnt, payload), HEAD + fOpts.length + 1);
	}
	bytes.set(dataMic(nwkSKey, 1, devAddr, fCnt, bytes.subarray(0, length)).subarray(0, MIC), length);
	return bytes;
}

/** Encrypts or decrypts a payload (§4.3.3). @param direction 0 up, 1 down */
export function cryptPayload(
	key: Uint8Array,
	direction: 0 | 1,
	devAddr: number,
	fCnt: number,
	payload: Uint8Array,
): Uint8Array {
	const out = payload.slice();
	const block = ownBlock(1, direction, devAddr, fCnt);
	for (let at = 0; at < out.length; at += 16) {
		block[15] = at / 16 + 1;
		const stream = encrypt(key, block);
		for (let n = at; n < Math.min(out.length, at + 16); n++) out[n]! ^= stream[n - at]!;
	}
	return out;
}

/** AES-CMAC (RFC 4493), all 16 bytes. */
export function cmac(key: Uint8Array, message: Uint8Array): Uint8Array {
	let subkey = doubled(encrypt(key, new Uint8Array(16)));
	const blocks = Math.max(1, Math.ceil(message.length / 16));
	const padded = new Uint8Array(16 * blocks);
	padded.set(message);
	if (message.length !== padded.length || message.length === 0) {
		subkey = doubled(subkey);
		padded[message.length] = 0x80;
	}
	const last = padded.length - 16;
	for (let n = 0; n < 16; n++) padded[last + n]! ^= subkey[n]!;
	const cipher = createCipheriv("aes-128-cbc", key, new Uint8Array(16)).setAutoPadding(false);
	return new Uint8Array(cipher.update(padded)).subarray(last);
}

function dataMic(key: Uint8Array, direction: 0 | 1, devAddr: number, fCnt: number, body: Uint8Array): Uint8Array {
	const message = new Uint8Array(16 + body.length);
	message.set(ownBlock(0x49, direction, devAddr, fCnt));
	message[15] = body.length;
	message.set(body, 16);
	return cmac(key, message);
}

/** A and B0 blocks: §4.3.3, §4.4. */
function ownBlock(kind: number, direction: 0 | 1, devAddr: number, fCnt: number): Uint8Array {
	const block = new Uint8Array(16);
	const view = new DataView(block.buffer);
	block[0] = kind;
	block[5] = direction;
	view.setUint32(6, devAddr, true);
	view.setUint32(10, fCnt, true);
	return block;
}

function encrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
	return new Uint8Array(createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(block));
}

function doubled(value: Uint8Array): Uint8Array {
	const out = value.map((byte, n) => ((byte << 1) | ((value[n + 1] ?? 0) >> 7)) & 0xff);
	if (value[0]! & 0x80) out[15]! ^= 0x87;
	return out;
}

function equal(whole: Uint8Array, mic: Uint8Array): boolean {
	return mic.length === MIC && mic.every((byte, n) => byte === whole[n]);
}

function eui(bytes: Uint8Array, at: number): string {
	return [...bytes.subarray(at, at + 8)]
		.reverse()
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("");
}
