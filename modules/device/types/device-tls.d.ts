/**
 * A TLS connection, with the face of `embedded:io/socket/tcp`. Each place brings its own module under this specifier:
 * mbedTLS on ESP32 and the desktop, a shim in the simulator (there Node's TLS, or a model of it in virtual time).
 *
 * TLS 1.2 or 1.3. The peer is always authenticated. Trust comes from settings of the device, which the platform reads by
 * itself so that they take no RAM of XS's: `ca`, one or more certificates in PEM, is needed; `certificate` (a chain, the
 * node's own first) and `key` (EC, not encrypted) in PEM where the server wants a certificate of the node. Neither they
 * nor parts of them are ever told in an error or a report.
 */
declare module "device/tls" {
	import type { ByteBuffer } from "embedded:io/_common";

	/**
	 * Why a connection ended, where it is known better than that it is lost:
	 * `untrusted` the server's chain does not lead to `ca`, is out of its dates or not for `host`, or the server did not prove
	 * that it holds the certificate's key; `refused` the server ended the handshake in its own words, as one does that wants
	 * a certificate; `protocol` what came is no TLS of version 1.2 or later; `declaration` a setting is missing or malformed.
	 */
	export type TLSFailure = "untrusted" | "refused" | "protocol" | "declaration";

	export interface TLSCallbacks {
		/** New bytes were decrypted. @param bytes unread in all */
		readonly onReadable?: (this: TLS, bytes: number) => void;
		/**
		 * First call: the handshake is over and the server has proved who it is; nothing was sent to it before but the handshake.
		 * @param bytes that `write` takes now
		 */
		readonly onWritable?: (this: TLS, bytes: number) => void;
		/** The connection ended. @param code undefined when it was lost, or closed in order by the peer */
		readonly onError?: (this: TLS, code?: TLSFailure) => void;
	}

	export interface TLSPeer {
		/** The server's name as it was asked for: sent as SNI unless it is an address, and what its certificate must hold. */
		readonly host: string;
		/** Application protocol to ask for (RFC 7301). A server that does not know the extension is taken. */
		readonly alpn: string | undefined;
		/**
		 * Milliseconds since 1970 that the certificates' dates are held against, 0 while unknown: then they need only end later
		 * than this firmware was built, and when they begin is not looked at.
		 */
		readonly node: { wallMs(): number };
	}
	export interface TLSOptions extends TLSCallbacks {
		/** IP address as text. */
		readonly address: string;
		/** 0 … 65535. */
		readonly port: number;
		readonly tls?: TLSPeer | undefined;
		readonly noDelay?: boolean;
		readonly nodelay?: boolean;
		readonly target?: unknown;
	}

	export default class TLS {
		/**
		 * Starts to connect and returns at once; no callback runs before it returns.
		 * @throws {Error} as `embedded:io/socket/tcp`; when there is no `tls`
		 */
		constructor(options: TLSOptions);
		/** Fills the buffer, which is no longer than what waits. @returns its length, undefined when nothing waits */
		read(buffer: ByteBuffer): number | undefined;
		/**
		 * Sends all of the bytes. @returns how many bytes `write` takes now; undefined when the connection was lost, as `onError` tells
		 * @throws {Error} when they are more than there is room for; before `onWritable` there is none
		 */
		write(buffer: ByteBuffer): number | undefined;
		/** Closes in order (close_notify); idempotent, allowed inside callbacks. No callback follows. */
		close(): void;
	}
}
