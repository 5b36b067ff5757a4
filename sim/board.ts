import { utf8 } from "../modules/core/bytes.js";
import { ResetReason, WakeCause } from "../modules/core/ports.js";
import type { WakeReport } from "../modules/cycle/report.js";
import { ImageState } from "../modules/device/image-state.js";
import type { AdcChannel } from "./chips/adc.js";
import type { I2cChip } from "./chips/i2c-chip.js";
import type { SpiChip } from "./chips/spi-chip.js";
import { type AwakeSplit, scriptMs } from "./energy.js";
import type { Fault, Figures, Firmware, Wake } from "./engine/engine.js";
import type { Faults } from "./faults.js";
import { NorFlash, SECTOR } from "./flash.js";
import { Dispatch } from "./host/dispatch.js";
import { Handles } from "./host/handles.js";
import { Kind } from "./host/table.js";
import { AccessPoint } from "./net/access-point.js";
import { EthernetStation } from "./net/ethernet-station.js";
import { FAILURES, type Network, type SimSocket, type SocketListener, type TlsRequest } from "./net/network.js";
import { resuming, type TlsAttempt, TlsSessions } from "./net/tls-sessions.js";
import { type WifiJoin, WifiStation } from "./net/wifi-station.js";
import type { RadioUse } from "./radio/wired-radio.js";
import type { Cancel, Instant, Scheduler } from "./scheduler.js";
import { Seeded } from "./seeded.js";
import { PinWaker, type Presses } from "./wake-pins.js";

/** Time from the alarm or the power to the first line of `main`, on an emulated ESP32-C3 (SDK 8.2.3, image validated). */
export const BOOT_MS = Object.freeze({ power: 37, deepSleep: 29.8, reset: 37 });
/** RTC memory of an ESP32 that firmware may keep (of 8 KiB). */
export const RTC_BYTES = 4096;
/** A node whose cycle makes no progress for so long is reset: `DM_WATCHDOG_MS` of modules/device/native/board.h. */
export const WATCHDOG_MS = 300_000;

/** One wake as the board saw it. */
export interface WakeLog {
	/** When the alarm rang or the power came. */
	readonly at: Instant;
	/** From then to deep sleep or the fault. */
	readonly awakeMs: number;
	readonly cause: WakeCause;
	readonly resetReason: ResetReason;
	/** What the firmware said of it; undefined when it died before. */
	readonly report: WakeReport | undefined;
	readonly fault: Fault | undefined;
	/** Where the time went. */
	readonly split: AwakeSplit;
	/** Bytes written to and read from sockets, and those of frames that a LoRa radio sent. */
	readonly bytesOut: number;
	readonly bytesIn: number;
	/** What its LoRa radio did; undefined where there is none. */
	readonly radio: RadioUse | undefined;
	/** What the engine measured; undefined where it does not. */
	readonly figures: Figures | undefined;
	/** Handles that were still open when it slept: a mistake of the firmware. */
	readonly leaks: readonly string[];
	/** How the server of the last TLS connection proved itself; undefined when none did. */
	readonly tls?: "full" | "resumed" | undefined;
}

/** A chip with an SPI bus of its own, and which pins its lines are at. */
export interface SpiWiring {
	readonly chip: SpiChip;
	readonly clock: number;
	readonly in: number;
	readonly out: number;
	readonly select: number;
	/** The chip's lines by pin; those that are not the chip's own, as of an antenna switch, too. */
	readonly lines: Readonly<Record<number, string>>;
}

