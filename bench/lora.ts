import { createRequire } from "node:module";
import { airtimeMs } from "../net/lorawan/airtime.js";
import { Currents, chargeOf } from "../sim/energy.js";
import { bundleFirmware } from "../sim/engine/bundle.js";
import type { Engine } from "../sim/engine/engine.js";
import { NodeEngine } from "../sim/engine/node.js";
import { XsEngine } from "../sim/engine/xs.js";
import { isJoin } from "../sim/radio/lora-tally.js";
import type { RadioUse } from "../sim/radio/wired-radio.js";
import { buildHost, type ReadyHost } from "../sim/xs/build.js";
import { encodeFrame } from "../test/support/frame-bytes.js";
import { FIELD, type LoraRun, type LoraRunOptions, runLora } from "../test/support/lora-node.js";
import { lorawanSize } from "../test/support/lorawan-size.js";
import { type Recording, schemaOfRecording, valuesOf, weatherRecording, windows } from "../test/support/recordings.js";
import { row } from "./row.js";

/** MHDR, DevAddr, FCtrl, FCnt, FPort and MIC, without commands: TS001-1.0.4 §4. */
const AROUND = 13;
/** EU868, DR0 … DR5: spreading factor, and the largest application payload. Source: RP002-1.0.4 §2.4. */
const RATES = [
	[12, 51],
	[11, 51],
	[10, 51],
	[9, 115],
	[8, 242],
	[7, 242],
] as const;
/** What the Arduino library is said to take on an AVR. */
const LMIC = { flash: 24_000, ram: 1900 };
/** The design's: flash and XS heap of MAC, one region and one driver; and what an exchange may take beyond air and windows. */
const BUDGET = { flash: 32 * 1024, heap: 6 * 1024, share: 1.1 };

const FAMILIES = [
	["SX126x", "test/fixtures/lorawan-126.ts"],
	["SX127x", "test/fixtures/lorawan-127.ts"],
] as const;

// No types come with it.
const { encoder: cayenne } = createRequire(import.meta.url)("cayenne-lpp") as {
	encoder: Record<string, (channel: number, value: number) => Uint8Array>;
};
const CAYENNE = [
	"encodeTemperature",
	"encodeRelativeHumidity",
	"encodeBarometricPressure",
	"encodeAnalogInput",
] as const;

/** LoRaWAN: a day of samples on air, what the field node takes of its battery, and the stack's size. */
export async function bench(): Promise<void> {
	const recording = weatherRecording();
	if (recording) onAir(recording);
	else process.stdout.write("  a day of samples is skipped: ../shared/data/weather-ewr-2013.csv is not there\n");
	const host = await buildHost({ progress: (line) => process.stderr.write(`${line}\n`) });
	if (!host.ready) process.stdout.write(`  JavaScript's time is not counted: ${host.reason}\n`);
	await charge(host.ready ? new XsEngine(host, { locate: false }) : new NodeEngine("kept"));
	if (host.ready) await size(host);
}

/** Bytes and airtime of 24 samples, averaged over the recording's days: by data rate, in frames and one by one. */
function onAir(recording: Recording): void {
	const days = recording.records.length / 24;
	const schema = schemaOfRecording(recording, 24);
	const lpp = recording.records.map((record) =>
		valuesOf(recording, record).reduce<number>((sum, value, n) => {
			if (value === undefined) return sum;
			return sum + cayenne[CAYENNE[n]!]!(n + 1, value).length;
		}, 0),
	);
	const line = (name: string, cells: readonly string[]) =>
		process.stdout.write(`  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(12)).join("")}\n`);
	process.stdout.write(`  ${recording.name}: 24 samples a day, bytes of frames and seconds on air, EU868\n`);
	line("", ["DR0", "DR1", "DR2", "DR3", "DR4", "DR5"]);
	const cells = (payloads: (room: number) => readonly number[]) =>
		RATES.map(([sf, room]) => {
			const sizes = payloads(room);
			const bytes = sizes.reduce((sum, size) => sum + size + AROUND, 0) / days;
			const ms = sizes.reduce((sum, size) => sum + airtimeMs(sf, 125_000, size + AROUND), 0) / days;
			return `${bytes.toFixed(0)} B ${(ms / 1000).toFixed(2)} s`;
		});
	line(
		"Cayenne LPP, one by one, without time",
		cells(() => lpp),
	);
	for (const [name, batch] of [
		["compact frames, one by one, with time", 1],
		["compact frames of 4", 4],
		["compact frames, as many as fit, 24 at most", 24],
	] as const)
		line(
			name,
			cells((room) => {
				const sizes: number[] = [];
				for (let window of windows(recording, batch))
					while (window.length) {
						const { seconds } = window.at(-1)!;
						const wall = recording.start + seconds;
						const { bytes, taken } = encodeFrame(window, schema, room, { epoch: 1, seconds, wall, stamped: false });
						sizes.push(bytes.length);
						window = window.slice(taken);
					}
				return sizes;
			}),
		);
}

