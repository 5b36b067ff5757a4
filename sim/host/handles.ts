import type { AdcChannel } from "../chips/adc.js";
import type { SpiChip } from "../chips/spi-chip.js";
import type { NorFlash } from "../flash.js";
import type { SimDatagrams, SimSocket } from "../net/network.js";

interface Common {
	/** For messages. */
	readonly what: string;
	close(): void;
}
export interface TimerHandle extends Common {
	readonly kind: "timer" | "resolve";
}
export interface I2cHandle extends Common {
	readonly kind: "i2c";
	readonly address: number;
	readonly hertz: number;
}
export interface AnalogHandle extends Common {
	readonly kind: "analog";
	readonly channel: AdcChannel;
}
export interface FlashHandle extends Common {
	readonly kind: "flash";
	readonly flash: NorFlash;
}
export interface SocketHandle extends Common {
	readonly kind: "tcp";
	readonly socket: SimSocket;
	/** Bytes that have arrived and were not read. */
	unread: number;
}
export interface DatagramsHandle extends Common {
	readonly kind: "udp";
	readonly socket: SimDatagrams;
}

export interface WifiHandle extends Common {
	readonly kind: "wifi";
}

export interface EthernetHandle extends Common {
	readonly kind: "ethernet";
}

export interface SpiHandle extends Common {
	readonly kind: "spi";
	readonly chip: SpiChip;
	readonly hertz: number;
}
export interface DigitalHandle extends Common {
	readonly kind: "digital";
	readonly chip: SpiChip;
	readonly pin: number;
	/** The chip's name of it. */
	readonly line: string;
	readonly output: boolean;
	/** Edges that are told: 1 rising, 2 falling. */
	readonly edges: number;
}

/** Something that firmware holds open on a board. */
export type Handle =
	| TimerHandle
	| I2cHandle
	| AnalogHandle
	| FlashHandle
	| SocketHandle
	| DatagramsHandle
	| WifiHandle
	| EthernetHandle
	| SpiHandle
	| DigitalHandle;

/** What firmware of one wake holds open, by number. */
export class Handles {
	readonly #open = new Map<number, Handle>();
	#last = 0;

	[Symbol.iterator](): Iterator<Handle> {
		return this.#open.values();
	}
	has(number: number): boolean {
		return this.#open.has(number);
	}
	/** The handle of this number and kind; undefined when there is none. */
	get<K extends Handle["kind"]>(number: number, kind: K): Extract<Handle, { kind: K }> | undefined {
		const handle = this.#open.get(number);
		return handle?.kind === kind ? (handle as Extract<Handle, { kind: K }>) : undefined;
	}
	/** @returns the number of a handle; 0 when it is not open */
	numberOf(handle: Handle): number {
		for (const [number, each] of this.#open) if (each === handle) return number;
		return 0;
	}
	/** @returns a number of 1 … 65,535 that is not in use */
	reserve(): number {
		do this.#last = (this.#last % 0xffff) + 1;
		while (this.#open.has(this.#last));
		return this.#last;
	}
	/** @returns the handle's number */
	add(handle: Handle, number = this.reserve()): number {
		this.#open.set(number, handle);
		return number;
	}
	/** Forgets a handle that has closed by itself. */
	forget(number: number): void {
		this.#open.delete(number);
	}
	/** @returns false when it is not open */
	close(number: number): boolean {
		const handle = this.#open.get(number);
		this.#open.delete(number);
		handle?.close();
		return handle !== undefined;
	}
	/** Closes all. */
	clear(): void {
		for (const handle of this.#open.values()) handle.close();
		this.#open.clear();
	}
}
