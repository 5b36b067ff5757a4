import type { Seeded } from "../../sim/seeded.js";

/** What goes wrong in one direction of a connection. Offsets count what came into the lane; absent: nothing of the kind. */
export interface LaneFaults {
	/** The connection ends for both once so many bytes were passed on; 0: before the first. */
	readonly cutAt?: number;
	/** The connection ends for both behind so many whole packets. */
	readonly cutBehind?: number;
	/** Bytes from here on are taken and never passed on: TCP acknowledged them, the peer never sees them. */
	readonly swallowAt?: number;
	/** Bytes from here on wait for so long; without `stallMs` for ever. */
	readonly stallAt?: number;
	readonly stallMs?: number;
	/** Only this direction ends, once so many bytes were passed on. */
	readonly endAt?: number;
	/** Each piece takes so long, and up to so much longer by chance. Pieces stay in order. */
	readonly delayMs?: number;
	readonly jitterMs?: number;
	/** Largest piece that is passed on at once; 1: byte by byte. */
	readonly pieces?: number;
	/** What comes within so long is passed on as one. */
	readonly gatherMs?: number;
}

/** What goes wrong in one connection. */
export interface ConnectionFaults {
	/** Ended as soon as it is made. */
	readonly refuse?: boolean;
	/** How a cut looks to both: a reset, or an orderly end. Default "reset". */
	readonly how?: "reset" | "order";
	/** Node to broker. */
	readonly up?: LaneFaults;
	/** Broker to node. */
	readonly down?: LaneFaults;
}

/** Says what goes wrong in the n-th connection, from 0. */
export type FaultScript = (connection: number) => ConnectionFaults;

/** Where a lane leads. */
export interface LaneEnd {
	pass(bytes: Uint8Array): void;
	/** The connection is to be cut. */
	cut(): void;
	/** No more comes in this direction. */
	end(): void;
}

/** Runs something later, in real time or virtual. */
export type Later = (ms: number, run: () => void) => void;

/** One direction of a connection that misbehaves as told, deterministic as its `later` is. */
export class Lane {
	/** Bytes and whole packets that came in, and bytes that were passed on. */
	came = 0;
	packets = 0;
	passed = 0;
	readonly #faults: LaneFaults;
	readonly #to: LaneEnd;
	readonly #later: Later;
	readonly #now: () => number;
	readonly #random: Seeded;
	/** What waits for its time, in order. */
	readonly #queue: (() => void)[] = [];
	readonly #meter = new PacketMeter();
	#freeAt = 0;
	#gathering: Uint8Array[] | undefined;
	#hasBegun = false;
	#isOver = false;

	constructor(faults: LaneFaults, to: LaneEnd, time: { later: Later; now(): number }, random: Seeded) {
		this.#faults = faults;
		this.#to = to;
		this.#later = time.later;
		this.#now = time.now;
		this.#random = random;
	}

