import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { Timer } from "../../modules/core/ports.js";
import type { Radio, RadioListener } from "../radio/radio.js";
import type { FrameSource, Uplink, UplinkListener } from "../uplink.js";
import { Effect, Event } from "./exchange.js";
import { Mac } from "./mac.js";
import { GPS_TO_UNIX_MS, type LorawanPackage } from "./package.js";
import { type MacOptions, RETAINED_VERSION } from "./state.js";

/** Until a radio that was opened sleeps: the start of either family takes less. */
const REST_MS = 100;
/** What the network's time may be off: TS001-1.0.4 §5.10. */
const TIME_UNCERTAINTY_MS = 100;

/**
 * Carries frames over LoRaWAN: the shell around the MAC, without a state of its own but handles. The radio is closed before
 * `idle`, `deferred` or `failed` is told; what comes late is ignored.
 */
export class LorawanClient implements Uplink, RadioListener {
	readonly retainedVersion = RETAINED_VERSION;
	/** For what it heard of the network. */
	readonly mac: Mac;
	private readonly options: MacOptions;
	private readonly packages: readonly LorawanPackage[];
	private radio: Radio | undefined;
	private timer: Timer | undefined;
	private deadline: Timer | undefined;
	private source: FrameSource | undefined;
	private on: UplinkListener | undefined;
	private upTo = 0;
	/** Whose uplink is at hand, when it is not the source's. */
	private aside: LorawanPackage | undefined;
	private closed = false;

	constructor(options: MacOptions) {
		this.options = options;
		this.packages = options.settings.packages.map((each) => each.create(options));
		this.mac = new Mac(options, options.ports.clock.nowMs());
	}
	/** @throws {DormouseError} `closed`; `busy` while an exchange runs */
	start(source: FrameSource, deadlineMs: number, on: UplinkListener): void {
		if (this.closed || this.on) throw new DormouseError(this.closed ? "closed" : "busy");
		const { mac, options } = this;
		this.source = source;
		this.on = on;
		mac.untilMs = options.ports.clock.nowMs() + deadlineMs;
		mac.wantsTime = source.wantsTime;
		for (let n = 0; n < this.packages.length; n++) if (this.packages[n]!.begin(mac.wantsTime)) mac.wantsTime = false;
		this.deadline = options.ports.timers.set(() => this.failed("timeout"), deadlineMs);
		this.later(Event.begin, 0);
	}
	close(): void {
		this.closed = true;
		this.release();
	}
	retain(into: DataView): number {
		return this.mac.retain(into);
	}
	restore(from: DataView, version: number): boolean {
		return this.mac.restore(from, version);
	}

	txDone(atMs: number): void {
		this.mac.atMs = atMs;
		this.later(Event.sent, 0);
	}
	rxDone(bytes: Uint8Array, snrDb: number, _rssiDbm: number, atMs: number): void {
		this.mac.level = snrDb;
		this.heard(bytes.slice(), atMs); // a view of the radio's
	}
	rxTimeout(atMs: number): void {
		this.heard(undefined, atMs);
	}
	rxError(atMs: number): void {
		this.heard(undefined, atMs);
	}
	sensed(rssiDbm: number): void {
		this.mac.level = rssiDbm;
		this.later(Event.sensed, 0);
	}
	fault(code: ErrorCode): void {
		this.mac.code = code;
		this.later(Event.fault, 0);
	}

	private heard(bytes: Uint8Array | undefined, atMs: number) {
		this.mac.bytes = bytes;
		this.mac.atMs = atMs;
		this.later(Event.heard, 0);
	}
	/** Goes on in a callback of its own: from the radio's through the MAC into the node's store is more than an ESP32-C3's stack. */
	private later(event: Event, ms: number) {
		if (!this.on) return;
		this.timer?.close();
		this.timer = this.options.ports.timers.set(() => {
			try {
				this.perform(event);
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
				this.failed(error.code); // what could not be reserved does not go on air
			}
		}, ms);
	}
	private failed(code: ErrorCode) {
		const { on } = this;
		this.release();
		on!.failed(code);
	}
	/** Steps the MAC and does what it says, until it waits. */
	private perform(event: Event) {
		const { mac, options } = this;
		for (;;) {
			const { on } = this;
			if (!on) return;
			mac.nowMs = options.ports.clock.nowMs();
			if (event === Event.begin) {
				this.radio = options.settings.radio.create(options.ports);
				this.radio.open(this);
				if (options.fault) {
					// The power left the radio in standby: it is put to sleep all the same.
					mac.code = options.fault;
					this.radio.sleep();
					return this.later(Event.fault, REST_MS);
				}
			}
			const effect = event === Event.fault ? Effect.failed : mac.step(event);
			event = Event.told;
			switch (effect) {
				case Effect.fill:
					if (mac.refill && !this.aside) this.source!.rewind();
					mac.length = 0;
					this.aside = this.packages.find((each) => {
						mac.length = each.next(mac.bytes!, mac.room);
						return mac.length > 0;
					});
					mac.port = (this.aside ?? options.settings).port;
					if (!mac.length) {
						const filled = this.source!.fill(mac.bytes!, mac.room);
						mac.length = filled.length;
						this.upTo = filled.upTo;
					}
					event = Event.filled;
					break;
				case Effect.wait:
					mac.room = Math.max(0, mac.atMs - mac.nowMs);
					this.radio!.sleep(mac.room);
					return this.later(Event.elapsed, mac.room);
				case Effect.sense:
					return this.radio!.sense(mac.how.frequencyHz, mac.how.bandwidthHz, mac.room);
				case Effect.transmit:
					return this.radio!.transmit(mac.bytes!, mac.how);
				case Effect.receive:
					return this.radio!.receive(mac.atMs, mac.how, mac.room);
				case Effect.downlink: {
					const owner = this.packages.find(({ port }) => port === mac.port);
					if (owner) owner.take(mac.bytes!, on);
					if (owner || !options.settings.downlinks || on.downlink(mac.bytes!, false) !== undefined) mac.accept();
					break;
				}
				case Effect.time:
					on.wallTime(mac.room + GPS_TO_UNIX_MS + mac.nowMs - mac.atMs, TIME_UNCERTAINTY_MS);
					break;
				case Effect.delivered:
					if (this.aside) this.aside.done();
					else on.delivered(this.upTo, mac.acknowledged ? "peer" : "sent");
					this.aside = undefined;
					break;
				case Effect.none:
					return;
				case Effect.failed:
					return this.failed(mac.code);
				default:
					this.release();
					if (effect === Effect.idle) on.idle();
					else on.deferred(mac.room);
			}
		}
	}
	/** Closes every handle; idempotent. */
	private release() {
		this.mac.expected = 0;
		this.deadline?.close();
		this.timer?.close();
		this.radio?.close();
		this.deadline = this.timer = this.radio = this.source = this.on = this.aside = undefined;
	}
}
