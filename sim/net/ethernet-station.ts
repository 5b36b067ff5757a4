import { Faults } from "../faults.js";
import type { Cancel, Instant, Scheduler } from "../scheduler.js";
import { EthernetTimes } from "./ethernet-times.js";

/** A hundredth of ECMA-419's `connection`. */
export const EthernetState = Object.freeze({ none: 2, asking: 3, linked: 4, connected: 5 });

/**
 * The board's Ethernet, as the SDK's driver runs it: once opened it stays on until the chip is reset. Faults `cable` and
 * `dhcp` are its surroundings.
 */
export class EthernetStation {
	readonly #scheduler: Scheduler;
	readonly #faults: Faults;
	#onAt: Instant | undefined;
	#hasLink = false;
	#hasAddress = false;
	#isStatic = false;
	#asking = false;
	#told: number = EthernetState.none;
	#tell: ((state: number) => void) | undefined;
	#poll: Cancel | undefined;
	#dhcp: Cancel | undefined;

	constructor(scheduler: Scheduler, faults = new Faults()) {
		this.#scheduler = scheduler;
		this.#faults = faults;
	}
	/** Milliseconds since it was switched on. */
	onMs(now: Instant): number {
		return this.#onAt === undefined ? 0 : now - this.#onAt;
	}
	/** Whether packets get anywhere: always where nobody uses it. */
	isReachable(at: Instant): boolean {
		return this.#onAt === undefined || (this.#hasAddress && !this.#faults.active("cable", at));
	}
	/** Whether names can be looked up: the SDK takes no DNS server beside a static address. */
	get hasNames(): boolean {
		return !this.#isStatic;
	}
	/** @param tell gets each state from now on, never from inside this call @returns the state now */
	open(now: Instant, tell: (state: number) => void): number {
		if (this.#onAt === undefined) {
			this.#onAt = now;
			this.#look(now + EthernetTimes.poll);
		}
		this.#tell = tell;
		this.#told = this.#state;
		return this.#told;
	}
	/** Takes an address of its own, or DHCP's. */
	configure(isStatic: boolean): void {
		this.#isStatic = isStatic;
	}
	/** Asks for an address. */
	connect(now: Instant): void {
		if (this.#isStatic) {
			this.#scheduler.at(now, () => {
				this.#hasAddress = this.#onAt !== undefined;
				this.#change();
			});
			return;
		}
		this.#asking = true;
	}
	/** Nobody listens any more; the driver runs on. */
	close(): void {
		this.#tell = undefined;
		this.#asking = false;
	}
	/** The chip is reset. */
	off(): void {
		this.close();
		this.#poll?.();
		this.#unlink();
		this.#onAt = undefined;
		this.#isStatic = false;
	}

	get #state(): number {
		if (this.#hasAddress) return EthernetState.connected;
		if (this.#asking) return EthernetState.asking;
		return this.#hasLink ? EthernetState.linked : EthernetState.none;
	}
	#look(at: Instant) {
		this.#poll = this.#scheduler.at(at, () => {
			const isThere = !this.#faults.active("cable", at);
			if (isThere !== this.#hasLink) {
				if (isThere) this.#link(at);
				else this.#unlink();
				this.#change();
			}
			this.#look(at + EthernetTimes.poll);
		});
	}
	#link(at: Instant) {
		this.#hasLink = true;
		if (this.#isStatic || this.#faults.active("dhcp", at)) return;
		const { hop, dhcpServer, arpCheck, duplicateAddress } = EthernetTimes;
		const ms = Math.max(2 * (2 * hop + dhcpServer) + arpCheck, duplicateAddress);
		this.#dhcp = this.#scheduler.at(at + ms, () => {
			this.#hasAddress = true;
			this.#change();
		});
	}
	#unlink() {
		this.#dhcp?.();
		this.#hasLink = this.#hasAddress = this.#asking = false;
	}
	#change() {
		const state = this.#state;
		if (state === this.#told) return;
		this.#told = state;
		this.#tell?.(state);
	}
}
