import type { UplinkDeclaration } from "../../net/uplink.js";
import type { FrameSchema } from "../codec/frame.js";
import { frameSchema, schemaId } from "../codec/schema.js";
import { SHORT_LEAST, shortSize } from "../codec/short-frame.js";
import { DormouseError, wrong } from "../core/errors.js";
import type { Quantity } from "../measure/quantity.js";
import type { SensorDeclaration } from "../measure/sensor.js";

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
	/** What a record survives: `rtc` is deep sleep. */
	readonly durability?: "rtc";
}

/** A node, checked and frozen. Made by {@link declareNode}. */
export interface NodeDeclaration {
	readonly name: string;
	/** Seconds between samples. */
	readonly everySeconds: number;
	readonly sensors: readonly SensorDeclaration[];
	readonly uplink: UplinkDeclaration;
	readonly durability: "rtc";
	/** The values of a sample, in order. */
	readonly quantities: readonly Quantity[];
	/** By which stored records are known; see `codec/schema.ts`. */
	readonly schema: number;
	/** What frames are encoded and decoded with. */
	readonly frame: FrameSchema;
}

const FIELDS: readonly string[] = Object.freeze(["name", "every", "sensors", "uplink", "durability"]);
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
	const { name, every, sensors, uplink, durability = "rtc" } = options;
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
	if (typeof uplink?.create !== "function") wrong("uplink", uplink, "what a factory of net/ returns, such as mqtt({})");
	if (durability !== "rtc") wrong("durability", JSON.stringify(durability), '"rtc" (flash comes with the store)');
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
	const frame = frameSchema(quantities, every, uplink.batch);
	const least = Math.max(shortSize(frame), SHORT_LEAST);
	if (uplink.mtu < least)
		wrong("uplink.mtu", `${uplink.mtu} bytes`, `at least ${least}, which one sample of these readings takes,`);
	return Object.freeze({
		name,
		everySeconds: every,
		sensors: Object.freeze([...sensors]),
		uplink,
		durability,
		quantities: Object.freeze(quantities),
		schema: schemaId(quantities),
		frame,
	});
}
