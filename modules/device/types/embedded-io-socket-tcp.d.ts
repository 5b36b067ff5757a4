/**
 * A TCP connection. Source: Moddable SDK 8.2.3, modules/io/socket/lwip/tcp.c (ESP32) and modules/io/socket/lin/tcp.c (desktop);
 * what is said of `lin` was run. ECMA-419 §10.12.
 *
 * The desktop polls every 20 ms and holds 1536 bytes each way; ESP32 reports from lwIP's callbacks and holds
 * CONFIG_LWIP_TCP_SND_BUF_DEFAULT (5744 on C3, 8192 on ESP32) to send.
 */
declare module "embedded:io/socket/tcp" {
	import type { ByteBuffer } from "embedded:io/_common";

	export interface TCPCallbacks {
		/**
		 * New bytes came. Not called again for bytes that were left unread, only when more come: read all, or come back by yourself.
		 * @param bytes unread in all
		 */
		readonly onReadable?: (this: TCP, bytes: number) => void;
		/**
		 * First call: the connection is made. Later: room has come free (ESP32: the peer acknowledged; `lin`: next poll after a write).
		 * @param bytes that `write` takes now
		 */
		readonly onWritable?: (this: TCP, bytes: number) => void;
		/**
		 * The connection ended: refused, reset, or closed in order by the peer. No argument tells which. Called once,
		 * and only after the bytes received before it were read: a reader that leaves bytes unread never gets it.
		 * The instance still has to be closed.
		 */
		readonly onError?: (this: TCP) => void;
	}

	export interface TCPOptions extends TCPCallbacks {
		/** IP address as text (`lin`: IPv4 only). Names are not resolved: they throw `Error` "invalid address". There is no `host` option. */
		readonly address: string;
		/** 0 … 65535, else `RangeError`; absent throws `Error`. */
		readonly port: number;
		/** ECMA-419's name for TCP_NODELAY. The SDK does not read it: pass `nodelay` as well. */
		readonly noDelay?: boolean;
		/** The SDK's name for the same. Absent: the system's default, which is Nagle on. */
		readonly nodelay?: boolean;
		/** Default "buffer". "number" reads and writes single bytes; these declarations leave it out. */
		readonly format?: "buffer";
		readonly target?: unknown;
	}

	/** Takes the native socket from an accepted instance, which is thereby closed. */
	export interface TCPFromOptions extends TCPCallbacks {
		readonly from: TCP;
		readonly noDelay?: boolean;
		readonly nodelay?: boolean;
		readonly format?: "buffer";
		readonly target?: unknown;
	}

	export default class TCP {
		/**
		 * Starts to connect and returns at once; no callback runs before it returns. There is no connect timeout to set.
		 * @throws {Error} "invalid address", "no socket"; ESP32: "no network" when no interface is configured, "connect error"
		 * @throws {RangeError} port, format; no memory
		 */
		constructor(options: TCPOptions | TCPFromOptions);
		/** All unread bytes (ESP32: of all segments) in a new buffer, or undefined when there are none. */
		read(): ArrayBuffer | undefined;
		/** Exactly so many bytes, or undefined when none are there. @throws {Error} "invalid" when fewer are there or it is 0 (ECMA-419 §9.4 would return fewer) */
		read(byteLength: number): ArrayBuffer | undefined;
		/**
		 * Fills the buffer. @returns its length in bytes, or undefined when none are there
		 * @throws {Error} "invalid" when fewer bytes are there than it holds, or it is empty (ECMA-419 §9.4 would fill a part):
		 * pass `chunk.subarray(0, Math.min(bytes, chunk.length))`
		 */
		read(buffer: ByteBuffer): number | undefined;
		/**
		 * Sends all of the bytes or none; they are copied. Options of ECMA-419 §10.12.3 (`more`) are ignored.
		 * On ESP32 the segment leaves when the current turn ends, so writes of one callback travel together; but each write takes
		 * lwIP queue entries beside the bytes, and running out of them counts as losing the connection: write few and large.
		 * @returns how many bytes `write` takes now; undefined when sending failed (`onError` follows)
		 * @throws {Error} "would block" when longer than the room that `onWritable` or the last `write` gave; nothing is sent.
		 * Before the connection, and after its end: ESP32 "not ready", `lin` "would block" before and nothing after
		 */
		write(buffer: ByteBuffer): number | undefined;
		/**
		 * Closes in order, and what was written is still sent; but lwIP and Linux alike reset the connection when received bytes were
		 * left unread, which can lose the last write. Again: does nothing. Allowed inside callbacks. Any other method then throws `SyntaxError`.
		 * ESP32 makes no callback afterwards. `lin` may still make those of the same poll (`onReadable` or `onError` after a
		 * close in `onWritable`): callbacks must tolerate it.
		 */
		close(): void;
		/** The peer's address. Unreliable once the connection is lost (`lin` gives garbage). */
		readonly remoteAddress: string | undefined;
		readonly remotePort: number | undefined;
		format: "buffer";
		target?: unknown;
	}
}