export interface BoardOptions {
	readonly scheduler: Scheduler;
	readonly network: Network;
	readonly firmware: Firmware;
	/** Chips on the default I2C bus. */
	readonly chips: readonly I2cChip[];
	/** Analog inputs by pin. */
	readonly analog: ReadonlyMap<number, AdcChannel>;
	/** What its Wi-Fi finds; one without faults by default. */
	readonly accessPoint?: AccessPoint;
	/** What happens to its network cable and the DHCP server there; nothing by default. */
	readonly wiring?: Faults;
	/** What happens at its pins; nothing by default. */
	readonly presses?: Presses;
	/** A radio; none when left out. */
	readonly radio?: SpiWiring;
	/** Tells what the radio did since it was asked last. */
	readonly radioUse?: ((at: Instant) => RadioUse) | undefined;
	/** Partitions by label; a sound one of 256 KiB, "store", by default. */
	readonly flash?: ReadonlyMap<string, NorFlash>;
	readonly seed: number;
	/** Six bytes. */
	readonly identity: Uint8Array;
	/** How much too fast the clock runs in deep sleep that begins at an instant, in ppm. Default: it does not. */
	drift?(at: Instant): number;
	/** Settings from provisioning. */
	readonly settings: Readonly<Record<string, string>>;
	/** Hears of each boot, as it begins. */
	onBoot?(reason: ResetReason): void;
	/** Hears of each wake when it is over. */
	onWake(log: WakeLog): void;
}

/**
 * A simulated board: power, clock, RTC memory, flash, buses and sockets, and the life of the firmware on it. Deep sleep
 * drops the firmware's RAM; the next wake starts from RTC memory and flash alone.
 */
export class Board {
	readonly options: BoardOptions;
	readonly rtc = new Uint8Array(RTC_BYTES);
	/** Partitions by label. */
	readonly flash: ReadonlyMap<string, NorFlash>;
	readonly random: Seeded;
	readonly wifi: WifiStation;
	readonly ethernet: EthernetStation;
	readonly handles = new Handles();
	readonly pins: PinWaker;
	wakeCause: WakeCause = WakeCause.reset;
	resetReason: ResetReason = ResetReason.power;
	/** Levels of pins that are held, through deep sleep too. */
	readonly parked = new Map<number, number>();
	/** Milliseconds of light sleep in this wake. */
	dozedMs = 0;
	/** What the bootloader thinks of the image that runs. On trial it is gone with the next boot that is no wake. */
	image: ImageState = ImageState.factory;
	bytesOut = 0;
	bytesIn = 0;
	report: WakeReport | undefined;
	readonly #dispatch: Dispatch;
	/** Memory of its own beside {@link rtc}. */
	readonly #sessions = new TlsSessions(() => this.uptimeMs);
	#attempt: TlsAttempt | undefined;
	/** What the clock showed at an instant, and how much too fast it runs since. */
	#clockAt: Instant = 0;
	#clockMs = 0;
	#drift = 0;
	#busyUntil: Instant = 0;
	#startedAt: Instant = 0;
	#bootMs = 0;
	/** While the radio is off. */
	#busyMs = 0;
	#computrons = 0;
	#hostCalls = 0;
	#scriptMs = 0;
	#scriptRadioMs = 0;
	#poweredBeforeMs = 0;
	#poweredAt: Instant = 0;
	#wake: Wake | undefined;
	#sleepMs: number | undefined;
	#callsToCut = Number.POSITIVE_INFINITY;
	#offMs = 1000;
	#powerLost = false;
	#resets = false;
	#powered = false;
	#alarm: Cancel | undefined;
	#watchdog: Cancel | undefined;

