import { writeFileSync } from "node:fs";
import { DormouseError } from "../../modules/core/errors.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { STORE_PARTITION } from "../../modules/store/log.js";
import { EVIDENCE_KEY } from "../../modules/store/tamper-evidence.js";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { providerNames } from "../../sim/host/pins.js";
import { Broker } from "../../sim/net/broker.js";
import { parseBrokerUrl } from "../../sim/net/broker-url.js";
import type { Network } from "../../sim/net/network.js";
import { RealNetwork } from "../../sim/net/real.js";
import { Subscriber } from "../../sim/net/subscriber.js";
import { MODEL_CA } from "../../sim/net/tls-model.js";
import { VirtualNetwork } from "../../sim/net/virtual.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Simulation } from "../../sim/simulation.js";
import { loadRecording, phenomenaOf, type Recording } from "../../sim/world/csv.js";
import { Model } from "../../sim/world/model.js";
import { Replay } from "../../sim/world/replay.js";
import type { World } from "../../sim/world/world.js";
import { buildHost } from "../../sim/xs/build.js";
import { checkWake, pinsOf } from "../device/wake-pins.js";
import { parseKey } from "../evidence-key.js";
import { checkNode } from "../node-file.js";
import { checkSettings, settingsOf } from "../node-settings.js";
import { exportChain } from "../store-image.js";
import { JsonOutput } from "./json.js";
import { checkUplink, lorawanNotices, makeLorawan, peerOf } from "./lorawan.js";
import { MessagesOutput } from "./messages.js";
import { HELP, type Options, parseOptions } from "./options.js";
import type { Output } from "./output.js";
import { TextOutput } from "./text.js";

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 3;
/** Up to so many wakes, each evaluates the firmware's modules anew. */
const FRESH_WAKES = 10_000;
/** How long a real broker may take to pass on the last message. */
const LAST_MESSAGE_MS = 2000;
const INTERRUPTED = 130;

