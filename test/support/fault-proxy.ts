import * as net from "node:net";
import type { Network, SocketListener } from "../../sim/net/network.js";
import type { VirtualNetwork } from "../../sim/net/virtual.js";
import { Seeded } from "../../sim/seeded.js";
import { type ConnectionFaults, type FaultScript, Lane, type LaneEnd, type Later } from "./faulty-lane.js";

/** Hears each connection's bytes: `up` from the node, `down` to it. */
export interface Tap {
	begin?(connection: number): void;
	up?(connection: number, bytes: Uint8Array): void;
	down?(connection: number, bytes: Uint8Array): void;
}

/** A network whose connections are heard at the node's end: `up` what the node wrote, `down` what it read. */
export function tapped(network: Network, tap: Tap): Network {
	let connections = 0;
	return {
		get live() {
			return network.live;
		},
		resolve: (name, done) => network.resolve(name, done),
		close: () => network.close(),
		openDatagrams: (readable) => network.openDatagrams(readable),
		serveDatagrams: (port, server) => network.serveDatagrams(port, server),
		connectTls: (address, port, tls, on) => network.connectTls(address, port, tls, on),
		connect(address, port, on) {
			const n = connections++;
			tap.begin?.(n);
			const socket = network.connect(address, port, on);
			return {
				get room() {
					return socket.room;
				},
				write(bytes) {
					const copy = bytes.slice();
					const taken = socket.write(bytes);
					tap.up?.(n, copy.subarray(0, taken));
					return taken;
				},
				read(most) {
					const bytes = socket.read(most);
					tap.down?.(n, bytes);
					return bytes;
				},
				close: () => socket.close(),
			};
		},
	};
}

/** One end of a proxied connection, virtual or real. */
interface End {
	write(bytes: Uint8Array): void;
	/** No more is written. */
	end(): void;
	close(reset: boolean): void;
}

/** The two lanes between two ends. */
class Junction {
	readonly up: Lane;
	readonly down: Lane;
	readonly #tap: Tap;
	readonly #n: number;
	#isOver = false;

	constructor(node: End, broker: End, faults: ConnectionFaults, n: number, time: Time, random: Seeded, tap: Tap) {
		this.#tap = tap;
		this.#n = n;
		const lane = (to: End): LaneEnd => ({
			pass: (bytes) => {
				if (to === node) tap.down?.(n, bytes);
				to.write(bytes);
			},
			cut: () => {
				if (this.#isOver) return;
				this.#isOver = true;
				this.up.close();
				this.down.close();
				node.close(faults.how !== "order");
				broker.close(faults.how !== "order");
			},
			end: () => to.end(),
		});
		tap.begin?.(n);
		this.up = new Lane(faults.up ?? {}, lane(broker), time, random);
		this.down = new Lane(faults.down ?? {}, lane(node), time, random);
	}

	/** Bytes from one of the ends. */
	feed(lane: Lane, bytes: Uint8Array): void {
		if (lane === this.up) this.#tap.up?.(this.#n, bytes);
		lane.feed(bytes);
	}
	begin(): void {
		this.up.begin();
		this.down.begin();
	}
}

interface Time {
	readonly later: Later;
	now(): number;
}

/** A TCP proxy on loopback between a node and a broker, which misbehaves as the script says. */
export class FaultProxy {
	readonly port: number;
	/** Connections that were asked for. */
	connections = 0;
	/** Where connections lead; may change, as when a broker starts again. */
	target: number;
	script: FaultScript;
	readonly #server: net.Server;
	readonly #sockets: Set<net.Socket>;

	private constructor(server: net.Server, sockets: Set<net.Socket>, target: number, script: FaultScript) {
		this.#server = server;
		this.#sockets = sockets;
		this.port = (server.address() as net.AddressInfo).port;
		this.target = target;
		this.script = script;
	}

