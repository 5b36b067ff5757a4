import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Scheduler } from "../scheduler.js";
import type { Gateway, Received } from "./gateway.js";
import { parseFromServer, type RequestedTx, rxpk, stat, Type, toServer, txAck } from "./semtech-udp.js";

/** Of real time: how often the way back is kept open, and the gateway tells of itself. Source: packet_forwarder's defaults, and a quarter of its 10 s for the first. */
const KEEP_ALIVE_MS = 2500;
const STAT_MS = 30_000;
/** Datagrams that wait until the server's name is known. */
const WAITING_MOST = 64;
/** Acknowledgements that are waited for. */
const TOKENS_MOST = 256;
/** What the gateway sends with where the server does not say, and its amplifier's most. */
const USUAL_DBM = 14;
const MOST_DBM = 27;

export interface ForwarderOptions {
	readonly scheduler: Scheduler;
	readonly gateway: Gateway;
	readonly host: string;
	readonly port: number;
	/** GPS time of virtual 0, in milliseconds. */
	readonly gpsMsAtZero: number;
}

/** What went over UDP. */
export interface ForwarderCounts {
	/** Frames, and acknowledgements of these and of `stat`. */
	pushed: number;
	pushAcks: number;
	pulled: number;
	pullAcks: number;
	/** Frames that the server wanted to be sent, and those of them that were refused. */
	responses: number;
	refused: number;
	/** Datagrams that are none of the protocol's, or ask for what no gateway can do. */
	malformed: number;
	/** Datagrams that the system did not take, as where nobody listens. */
	errors: number;
}

/** A gateway's packet forwarder: what it receives goes to a real network server over UDP, what that wants is sent. */
export class Forwarder {
	readonly counts: ForwarderCounts = {
		pushed: 0,
		pushAcks: 0,
		pulled: 0,
		pullAcks: 0,
		responses: 0,
		refused: 0,
		malformed: 0,
		errors: 0,
	};
	/** Virtual time until which frames are to be sent. */
	busyUntilMs = Number.NEGATIVE_INFINITY;
	readonly #options: ForwarderOptions;
	readonly #socket: Socket;
	readonly #timers: NodeJS.Timeout[];
	readonly #tokens = new Set<number>();
	#waiting: Uint8Array[] | undefined = [];
	#token = 0;
	/** Datagrams of PUSH_DATA: frames and what the gateway tells of itself. */
	#pushes = 0;
	#closed = false;

	constructor(options: ForwarderOptions) {
		this.#options = options;
		const { host, port, gateway } = options;
		gateway.onReceived = (received) => this.#received(received);
		this.#socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
		this.#socket.on("message", (bytes) => this.#message(bytes));
		this.#socket.on("error", () => this.counts.errors++);
		// Connected: the system drops what others send.
		this.#socket.connect(port, host, (error?: Error) => {
			if (error || this.#closed) return;
			const waiting = this.#waiting ?? [];
			this.#waiting = undefined;
			for (const each of waiting) this.#send(each);
		});
		this.#pull();
		this.#stat();
		this.#timers = [setInterval(() => this.#pull(), KEEP_ALIVE_MS), setInterval(() => this.#stat(), STAT_MS)];
		for (const timer of this.#timers) timer.unref();
	}
	/** Ends it; idempotent. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		for (const timer of this.#timers) clearInterval(timer);
		await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
	}

	get #gpsMs(): number {
		return this.#options.gpsMsAtZero + this.#options.scheduler.now;
	}
	#received(received: Received) {
		if (received.crc === "wrong") return; // as forwarders do, unless told otherwise
		this.counts.pushed++;
		const gpsMs = this.#options.gpsMsAtZero + received.frame.endMs;
		this.#push({ rxpk: [rxpk(received, gpsMs)] });
	}
	#push(json: unknown) {
		const token = this.#nextToken();
		this.#pushes++;
		this.#tokens.add(token);
		if (this.#tokens.size > TOKENS_MOST) this.#tokens.delete(this.#tokens.values().next().value!); // the oldest
		this.#send(toServer(Type.pushData, token, this.#options.gateway.eui, json));
	}
	#pull() {
		this.counts.pulled++;
		this.#send(toServer(Type.pullData, this.#nextToken(), this.#options.gateway.eui));
	}
	#stat() {
		const { counts } = this;
		const { gateway } = this.#options;
		const { received, spoiled, sent } = gateway.counts;
		const all = received + spoiled;
		this.#push({
			stat: stat({
				gpsMs: this.#gpsMs,
				received: all,
				sound: received,
				forwarded: counts.pushed,
				acknowledged: this.#pushes ? (100 * counts.pushAcks) / this.#pushes : 0,
				downlinks: counts.responses,
				sent,
			}),
		});
	}
	#nextToken(): number {
		this.#token = (this.#token + 1) & 0xffff;
		return this.#token;
	}
	#send(bytes: Uint8Array) {
		if (this.#closed) return;
		if (this.#waiting) {
			if (this.#waiting.length < WAITING_MOST) this.#waiting.push(bytes);
			return;
		}
		this.#socket.send(bytes, (error) => {
			if (error) this.counts.errors++;
		});
	}
	#message(bytes: Uint8Array) {
		const { counts } = this;
		const message = parseFromServer(bytes);
		if (!message) counts.malformed++;
		else if (message.type === "pullAck") counts.pullAcks++;
		else if (message.type === "pushAck") {
			if (this.#tokens.delete(message.token)) counts.pushAcks++;
		} else {
			counts.responses++;
			const { error, weaker } = this.#transmit(message.tx);
			if (error !== "NONE") counts.refused++;
			this.#send(toServer(Type.txAck, message.token, this.#options.gateway.eui, txAck(error, weaker)));
		}
	}
	#transmit({ when, powerDbm = USUAL_DBM, ...tx }: RequestedTx) {
		const { gateway, gpsMsAtZero } = this.#options;
		// The server tells what is to leave the antenna; forwarders subtract its gain.
		const wanted = powerDbm - gateway.station.place.gainDbi;
		const time = when === "now" ? {} : "tmst" in when ? { tmst: when.tmst } : { atMs: when.gpsMs - gpsMsAtZero };
		const error = gateway.send({ ...tx, ...time, powerDbm: Math.min(MOST_DBM, wanted) });
		if (error === "NONE") this.busyUntilMs = Math.max(this.busyUntilMs, gateway.busyUntilMs);
		return { error, weaker: wanted > MOST_DBM };
	}
}
