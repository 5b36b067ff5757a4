import { MqttClient as MqttJs } from "mqtt";
import type { Packet } from "mqtt-packet";
import type { MqttOptions } from "../net/mqtt/declaration.js";
import { Broker } from "../sim/net/broker.js";
import { VirtualNetwork } from "../sim/net/virtual.js";
import { Scheduler } from "../sim/scheduler.js";
import { VirtualProxy } from "../test/support/fault-proxy.js";
import { RawClient } from "../test/support/raw-client.js";
import { dormouse } from "../test/support/simulate.js";
import { Sleeper } from "../test/support/sleeper.js";
import { Turns } from "../test/support/virtual-stream.js";
import { VirtualTimers } from "../test/support/virtual-timers.js";
import { row } from "./row.js";

const NODE = "163fe8fd5bf5";
const TOPIC = `dormouse/${NODE}/t`;
const COMMANDS = `dormouse/${NODE}/c`;
/** A frame of four records; the others publish as many bytes. */
const RECORDS = 4;
const FRAME = 4 + 8 * RECORDS;
/** Delays of the link, there and back, in milliseconds. */
const ROUND_TRIPS = [50, 200] as const;
const MINUTE = 60_000;
/** Flash that the session's machine and the codec may take. */
const FLASH_BUDGET = 16 * 1024;

/** What one connect-publish-sleep took. MQTT's bytes: TCP's and IP's headers come on top. */
interface Taken {
	/** From the first SYN to what says that the message is safe, in milliseconds. */
	ms: number;
	/** From the first SYN until the node has nothing to wait for. */
	awakeMs: number;
	up: number;
	down: number;
	/** Pieces that left as one: segments of TCP, where the network loses none. */
	segments: number;
}

/** The link, the broker behind it, and a measure of all that passes. */
class Bench {
	readonly scheduler = new Scheduler();
	readonly outer: VirtualNetwork;
	readonly taken: Taken = { ms: 0, awakeMs: 0, up: 0, down: 0, segments: 0 };
	arrivedMs = 0;
	#began = 0;

	constructor(readonly roundTripMs: number) {
		const { scheduler, taken } = this;
		this.outer = new VirtualNetwork(scheduler, { delayMs: roundTripMs / 2 });
		const inner = new VirtualNetwork(scheduler, { delayMs: 0 });
		const broker = new Broker(scheduler);
		broker.serve(inner);
		broker.subscribe(TOPIC, () => {
			this.arrivedMs = scheduler.now - this.#began;
		});
		new VirtualProxy(this.outer, inner, 1883, () => ({}), {
			up: (_, bytes) => {
				taken.up += bytes.length;
				taken.segments++;
			},
			down: (_, bytes) => {
				taken.down += bytes.length;
			},
		});
	}
	/** A new measurement begins. */
	begin(): void {
		Object.assign(this.taken, { ms: 0, awakeMs: 0, up: 0, down: 0, segments: 0 });
		this.#began = this.scheduler.now;
	}
	safe(): void {
		this.taken.ms ||= this.scheduler.now - this.#began;
	}
	over(): void {
		this.taken.awakeMs ||= this.scheduler.now - this.#began;
	}
	/** Lets what is on its way arrive. */
	async settle(turns?: Turns): Promise<Taken> {
		const until = this.scheduler.now + MINUTE;
		if (turns) await turns.run(this.scheduler, () => true, until);
		else while (this.scheduler.advance(until));
		this.scheduler.skipTo(until);
		return { ...this.taken };
	}
}

/** Wakes of this node: the first ever, and one that follows. The broker's address is in digits, so that no name is looked up. */
async function ours(roundTripMs: number, mqtt: MqttOptions): Promise<[first: Taken, repeated: Taken]> {
	const bench = new Bench(roundTripMs);
	const { scheduler } = bench;
	const node = new Sleeper({
		network: bench.outer,
		timers: new VirtualTimers(scheduler),
		now: () => scheduler.now,
		nodeId: NODE,
		mqtt: { broker: "192.0.2.1", ...mqtt },
		onDelivered: () => bench.safe(),
		onOutcome: () => bench.over(),
	});
	const wake = () => {
		bench.begin();
		node.wake(RECORDS);
		return bench.settle();
	};
	const first = await wake();
	await wake();
	return [first, await wake()];
}

