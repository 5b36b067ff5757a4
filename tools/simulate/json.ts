import { ResetReason, WakeCause } from "../../modules/core/ports.js";
import { RecordKind } from "../../modules/core/record.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { HEALTH_FIELDS } from "../../modules/cycle/health.js";
import { fromScaled } from "../../modules/measure/quantity.js";
import type { WakeLog } from "../../sim/board.js";
import { awakeOf, chargeOf, type WakeKind } from "../../sim/energy.js";
import type { Simulation } from "../../sim/simulation.js";
import type { CollectedRecord } from "../collector.js";
import { pinsOf } from "../device/wake-pins.js";
import { radioOf, tallyOf } from "./lora-json.js";
import { type About, nameOf, type Output } from "./output.js";

/** One JSON object a line: `begin`, `wake`, `record`, `summary`. Equal runs give equal bytes. */
export class JsonOutput implements Output {
	#node!: NodeDeclaration;
	#startMs = 0;
	#battery = 0;
	#lorawan: About["lorawan"];

	begin({ options, node, nodeId, world, lengthMs, engine, peer, lorawan, notices }: About): void {
		this.#node = node;
		this.#lorawan = lorawan;
		this.#startMs = world.startMs;
		this.#battery = options.battery;
		const { seed, replay } = options;
		const quantities = node.quantities.map(({ name, unit, resolution }) => ({ name, unit, resolution }));
		const days = lengthMs / 86_400_000;
		const start = new Date(world.startMs).toISOString();
		const other = lorawan ? { network: peer } : { broker: peer };
		print({ type: "begin", node: node.name, nodeId, engine, ...other, start, days, seed, replay, quantities, notices });
	}
	wake(log: WakeLog): void {
		const { report, fault } = log;
		print({
			type: "wake",
			time: new Date(this.#startMs + log.at).toISOString(),
			cause: nameOf(WakeCause, log.cause),
			reset: nameOf(ResetReason, log.resetReason),
			awakeMs: round(log.awakeMs),
			modelledMs: round(awakeOf(log.split)),
			radioMs: round(log.split.radioMs),
			chargeMc: round(chargeOf(log.split) / 1000, 3),
			bytesOut: log.bytesOut,
			bytesIn: log.bytesIn,
			...(report && {
				number: report.number,
				values: valuesOf(this.#node, report.values),
				queued: report.queued,
				sent: report.frameBytes,
				acknowledged: report.acknowledged,
				dropped: report.dropped,
				problem: report.problem || undefined,
				start: report.start,
				sleepMs: report.sleepMs,
				pins: report.woken ? pinsOf(report.woken) : undefined,
				taken: report.taken || undefined,
				unarmed: report.unarmed ? pinsOf(report.unarmed) : undefined,
			}),
			radio: log.radio?.frames.length ? radioOf(log.radio, this.#node) : undefined,
			fault,
			moduleWrites: log.figures?.moduleWrites.length ? log.figures.moduleWrites : undefined,
			leaks: log.leaks.length ? log.leaks : undefined,
		});
	}
	records(records: readonly CollectedRecord[], duplicates: number): void {
		for (const { number, kind, epoch, wallMs, values } of records)
			print({
				type: "record",
				number,
				kind: nameOf(RecordKind, kind),
				epoch,
				time: new Date(wallMs).toISOString(),
				values: kind === RecordKind.sample ? valuesOf(this.#node, values) : fieldsOf(kind, values),
			});
		if (duplicates) print({ type: "duplicates", count: duplicates });
	}
	end(simulation: Simulation, interrupted: boolean): void {
		const { summary, ledger, usage } = simulation;
		const { simulatedMs, awakeMs, longestAwakeMs, timeErrorMs, ...counts } = summary;
		print({
			type: "summary",
			days: round(simulatedMs / 86_400_000, 6),
			...counts,
			timeErrorMs: Math.round(timeErrorMs),
			awakeSeconds: round(awakeMs / 1000),
			longestAwakeMs: round(longestAwakeMs),
			bytesPerSample: summary.decoded ? round(summary.frameBytes / summary.decoded) : undefined,
			energy: {
				hasScript: ledger.hasScript,
				quiet: kindOf(ledger.quiet),
				published: kindOf(ledger.published),
				failed: kindOf(ledger.failed),
				sleepMc: round(ledger.sleepUc / 1000),
				flashMc: round(ledger.flashUc / 1000),
				sensorMc: round(ledger.sensorUc / 1000),
				...(this.#lorawan ? { radioSleepMc: round(ledger.loraSleepUc / 1000) } : {}),
				coulombsADay: round(ledger.perDay, 4),
				batteryMilliampereHours: this.#battery,
				batteryYears: round(ledger.years(this.#battery)),
			},
			lorawan: this.#lorawan && tallyOf(simulation, this.#lorawan),
			xs: usage,
			interrupted: interrupted || undefined,
		});
	}
}

/** One such wake on average. */
function kindOf({ wakes, awakeMs, radioMs, scriptMs, chargeUc }: WakeKind): object {
	const each = (sum: number, digits = 2) => (wakes ? round(sum / wakes, digits) : undefined);
	return {
		wakes,
		modelledMs: each(awakeMs),
		radioMs: each(radioMs),
		scriptMs: each(scriptMs),
		chargeMc: each(chargeUc / 1000, 3),
	};
}

function print(value: object): void {
	process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Readings by name; null where missing. */
function valuesOf(node: NodeDeclaration, values: readonly (number | undefined)[]): Record<string, number | null> {
	return Object.fromEntries(
		values.map((value, index) => {
			const quantity = node.quantities[index]!;
			return [quantity.name, value === undefined ? null : fromScaled(value, quantity)];
		}),
	);
}

function fieldsOf(kind: RecordKind, values: readonly (number | undefined)[]): unknown {
	if (kind !== RecordKind.health) return values;
	return Object.fromEntries(values.map((value, index) => [HEALTH_FIELDS[index] ?? `field${index}`, value]));
}

function round(value: number, digits = 2): number {
	return Number(value.toFixed(digits));
}
