import type { Region } from "../../net/lorawan/region.js";
import { type RegionTables, tablesOf } from "../../net/lorawan/region-tables.js";
import type { LoraFrame } from "../chips/lora-air.js";
import { rateOf } from "../lora/gateway-plan.js";
import type { RadioUse } from "./wired-radio.js";

/** MType of a Join-Request, in MHDR's upper bits: TS001-1.0.4 §4.2.1. */
const JOIN_REQUEST = 0;

/** What a node's LoRa radio did in all its wakes. */
export class LoraTally {
	/** Join-Requests, and all other frames. */
	joins = 0;
	frames = 0;
	/** Bytes of all of them. */
	bytes = 0;
	/** Milliseconds on air. */
	airtimeMs = 0;
	sendMs = 0;
	listenMs = 0;
	/** Microcoulombs: of sending, of listening, and of all, in wakes. */
	sendUc = 0;
	listenUc = 0;
	chargeUc = 0;
	/** Frames by data rate, those of joins too. */
	readonly byRate: number[] = [];
	readonly #region: RegionTables;

	constructor(region: Region) {
		this.#region = tablesOf(region);
	}
	add({ frames, sendMs, listenMs, sendUc, listenUc, chargeUc }: RadioUse): void {
		this.sendMs += sendMs;
		this.listenMs += listenMs;
		this.sendUc += sendUc;
		this.listenUc += listenUc;
		this.chargeUc += chargeUc;
		for (const frame of frames) {
			if (isJoin(frame)) this.joins++;
			else this.frames++;
			this.bytes += frame.bytes.length;
			this.airtimeMs += frame.endMs - frame.startMs;
			const rate = rateOf(this.#region, frame.spreadingFactor, frame.bandwidthHz);
			this.byRate[rate] = (this.byRate[rate] ?? 0) + 1;
		}
	}
}

/** Whether a frame is a Join-Request. */
export function isJoin({ bytes }: LoraFrame): boolean {
	return bytes[0]! >> 5 === JOIN_REQUEST;
}
