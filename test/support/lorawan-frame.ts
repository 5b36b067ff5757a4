import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { BlockCipher } from "../../modules/core/ports.js";
import { Crypto, MIC_BYTES } from "../../net/lorawan/crypto.js";

/**
 * Frames of both directions, for servers in tests. The node's own are made and read in `net/lorawan/mac.ts`, which knows only
 * those of its direction.
 */

/** Frame types: TS001-1.0.4 §4.2.1. */
export const MType = Object.freeze({
	joinRequest: 0,
	joinAccept: 1,
	unconfirmedUp: 2,
	unconfirmedDown: 3,
	confirmedUp: 4,
	confirmedDown: 5,
	rejoinRequest: 6,
	proprietary: 7,
});
export type MType = (typeof MType)[keyof typeof MType];

/** Bytes of a data frame around FOpts and FRMPayload: MHDR 1, DevAddr 4, FCtrl 1, FCnt 2, MIC 4 (§4). */
export const FRAME_OVERHEAD = 12;
/** Most bytes of FOpts (§4.3.1.6). */
export const FOPTS_LARGEST = 15;
/** Most bytes of a PHYPayload that a LoRa frame carries. */
export const PHY_LARGEST = 255;
/** No bytes: one for all that hold none yet. */
export const NO_BYTES = new Uint8Array(0);

/** A data frame, up or down. One mutable instance is filled again and again. */
export class DataFrame {
	mType: MType = MType.unconfirmedUp;
	devAddr = 0;
	adr = false;
	/** Uplinks alone: ADRACKReq. */
	adrAckReq = false;
	ack = false;
	/** Downlinks: FPending. Uplinks: ClassB. */
	pending = false;
	/** The 16 low bits, as they are in the frame. */
	fCnt = 0;
	/** MAC commands in the header, 0 … 15 bytes. After {@link decodeData} a view of the frame. */
	fOpts: Uint8Array = NO_BYTES;
	/** 0 … 255; −1 where the frame has neither port nor payload. */
	fPort = -1;
	/** Encrypted or not, as the caller has it. After {@link decodeData} a view of the frame. */
	payload: Uint8Array = NO_BYTES;
}

/** Whether a type is a data frame's, and its direction: 0 up, 1 down; −1 for others. */
export function directionOf(mType: number): number {
	return mType >= MType.unconfirmedUp && mType <= MType.confirmedDown ? mType & 1 : -1;
}

/**
 * Writes a data frame without its MIC: MHDR, FHDR, FPort, FRMPayload.
 * @returns bytes written
 * @throws {DormouseError} `range` when FOpts are longer than 15 bytes, or there are FOpts and a payload on port 0, which
 * §4.3.1.6 forbids; `overflow` when it does not fit with the MIC, nothing is written then
 */
export function encodeData(frame: DataFrame, into: Uint8Array): number {
	const { fOpts, payload, fPort } = frame;
	if (fOpts.length > FOPTS_LARGEST || (fPort === 0 && fOpts.length > 0)) throw new DormouseError("range");
	const length = 8 + fOpts.length + (fPort < 0 ? 0 : 1 + payload.length);
	if (length + MIC_BYTES > into.length) throw new DormouseError("overflow");
	const view = new DataView(into.buffer, into.byteOffset);
	into[0] = frame.mType << 5;
	view.setUint32(1, frame.devAddr, true);
	into[5] =
		(frame.adr ? 0x80 : 0) |
		(frame.adrAckReq ? 0x40 : 0) |
		(frame.ack ? 0x20 : 0) |
		(frame.pending ? 0x10 : 0) |
		fOpts.length;
	view.setUint16(6, frame.fCnt, true);
	into.set(fOpts, 8);
	if (fPort >= 0) {
		into[8 + fOpts.length] = fPort;
		into.set(payload, 9 + fOpts.length);
	}
	return length;
}

/**
 * Reads a data frame of either direction. Its MIC is the last four bytes, for the caller to verify; views live as long as
 * `bytes`.
 * @returns undefined when it is one; `truncated` when bytes are missing, `type` when it is another frame's or another
 * major version's, `malformed` when it breaks §4.3
 */
export function decodeData(bytes: Uint8Array, frame: DataFrame): ErrorCode | undefined {
	const end = bytes.length - MIC_BYTES;
	if (end < 1) return "truncated";
	const mhdr = bytes[0]!;
	const direction = directionOf(mhdr >> 5);
	if (direction < 0 || (mhdr & 3) !== 0) return "type"; // Major: only LoRaWAN R1 (§4.2.2); the bits between are RFU
	if (end < 8) return "truncated";
	const fCtrl = bytes[5]!;
	const at = 8 + (fCtrl & 15);
	if (at > end) return "truncated";
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	frame.mType = (mhdr >> 5) as MType;
	frame.devAddr = view.getUint32(1, true);
	frame.adr = (fCtrl & 0x80) !== 0;
	frame.adrAckReq = direction === 0 && (fCtrl & 0x40) !== 0;
	frame.ack = (fCtrl & 0x20) !== 0;
	frame.pending = (fCtrl & 0x10) !== 0;
	frame.fCnt = view.getUint16(6, true);
	frame.fOpts = bytes.subarray(8, at);
	frame.fPort = at < end ? bytes[at]! : -1;
	frame.payload = bytes.subarray(Math.min(at + 1, end), end);
	// MAC commands are in one place or the other: else the frame is to be dropped silently (§4.3.1.6).
	return frame.fPort === 0 && at > 8 ? "malformed" : undefined;
}

/**
 * The MIC of a data frame `bytes[0 … length)` (§4.4).
 * @param cipher with NwkSKey
 * @param into its four bytes
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
	const crypto = new Crypto(cipher);
	into.set(crypto.cmac(crypto.head(0x49, direction, devAddr, fCnt, length), bytes, length).subarray(0, MIC_BYTES));
}

/**
 * Derives a session key (§6.2.6).
 * @param cipher with AppKey
 * @param kind 1 for NwkSKey, 2 for AppSKey
 * @param accept a Join-Accept, decrypted
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
	into.fill(0, at, at + 16);
	into[at] = kind;
	into.set(accept.subarray(1, 7), at + 1); // JoinNonce, NetID
	into[at + 7] = devNonce;
	into[at + 8] = devNonce >> 8;
	cipher.encrypt(into, at);
}
