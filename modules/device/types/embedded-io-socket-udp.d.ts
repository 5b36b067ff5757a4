/**
 * A UDP socket. Source: Moddable SDK 8.2.3, modules/io/socket/lwip/udp.c (ESP32) and modules/io/socket/lin/udp.c (desktop).
 * ECMA-419 §10.13.
 *
 * The desktop polls every 20 ms, one datagram a poll, and keeps a few; ESP32 reports from lwIP's callbacks.
 */
declare module "embedded:io/socket/udp" {
	import type { ByteBuffer } from "embedded:io/_common";

	/** A datagram's bytes, and who sent it. */
	export interface UDPDatagram extends ArrayBuffer {
		/** IP address as text. */
		readonly address: string;
		readonly port: number;
	}

	export interface UDPOptions {
		/** Local port, 0 … 65535. Default: one that is free, at the first write. */
		readonly port?: number;
		/** Datagrams came. @param count how many wait in all */
		readonly onReadable?: (this: UDP, count: number) => void;
		readonly target?: unknown;
	}

	export default class UDP {
		/** No callback runs before it returns. @throws {Error} "no socket", "bind failed" @throws {RangeError} port; ESP32: "no socket" */
		constructor(options: UDPOptions);
		/** The oldest datagram that waits (ESP32: of a chain of buffers the first); undefined when none does. */
		read(): UDPDatagram | undefined;
		/** Sends one datagram. @throws {Error} "sendto failed", "UDP send failed" @throws {RangeError} ESP32: "invalid IP address" */
		write(buffer: ByteBuffer, address: string, port: number): void;
		/** Again: does nothing. Any other method then throws. ESP32 makes no callback afterwards. */
		close(): void;
		target?: unknown;
	}
}