async function live(engine: Engine, options: LoraRunOptions): Promise<LoraRun> {
	const firmware = engine.load(await bundleFirmware(FIELD));
	try {
		return await runLora({ firmware, days: 3, ...options });
	} finally {
		firmware.close();
	}
}

/** Microcoulombs of air and windows alone. */
const ideal = ({ sendUc, listenUc }: RadioUse) => sendUc + listenUc;

async function charge(engine: Engine): Promise<void> {
	for (const [where, options] of [
		["1.2 km, SF7", {}],
		["5 km, no ADR", { network: { gateways: [{ distanceM: 5000 }], adr: false } }],
	] as const) {
		const run = await live(engine, options);
		const of = (join: boolean) =>
			run.wakes.filter(({ radio }) => radio!.frames.length > 0 && radio!.frames.some(isJoin) === join);
		const mean = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;
		process.stdout.write(`  the field node: 96 samples in 24 uplinks a day, ${where}\n`);
		row("coulombs a day", run.simulation.ledger.perDay);
		row("years on 2,600 mAh, self-discharge not counted", run.simulation.ledger.years(2600));
		for (const [what, join] of [
			["a wake with a join and what follows", true],
			["a wake with an uplink", false],
		] as const) {
			const wakes = of(join);
			const air = mean(wakes.map(({ radio }) => ideal(radio!)));
			const radio = mean(wakes.map((wake) => wake.radio!.chargeUc));
			const whole = mean(wakes.map(({ split }) => chargeOf(split)));
			const sampling = run.simulation.ledger.each("quiet") * 1000;
			row(`${what}: mC for air and windows alone`, air / 1000);
			row("  of the radio in all its modes", radio / 1000, held(radio / air));
			row("  of the board", whole / 1000, `${(whole / air).toFixed(2)} times`);
			row("  of the board beyond a wake that only samples", (whole - sampling) / 1000, held((whole - sampling) / air));
			const idle = mean(wakes.map(({ split }) => split.lightMs * (Currents.wait - Currents.light)));
			row("  of the board, were it not for light sleep", (whole + idle) / 1000);
			row("  ms awake", mean(wakes.map(({ awakeMs }) => awakeMs)));
		}
	}
}

function held(share: number): string {
	return `${share.toFixed(3)} times; budget ≤ ${BUDGET.share}: ${share <= BUDGET.share ? "held" : "MISSED"}`;
}

/** What MAC, region and driver take of flash and of RAM in the wakes up to the first uplink: what the same node has less without. */
async function size(host: ReadyHost): Promise<void> {
	const to = (value: number, budget: number) => `budget ≤ ${budget}: ${value <= budget ? "held" : "MISSED"}`;
	process.stdout.write("  MAC, EU868 and a driver on XS, beyond a wake with the same ports; AES is the platform's\n");
	for (const [family, fixture] of FAMILIES) {
		const { flash, heap } = await lorawanSize(host, fixture);
		row(`${family}: flash, bytes`, flash, to(flash, BUDGET.flash));
		row(`${family}: heap of XS in an uplink, bytes`, heap, to(heap, BUDGET.heap));
	}
	row("LMIC on an AVR: flash, bytes of machine code", LMIC.flash);
	row("LMIC on an AVR: RAM, bytes", LMIC.ram);
}
