import { wrong } from "../../modules/core/errors.js";
import type { LorawanOptions } from "./lorawan.js";

/**
 * Checks a declaration, when it is made: flash does not hold this.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function checkLorawan(options: LorawanOptions): void {
	if (typeof options !== "object" || options === null) wrong("uplink", String(options), "lorawan({ region, radio })");
	const { region, radio, packages = [], cipher, battery, antenna = 0, ...rest } = options;
	if (!(region?.data instanceof Uint32Array))
		wrong("uplink.region", String(region), "eu868, us915(2) or another of net/lorawan/");
	if (typeof radio?.create !== "function") wrong("uplink.radio", String(radio), "what a factory of net/radio/ returns");
	if (typeof antenna !== "number" || !(antenna >= -10 && antenna <= 15)) wrong("uplink.antenna", antenna, "−10 … 15");
	if (!Array.isArray(packages) || packages.some((each) => typeof each?.create !== "function"))
		wrong("uplink.packages", String(packages), "a list such as [clockSync]");
	if (cipher !== undefined && typeof cipher !== "function") wrong("uplink.cipher", String(cipher), "() => new …()");
	if (battery !== undefined && typeof battery !== "function")
		wrong("uplink.battery", String(battery), "(values) => 1 … 254");
	const ranges: Record<string, readonly [number, number]> = {
		batch: [1, 255],
		port: [1, 223],
		deadline: [15, 240],
		drift: [1, 50_000],
	};
	const flags = ["confirmed", "downlinks", "adr", "repeater", "private", "joinNonceCounts"];
	for (const [field, value] of Object.entries(rest) as [string, unknown][]) {
		const range = ranges[field];
		if (!range && !flags.includes(field)) {
			const all = ["region", "radio", "packages", "cipher", "battery", "antenna", ...Object.keys(ranges), ...flags];
			wrong(`uplink.${field}`, "an unknown field", `one of ${all.join(", ")}`);
		}
		if (!range) {
			if (typeof value !== "boolean") wrong(`uplink.${field}`, String(value), "true or false");
		} else if (!Number.isInteger(value) || (value as number) < range[0] || (value as number) > range[1])
			wrong(`uplink.${field}`, value, `${range[0]} … ${range[1]}`);
	}
}
