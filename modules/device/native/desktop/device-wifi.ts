import Timer, { type TimerID } from "timer";

/**
 * `device/wifi` on a desktop, whose network is there without us: each join comes up at once, whatever name and passphrase
 * say. See `modules/device/types/device-wifi.d.ts`.
 */

/** A join at hand. There is no state at module scope: a module is flash. */
interface Pending {
	timer: TimerID | undefined;
}

const CHANNEL = 1;
const ASSOCIATED = 1;
const UP = 2;

export function join(_ssid: string, _passphrase: string, _join: Uint8Array, on: { told(status: number): void }): void {
	leave();
	const pending: Pending = { timer: undefined };
	pending.timer = Timer.set(() => {
		if (globals().dormouseWifi !== pending) return;
		on.told(ASSOCIATED);
		if (globals().dormouseWifi === pending) on.told(UP);
	}, 0);
	globals().dormouseWifi = pending;
}
export function joined(join: Uint8Array): void {
	join.fill(0, CHANNEL);
	join[CHANNEL] = 1; // there is something to remember, and no lease
}
export function leave(): void {
	Timer.clear(globals().dormouseWifi?.timer as TimerID);
	globals().dormouseWifi = undefined;
}

function globals(): { dormouseWifi: Pending | undefined } {
	return globalThis as unknown as { dormouseWifi: Pending | undefined };
}
