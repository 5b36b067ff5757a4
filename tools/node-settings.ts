import { DormouseError } from "../modules/core/errors.js";
import type { NodeDeclaration } from "../modules/cycle/declaration.js";
import { EVIDENCE_KEY } from "../modules/store/tamper-evidence.js";
import { bundleFirmware } from "../sim/engine/bundle.js";
import { loadNode } from "./node-file.js";

/** Settings that parts of a node read: those whose names its firmware spells. */
const KNOWN: readonly string[] = Object.freeze([
	...["broker", "port", "username", "password", "ssid", "passphrase", "ntp"],
	...["joinEui", "devEui", "appKey", "devAddr", "nwkSKey", "appSKey"],
	...[EVIDENCE_KEY, "notBefore"],
]);
/** Words that stand in firmware for other things as well, and are settings of this kind of uplink alone. */
const OF_MQTT: readonly string[] = Object.freeze(["broker", "port", "username", "password"]);
/** What the platform reads by itself for TLS. */
const OF_TLS: readonly string[] = Object.freeze(["ca", "certificate", "key"]);

/**
 * Names of the settings that a node reads; what a declaration's own code asks `ports.setting` for is found as well.
 * @param code of its firmware, bundled
 */
export function settingsOf(code: string, { uplink }: NodeDeclaration): string[] {
	const overMqtt = uplink.kind.startsWith("mqtt");
	const names = new Set(KNOWN.filter((name) => spells(code, name) && (overMqtt || !OF_MQTT.includes(name))));
	if (uplink.kind === "mqtts") for (const name of OF_TLS) names.add(name);
	for (const [, name] of code.matchAll(/\bsetting\(["'`](\w+)["'`]\)/g)) names.add(name!);
	return [...names];
}

/**
 * The same of a declaration's file.
 * @throws {DormouseError} what is wrong with the declaration
 */
export async function settingsOfFile(file: string): Promise<string[]> {
	const node = await loadNode(file);
	return settingsOf((await bundleFirmware(file)).code, node);
}

/**
 * A name with a slip in it would do nothing, in silence.
 * @throws {DormouseError} `declaration`, without the value
 */
export function checkSettings(settings: Readonly<Record<string, string>>, known: readonly string[]): void {
	for (const name of Object.keys(settings))
		if (!known.includes(name))
			throw new DormouseError(
				"declaration",
				`--set ${name}: no part of this node reads it; ${known.join(", ")} would be right`,
			);
}

function spells(code: string, name: string): boolean {
	return ['"', "'", "`"].some((quote) => code.includes(`${quote}${name}${quote}`));
}
