import type { Cancel, Instant, Scheduler } from "../scheduler.js";
import { Seeded } from "../seeded.js";
import {
	BUILT_MS,
	type DatagramServer,
	type Network,
	type SimDatagram,
	type SimDatagrams,
	type SimSocket,
	type SocketListener,
	type TlsRequest,
} from "./network.js";
import { type ModelServer, ModelTls } from "./tls-model.js";

/** A time in which the network or the server behind it is away. */
export interface Outage {
	readonly from: Instant;
	/** Exclusive. */
	readonly to: Instant;
	/**
	 * `silent`: nothing answers; connecting fails after the time-out, bytes wait until the end as TCP sends them again.
	 * `refused`: the host answers that nobody listens; open connections are reset.
	 */
	readonly how: "silent" | "refused";
}

/** How an in-process network behaves. */
export interface VirtualNetworkOptions {
	/** One way, in milliseconds. Default 10. */
	readonly delayMs?: number;
	/** Bytes that may be on their way unread, each direction. Default 5744, as lwIP on ESP32-C3. */
	readonly windowBytes?: number;
	/** How long connecting tries, in milliseconds. Default 20 000. */
	readonly connectTimeoutMs?: number;
	/** Share of connections that never come about, 0 … 1. Default 0. */
	readonly loss?: number;
	/** Share of datagrams that get lost, each way, 0 … 1. Default 0. */
	readonly datagramLoss?: number;
	/** For both losses. Default 1. */
	readonly seed?: number;
	readonly outages?: readonly Outage[];
	/** Host names that do not resolve. */
	readonly unknown?: readonly string[];
}

/** A server's end of a connection. */
export interface ServerSocket extends SimSocket {
	/** Closes without order: what was written may be lost, the other end sees a reset. */
	reset(): void;
}
/** Takes a connection that was made; events come from then on. */
export type Accept = (socket: ServerSocket) => SocketListener;

/**
 * An IP network in virtual time, deterministic to the byte. Connecting costs one round trip, bytes take the one-way
 * delay, a name takes a round trip. Every address leads to the same host, whose ports are those that {@link listen} took.
 */
export class VirtualNetwork implements Network {
	readonly live = false;
	readonly scheduler: Scheduler;
	readonly delayMs: number;
	readonly windowBytes: number;
	/** Connections made or asked for since the beginning. */
	connections = 0;
	readonly #connectTimeoutMs: number;
	readonly #loss: number;
	readonly #seeded: Seeded;
	readonly #datagramLoss: number;
	/** Of its own, so that datagrams change nothing for connections. */
	readonly #datagramSeeded: Seeded;
	readonly #servers = new Map<number, DatagramServer>();
	#datagramSockets = 0;
	readonly #outages: Outage[];
	readonly #unknown: readonly string[];
	readonly #ports = new Map<number, Accept>();
	/** Ports behind TLS. */
	readonly #tls = new Map<number, ModelServer>();
	readonly #open = new Set<VirtualSocket>();
	#lookUps = 0;

	constructor(scheduler: Scheduler, options: VirtualNetworkOptions = {}) {
		this.scheduler = scheduler;
		this.delayMs = options.delayMs ?? 10;
		this.windowBytes = options.windowBytes ?? 5744;
		this.#connectTimeoutMs = options.connectTimeoutMs ?? 20_000;
		this.#loss = options.loss ?? 0;
		this.#seeded = new Seeded(options.seed ?? 1);
		this.#datagramLoss = options.datagramLoss ?? 0;
		this.#datagramSeeded = new Seeded((options.seed ?? 1) ^ 0x0dd9);
		this.#outages = [...(options.outages ?? [])];
		this.#unknown = options.unknown ?? [];
	}

