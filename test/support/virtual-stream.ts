import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { SimSocket, SocketListener } from "../../sim/net/network.js";
import type { Scheduler } from "../../sim/scheduler.js";

/** Turns of the event loop without a sign of life after which what lives in real time is taken to be idle. */
const IDLE_TURNS = 4;

/** Libraries of Node on the virtual network: they live in real time, and virtual time stands still while they work. */
export class Turns {
	readonly #streams = new Set<Duplex>();
	#lives = false;
	#hasWork = false;

	/** There is something to do. */
	stirs(): void {
		this.#lives = true;
		this.#hasWork = true;
	}

	/** Lets them do all that they were given. */
	async settle(): Promise<void> {
		if (!this.#hasWork) return;
		this.#hasWork = false;
		for (let idle = 0; idle < IDLE_TURNS; idle++) {
			this.#lives = false;
			await setImmediate();
			if (this.#lives) idle = -1;
		}
		this.#hasWork = false;
	}

	/** Advances virtual time, event by event, while `goes` says so. @returns false when nothing is left to happen */
	async run(scheduler: Scheduler, goes: () => boolean, until = Number.POSITIVE_INFINITY): Promise<boolean> {
		await this.settle();
		while (goes()) {
			if (!scheduler.advance(until)) return false;
			await this.settle();
		}
		return true;
	}

	/** A stream over one end of a virtual connection. @param open gets the socket's listener, and makes or has the socket */
	stream(open: (listener: SocketListener) => SimSocket): Duplex {
		const waiting: { readonly bytes: Buffer; readonly done: () => void }[] = [];
		const flush = () => {
			for (let first = waiting[0]; first; first = waiting[0]) {
				const { bytes, done } = first;
				const taken = socket.write(bytes);
				if (taken < bytes.length) {
					waiting[0] = { bytes: bytes.subarray(taken), done };
					return;
				}
				waiting.shift();
				this.stirs();
				done();
			}
		};
		const stream = new Duplex({
			read() {},
			write: (chunk: Buffer, _encoding, done) => {
				this.stirs();
				waiting.push({ bytes: chunk, done });
				flush();
			},
			writev: (chunks, done) => {
				this.stirs();
				waiting.push({ bytes: Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done });
				flush();
			},
			final: (done) => {
				this.stirs();
				socket.close();
				done();
			},
			destroy: (error, done) => {
				this.stirs();
				socket.close();
				done(error);
			},
		});
		stream.on("error", () => {});
		this.#streams.add(stream);
		stream.on("close", () => this.#streams.delete(stream));
		const socket = open({
			writable: flush,
			readable: (count) => {
				this.stirs();
				const bytes = socket.read(count);
				if (!stream.destroyed) stream.push(Buffer.from(bytes));
			},
			ended: () => {
				this.stirs();
				stream.destroy();
			},
		});
		this.stirs();
		return stream;
	}

	/** Ends all streams. */
	close(): void {
		for (const stream of this.#streams) stream.destroy();
	}
}
