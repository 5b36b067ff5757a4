import { DormouseError, wrong } from "../core/errors.js";
import type { Driver } from "./driver.js";
import { type Quantity, quantity } from "./quantity.js";

/** One reading that a chip gives, in the driver's own steps. */
export interface Channel {
	readonly name: string;
	/** SenML unit. */
	readonly unit: string;
	/** What one step of the driver's integer is, in `unit`: a power of ten. */
	readonly step: number;
	/** The resolution that is sent unless the declaration says otherwise. */
	readonly resolution: number;
	/** What the chip is specified for, in `unit`. */
	readonly low: number;
	readonly high: number;
}

/** What a declaration may say of one reading. */
export interface Emit {
	/** A multiple of the channel's step; the channel's own resolution when left out. */
	readonly resolution?: number;
	/** Another name than the channel's, for a node with two chips of a kind. */
	readonly name?: string;
}

/** A sensor as a node declares it. Factories in `sensors/` make it with {@link sensor}. */
export interface SensorDeclaration {
	/** The chip, such as `bme280`. */
	readonly chip: string;
	/** The provider's name of the bus or pin, such as `I2C.default`. */
	readonly port: string;
	readonly channels: readonly Channel[];
	/** What is sent, in the order of the record's values. */
	readonly quantities: readonly Quantity[];
	/** For each quantity, the index of its channel. */
	readonly sources: readonly number[];
	/** For each quantity, how many of the channel's steps make one of its own. */
	readonly ratios: readonly number[];
	/** Opens the hardware. @throws {DormouseError} `absent`, `io`, or `declaration` when the board has no such port */
	create(): Driver;
}

/**
 * Checks what a factory in `sensors/` was given, and freezes it.
 * @param emit the readings to send, by channel name; all of them when left out
 * @throws {DormouseError} `declaration`
 */
export function sensor(options: {
	chip: string;
	port: string;
	channels: readonly Channel[];
	emit?: Readonly<Record<string, Emit>> | undefined;
	create: () => Driver;
}): SensorDeclaration {
	const { chip, port, channels, create } = options;
	if (typeof port !== "string" || !/^[A-Z][A-Za-z0-9]*\.[A-Za-z][A-Za-z0-9]*$/.test(port))
		wrong(`${chip}.port`, JSON.stringify(port), 'a provider name such as "I2C.default"');
	const emit: Readonly<Record<string, Emit>> = options.emit ?? Object.fromEntries(channels.map((c) => [c.name, {}]));
	if (typeof emit !== "object" || emit === null) wrong(`${chip}.emit`, emit, "an object of readings");
	const names = Object.keys(emit);
	if (names.length === 0) wrong(`${chip}.emit`, "{}", `one or more of ${list(channels)}`);
	const quantities: Quantity[] = [];
	const sources: number[] = [];
	const ratios: number[] = [];
	for (const name of names) {
		const where = `${chip}.emit.${name}`;
		const index = channels.findIndex((channel) => channel.name === name);
		if (index < 0)
			throw new DormouseError("declaration", `${where}: no such reading; ${list(channels)} would be right`);
		const channel = channels[index]!;
		const wish = emit[name]!;
		if (typeof wish !== "object" || wish === null) wrong(where, wish, "an object, {} for the usual resolution,");
		for (const key of Object.keys(wish))
			if (key !== "resolution" && key !== "name") wrong(`${where}.${key}`, "this field", "resolution or name");
		const { resolution = channel.resolution } = wish;
		const span = channel.high - channel.low;
		if (resolution > span) wrong(`${where}.resolution`, resolution, `one within the range of ${span}`);
		const sent = quantity(
			{ name: wish.name ?? name, unit: channel.unit, resolution, low: channel.low, high: channel.high },
			where,
		);
		const ratio = Math.round(resolution / channel.step);
		if (ratio < 1 || Math.abs(ratio * channel.step - resolution) > channel.step * 1e-6)
			wrong(`${where}.resolution`, resolution, `a multiple of ${channel.step}`);
		quantities.push(sent);
		sources.push(index);
		ratios.push(ratio);
	}
	return Object.freeze({
		chip,
		port,
		channels,
		quantities: Object.freeze(quantities),
		sources: Object.freeze(sources),
		ratios: Object.freeze(ratios),
		create,
	});
}

function list(channels: readonly Channel[]): string {
	return channels.map((channel) => channel.name).join(", ");
}