/**
 * `dormouse simulate`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function simulate(args: readonly string[]): Promise<number> {
	const options = parseOptions(args);
	if (options.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const recording = options.replay === undefined ? undefined : loadRecording(options.replay);
	const world = makeWorld(options, recording);
	const lengthMs = lengthOf(options, world);
	const scheduler = new Scheduler();
	const network = makeNetwork(options, scheduler);
	const bundle = await bundleFirmware(options.node);
	const node = checkNode(new NodeEngine().load(bundle).node, options.node);
	checkPorts(node);
	checkWake(node.wake, "esp32");
	checkUplink(node, options);
	checkSettings(options.settings, settingsOf(bundle.code, node));
	checkTls(node, options);
	checkLink(node, options);
	checkPresses(node, options);
	const key = keyFor(node, options);
	const { engine, about, notices } = await pickEngine(options, lengthMs / (1000 * node.everySeconds));
	const firmware = engine.load(bundle);

	const output = makeOutput(options);
	const lorawan = makeLorawan(node, options, scheduler, world);
	const simulation = new Simulation({
		scheduler,
		world,
		network,
		lorawan,
		firmware,
		seed: options.seed,
		settings: settingsFrom(node, options),
		faults: options.faults,
		presses: options.presses,
		lengthMs,
		speed: options.speed,
		drift: () => options.drift,
		onWake: (log) => output.wake(log),
		onRecords: (records, duplicates) => output.records(records, duplicates),
		onUplink(uplink, at) {
			output.message?.(`lorawan/${uplink.devEui}/${uplink.port}`, uplink.payload, world.startMs + at);
			output.uplink?.(uplink);
		},
	});
	const subscription = lorawan
		? NOBODY
		: await subscribe(options, scheduler, network, simulation, (topic, payload) => {
				output.message?.(topic, payload, world.startMs + scheduler.now);
				simulation.receive(payload);
			});
	output.begin({
		options,
		node,
		nodeId: simulation.nodeId,
		world,
		lengthMs,
		recording,
		engine: about,
		peer: lorawan
			? peerOf(options)
			: options.broker === undefined
				? "a broker in the simulation"
				: hostOf(options.broker),
		lorawan,
		notices: [
			...notices,
			...noticesOf(node, recording),
			...(lorawan ? lorawanNotices(options, simulation.provisioned) : []),
			...(options.broker !== undefined && options.settings.ntp !== undefined
				? [
						"the node asks a real server what time it is; the simulated world has its own time, so that times will differ",
					]
				: []),
			...(node.evidence && !key ? ["without --set evidenceKey=@FILE nothing that this node stores is proven"] : []),
			...firmware.warnings.map(moduleScope),
		],
	});
	let interrupted = false;
	const stop = () => {
		interrupted = true;
		simulation.stop();
	};
	process.once("SIGINT", stop);
	process.once("SIGTERM", stop);
	try {
		await simulation.run();
		await subscription.settle();
	} finally {
		process.off("SIGINT", stop);
		process.off("SIGTERM", stop);
		await subscription.close();
		await lorawan?.close();
		await network.close();
		firmware.close();
	}
	const store = simulation.board.flash.get(STORE_PARTITION)!.bytes;
	if (options.image !== undefined) write(options.image, store, "--image");
	if (options.export !== undefined) write(options.export, exportChain(store, node, key!), "--export");
	const summary = simulation.finish();
	output.end(simulation, interrupted);
	if (simulation.gaveUp) process.stderr.write("dormouse: stopped, because the firmware died at ten boots in a row\n");
	if (interrupted) return INTERRUPTED;
	const illegal = lorawan ? lorawan.violations.length > 0 : false;
	return summary.lost > 0 || summary.wrong > 0 || summary.faults > 0 || illegal ? 1 : 0;
}

/** The engine that was asked for, or XS where it can be had. */
async function pickEngine(
	options: Options,
	wakes: number,
): Promise<{ engine: Engine; about: string; notices: string[] }> {
	const node = (...notices: string[]) => ({
		engine: new NodeEngine(wakes <= FRESH_WAKES ? "fresh" : "kept"),
		about: "Node",
		notices,
	});
	if (options.engine === "node") return node();
	const progress = (line: string) => process.stderr.write(`${line}\n`);
	const host = await buildHost({ progress });
	if (!host.ready) {
		if (options.engine === "xs") throw new DormouseError("unsupported", `--engine xs: ${host.reason}`);
		return node(`${host.reason}; the Node engine runs instead`);
	}
	const engine = new XsEngine(host, { measure: true, ...(options.ram === undefined ? {} : { ram: options.ram }) });
	const about = `XS (${host.bits} bits, ${engine.ram.name})`;
	return { engine, about, notices: host.representative ? [] : ["RAM figures of a 64-bit XS are not a device's"] };
}

function makeOutput({ json, show }: Options): Output {
	if (json) return new JsonOutput();
	return show === "messages" ? new MessagesOutput() : new TextOutput();
}

function makeWorld({ broker, forward, seed }: Options, recording: Recording | undefined): World {
	// Whoever listens at a real broker or network server, and certificates, live in the present.
	const real = broker !== undefined || forward !== undefined;
	const model = new Model(real ? { seed, startMs: Math.floor(Date.now() / 1000) * 1000 } : { seed });
	if (!recording) return model;
	// A recording says nothing of this node's battery; what it does not have otherwise is unknown.
	return new Replay(recording, {
		startMs: model.startMs,
		lengthMs: model.lengthMs,
		at: (phenomenon, ms) => (phenomenon === "battery" ? model.at("battery", ms) : undefined),
	});
}

function lengthOf({ days }: Options, world: World): number {
	if (world.lengthMs <= 0)
		throw new DormouseError("malformed", "--replay: one row is no span; two or more would be right");
	const lengthMs = days === undefined ? Math.min(world.lengthMs, Number.MAX_SAFE_INTEGER) : days * DAY_MS;
	return days === undefined && !Number.isFinite(world.lengthMs) ? DEFAULT_DAYS * DAY_MS : lengthMs;
}

