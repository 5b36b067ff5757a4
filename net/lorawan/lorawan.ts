import { fromHex } from "../../modules/core/bytes.js";
import { type ErrorCode, wrong } from "../../modules/core/errors.js";
import type { BlockCipher } from "../../modules/core/ports.js";
import type { RadioDeclaration } from "../radio/radio.js";
import type { UplinkDeclaration, UplinkNode, UplinkPorts } from "../uplink.js";
import { Aes128 } from "./aes.js";
import { LorawanClient } from "./client.js";
import type { PackageDeclaration } from "./package.js";
import type { Region } from "./region.js";

/**
 * How a node declares LoRaWAN. Keys come from provisioning alone, as hexadecimal digits with the most significant byte first:
 * settings `joinEui`, `devEui`, `appKey`; or `devAddr`, `nwkSKey`, `appSKey` for a test bench without joins.
 */
export interface LorawanOptions {
	/** Where the node is: `eu868` from `./region-eu868.ts`, `us915(2)`, `as923(1)` … */
	readonly region: Region;
	/** Made by a factory of `net/radio/`. */
	readonly radio: RadioDeclaration;
	/** Records that are collected before they are sent, 1 … 255. Default 6. */
	readonly batch?: number;
	/** Whether the network acknowledges each frame, and records are kept until it did. Default false. */
	readonly confirmed?: boolean;
	/** Whether the node takes messages, on any port but those of packages; its declaration then has a `downlink`. Default false. */
	readonly downlinks?: boolean;
	/** Port of the frames, 1 … 223. Default 1. */
	readonly port?: number;
	/** Whether the network sets data rate, power and channels; for nodes that do not move. Default true. */
	readonly adr?: boolean;
	/** Whether frames may pass a repeater, and are shorter for it. Default false. */
	readonly repeater?: boolean;
	/** Seconds that one exchange may take, 15 … 240. Default 60. */
	readonly deadline?: number;
	/** Gain of the antenna less what its cable takes, in dBi, −10 … 15. Default 2.15: a dipole. */
	readonly antenna?: number;
	/** How far the clock may be off while the node is awake, in parts per million, 1 … 50,000. Default 500. */
	readonly drift?: number;
	/** Whether the network is a private one with a sync word of its own, 0x12. Default false. */
	readonly private?: boolean;
	/** Whether join servers count JoinNonce up, as those of 1.0.4 do; else it only has to change. Default true. */
	readonly joinNonceCounts?: boolean;
	/** Application packages, such as `clockSync` from `./clock-sync.ts`. Default none. */
	readonly packages?: readonly PackageDeclaration[];
	/** AES of the platform, where it has one. Default: in TypeScript. */
	readonly cipher?: () => BlockCipher;
}

/** LoRaWAN as a node's uplink, and what of it tools look at. */
export interface LorawanDeclaration extends UplinkDeclaration {
	readonly kind: "lorawan";
	readonly region: Region;
	readonly radio: RadioDeclaration;
	/** Of the node's frames. */
	readonly port: number;
}

const FIELDS: readonly string[] = Object.freeze([
	"region",
	"radio",
	"batch",
	"confirmed",
	"downlinks",
	"port",
	"adr",
	"repeater",
	"deadline",
	"antenna",
	"drift",
	"private",
	"joinNonceCounts",
	"packages",
	"cipher",
]);

