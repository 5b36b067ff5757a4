import { JOIN_BYTES, type WifiListener, type WifiRadio } from "../../net/link/wifi-link.js";

/** A join that a {@link FakeRadio} was asked for. */
export interface AskedJoin {
	readonly ssid: string;
	readonly passphrase: string;
	/** As it was asked for. */
	readonly bytes: Uint8Array;
	readonly channel: number;
	/** A value of `WifiAddress`. */
	readonly mode: number;
}

/** A radio that a test plays: it remembers what it was asked for, and tells what the test says. */
export class FakeRadio implements WifiRadio {
	readonly asked: AskedJoin[] = [];
	/** What {@link joined} gives. */
	result: Uint8Array = new Uint8Array(JOIN_BYTES);
	left = 0;
	#on: WifiListener | undefined;

	get isOn(): boolean {
		return this.#on !== undefined;
	}
	get last(): AskedJoin {
		return this.asked[this.asked.length - 1]!;
	}
	join(ssid: string, passphrase: string, join: Uint8Array, on: WifiListener): void {
		const bytes = join.slice();
		this.asked.push({ ssid, passphrase, bytes, channel: bytes[1]!, mode: bytes[0]! });
		this.#on = on;
	}
	joined(join: Uint8Array): void {
		join.set(this.result.subarray(1), 1);
	}
	leave(): void {
		this.left++;
		this.#on = undefined;
	}
	/** Tells a status, as the driver does; nothing when the radio was left. */
	tell(status: number): void {
		this.#on?.told(status);
	}
}

/** What a join comes to: an access point and an address. */
export function joinedTo(channel: number, bssid: number, leaseSeconds: number): Uint8Array {
	const bytes = new Uint8Array(JOIN_BYTES);
	bytes.set([0, channel, 2, 0, 0, 0, 0, bssid, 192, 168, 1, bssid, 255, 255, 255, 0, 192, 168, 1, 1, 192, 168, 1, 1]);
	new DataView(bytes.buffer).setUint32(24, leaseSeconds);
	return bytes;
}