/** How MQTT.js is used. */
interface MqttJsUse {
	readonly version: 5 | 4;
	/** Keeps its session at the broker, and so need not subscribe again. */
	readonly keeps: boolean;
	readonly subscribes: boolean;
}

async function mqttJs(roundTripMs: number, use: MqttJsUse): Promise<[first: Taken, repeated: Taken]> {
	const bench = new Bench(roundTripMs);
	const { scheduler } = bench;
	const turns = new Turns();
	const wake = async (isFirst: boolean) => {
		bench.begin();
		let isOver = false;
		const client = new MqttJs(() => turns.stream((listener) => bench.outer.connect("192.0.2.1", 1883, listener)), {
			clientId: NODE,
			protocolVersion: use.version,
			reconnectPeriod: 0,
			clean: !use.keeps || (use.version === 5 && isFirst),
			...(use.version === 5 && use.keeps ? { properties: { sessionExpiryInterval: 86_400 } } : {}),
		});
		const publish = () =>
			client.publish(TOPIC, Buffer.alloc(FRAME), { qos: 1 }, () => {
				bench.safe();
				bench.over();
				client.end(() => {
					isOver = true;
				});
			});
		// As its documentation does it: what is to be subscribed is, then the publish follows.
		if (use.subscribes && (isFirst || !use.keeps))
			client.on("connect", () => client.subscribe(COMMANDS, { qos: 1 }, () => publish()));
		else publish();
		await turns.run(scheduler, () => !isOver);
		return bench.settle(turns);
	};
	const first = await wake(true);
	await wake(false);
	return [first, await wake(false)];
}

/** One packet after the other, each behind the answer to the one before. */
async function stepwise(roundTripMs: number, subscribes: boolean, qos: 0 | 1): Promise<Taken> {
	const bench = new Bench(roundTripMs);
	bench.begin();
	const packets: Packet[] = [
		...(subscribes ? [{ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: COMMANDS, qos: 0 }] } as Packet] : []),
		{ cmd: "publish", topic: TOPIC, payload: Buffer.alloc(FRAME), qos, messageId: 2, retain: false, dup: false },
	];
	const client = new RawClient(bench.outer, 4, 1883, () => client.connect(NODE));
	const end = () => {
		bench.safe();
		bench.over();
		client.send({ cmd: "disconnect" });
		client.close();
	};
	client.onPacket = () => {
		const next = packets.shift();
		if (!next) return end();
		client.send(next);
		if (!packets.length && !qos) end(); // nothing answers a QoS 0
	};
	const taken = await bench.settle();
	if (!qos) taken.ms = bench.arrivedMs;
	return taken;
}

function tell(name: string, roundTripMs: number, { ms, awakeMs, up, down, segments }: Taken, remark = ""): void {
	const trips = ms / roundTripMs;
	const open = awakeMs === ms ? "" : `, connection open ${awakeMs} ms`;
	row(`${name}, round trips`, trips, `${ms} ms, ${up} B up, ${down} B down, ${segments} segments up${open}${remark}`);
}

/** Whether today's client has the option. */
function options(): readonly (readonly [name: string, options: MqttOptions])[] {
	return [
		["5.0", { version: 5 }],
		["3.1.1", { version: 4 }],
	];
}

