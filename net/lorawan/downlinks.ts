import { Channels } from "./channels.js";
import { MIC_BYTES } from "./crypto.js";
import { At } from "./region.js";
import { ANSWER_SIZES, Cell, DEFAULT_RATES, DYNAMIC, Long, Time, Word } from "./state.js";

/** Identifiers of MAC commands: TS001-1.0.4 §5, table 15. */
export const Cid = Object.freeze({
	linkCheck: 0x02,
	linkAdr: 0x03,
	dutyCycle: 0x04,
	rxParamSetup: 0x05,
	devStatus: 0x06,
	newChannel: 0x07,
	rxTimingSetup: 0x08,
	txParamSetup: 0x09,
	dlChannel: 0x0a,
	deviceTime: 0x0d,
});

/** Bytes of a Join-Accept without CFList (§6.2.6), and of CFList. */
const JOIN_ACCEPT = 17;
const CF_LIST = 16;
/** Bytes of a data frame before FOpts: MHDR, DevAddr, FCtrl, FCnt (§4). */
export const HEAD = 8;

/** What downlinks bring: a session, data, acknowledgements, MAC commands and the answers to these. */
export class Downlinks extends Channels {
	/** Of the downlink at hand: its port and SNR in dB (of a sensed channel: dBm). Of the uplink: whether it was acknowledged. */
	port!: number;
	level!: number;
	acknowledged!: boolean;
	/** Of the uplink at hand: its data rate and channel; whether it is a Join-Request, with which DevNonce; if it was answered. */
	protected rate!: number;
	protected channel!: number;
	protected joining = false;
	protected devNonce!: number;
	protected answered!: boolean;
	/** The last downlink was confirmed and is not taken yet. */
	protected unaccepted!: boolean;
	/** The network waits for an uplink, filled or not. */
	protected urged!: boolean;
	/** What is to be told of the downlink at hand. */
	protected down: Uint8Array | undefined;

	/** What the last LinkCheckAns said: margin in dB, gateways; undefined when none came. */
	linkCheck: Uint8Array | undefined;
	/** DeviceTimeAns: milliseconds since 1980-01-06 (GPS time) at the end of the uplink; −1 when none came. */
	gpsMs = -1;