	/** @param seed for what the script leaves to chance */
	static async start(target: number, script: FaultScript = () => ({}), tap: Tap = {}, seed = 1): Promise<FaultProxy> {
		const random = new Seeded(seed);
		const sockets = new Set<net.Socket>();
		const time: Time = { later: (ms, run) => void setTimeout(run, ms), now: () => performance.now() };
		const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
			const n = proxy.connections++;
			const faults = proxy.script(n);
			if (faults.refuse) {
				socket.on("error", () => {});
				socket.resetAndDestroy();
				return;
			}
			const broker = net.connect({ port: proxy.target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
			for (const one of [socket, broker]) {
				sockets.add(one);
				one.on("close", () => sockets.delete(one));
			}
			const junction = new Junction(endOf(socket), endOf(broker), faults, n, time, random, tap);
			const lead = (from: net.Socket, other: net.Socket, lane: Lane) => {
				from.on("data", (bytes) => junction.feed(lane, bytes));
				from.on("end", () => lane.end());
				from.on("error", () => {
					lane.close();
					if (!other.destroyed) other.resetAndDestroy();
				});
			};
			lead(socket, broker, junction.up);
			lead(broker, socket, junction.down);
			broker.on("connect", () => junction.begin());
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const proxy = new FaultProxy(server, sockets, target, script);
		return proxy;
	}

	/** Connections that are open now, counted once each. */
	get open(): number {
		return this.#sockets.size / 2;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}
}

function endOf(socket: net.Socket): End {
	return {
		write: (bytes) => {
			if (!socket.destroyed && !socket.writableEnded) socket.write(bytes);
		},
		end: () => {
			if (!socket.destroyed) socket.end();
		},
		close: (reset) => {
			if (socket.destroyed) return;
			if (reset) socket.resetAndDestroy();
			else {
				socket.end();
				socket.resume();
				socket.once("finish", () => socket.destroy());
			}
		},
	};
}

/**
 * The same proxy in virtual time: connections to a port of `outer` lead to that port of `inner`. There are no half-open
 * connections there: an end in one direction ends that side.
 */
export class VirtualProxy {
	connections = 0;
	script: FaultScript;

	constructor(
		outer: VirtualNetwork,
		inner: VirtualNetwork,
		port: number,
		script: FaultScript = () => ({}),
		tap: Tap = {},
		seed = 1,
	) {
		this.script = script;
		const random = new Seeded(seed);
		const { scheduler } = outer;
		const time: Time = { later: (ms, run) => void scheduler.after(ms, run), now: () => scheduler.now };
		outer.listen(port, (there) => {
			const n = this.connections++;
			const faults = this.script(n);
			if (faults.refuse) {
				scheduler.after(0, () => there.reset());
				return { writable() {}, readable() {}, ended() {} };
			}
			const node = new Buffered(
				(bytes) => there.write(bytes),
				(reset) => (reset ? there.reset() : there.close()),
			);
			const broker = new Buffered(
				(bytes) => socket.write(bytes),
				() => socket.close(),
			);
			const junction = new Junction(node, broker, faults, n, time, random, tap);
			const listener = (
				read: (count: number) => Uint8Array,
				here: Buffered,
				other: Buffered,
				lane: Lane,
			): SocketListener => ({
				writable: () => here.flush(),
				readable: (count) => junction.feed(lane, read(count)),
				ended: (reset) => {
					here.gone();
					if (reset) {
						lane.close();
						other.close(true);
					} else lane.end();
				},
			});
			const socket = inner.connect("127.0.0.1", port, {
				...listener((count) => socket.read(count), broker, node, junction.down),
				writable: () => {
					broker.flush();
					if (!begun) junction.begin();
					begun = true;
				},
			});
			let begun = false;
			return listener((count) => there.read(count), node, broker, junction.up);
		});
	}
}

/** An end that keeps what its socket does not take yet. */
class Buffered implements End {
	readonly #write: (bytes: Uint8Array) => number;
	readonly #close: (reset: boolean) => void;
	#pending: Uint8Array[] = [];
	#isEnding = false;
	#isClosed = false;

	constructor(write: (bytes: Uint8Array) => number, close: (reset: boolean) => void) {
		this.#write = write;
		this.#close = close;
	}
	write(bytes: Uint8Array): void {
		if (this.#isClosed || this.#isEnding) return;
		this.#pending.push(bytes);
		this.flush();
	}
	flush(): void {
		while (this.#pending.length && !this.#isClosed) {
			const first = this.#pending[0]!;
			const taken = this.#write(first);
			if (taken < first.length) {
				this.#pending[0] = first.subarray(taken);
				return;
			}
			this.#pending.shift();
		}
		if (this.#isEnding) this.close(false);
	}
	end(): void {
		this.#isEnding = true;
		this.flush();
	}
	close(reset: boolean): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#close(reset);
	}
	/** The socket ended by itself. */
	gone(): void {
		this.#isClosed = true;
	}
}
