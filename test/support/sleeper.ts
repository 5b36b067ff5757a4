import type { ErrorCode } from "../../modules/core/errors.js";
import type { Timers } from "../../modules/core/ports.js";
import type { Tcp, TcpOptions } from "../../net/mqtt/client.js";
import { declareMqtt, type MqttOptions } from "../../net/mqtt/declaration.js";
import {
	type DeliveredBy,
	type Filled,
	type FrameSource,
	UPLINK_RETAINED,
	type Uplink,
	type UplinkDeclaration,
	type UplinkListener,
} from "../../net/uplink.js";
import type { Network } from "../../sim/net/network.js";
import { Seeded } from "../../sim/seeded.js";
import { Served } from "./served.js";
import { tcpOver } from "./tcp-over.js";

/** Bytes of a record in a frame: its number, and what follows from it, so that a mangled one is recognised. */
const RECORD = 8;
const HEAD = 4;

/** What ends a wake. */
export type Outcome = "idle" | `failed ${ErrorCode}` | "deferred" | "cut";

/** What of the node can be chosen. */
export interface SleeperOptions {
	readonly network: Network;
	readonly timers: Timers;
	/** Milliseconds, for the clock that the uplink sees and the frames' stamps. */
	now(): number;
	readonly mqtt?: MqttOptions;
	readonly settings?: Readonly<Record<string, string>>;
	readonly nodeId?: string;
	readonly seed?: number;
	readonly deadlineMs?: number;
	/** Records a frame holds at most. */
	readonly most?: number;
	/** What becomes of a message for the node, as the listener's `downlink` says; by default it is taken. */
	onDownlink?(text: string, repeated: boolean): boolean | undefined;
	/** Records up to this number are acknowledged. */
	onDelivered?(upTo: number): void;
	onOutcome?(outcome: Outcome): void;
}

/**
 * A node that is nothing but an uplink that sleeps: numbered records in a queue, one exchange a wake, and between wakes
 * nothing but the bytes that the uplink retained. Holds the uplink to its contract; `violations` names each breach.
 */
export class Sleeper implements FrameSource, UplinkListener {
	readonly violations: string[] = [];
	readonly outcomes = new Map<Outcome, number>();
	/** Messages for the node, in the order they were taken. */
	readonly taken: string[] = [];
	/** Number of the last record that was made, and of the last that is acknowledged. */
	made = 0;
	acknowledged = 0;
	wakes = 0;
	/** Whether records from this number on can be made again as they were; undefined: all can. */
	canRepeat: ((first: number) => boolean) | undefined;
	readonly wantsTime = false;
	readonly #options: SleeperOptions;
	readonly #declaration: UplinkDeclaration;
	/** What the wake at hand has open: sockets, timers, look-ups. */
	#open = new Set<{ readonly what: string }>();
	/** Whether what belongs to a wake still hears and is heard. */
	#life = { isGone: false };
	readonly #random: Seeded;
	readonly #filled: Filled = { length: 0, upTo: 0, count: 0, seconds: 0, wall: 0 };
	#retained: { readonly bytes: Uint8Array; readonly version: number } | undefined;
	#uplink: Uplink | undefined;
	#next = 1;
	#wake = 0;
	/** Whether the last wake came to its end. */
	#resumed = false;

