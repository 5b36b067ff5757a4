import { parseArgs } from "node:util";
import { DormouseError } from "../../modules/core/errors.js";
import { FAULT_KINDS, Faults } from "../../sim/faults.js";
import { Presses } from "../../sim/wake-pins.js";
import { parseSetting } from "../setting.js";

export const HELP = `Simulates a node: the firmware as it is, on a simulated board, in virtual time.

  npm start -- [options]

  --node FILE       the node's declaration            (nodes/weather.ts)
  --days N          simulated days                    (3; with --replay the whole recording)
  --replay FILE     a CSV recording as the world: a column "time" (ISO 8601), and columns with their unit in
                    their name, such as temperature_c, temperature_f, humidity_percent, pressure_hpa, battery_v;
                    an empty cell is a gap            (a seeded weather model)
  --broker URL      a real broker, mqtt://[user:password@]host[:port]; simulated time keeps to real time while a
                    connection is open                (a broker inside the simulation)
                    mqtts:// for a node with uplink: mqtts(…), with --set ca=@ca.pem, and --set certificate=@node.pem
                    --set key=@node-key.pem where the broker wants a certificate of the node
  --distance M      LoRaWAN: how far the gateway is, such as 800 or 5km; one gateway each where it is repeated  (1.2km)
  --forward ADDRESS LoRaWAN: frames go to a real network server in place of the simulated one, as a gateway with Semtech's
                    packet forwarder sends them (UDP, host:port); simulated time keeps to real time while it has to
  --engine WHICH    xs: the device's JavaScript engine with a device's memory, built once with the C compiler of
                    this machine; node: V8, several times faster     (xs, or node where there is no compiler)
  --ram WHICH       memory on XS: esp32, esp32c3, or bytes           (esp32)
  --battery N       its capacity in mAh, for the estimate of its life (2600)
  --seed N          of everything random              (1)
  --drift PPM       the board's clock runs so much too fast in deep sleep; negative: too slow     (0)
  --speed N         at most N times real time         (as fast as it goes)
  --fault KIND@FROM[..TO]
                    something goes wrong, at times such as 90s, 15m, 6h, 1.5d from the start; may be repeated:
${Object.entries(FAULT_KINDS)
	.map(([kind, what]) => `                      ${kind.padEnd(10)}${what}`)
	.join("\n")}
  --press PIN@TIME[..TIME]
                    a pin goes to the level that wakes a node with "wake", for 200 ms or so long; may be repeated
  --set NAME=VALUE  a setting from provisioning, such as evidenceKey; NAME=@FILE takes it from a file, so that it does
                    not stand in the shell's history; may be repeated
  --export FILE     at the end, write the tamper-evident log, for dormouse verify
  --image FILE      at the end, write the node's store partition as it is
  --show WHICH      wakes to print: all, problems, none   (all up to 8 days, then problems); or messages: what it
                    sends and nothing else, as dormouse decode reads it
  --json            JSON, one object a line
  --help            this text

Exit status: 0; 1 when records were lost, came out wrong, the firmware died, or it broke the law on air; 2 when an option, a file or the
declaration is wrong; 130 after Ctrl-C.
`;

export interface Options {
	readonly help: boolean;
	readonly node: string;
	/** Undefined: the default. */
	readonly days: number | undefined;
	readonly replay: string | undefined;
	readonly broker: string | undefined;
	/** Of LoRaWAN gateways, in metres; none: one at the default distance. */
	readonly distances: readonly number[];
	readonly forward: { readonly host: string; readonly port: number } | undefined;
	/** Undefined: XS where it can be had. */
	readonly engine: "xs" | "node" | undefined;
	readonly ram: string | undefined;
	/** Milliampere-hours. */
	readonly battery: number;
	readonly seed: number;
	readonly drift: number;
	/** 0: as fast as possible. */
	readonly speed: number;
	readonly faults: Faults;
	readonly presses: Presses;
	/** Never to be printed: keys and passwords are among them. */
	readonly settings: Readonly<Record<string, string>>;
	readonly export: string | undefined;
	readonly image: string | undefined;
	readonly show: (typeof SHOW)[number] | undefined;
	readonly json: boolean;
}

const SHOW = ["all", "problems", "none", "messages"] as const;
const ENGINES = ["xs", "node"] as const;
const LONGEST_DAYS = 36_500;
/** In metres. */
const FARTHEST = 1e6;
/** In ppm: a tenth. */
const DRIFT_LARGEST = 100_000;

