import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { Board } from "./boards.js";

/** What a build is for: a desk, or the field with keys in eFuses. */
export const PROFILES = Object.freeze(["development", "production"] as const);
export type Profile = (typeof PROFILES)[number];

const FRAGMENTS = join(PROJECT, "modules/device/native/esp32/sdkconfig");

/**
 * The options of ESP-IDF that a board and a profile want, on top of the SDK's own.
 * @throws {DormouseError} `declaration` when a board's chip is not known and the profile needs it
 */
export function sdkconfigFor({ chip, flash }: Board, profile: Profile): string {
	const fragments = ["sdkconfig.defaults"];
	if (flash === "8MB") fragments.push("flash-8mb.defaults");
	if (profile === "production") {
		if (chip === undefined)
			throw new DormouseError("declaration", "--profile production: the board's chip is not known");
		fragments.push("production.defaults", chip === "esp32" ? "production-esp32.defaults" : "production-hmac.defaults");
	}
	return fragments.map((name) => readFileSync(join(FRAGMENTS, name), "utf8")).join("");
}

/** Writes it to a folder that mcconfig takes as SDKCONFIGPATH. @returns the folder */
export function writeSdkconfig(folder: string, board: Board, profile: Profile): string {
	const path = join(folder, "sdkconfig");
	const text = sdkconfigFor(board, profile);
	mkdirSync(path, { recursive: true });
	writeFileSync(join(path, "sdkconfig.defaults"), text);
	return path;
}