	constructor(options: BoardOptions) {
		this.options = options;
		this.random = new Seeded(options.seed);
		this.flash = options.flash ?? new Map([["store", new NorFlash(64, SECTOR, { seed: options.seed })]]);
		this.wifi = new WifiStation(options.scheduler, options.accessPoint ?? new AccessPoint());
		this.ethernet = new EthernetStation(options.scheduler, options.wiring);
		this.pins = new PinWaker(options.presses);
		this.#dispatch = new Dispatch(this);
		const { radio } = options;
		if (radio) radio.chip.onEdge = (line, level, atMs) => this.#edge(line, level, atMs);
	}
	/** The board's time: virtual time, and what buses have taken since it last moved. */
	get now(): Instant {
		return Math.max(this.options.scheduler.now, this.#busyUntil);
	}
	/** Milliseconds since the power came, by the board's clock. */
	get uptimeMs(): number {
		return this.#clockMs + (this.now - this.#clockAt) * (1 + this.#drift);
	}
	/** Milliseconds with power in all. */
	get poweredMs(): number {
		return this.#poweredBeforeMs + (this.#powered ? this.options.scheduler.now - this.#poweredAt : 0);
	}
	get awake(): boolean {
		return this.#wake !== undefined;
	}
	/** The power comes: RTC memory is garbage, chips start anew. Without effect while it is there. */
	powerOn(): void {
		if (this.#powered) return;
		this.#powered = true;
		this.#clockAt = this.#busyUntil = this.#poweredAt = this.options.scheduler.now;
		this.#clockMs = this.#drift = 0;
		this.parked.clear();
		for (let n = 0; n < this.rtc.length; n++) this.rtc[n] = this.random.u32() & 0xff;
		for (const chip of this.options.chips) chip.powerCycle();
		this.options.radio?.chip.powerCycle(this.#poweredAt);
		for (const flash of this.flash.values()) flash.cutAfter(Number.POSITIVE_INFINITY, this.random);
		this.wifi.reset(false);
		this.#boot(WakeCause.reset, ResetReason.power);
	}
	/** The power goes, between two host calls. Flash stays. */
	powerOff(): void {
		this.#losesPower();
		this.#alarm?.();
		if (this.#wake) this.#finish(POWER_CUT);
	}
	/**
	 * Cuts the power inside a host call, before it is answered.
	 * @param calls which one: 0 is the next
	 * @param offMs when the power comes back
	 */
	cutInCall(calls: number, offMs: number): void {
		this.#callsToCut = calls;
		this.#offMs = offMs;
	}
	/** For each host call: whether the power is cut in it. */
	isCutNow(): boolean {
		if (this.#callsToCut-- > 0) return false;
		this.losePower();
		return true;
	}
	/** The power goes inside the call at hand: the engine unwinds, then the board is off for a while. */
	losePower(): void {
		this.#callsToCut = Number.POSITIVE_INFINITY;
		this.#powerLost = true;
	}
	/** The firmware's time passes, while it does nothing else: a bus transfer, a conversion, cryptography. */
	spend(ms: number): void {
		this.#busyUntil = this.now + ms;
		if (!this.wifi.isOn) this.#busyMs += ms;
	}
	/** Light sleep: nothing runs, and events wait. */
	doze(ms: number): void {
		this.#busyUntil = this.now + ms;
		this.dozedMs += ms;
	}
	/** The firmware got on; where it does not do so in time, it is reset. */
	feedWatchdog(): void {
		this.#watchdog?.();
		this.#watchdog = this.options.scheduler.at(this.now + WATCHDOG_MS, () =>
			this.#panic(ResetReason.watchdog, "watchdog"),
		);
	}
	/** Goes back to the image before: the engine unwinds, then the board resets. @returns false when there is none */
	revertImage(): boolean {
		if (this.image !== ImageState.pending) return false;
		this.#resets = true;
		return true;
	}
	/** The firmware asked for deep sleep: the engine unwinds, then the board sleeps. */
	requestSleep(ms: number): void {
		this.#sleepMs = ms;
	}
	/**
	 * Delivers an event to the firmware, once it is not busy.
	 * @param last whether the handle closes by itself with this event
	 */
	deliver(handle: number, kind: number, payload: Uint8Array, last = false): void {
		const wake = this.#wake;
		if (!wake || !this.handles.has(handle)) return;
		const { scheduler } = this.options;
		if (this.#busyUntil > scheduler.now) {
			scheduler.at(this.#busyUntil, () => this.#wake === wake && this.deliver(handle, kind, payload, last));
			return;
		}
		if (kind === Kind.readable) {
			// While it waited for the firmware, an earlier call may have read what it tells of.
			const { unread = 0 } = this.handles.get(handle, "tcp") ?? {};
			if (unread === 0) return;
			payload = u32(unread);
		}
		if (last) this.handles.forget(handle);
		wake.event(handle, kind, payload);
		this.#settle();
	}
	/** Starts a timer. @returns its handle */
	startTimer(ms: number, interval: number): number {
		const { scheduler } = this.options;
		const number = this.handles.reserve();
		const fire = () => {
			if (interval > 0) cancel = scheduler.at(this.now + interval, fire);
			this.deliver(number, Kind.timer, EMPTY, interval <= 0);
		};
		let cancel = scheduler.at(this.now + ms, fire);
		return this.handles.add({ kind: "timer", what: "timer", close: () => cancel() }, number);
	}
	/** Joins a Wi-Fi network. @returns its handle: closing it leaves */
	joinWifi(wanted: WifiJoin): number {
		const number = this.handles.reserve();
		const isCold = this.resetReason !== ResetReason.deepSleep;
		this.wifi.join(wanted, isCold, this.now, (status) => this.deliver(number, Kind.wifi, Uint8Array.of(status)));
		return this.handles.add({ kind: "wifi", what: "Wi-Fi", close: () => this.wifi.leave(this.now) }, number);
	}
	/** Opens the Ethernet interface. @returns its handle, and its state */
	openEthernet(): { readonly number: number; readonly state: number } {
		const number = this.handles.reserve();
		const state = this.ethernet.open(this.now, (to) => this.deliver(number, Kind.ethernet, Uint8Array.of(to)));
		this.handles.add({ kind: "ethernet", what: "Ethernet", close: () => this.ethernet.close() }, number);
		return { number, state };
	}
	/** Looks a name up. @returns a handle that is closed once the answer was delivered */
	resolve(name: string): number {
		const number = this.handles.reserve();
		if (!this.#isReachable)
			return this.handles.add({ kind: "resolve", what: `look-up of ${name}`, close() {} }, number);
		const told = (address: string | undefined) => this.deliver(number, Kind.resolved, utf8(address ?? ""), true);
		const { network, scheduler } = this.options;
		const cancel = this.ethernet.hasNames ? network.resolve(name, told) : scheduler.after(0, () => told(undefined));
		return this.handles.add({ kind: "resolve", what: `look-up of ${name}`, close: () => cancel() }, number);
	}
	/** Opens a connection. @returns its handle */
	connect(address: string, port: number): number {
		return this.#connect(`socket to ${address}:${port}`, (on) => this.options.network.connect(address, port, on));
	}
	/** Opens a TLS connection, with what the board was provisioned with. @returns its handle, as of {@link connect} */
	connectTls(address: string, port: number, peer: Pick<TlsRequest, "host" | "alpn" | "wallMs">): number {
		const { network, settings } = this.options;
		const { ca, certificate, key } = settings;
		const tls = { ...peer, ca, certificate, key };
		return this.#connect(`TLS to ${address}:${port}`, (on) =>
			resuming(
				this.#sessions,
				tls,
				port,
				on,
				(request, hears) => network.connectTls(address, port, request, hears),
				(attempt) => {
					this.#attempt = attempt;
				},
			),
		);
	}

	get #isReachable(): boolean {
		return this.wifi.isReachable(this.now) && this.ethernet.isReachable(this.now);
	}
	#connect(what: string, open: (on: SocketListener) => SimSocket): number {
		const number = this.handles.reserve();
		if (!this.#isReachable)
			return this.handles.add({ kind: "tcp", what, socket: NOWHERE, unread: 0, close() {} }, number);
		const socket = open({
			writable: (room) => this.deliver(number, Kind.writable, u32(room)),
			readable: (count) => {
				this.wifi.sent();
				const handle = this.handles.get(number, "tcp");
				if (handle) handle.unread = count;
				this.deliver(number, Kind.readable, EMPTY);
			},
			ended: (reset, failure) => {
				const why = failure ? 2 + FAILURES.indexOf(failure) : reset ? 1 : 0;
				this.deliver(number, Kind.error, Uint8Array.of(why));
			},
			overhead: (sent, received) => {
				if (!this.handles.has(number)) return;
				this.bytesOut += sent;
				this.bytesIn += received;
			},
		});
		this.wifi.sent(2);
		return this.handles.add({ kind: "tcp", what, socket, unread: 0, close: () => socket.close() }, number);
	}
	/** Opens a UDP socket. @returns its handle */
	openDatagrams(): number {
		const number = this.handles.reserve();
		const socket = this.options.network.openDatagrams((count) => this.deliver(number, Kind.datagrams, u32(count)));
		return this.handles.add({ kind: "udp", what: "UDP socket", socket, close: () => socket.close() }, number);
	}

	/** A chip's line changed, maybe in the middle of a host call: told as soon as the firmware is free. */
	#edge(line: string, level: 0 | 1, atMs: Instant) {
		for (const handle of this.handles) {
			if (handle.kind !== "digital" || handle.line !== line || !(handle.edges & (level ? 1 : 2))) continue;
			const payload = new Uint8Array(9);
			payload[0] = level;
			new DataView(payload.buffer).setFloat64(1, this.#clockMs + (atMs - this.#clockAt) * (1 + this.#drift));
			const number = this.handles.numberOf(handle);
			this.options.scheduler.at(Math.max(atMs, this.now), () => {
				if (this.handles.get(number, "digital") === handle) this.deliver(number, Kind.edge, payload);
			});
		}
	}
	#boot(cause: WakeCause, reason: ResetReason, pin?: number) {
		const { scheduler, firmware } = this.options;
		this.pins.boot(pin);
		this.dozedMs = 0;
		if (reason !== ResetReason.deepSleep) this.#sessions.forget();
		// Source: ESP-IDF v6.0, bootloader_utility.c (PENDING_VERIFY becomes ABORTED), and CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP.
		if (reason !== ResetReason.deepSleep && this.image === ImageState.pending) this.image = ImageState.valid;
		this.#busyUntil = scheduler.now;
		this.#clock(0); // awake it runs by the crystal
		this.wakeCause = cause;
		this.resetReason = reason;
		this.#startedAt = scheduler.now;
		this.options.onBoot?.(reason);
		this.options.radioUse?.(scheduler.now); // what it took while the board slept is in its total
		const bootMs =
			reason === ResetReason.deepSleep
				? BOOT_MS.deepSleep
				: reason === ResetReason.power
					? BOOT_MS.power
					: BOOT_MS.reset;
		this.#bootMs = bootMs;
		this.#busyMs = this.#scriptMs = this.#scriptRadioMs = this.#computrons = this.#hostCalls = 0;
		this.wifi.reset();
		this.#alarm = scheduler.after(bootMs, () => {
			this.#busyUntil = scheduler.now;
			this.feedWatchdog();
			this.#wake = firmware.boot(this.#dispatch);
			this.#settle();
		});
	}
	/** After the firmware ran: what state is it in? */
	#settle() {
		const wake = this.#wake;
		if (!wake) return;
		this.#account(wake);
		if (wake.state === "idle") return;
		if (wake.state === "fault") {
			this.#panic(ResetReason.panic, wake.fault!.message, wake.fault);
			return;
		}
		const { scheduler } = this.options;
		if (this.#powerLost) {
			this.#powerLost = false;
			this.#losesPower();
			const backAt = this.now + this.#offMs;
			this.#finish(POWER_CUT);
			this.#alarm = scheduler.at(backAt, () => this.powerOn());
			return;
		}
		if (this.#resets) {
			this.#resets = false;
			const at = this.now;
			this.#finish(undefined);
			this.#alarm = scheduler.at(at, () => this.#boot(WakeCause.reset, ResetReason.software));
			return;
		}
		const sleepMs = this.#sleepMs;
		if (sleepMs === undefined) return;
		this.#clock((this.options.drift?.(this.now) ?? 0) / 1e6);
		const alarmAt = this.now + sleepMs / (1 + this.#drift);
		const press = this.pins.next(this.now);
		this.#finish(undefined);
		this.#alarm =
			press && press.at < alarmAt
				? scheduler.at(press.at, () =>
						this.#boot(press.isTouch ? WakeCause.touch : WakeCause.pin, ResetReason.deepSleep, press.pin),
					)
				: scheduler.at(alarmAt, () => this.#boot(WakeCause.timer, ResetReason.deepSleep));
	}
	/** From now on the clock is so much too fast. */
	#clock(drift: number) {
		this.#clockMs = this.uptimeMs;
		this.#clockAt = this.now;
		this.#drift = drift;
	}
	#panic(reason: ResetReason, message: string, fault: Fault = { reason: "endless", message, where: "" }) {
		const { scheduler } = this.options;
		const at = this.now;
		this.#finish(fault);
		this.#alarm = scheduler.at(at, () => this.#boot(WakeCause.reset, reason));
	}
	#losesPower() {
		if (this.#powered) this.#poweredBeforeMs += this.options.scheduler.now - this.#poweredAt;
		this.#powered = false;
	}
	/** What the firmware has worked since it was asked last, where the engine measures it. */
	#account(wake: Wake) {
		const { computrons = 0, hostCalls = 0 } = wake.figures?.() ?? {};
		const ms = scriptMs(computrons - this.#computrons, hostCalls - this.#hostCalls);
		this.#computrons = computrons;
		this.#hostCalls = hostCalls;
		if (this.wifi.isOn) this.#scriptRadioMs += ms;
		else this.#scriptMs += ms;
	}
	#split(isMeasured: boolean, radio: RadioUse | undefined): AwakeSplit {
		const { onMs: radioMs, sentMs } = this.wifi;
		const bootMs = this.#bootMs;
		const busyMs = this.#busyMs;
		const lightMs = this.dozedMs;
		const waitMs = Math.max(0, this.now - this.#startedAt - bootMs - busyMs - lightMs - radioMs);
		return {
			bootMs,
			busyMs,
			waitMs,
			lightMs,
			radioMs,
			sentMs,
			wiredMs: this.ethernet.onMs(this.now),
			loraUc: radio?.chargeUc ?? 0,
			scriptMs: isMeasured ? this.#scriptMs : undefined,
			scriptRadioMs: isMeasured ? this.#scriptRadioMs : undefined,
		};
	}
	/** Ends the wake and tells of it. */
	#finish(fault: Fault | undefined) {
		const wake = this.#wake;
		this.#wake = undefined;
		this.#sleepMs = undefined;
		this.#watchdog?.();
		const figures = wake?.figures?.();
		wake?.drop();
		const leaks = fault ? [] : [...this.handles].map(({ what }) => what);
		this.handles.clear();
		const radio = this.options.radioUse?.(this.now);
		const split = this.#split(figures !== undefined, radio);
		this.ethernet.off();
		const { bytesIn, report } = this;
		const bytesOut = this.bytesOut + (radio?.frames.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0);
		this.bytesOut = 0;
		this.bytesIn = 0;
		this.report = undefined;
		const tls = this.#attempt?.how;
		this.#attempt = undefined;
		this.options.onWake({
			at: this.#startedAt,
			awakeMs: this.now - this.#startedAt,
			cause: this.wakeCause,
			resetReason: this.resetReason,
			report,
			fault,
			split,
			bytesOut,
			bytesIn,
			radio,
			figures,
			leaks,
			tls,
		});
	}
}

/** How a wake ended whose power was cut. */
export const POWER_CUT: Fault = Object.freeze({ reason: "host", message: "power cut", where: "" });
const EMPTY = new Uint8Array(0);
/** A connection that gets no answer. */
const NOWHERE: SimSocket = Object.freeze({ room: 0, write: () => 0, read: () => EMPTY, close() {} });

function u32(value: number): Uint8Array {
	const bytes = new Uint8Array(4);
	new DataView(bytes.buffer).setUint32(0, value);
	return bytes;
}