/** Reads the command line. @throws {DormouseError} `declaration`: one line, with what would be right */
export function parseOptions(args: readonly string[]): Options {
	const values = read(args);
	const { show } = values;
	if (show !== undefined && !SHOW.some((one) => one === show))
		throw new DormouseError("declaration", `--show ${show}: ${SHOW.join(", ")} would be right`);
	const { engine, ram } = values;
	if (engine !== undefined && !ENGINES.some((one) => one === engine))
		throw new DormouseError("declaration", `--engine ${engine}: ${ENGINES.join(" or ")} would be right`);
	if (ram !== undefined && engine === "node")
		throw new DormouseError(
			"declaration",
			"--ram: only the engine xs has a device's memory; --engine xs would be right",
		);
	const faults = new Faults();
	for (const fault of values.fault ?? []) faults.add(fault);
	const presses = new Presses();
	for (const press of values.press ?? []) presses.add(press);
	return {
		help: values.help ?? false,
		node: values.node ?? "nodes/weather.ts",
		days: values.days === undefined ? undefined : number("days", values.days, Number.MIN_VALUE, LONGEST_DAYS),
		replay: values.replay,
		broker: values.broker,
		distances: (values.distance ?? []).map(distance),
		forward: values.forward === undefined ? undefined : address(values.forward),
		engine: engine as Options["engine"],
		ram,
		battery: values.battery === undefined ? 2600 : number("battery", values.battery.replace(/mAh$/, ""), 1, 1e6),
		seed: integer("seed", values.seed ?? "1", 0xffff_ffff),
		drift: drift(values.drift ?? "0"),
		speed: values.speed === undefined ? 0 : number("speed", values.speed, Number.MIN_VALUE, 1e9),
		faults,
		presses,
		settings: Object.fromEntries((values.set ?? []).map(parseSetting)),
		export: values.export,
		image: values.image,
		show: show as Options["show"],
		json: values.json ?? false,
	};
}

function read(args: readonly string[]) {
	try {
		return parseArgs({
			args: args.flatMap((arg, n) => {
				// `--drift -200` looks like an option without its value to parseArgs.
				const isDrift = (at: number) => args[at] === "--drift" && /^-\d/.test(args[at + 1] ?? "");
				return isDrift(n) ? `${arg}=${args[n + 1]}` : isDrift(n - 1) ? [] : arg;
			}),
			allowPositionals: false,
			options: {
				node: { type: "string" },
				days: { type: "string" },
				replay: { type: "string" },
				broker: { type: "string" },
				distance: { type: "string", multiple: true },
				forward: { type: "string" },
				engine: { type: "string" },
				ram: { type: "string" },
				battery: { type: "string" },
				seed: { type: "string" },
				drift: { type: "string" },
				speed: { type: "string" },
				fault: { type: "string", multiple: true },
				press: { type: "string", multiple: true },
				set: { type: "string", multiple: true },
				export: { type: "string" },
				image: { type: "string" },
				show: { type: "string" },
				json: { type: "boolean" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		const { message } = error as Error;
		const option = /'(--\w+)[^']*' argument/.exec(message)?.[1];
		const first = option ? `${option}: its value is missing` : message.split(/[.\n]/, 1)[0];
		throw new DormouseError("declaration", `${first}; npm start -- --help lists the options`);
	}
}

function number(name: string, text: string, low: number, high: number): number {
	const value = Number(text);
	if (text.trim() === "" || !(value >= low && value <= high))
		throw new DormouseError("declaration", `--${name} ${text}: a number above 0, at most ${high}, would be right`);
	return value;
}

function distance(text: string): number {
	const [, count, kilo] = /^(\d+(?:\.\d+)?)(k?)m?$/.exec(text) ?? [];
	const metres = Number(count) * (kilo ? 1000 : 1);
	if (!(metres >= 1 && metres <= FARTHEST))
		throw new DormouseError("declaration", `--distance ${text}: 1m … 1000km, such as 800 or 5km, would be right`);
	return metres;
}

function address(text: string): { host: string; port: number } {
	const [, name, inBrackets, digits] = /^(?:([^\s:[\]]+)|\[([^\s[\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
	const host = name ?? inBrackets;
	const port = Number(digits);
	if (host === undefined || !(port >= 1 && port <= 0xffff))
		throw new DormouseError("declaration", `--forward ${text}: host:port, such as localhost:1700, would be right`);
	return { host, port };
}

function drift(text: string): number {
	const value = Number(text);
	if (text.trim() === "" || !(Math.abs(value) <= DRIFT_LARGEST))
		throw new DormouseError("declaration", `--drift ${text}: ppm, such as 200 or -5000, would be right`);
	return value;
}

function integer(name: string, text: string, high: number): number {
	const value = Number(text);
	if (!/^\d+$/.test(text) || value > high)
		throw new DormouseError("declaration", `--${name} ${text}: a whole number from 0 to ${high} would be right`);
	return value;
}
