import type { UplinkListener } from "../uplink.js";
import { GPS_TO_UNIX_MS, type LorawanPackage, type PackageDeclaration, type PackagePorts } from "./package.js";

/** Commands: TS003-1.0.0 §3. */
const PACKAGE_VERSION = 0;
const APP_TIME = 1;
const PERIODICITY = 2;
const FORCE_RESYNC = 3;
/** Bytes behind the command in downlinks. */
const SIZES: readonly number[] = Object.freeze([0, 5, 1, 1]);
/** Times are in whole seconds, both here and there. */
const UNCERTAINTY_MS = 1000;
const WAITING = 12;

/**
 * Clock synchronisation over the application's port 202 (TS003-1.0.0), for networks whose servers do not know DeviceTimeReq.
 * The periodicity is the node's own: a server that sets one is told so (`NotSupported`).
 */
export class ClockSync implements LorawanPackage {
	readonly port = 202;
	private readonly ports: PackagePorts;
	/** AppTimeReqs that are still to be sent, one an uplink. */
	private requests = 0;
	private token = 0;
	/** The node's GPS time in seconds that the last AppTimeReq told, and when by the board's clock. */
	private toldSeconds = 0;
	private toldMs = 0;
	/** Answers that wait: of fixed bytes, but for the time in them, which is as it stands at transmission. */
	private readonly answers = new Uint8Array(WAITING);
	private length = 0;
	/** What of both the uplink at hand holds. */
	private answered = 0;
	private asked = false;

	constructor(ports: PackagePorts) {
		this.ports = ports;
	}
	begin(wantsTime: boolean): boolean {
		if (wantsTime && this.requests === 0) this.requests = 1;
		return true;
	}
	take(bytes: Uint8Array, on: Pick<UplinkListener, "wallTime">): void {
		for (let at = 0; at < bytes.length; ) {
			const command = bytes[at]!;
			const from = at + 1;
			at = from + (SIZES[command] ?? bytes.length);
			if (at > bytes.length) return; // unknown, or cut
			if (command === PACKAGE_VERSION)
				this.answer(PACKAGE_VERSION, 1, 1); // clock synchronisation, version 1
			else if (command === PERIODICITY) this.answer(PERIODICITY, 1);
			else if (command === FORCE_RESYNC) this.requests = bytes[from]! & 7;
			else if (command === APP_TIME && this.toldMs > 0 && (bytes[from + 4]! & 15) === this.token) {
				const correction = new DataView(bytes.buffer, bytes.byteOffset).getInt32(from, true);
				const since = this.ports.ports.clock.nowMs() - this.toldMs;
				this.token = (this.token + 1) & 15;
				this.requests = 0;
				this.toldMs = 0;
				on.wallTime((this.toldSeconds + correction) * 1000 + GPS_TO_UNIX_MS + since, UNCERTAINTY_MS);
			}
		}
	}
	next(into: Uint8Array, room: number): number {
		const view = new DataView(into.buffer, into.byteOffset);
		const wallMs = this.ports.node.wallMs();
		const seconds = wallMs > 0 ? Math.floor((wallMs - GPS_TO_UNIX_MS) / 1000) : 0;
		let length = 0;
		this.answered = 0;
		while (this.answered < this.length) {
			const size = this.answers[this.answered] === PERIODICITY ? 2 : 3;
			const long = size === 2 ? 6 : 3;
			if (length + long > room) break;
			into.set(this.answers.subarray(this.answered, this.answered + size), length);
			if (size === 2) view.setUint32(length + 2, seconds, true);
			length += long;
			this.answered += size;
		}
		this.asked = this.requests > 0 && length + 6 <= room;
		if (this.asked) {
			into[length] = APP_TIME;
			view.setUint32(length + 1, seconds, true);
			into[length + 5] = this.token | (wallMs > 0 ? 0 : 0x10); // AnsRequired, when the node has no time at all
			this.toldSeconds = seconds;
			this.toldMs = this.ports.ports.clock.nowMs();
			length += 6;
		}
		return length;
	}
	done(): void {
		this.answers.copyWithin(0, this.answered, this.length);
		this.length -= this.answered;
		this.answered = 0;
		if (this.asked && this.requests > 0) this.requests--;
		this.asked = false;
	}

	private answer(...bytes: number[]) {
		if (this.length + bytes.length > WAITING) return; // the server asks again
		this.answers.set(bytes, this.length);
		this.length += bytes.length;
	}
}

/** Declares clock synchronisation by TS003: `lorawan({ …, packages: [clockSync] })`. */
export const clockSync: PackageDeclaration = Object.freeze({
	create: (ports: PackagePorts) => new ClockSync(ports),
});
