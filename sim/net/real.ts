import * as dgram from "node:dgram";
import { lookup } from "node:dns";
import * as net from "node:net";
import type { Cancel } from "../scheduler.js";
import { type BrokerUrl, parseBrokerUrl } from "./broker-url.js";
import {
	BUILT_MS,
	type DatagramServer,
	type Network,
	type SimDatagram,
	type SimDatagrams,
	type SimSocket,
	type SocketListener,
	type TlsFailure,
	type TlsRequest,
} from "./network.js";
import { failureOf, openTls, TlsError } from "./real-tls.js";

/** Bytes that may wait to be sent; a write takes what is left of it. */
const WINDOW = 16_384;
/** Bytes that may wait to be read before the peer is made to wait. */
const INBOX = 16_384;
/** How long a closed socket may take to send what is left, in milliseconds. */
const LINGER_MS = 1000;

/**
 * The real network, as far as one broker: whatever address and port the board asks for, it gets that broker's.
 * @throws {DormouseError} as {@link parseBrokerUrl}
 */
export class RealNetwork implements Network {
	readonly broker: BrokerUrl;
	readonly #time: { readonly host: string; readonly port: number } | undefined;
	readonly #sockets = new Set<RealSocket>();
	readonly #datagrams = new Set<SimDatagrams>();
	readonly #servers = new Map<number, DatagramServer>();
	readonly #builtMs: number;
	#lookUps = 0;

	/**
	 * @param url `mqtt://[user:password@]host[:port]`, or `mqtts`: that says only where the broker is, TLS is the node's matter
	 * @param time the one host that gets all datagrams; without it, servers inside the simulation do
	 * @param builtMs when the firmware was built, in milliseconds since 1970
	 */
	constructor(url: string, time?: { readonly host: string; readonly port: number }, builtMs = BUILT_MS) {
		this.broker = parseBrokerUrl(url);
		this.#time = time;
		this.#builtMs = builtMs;
	}

	get live(): boolean {
		return this.#lookUps > 0 || this.#sockets.size > 0 || this.#datagrams.size > 0;
	}

	resolve(_name: string, done: (address: string | undefined) => void): Cancel {
		let cancelled = false;
		this.#lookUps++;
		lookup(this.broker.host, (error, address) => {
			this.#lookUps--;
			if (!cancelled) done(error ? undefined : address);
		});
		return () => {
			cancelled = true;
		};
	}

	connect(_address: string, _port: number, on: SocketListener): SimSocket {
		return this.#add(new RealSocket(this.broker, on, (socket) => this.#sockets.delete(socket)));
	}

	connectTls(_address: string, _port: number, tls: TlsRequest, on: SocketListener): SimSocket {
		const { broker } = this;
		const request = { ...tls, builtMs: this.#builtMs };
		return this.#add(new RealSocket(broker, on, (socket) => this.#sockets.delete(socket), request));
	}

	#add(socket: RealSocket): RealSocket {
		this.#sockets.add(socket);
		return socket;
	}