/** Round trips and bytes from TCP connect to PUBACK; flash of session and codec, RAM of a wake that publishes. */
export async function bench(): Promise<void> {
	for (const roundTripMs of ROUND_TRIPS) {
		process.stdout.write(
			`  link of ${roundTripMs} ms there and back; frame of ${FRAME} B; from TCP connect to PUBACK\n`,
		);
		for (const [name, mqtt] of options()) {
			const [first, repeated] = await ours(roundTripMs, mqtt);
			const verdict = (taken: Taken) => (taken.ms / roundTripMs <= 2 ? "; budget 2: kept" : "; budget 2: MISSED");
			tell(`Dormouse, ${name}, first`, roundTripMs, first, verdict(first));
			tell(`Dormouse, ${name}, repeated`, roundTripMs, repeated, verdict(repeated));
		}
		for (const [name, use] of [
			["MQTT.js, its defaults (3.1.1)", { version: 4, keeps: false, subscribes: false }],
			["MQTT.js, its defaults, subscribed", { version: 4, keeps: false, subscribes: true }],
			["MQTT.js, 5.0, session kept, subscribed", { version: 5, keeps: true, subscribes: true }],
		] as const) {
			const [first, repeated] = await mqttJs(roundTripMs, use);
			tell(`${name}, first`, roundTripMs, first);
			tell(`${name}, repeated`, roundTripMs, repeated);
		}
		const silent = await stepwise(roundTripMs, true, 0);
		tell("SDK's flow emulated: subscribed, QoS 0, to the broker", roundTripMs, silent, "; nothing is acknowledged");
		tell("SDK's flow emulated: subscribed, QoS 1", roundTripMs, await stepwise(roundTripMs, true, 1));
		tell("SDK's flow emulated: QoS 1", roundTripMs, await stepwise(roundTripMs, false, 1));
		paper(roundTripMs);
	}
	await sizes();
}

/** MQTT-SN over UDP from its specification, version 1.2: nothing was run. */
function paper(roundTripMs: number): void {
	const connect = 6 + NODE.length; // §5.4.4, with the length of §5.2.1 in one byte
	const connack = 3; // §5.4.5
	const register = 6 + TOPIC.length; // §5.4.10
	const regack = 7; // §5.4.11
	const publish = 7 + FRAME; // §5.4.12, a topic id that is registered or predefined
	const puback = 7; // §5.4.13
	const disconnect = 4; // §5.4.21, with the duration of the sleep; the gateway answers with 2 bytes
	const tell = (name: string, trips: number, up: number, down: number) =>
		row(`${name}, round trips`, trips, `${trips * roundTripMs} ms, ${up} B up, ${down} B down; on paper`);
	tell(
		"MQTT-SN minimum, first, topic registered",
		3,
		connect + register + publish + disconnect,
		connack + regack + puback + 2,
	);
	tell("MQTT-SN minimum, repeated, QoS 1", 2, connect + publish + disconnect, connack + puback + 2);
}

interface SizeReport {
	readonly representative: boolean;
	readonly ram: { readonly chunks: number; readonly slots: number; readonly stack: number };
	readonly publish: { readonly computrons?: number };
	readonly modules: readonly { readonly module: string; readonly bytes: number }[];
}

/** Of the weather node. */
async function sizes(): Promise<void> {
	const { status, stdout, stderr } = await dormouse(["size", "--json"]);
	if (status !== 0) {
		process.stdout.write(`  sizes skipped: ${stderr.trim()}\n`);
		return;
	}
	const { modules, ram } = JSON.parse(stdout) as SizeReport;
	const mine = modules.filter(({ module }) => module.startsWith("net/mqtt/"));
	const sum = (of: readonly { readonly bytes: number }[]) => of.reduce((total, { bytes }) => total + bytes, 0);
	const isShell = ({ module }: { module: string }) => /\/(client|declaration|companion|mqtts?)\.ts$/.test(module);
	const core = sum(mine.filter((one) => !isShell(one)));
	row("flash of session and codec, B", core, `budget ${FLASH_BUDGET}: ${core <= FLASH_BUDGET ? "kept" : "MISSED"}`);
	row("flash of net/mqtt in all, with shell and declaration, B", sum(mine));
	row("RAM of a node up to its first publish, slots of 16 B", ram.slots, "with the simulator's shims");
	row("RAM of a node up to its first publish, chunks, B", ram.chunks, "with the simulator's shims");
}
