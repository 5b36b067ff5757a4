import type { Session } from "./session.js";

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

/** Bytes behind the identifier, by identifier: in downlinks, and in the answers; −1 where none is known. */
const DOWN: readonly number[] = Object.freeze([-1, -1, 2, 4, 1, 4, 0, 5, 1, 1, 4, -1, -1, 5]);
const UP: readonly number[] = Object.freeze([-1, -1, 0, 1, 0, 1, 2, 1, 0, 0, 1, -1, -1, 0]);

/** MaxEIRP of TxParamSetupReq, in dBm: TS001-1.0.4 §5.9, table 45. */
const EIRP = Uint8Array.of(8, 10, 12, 13, 14, 16, 18, 20, 21, 24, 26, 27, 29, 30, 33, 36);

/** Most bytes of answers that wait. */
const ANSWERS = 48;

/** What a downlink's MAC commands came to. */
export interface CommandOutcome {
	/** Whether settings changed, and channels among them: they are to be saved. */
	changed: boolean;
	channels: boolean;
	/** LinkCheckAns: margin in dB and gateways; −1 when none came. */
	margin: number;
	gateways: number;
	/** DeviceTimeAns: milliseconds since 1980-01-06 (GPS time) at the end of the uplink; −1 when none came. */
	gpsMs: number;
}

/** Answers to MAC commands, in order, until they may go. */
export class Answers {
	readonly bytes = new Uint8Array(ANSWERS);
	length = 0;

	/**
	 * After an uplink took them: what is to be said once goes. RXParamSetupAns, RXTimingSetupAns, TxParamSetupAns and
	 * DlChannelAns are said in each uplink until a downlink comes (TS001-1.0.4 §5.4, §5.7, §5.8, §5.9).
	 */
	sent(): void {
		const { bytes, length } = this;
		this.length = 0;
		for (let at = 0; at < length; ) {
			const cid = bytes[at]!;
			const next = at + 1 + UP[cid]!;
			if (cid === Cid.rxParamSetup || (cid >= Cid.rxTimingSetup && cid <= Cid.dlChannel)) {
				bytes.copyWithin(this.length, at, next);
				this.length += next - at;
			}
			at = next;
		}
	}
	/** How many of the first bytes are whole answers that fit `room`. */
	fitting(room: number): number {
		let at = 0;
		while (at < this.length && at + 1 + UP[this.bytes[at]!]! <= room) at += 1 + UP[this.bytes[at]!]!;
		return at;
	}
	/** Adds an answer; one that has no more room is left out, and the network asks again. */
	add(cid: number, first = 0, second = 0): void {
		const size = 1 + UP[cid]!;
		if (this.length + size > ANSWERS) return;
		this.bytes[this.length] = cid;
		if (size > 1) this.bytes[this.length + 1] = first;
		if (size > 2) this.bytes[this.length + 2] = second;
		this.length += size;
	}
}

/**
 * Carries out the MAC commands of a downlink, in order; an unknown or a cut one ends them (TS001-1.0.4 §5).
 * @param bytes FOpts, or the payload of port 0, decrypted
 * @param snrDb of this downlink
 * @param battery 1 … 254, 0 for external power, 255 when not known
 */
export function runCommands(
	bytes: Uint8Array,
	s: Session,
	answers: Answers,
	snrDb: number,
	battery: number,
	out: CommandOutcome,
): void {
	const { plan } = s;
	const { region } = plan;
	const dynamic = region.channels.length > 0;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const usable = (frequency: number) => region.bands.some(({ low, high }) => frequency >= low && frequency < high);
	const frequencyAt = (at: number) => bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
	for (let at = 0; at < bytes.length; ) {
		const cid = bytes[at]!;
		const size = DOWN[cid] ?? -1;
		if (size < 0 || at + 1 + size > bytes.length) return;
		const from = at + 1;
		at = from + size;
		const first = bytes[from]!; // undefined for DevStatusReq alone, which does not look
		switch (cid) {
			case Cid.linkCheck:
				out.margin = first;
				out.gateways = bytes[from + 1]!;
				break;
			case Cid.linkAdr: {
				// All that follow each other are one command: one mask, and the last one's other settings (§5.2).
				const mask = plan.mask.slice();
				let good = true;
				let count = 0;
				for (let next = from; ; next = at + 1, at += 5) {
					count++;
					good = plan.control(mask, (bytes[next + 3]! >> 4) & 7, view.getUint16(next + 1, true)) && good;
					if (bytes[at] !== Cid.linkAdr || at + 5 > bytes.length) break;
				}
				const last = at - 4;
				const rate = bytes[last]! >> 4 === 15 ? s.rate : bytes[last]! >> 4;
				const power = (bytes[last]! & 15) === 15 ? s.power : bytes[last]! & 15;
				good = good && mask.some((word) => word > 0);
				const status =
					(good ? 1 : 0) |
					(rate <= region.highest && s.size(rate) && plan.reaches(rate, good ? mask : plan.mask) ? 2 : 0) |
					(power <= region.lowestPower ? 4 : 0);
				if (status === 7) {
					plan.mask.set(mask);
					s.rate = rate;
					s.power = power;
					s.nbTrans = bytes[last + 3]! & 15 || 1;
					out.changed = true;
				}
				while (count-- > 0) answers.add(cid, status);
				break;
			}
			case Cid.dutyCycle:
				s.maxDuty = first & 15;
				out.changed = true;
				answers.add(cid);
				break;
			case Cid.rxParamSetup: {
				const offset = (first >> 4) & 7;
				const frequency = frequencyAt(from + 1);
				const status =
					(usable(frequency) ? 1 : 0) | (region.rates[first & 15] ? 2 : 0) | (offset < region.rx1Offsets ? 4 : 0);
				if (status === 7) {
					s.rx1Offset = offset;
					s.rx2Rate = first & 15;
					s.rx2Frequency = frequency;
					out.changed = true;
				}
				answers.add(cid, status);
				break;
			}
			case Cid.devStatus:
				answers.add(cid, battery, Math.max(-32, Math.min(31, Math.round(snrDb))) & 0x3f);
				break;
			case Cid.newChannel:
			case Cid.dlChannel: {
				if (!dynamic) break; // not for fixed plans: dropped silently
				const frequency = frequencyAt(from + 1);
				const status =
					cid === Cid.newChannel
						? plan.define(first, frequency, bytes[from + 4]!, usable(frequency))
						: plan.defineDown(first, frequency, usable(frequency));
				if (status === 3) out.changed = out.channels = true;
				answers.add(cid, status);
				break;
			}
			case Cid.rxTimingSetup:
				s.rxDelay = first & 15 || 1;
				out.changed = true;
				answers.add(cid);
				break;
			case Cid.txParamSetup:
				if (!region.dwellSizes) break; // not in this region: dropped silently (§5.9)
				s.downDwell = (first & 0x20) !== 0;
				s.upDwell = (first & 0x10) !== 0;
				s.eirp = EIRP[first & 15]!;
				out.changed = true;
				answers.add(cid);
				break;
			case Cid.deviceTime:
				out.gpsMs = view.getUint32(from, true) * 1000 + (bytes[from + 4]! * 1000) / 256;
		}
	}
}
