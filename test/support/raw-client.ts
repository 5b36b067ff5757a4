import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import type { Network, SimSocket } from "../../sim/net/network.js";

/** A client that sends what it is told, packet by packet, over a simulated network: another node, or an impostor. */
export class RawClient {
	readonly received: Packet[] = [];
	isOpen = true;
	/** Bytes in both directions. */
	bytesOut = 0;
	bytesIn = 0;
	/** Runs when a packet came. */
	onPacket: ((packet: Packet) => void) | undefined;
	readonly #socket: SimSocket;
	readonly #version: 5 | 4;

	constructor(network: Network, version: 5 | 4, port = 1883, onConnected?: () => void) {
		this.#version = version;
		const reader = parser({ protocolVersion: version });
		reader.on("packet", (packet) => {
			this.received.push(packet);
			this.onPacket?.(packet);
		});
		let isConnected = false;
		this.#socket = network.connect("127.0.0.1", port, {
			writable: () => {
				if (!isConnected) onConnected?.();
				isConnected = true;
			},
			readable: (count) => {
				this.bytesIn += count;
				reader.parse(Buffer.from(this.#socket.read(count)));
			},
			ended: () => {
				this.isOpen = false;
			},
		});
	}

	send(packet: Packet): void {
		if (!this.isOpen) return;
		const bytes = generate(packet, { protocolVersion: this.#version });
		this.bytesOut += bytes.length;
		this.#socket.write(bytes);
	}
	/** CONNECT with a clean session, or as `more` says. */
	connect(clientId: string, more: Partial<IConnectPacket> = {}): void {
		this.send({
			cmd: "connect",
			protocolId: "MQTT",
			protocolVersion: this.#version,
			clean: true,
			clientId,
			keepalive: 0,
			...more,
		});
	}
	close(): void {
		this.isOpen = false;
		this.#socket.close();
	}
}
