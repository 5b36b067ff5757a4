import { parseArgs } from "node:util";
import { DormouseError } from "../modules/core/errors.js";
import { EVIDENCE_KEY } from "../modules/store/tamper-evidence.js";
import { GPS_TO_UNIX_MS } from "../net/lorawan/package.js";
import { bundleFirmware } from "../sim/engine/bundle.js";
import type { Figures, Firmware, FirmwareBundle, HostSide, Wake } from "../sim/engine/engine.js";
import { NodeEngine } from "../sim/engine/node.js";
import { type FlashTotals, XsEngine, type XsFirmware } from "../sim/engine/xs.js";
import { type Boot, emptyRam, firmwareFlash, moreFlash, type SmallestRam, smallestRam } from "../sim/engine/xs-size.js";
import { Faults } from "../sim/faults.js";
import { LorawanNetwork } from "../sim/lora/lorawan-network.js";
import { Broker } from "../sim/net/broker.js";
import { MODEL_CA } from "../sim/net/tls-model.js";
import { VirtualNetwork } from "../sim/net/virtual.js";
import { Scheduler } from "../sim/scheduler.js";
import { lorawanOf, Simulation } from "../sim/simulation.js";
import { Model } from "../sim/world/model.js";
import { buildHost } from "../sim/xs/build.js";
import { sdkSize } from "./device/sdk-size.js";

const HELP = `What a node costs on the device's engine: RAM, flash by module, work.

  npm run size -- [options]

  --node FILE   the node's declaration (nodes/weather.ts)
  --json        JSON instead of tables
  --sdk         flash as the Moddable SDK's own linker makes it, by module; needs the SDK (MODDABLE), but no ESP-IDF
  --target NAME with --sdk: what mcconfig -p takes (esp32/esp32c3)
  --help        this text

RAM is the smallest that survives all wakes up to the first with a publish, found by bisection: chunks, slots and stack
each with plenty of the others. Budgets are compared without the simulator's shims, which the SDK's own I/O classes replace
on a board: theirs is what a wake of the shims alone takes beyond an empty one (sim/bare.ts).
Flash is what the SDK's linker would write: bytecode of the functions that are still referred to once all modules were
evaluated, preloaded slots, chunks (names, strings, lists) and keys. Its sum is exact, its modules are about right.
`;

/** Budgets of the design (docs/architecture.md), where this measures the like. */
const BUDGETS = Object.freeze({ chunks: 8192, slots: 640, stack: 256, flash: 96 * 1024 });
/** A key to measure with, for nodes that want one; others want a CA. */
const SOME_KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/** A key is a place in two tables of the linker's, of pointers and of colours, beside its slot and its name. */
const KEY_BYTES = 6;

export interface ModuleSize extends FlashTotals {
	readonly module: string;
	/** All of it. */
	readonly bytes: number;
}

/** What a node costs on the device's engine. */
export interface Sizes {
	readonly node: string;
	readonly representative: boolean;
	readonly ram: SmallestRam;
	/** What of it is the simulator's shims'. */
	readonly shimsRam: SmallestRam;
	/** Of the wake with a publish. */
	readonly publish: Figures;
	/** Flash of the firmware without the simulator's shims and XS's built-ins, in bytes. */
	readonly flash: number;
	readonly shims: number;
	readonly modules: readonly ModuleSize[];
	readonly over: readonly string[];
}

/**
 * `dormouse size`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function size(args: readonly string[]): Promise<number> {
	const values = parse(args);
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const node = values.node ?? "nodes/weather.ts";
	if (values.sdk) return sdkSize(node, values.target, (line) => process.stdout.write(`${line}\n`));
	const sizes = await sizesOf(node);
	if (values.json) process.stdout.write(`${JSON.stringify(sizes, undefined, "\t")}\n`);
	else print(sizes);
	return 0;
}

/**
 * What a node costs.
 * @param node the file of its declaration
 * @throws {DormouseError} `unsupported` where XS cannot be built
 */