	/** The connection is made: what is to happen before the first byte happens. Idempotent. */
	begin(): void {
		if (!this.#hasBegun) this.#marks();
		this.#hasBegun = true;
	}

	feed(bytes: Uint8Array): void {
		const { cutAt, cutBehind, swallowAt, endAt, stallAt, pieces = bytes.length } = this.#faults;
		let piece: number[] = [];
		this.begin(); // bytes may be here before the other side is
		const flush = () => {
			if (piece.length) this.#pass(Uint8Array.from(piece));
			piece = [];
		};
		for (const byte of bytes) {
			if (this.#isOver) return;
			const at = this.came++;
			if (at === stallAt) {
				flush();
				this.#freeAt = Math.max(this.#freeAt, this.#now()) + (this.#faults.stallMs ?? Number.POSITIVE_INFINITY);
			}
			if (swallowAt === undefined || at < swallowAt) piece.push(byte);
			if (this.#meter.take(byte)) this.packets++;
			if (this.came === cutAt || this.came === endAt || (cutBehind === this.packets && this.#meter.isBetween)) {
				flush();
				this.#marks();
			}
			if (piece.length >= pieces) flush();
		}
		if (!this.#isOver) flush();
	}

	/** The sender ended its direction. */
	end(): void {
		if (!this.#isOver) this.#at(() => this.#to.end());
		this.#isOver = true;
	}

	/** Nothing happens from here on. */
	close(): void {
		this.#isOver = true;
		this.#queue.length = 0;
	}

	/** Cuts and ends that are due at this byte. */
	#marks() {
		const { cutAt, cutBehind, endAt } = this.#faults;
		if (this.came === cutAt || this.packets === cutBehind) this.#at(() => this.#to.cut());
		else if (this.came === endAt) this.#at(() => this.#to.end());
		else return;
		this.#isOver = true;
	}

	#pass(bytes: Uint8Array) {
		const { gatherMs } = this.#faults;
		const pass = (all: Uint8Array) => {
			this.passed += all.length;
			this.#to.pass(all);
		};
		if (gatherMs === undefined) return this.#at(() => pass(bytes));
		if (this.#gathering) {
			this.#gathering.push(bytes);
			return;
		}
		const gathered = [bytes];
		this.#gathering = gathered;
		this.#freeAt = Math.max(this.#freeAt, this.#now()) + gatherMs;
		this.#at(() => {
			if (this.#gathering === gathered) this.#gathering = undefined;
			pass(Buffer.concat(gathered));
		});
	}

	/** Runs `what` when its time comes, behind all that waits. */
	#at(what: () => void) {
		const { delayMs = 0, jitterMs = 0 } = this.#faults;
		const now = this.#now();
		this.#freeAt = Math.max(this.#freeAt, now + delayMs + (jitterMs ? this.#random.real() * jitterMs : 0));
		if (this.#freeAt === Number.POSITIVE_INFINITY) return;
		if (this.#freeAt <= now && !this.#queue.length) return what();
		this.#queue.push(what);
		this.#later(this.#freeAt - now, () => this.#queue.shift()?.());
	}
}

/** Where the packets of a stream end. Source: MQTT 5.0 §2.1. */
export class PacketMeter {
	/** −1: the first byte is next; 0 … 3: a byte of the length; 4: the body. */
	#place = -1;
	#left = 0;
	get isBetween(): boolean {
		return this.#place === -1;
	}
	/** @returns whether this byte ends a packet */
	take(byte: number): boolean {
		if (this.#place === -1) {
			this.#place = 0;
			this.#left = 0;
			return false;
		}
		if (this.#place < 4) {
			this.#left += (byte & 0x7f) * 2 ** (7 * this.#place);
			this.#place = byte & 0x80 ? this.#place + 1 : 4;
			if (this.#place < 4 || this.#left > 0) return false;
		} else if (--this.#left > 0) return false;
		this.#place = -1;
		return true;
	}
}

/** Any faults at all, of sizes that suit an exchange of a few hundred bytes; a third of the connections is sound. */
export function randomFaults(random: Seeded, longestMs: number): ConnectionFaults {
	if (random.real() < 0.33) return {};
	if (random.real() < 0.05) return { refuse: true };
	const upMost = 400;
	const lane = (most: number): LaneFaults => {
		const kind = random.between(0, 11);
		const at = random.between(0, most);
		switch (kind) {
			case 0:
			case 1:
				return { cutAt: at };
			case 2:
				return { cutBehind: random.between(0, 6) };
			case 3:
				return { swallowAt: at };
			case 4:
				return { stallAt: at };
			case 5:
				return { stallAt: at, stallMs: random.real() * longestMs };
			case 6:
				return { endAt: at };
			case 7:
				return { pieces: random.between(1, 5), jitterMs: random.real() * 20 };
			case 8:
				return { gatherMs: random.real() * 50 };
			case 9:
				return { delayMs: random.real() * longestMs * 0.3, jitterMs: 30 };
			default:
				return {};
		}
	};
	return { how: random.real() < 0.5 ? "reset" : "order", up: lane(upMost), down: lane(80) };
}