	/** The downlink at hand was durably taken: the next uplink acknowledges it, if it was confirmed. */
	accept(): void {
		if (this.unaccepted) this.ackDue = this.urged = true;
		this.unaccepted = false;
	}
	/** Takes what was received. @returns whether it is for this node and sound; nothing has changed otherwise */
	protected takeAccept(bytes: Uint8Array): boolean {
		const { options, data, cell, longs } = this;
		const { otaa } = options;
		const { length } = bytes;
		// MHDR: MType 1, Major 0; the bits between are RFU.
		if ((length !== JOIN_ACCEPT && length !== JOIN_ACCEPT + CF_LIST) || (bytes[0]! & 0xe3) !== 0x20) return false;
		// The server used AES decryption, so that encryption undoes it (§6.2.6).
		this.cipher.setKey(otaa!.appKey);
		for (let at = 1; at < length; at += 16) this.cipher.encrypt(bytes, at);
		if (!this.isSealed(undefined, bytes)) return false;
		const view = new DataView(bytes.buffer);
		const joinNonce = (view.getUint32(0, true) >>> 8) + 1;
		const last = longs[Long.joinNonce]!;
		if (this.settings.joinNonceCounts ? joinNonce <= last : joinNonce === last) return false; // a replay
		this.reset();
		longs[Long.joinNonce] = joinNonce;
		longs[Long.generation] = this.devNonce + 1;
		longs[Long.devAddr] = view.getUint32(7, true);
		// NwkSKey and AppSKey: 1 or 2, JoinNonce, NetID, DevNonce (§6.2.6).
		for (let kind = 1; kind < 3; kind++) {
			const at = Cell.keys - 16 + 16 * kind;
			cell.fill(0, at, at + 16);
			cell[at] = kind;
			cell.set(bytes.subarray(1, 7), at + 1);
			cell[at + 7] = this.devNonce;
			cell[at + 8] = this.devNonce >> 8;
			this.cipher.encrypt(cell, at);
		}
		const settings = bytes[11]!;
		const offset = (settings >> 4) & 7;
		if (offset < data[At.rx1Offsets]!) cell[Cell.rx1Offset] = offset;
		if (data[At.rates + (settings & 15)]! && (settings & 15) < 14) cell[Cell.rx2Rate] = settings & 15;
		cell[Cell.rxDelay] = bytes[12]! & 15 || 1;
		longs[Long.rx2Frequency] = this.joinRx2();
		if (length > JOIN_ACCEPT) this.list(bytes);
		this.words.fill(0, 0, Word.joinPeriod);
		this.words[Word.rate] = this.rate; // what was heard once is heard again
		this.waiting = 0;
		this.ackDue = this.unaccepted = false;
		this.answered = true;
		this.save(true);
		return true;
	}
	/** The CFList of a Join-Accept (RP002-1.0.4 §2.3.1, §2.3.2). */
	private list(bytes: Uint8Array) {
		const { data, words } = this;
		const view = new DataView(bytes.buffer);
		const type = bytes[28]!;
		if (data[At.defaults]) {
			// Of type 1 is for fixed plans alone.
			for (let n = 0; n < 5 && !type; n++) {
				const frequency = view.getUint32(12 + 3 * n, true) >>> 8;
				if (frequency) this.define(data[At.defaults]! + n, frequency, DEFAULT_RATES);
			}
			return;
		}
		const mask = words.slice(Word.mask);
		for (let n = 0; n < data[At.words]!; n++) mask[n] = view.getUint16(13 + 2 * n, true) & (n > 3 ? 0xff : 0xffff);
		if (type === 1 && mask.some((word) => word > 0)) words.set(mask, Word.mask);
	}
	protected takeData(bytes: Uint8Array): boolean {
		const { words, longs, cell } = this;
		const end = bytes.length - MIC_BYTES;
		const view = new DataView(bytes.buffer);
		const type = bytes[0]! >> 5;
		const at = HEAD + (bytes[5]! & 15);
		// MType 3 or 5, Major 0 (§4.2); FOpts are in the frame, and not beside port 0 (§4.3.1.6).
		if (end < HEAD || (type !== 3 && type !== 5) || bytes[0]! & 3 || at > end) return false;
		const port = at < end ? bytes[at]! : -1;
		const devAddr = longs[Long.devAddr]!;
		if ((!port && at > HEAD) || view.getUint32(1, true) !== devAddr) return false;
		// The counter's high half follows from the last one: strictly greater, by whatever it takes (§4.3.1.5).
		const least = this.fCntDown;
		const last = Math.max(0, least - 1);
		let fCnt = last - (last % 0x1_0000) + view.getUint16(6, true);
		if (fCnt < least) fCnt += 0x1_0000;
		if (fCnt > 0xffff_fffe) return false;
		this.cipher.setKey(cell, Cell.keys);
		if (!this.isSealed(this.head(0x49, 1, devAddr, fCnt, end), bytes)) return false;
		this.saveCounters(this.times[Time.fCntLimit]!, fCnt + 1);
		words[Word.quiet] = words[Word.silent] = 0;
		this.waiting = 0; // what was said until a downlink came
		this.acknowledged = (bytes[5]! & 0x20) > 0;
		this.answered = true;
		if (bytes[5]! & 0x10) this.urged = true; // FPending
		this.unaccepted = type === 5;
		this.cipher.setKey(cell, port ? Cell.keys + 16 : Cell.keys);
		this.crypt(1, devAddr, fCnt, bytes, at + 1, end);
		this.run(port ? bytes.subarray(HEAD, at) : bytes.subarray(at + 1, end), this.level);
		this.down = undefined;
		if (port > 0 && port < 224) {
			this.down = bytes.subarray(at + 1, end);
			this.port = port;
		} else this.accept();
		return true;
	}
	/** RX2 of a join on the channel at hand, and after it. */
	protected joinRx2(): number {
		const { data } = this;
		if (!data[At.joinRx2]) return data[At.rx2Frequency]!;
		return data[At.joinRx2]! + (data[At.joinRx2Step]! * (this.channel - data[At.joinFirst]!)) / data[At.joinStep]!;
	}
	/**
	 * Carries out the MAC commands of a downlink, in order; an unknown or a cut one ends them (§5).
	 * @param bytes FOpts, or the payload of port 0, decrypted
	 * @param snrDb of this downlink
	 * @throws {DormouseError} `flash`
	 */
	private run(bytes: Uint8Array, snrDb: number): void {
		const { data, cell, words, channels } = this;
		const view = new DataView(bytes.buffer, bytes.byteOffset);
		let settings = false;
		let plan = false;
		for (let at = 0; at < bytes.length; ) {
			const cid = bytes[at]!;
			const from = at + 1;
			// Bytes behind the identifier, from 2 on; not a number where none is known.
			at = from + +"241405114xx5"[cid - 2]!;
			if (!(at <= bytes.length)) break;
			const first = bytes[from]!; // undefined for DevStatusReq alone, which does not look
			const low = first & 15;
			const high = (first >> 4) & 7;
			// In those that have one.
			const frequency = bytes[from + 1]! | (bytes[from + 2]! << 8) | (bytes[from + 3]! << 16);
			const usable = this.bandOf(frequency) ? 1 : 0;
			let status = -1; // no answer
			let margin = 0;
			switch (cid) {
				case Cid.linkCheck:
					this.linkCheck = bytes.slice(from, at);
					break;
				case Cid.linkAdr: {
					// All that follow each other are one command: one mask, and the last one's other settings (§5.2).
					const before = words.slice();
					let last = from;
					let good = true;
					for (;;) {
						good = this.control((bytes[last + 3]! >> 4) & 7, view.getUint16(last + 1, true)) && good;
						if (bytes[at] !== cid || at + 5 > bytes.length) break;
						last = at + 1;
						at += 5;
					}
					if (words.subarray(Word.mask).every((word) => !word)) good = false;
					if (!good) words.set(before);
					let rate = bytes[last]! >> 4;
					let power = bytes[last]! & 15;
					if (rate === 15) rate = words[Word.rate]!;
					if (power === 15) power = words[Word.power]!;
					status =
						(good ? 1 : 0) |
						(rate <= data[At.highest]! && this.size(rate) ? 2 : 0) |
						(power <= data[At.lowestPower]! ? 4 : 0);
					if (status === 7) {
						words[Word.rate] = rate;
						words[Word.power] = power;
						words[Word.nbTrans] = bytes[last + 3]! & 15 || 1;
						settings = true;
					} else words.set(before);
					for (let each = from; each < last; each += 5) this.answer(cid, status, 0);
					break;
				}
				case Cid.dutyCycle:
					cell[Cell.maxDuty] = low;
					settings = true;
					status = 0;
					break;
				case Cid.rxParamSetup:
					status = usable | (data[At.rates + low] && low < 14 ? 2 : 0) | (high < data[At.rx1Offsets]! ? 4 : 0);
					if (status === 7) {
						cell[Cell.rx1Offset] = high;
						cell[Cell.rx2Rate] = low;
						this.longs[Long.rx2Frequency] = frequency;
						settings = true;
					}
					break;
				case Cid.devStatus:
					status = this.settings.battery?.(this.options.node.report.values) ?? 255;
					margin = Math.max(-32, Math.min(31, Math.round(snrDb))) & 0x3f;
					break;
				case Cid.newChannel:
				case Cid.dlChannel:
					if (!data[At.defaults]) break; // not for fixed plans: dropped silently
					if (cid === Cid.newChannel) status = this.define(first, frequency, bytes[from + 4]!);
					else {
						status = usable | (first < DYNAMIC && channels[first] ? 2 : 0);
						if (status === 3) channels[DYNAMIC + first] = frequency;
					}
					plan ||= status === 3;
					break;
				case Cid.rxTimingSetup:
					cell[Cell.rxDelay] = low || 1;
					settings = true;
					status = 0;
					break;
				case Cid.txParamSetup:
					if (!data[At.dwell]) break; // not in this region: dropped silently (§5.9)
					cell[Cell.dwell] = high & 3; // bit 5 is the downlinks', bit 4 the uplinks'
					// MaxEIRP in dBm, and 64: §5.9, table 45.
					this.longs[Long.eirp] = 100 * ("HJLMNPRTUXZ[]^ad".charCodeAt(low) - 64);
					settings = true;
					status = 0;
					break;
				case Cid.deviceTime:
					this.gpsMs = view.getUint32(from, true) * 1000 + (bytes[from + 4]! * 1000) / 256;
			}
			if (status >= 0) this.answer(cid, status, margin);
		}
		if (settings || plan) this.save(plan);
	}
	/**
	 * After an uplink took the answers: what is to be said once goes. RXParamSetupAns, RXTimingSetupAns, TxParamSetupAns and
	 * DlChannelAns are said in each uplink until a downlink comes (§5.4, §5.7, §5.8, §5.9).
	 */
	protected said(): void {
		const said = this.answers.slice(0, this.waiting);
		this.waiting = 0;
		for (let at = 0; at < said.length; ) {
			const cid = said[at++]!;
			if (cid === Cid.rxParamSetup || (cid >= Cid.rxTimingSetup && cid <= Cid.dlChannel))
				this.answer(cid, said[at]!, 0);
			at += (ANSWER_SIZES >> (2 * cid)) & 3;
		}
	}
	/** Adds an answer; one that has no more room is left out, and the network asks again. */
	private answer(cid: number, first: number, second: number) {
		const { answers, waiting } = this;
		const end = waiting + 1 + ((ANSWER_SIZES >> (2 * cid)) & 3);
		if (end > answers.length) return;
		answers[waiting] = cid;
		answers[waiting + 1] = first;
		answers[waiting + 2] = second;
		this.waiting = end;
	}
}
