import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { Clock, Timer, Timers } from "../../modules/core/ports.js";
import type { Radio, RadioListener } from "../radio/radio.js";
import type { FrameSource, Uplink, UplinkListener } from "../uplink.js";
import { Effect, Event, Mac, type MacOptions, RETAINED_VERSION } from "./mac.js";
import { GPS_TO_UNIX_MS, type LorawanPackage } from "./package.js";

/** What the network's time may be off: TS001-1.0.4 §5.10. */
const TIME_UNCERTAINTY_MS = 100;

/** What a {@link LorawanClient} is made of. */
export interface LorawanClientOptions extends MacOptions {
	readonly clock: Clock;
	readonly timers: Timers;
	/** Port of frames, 1 … 223. */
	readonly port: number;
	readonly packages: readonly LorawanPackage[];
	/** Whether the node takes messages; else those that come are acknowledged, so that they do not come again, and dropped. */
	readonly downlinks: boolean;
	/** Makes the radio; called at each exchange, closed at its end. */
	radio(): Radio;
	/** Settings that cannot work: each exchange fails with this at once. */
	readonly fault?: ErrorCode | undefined;
}

/**
 * Carries frames over LoRaWAN: the shell around the MAC, without a state of its own but handles. The radio is closed before
 * `idle`, `deferred` or `failed` is told; what comes late is ignored.
 */
export class LorawanClient implements Uplink, RadioListener {
	readonly retainedVersion = RETAINED_VERSION;
	/** For what it heard of the network. */
	readonly mac: Mac;
	private readonly options: LorawanClientOptions;
	private radio: Radio | undefined;
	private timer: Timer | undefined;
	private deadline: Timer | undefined;
	private source: FrameSource | undefined;
	private on: UplinkListener | undefined;
	private upTo = 0;
	/** Whose uplink is at hand, when it is not the source's. */
	private aside: LorawanPackage | undefined;
	private closed = false;

	constructor(options: LorawanClientOptions) {
		this.options = options;
		this.mac = new Mac(options, options.clock.nowMs());
	}
	/** @throws {DormouseError} `closed`; `busy` while an exchange runs */
	start(source: FrameSource, deadlineMs: number, on: UplinkListener): void {
		if (this.closed) throw new DormouseError("closed");
		if (this.on) throw new DormouseError("busy");
		const { clock, timers, fault } = this.options;
		this.source = source;
		this.on = on;
		this.mac.in.untilMs = clock.nowMs() + deadlineMs;
		let { wantsTime } = source;
		for (const each of this.options.packages) if (each.begin(wantsTime)) wantsTime = false;
		this.mac.in.wantsTime = wantsTime;
		this.deadline = timers.set(() => this.failed("timeout"), deadlineMs);
		this.timer = timers.set(() => {
			this.timer = undefined;
			if (fault) return this.failed(fault);
			try {
				this.radio = this.options.radio();
				this.radio.open(this);
			} catch (error) {
				return this.failed(codeOf(error));
			}
			this.drive(Event.begin);
		}, 0);
	}
	close(): void {
		this.closed = true;
		this.release();
	}
	retain(into: DataView): number {
		return this.mac.retain(into, this.options.clock.nowMs());
	}
	restore(from: DataView, version: number): boolean {
		return this.mac.restore(from, version);
	}

	txDone(atMs: number): void {
		this.mac.in.atMs = atMs;
		this.turn(Event.txDone);
	}
	rxDone(bytes: Uint8Array, snrDb: number, _rssiDbm: number, atMs: number): void {
		const { in: operands } = this.mac;
		operands.bytes = bytes.slice(); // a view of the radio's
		operands.snrDb = snrDb;
		operands.atMs = atMs;
		this.turn(Event.rxDone);
	}
	rxTimeout(atMs: number): void {
		this.mac.in.atMs = atMs;
		this.turn(Event.rxEnd);
	}
	rxError(atMs: number): void {
		this.rxTimeout(atMs);
	}
	sensed(rssiDbm: number): void {
		this.mac.in.rssiDbm = rssiDbm;
		this.turn(Event.sensed);
	}
	detected(): void {}
	fault(code: ErrorCode): void {
		this.mac.in.code = code;
		this.turn(Event.fault);
	}

