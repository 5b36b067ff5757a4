import type { UplinkDeclaration } from "../../net/uplink.js";
import { compact } from "../codec/compact.js";
import type { NodeEncoding, RecordEncoding } from "../codec/encoding.js";
import type { FrameSchema } from "../codec/frame.js";
import { frameSchema, schemaId } from "../codec/schema.js";
import { DormouseError, wrong } from "../core/errors.js";
import type { WakeSources } from "../core/ports.js";
import { type Quantity, toScaled } from "../measure/quantity.js";
import type { SensorDeclaration } from "../measure/sensor.js";
import type { FullPolicy } from "../store/log-queue.js";
import type { Evidence } from "../store/tamper-evidence.js";

/** What a file in `nodes/` says of its node. */
export interface NodeOptions {
	/** Letters, digits and `-`, at most 32; for people, not an address. */
	readonly name: string;
	/** Time between samples in seconds: `minutes(10)`; 1 second … 1 day. */
	readonly every: number;
	/** One to eight sensors, made by the factories in `sensors/`. */
	readonly sensors: readonly SensorDeclaration[];
	/** Made by a factory in `net/`. */
	readonly uplink: UplinkDeclaration;
	/** How records are written: `compact` from `modules/codec/compact.ts`, the default, or `senml` from `…/senml.ts`. */
	readonly encoding?: RecordEncoding;
	/**
	 * What a record survives once it was taken. `rtc`, the default: deep sleep and resets; it moves to flash with others
	 * when RTC memory is three quarters full, or as `spill` says. `flash`: any power cut.
	 */
	readonly durability?: Durability;
	/** When records also move from RTC memory to flash. */
	readonly spill?: {
		/** So many seconds after the oldest of them was taken, 60 … 604,800. */
		readonly every?: number;
		/** When a reading is below this, in its unit: `{ battery: 3.4 }`, so that a dying battery loses nothing. */
		readonly below?: Readonly<Record<string, number>>;
	};
	/**
	 * What goes when the store is full: the `oldest` records (the default), the `newest`, or of older samples all but every
	 * n-th, again and again: `{ thin: n }`, 2 … 10.
	 */
	readonly full?: "oldest" | "newest" | { readonly thin: number };
	/**
	 * Makes the log tamper-evident: `hashChain` from `modules/store/evidence.ts`. Needs `durability: "flash"`, a policy other
	 * than `thin`, and the setting `evidenceKey`; see docs/store.md.
	 */
	readonly evidence?: Evidence;
	/** Takes messages for the node, where its uplink brings them: `mqtt({ downlinks: { window: 2 } })`. */
	readonly downlink?: DownlinkHandler;
	/** Pins and touch pads that wake the node between its samples: `wakeOn` from `modules/device/wake.ts`; see docs/boards.md. */
	readonly wake?: WakeSources;
}

/** What a node does with messages that were sent to it; see docs/mqtt.md. */
export interface DownlinkHandler {
	/**
	 * Takes one message. Whoever may publish at the broker may have sent it: obey nothing that the message does not prove. The
	 * same message may come more than once, in later wakes too.
	 * @param bytes a view that lives until the call returns
	 * @returns true once it is durably taken, false when it is refused: both are acknowledged and do not come again
	 * @throws anything, when it could not be looked at: it comes again, three times at most
	 */
	take(bytes: Uint8Array, node: DownlinkNode): boolean;
}

/** What a handler of messages gets beside them. */
export interface DownlinkNode {
	/** The handler's own value in flash, at most 200 bytes: durable when `write` returns. Both its calls may throw `flash`. */
	readonly cell: {
		/** A copy; undefined when nothing was written yet. */
		read(): Uint8Array | undefined;
		/** Replaces it: after a cut the old one or the new one is there. */
		write(value: Uint8Array): void;
	};
	/** Whether the peer says that the message may have come before. */
	readonly repeated: boolean;
	/** The wall time in milliseconds since 1970, UTC; 0 when unknown. */
	readonly wallMs: number;
}

/** What a record survives: deep sleep, or any power cut. */
export type Durability = "rtc" | "flash";

