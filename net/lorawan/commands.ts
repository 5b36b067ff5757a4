import { Channels } from "./channels.js";
import { At } from "./region.js";
import { ANSWER_SIZES, Cell, DYNAMIC, Long, Word } from "./state.js";

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

/** MAC commands of downlinks and their answers. */
export class Commands extends Channels {
	/** What the last LinkCheckAns said: margin in dB, gateways; undefined when none came. */
	linkCheck: Uint8Array | undefined;
	/** DeviceTimeAns: milliseconds since 1980-01-06 (GPS time) at the end of the uplink; −1 when none came. */
	gpsMs = -1;

	/**
	 * Carries out the MAC commands of a downlink, in order; an unknown or a cut one ends them (§5).
	 * @param bytes FOpts, or the payload of port 0, decrypted
	 * @param snrDb of this downlink
	 * @throws {DormouseError} `flash`
	 */
	protected run(bytes: Uint8Array, snrDb: number): void {
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
