import type { Instant, Scheduler } from "../scheduler.js";
import { Seeded } from "../seeded.js";
import type { DatagramServer } from "./network.js";

/** Seconds from 1900 to 1970: 25,567 days. */
const TO_1970 = 25_567 * 86_400;

/** What a time server may do wrong. */
export interface NtpFaults {
	/** Does not answer. */
	absent?: boolean;
	/** How much later the time is that it tells, in milliseconds; negative for earlier. */
	offsetMs?: number;
	/** Answers leave up to so much later, at random, as if the way back were slow. */
	jitterMs?: number;
	/** Four letters: a kiss-o'-death, such as RATE or DENY. */
	kiss?: string;
	/** 16 is not synchronised. */
	stratum?: number;
	/** Changes an answer's bytes at will. */
	spoil?(answer: Uint8Array): void;
	/** Answers come from another address. */
	address?: string;
}

/**
 * A time server inside the simulation, NTP version 4, stratum 2. Written from RFC 5905 by hand, apart from the firmware's
 * client.
 */
export class NtpServer {
	readonly faults: NtpFaults = {};
	/** Requests that came. */
	requests = 0;
	readonly #scheduler: Scheduler;
	readonly #startMs: number;
	readonly #seeded: Seeded;
	/** Changes {@link faults} for a moment. */
	readonly #script: (at: Instant) => NtpFaults;

	/** @param startMs wall time of the scheduler's 0, in milliseconds since 1970 */
	constructor(scheduler: Scheduler, startMs: number, seed = 1, script: (at: Instant) => NtpFaults = () => ({})) {
		this.#scheduler = scheduler;
		this.#startMs = startMs;
		this.#seeded = new Seeded(seed ^ 0x0123);
		this.#script = script;
	}
	readonly answer: DatagramServer = (bytes, reply) => {
		this.requests++;
		const faults = { ...this.faults, ...this.#script(this.#scheduler.now) };
		if (faults.absent || bytes.length < 48 || (bytes[0]! & 7) !== 3) return;
		const answer = new Uint8Array(48);
		const view = new DataView(answer.buffer);
		const nowMs = this.#startMs + this.#scheduler.now + (faults.offsetMs ?? 0);
		answer[0] = (bytes[0]! & 0x38) | 4;
		answer[1] = faults.stratum ?? 2;
		answer[2] = 6;
		answer[3] = 0xec; // 2^-20 s
		view.setUint32(4, Math.round(0.01 * 65_536));
		view.setUint32(8, Math.round(0.005 * 65_536));
		view.setUint32(12, 0x7f00_0001);
		timestamp(view, 16, nowMs - 30_000);
		answer.set(bytes.subarray(40, 48), 24);
		timestamp(view, 32, nowMs);
		timestamp(view, 40, nowMs);
		if (faults.kiss !== undefined) {
			answer[0] = 0xe4;
			answer[1] = 0;
			answer.fill(0, 32);
			for (let n = 0; n < 4; n++) answer[12 + n] = faults.kiss.charCodeAt(n);
		}
		faults.spoil?.(answer);
		const afterMs = faults.jitterMs ? this.#seeded.real() * faults.jitterMs : 0;
		reply(answer, { afterMs, ...(faults.address === undefined ? {} : { address: faults.address }) });
	};
}

function timestamp(view: DataView, at: number, wallMs: number): void {
	const seconds = Math.floor(wallMs / 1000);
	view.setUint32(at, seconds + TO_1970); // modulo 2^32: the era
	view.setUint32(at + 4, Math.floor(((wallMs - 1000 * seconds) / 1000) * 2 ** 32));
}
