import { ResetReason, WakeCause } from "../../modules/core/ports.js";
import { RecordKind } from "../../modules/core/record.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { Start } from "../../modules/cycle/health.js";
import type { WakeLog } from "../../sim/board.js";
import type { Ledger, WakeKind } from "../../sim/energy.js";
import type { LorawanUplink, Simulation } from "../../sim/simulation.js";
import type { Usage } from "../../sim/usage.js";
import type { CollectedRecord } from "../collector.js";
import { pinsOf } from "../device/wake-pins.js";
import { number, reading, stamp } from "../wording.js";
import { loraRows, radioWords } from "./lora-text.js";
import type { Options } from "./options.js";
import { type About, nameOf, type Output } from "./output.js";

/** Wakes are all printed in runs of up to so many days. */
const SHOW_ALL_DAYS = 8;
const DAY_MS = 86_400_000;
const PROGRESS_MS = 100;

/** A readable line a wake, and a summary. Equal runs give equal bytes on standard output; progress goes to standard error. */
export class TextOutput implements Output {
	#about!: About;
	#show: Options["show"] = "all";
	/** What arrived during a wake is told after it. */
	#arrived: string[] = [];
	/** How the frame at hand came in. */
	#level = "";
	#progressAt = 0;
	#progress = false;
	readonly #startedAt = performance.now();

