import { utf8Length } from "../../modules/core/bytes.js";
import { type ErrorCode, wrong } from "../../modules/core/errors.js";
import type { Timer } from "../../modules/core/ports.js";
import type { Link, LinkDeclaration, LinkListener, LinkPorts } from "./link.js";

/** What a Wi-Fi link needs of the board: the functions of `device/wifi` (`modules/device/types/device-wifi.d.ts`). */
export interface WifiRadio {
	join(ssid: string, passphrase: string, join: Uint8Array, on: (status: number) => void): void;
	joined(join: Uint8Array): void;
	leave(): void;
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
const LAYOUT = 0xa2;
const CHANNEL = 1;
const ADDRESS = 8;
const LEASE = 24;
const GOT_AT = 28;
const MOST_CHANNEL = 177; // of the 5 GHz band, which some relatives of the ESP32 have

/** How far a join is, by what comes when its time is over: a scan, the lease without renewal, the end. */
const Stage = Object.freeze({ hint: 0, renewal: 1, last: 2, up: 3 });
type Stage = (typeof Stage)[keyof typeof Stage];

/**
 * A Wi-Fi link. Joins with the remembered channel and BSSID first, and scans within the same time where they are of no use,
 * so that a new router needs no visit. The address of a lease is used again, without asking, until half of the lease is
 * over; from then on DHCP renews it, and when it is over, or when no peer answered under it, DHCP gives a new one.
 *
 * Half of the lease is when a client that stays up would renew it (RFC 2131 §4.4.5, T1). It also leaves room for the error
 * of the clock that runs in deep sleep, some per cent.
 */
export class WifiLink implements Link {
	private readonly ports: LinkPorts;
	private readonly radio: WifiRadio;
	/** Address, mask, gateway and DNS server of the declaration. */
	private readonly fixed: Uint8Array | undefined;
	private readonly reuse: boolean;
	private readonly joinMs: number;
	private readonly memory = new Uint8Array(RETAINED);
	private readonly view = new DataView(this.memory.buffer);
	private on: LinkListener | undefined;
	private timer: Timer | undefined;
	/** When joining must be over, in the clock's milliseconds. */
	private untilMs = 0;
	private stage: Stage = Stage.last;
	/** Whether the join at hand is at the access point that is remembered. */
	private known = false;
	/** How the join at hand gets its address, a value of {@link WifiAddress}. */
	private mode = 0;

	/**
	 * Starts nothing.
	 * @param fixed 16 bytes: address, mask, gateway, DNS server; undefined for DHCP
	 */
	constructor(ports: LinkPorts, radio: WifiRadio, fixed: Uint8Array | undefined, reuse: boolean, joinMs: number) {
		this.ports = ports;
		this.radio = radio;
		this.fixed = fixed;
		this.reuse = reuse;
		this.joinMs = joinMs;
	}

	start(deadlineMs: number, on: LinkListener): void {
		this.close();
		const { memory, ports, view } = this;
		const nowMs = ports.clock.nowMs();
		this.on = on;
		this.untilMs = nowMs + Math.min(deadlineMs, this.joinMs);
		const size = utf8Length(ports.setting("ssid") ?? "");
		const secret = (ports.setting("passphrase") ?? "").length;
		if (size < 1 || size > 32 || (secret > 0 && secret < 8) || secret > 64) {
			this.timer = ports.timers.set(() => this.down("declaration"), 0);
			return;
		}
		const leaseMs = view.getUint32(LEASE) * 1000;
		const ageMs = nowMs - view.getFloat64(GOT_AT);
		const isGood = this.reuse && memory[0] === (LAYOUT | 1) && ageMs < leaseMs;
		this.join(
			memory[CHANNEL]! > 0,
			isGood ? (ageMs < leaseMs / 2 ? WifiAddress.use : WifiAddress.renew) : WifiAddress.ask,
		);
	}

	proven(): void {
		if (this.stage === Stage.up) this.memory[0] = LAYOUT | 1;
	}

	close(): void {
		this.timer?.close();
		this.timer = undefined;
		if (!this.on) return;
		this.on = undefined;
		this.radio.leave();
	}