	constructor(options: SleeperOptions) {
		this.#options = options;
		this.#random = new Seeded(options.seed ?? 1);
		const { network } = options;
		const sleeper = this;
		const Base = tcpOver(network);
		/** A socket whose node can vanish: without an end, and deaf from then on. */
		class TCP implements Tcp {
			readonly #alive = sleeper.#life;
			readonly #tcp: Tcp;
			readonly #close: () => void;
			constructor(socket: TcpOptions) {
				const life = this.#alive;
				const alive = (run: () => void) => {
					if (!life.isGone) run();
				};
				this.#tcp = new Base({
					...socket,
					onReadable: (bytes) => alive(() => socket.onReadable(bytes)),
					onWritable: (bytes) => alive(() => socket.onWritable(bytes)),
					onError: () => alive(() => socket.onError()),
				});
				this.#close = sleeper.#opened(`socket to ${socket.address}:${socket.port}`);
			}
			read(buffer: Uint8Array): number | undefined {
				return this.#tcp.read(buffer);
			}
			write(buffer: Uint8Array): number | undefined {
				return this.#tcp.write(buffer);
			}
			close(): void {
				this.#close();
				if (!this.#alive.isGone) this.#tcp.close();
			}
		}
		this.#declaration = declareMqtt({ batch: 1, mtu: 256, ...options.mqtt }, TCP, (name, done) => {
			const life = this.#life;
			const close = this.#opened(`look-up of ${name}`);
			const cancel = network.resolve(name, (address) => {
				close();
				if (!life.isGone) done(address);
			});
			return () => {
				close();
				cancel();
			};
		});
	}

	get isAwake(): boolean {
		return this.#uplink !== undefined;
	}
	get queued(): number {
		return this.made - this.acknowledged;
	}
	/** What is retained, in bytes. */
	get retained(): Uint8Array | undefined {
		return this.#retained?.bytes;
	}
	/** Topic of the frames. */
	get topic(): string {
		return this.#declaration.topic!.replaceAll("{nodeId}", this.nodeId);
	}

	/** Wakes, makes records and begins an exchange; `onOutcome` tells how it ended. */
	wake(records: number): void {
		const { timers, settings = {}, now, deadlineMs = 20_000 } = this.#options;
		if (this.#uplink) throw new Error("it is awake");
		this.wakes++;
		this.#wake++;
		this.made += records;
		this.rewind();
		this.#life = { isGone: false };
		this.#open = new Set();
		const life = this.#life;
		const uplink = this.#declaration.create(
			{
				clock: { nowMs: now },
				timers: {
					set: (callback, ms) => {
						const close = this.#opened(`timer of ${ms} ms`);
						const timer = timers.set(() => {
							close();
							if (!life.isGone) callback();
						}, ms);
						return {
							close() {
								close();
								timer.close();
							},
						};
					},
				},
				entropy: {
					fill: (into) => {
						for (let at = 0; at < into.length; at++) into[at] = this.#random.u32();
					},
				},
				nodeId: this.nodeId,
				setting: (name) => settings[name],
			},
			new Served({ longestQuietMs: 86_400_000, resumed: this.#resumed }),
		);
		this.#uplink = uplink;
		const kept = this.#retained;
		if (kept) uplink.restore(new DataView(kept.bytes.buffer.slice(0)), kept.version);
		uplink.start(this, deadlineMs, this.#guarded(this.#wake));
	}

	/** The power goes in the middle of a wake: nobody says good-bye, and what was not retained before is forgotten. */
	cut(): void {
		if (!this.#uplink) return;
		this.#life.isGone = true;
		this.#over("cut");
	}
	/** Forgets all that was retained, as after a power loss. The queue is in flash. */
	forget(): void {
		this.#retained = undefined;
		this.#resumed = false;
	}
	/** What is retained becomes noise. */
	corrupt(): void {
		if (!this.#retained) return;
		for (let at = 0; at < this.#retained.bytes.length; at++) this.#retained.bytes[at] = this.#random.u32();
	}

	fill(view: Uint8Array, room: number): Filled {
		const { most = 4 } = this.#options;
		if (room > view.length) this.violations.push(`a room of ${room} in a view of ${view.length}`);
		const count = Math.min(most, Math.floor((room - HEAD) / RECORD), this.made - this.#next + 1);
		const filled = this.#filled;
		filled.length = 0;
		if (count > 0) {
			filled.seconds = Math.floor(this.#options.now() / 1000);
			filled.count = count;
			filled.length = writeFrame(view, this.#next, count, filled.seconds);
			this.#next += count;
			filled.upTo = this.#next - 1;
		}
		return filled;
	}
	again(view: Uint8Array, room: number, { upTo, count, seconds }: Filled): number {
		const first = upTo - count + 1;
		if (first !== this.#next) this.violations.push(`asked for ${first} again, ${this.#next} is next`);
		if (upTo > this.made) this.violations.push(`asked for ${upTo} again, which never was`);
		if (this.canRepeat && !this.canRepeat(first)) return 0;
		if (HEAD + count * RECORD > room) return 0;
		this.#next = upTo + 1;
		return writeFrame(view, first, count, seconds);
	}
	rewind(): void {
		this.#next = this.acknowledged + 1;
	}
	delivered(upTo: number, by: DeliveredBy): void {
		if (by !== "peer") this.violations.push("delivered by nobody");
		if (upTo >= this.#next) this.violations.push(`delivered ${upTo}, filled ${this.#next - 1}`);
		if (upTo <= this.acknowledged) this.violations.push(`delivered ${upTo} again`);
		this.acknowledged = Math.max(this.acknowledged, upTo);
		this.#options.onDelivered?.(upTo);
	}
	downlink(bytes: Uint8Array, repeated: boolean): boolean | undefined {
		const text = Buffer.from(bytes).toString();
		const { onDownlink } = this.#options;
		const verdict = onDownlink ? onDownlink(text, repeated) : true;
		if (verdict) this.taken.push(text);
		return verdict;
	}
	deferred(): void {
		this.#over("deferred");
	}
	failed(code: ErrorCode): void {
		this.#over(`failed ${code}`);
	}
	wallTime(): void {}
	idle(): void {
		if (this.queued) this.violations.push(`idle, and ${this.queued} records are not delivered`);
		this.#over("idle");
	}

	/** @returns what to call when it is closed */
	#opened(what: string): () => void {
		const open = this.#open;
		const entry = { what };
		open.add(entry);
		return () => open.delete(entry);
	}
	get nodeId(): string {
		return this.#options.nodeId ?? "sleeper-1";
	}
	/** Events that come after the end of their wake break the contract. */
	#guarded(wake: number): UplinkListener {
		const guard = (name: string, run: () => void) => {
			if (wake === this.#wake && this.#uplink) run();
			else this.violations.push(`${name} after the end of wake ${wake}`);
		};
		return {
			delivered: (upTo, by) => guard("delivered", () => this.delivered(upTo, by)),
			deferred: () => guard("deferred", () => this.deferred()),
			failed: (code) => guard("failed", () => this.failed(code)),
			downlink: (bytes, repeated) => {
				let verdict: boolean | undefined;
				guard("downlink", () => {
					verdict = this.downlink(bytes, repeated);
				});
				return verdict;
			},
			wallTime: () => {},
			idle: () => guard("idle", () => this.idle()),
		};
	}
	#over(outcome: Outcome) {
		const uplink = this.#uplink!;
		this.#uplink = undefined;
		this.#resumed = outcome !== "cut";
		if (outcome !== "cut") {
			uplink.close();
			const bytes = new Uint8Array(UPLINK_RETAINED);
			const length = uplink.retain(new DataView(bytes.buffer));
			if (length > UPLINK_RETAINED) this.violations.push(`retains ${length} bytes`);
			this.#retained = { bytes: bytes.slice(0, length), version: uplink.retainedVersion };
			for (const { what } of this.#open) this.violations.push(`open after ${outcome}: ${what}`);
		}
		this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
		this.#options.onOutcome?.(outcome);
	}
}

/** @returns length */
function writeFrame(into: Uint8Array, first: number, count: number, stamp: number): number {
	const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
	view.setUint32(0, stamp);
	for (let n = 0; n < count; n++) {
		view.setUint32(HEAD + n * RECORD, first + n);
		view.setUint32(HEAD + n * RECORD + 4, Math.imul(first + n, 0x9e37_79b1) >>> 0);
	}
	return HEAD + count * RECORD;
}

/** What a subscriber makes of the frames: each record once, by its number. */
export class Receiver {
	/** Distinct records, and those that came again. */
	records = 0;
	duplicates = 0;
	readonly violations: string[] = [];
	readonly #seen = new Set<number>();
	#last = 0;

	take(payload: Uint8Array): void {
		const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
		if (payload.length < HEAD + RECORD || (payload.length - HEAD) % RECORD)
			this.violations.push(`a frame of ${payload.length} bytes`);
		for (let at = HEAD; at + RECORD <= payload.length; at += RECORD) {
			const number = view.getUint32(at);
			if (view.getUint32(at + 4) !== Math.imul(number, 0x9e37_79b1) >>> 0)
				this.violations.push(`record ${number} is mangled`);
			if (this.#seen.has(number)) this.duplicates++;
			else {
				if (number !== this.#last + 1) this.violations.push(`record ${number} came first behind ${this.#last}`);
				this.#last = Math.max(this.#last, number);
				this.#seen.add(number);
				this.records++;
			}
		}
	}
	/** Numbers up to `last` that never came. */
	missing(last: number): number[] {
		const out: number[] = [];
		for (let number = 1; number <= last; number++) if (!this.#seen.has(number)) out.push(number);
		return out;
	}
}
