import { fromHex } from "../../modules/core/bytes.js";
import { DormouseError } from "../../modules/core/errors.js";
import { EVIDENCE_KEY } from "../../modules/store/tamper-evidence.js";
import { parseKey } from "../evidence-key.js";
import { LONGEST_TEXT } from "./nvs-image.js";

/** What is wrong with a value, as what would be right; undefined when it is right. */
type Check = (value: string) => string | undefined;

const matching =
	(pattern: RegExp, right: string): Check =>
	(value) =>
		pattern.test(value) ? undefined : right;
const bytes = (low: number, high: number): Check => {
	return (value) => {
		const { length } = Buffer.from(value);
		return length >= low && length <= high ? undefined : `${low} to ${high} bytes`;
	};
};
const hex = (count: number): Check => {
	return (value) => {
		try {
			if (fromHex(value).length === count) return undefined;
		} catch (error) {
			if (!(error instanceof DormouseError)) throw error;
		}
		return `${2 * count} hexadecimal digits`;
	};
};
const number = (low: number, high: number): Check => {
	return (value) => (/^\d+$/.test(value) && +value >= low && +value <= high ? undefined : `${low} to ${high}`);
};
/** Strings of C end there. */
const withoutNul = matching(/^[^\0]*$/, "text without a NUL");
const pem = (kind: string) => matching(new RegExp(`^-----BEGIN ${kind}-----\\s`), `PEM: -----BEGIN ${kind}----- …`);
const host = matching(/^[\w.:-]{1,253}$/, "a host name or an address");

/** Settings that firmware asks for, by name, each with its check. */
const SETTINGS: Readonly<Record<string, Check>> = Object.freeze({
	broker: host,
	port: number(1, 65535),
	username: bytes(1, LONGEST_TEXT),
	password: bytes(1, LONGEST_TEXT),
	ssid: bytes(1, 32), // IEEE 802.11-2020, 9.4.2.2
	passphrase: matching(/^([\x20-\x7e]{8,63}|[\da-fA-F]{64})$/, "8 to 63 characters of ASCII, or 64 hexadecimal digits"),
	ntp: host,
	notBefore: number(0, 0xffff_ffff), // seconds since 1970: no time before it is believed
	ca: pem("CERTIFICATE"),
	certificate: pem("CERTIFICATE"),
	key: pem("(EC )?PRIVATE KEY"),
	[EVIDENCE_KEY](value: string) {
		try {
			parseKey(value, "");
			return undefined;
		} catch {
			return "32 to 128 random hexadecimal digits";
		}
	},
	joinEui: hex(8),
	devEui: hex(8),
	appKey: hex(16),
	devAddr: hex(4),
	nwkSKey: hex(16),
	appSKey: hex(16),
	// Of a desktop: which world (sim/moddable-provider.ts), and when the power comes, in seconds since 1970.
	seed: number(0, 0xffff_ffff),
	start: number(0, 0xffff_ffff),
});

/** Names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.freeze(Object.keys(SETTINGS));

/**
 * Checks a setting of the firmware. What is said of a wrong one does not repeat the value.
 * @param more names of others that a declaration's own code reads
 * @throws {DormouseError} `declaration`, naming the setting and what would be right
 */
export function checkSetting(name: string, value: string, more: readonly string[] = []): void {
	const check = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : more.includes(name) ? () => undefined : undefined;
	if (!check) {
		const near = SETTING_NAMES.filter((each) => each.toLowerCase() === name.toLowerCase());
		const right = near.length ? near : SETTING_NAMES;
		throw new DormouseError("declaration", `--set: there is no setting ${name}; ${right.join(", ")} would be right`);
	}
	const right = check(value) ?? bytes(1, LONGEST_TEXT)(value) ?? withoutNul(value);
	if (right !== undefined) throw new DormouseError("declaration", `--set ${name}: ${right} would be right`);
}