	/** Ends of connections and look-ups that are not closed: 0 when the board left nothing behind. */
	get open(): number {
		let boards = this.#lookUps + this.#datagramSockets;
		for (const socket of this.#open) if (socket.isClient) boards++;
		return boards;
	}

	/** Adds an outage. */
	addOutage(outage: Outage): void {
		this.#outages.push(outage);
	}

	/** Serves a port; one that is served already changes hands. */
	listen(port: number, accept: Accept): Cancel {
		this.#ports.set(port, accept);
		return () => {
			if (this.#ports.get(port) === accept) this.#ports.delete(port);
		};
	}

	/** Serves a port behind a model of TLS. */
	listenTls(port: number, server: ModelServer, accept: Accept): Cancel {
		const cancel = this.listen(port, (socket) => ModelTls.accept(this.scheduler, server, socket, accept));
		this.#tls.set(port, server);
		return () => {
			if (this.#tls.get(port) === server) this.#tls.delete(port);
			cancel();
		};
	}

	resolve(name: string, done: (address: string | undefined) => void): Cancel {
		const digits = /^[0-9.]+$/.test(name) || name.includes(":");
		const silent = this.outage("silent");
		const known = digits || (!this.#unknown.includes(name) && !silent);
		const ms = digits ? 0 : silent ? this.#connectTimeoutMs : 2 * this.delayMs;
		let pending = true;
		const end = () => {
			if (pending) this.#lookUps--;
			pending = false;
		};
		this.#lookUps++;
		const cancel = this.scheduler.after(ms, () => {
			end();
			done(known ? (digits ? name : madeUpAddress(name)) : undefined);
		});
		return () => {
			end();
			cancel();
		};
	}

	connect(_address: string, port: number, on: SocketListener): SimSocket {
		this.connections++;
		const here = new VirtualSocket(this, true);
		here.listener = on;
		this.#open.add(here);
		const lost = this.#loss > 0 && this.#seeded.real() < this.#loss;
		if (lost || this.outage("silent")) {
			this.scheduler.after(this.#connectTimeoutMs, () => here.finish(true));
			return here;
		}
		this.scheduler.after(this.delayMs, () => {
			if (here.closed) return;
			const accept = this.outage("refused") ? undefined : this.#ports.get(port);
			this.scheduler.after(this.delayMs, () => (accept ? here.connected() : here.finish(true)));
			if (!accept) return;
			const there = new VirtualSocket(this, false);
			this.#open.add(there);
			here.peer = there;
			there.peer = here;
			there.listener = accept(there);
			there.connected();
		});
		return here;
	}

	openDatagrams(readable: (count: number) => void): SimDatagrams {
		const inbox: SimDatagram[] = [];
		let open = true;
		this.#datagramSockets++;
		const pass = (afterMs: number, run: () => void) => {
			const lost = this.#datagramLoss > 0 && this.#datagramSeeded.real() < this.#datagramLoss;
			if (!lost && !this.outage("silent")) this.scheduler.after(afterMs + this.delayMs, run);
		};
		return {
			send: ({ address, port, bytes }) =>
				pass(0, () =>
					this.#servers.get(port)?.(bytes, (answer, more = {}) =>
						pass(more.afterMs ?? 0, () => {
							if (!open) return;
							inbox.push({ address: more.address ?? address, port: more.port ?? port, bytes: answer });
							readable(inbox.length);
						}),
					),
				),
			read: () => inbox.shift(),
			close: () => {
				if (open) this.#datagramSockets--;
				open = false;
			},
		};
	}

	serveDatagrams(port: number, server: DatagramServer): Cancel {
		this.#servers.set(port, server);
		return () => {
			if (this.#servers.get(port) === server) this.#servers.delete(port);
		};
	}

	connectTls(address: string, port: number, tls: TlsRequest, on: SocketListener): SimSocket {
		const request = { ...tls, builtMs: BUILT_MS };
		return ModelTls.connect(this.scheduler, this.#tls.get(port), request, on, (plain) =>
			this.connect(address, port, plain),
		);
	}

	async close(): Promise<void> {
		for (const socket of [...this.#open]) socket.close();
		this.#ports.clear();
	}

	/** The outage of this kind that is on at an instant. */
	outage(how: Outage["how"], at: Instant = this.scheduler.now): Outage | undefined {
		return this.#outages.find((outage) => outage.how === how && outage.from <= at && at < outage.to);
	}

	/** A socket tells that it is gone. */
	forget(socket: VirtualSocket): void {
		this.#open.delete(socket);
	}
}

/** One end of a connection. */
export class VirtualSocket implements ServerSocket {
	/** Whether this end asked for the connection. */
	readonly isClient: boolean;
	peer: VirtualSocket | undefined;
	listener: SocketListener | undefined;
	closed = false;
	readonly #network: VirtualNetwork;
	/** Bytes that arrived and wait. */
	#inbox: Uint8Array[] = [];
	#waiting = 0;
	/** Bytes that were written and not yet read at the other end, as far as this end knows. */
	#unread = 0;
	#isConnected = false;
	#ended: "no" | "order" | "reset" = "no";

	constructor(network: VirtualNetwork, isClient: boolean) {
		this.#network = network;
		this.isClient = isClient;
	}

	get room(): number {
		if (this.closed || !this.#isConnected || this.#ended !== "no") return 0;
		return Math.max(0, this.#network.windowBytes - this.#unread);
	}

	write(bytes: Uint8Array): number {
		const taken = Math.min(bytes.length, this.room);
		if (taken === 0) return 0;
		if (this.#network.outage("refused")) {
			this.#network.scheduler.after(2 * this.#network.delayMs, () => this.finish(true));
			return taken;
		}
		this.#unread += taken;
		const copy = bytes.slice(0, taken);
		const { peer } = this;
		this.#send(() => peer?.arrive(copy));
		return taken;
	}

	read(most: number): Uint8Array {
		const count = Math.min(most, this.#waiting);
		const out = new Uint8Array(count);
		for (let at = 0; at < count; ) {
			const first = this.#inbox[0]!;
			const part = first.subarray(0, count - at);
			out.set(part, at);
			at += part.length;
			if (part.length === first.length) this.#inbox.shift();
			else this.#inbox[0] = first.subarray(part.length);
		}
		this.#waiting -= count;
		const { peer } = this;
		if (count) this.#send(() => peer?.acknowledged(count));
		if (count && !this.#waiting && this.#ended !== "no")
			this.#network.scheduler.after(0, () => this.finish(this.#ended === "reset"));
		return out;
	}

	close(): void {
		if (this.closed) return;
		this.#gone();
		const { peer } = this;
		this.#send(() => peer?.over(false));
	}

	/** Closes without order: what was written may be lost, the other end sees a reset. */
	reset(): void {
		if (this.closed) return;
		this.#gone();
		const { peer } = this;
		this.#send(() => peer?.over(true));
	}

	/** The connection is made. */
	connected(): void {
		if (this.closed) return;
		this.#isConnected = true;
		this.listener?.writable(this.#network.windowBytes);
	}

	/** Bytes arrive. */
	arrive(bytes: Uint8Array): void {
		if (this.closed) return;
		this.#inbox.push(bytes);
		this.#waiting += bytes.length;
		this.listener?.readable(this.#waiting);
	}

	/** The other end has read so many bytes. */
	acknowledged(count: number): void {
		this.#unread -= count;
		if (!this.closed && this.#ended === "no") this.listener?.writable(this.#network.windowBytes - this.#unread);
	}

	/** No more comes; told once all that came is read. */
	over(reset: boolean): void {
		if (this.closed || this.#ended !== "no") return;
		this.#ended = reset ? "reset" : "order";
		if (!this.#waiting) this.finish(reset);
	}

	/** Tells the end, and forgets the connection. */
	finish(reset: boolean): void {
		if (this.closed) return;
		const { listener } = this;
		this.#ended = reset ? "reset" : "order";
		this.listener = undefined;
		listener?.ended(reset);
	}

	/** Runs `what` at the other end a delay from now, or from the end of the outage; in the order of the calls. */
	#send(what: () => void) {
		const { scheduler, delayMs } = this.#network;
		let leaves = scheduler.now;
		for (let away = this.#network.outage("silent"); away; away = this.#network.outage("silent", leaves))
			leaves = away.to;
		scheduler.at(leaves + delayMs, what);
	}

	#gone() {
		this.closed = true;
		this.listener = undefined;
		this.#inbox = [];
		this.#network.forget(this);
	}
}

/** An address for a name, the same in each run (FNV-1a), in 10.0.0.0/8. */
function madeUpAddress(name: string): string {
	let hash = 0x811c9dc5;
	for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x0100_0193) >>> 0;
	return `10.${(hash >>> 16) & 255}.${(hash >>> 8) & 255}.${1 + (hash % 254)}`;
}
