import { equalBytes } from "../../modules/core/bytes.js";
import { JOIN_BYTES, WifiAddress, WifiStatus } from "../../net/link/wifi-link.js";
import type { Cancel, Instant, Scheduler } from "../scheduler.js";
import type { AccessPoint } from "./access-point.js";
import { CHANNELS, WifiTimes } from "./wifi-times.js";

/** A join as firmware asked for it. */
export interface WifiJoin {
	readonly ssid: string;
	readonly passphrase: string;
	/** {@link JOIN_BYTES} bytes; see `modules/device/types/device-wifi.d.ts`. */
	readonly join: Uint8Array;
}

/**
 * The board's Wi-Fi radio: joins an access point as ESP-IDF's driver with `esp32/station-esp32.c` around it does, in virtual
 * time, and keeps account of how long it listened and sent.
 */
export class WifiStation {
	/** Milliseconds that the radio was on and that it sent, since {@link reset}. */
	onMs = 0;
	sentMs = 0;
	/** What the last join came to. */
	readonly result = new Uint8Array(JOIN_BYTES);
	readonly #scheduler: Scheduler;
	readonly #accessPoint: AccessPoint;
	/** The key that is kept in RTC memory, by what it was made of. */
	#key = "";
	#onAt: Instant | undefined;
	#used = false;
	#up = false;
	#cancel: Cancel | undefined;

	constructor(scheduler: Scheduler, accessPoint: AccessPoint) {
		this.#scheduler = scheduler;
		this.#accessPoint = accessPoint;
	}
	/** Whether the radio is on. */
	get isOn(): boolean {
		return this.#onAt !== undefined;
	}
	/** Whether packets get anywhere: always where nobody uses Wi-Fi, else under an address of the network that is there. */
	isReachable(at: Instant): boolean {
		if (!this.#used) return true;
		const { address } = this.#accessPoint.at(at);
		return this.#up && this.#accessPoint.isOn(at) && equalBytes(this.result.subarray(8, 24), address);
	}
	/** A wake begins: accounts are at 0. @param hasPower false when RTC memory was lost */
	reset(hasPower = true): void {
		if (!hasPower) this.#key = "";
		this.onMs = this.sentMs = 0;
		this.#used = false;
	}
	/**
	 * Joins. @param isCold whether the last reset was none of deep sleep's
	 * @param tell gets each status of `WifiStatus` until {@link leave}
	 */
	join(wanted: WifiJoin, isCold: boolean, now: Instant, tell: (status: number) => void): void {
		this.leave(now);
		const { join, ssid, passphrase } = wanted;
		const ap = this.#accessPoint;
		this.#used = true;
		this.#onAt = now;
		this.result.set(join);
		const isHinted = join[1]! > 0;
		const key = `${ssid}\n${passphrase}`;
		const makesKey = passphrase.length > 0 && passphrase.length < 64 && this.#key !== key;
		const scan = isHinted ? WifiTimes.hintDwell : CHANNELS * WifiTimes.scanDwell;
		this.#after(now, (isCold ? WifiTimes.coldStart : WifiTimes.start) + (makesKey ? WifiTimes.key : 0) + scan, (at) => {
			this.#key = key;
			this.sentMs += WifiTimes.managementFrame * (isHinted ? 1 : CHANNELS);
			const { channel, bssid } = ap.at(at);
			const isThere = ap.isOn(at) && ap.ssid === ssid;
			if (isThere && (!isHinted || (channel === join[1] && equalBytes(bssid, join.subarray(2, 8)))))
				this.#associate(at, passphrase, tell);
			else if (isHinted)
				// The driver takes the channel for a start, and goes on to all others.
				this.#after(at, (CHANNELS - 1) * WifiTimes.hintDwell, () => {
					this.sentMs += WifiTimes.managementFrame * (CHANNELS - 1);
					tell(WifiStatus.notFound);
				});
			else tell(WifiStatus.notFound);
		});
	}
	/** A data frame leaves: a segment, or the acknowledgement of one. */
	sent(frames = 1): void {
		if (this.#up) this.sentMs += frames * WifiTimes.dataFrame;
	}
	/** Stops the radio; idempotent. */
	leave(now: Instant): void {
		this.#cancel?.();
		this.#cancel = undefined;
		this.#up = false;
		if (this.#onAt !== undefined) this.onMs += now - this.#onAt;
		this.#onAt = undefined;
	}

	#associate(from: Instant, passphrase: string, tell: (status: number) => void) {
		const ap = this.#accessPoint;
		const isRight = ap.accepts(passphrase);
		this.#after(from, WifiTimes.associate + (isRight ? WifiTimes.handshake : WifiTimes.refusal), (at) => {
			this.sentMs += 4 * WifiTimes.managementFrame;
			if (!ap.isOn(at)) tell(WifiStatus.lost);
			else if (!isRight) tell(WifiStatus.refused);
			else {
				const { channel, bssid } = ap.at(at);
				this.result[1] = channel;
				this.result.set(bssid, 2);
				this.#address(at, tell);
				tell(WifiStatus.associated);
			}
		});
	}
	#address(from: Instant, tell: (status: number) => void) {
		const ap = this.#accessPoint;
		const { result } = this;
		const up = (at: Instant) => {
			this.#up = true;
			const goesAt = ap.goesAt(at);
			if (Number.isFinite(goesAt))
				this.#cancel = this.#scheduler.at(goesAt + WifiTimes.beaconTimeout, () => tell(WifiStatus.lost));
			tell(WifiStatus.up);
		};
		if (result[0] === WifiAddress.use) {
			this.#after(from, WifiTimes.hop, (at) => {
				this.sentMs += WifiTimes.managementFrame; // tells its address, as ARP
				up(at);
			});
			return;
		}
		if (!ap.servesDhcp(from)) return; // no answer: whoever waits gives up by himself
		const turn = 2 * WifiTimes.hop + WifiTimes.dhcpServer;
		const { address } = ap.at(from);
		// A server that does not know the wanted address says no, and the client asks from the start.
		const isKept = result[0] === WifiAddress.renew && equalBytes(result.subarray(8, 24), address);
		const turns = isKept ? 1 : result[0] === WifiAddress.renew ? 3 : 2;
		this.#after(from, turns * turn + (isKept ? 0 : WifiTimes.arpCheck), (at) => {
			this.sentMs += (turns + 2) * WifiTimes.dataFrame;
			result.set(address, 8);
			new DataView(result.buffer).setUint32(24, ap.leaseSeconds);
			up(at);
		});
	}
	#after(from: Instant, ms: number, run: (at: Instant) => void) {
		const at = from + ms;
		this.#cancel = this.#scheduler.at(at, () => run(at));
	}
}