	/** Goes on in a callback of its own: from the radio's through the MAC into the node's store is more than an ESP32-C3's stack. */
	private turn(event: Event) {
		if (this.on) this.wait(event, 0);
	}
	private wait(event: Event, ms: number) {
		this.timer?.close();
		this.timer = this.options.timers.set(() => {
			this.timer = undefined;
			this.drive(event);
		}, ms);
	}

	/** Steps the MAC and does what it says, until it waits. */
	private drive(event: Event) {
		const { mac, options } = this;
		const { out } = mac;
		for (let next: Event | undefined = event; next !== undefined && this.on; ) {
			mac.in.nowMs = options.clock.nowMs();
			let effect: Effect;
			try {
				effect = mac.step(next);
			} catch (error) {
				return this.failed(codeOf(error)); // nothing could be reserved: nothing goes on air
			}
			next = undefined;
			const { radio, on } = this;
			try {
				switch (effect) {
					case Effect.fill: {
						if (out.refill && !this.aside) this.source!.rewind();
						mac.in.length = 0;
						this.aside = options.packages.find((each) => {
							mac.in.length = each.next(out.bytes, out.room);
							return mac.in.length > 0;
						});
						if (!this.aside) {
							const filled = this.source!.fill(out.bytes, out.room);
							mac.in.length = filled.length;
							this.upTo = filled.upTo;
						}
						mac.in.port = this.aside?.port ?? options.port;
						next = mac.in.length > 0 ? Event.filled : Event.empty;
						break;
					}
					case Effect.wait:
						radio!.sleep(out.untilMs - mac.in.nowMs);
						this.wait(Event.elapsed, Math.max(0, out.untilMs - mac.in.nowMs));
						break;
					case Effect.sense:
						radio!.sense(out.radio.frequencyHz, out.radio.bandwidthHz, out.senseMs);
						break;
					case Effect.transmit:
						radio!.transmit(out.bytes, out.radio);
						break;
					case Effect.receive:
						radio!.receive(out.untilMs, out.radio, out.symbols);
						break;
					case Effect.downlink:
						next = Event.told;
						{
							const owner = options.packages.find(({ port }) => port === out.port);
							if (!owner) {
								if (!options.downlinks || on.downlink(out.bytes, false) !== undefined) mac.accept();
							} else {
								owner.take(out.bytes, (wallMs, uncertaintyMs) => on.wallTime(wallMs, uncertaintyMs));
								mac.accept();
							}
						}
						break;
					case Effect.time:
						on.wallTime(out.gpsMs + GPS_TO_UNIX_MS + mac.in.nowMs - out.atMs, TIME_UNCERTAINTY_MS);
						next = Event.told;
						break;
					case Effect.delivered:
						if (this.aside) this.aside.done();
						else on.delivered(this.upTo, out.byPeer ? "peer" : "sent");
						this.aside = undefined;
						next = Event.told;
						break;
					case Effect.idle:
						this.release();
						on.idle();
						break;
					case Effect.deferred:
						this.release();
						on.deferred(out.waitMs);
						break;
					case Effect.failed:
						this.failed(out.code);
				}
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
				this.failed(error.code);
			}
		}
	}
	private failed(code: ErrorCode) {
		const { on } = this;
		this.release();
		on?.failed(code);
	}
	/** Closes every handle; idempotent. */
	private release() {
		this.mac.end();
		this.deadline?.close();
		this.timer?.close();
		this.radio?.close();
		this.deadline = this.timer = this.radio = this.source = this.on = this.aside = undefined;
	}
}

/** @throws what is no error of ours */
function codeOf(error: unknown): ErrorCode {
	if (!(error instanceof DormouseError)) throw error;
	return error.code;
}
