import type { Cancel } from "../scheduler.js";

/** An IP network as a simulated board sees it. */
export interface Network {
	/** Whether a real socket or look-up is open: then virtual time keeps to real time. */
	readonly live: boolean;
	/** Looks a host name up; an address in digits is its own answer. `done` never runs from inside this call. */
	resolve(name: string, done: (address: string | undefined) => void): Cancel;
	/** Opens a TCP connection. Events never arrive from inside this call. */
	connect(address: string, port: number, on: SocketListener): SimSocket;
	/** Closes everything that is real. */
	close(): Promise<void>;
}
export interface SocketListener {
	/** Connected; at least `room` bytes can be written. */
	writable(room: number): void;
	/** `count` bytes wait in all. */
	readable(count: number): void;
	/** No more comes; `reset` when it was not in order (refused, unreachable, reset). */
	ended(reset: boolean): void;
}
export interface SimSocket {
	/** Bytes that a write takes now; 0 before the connection. */
	readonly room: number;
	/** @returns bytes taken, perhaps fewer than given */
	write(bytes: Uint8Array): number;
	/** At most `most` of the bytes that wait. */
	read(most: number): Uint8Array;
	/** Idempotent; no event follows. What was written is still sent. */
	close(): void;
}