/**
 * Declares LoRaWAN 1.0.4, class A, as a node's uplink.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function lorawan(options: LorawanOptions): LorawanDeclaration {
	if (typeof options !== "object" || options === null) wrong("uplink", String(options), "lorawan({ region, radio })");
	for (const field of Object.keys(options))
		if (!FIELDS.includes(field)) wrong(`uplink.${field}`, "an unknown field", `one of ${FIELDS.join(", ")}`);
	const { region, radio } = options;
	if (!(region?.rates instanceof Uint8Array))
		wrong("uplink.region", String(region), "eu868, us915(2) or another of net/");
	if (typeof radio?.create !== "function") wrong("uplink.radio", String(radio), "what a factory of net/radio/ returns");
	const batch = number(options.batch, 6, "batch", 1, 255);
	const port = number(options.port, 1, "port", 1, 223);
	const deadline = number(options.deadline, 60, "deadline", 15, 240);
	const driftPpm = number(options.drift, 500, "drift", 1, 50_000);
	const { antenna = 2.15 } = options;
	if (typeof antenna !== "number" || !(antenna >= -10 && antenna <= 15)) wrong("uplink.antenna", antenna, "−10 … 15");
	const confirmed = flag(options.confirmed, false, "confirmed");
	const downlinks = flag(options.downlinks, false, "downlinks");
	const adr = flag(options.adr, true, "adr");
	const repeater = flag(options.repeater, false, "repeater");
	const joinNonceCounts = flag(options.joinNonceCounts, true, "joinNonceCounts");
	const syncWord = flag(options.private, false, "private") ? 0x12 : 0x34;
	const { cipher, packages: listed = [] } = options;
	if (!Array.isArray(listed) || listed.some((each) => typeof each?.create !== "function"))
		wrong("uplink.packages", String(listed), "a list such as [clockSync]");
	const packages = Object.freeze([...listed]);
	if (cipher !== undefined && typeof cipher !== "function") wrong("uplink.cipher", String(cipher), "() => new …()");
	// What fits at the lowest data rate that may be used, and so always.
	let mtu = 255;
	for (const size of region.dwellSizes ?? region.sizes) if (size) mtu = Math.min(mtu, size - 8);
	return Object.freeze({
		kind: "lorawan",
		region,
		radio,
		port,
		batch,
		deadlineMs: deadline * 1000,
		mtu,
		trimOn: confirmed ? "peer" : "sent",
		downlinks,
		create(ports: UplinkPorts, node: UplinkNode) {
			const keys = keysOf(ports);
			const { clock, timers, entropy } = ports;
			const random = new Uint8Array(4);
			return new LorawanClient({
				region,
				cipher: cipher ? cipher() : new Aes128(),
				cells: node.log,
				resumed: () => node.resumed,
				random() {
					entropy.fill(random);
					return new DataView(random.buffer).getUint32(0);
				},
				...keys,
				joinNonceCounts,
				downlinks,
				adr,
				confirmed,
				port,
				packages: packages.map((each) => each.create({ nowMs: () => clock.nowMs(), wallMs: () => node.wallMs() })),
				repeater,
				antennaDbi: antenna,
				lowestDbm: radio.lowestDbm,
				highestDbm: radio.highestDbm,
				driftPpm,
				syncWord,
				battery: () => 255,
				clock,
				timers,
				radio: () => radio.create(ports),
			});
		},
	});
}

/** Keys from provisioning; a fault where they are missing or malformed: a throw would restart the device again and again. */
function keysOf(ports: UplinkPorts) {
	const bytes = (name: string, count: number) => {
		try {
			const value = fromHex(ports.setting(name) ?? "");
			return value.length === count ? value : undefined;
		} catch {
			return undefined;
		}
	};
	const [joinEui, devEui, appKey] = [bytes("joinEui", 8), bytes("devEui", 8), bytes("appKey", 16)];
	if (joinEui && devEui && appKey) return { otaa: { joinEui, devEui, appKey } };
	const [address, nwkSKey, appSKey] = [bytes("devAddr", 4), bytes("nwkSKey", 16), bytes("appSKey", 16)];
	if (!address || !nwkSKey || !appSKey) return { fault: "key" satisfies ErrorCode as ErrorCode };
	const keys = new Uint8Array(32);
	keys.set(nwkSKey);
	keys.set(appSKey, 16);
	return { abp: { devAddr: new DataView(address.buffer).getUint32(0), keys } };
}

function number(value: number | undefined, otherwise: number, field: string, low: number, high: number): number {
	if (value === undefined) return otherwise;
	if (!Number.isInteger(value) || value < low || value > high) wrong(`uplink.${field}`, value, `${low} … ${high}`);
	return value;
}

function flag(value: boolean | undefined, otherwise: boolean, field: string): boolean {
	if (value !== undefined && typeof value !== "boolean") wrong(`uplink.${field}`, String(value), "true or false");
	return value ?? otherwise;
}
