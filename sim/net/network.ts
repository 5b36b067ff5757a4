import type { Cancel } from "../scheduler.js";
import type { TlsAttempt } from "./tls-sessions.js";

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
	/** Opens a TLS connection: the socket is one once the server has proved who it is, and ends with a failure otherwise. */
	connectTls(address: string, port: number, tls: TlsRequest, on: SocketListener): SimSocket;
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
	/** No more comes; `reset` when it was not in order (refused, unreachable, reset). @param failure TLS's own reason */
	ended(reset: boolean, failure?: TlsFailure): void;
	/** So many bytes went over the wire that are not the application's: handshake, heads and tags of records. */
	overhead?(sent: number, received: number): void;
}
/** Why TLS gave up; see `modules/device/types/device-tls.d.ts`. */
export type TlsFailure = (typeof FAILURES)[number];
/** In the order of their numbers in the host-call table. */
export const FAILURES = Object.freeze(["untrusted", "refused", "protocol", "declaration"] as const);

/** What a node asks of a TLS connection, and what it was provisioned with, in PEM. */
export interface TlsRequest {
	/** The name that the server's certificate must hold. */
	readonly host: string;
	readonly alpn: string | undefined;
	/** The node's wall time in milliseconds since 1970, 0 while unknown. */
	readonly wallMs: number;
	readonly ca: string | undefined;
	readonly certificate: string | undefined;
	readonly key: string | undefined;
	/** Session to go on with, and who hears of the next one. Absent: each handshake is a full one. */
	readonly attempt?: TlsAttempt;
}
/**
 * When the simulated firmware was built: 2026-01-01, the earliest end that a certificate may have while the node does not
 * know the time.
 */
export const BUILT_MS = 1_767_225_600_000;

/** Whether a certificate's dates are right for a node, which may not know the time. All in milliseconds since 1970. */
export function isInDate(fromMs: number, toMs: number, wallMs: number, builtMs: number): boolean {
	return wallMs > 0 ? fromMs <= wallMs && wallMs <= toMs : toMs > builtMs;
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