	retain(into: DataView): number {
		const { memory } = this;
		if (!memory[CHANNEL]) return 0;
		new Uint8Array(into.buffer, into.byteOffset, RETAINED).set(memory);
		return RETAINED;
	}

	restore(from: DataView): void {
		const { memory, view } = this;
		memory.fill(0);
		if (from.byteLength < RETAINED || (from.getUint8(0) & 0xfe) !== LAYOUT) return;
		const channel = from.getUint8(CHANNEL);
		if (channel < 1 || channel > MOST_CHANNEL || from.getUint8(2) & 1) return; // no BSSID is a group address
		memory.set(new Uint8Array(from.buffer, from.byteOffset, RETAINED));
		// A clock that stepped back, or bytes that are no time: the lease may be of any age.
		if (!(view.getFloat64(GOT_AT) <= this.ports.clock.nowMs())) memory[0] = LAYOUT;
	}

	/** @param known whether at the access point that is remembered, else at the best of all channels */
	private join(known: boolean, mode: number) {
		const { fixed, memory, ports } = this;
		const join = new Uint8Array(JOIN_BYTES);
		this.known = known;
		if (known) join.set(memory.subarray(0, JOIN_BYTES));
		if (fixed) join.set(fixed, ADDRESS);
		join[0] = this.mode = fixed ? WifiAddress.use : mode;
		// Until a peer has answered, an address that is used without asking is in doubt.
		if (join[0] === WifiAddress.use) memory[0] = LAYOUT;
		this.wait(known ? Stage.hint : Stage.last, HINT_MS);
		this.radio.join(ports.setting("ssid")!, ports.setting("passphrase") ?? "", join, (status) => this.told(status));
	}

	/** @param ms how long the stage may take, where it is not the last */
	private wait(stage: Stage, ms: number) {
		const leftMs = Math.max(0, this.untilMs - this.ports.clock.nowMs());
		const isLast = stage === Stage.last || ms >= leftMs;
		this.stage = isLast ? Stage.last : stage;
		this.timer?.close();
		this.timer = this.ports.timers.set(
			() => {
				if (this.stage === Stage.hint) this.join(false, WifiAddress.ask);
				else if (this.stage === Stage.renewal) this.join(true, WifiAddress.use);
				else this.down("timeout");
			},
			isLast ? leftMs : ms,
		);
	}

	private told(status: number) {
		const { memory, mode, stage } = this;
		switch (status) {
			case WifiStatus.associated:
				this.wait(mode === WifiAddress.renew ? Stage.renewal : Stage.last, RENEW_MS);
				break;
			case WifiStatus.up:
				this.timer?.close();
				this.timer = undefined;
				this.stage = Stage.up;
				// A lease that is used again stays as old as it was.
				if (mode !== WifiAddress.use || this.fixed) {
					this.radio.joined(memory);
					this.view.setFloat64(GOT_AT, this.ports.clock.nowMs());
					memory[0] = LAYOUT | 1;
				}
				this.on!.up();
				break;
			case WifiStatus.refused:
				memory.fill(0); // whatever stands there now is not what it was
				this.down("refused");
				break;
			default:
				if (this.known && stage !== Stage.up) this.join(false, WifiAddress.ask);
				else this.down(status === WifiStatus.notFound ? "absent" : "lost");
		}
	}

	private down(code: ErrorCode) {
		const { on } = this;
		this.close();
		on!.down(code);
	}
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
	const board = radio; // what stays in flash is const, which no parameter is
	const fixed = address === undefined ? undefined : new Uint8Array(16);
	if (fixed)
		for (const [n, part] of (["ip", "mask", "gateway", "dns"] as const).entries()) {
			const text = address?.[part];
			const numbers = /^(\d{1,3}\.){3}\d{1,3}$/.test(text) ? text.split(".").map(Number) : [];
			if (numbers.length !== 4 || numbers.some((number) => number > 255))
				wrong(`link.address.${part}`, JSON.stringify(text), 'an address such as "192.0.2.9"');
			fixed.set(numbers, 4 * n);
		}
	return Object.freeze({
		kind: "wifi",
		create(ports: LinkPorts) {
			return new WifiLink(ports, board, fixed, lease, join * 1000);
		},
	});
}