/** When records move to flash, checked. */
export interface Spill {
	/** Seconds after the oldest in RTC memory; 0: not for its age. */
	readonly everySeconds: number;
	/** Scaled integers, one a quantity: at readings below. Undefined where there is none. */
	readonly below: readonly (number | undefined)[];
}

/** A node, checked and frozen. Made by {@link declareNode}. */
export interface NodeDeclaration {
	readonly name: string;
	/** Seconds between samples. */
	readonly everySeconds: number;
	readonly sensors: readonly SensorDeclaration[];
	readonly uplink: UplinkDeclaration;
	readonly durability: Durability;
	readonly spill: Spill;
	readonly full: FullPolicy;
	/** `thin`: of older samples every so manieth stays. */
	readonly thin: number;
	/** Undefined where none is wanted. */
	readonly evidence: Evidence | undefined;
	readonly downlink: DownlinkHandler | undefined;
	readonly wake: WakeSources | undefined;
	/** The values of a sample, in order. */
	readonly quantities: readonly Quantity[];
	/** By which stored records are known; see `codec/schema.ts`. */
	readonly schema: number;
	/** What frames are encoded and decoded with. */
	readonly frame: FrameSchema;
	/** How the records are written. */
	readonly encoding: NodeEncoding;
}

const FIELDS: readonly string[] = Object.freeze([
	"name",
	"every",
	"sensors",
	"uplink",
	"encoding",
	"durability",
	"spill",
	"full",
	"evidence",
	"downlink",
	"wake",
]);
const SHORTEST_SPILL = 60;
const LONGEST_SPILL = 7 * 86_400;
const MOST_SENSORS = 8;
const MOST_QUANTITIES = 24;
const LONGEST_PERIOD = 86_400;

