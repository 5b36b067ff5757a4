import { equalBytes } from "../../modules/core/bytes.js";
import type { BlockCipher } from "../../modules/core/ports.js";
import { cmac } from "./cmac.js";
import { MIC_BYTES, MType } from "./frame.js";

const BLOCK = 16;
/** Bytes of a Join-Request (TS001-1.0.4 §6.2.5) and of a Join-Accept without and with CFList (§6.2.6). */
export const JOIN_REQUEST = 23;
export const JOIN_ACCEPT = 17;
export const JOIN_ACCEPT_LIST = 33;

/**
 * Encrypts or decrypts FRMPayload `bytes[from … to)` in place; both are the same.
 * Source: TS001-1.0.4 §4.3.3.
 * @param cipher with AppSKey, or on port 0 NwkSKey
 * @param direction 0 up, 1 down
 * @param fCnt all 32 bits
 */
export function cryptPayload(
	cipher: BlockCipher,
	direction: number,
	devAddr: number,
	fCnt: number,
	bytes: Uint8Array,
	from: number,
	to: number,
): void {
	const stream = new Uint8Array(BLOCK);
	for (let block = 1; from < to; block++) {
		fillBlock(stream, 1, direction, devAddr, fCnt, block);
		cipher.encrypt(stream);
		for (let n = 0; n < BLOCK && from < to; n++) bytes[from++]! ^= stream[n]!;
	}
}

/**
 * The MIC of a data frame `bytes[0 … length)`.
 * Source: TS001-1.0.4 §4.4. (LoRaWAN 1.1 has the counter of the frame that is acknowledged in it as well; 1.0.4 has not.)
 * @param cipher with NwkSKey
 */
export function dataMic(
	cipher: BlockCipher,
	direction: number,
	devAddr: number,
	fCnt: number,
	bytes: Uint8Array,
	length: number,
	into: Uint8Array,
): void {
	const head = new Uint8Array(BLOCK);
	fillBlock(head, 0x49, direction, devAddr, fCnt, length);
	cmac(cipher, head, bytes, length, into);
}

/** Blocks A_i and B_0 (§4.3.3, §4.4). */
function fillBlock(block: Uint8Array, kind: number, direction: number, devAddr: number, fCnt: number, last: number) {
	const view = new DataView(block.buffer);
	view.setUint32(0, kind << 24);
	view.setUint32(4, direction << 16); // the fifth byte is the last of four zeros, and DevAddr follows the direction
	view.setUint32(6, devAddr, true);
	view.setUint32(10, fCnt, true);
	view.setUint16(14, last & 0xff);
}

/**
 * Writes a Join-Request (§6.2.5).
 * @param cipher with AppKey
 * @param joinEui as printed, most significant byte first, as is `devEui`
 * @param into at least {@link JOIN_REQUEST} bytes
 */
export function encodeJoinRequest(
	cipher: BlockCipher,
	joinEui: Uint8Array,
	devEui: Uint8Array,
	devNonce: number,
	into: Uint8Array,
): void {
	into[0] = MType.joinRequest << 5;
	for (let n = 0; n < 8; n++) {
		into[1 + n] = joinEui[7 - n]!;
		into[9 + n] = devEui[7 - n]!;
	}
	into[17] = devNonce;
	into[18] = devNonce >> 8;
	const end = JOIN_REQUEST - MIC_BYTES;
	cmac(cipher, undefined, into, end, into.subarray(end, JOIN_REQUEST));
}

/**
 * Decrypts a Join-Accept in place and verifies it (§6.2.6): the server used AES decryption, so that encryption undoes it.
 * @param cipher with AppKey
 * @returns whether it is one for this key; its fields then stand in `bytes`, JoinNonce from the second byte on
 */
export function openJoinAccept(cipher: BlockCipher, bytes: Uint8Array): boolean {
	const { length } = bytes;
	if (length !== JOIN_ACCEPT && length !== JOIN_ACCEPT_LIST) return false;
	if ((bytes[0]! & 0xe3) !== MType.joinAccept << 5) return false;
	for (let at = 1; at < length; at += BLOCK) cipher.encrypt(bytes, at);
	const mic = new Uint8Array(MIC_BYTES);
	cmac(cipher, undefined, bytes, length - MIC_BYTES, mic);
	return equalBytes(mic, bytes.subarray(length - MIC_BYTES));
}

/**
 * Derives a session key (§6.2.6).
 * @param cipher with AppKey
 * @param kind 1 for NwkSKey, 2 for AppSKey
 * @param accept a Join-Accept that {@link openJoinAccept} took
 * @param into 16 bytes from `at` on
 */
export function deriveKey(
	cipher: BlockCipher,
	kind: 1 | 2,
	accept: Uint8Array,
	devNonce: number,
	into: Uint8Array,
	at: number,
): void {
	into.fill(0, at, at + BLOCK);
	into[at] = kind;
	into.set(accept.subarray(1, 7), at + 1); // JoinNonce, NetID
	into[at + 7] = devNonce;
	into[at + 8] = devNonce >> 8;
	cipher.encrypt(into, at);
}