export async function sizesOf(node: string): Promise<Sizes> {
	const host = await buildHost({ progress: (line) => process.stderr.write(`${line}\n`) });
	if (!host.ready) throw new DormouseError("unsupported", host.reason);
	const bundle = await bundleFirmware(node, undefined, "short");
	const engine = new XsEngine(host, { measure: true, locate: false });
	const bare = await bundleFirmware(node, "sim/bare.ts", "short");
	return measure(engine, bundle, bare, host.representative);
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				node: { type: "string" },
				json: { type: "boolean" },
				sdk: { type: "boolean" },
				target: { type: "string" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		const [first] = (error as Error).message.split(/[.\n]/, 1);
		throw new DormouseError("declaration", `${first}; npm run size -- --help lists the options`);
	}
}

async function measure(
	engine: XsEngine,
	bundle: FirmwareBundle,
	bare: FirmwareBundle,
	representative: boolean,
): Promise<Sizes> {
	const modules = moduleSizes(engine, bundle);
	const firmware = engine.load(bundle);
	const total = bytesOf(firmwareFlash(engine, firmware.flash));
	const hours = await hoursToPublish(bundle);
	let publish: Figures | undefined;
	const ram = await smallestRam(firmware, async (boot) => {
		publish ??= await live(booting(firmware, boot), hours);
		await live(booting(firmware, boot), hours);
	});
	firmware.close();
	if (!ram || !publish) throw new DormouseError("unsupported", "the firmware dies even with plenty of RAM");
	const shimsRam = await ramOfShims(engine, bare);
	const shims = sum(modules.filter(({ module }) => module.startsWith("sim/")).map(({ bytes }) => bytes));
	const flash = total - shims;
	const over: string[] = [];
	for (const kind of ["chunks", "slots", "stack"] as const)
		if (counted(kind, ram, shimsRam) > BUDGETS[kind])
			over.push(`${kind}: ${counted(kind, ram, shimsRam)} of ${BUDGETS[kind]}`);
	if (flash > BUDGETS.flash) over.push(`flash: ${flash} of ${BUDGETS.flash}`);
	return { node: bundle.name, representative, ram, shimsRam, publish, flash, shims, modules, over };
}

/** What a budget is compared with. Of the stack all: shims are not always where the firmware's calls are deepest. */
function counted(kind: "chunks" | "slots" | "stack", ram: SmallestRam, shims: SmallestRam): number {
	return kind === "stack" ? ram.stack : ram[kind] - shims[kind];
}

/** What a wake of the shims alone takes beyond an empty one. */
async function ramOfShims(engine: XsEngine, bare: FirmwareBundle): Promise<SmallestRam> {
	const firmware = engine.load(bare);
	const all = await smallestRam(firmware, async (boot) => void (await live(booting(firmware, boot), 0.5)));
	firmware.close();
	const empty = await emptyRam(engine);
	if (!all) throw new DormouseError("unsupported", "the shims alone die");
	return {
		chunks: all.chunks - empty.chunks,
		slots: all.slots - empty.slots,
		stack: all.stack - empty.stack,
		linear: all.linear - empty.linear,
	};
}

/** Simulated hours until the first publish is over. */
async function hoursToPublish(bundle: FirmwareBundle): Promise<number> {
	const { node } = new NodeEngine().load(bundle.readable ?? bundle);
	return ((node.uplink.batch + 0.5) * node.everySeconds) / 3600;
}

/** Runs the node for some hours. @returns the figures of the last wake with a frame */
async function live(firmware: Firmware, hours: number): Promise<Figures | undefined> {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler);
	const broker = new Broker(scheduler);
	broker.serve(network);
	broker.serve(network, 8883, {});
	let publish: Figures | undefined;
	let died = false;
	const world = new Model({ seed: 1 });
	const region = lorawanOf(firmware.node)?.region;
	const gpsMsAtZero = world.startMs - GPS_TO_UNIX_MS;
	const lorawan = region && new LorawanNetwork({ scheduler, region, seed: 1, gpsMsAtZero });
	const simulation: Simulation = new Simulation({
		scheduler,
		network,
		lorawan,
		firmware,
		world,
		seed: 1,
		settings: { [EVIDENCE_KEY]: SOME_KEY, ca: MODEL_CA },
		faults: new Faults(),
		lengthMs: hours * 3_600_000,
		onWake({ report, figures, fault }) {
			if (report?.frames) publish = figures;
			died ||= fault !== undefined;
			if (died) simulation.stop();
		},
	});
	broker.subscribe("#", (_, payload) => simulation.receive(payload));
	await simulation.run();
	return publish;
}

