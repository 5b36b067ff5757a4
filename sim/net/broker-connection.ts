import { generate, type IConnectPacket, type Packet, type Parser, parser } from "mqtt-packet";
import type { Cancel, Scheduler } from "../scheduler.js";
import type { SocketListener } from "./network.js";
import type { ServerSocket } from "./virtual.js";

/** What a connection tells the broker. */
export interface BrokerConnectionListener {
	packet(packet: Packet): void;
	/** What came is no MQTT. */
	broken(): void;
	/** The client was silent for one and a half keep-alive times. */
	timedOut(): void;
	/** The transport ended. */
	ended(): void;
}

/** One client's connection to the simulated broker: packets in and out, back-pressure, keep-alive. */
export class BrokerConnection {
	/** As CONNECT said; 4 before. */
	version: 5 | 4 = 4;
	/** Client identifier, once accepted. */
	session: string | undefined;
	will: IConnectPacket["will"];
	/** Topics by the aliases that the client gave them (5.0 §3.3.2.3.4). */
	readonly aliases = new Map<number, string>();
	readonly #socket: ServerSocket;
	readonly #scheduler: Scheduler;
	readonly #on: BrokerConnectionListener;
	readonly #settings: { protocolVersion?: number } = {};
	readonly #parser: Parser;
	#pending: Uint8Array[] = [];
	#keepAliveMs = 0;
	#silence: Cancel | undefined;
	#closing = false;
	#closed = false;

	constructor(socket: ServerSocket, scheduler: Scheduler, on: BrokerConnectionListener) {
		this.#socket = socket;
		this.#scheduler = scheduler;
		this.#on = on;
		this.#parser = parser(this.#settings);
		this.#parser.on("packet", (packet) => {
			if (this.#closing || this.#closed) return;
			// the parser looks at its settings for each packet, and packets may follow CONNECT in the same segment
			if (packet.cmd === "connect" && this.session === undefined) {
				this.#settings.protocolVersion = packet.protocolVersion ?? 4;
				this.version = packet.protocolVersion === 5 ? 5 : 4;
			}
			this.#heard();
			on.packet(packet);
		});
		this.#parser.on("error", () => {
			if (!this.#closing && !this.#closed) on.broken();
		});
	}

	/** For the network. */
	get listener(): SocketListener {
		return {
			writable: () => this.#flush(),
			readable: (count) => {
				const bytes = this.#socket.read(count);
				if (!this.#closing) this.#parser.parse(Buffer.from(bytes));
			},
			ended: () => {
				if (this.#closed) return;
				this.#end();
				this.#socket.close();
				this.#on.ended();
			},
		};
	}

	/** Takes what CONNECT said about this connection. */
	accept(packet: IConnectPacket): void {
		this.will = packet.will;
		this.#keepAliveMs = (packet.keepalive ?? 0) * 1500; // 5.0 §3.1.2.10: one and a half times
		this.#heard();
	}

	send(packet: Packet): void {
		if (this.#closing || this.#closed) return;
		this.#pending.push(generate(packet, { protocolVersion: this.version }));
		this.#flush();
	}

	/** Sends what is left, then closes. */
	close(): void {
		this.#closing = true;
		this.#flush();
	}

	/** Closes at once, without order. */
	reset(): void {
		this.#end();
		this.#socket.reset();
	}

	#flush() {
		while (this.#pending.length) {
			const first = this.#pending[0]!;
			const taken = this.#socket.write(first);
			if (taken === first.length) this.#pending.shift();
			else this.#pending[0] = first.subarray(taken);
			if (taken < first.length) return;
		}
		if (!this.#closing || this.#closed) return;
		this.#end();
		this.#socket.close();
	}

	#heard() {
		this.#silence?.();
		this.#silence = this.#keepAliveMs ? this.#scheduler.after(this.#keepAliveMs, () => this.#on.timedOut()) : undefined;
	}

	#end() {
		this.#closed = true;
		this.#pending = [];
		this.#silence?.();
		this.#silence = undefined;
	}
}