	openDatagrams(readable: (count: number) => void): SimDatagrams {
		const inbox: SimDatagram[] = [];
		let open = true;
		const take = (datagram: SimDatagram) => {
			if (!open) return;
			inbox.push(datagram);
			readable(inbox.length);
		};
		const time = this.#time;
		const real = time && dgram.createSocket("udp4");
		let sentTo = { address: "", port: 0 };
		real?.on("message", (bytes) => take({ ...sentTo, bytes: new Uint8Array(bytes) }));
		real?.on("error", () => {}); // a datagram that nobody takes is lost
		const socket: SimDatagrams = {
			send: ({ address, port, bytes }) => {
				sentTo = { address, port };
				if (real) real.send(bytes, time.port, time.host, () => {});
				else
					this.#servers.get(port)?.(bytes, (answer, { afterMs = 0, ...from } = {}) => {
						setTimeout(() => take({ address, port, ...from, bytes: answer }), afterMs);
					});
			},
			read: () => inbox.shift(),
			close: () => {
				if (!open) return;
				open = false;
				this.#datagrams.delete(socket);
				real?.close();
			},
		};
		this.#datagrams.add(socket);
		return socket;
	}

	serveDatagrams(port: number, server: DatagramServer): Cancel {
		this.#servers.set(port, server);
		return () => this.#servers.delete(port);
	}

	async close(): Promise<void> {
		for (const socket of [...this.#datagrams]) socket.close();
		await Promise.all([...this.#sockets].map((socket) => socket.destroy()));
	}
}

class RealSocket implements SimSocket {
	readonly #socket: net.Socket;
	/** What goes over the wire: the socket itself, or what is below TLS. */
	readonly #wire: net.Socket;
	readonly #gone: (socket: RealSocket) => void;
	readonly #destroyed: Promise<void>;
	#on: SocketListener | undefined;
	#inbox: Buffer[] = [];
	#waiting = 0;
	#connected = false;
	/** The socket is no more; told once all that came is read. */
	#over: "no" | "order" | "reset" = "no";
	#failure: TlsFailure | undefined;
	/** Bytes of the wire that were told as overhead, and the application's own. */
	readonly #told = { sent: 0, received: 0 };
	readonly #own = { sent: 0, received: 0 };

	constructor(
		{ host, port }: BrokerUrl,
		on: SocketListener,
		gone: (socket: RealSocket) => void,
		tls?: TlsRequest & { readonly builtMs: number },
	) {
		this.#on = on;
		this.#gone = gone;
		const connected = () => {
			this.#connected = true;
			this.#tellOverhead();
			this.#on?.writable(WINDOW);
		};
		let failed = false;
		if (tls) {
			try {
				const { socket, wire } = openTls({ host, port }, tls, tls.builtMs, connected);
				this.#socket = socket;
				this.#wire = wire;
			} catch (error) {
				if (!(error instanceof TlsError)) throw error;
				this.#socket = this.#wire = new net.Socket().destroy(error); // tells by "error", like all others
			}
		} else {
			this.#socket = this.#wire = net.connect({ host, port, noDelay: true });
			this.#socket.on("connect", connected);
		}
		const socket = this.#socket;
		socket.on("data", (bytes) => {
			if (!this.#on || !this.#connected) return; // closed: nobody reads it
			this.#inbox.push(bytes);
			this.#waiting += bytes.length;
			this.#own.received += bytes.length;
			this.#tellOverhead();
			if (this.#waiting >= INBOX) socket.pause();
			this.#on.readable(this.#waiting);
		});
		socket.on("end", () => socket.end());
		socket.on("error", (error) => {
			failed = true;
			if (tls) this.#failure = failureOf(error);
		});
		this.#destroyed = new Promise((resolve) => {
			socket.on("close", () => {
				this.#over = failed ? "reset" : "order";
				if (!this.#waiting || !this.#on) this.#finish();
				resolve();
			});
		});
	}

	get room(): number {
		const socket = this.#socket;
		if (!this.#connected || !this.#on || socket.destroyed || socket.writableEnded) return 0;
		return Math.max(0, WINDOW - socket.writableLength);
	}

	write(bytes: Uint8Array): number {
		const socket = this.#socket;
		const taken = Math.min(bytes.length, this.room);
		if (!taken) return 0;
		this.#own.sent += taken;
		socket.write(bytes.slice(0, taken), () => {
			if (!socket.destroyed) this.#on?.writable(WINDOW - socket.writableLength);
		});
		return taken;
	}

	read(most: number): Uint8Array {
		const count = Math.min(most, this.#waiting);
		const all = Buffer.concat(this.#inbox);
		this.#waiting -= count;
		this.#inbox = this.#waiting ? [all.subarray(count)] : [];
		if (!this.#waiting && this.#over !== "no") setImmediate(() => this.#finish());
		if (this.#waiting < INBOX && this.#socket.isPaused()) this.#socket.resume();
		return new Uint8Array(all.subarray(0, count));
	}

	close(): void {
		if (!this.#on) return;
		this.#tellOverhead();
		this.#on = undefined;
		const socket = this.#socket;
		if (this.#over !== "no") {
			this.#finish();
			return;
		}
		if (!this.#connected) {
			socket.destroy();
			this.#wire.destroy();
			return;
		}
		socket.resume();
		socket.end();
		const linger = setTimeout(() => socket.destroy(), LINGER_MS);
		socket.once("close", () => clearTimeout(linger));
	}

	/** Closes at once. */
	destroy(): Promise<void> {
		this.#on = undefined;
		this.#socket.destroy();
		this.#wire.destroy();
		return this.#destroyed;
	}

	#finish() {
		const on = this.#on;
		this.#tellOverhead();
		this.#on = undefined;
		this.#gone(this);
		on?.ended(this.#over === "reset", this.#failure);
	}

	/** Of TLS: bytes on the wire beyond the application's, since the last time. */
	#tellOverhead() {
		if (this.#wire === this.#socket) return;
		const sent = (this.#wire.bytesWritten ?? 0) - this.#own.sent;
		const received = this.#wire.bytesRead - this.#own.received;
		this.#on?.overhead?.(sent - this.#told.sent, received - this.#told.received);
		this.#told.sent = sent;
		this.#told.received = received;
	}
}