/** Firmware that boots with the RAM under test. */
function booting(firmware: XsFirmware, boot: Boot): Firmware {
	return { node: firmware.node, warnings: [], boot: (host: HostSide): Wake => boot(host), close() {} };
}

/**
 * Flash by module. The bundler writes modules one behind the other, each behind those that it needs; so the firmware up
 * to a module loads without the rest, and what the engine has more of than without that module is the module's.
 */
export function moduleSizes(engine: XsEngine, bundle: FirmwareBundle): ModuleSize[] {
	const whole = engine.load(bundle);
	whole.close();
	const marks = [...bundle.code.matchAll(/^ {2}\/\/!? (\S+\.[jt]s)$/gm)];
	const sizes: ModuleSize[] = [];
	const upTo = (end: number) => totals(engine, bundle.code.slice(0, end), whole.variables);
	let before = upTo(marks[0]!.index);
	for (const [n, mark] of marks.entries()) {
		const after = upTo(marks[n + 1]?.index ?? bundle.code.lastIndexOf("\n  return "));
		const more = moreFlash(after, before);
		sizes.push({ module: mark[1]!, ...more, bytes: bytesOf(more) });
		before = after;
	}
	return sizes;
}

/** What XS has in flash with this much of a bundle, where the rest would refer to these variables. */
function totals(engine: XsEngine, start: string, variables: ReadonlySet<string>): FlashTotals {
	// What nothing refers to is collected: one function refers to all that is used at last.
	const names = [...start.matchAll(/^ {2}(?:var|let|const|function|class) ([\w$]+)/gm)]
		.map(([, name]) => name!)
		.filter((name) => variables.has(name));
	const code = `${start}\n  return { wake() { ${names.join("; ")} }, node: undefined };\n})();\nreturn firmware;\n})`;
	const firmware = engine.load({ code, map: '{"version":3,"sources":[],"names":[],"mappings":""}', name: "a part" });
	firmware.close();
	// that function's own: a slot for each variable, and two instructions, three bytes up to the 255th
	const { bytecode, slots } = firmware.flash;
	const ownCode = 3 * names.length + Math.max(0, names.length - 255);
	return { ...firmware.flash, bytecode: bytecode - ownCode, slots: slots - names.length };
}

/** Bytes of flash. */
export function bytesOf({ bytecode, slots, slotSize, chunks, keys }: FlashTotals): number {
	return bytecode + slots * slotSize + chunks + keys * KEY_BYTES;
}

function print({ node, representative, ram, shimsRam, publish, flash, shims, modules, over }: Sizes): void {
	const line = (text = "") => process.stdout.write(`${text}\n`);
	line(`${node} on XS${representative ? "" : ", 64 bits: RAM and slots are not a device's"}`);
	line();
	line(
		`RAM           smallest  of it shims  counted   budget   live at sleep   peak with garbage   (a wake with publish)`,
	);
	for (const kind of ["chunks", "slots", "stack"] as const) {
		const { live, peak } = publish[kind];
		const cells = [
			ram[kind],
			shimsRam[kind],
			counted(kind, ram, shimsRam),
			BUDGETS[kind],
			kind === "stack" ? undefined : live,
			peak,
		];
		const text = cells.map((cell, n) => format(cell).padStart([10, 12, 8, 8, 15, 19][n]!)).join(" ");
		line(`${kind.padEnd(12)}${text}`);
	}
	line(`one region  ${format(ram.linear).padStart(10)} bytes, as on C3 targets`);
	line(`metering    ${format(publish.computrons).padStart(10)} computrons, ${format(publish.hostCalls)} host calls`);
	line();
	line(`flash by module                             bytecode    slots   chunks     keys    bytes`);
	for (const size of [...modules].sort((a, b) => b.bytes - a.bytes)) {
		const cells = [size.bytecode, size.slots, size.chunks, size.keys, size.bytes];
		line(`${size.module.padEnd(40)} ${cells.map((cell, n) => format(cell).padStart(n ? 8 : 11)).join(" ")}`);
	}
	line(
		`firmware ${format(flash)} bytes of a budget of ${format(BUDGETS.flash)}; the simulator's shims ${format(shims)}`,
	);
	if (over.length)
		line(`\nBeyond the budget that the project holds itself to (docs/architecture.md): ${over.join("; ")}.`);
}

function format(value: number | undefined): string {
	return value === undefined ? "" : value.toLocaleString("en-US");
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
