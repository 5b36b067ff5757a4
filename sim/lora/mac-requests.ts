/** MAC commands that a network server sends, with what they set. Source: TS001-1.0.4 §5. */
export type MacRequest =
	| {
			readonly kind: "linkAdr";
			readonly dataRate: number;
			readonly txPower: number;
			readonly nbTrans: number;
			readonly mask: number;
			readonly control: number;
	  }
	/** Aggregated duty cycle: 1 / 2^`exponent`. */
	| { readonly kind: "dutyCycle"; readonly exponent: number }
	| {
			readonly kind: "rxParamSetup";
			readonly rx1Offset: number;
			readonly rx2Rate: number;
			readonly rx2FrequencyHz: number;
	  }
	| { readonly kind: "devStatus" }
	/** A frequency of 0 removes the channel. */
	| {
			readonly kind: "newChannel";
			readonly channel: number;
			readonly frequencyHz: number;
			readonly lowest: number;
			readonly highest: number;
	  }
	| { readonly kind: "rxTimingSetup"; readonly seconds: number }
	/** `eirp` is the code of §5.9, 0 … 15. */
	| { readonly kind: "txParamSetup"; readonly downDwell: boolean; readonly upDwell: boolean; readonly eirp: number }
	| { readonly kind: "dlChannel"; readonly channel: number; readonly frequencyHz: number };

export type MacKind = MacRequest["kind"];

/** Identifiers, and bytes of the device's answer behind it. */
const CIDS: Readonly<Record<MacKind, readonly [cid: number, answer: number]>> = Object.freeze({
	linkAdr: [0x03, 1],
	dutyCycle: [0x04, 0],
	rxParamSetup: [0x05, 1],
	devStatus: [0x06, 2],
	newChannel: [0x07, 1],
	rxTimingSetup: [0x08, 0],
	txParamSetup: [0x09, 0],
	dlChannel: [0x0a, 1],
});
/** Requests of a device's own: LinkCheckReq, DeviceTimeReq. */
export const LINK_CHECK = 0x02;
export const DEVICE_TIME = 0x0d;

/** A command's bytes. */
export function encodeRequest(request: MacRequest): number[] {
	const cid = CIDS[request.kind][0];
	const frequency = (hz: number) => [0, 8, 16].map((shift) => (Math.round(hz / 100) >> shift) & 0xff);
	switch (request.kind) {
		case "linkAdr": {
			const { dataRate, txPower, nbTrans, mask, control } = request;
			return [cid, (dataRate << 4) | txPower, mask & 0xff, mask >> 8, (control << 4) | nbTrans];
		}
		case "dutyCycle":
			return [cid, request.exponent];
		case "rxParamSetup":
			return [cid, (request.rx1Offset << 4) | request.rx2Rate, ...frequency(request.rx2FrequencyHz)];
		case "devStatus":
			return [cid];
		case "newChannel":
			return [cid, request.channel, ...frequency(request.frequencyHz), (request.highest << 4) | request.lowest];
		case "rxTimingSetup":
			return [cid, request.seconds & 15];
		case "txParamSetup":
			return [cid, (request.downDwell ? 0x20 : 0) | (request.upDwell ? 0x10 : 0) | request.eirp];
		case "dlChannel":
			return [cid, request.channel, ...frequency(request.frequencyHz)];
	}
}

/** A device's answer, or a request of its own where `kind` is undefined. */
export interface MacAnswer {
	readonly cid: number;
	readonly kind: MacKind | undefined;
	readonly bytes: Uint8Array;
	/** Whether it says that all was done. */
	readonly done: boolean;
}

/** Reads what a device says, until something unknown or cut. */
export function parseAnswers(bytes: Uint8Array): MacAnswer[] {
	const answers: MacAnswer[] = [];
	for (let at = 0; at < bytes.length; ) {
		const cid = bytes[at]!;
		const kind = (Object.keys(CIDS) as MacKind[]).find((each) => CIDS[each][0] === cid);
		if (!kind && cid !== LINK_CHECK && cid !== DEVICE_TIME) break;
		const next = at + 1 + (kind ? CIDS[kind][1] : 0);
		if (next > bytes.length) break;
		const status = bytes[at + 1];
		const wanted =
			kind === "linkAdr" || kind === "rxParamSetup" ? 7 : kind === "newChannel" || kind === "dlChannel" ? 3 : -1;
		answers.push({ cid, kind, bytes: bytes.slice(at + 1, next), done: wanted < 0 || status === wanted });
		at = next;
	}
	return answers;
}
