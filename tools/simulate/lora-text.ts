import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { tablesOf } from "../../net/lorawan/region-tables.js";
import { rateOf } from "../../sim/lora/gateway-plan.js";
import type { LorawanNetwork } from "../../sim/lora/lorawan-network.js";
import { isJoin } from "../../sim/radio/lora-tally.js";
import type { RadioUse } from "../../sim/radio/wired-radio.js";
import { lorawanOf, type Simulation } from "../../sim/simulation.js";
import { number } from "../wording.js";

const DAY_MS = 86_400_000;
/** Breaches of the law that are told one by one. */
const MOST_VIOLATIONS = 5;

/** What a radio sent in one wake: `2 joins, 1 frame of 27 B at DR5, 13 dBm, 0.16 s on air`. */
export function radioWords({ frames }: RadioUse, node: NodeDeclaration): string {
	const region = tablesOf(lorawanOf(node)!.region);
	const joins = frames.filter(isJoin).length;
	const rates = [
		...new Set(frames.map((frame) => `DR${rateOf(region, frame.spreadingFactor, frame.bandwidthHz)}`)),
	].join(", ");
	const powers = [...new Set(frames.map(({ powerDbm }) => powerDbm))];
	const others = frames.filter((frame) => !isJoin(frame));
	const bytes = others.map((frame) => frame.bytes.length).join(" + ");
	const parts = [
		...(joins ? [`${joins} ${joins === 1 ? "join" : "joins"}`] : []),
		...(others.length ? [`${others.length} ${others.length === 1 ? "frame" : "frames"} of ${bytes} B`] : []),
	];
	const airtimeMs = frames.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
	return `${parts.join(", ")} at ${rates}, ${powers.join(", ")} dBm, ${number(airtimeMs / 1000)} s on air`;
}

/** What the network of the simulation made of it. */
function networkRows(counts: LorawanNetwork["counts"]): (readonly [string, string])[] {
	return [
		[
			"network",
			`${number(counts.joins)} joins and ${number(counts.uplinks)} uplinks heard, ${number(counts.repeats)} repeated, ${number(counts.duplicates)} more copies by other gateways; ${number(counts.downlinks)} downlinks`,
		],
		[
			"refused",
			`${number(counts.replays)} replays, ${number(counts.badMic)} with a wrong MIC, ${number(counts.unknown)} of unknown devices; ${number(counts.collisions)} collisions, ${number(counts.lostOnAir)} lost on air`,
		],
	];
}

/** What went to and came from a real network server. */
function forwardRows(forwarders: LorawanNetwork["forwarders"]): (readonly [string, string])[] {
	return forwarders.map((each) => {
		const alive = each.pushAcks + each.pullAcks + each.responses > 0;
		const wrong = `${number(each.malformed)} datagrams that make no sense, ${number(each.errors)} that were not taken`;
		return [
			"server",
			`${alive ? "" : "NO ANSWER: nobody listens there, or not by this protocol; "}${number(each.pushed)} frames forwarded, ${number(each.responses)} to be sent came back, ${number(each.refused)} of them refused; ${wrong}`,
		];
	});
}

/** Rows of the summary: what went on air, what the network made of it, and the law. */
export function loraRows(
	{ lora, ledger, summary }: Simulation,
	{ counts, violations, fullest, forwarders, watch }: LorawanNetwork,
): (readonly [string, string])[] {
	const tally = lora!;
	const days = summary.simulatedMs / DAY_MS;
	const rates = tally.byRate.flatMap((count, rate) => (count ? [`${number(count)} at DR${rate}`] : [])).reverse();
	const mC = (uc: number) => `${number(uc / 1000 / days)} mC`;
	const rest = tally.chargeUc - tally.sendUc - tally.listenUc + ledger.loraSleepUc;
	const bands = fullest.map(({ band, perMille, allowed }) => `${perMille.toFixed(2)} of ${allowed} ‰ in ${band}`);
	return [
		[
			"radio",
			`${number(tally.joins)} joins and ${number(tally.frames)} frames, ${rates.join(", ") || "nothing sent"}; ${number(tally.airtimeMs / 1000)} s on air, ${number(tally.listenMs / 1000)} s listening`,
		],
		[
			"",
			`a day ${mC(tally.sendUc)} for sending, ${mC(tally.listenUc)} for listening, ${mC(rest)} for the rest, sleep too`,
		],
		...(forwarders.length ? forwardRows(forwarders) : networkRows(counts)),
		[
			"law",
			`${watch.count ? `BROKEN ${number(watch.count)} times` : "kept"}; the fullest hour ${bands.join(", ") || "has no limit here"}`,
		],
		...violations.slice(0, MOST_VIOLATIONS).map((what) => ["", `! ${what}`] as const),
	];
}
