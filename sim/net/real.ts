import * as dgram from "node:dgram";
import { lookup } from "node:dns";
import * as net from "node:net";
import type { Cancel } from "../scheduler.js";
import { type BrokerUrl, parseBrokerUrl } from "./broker-url.js";
import type { DatagramServer, Network, SimDatagram, SimDatagrams, SimSocket, SocketListener } from "./network.js";

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
	#lookUps = 0;

	/**
	 * @param url `mqtt://[user:password@]host[:port]`
	 * @param time the one host that gets all datagrams; without it, servers inside the simulation do
	 */
	constructor(url: string, time?: { readonly host: string; readonly port: number }) {
		this.broker = parseBrokerUrl(url);
		this.#time = time;
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
		const socket = new RealSocket(this.broker, on, () => this.#sockets.delete(socket));
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
	readonly #gone: () => void;
	readonly #destroyed: Promise<void>;
	#on: SocketListener | undefined;
	#inbox: Buffer[] = [];
	#waiting = 0;
	#connected = false;
	/** The socket is no more; told once all that came is read. */
	#over: "no" | "order" | "reset" = "no";

	constructor(broker: BrokerUrl, on: SocketListener, gone: () => void) {
		this.#on = on;
		this.#gone = gone;
		this.#socket = net.connect({ host: broker.host, port: broker.port, noDelay: true });
		const socket = this.#socket;
		let failed = false;
		socket.on("connect", () => {
			this.#connected = true;
			this.#on?.writable(WINDOW);
		});
		socket.on("data", (bytes) => {
			if (!this.#on) return; // closed: nobody reads it
			this.#inbox.push(bytes);
			this.#waiting += bytes.length;
			if (this.#waiting >= INBOX) socket.pause();
			this.#on.readable(this.#waiting);
		});
		socket.on("end", () => socket.end());
		socket.on("error", () => {
			failed = true;
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
		this.#on = undefined;
		const socket = this.#socket;
		if (this.#over !== "no") {
			this.#finish();
			return;
		}
		if (socket.connecting) {
			socket.destroy();
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
		return this.#destroyed;
	}

	#finish() {
		const on = this.#on;
		this.#on = undefined;
		this.#gone();
		on?.ended(this.#over === "reset");
	}
}