/**
 * Checks a declaration, so that mistakes show before a board is flashed.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareNode(options: NodeOptions): NodeDeclaration {
	if (typeof options !== "object" || options === null) wrong("declareNode", options, "an object");
	for (const field of Object.keys(options))
		if (!FIELDS.includes(field)) wrong(field, "this field", `one of ${FIELDS.join(", ")}`);
	const { name, every, sensors, uplink, encoding = compact, durability = "rtc" } = options;
	if (typeof name !== "string" || !/^[A-Za-z0-9-]{1,32}$/.test(name))
		wrong("name", JSON.stringify(name), "1 to 32 letters, digits or -");
	if (!Number.isInteger(every) || every < 1 || every > LONGEST_PERIOD)
		wrong("every", every, "a period from seconds(1) to days(1)");
	if (!Array.isArray(sensors) || sensors.length < 1 || sensors.length > MOST_SENSORS)
		wrong("sensors", Array.isArray(sensors) ? `${sensors.length} of them` : sensors, `a list of 1 to ${MOST_SENSORS}`);
	sensors.forEach((sensor: Partial<SensorDeclaration> | undefined, index) => {
		const lists = [sensor?.quantities, sensor?.channels, sensor?.sources, sensor?.ratios];
		if (typeof sensor?.create !== "function" || typeof sensor.port !== "string" || !lists.every(Array.isArray))
			wrong(`sensors[${index}]`, sensor, "what a factory of sensors/ returns");
	});
	if (typeof options.uplink?.create !== "function")
		wrong("uplink", options.uplink, "what a factory of net/ returns, such as mqtt({})");
	if (typeof encoding?.plan !== "function") wrong("encoding", shown(encoding), "senml or compact, imported,");
	if (durability !== "rtc" && durability !== "flash")
		wrong("durability", JSON.stringify(durability), '"rtc" or "flash"');
	const quantities = sensors.flatMap((sensor) => sensor.quantities);
	const names = new Set<string>();
	for (const { name: quantity } of quantities) {
		if (names.has(quantity))
			throw new DormouseError(
				"declaration",
				`sensors: two readings are called "${quantity}"; emit: { …: { name: "another" } } would be right for one of them`,
			);
		names.add(quantity);
	}
	if (quantities.length > MOST_QUANTITIES)
		wrong("sensors", `${quantities.length} readings`, `at most ${MOST_QUANTITIES}`);
	const { full = "oldest" } = options;
	const thin = typeof full === "object" ? full?.thin : 2;
	if (
		(typeof full === "string" && full !== "oldest" && full !== "newest") ||
		!(Number.isInteger(thin) && thin >= 2 && thin <= 10)
	)
		wrong(
			"full",
			typeof full === "object" ? `{ thin: ${thin} }` : JSON.stringify(full),
			'"oldest", "newest" or { thin: 2 } … { thin: 10 }',
		);
	if (typeof full === "object")
		for (const field of Object.keys(full)) if (field !== "thin") wrong(`full.${field}`, "this field", "thin");
	const { downlink, evidence, wake } = options;
	if (downlink === undefined ? uplink.downlinks : typeof downlink?.take !== "function")
		wrong("downlink", shown(downlink), "{ take(bytes, node) { … } }");
	Object.freeze(downlink);
	if (downlink && !uplink.downlinks)
		wrong("downlink", "it with this uplink", "one with downlinks, such as mqtt({ downlinks: {} }),");
	if (evidence !== undefined) {
		if (typeof evidence?.create !== "function") wrong("evidence", shown(evidence), "hashChain, imported,");
		if (durability !== "flash" || typeof full === "object")
			wrong("evidence", "hashChain with this durability or full", 'durability: "flash" without thinning');
	}
	if (wake !== undefined && typeof wake?.arm !== "function") wrong("wake", shown(wake), "wakeOn({ pins: […] })");
	const schema = schemaId(quantities);
	const frame = frameSchema(quantities, every, uplink.batch);
	const planned = encoding.plan({ frame, quantities });
	const { least } = planned;
	if (uplink.mtu < least)
		wrong("uplink.mtu", `${uplink.mtu} bytes`, `at least ${least}, which one sample of these readings takes,`);
	return Object.freeze({
		name,
		everySeconds: every,
		sensors: Object.freeze([...sensors]),
		uplink: uplink.plan?.({ name, everySeconds: every, schema, quantities }) ?? uplink,
		durability,
		spill: spillOf(options.spill, quantities),
		full: typeof full === "string" ? full : "thin",
		thin,
		evidence,
		downlink,
		wake,
		quantities: Object.freeze(quantities),
		schema,
		frame,
		encoding: planned,
	});
}

/** A value for a message. JSON would not do: on XS it may not write to an object that is in flash, for a moment as it does. */
function shown(value: unknown): string {
	return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function spillOf(spill: NodeOptions["spill"] = {}, quantities: readonly Quantity[]): Spill {
	if (typeof spill !== "object" || spill === null || Array.isArray(spill))
		wrong("spill", Array.isArray(spill) ? "a list" : JSON.stringify(spill), "{ every: …, below: { … } }");
	for (const field of Object.keys(spill))
		if (field !== "every" && field !== "below") wrong(`spill.${field}`, "this field", "every or below");
	const { every = 0, below = {} } = spill;
	if (every !== 0 && !(Number.isInteger(every) && every >= SHORTEST_SPILL && every <= LONGEST_SPILL))
		wrong("spill.every", every, "a time from minutes(1) to days(7)");
	if (typeof below !== "object" || below === null || Array.isArray(below))
		wrong("spill.below", below, "limits by reading: { battery: 3.4 }");
	for (const name of Object.keys(below)) {
		const known = quantities.find((one) => one.name === name);
		if (!known) wrong(`spill.below.${name}`, "this reading", `one of ${quantities.map((one) => one.name).join(", ")}`);
		else if (!(below[name]! >= known.low && below[name]! <= known.high))
			wrong(`spill.below.${name}`, below[name], `${known.low} to ${known.high} ${known.unit}`);
	}
	return Object.freeze({
		everySeconds: every,
		below: Object.freeze(
			quantities.map((one) => (Object.hasOwn(below, one.name) ? toScaled(below[one.name]!, one) : undefined)),
		),
	});
}
