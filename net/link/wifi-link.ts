import { type ErrorCode, wrong } from "../../modules/core/errors.js";
import { utf8Length } from "../../modules/core/native.js";
import type { Timer } from "../../modules/core/ports.js";
import type { Link, LinkDeclaration, LinkListener, LinkPorts } from "./link.js";

/** What a Wi-Fi link needs of the board: the functions of `device/wifi` (`modules/device/types/device-wifi.d.ts`). */
export interface WifiRadio {
	join(ssid: string, passphrase: string, join: Uint8Array, on: WifiListener): void;
	joined(join: Uint8Array): void;
	leave(): void;
}

/** Who hears of a join. */
export interface WifiListener {
	/** @param status a value of {@link WifiStatus} */
	told(status: number): void;
}

/** What {@link WifiRadio.join} tells. */
export const WifiStatus = Object.freeze({ associated: 1, up: 2, notFound: 3, refused: 4, lost: 5 });

/** How a join gets its address: byte 0 of what describes it. */
export const WifiAddress = Object.freeze({ ask: 0, use: 1, renew: 2 });

/** Bytes that describe a join; see `modules/device/types/device-wifi.d.ts`. */
export const JOIN_BYTES = 28;

/** How a node declares Wi-Fi. Name and passphrase of the network are settings: `ssid`, `passphrase`. */
export interface WifiOptions {
	/** An address of its own instead of DHCP's, each as "192.0.2.9". Default: DHCP. */
	readonly address?: {
		readonly ip: string;
		readonly mask: string;
		readonly gateway: string;
		readonly dns: string;
	};
	/** Whether the address that DHCP leased is used again without asking, for half of its lease. Default true. */
	readonly lease?: boolean;
	/** Seconds that joining may take in all, 2 … 60. Default 8. */
	readonly join?: number;
}

/** How long an access point that is known may take until it has associated the node; then all channels are scanned. */
export const HINT_MS = 1500;
/** How long a DHCP server may take to renew a lease that is still good; then the lease is used. */
export const RENEW_MS = 2000;

/**
 * What is retained: the join as it worked last time, with a mark in place of its first byte, and behind it when the lease
 * was got, in milliseconds of the board's clock, as a 64-bit float.
 */
const RETAINED = JOIN_BYTES + 8;
/** First byte: the layout, and in bit 0 whether the address proved good. */
const DOUBTFUL = 0xa2;
const PROVEN = 0xa3;
const CHANNEL = 1;
const BSSID = 2;
const ADDRESS = 8;
const LEASE = 24;
const GOT_AT = 28;
/** Beside a value of `WifiAddress`: at the access point that is remembered, else at the best of all channels. */
const KNOWN = 4;
const MOST_CHANNEL = 177; // of the 5 GHz band, which some relatives of the ESP32 have

/** How far a join is, by what comes when its time is over: a scan, the lease without renewal, the end. */
const Stage = Object.freeze({ hint: 0, renewal: 1, last: 2, up: 3 });
type Stage = (typeof Stage)[keyof typeof Stage];

/** What a link is made of that does not change: it stays in flash. */
interface WifiPlan {
	readonly radio: WifiRadio;
	/** Address, mask, gateway and DNS server of the declaration; undefined for DHCP. */
	readonly fixed: Uint8Array | undefined;
	readonly lease: boolean;
	readonly joinMs: number;
}

/**
 * A Wi-Fi link. Joins with the remembered channel and BSSID first, and scans within the same time where they are of no use,
 * so that a new router needs no visit. The address of a lease is used again, without asking, until half of the lease is
 * over; from then on DHCP renews it, and when it is over, or when no peer answered under it, DHCP gives a new one.
 *
 * Half of the lease is when a client that stays up would renew it (RFC 2131 §4.4.5, T1). It also leaves room for the error
 * of the clock that runs in deep sleep, some per cent.
 */
export class WifiLink implements Link, WifiListener {
	private readonly ports: LinkPorts;
	private readonly plan: WifiPlan;
	/** What is retained; undefined while there is nothing. */
	private memory: DataView | undefined;
	private on: LinkListener | undefined;
	private timer: Timer | undefined;
	/** When joining must be over, in the clock's milliseconds. */
	private untilMs = 0;
	private stage: Stage = Stage.last;
	/** How the join at hand gets its address, a value of {@link WifiAddress}; 4 more at the access point that is remembered. */
	private mode = 0;

	/** Starts nothing. */
	constructor(ports: LinkPorts, plan: WifiPlan) {
		this.ports = ports;
		this.plan = plan;
	}

	start(deadlineMs: number, on: LinkListener): void {
		this.close();
		const { memory, plan, ports } = this;
		const nowMs = ports.clock.nowMs();
		this.on = on;
		this.untilMs = nowMs + Math.min(deadlineMs, plan.joinMs);
		const size = utf8Length(ports.setting("ssid") ?? "");
		const secret = (ports.setting("passphrase") ?? "").length;
		if (size < 1 || size > 32 || (secret > 0 && secret < 8) || secret > 64) {
			this.timer = ports.timers.set(() => this.down("declaration"), 0);
			return;
		}
		let mode: number = WifiAddress.ask;
		if (memory) {
			const leaseMs = memory.getUint32(LEASE) * 1000;
			const ageMs = nowMs - memory.getFloat64(GOT_AT);
			if (plan.lease && memory.getUint8(0) === PROVEN && ageMs < leaseMs)
				mode = ageMs < leaseMs / 2 ? WifiAddress.use : WifiAddress.renew;
		}
		this.join(memory ? KNOWN + mode : mode);
	}

	proven(): void {
		if (this.stage === Stage.up) this.memory?.setUint8(0, PROVEN);
	}

