import { BANDWIDTHS, type RegionTables as Region } from "../../net/lorawan/region-tables.js";
import { ADR_HISTORY, adapt } from "./adr.js";
import type { Received } from "./gateway.js";
import { type GatewayChannel, gatewayPlan } from "./gateway-plan.js";
import { DEVICE_TIME, LINK_CHECK, type MacRequest, parseAnswers } from "./mac-requests.js";
import { neededSnrDb } from "./radio-air.js";
import type { ServerDevice, ServerSession } from "./server-device.js";

/** Port of clock synchronisation. Source: TS003-1.0.0 §2. */
export const CLOCK_PORT = 202;
/** Uplinks without another try, after a device refused what ADR asked for. */
const ADR_PAUSE = 32;

/** A server's side of MAC commands: what devices ask and answer, their data rates, their clocks. */
export class LinkControl {
	/** Whether it sets data rates. */
	adr: boolean;
	readonly #region: Region;
	readonly #plan: readonly GatewayChannel[];
	/** GPS time of an instant, in milliseconds. */
	readonly #gpsMs: (atMs: number) => number;

	constructor(region: Region, adr: boolean, gpsMs: (atMs: number) => number) {
		this.#region = region;
		this.#plan = gatewayPlan(region);
		this.adr = adr;
		this.#gpsMs = gpsMs;
	}
	/**
	 * Reads a device's commands.
	 * @param best reception of the uplink that had them @param gateways how many heard it
	 * @returns what is to be answered
	 */
	read(device: ServerDevice, session: ServerSession, bytes: Uint8Array, best: Received, gateways: number): number[] {
		const out: number[] = [];
		const answers = parseAnswers(bytes);
		for (const { cid, kind, bytes: answer, done } of answers) {
			if (cid === LINK_CHECK) {
				const margin = Math.floor(best.snrDb - neededSnrDb(best.frame.spreadingFactor));
				out.push(LINK_CHECK, Math.max(0, Math.min(254, margin)), Math.min(255, gateways));
				continue;
			}
			if (cid === DEVICE_TIME) {
				const gps = this.#gpsMs(best.frame.endMs);
				const seconds = Math.floor(gps / 1000);
				const fraction = Math.floor(((gps - 1000 * seconds) * 256) / 1000);
				out.push(DEVICE_TIME, ...[0, 8, 16, 24].map((shift) => (seconds >>> shift) & 0xff), fraction);
				continue;
			}
			const at = session.asked.findIndex((each) => each.sent && each.request.kind === kind);
			if (at < 0) continue; // said again
			const [asked] = session.asked.splice(at, 1);
			if (kind === "devStatus") {
				const margin = answer[1]! & 0x3f;
				device.status = { battery: answer[0]!, snrDb: margin >= 32 ? margin - 64 : margin };
			}
			if (done) this.#apply(session, asked!.request);
			else if (kind === "linkAdr") session.adrPause = ADR_PAUSE;
			asked!.done?.(done, answer);
		}
		return out;
	}
	/** The device did what was asked. */
	#apply({ settings, history }: ServerSession, request: MacRequest) {
		switch (request.kind) {
			case "linkAdr":
				if (request.dataRate !== 15) settings.dataRate = request.dataRate;
				if (request.txPower !== 15) settings.txPower = request.txPower;
				settings.nbTrans = request.nbTrans || 1;
				history.length = 0;
				break;
			case "rxParamSetup":
				settings.rx1Offset = request.rx1Offset;
				settings.rx2Rate = request.rx2Rate;
				settings.rx2FrequencyHz = request.rx2FrequencyHz;
				break;
			case "newChannel": {
				const { channel, frequencyHz: hz, lowest, highest } = request;
				settings.channels[channel] = hz ? { hz, lowest, highest } : undefined;
				break;
			}
			case "dlChannel": {
				const channel = settings.channels[request.channel];
				if (channel) channel.downHz = request.frequencyHz;
				break;
			}
			case "rxTimingSetup":
				settings.rxDelay = request.seconds || 1;
				break;
			case "txParamSetup":
				settings.downDwell = request.downDwell;
				settings.upDwell = request.upDwell;
		}
	}
	/** Looks at the last uplinks, and asks for another data rate where that is right. */
	adapt(session: ServerSession, dataRate: number, fCnt: number, snrDb: number) {
		const { settings, history } = session;
		if (settings.dataRate !== dataRate) history.length = 0; // it went back by itself
		settings.dataRate = dataRate;
		history.push({ fCnt, snrDb });
		if (history.length > ADR_HISTORY) history.shift();
		if (session.adrPause > 0) session.adrPause--;
		if (!this.adr || history.length < ADR_HISTORY || session.adrPause > 0) return;
		if (session.asked.some(({ request }) => request.kind === "linkAdr")) return;
		const region = this.#region;
		const sent = history.at(-1)!.fCnt - history[0]!.fCnt + 1;
		const to = adapt(
			settings,
			history.map((each) => each.snrDb),
			1 - history.length / sent,
			{
				highest: this.#highest(session),
				lowestPower: region.lowestPower,
				spreadingFactor: (rate) => region.rates[rate]! & 15,
			},
		);
		if (to.dataRate === settings.dataRate && to.txPower === settings.txPower && to.nbTrans === settings.nbTrans) return;
		session.asked.push({ request: { kind: "linkAdr", ...to, ...this.mask(session) }, sent: false });
	}
	/** The highest data rate that the device's channels carry and the gateways hear. */
	#highest({ settings }: ServerSession): number {
		const region = this.#region;
		if (!region.groups.length) return Math.max(...settings.channels.map((channel) => channel?.highest ?? 0));
		const isHeard = (code: number) =>
			this.#plan.some(
				({ bandwidthHz, spreadingFactor }) =>
					bandwidthHz === BANDWIDTHS[code >> 4] && (spreadingFactor ?? code & 15) === (code & 15),
			);
		let rate = region.highest;
		while (rate > 0 && !(region.rates[rate] && isHeard(region.rates[rate]!))) rate--;
		return rate;
	}
	/** ChMask and ChMaskCntl of LinkADRReq that leave on what the network listens to. */
	mask({ settings }: ServerSession): { readonly mask: number; readonly control: number } {
		const { control, start } = this.#region;
		if (!control) {
			let mask = 0;
			settings.channels.forEach((channel, n) => {
				if (channel) mask |= 1 << n;
			});
			return { mask, control: 0 };
		}
		const all = start.slice(0, 4).every((word, n) => n >= control.words || word === 0xffff);
		if (all || control.banks < 0) return { mask: 0xff, control: control.allOn };
		let banks = 0;
		for (let n = 0; n < 8; n++) if (start[n >> 1]! & (0xff << (8 * (n & 1)))) banks |= 1 << n;
		return { mask: banks, control: control.banks };
	}
	/** AppTimeReq of TS003-1.0.0 §3.2: the correction of the device's clock. */
	clock(device: ServerDevice, payload: Uint8Array, endMs: number) {
		const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
		for (let at = 0; at < payload.length; ) {
			const command = payload[at]!;
			if (command === 1 && at + 6 <= payload.length) {
				const correction = (Math.floor(this.#gpsMs(endMs) / 1000) - view.getUint32(at + 1, true)) | 0;
				const param = payload[at + 5]!;
				if (correction !== 0 || param & 0x10) {
					const answer = new Uint8Array(6);
					answer[0] = 1;
					new DataView(answer.buffer).setInt32(1, correction, true);
					answer[5] = param & 15;
					device.queue = device.queue.filter(({ port }) => port !== CLOCK_PORT);
					device.queue.unshift({ port: CLOCK_PORT, payload: answer });
				}
				at += 6;
			} else if (command === 0) at += 3;
			else if (command === 2) at += 6;
			else return;
		}
	}
}