function makeNetwork({ broker, faults, seed, settings }: Options, scheduler: Scheduler): Network {
	if (broker !== undefined) {
		if (faults.spans("broker").length || faults.spans("refuse").length)
			throw new DormouseError("declaration", "--fault broker and refuse work without --broker only");
		return new RealNetwork(broker, settings.ntp === undefined ? undefined : { host: settings.ntp, port: 123 });
	}
	const outages = [
		...[...faults.spans("broker"), ...faults.spans("ap"), ...faults.spans("cable")].map(([from, to]) => ({
			from,
			to,
			how: "silent" as const,
		})),
		...faults.spans("refuse").map(([from, to]) => ({ from, to, how: "refused" as const })),
	];
	return new VirtualNetwork(scheduler, { seed, outages });
}

interface Subscription {
	/** Waits until what was acknowledged has arrived, but not for ever. */
	settle(): Promise<void>;
	close(): Promise<void>;
}

/** Where no broker is. */
const NOBODY: Subscription = Object.freeze({ settle: async () => {}, close: async () => {} });

async function subscribe(
	{ broker, settings }: Options,
	scheduler: Scheduler,
	network: Network,
	simulation: Simulation,
	onMessage: (topic: string, payload: Uint8Array) => void,
): Promise<Subscription> {
	const { topic } = simulation.node.uplink;
	const filter = topic?.replaceAll("{nodeId}", simulation.nodeId) ?? "#";
	if (broker === undefined) {
		const server = new Broker(scheduler);
		server.serve(network as VirtualNetwork);
		server.serve(network as VirtualNetwork, 8883, {});
		server.subscribe(filter, onMessage);
		return NOBODY;
	}
	const subscriber = new Subscriber(broker, filter, onMessage, { tls: settings });
	await subscriber.ready;
	return {
		async settle() {
			for (let waited = 0; simulation.finish().lost > 0 && waited < LAST_MESSAGE_MS; waited += 20)
				await new Promise((resolve) => setTimeout(resolve, 20));
		},
		close: () => subscriber.close(),
	};
}

/** What provisioning would give the device. */
function settingsFrom({ uplink }: NodeDeclaration, { broker, settings }: Options): Record<string, string> {
	if (broker === undefined) return { ...(uplink.kind === "mqtts" ? { ca: MODEL_CA } : {}), ...settings };
	const { host, username, password, tls } = parseBrokerUrl(broker);
	return {
		...(tls ? { broker: host } : {}), // the name that the node finds in the broker's certificate
		...(username === undefined ? {} : { username }),
		...(password === undefined ? {} : { password }),
		...settings,
	};
}

/**
 * The node's key, where it has one that is fit. One that is not is left to the node, which tells of it, unless there is to
 * be an export.
 */
function keyFor({ evidence }: NodeDeclaration, options: Options): Uint8Array | undefined {
	const wished = options.export !== undefined;
	if (wished && !evidence) throw new DormouseError("declaration", "--export: the node declares no evidence");
	const text = options.settings[EVIDENCE_KEY];
	if (wished && text === undefined)
		throw new DormouseError("declaration", `--export: --set ${EVIDENCE_KEY}=@FILE is missing`);
	try {
		return evidence && text !== undefined ? parseKey(text, `--set ${EVIDENCE_KEY}`) : undefined;
	} catch (error) {
		if (wished || !(error instanceof DormouseError)) throw error;
		return undefined;
	}
}

function write(file: string, bytes: Uint8Array, option: string): void {
	try {
		writeFileSync(file, bytes);
	} catch (error) {
		throw new DormouseError("declaration", `${option}: ${(error as Error).message}`);
	}
}