	close(): void {
		this.timer?.close();
		this.timer = undefined;
		if (!this.on) return;
		this.on = undefined;
		this.plan.radio.leave();
	}

	retain(into: DataView): number {
		return this.memory ? copy(this.memory, into) : 0;
	}

	restore(from: DataView): void {
		this.memory = undefined;
		if (from.byteLength < RETAINED || (from.getUint8(0) & 0xfe) !== DOUBTFUL) return;
		const channel = from.getUint8(CHANNEL);
		if (channel < 1 || channel > MOST_CHANNEL || from.getUint8(BSSID) & 1) return; // no BSSID is a group address
		this.memory = new DataView(new ArrayBuffer(RETAINED));
		copy(from, this.memory);
		// A clock that stepped back, or bytes that are no time: the lease may be of any age.
		if (!(from.getFloat64(GOT_AT) <= this.ports.clock.nowMs())) this.memory.setUint8(0, DOUBTFUL);
	}

	/** For the radio alone. */
	told(status: number): void {
		const { mode, plan } = this;
		const isUp = this.stage === Stage.up;
		switch (status) {
			case WifiStatus.associated:
				this.wait((mode & 3) === WifiAddress.renew ? Stage.renewal : Stage.last, RENEW_MS);
				break;
			case WifiStatus.up:
				this.timer?.close();
				this.timer = undefined;
				this.stage = Stage.up;
				// A lease that is used again stays as old as it was.
				if ((mode & 3) !== WifiAddress.use || plan.fixed) {
					this.memory ??= new DataView(new ArrayBuffer(RETAINED));
					plan.radio.joined(new Uint8Array(this.memory.buffer));
					this.memory.setFloat64(GOT_AT, this.ports.clock.nowMs());
					this.memory.setUint8(0, PROVEN);
				}
				this.on!.up();
				break;
			case WifiStatus.refused:
				this.memory = undefined; // whatever stands there now is not what it was
				this.down("refused");
				break;
			default:
				if (mode & KNOWN && !isUp) this.join(WifiAddress.ask);
				else this.down(status === WifiStatus.notFound ? "absent" : "lost");
		}
	}

	/** @param mode a value of {@link WifiAddress}; and {@link KNOWN} where the access point is the one that is remembered */
	private join(mode: number) {
		const { memory, plan, ports } = this;
		if (plan.fixed) mode = (mode & KNOWN) | WifiAddress.use;
		this.mode = mode;
		const isKnown = mode & KNOWN;
		const bytes = isKnown ? new Uint8Array(memory!.buffer, 0, JOIN_BYTES) : new Uint8Array(JOIN_BYTES);
		if (plan.fixed) bytes.set(plan.fixed, ADDRESS);
		const mark = bytes[0]!;
		bytes[0] = mode & 3;
		plan.radio.join(ports.setting("ssid")!, ports.setting("passphrase") ?? "", bytes, this);
		// Until a peer has answered, an address that is used without asking is in doubt.
		if (isKnown) bytes[0] = (mode & 3) === WifiAddress.use ? DOUBTFUL : mark;
		this.wait(isKnown ? Stage.hint : Stage.last, HINT_MS);
	}

	/** @param ms how long the stage may take, where it is not the last */
	private wait(stage: Stage, ms: number) {
		const leftMs = Math.max(0, this.untilMs - this.ports.clock.nowMs());
		const isLast = stage === Stage.last || ms >= leftMs;
		this.stage = isLast ? Stage.last : stage;
		this.timer?.close();
		this.timer = this.ports.timers.set(
			() => {
				if (this.stage === Stage.hint) this.join(WifiAddress.ask);
				else if (this.stage === Stage.renewal) this.join(KNOWN + WifiAddress.use);
				else this.down("timeout");
			},
			isLast ? leftMs : ms,
		);
	}

	private down(code: ErrorCode) {
		const { on } = this;
		this.close();
		on!.down(code);
	}
}

/** @returns bytes copied: {@link RETAINED} */
function copy(from: DataView, to: DataView): number {
	new Uint8Array(to.buffer, to.byteOffset).set(new Uint8Array(from.buffer, from.byteOffset, RETAINED));
	return RETAINED;
}

/**
 * Checks a declaration of Wi-Fi and freezes it; `wifi()` is this with the board's radio.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareWifi(options: WifiOptions, radio: WifiRadio): LinkDeclaration {
	if (typeof options !== "object" || options === null) wrong("link", String(options), "wifi({ … })");
	for (const field of Object.keys(options))
		if (field !== "address" && field !== "lease" && field !== "join")
			wrong(`link.${field}`, "this field", "address, lease or join (name and passphrase are settings)");
	const { address, lease = true, join = 8 } = options;
	if (typeof lease !== "boolean") wrong("link.lease", String(lease), "true or false");
	if (!Number.isInteger(join) || join < 2 || join > 60) wrong("link.join", String(join), "2 … 60 seconds");
	const fixed = address === undefined ? undefined : new Uint8Array(16);
	if (fixed)
		for (const [n, part] of (["ip", "mask", "gateway", "dns"] as const).entries()) {
			const text = String(address?.[part]);
			const numbers = /^(\d{1,3}\.){3}\d{1,3}$/.test(text) ? text.split(".").map(Number) : [];
			if (numbers.length !== 4 || numbers.some((number) => number > 255))
				wrong(`link.address.${part}`, text, 'an address such as "192.0.2.9"');
			fixed.set(numbers, 4 * n);
		}
	const plan: WifiPlan = Object.freeze({ radio, fixed, lease, joinMs: join * 1000 });
	return Object.freeze({
		kind: "wifi",
		create(ports: LinkPorts) {
			return new WifiLink(ports, plan);
		},
	});
}
