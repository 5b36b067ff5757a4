import type { Cancel } from "../scheduler.js";

/** An IP network as a simulated board sees it. */
export interface Network {
	/** Whether a real socket or look-up is open: then virtual time keeps to real time. */
	readonly live: boolean;
	/** Looks a host name up; an address in digits is its own answer. `done` never runs from inside this call. */
	resolve(name: string, done: (address: string | undefined) => void): Cancel;
	/** Opens a TCP connection. Events never arrive from inside this call. */
	connect(address: string, port: number, on: SocketListener): SimSocket;
	/** Opens a UDP socket. `readable` tells how many datagrams wait, never from inside a call. */
	openDatagrams(readable: (count: number) => void): SimDatagrams;
	/** Answers datagrams that the board sends to a port of any address, inside the simulation. */
	serveDatagrams(port: number, server: DatagramServer): Cancel;
	/** Closes everything that is real. */
	close(): Promise<void>;
}
/** A datagram, and its other end: who is to get it, or who sent it. */
export interface SimDatagram {
	readonly address: string;
	readonly port: number;
	readonly bytes: Uint8Array;
}
export interface SimDatagrams {
	send(datagram: SimDatagram): void;
	/** The oldest that waits. */
	read(): SimDatagram | undefined;
	/** Idempotent; no event follows. */
	close(): void;
}
/**
 * A server of datagrams in the simulation.
 * @param reply may be called any number of times; `more` says how much later the answer leaves, and whom it claims to be
 * from, where that is not whom the request went to
 */
export type DatagramServer = (
	bytes: Uint8Array,
	reply: (
		bytes: Uint8Array,
		more?: { readonly afterMs?: number; readonly address?: string; readonly port?: number },
	) => void,
) => void;
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