/** A declaration may name a port that this board does not have: better said now than at each wake. */
function checkPorts({ sensors }: NodeDeclaration): void {
	const known = providerNames();
	for (const [index, { chip, port }] of sensors.entries())
		if (!known.includes(port)) {
			const kind = port.split(".", 1)[0];
			const right = known.filter((name) => name.startsWith(`${kind}.`));
			throw new DormouseError(
				"declaration",
				`sensors[${index}].port: the simulated board has no "${port}" for ${chip}; ${(right.length ? right : known).map((name) => `"${name}"`).join(" or ")} would be right`,
			);
		}
}

/** A node speaks either TLS or not, and trusts nobody by default: better said now than at each wake. */
function checkTls({ uplink }: NodeDeclaration, { broker, settings }: Options): void {
	if (broker === undefined) return;
	const { tls } = parseBrokerUrl(broker);
	if (tls !== (uplink.kind === "mqtts")) {
		const [scheme, factory] = tls ? ["mqtts", "mqtt"] : ["mqtt", "mqtts"];
		throw new DormouseError(
			"declaration",
			`--broker: ${scheme}:// does not fit the node, which declares uplink: ${factory}(…); ${factory}://, or a node with ${scheme}(…) such as nodes/weather${tls ? "-tls" : ""}.ts, would be right`,
		);
	}
	if (tls && settings.ca === undefined)
		throw new DormouseError("declaration", "--broker: mqtts:// needs the broker's CA; --set ca=@ca.pem would be right");
}

/** What is done to a cable or an access point that a node does not use would say nothing of the node. */
function checkLink({ uplink }: NodeDeclaration, { faults }: Options): void {
	const foreign = uplink.link === "ethernet" ? (["ap", "roam", "subnet"] as const) : (["cable"] as const);
	for (const kind of foreign)
		if (faults.spans(kind).length)
			throw new DormouseError(
				"declaration",
				`--fault ${kind}: the node's link is ${uplink.link ?? "none of an IP network"}; ${uplink.link === "ethernet" ? "cable or dhcp" : "ap, roam, subnet or dhcp, or a node with link: ethernet(),"} would be right`,
			);
}

/** A press that wakes nobody would do nothing, in silence. */
function checkPresses({ wake }: NodeDeclaration, { presses }: Options): void {
	const known = wake ? [...pinsOf(wake.high), ...pinsOf(wake.low), ...pinsOf(wake.touch)] : [];
	const wrong = presses.pins.find((pin) => !known.includes(pin));
	if (wrong === undefined) return;
	throw new DormouseError(
		"declaration",
		known.length
			? `--press ${wrong}: this pin does not wake the node; ${known.join(", ")} would be right`
			: `--press ${wrong}: no pin wakes this node; a node with wake: wakeOn(…), such as nodes/door.ts, would be right`,
	);
}

function noticesOf({ sensors }: NodeDeclaration, recording: Recording | undefined): string[] {
	if (!recording) return [];
	const known = [...phenomenaOf(recording), "battery"];
	const wanted = sensors.flatMap(({ channels, sources }) => sources.map((source) => channels[source]!.name));
	const unknown = wanted.filter((name) => !known.includes(name));
	const unused = phenomenaOf(recording).filter((name) => !wanted.includes(name));
	const notices: string[] = [];
	if (unknown.length) notices.push(`the recording has no ${unknown.join(", ")}: missing in every sample`);
	if (unused.length) notices.push(`no sensor of this node measures ${unused.join(", ")}`);
	if (recording.leftOut)
		notices.push(`${recording.leftOut} rows left out: their time does not come after the row before`);
	return notices;
}

function moduleScope(warning: string): string {
	return `module scope: ${warning}; what a wake writes there, sleep forgets`;
}

function hostOf(broker: string): string {
	const { host, port, tls } = parseBrokerUrl(broker);
	return `${tls ? "mqtts" : "mqtt"}://${host}:${port}`;
}
