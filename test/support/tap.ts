import * as net from "node:net";

/** One connection through a {@link Tap}. */
export interface Tapped {
	/** What the client sent, and what came back. */
	readonly sent: () => Buffer;
	readonly received: () => Buffer;
}

/** What listens in between on loopback: passes each connection on, and keeps what went over it. */
export class Tap {
	/** In the order in which they came. */
	readonly connections: Tapped[] = [];
	/** Takes the next connection instead of passing it on; once. */
	instead: ((socket: net.Socket) => void) | undefined;
	readonly #server: net.Server;
	readonly #sockets = new Set<net.Socket>();

	private constructor(to: number) {
		this.#server = net.createServer((socket) => this.#serve(socket, to));
	}
	/** @param port 0 for any that is free; @param to where connections go; both on loopback */
	static async listen(port: number, to: number): Promise<Tap> {
		const self = new Tap(to);
		await new Promise<void>((resolve) => self.#server.listen(port, "127.0.0.1", resolve));
		return self;
	}
	get port(): number {
		return (this.#server.address() as net.AddressInfo).port;
	}
	get last(): Tapped {
		return this.connections.at(-1)!;
	}
	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#serve(socket: net.Socket, to: number) {
		const sent: Buffer[] = [];
		const received: Buffer[] = [];
		this.connections.push({ sent: () => Buffer.concat(sent), received: () => Buffer.concat(received) });
		this.#keep(socket);
		socket.on("data", (bytes) => sent.push(bytes));
		const { instead } = this;
		this.instead = undefined;
		if (instead) return instead(socket);
		const other = this.#keep(net.connect(to, "127.0.0.1"));
		other.on("data", (bytes) => received.push(bytes));
		socket.pipe(other).pipe(socket);
		socket.on("close", () => other.destroy());
		other.on("close", () => socket.end());
	}
	#keep(socket: net.Socket): net.Socket {
		this.#sockets.add(socket);
		socket.on("error", () => {});
		socket.on("close", () => this.#sockets.delete(socket));
		return socket;
	}
}
