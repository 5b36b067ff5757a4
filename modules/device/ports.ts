import { DormouseError } from "../core/errors.js";

/**
 * The entry that a port's name means among those that a board has.
 * @param kind what is looked for, such as `I2C`
 * @param entries the board's, by the part of the name behind the dot; undefined when it has none of this kind
 * @param name such as `I2C.default`
 * @throws {DormouseError} `declaration`, naming the ports that the board has
 */
export function findPort<T>(kind: string, entries: Readonly<Record<string, T>> | undefined, name: string): T {
	const known = entries ? Object.keys(entries) : [];
	const key = name.slice(kind.length + 1);
	if (entries && name === `${kind}.${key}` && known.includes(key)) return entries[key]!;
	const right = known.length
		? `${known.map((each) => `"${kind}.${each}"`).join(" or ")} would be right`
		: `it has no ${kind} at all`;
	throw new DormouseError("declaration", `port: this board has no "${name}"; ${right}`);
}
