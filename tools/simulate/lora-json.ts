import { toHex } from "../../modules/core/bytes.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { tablesOf } from "../../net/lorawan/region-tables.js";
import { rateOf } from "../../sim/lora/gateway-plan.js";
import type { LorawanNetwork } from "../../sim/lora/lorawan-network.js";
import { isJoin } from "../../sim/radio/lora-tally.js";
import type { RadioUse } from "../../sim/radio/wired-radio.js";
import { lorawanOf, type Simulation } from "../../sim/simulation.js";

/** What a radio did in one wake. */
export function radioOf({ frames, sendMs, listenMs, chargeUc }: RadioUse, node: NodeDeclaration): object {
	const region = tablesOf(lorawanOf(node)!.region);
	return {
		sendMs: round(sendMs),
		listenMs: round(listenMs),
		chargeMc: round(chargeUc / 1000, 3),
		frames: frames.map((frame) => ({
			join: isJoin(frame) || undefined,
			hex: toHex(frame.bytes),
			dataRate: rateOf(region, frame.spreadingFactor, frame.bandwidthHz),
			frequencyHz: frame.frequencyHz,
			powerDbm: frame.powerDbm,
			airtimeMs: round(frame.endMs - frame.startMs),
		})),
	};
}

/** What went on air in all, and what the network made of it. */
export function tallyOf({ lora }: Simulation, { counts, violations, fullest, forwarders }: LorawanNetwork): object {
	const { joins, frames, bytes, airtimeMs, sendMs, listenMs, sendUc, listenUc, chargeUc, byRate } = lora!;
	return {
		...{ joins, frames, bytes, byRate: Array.from(byRate, (count) => count ?? 0) },
		...{ airtimeMs: round(airtimeMs), sendMs: round(sendMs), listenMs: round(listenMs) },
		...{ sendMc: round(sendUc / 1000), listenMc: round(listenUc / 1000), chargeMc: round(chargeUc / 1000) },
		...{ network: counts, fullest, violations, ...(forwarders.length ? { forwarders } : {}) },
	};
}

function round(value: number, digits = 2): number {
	return Number(value.toFixed(digits));
}
