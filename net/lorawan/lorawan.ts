import { fromHex } from "../../modules/core/bytes.js";
import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { BlockCipher } from "../../modules/core/ports.js";
import type { RadioDeclaration } from "../radio/radio.js";
import type { UplinkDeclaration, UplinkNode, UplinkPorts } from "../uplink.js";
import { Aes128 } from "./aes.js";
import { checkLorawan } from "./check.js";
import { LorawanClient } from "./client.js";
import type { PackageDeclaration } from "./package.js";
import { At, type Region } from "./region.js";

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
	/**
	 * How full the battery is, for a network that asks (DevStatusReq): 1 … 254, 0 for external power, 255 when not known. It
	 * gets the wake's sample: scaled integers in the order of the declaration, undefined where missing, empty where none was
	 * taken. Default: not known.
	 */
	readonly battery?: (values: readonly (number | undefined)[]) => number;
	/** AES of the platform, where it has one. Default: in TypeScript. */
	readonly cipher?: () => BlockCipher;
}

/** Options with their defaults. */
export type LorawanSettings = Required<Omit<LorawanOptions, "battery" | "cipher">> &
	Pick<LorawanOptions, "battery" | "cipher">;

/** LoRaWAN as a node's uplink: what the cycle wants to know, and all settings. */
export interface LorawanDeclaration extends UplinkDeclaration, LorawanSettings {
	readonly kind: "lorawan";
	readonly batch: number;
	readonly downlinks: boolean;
}

/**
 * Declares LoRaWAN 1.0.4, class A, as a node's uplink.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function lorawan(options: LorawanOptions): LorawanDeclaration {
	checkLorawan(options);
	const { data } = options.region;
	// What fits at the lowest data rate that may be used, and so always.
	let mtu = 255;
	for (const rate of data.subarray(At.rates, At.rates + 1 + data[At.highest]!)) {
		const size = (rate >> (data[At.dwell] ? 16 : 8)) & 0xff;
		if (size) mtu = Math.min(mtu, size - 8);
	}
	const declaration: LorawanDeclaration = Object.freeze({
		kind: "lorawan",
		batch: 6,
		confirmed: false,
		downlinks: false,
		port: 1,
		adr: true,
		repeater: false,
		deadline: 60,
		antenna: 2.15,
		drift: 500,
		private: false,
		joinNonceCounts: true,
		...options,
		packages: Object.freeze([...(options.packages ?? [])]),
		deadlineMs: 1000 * (options.deadline ?? 60),
		mtu,
		trimOn: options.confirmed ? "peer" : "sent",
		atPower: true,
		create: (ports: UplinkPorts, node: UplinkNode) =>
			new LorawanClient({
				settings: declaration,
				ports,
				node,
				cipher: declaration.cipher?.() ?? new Aes128(),
				...keysOf(ports),
			}),
	});
	return declaration;
}

/** Keys from provisioning; a fault where they are missing or malformed: a throw would restart the device again and again. */
function keysOf(ports: UplinkPorts) {
	const bytes = (name: string, count: number) => {
		const value = fromHex(ports.setting(name) ?? "");
		if (value.length !== count) throw new DormouseError("key");
		return value;
	};
	try {
		if (ports.setting("appKey")) {
			const euis = new Uint8Array(16);
			euis.set(bytes("joinEui", 8).reverse());
			euis.set(bytes("devEui", 8).reverse(), 8);
			return { otaa: { euis, appKey: bytes("appKey", 16) } };
		}
		const devAddr = new DataView(bytes("devAddr", 4).buffer).getUint32(0);
		const keys = new Uint8Array(32);
		keys.set(bytes("nwkSKey", 16));
		keys.set(bytes("appSKey", 16), 16);
		if (devAddr) return { abp: { devAddr, keys } };
	} catch {
		// as below
	}
	return { fault: "key" satisfies ErrorCode as ErrorCode };
}
