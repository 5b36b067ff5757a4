import { Aedes } from "aedes";
import type { MessageListener } from "../../sim/net/broker.js";
import type { SocketListener } from "../../sim/net/network.js";
import type { VirtualNetwork } from "../../sim/net/virtual.js";
import { Turns } from "./virtual-stream.js";

/**
 * aedes, an independent broker for MQTT 3.1.1, on a port of the virtual network. It lives in real time: `turns` gives it
 * what it needs of that. Its keep-alive and time-outs are real ones.
 */
export class VirtualAedes {
	readonly broker: Aedes;
	readonly turns = new Turns();
	readonly #network: VirtualNetwork;

	private constructor(broker: Aedes, network: VirtualNetwork) {
		this.broker = broker;
		this.#network = network;
		network.listen(1883, (socket) => {
			let listener: SocketListener | undefined;
			const stream = this.turns.stream((own) => {
				listener = own;
				return socket;
			});
			this.broker.handle(stream, undefined as never);
			return listener!;
		});
	}

	static async serve(network: VirtualNetwork): Promise<VirtualAedes> {
		return new VirtualAedes(await Aedes.createBroker(), network);
	}

	/** Subscribes from inside the process, without a connection. */
	subscribe(topic: string, listener: MessageListener): Promise<void> {
		return new Promise((resolve) =>
			this.broker.subscribe(
				topic,
				(packet, done) => {
					listener(packet.topic, new Uint8Array(Buffer.from(packet.payload)), this.#network.scheduler.now);
					done();
				},
				resolve,
			),
		);
	}

	publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<void> {
		return new Promise((resolve, reject) =>
			this.broker.publish(
				{ cmd: "publish", topic, payload: Buffer.from(payload), qos, retain: false, dup: false },
				(error) => (error ? reject(error) : resolve()),
			),
		);
	}

	close(): Promise<void> {
		this.turns.close();
		return new Promise((resolve) => this.broker.close(() => resolve()));
	}
}
