import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { Aedes } from "aedes";
import type { MessageListener } from "../../sim/net/broker.js";
import type { VirtualNetwork, VirtualSocket } from "../../sim/net/virtual.js";

/** Turns of the event loop without a sign of life after which the broker is taken to be idle. */
const IDLE_TURNS = 4;

/**
 * aedes, an independent broker for MQTT 3.1.1, on a port of the virtual network. It lives in real time: `settle` gives it
 * the turns that it needs, so that virtual time stands still while it works. Its keep-alive and time-outs are real ones.
 */
export class VirtualAedes {
	readonly broker: Aedes;
	readonly #network: VirtualNetwork;
	readonly #streams = new Set<Duplex>();
	#lives = false;
	#hasWork = false;

	private constructor(broker: Aedes, network: VirtualNetwork) {
		this.broker = broker;
		this.#network = network;
		network.listen(1883, (socket) => this.#accept(socket));
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

	/** Lets the broker do all that it was given. */
	async settle(): Promise<void> {
		if (!this.#hasWork) return;
		this.#hasWork = false;
		for (let idle = 0; idle < IDLE_TURNS; idle++) {
			this.#lives = false;
			await setImmediate();
			if (this.#lives) idle = -1;
		}
	}

	close(): Promise<void> {
		for (const stream of this.#streams) stream.destroy();
		return new Promise((resolve) => this.broker.close(() => resolve()));
	}

	#accept(socket: VirtualSocket) {
		const stirs = () => {
			this.#lives = true;
			this.#hasWork = true;
		};
		const waiting: { readonly bytes: Buffer; readonly done: () => void }[] = [];
		const flush = () => {
			while (waiting.length) {
				const { bytes, done } = waiting[0]!;
				const taken = socket.write(bytes);
				if (taken < bytes.length) {
					waiting[0] = { bytes: bytes.subarray(taken), done };
					return;
				}
				waiting.shift();
				done();
			}
		};
		const stream = new Duplex({
			read() {},
			write(chunk: Buffer, _encoding, done) {
				stirs();
				waiting.push({ bytes: chunk, done });
				flush();
			},
			final(done) {
				stirs();
				socket.close();
				done();
			},
			destroy(error, done) {
				stirs();
				socket.close();
				done(error);
			},
		});
		stream.on("error", () => {});
		this.#streams.add(stream);
		stream.on("close", () => this.#streams.delete(stream));
		this.broker.handle(stream, undefined as never);
		stirs();
		return {
			writable: flush,
			readable: (count: number) => {
				stirs();
				const bytes = socket.read(count);
				if (!stream.destroyed) stream.push(Buffer.from(bytes));
			},
			ended: () => {
				stirs();
				stream.destroy();
			},
		};
	}
}
