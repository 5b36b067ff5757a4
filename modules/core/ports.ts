/**
 * What pure code receives instead of hardware. Firmware implements these ports in `modules/device/`, tests with arrays
 * and counters.
 */

/** Milliseconds since the board got its power; runs on through deep sleep, starts again after a power loss. */
export interface Clock {
	nowMs(): number;
}

/** One-shot timers. Nothing may be pending when the node goes to sleep. */
export interface Timers {
	/** Calls `callback` once, `ms` milliseconds from now, never from inside this call. */
	set(callback: () => void, ms: number): Timer;
}
export interface Timer {
	/** Idempotent; the callback does not run afterwards. */
	close(): void;
}

/** Memory that survives deep sleep and is garbage after a power loss (RTC memory on ESP32). */
export interface RetainedMemory {
	/** Bytes. */
	readonly size: number;
	/** Fills `into` from `offset`. @throws {DormouseError} `range` beyond `size` */
	read(into: Uint8Array, offset: number): void;
	/** @throws {DormouseError} `range` beyond `size`; nothing is written then */
	write(bytes: Uint8Array, offset: number): void;
}

/**
 * A flash partition, as the SDK's `embedded:storage/flash` gives it, plus the stated write alignment.
 * Erased bytes read 0xff; programming only clears bits.
 */
export interface FlashPort {
	/** Bytes; a multiple of `blockSize`. */
	readonly size: number;
	/** Bytes that one erase sets to 0xff: 4,096 on ESP32. */
	readonly blockSize: number;
	/** Offsets and lengths of writes are multiples of this: 1, or 16 on partitions that the hardware encrypts. */
	readonly writeAlignment: number;
	/** Fills `into` from `offset`. @throws {DormouseError} `flash` beyond `size` */
	read(into: Uint8Array, offset: number): void;
	/** @throws {DormouseError} `flash` beyond `size` or off alignment; nothing is written then */
	write(bytes: Uint8Array, offset: number): void;
	/** Erases the block that begins at `offset`. @throws {DormouseError} `flash` unless a block begins there */
	erase(offset: number): void;
}

/** Entropy fit for identifiers and jitter; on ESP32 the hardware generator. */
export interface Entropy {
	/** Fills `into` with random bytes. */
	fill(into: Uint8Array): void;
}

/** Why the processor runs. Values are stable: health records carry them. */
export const WakeCause = Object.freeze({ reset: 0, timer: 1, pin: 2, touch: 3, other: 4 });
export type WakeCause = (typeof WakeCause)[keyof typeof WakeCause];

/** Why the last run ended. Values are stable: health records carry them. */
export const ResetReason = Object.freeze({
	unknown: 0,
	power: 1,
	deepSleep: 2,
	software: 3,
	panic: 4,
	watchdog: 5,
	brownOut: 6,
	pin: 7,
});
export type ResetReason = (typeof ResetReason)[keyof typeof ResetReason];

/** What wakes a node beside its alarm: `wakeOn` of `modules/device/wake.ts`. In masks the bit of value 2^n is GPIO n. */
export interface WakeSources {
	/** Pins that wake at a high level, at a low one, and those of touch pads: masks. */
	readonly high: number;
	readonly low: number;
	readonly touch: number;
	/** Whether a sample that such a wake takes is sent at once. */
	readonly send: boolean;
	/** How long all of them rest once one has woken the node, in milliseconds. */
	readonly restMs: number;
	/** What woke it: a mask of pins. */
	woke(): number;
	/**
	 * Has them wake it from its next deep sleep, unless they rest.
	 * @returns those that will not: they rest, are at their level already, or the chip cannot
	 */
	arm(rests: boolean): number;
}

/** A digest: SHA-256 by the platform where it has one, else `modules/core/sha256.ts`. */
export interface Digest {
	/** Begins a message; what was given of another one is forgotten. */
	reset(): void;
	/** Takes `bytes[from … to)`, the next part of the message. */
	update(bytes: Uint8Array, from?: number, to?: number): void;
	/** Ends the message; `into` gets as many of the digest's first bytes as it has room for, at most 32. */
	finish(into: Uint8Array): void;
}

/**
 * A keyed message authentication code: HMAC-SHA-256, one message after the other. Its methods are those of a digest; the
 * key is given where it is made.
 */
export type Mac = Digest;

/** A block cipher of 128 bits, encryption alone: AES-128 by the platform where it has one, else `net/lorawan/aes.ts`. */
export interface BlockCipher {
	/** Takes a key of 16 bytes from `at` on; it serves until the next one. */
	setKey(key: Uint8Array, at?: number): void;
	/** Encrypts the 16 bytes from `at` on, in place. */
	encrypt(block: Uint8Array, at?: number): void;
}