	begin(about: About): void {
		this.#about = about;
		const { options, node, nodeId, recording, lengthMs, engine, peer, notices, world } = about;
		const days = lengthMs / DAY_MS;
		this.#show = options.show ?? (days <= SHOW_ALL_DAYS ? "all" : "problems");
		const source = recording ? recording.name : `a weather model with seed ${options.seed}`;
		print(
			`Node "${node.name}" (${nodeId}) on a simulated board, ${engine} engine: ${number(days)} ${days === 1 ? "day" : "days"} of ${source},`,
		);
		print(
			`from ${stamp(world.startMs)} UTC. A sample every ${span(node.everySeconds)}, sent in batches of ${node.uplink.batch} to ${peer}.`,
		);
		for (const notice of notices) print(`Note: ${notice}.`);
		if (this.#show === "problems") print("Only wakes with a problem are shown; --show all shows each one.");
		print("");
		if (this.#show !== "none") print(heading(node));
	}
	wake(log: WakeLog): void {
		const about = this.#about;
		if (
			this.#show === "all" ||
			(this.#show === "problems" && (log.leaks.length > 0 || problems(log, about.node).length > 0))
		) {
			this.#clear();
			print(line(log, about));
			if (log.radio?.frames.length) print(`${PAD}radio: ${radioWords(log.radio, about.node)}`);
			for (const leak of log.leaks) print(`${PAD}! left open at sleep: ${leak}`);
			if (log.fault?.where) for (const place of log.fault.where.split("\n").slice(0, 4)) print(`${PAD}  at ${place}`);
		}
		this.#printArrived();
		this.#showProgress(log.at);
	}
	records(records: readonly CollectedRecord[], duplicates: number): void {
		if (this.#show !== "all") return;
		const samples = records.filter(({ kind }) => kind === RecordKind.sample);
		const marks = records.filter(({ kind }) => kind === RecordKind.sync).length;
		const others = records.length - samples.length - marks;
		const last = samples.at(-1);
		const first = samples[0];
		const parts: string[] = [];
		if (first && last) {
			const numbers = samples.length === 1 ? `sample ${first.number}` : `samples ${first.number}–${last.number}`;
			parts.push(`${numbers}, ${stamp(first.wallMs).slice(11, 16)}–${stamp(last.wallMs).slice(11, 16)}`);
			const { quantities } = this.#about.node;
			parts.push(`last ${quantities.map((q, n) => reading(last.values[n], q)).join("  ")}`);
		}
		if (others) parts.push(`${others} about the node's health`);
		if (marks) parts.push(`${marks} about its clock`);
		if (duplicates) parts.push(`${duplicates} once more`);
		const { lorawan } = this.#about;
		this.#arrived.push(`${PAD}${lorawan ? "network" : "subscriber"}: ${parts.join("; ")}${this.#level}`);
		this.#level = "";
	}
	uplink({ rssiDbm, snrDb }: LorawanUplink): void {
		this.#level = `; ${Math.round(rssiDbm)} dBm, SNR ${snrDb.toFixed(1)} dB`;
	}
	end(simulation: Simulation, interrupted: boolean): void {
		const { summary, ledger, usage } = simulation;
		const { lorawan } = this.#about;
		this.#clear();
		this.#printArrived();
		const { samples, decoded, wakes } = summary;
		const perSample = decoded ? summary.frameBytes / decoded : 0;
		const broken = summary.flashViolations ? `; ${number(summary.flashViolations)} operations broke its rules` : "";
		print("");
		if (interrupted) print(`Interrupted after ${number(summary.simulatedMs / DAY_MS)} simulated days.`);
		const rows: (readonly [string, string])[] = [
			[
				"wakes",
				`${number(wakes)}, awake ${number(summary.awakeMs / 1000)} s in all, ${number(wakes ? summary.awakeMs / wakes : 0)} ms a wake, ${number(summary.longestAwakeMs)} ms the longest`,
			],
			[
				"samples",
				`${number(samples)} taken, ${number(decoded)} decoded by the ${lorawan ? "network" : "subscriber"}, ${number(summary.queued)} still queued`,
			],
			[
				"losses",
				`${number(summary.lost)} lost, ${number(summary.duplicates)} came twice, ${number(summary.wrong)} readings differ from the world`,
			],
			[
				"times",
				`the farthest from the world's is off by ${number(summary.timeErrorMs / 1000)} s${summary.untimed ? `; ${number(summary.untimed)} could not be told` : ""}`,
			],
			["missing", `${number(summary.missing)} readings that no sensor could give`],
			[
				"bytes",
				`${number(perSample)} a sample in ${number(summary.frames)} frames; ${number(decoded ? summary.bytesOut / decoded : 0)} a sample with ${lorawan ? "LoRaWAN" : "MQTT"} around`,
			],
			["exchanges", `${number(summary.exchanges)}, ${number(summary.failedExchanges)} failed`],
			[
				"flash",
				`${number(summary.flashProgrammed)} bytes programmed, ${number(summary.flashErases)} sectors erased, the busiest ${number(summary.flashMostWear)} times${broken}`,
			],
		];
		if (lorawan) rows.push(...loraRows(simulation, lorawan));
		for (const [name, text] of rows) print(`${name.padEnd(10)} ${text}`);
		if (summary.cuts) print(`${"power".padEnd(10)} ${number(summary.cuts)} wakes ended in a cut`);
		if (summary.faults) print(`${"faults".padEnd(10)} ${number(summary.faults)} wakes ended in one`);
		if (summary.undecodable)
			print(`${"foreign".padEnd(10)} ${number(summary.undecodable)} messages could not be decoded`);
		for (const [name, text] of energyRows(ledger, this.#about.options.battery)) print(`${name.padEnd(10)} ${text}`);
		if (usage) for (const [name, text] of usageRows(usage)) print(`${name.padEnd(10)} ${text}`);
		print(
			`Awake time is boot, bus, conversion, flash, ${lorawan ? "radio" : "Wi-Fi and network"} time; JavaScript's own is ${ledger.hasScript ? "estimated from metering, within a factor of 2, and counted by kind of wake and in charge, not in single wakes" : "not counted on this engine"}.`,
		);
		if (process.stderr.isTTY) {
			const seconds = (performance.now() - this.#startedAt) / 1000;
			process.stderr.write(`${number(wakes / seconds)} wakes a second.\n`);
		}
	}

	#printArrived() {
		for (const text of this.#arrived) print(text);
		this.#arrived = [];
	}
	/** A line that is overwritten: on a terminal only, and not among printed wakes. */
	#showProgress(at: number) {
		if (!process.stderr.isTTY || this.#show === "all") return;
		const now = performance.now();
		if (now - this.#progressAt < PROGRESS_MS) return;
		this.#progressAt = now;
		this.#progress = true;
		const { lengthMs } = this.#about;
		const share = Math.floor((100 * at) / lengthMs);
		process.stderr.write(
			`\r${number(Math.floor(at / DAY_MS))} of ${number(lengthMs / DAY_MS)} days, ${share} %\u001b[K`,
		);
	}
	#clear() {
		if (this.#progress) process.stderr.write("\r\u001b[K");
		this.#progress = false;
	}
}

/** What each kind of wake takes, and what all of it means for a battery. */
function energyRows(ledger: Ledger, battery: number): (readonly [string, string])[] {
	const kinds = [
		["that only samples", "quiet"],
		["with a publish", "published"],
		["that fails to", "failed"],
	] as const;
	const there = kinds.filter(([, kind]) => ledger[kind].wakes > 0);
	const time = ({ wakes, awakeMs, radioMs, scriptMs }: WakeKind) =>
		`${number(awakeMs / wakes)} ms${radioMs ? `, ${number(radioMs / wakes)} with the radio on` : ""}${ledger.hasScript ? `, ${number(scriptMs / wakes)} of JavaScript` : ""}`;
	const years = ledger.years(battery);
	return [
		...there.map(
			([what, kind]) => ["a wake", `${what}: ${time(ledger[kind])}; ${number(ledger.each(kind))} mC`] as const,
		),
		[
			"charge",
			`${number(ledger.perDay)} C a day, ${number((ledger.sleepUc / 1e6 / ledger.poweredMs) * DAY_MS)} of it in deep sleep; ${number(battery)} mAh last ${number(years)} years, self-discharge not counted`,
		],
	];
}

/** XS's own figures, the most of all wakes. */
function usageRows({ slots, chunks, stack, computrons, computronsMost, wakes }: Usage): (readonly [string, string])[] {
	const use = ({ live, peak, capacity }: Usage["slots"], unit: string) =>
		`${number(live)} ${unit} live at sleep, ${number(peak)} at the peak, of ${number(capacity)}`;
	return [
		["slots", use(slots, "slots")],
		["chunks", use(chunks, "bytes")],
		["stack", `${number(stack.peak)} slots at the peak, of ${number(stack.capacity)}`],
		["metering", `${number(wakes ? computrons / wakes : 0)} computrons a wake, ${number(computronsMost)} the most`],
	];
}

const PAD = " ".repeat(21);
const CELL = 11;

function heading({ quantities }: NodeDeclaration): string {
	const names = quantities.map(({ name }) => name.slice(0, CELL).padStart(CELL)).join(" ");
	return `${"time".padEnd(20)} ${"cause".padEnd(9)}${names} ${"queued".padStart(6)} ${"sent".padStart(6)} ${"acked".padStart(5)} ${"awake".padStart(9)}`;
}

/** One wake: time, cause, readings, queued, sent bytes, acknowledged, awake time, and what was unusual. */
function line(log: WakeLog, { node, world }: About): string {
	const { report } = log;
	const time = stamp(world.startMs + log.at);
	const pins = report?.woken ? ` ${pinsOf(report.woken).join(" ")}` : "";
	const cause =
		log.resetReason === ResetReason.deepSleep
			? `${nameOf(WakeCause, log.cause)}${pins}`
			: nameOf(ResetReason, log.resetReason);
	const readings = node.quantities
		.map((q, n) => (report?.number ? reading(report.values[n], q).padStart(CELL) : "".padStart(CELL)))
		.join(" ");
	const sent = report?.frameBytes ? `${report.frameBytes} B` : "";
	const acked = report?.acknowledged ? String(report.acknowledged) : "";
	const counts = `${String(report?.queued ?? "").padStart(6)} ${sent.padStart(6)} ${acked.padStart(5)}`;
	const words = problems(log, node);
	if (report?.taken) words.push(`${report.taken} ${report.taken === 1 ? "message" : "messages"} taken`);
	const remarks = words.length ? `  ${words.join("; ")}` : "";
	return `${time.padEnd(20)} ${cause.padEnd(9)}${readings} ${counts} ${`${log.awakeMs.toFixed(1)} ms`.padStart(9)}${remarks}`;
}

/** What was unusual in a wake. */
function problems(log: WakeLog, node: NodeDeclaration): string[] {
	const { report, fault } = log;
	const words: string[] = [];
	if (fault) words.push(fault.reason === "host" ? fault.message : `died: ${fault.message}`);
	if (report) {
		if (report.start === Start.corrupt) words.push("retained memory corrupt: cold start");
		if (report.start === Start.partial) words.push("retained memory damaged in part");
		if (report.problem === "key" && node.evidence) words.push("no key: what is stored proves nothing");
		else if (report.problem === "downlink") words.push("a message for it was not taken");
		else if (report.problem) {
			const tries = report.failures > 1 ? `, ${report.failures} times in a row` : "";
			words.push(`not delivered: ${report.problem}${tries}`);
		}
		const [absent = 0, nonsense = 0, , range = 0] = report.missing;
		if (absent) words.push("sensor absent");
		if (nonsense) words.push("sensor nonsense");
		if (range) words.push(`${range} out of range`);
		const written = log.figures?.moduleWrites ?? [];
		if (written.length) words.push(`wrote to module scope, which sleep forgets: ${written.join(", ")}`);
		const deaf = pinsOf(report.unarmed).filter((pin) => !pinsOf(report.woken).includes(pin));
		if (deaf.length) words.push(`pin ${deaf.join(", ")} is held, or cannot wake it`);
		if (report.dropped) words.push(`${report.dropped} dropped so far`);
	}
	return words;
}

function span(seconds: number): string {
	if (seconds % 3600 === 0) return `${seconds / 3600} h`;
	return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function print(text: string): void {
	process.stdout.write(`${text}\n`);
}
