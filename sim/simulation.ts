import { ResetReason } from "../modules/core/ports.js";
import { RecordKind } from "../modules/core/record.js";
import type { NodeDeclaration } from "../modules/cycle/declaration.js";
import { EARLIEST_MS } from "../modules/cycle/epoch-time.js";
import { fromScaled } from "../modules/measure/quantity.js";
import type { LorawanDeclaration } from "../net/lorawan/lorawan.js";
import { type CollectedRecord, Collector } from "../tools/collector.js";
import { Board, POWER_CUT, type WakeLog } from "./board.js";
import { AdcChannel } from "./chips/adc.js";
import { Bme280Chip, type Bme280Fault } from "./chips/bme280.js";
import { seededTrim } from "./chips/bme280-trim.js";
import type { LoraAir } from "./chips/lora-air.js";
import { Currents, Ledger } from "./energy.js";
import type { Firmware } from "./engine/engine.js";
import type { Faults } from "./faults.js";
import type { FlashCounts, NorFlash } from "./flash.js";
import { Pins } from "./host/pins.js";
import { AccessPoint } from "./net/access-point.js";
import type { Network } from "./net/network.js";
import { NtpServer } from "./net/ntp-server.js";
import { Pace } from "./pace.js";
import { LoraTally } from "./radio/lora-tally.js";
import { WiredRadio } from "./radio/wired-radio.js";
import type { Instant, Scheduler } from "./scheduler.js";
import { Seeded } from "./seeded.js";
import { addUsage, type Usage } from "./usage.js";
import type { Presses } from "./wake-pins.js";
import type { World } from "./world/world.js";

/** The divider of the simulated board's battery input. */
const DIVIDER = 2;
/** A lying time server of the simulation is so far off. */
const LIE_MS = 10 * 365 * 86_400_000;
/** A node that dies so often in a row will not come back by itself. */
const MOST_FAULTS = 10;

/** What a simulation needs of a LoRaWAN network. */
export interface LorawanSide {
	readonly air: LoraAir;
	/** Whether virtual time has to keep to real time now. */
	readonly live: boolean;
	/** Makes a device known. @returns its settings */
	provision(identity: Uint8Array): Record<string, string>;
	/** The node was reset: joins are counted from there. */
	restarted(): void;
	/** Hears of each uplink once. */
	onUplink(uplink: LorawanUplink): void;
}
/** A frame that reached the network. */
export interface LorawanUplink {
	/** Sixteen hexadecimal digits. */
	readonly devEui: string;
	readonly port: number;
	readonly payload: Uint8Array;
	/** When it was received. */
	readonly at: Instant;
	readonly rssiDbm: number;
	readonly snrDb: number;
}

export interface SimulationOptions {
	readonly scheduler: Scheduler;
	readonly world: World;
	readonly network: Network;
	/** For a node that declares LoRaWAN. */
	readonly lorawan?: LorawanSide | undefined;
	readonly firmware: Firmware;
	readonly seed: number;
	readonly settings: Readonly<Record<string, string>>;
	readonly faults: Faults;
	/** Simulated milliseconds to run. */
	readonly lengthMs: number;
	/** How much too fast the board's clock runs in deep sleep that begins at an instant, in ppm. */
	drift?(at: Instant): number;
	/** What the board's Wi-Fi finds; by default one named "dormouse" with the faults of the script. */
	readonly accessPoint?: AccessPoint;
	/** What happens at the board's pins. */
	readonly presses?: Presses;
	/** Flash partitions by label, where they are not to be the board's own: 256 KiB, erased. */
	readonly flash?: ReadonlyMap<string, NorFlash>;
	/** Simulated time is at most so many times as fast as real time; 0 is as fast as possible. */
	readonly speed?: number;
	onWake?(log: WakeLog): void;
	onRecords?(records: readonly CollectedRecord[], duplicates: number, at: Instant): void;
	/** A frame of the node's own port reached the LoRaWAN network; its records come right after. */
	onUplink?(uplink: LorawanUplink, at: Instant): void;
}

/** What a run came to. All counts. */
export interface Summary {
	simulatedMs: number;
	wakes: number;
	/** Wakes that ended in a fault of the firmware or of its engine. */
	faults: number;
	/** Wakes that ended in a power cut. */
	cuts: number;
	/** Samples that the firmware numbered. */
	samples: number;
	/** Readings that are missing in them. */
	missing: number;
	/** Samples that the subscriber decoded, each once. */
	decoded: number;
	/** Samples that still wait in the node. */
	queued: number;
	/** Samples that are neither decoded nor waiting. */
	lost: number;
	/** Records that the subscriber got again. */
	duplicates: number;
	/** How far from the truth the farthest time of a decoded sample is, in milliseconds, of those that were told at all. */
	timeErrorMs: number;
	/** Samples that the subscriber could not tell the time of. */
	untimed: number;
	/** Decoded readings that differ from the world by more than their resolution. */
	wrong: number;
	/** Wakes with an exchange, and those whose exchange failed. */
	exchanges: number;
	failedExchanges: number;
	frames: number;
	/** Payload bytes of frames that arrived. */
	frameBytes: number;
	/** All bytes that the node wrote to sockets. */
	bytesOut: number;
	awakeMs: number;
	longestAwakeMs: number;
	/** Messages for the node that it took. */
	taken: number;
	/** Handles that firmware left open at sleep. */
	leaks: number;
	undecodable: number;
	/** Bytes programmed and sectors erased in flash, erases of its busiest sector, and operations that break NOR's rules. */
	flashProgrammed: number;
	flashErases: number;
	flashMostWear: number;
	flashViolations: number;
}

/** A simulated node in its world: board, chips, network, and a subscriber that checks what it decodes against the world. */
export class Simulation {
	readonly board: Board;
	readonly node: NodeDeclaration;
	/** Twelve hexadecimal digits: also the client id. */
	readonly nodeId: string;
	readonly collector: Collector;
	/** Where the node asks what time it is, unless the network has a real server. */
	readonly timeServer: NtpServer;
	readonly summary: Summary = {
		simulatedMs: 0,
		wakes: 0,
		faults: 0,
		cuts: 0,
		samples: 0,
		missing: 0,
		decoded: 0,
		queued: 0,
		lost: 0,
		duplicates: 0,
		wrong: 0,
		timeErrorMs: 0,
		untimed: 0,
		exchanges: 0,
		failedExchanges: 0,
		frames: 0,
		frameBytes: 0,
		bytesOut: 0,
		awakeMs: 0,
		longestAwakeMs: 0,
		taken: 0,
		leaks: 0,
		undecodable: 0,
		flashProgrammed: 0,
		flashErases: 0,
		flashMostWear: 0,
		flashViolations: 0,
	};
	/** What the engine measured over all wakes; undefined where it does not. */
	usage: Usage | undefined;
	/** What the run took from the battery. */
	readonly ledger = new Ledger();
	/** The node's LoRa radio, and what it sent; undefined where it has none. */
	readonly radio: WiredRadio | undefined;
	readonly lora: LoraTally | undefined;
	/** Settings that its LoRaWAN network gave it. */
	readonly provisioned: Readonly<Record<string, string>>;
	readonly #sensor: Bme280Chip;
	readonly #options: SimulationOptions;
	/** What the world was like when each sample was taken, by record number, until it is decoded. */
	readonly #truth = new Map<number, { readonly at: Instant; readonly values: readonly (number | undefined)[] }>();
	/** The same for the wake at hand, by phenomenon. */
	readonly #seen = new Map<string, number | undefined>();
	#seenAt: Instant = 0;
	/** Samples that arrived since the last wake was over: their truths are known only then. */
	#unchecked: CollectedRecord[] = [];
	#faultsInARow = 0;
	/** Whether the run ended early, because the firmware died at every boot. */
	gaveUp = false;
	#stopped = false;
	#oldest = 0;

	constructor(options: SimulationOptions) {
		this.#options = options;
		const { scheduler, firmware, network, seed, settings, faults } = options;
		this.node = firmware.node;
		this.collector = new Collector(this.node);
		this.timeServer = new NtpServer(scheduler, options.world.startMs, seed, (at) => ({
			...(faults.active("ntp", at) ? { absent: true } : {}),
			...(faults.active("lie", at) ? { offsetMs: LIE_MS } : {}),
		}));
		network.serveDatagrams(123, this.timeServer.answer);
		const identity = makeIdentity(seed);
		this.nodeId = [...identity].map((byte) => byte.toString(16).padStart(2, "0")).join("");
		const read = (phenomenon: string, atMs: number) => {
			const value = options.world.at(phenomenon, atMs);
			this.#seen.set(phenomenon, value);
			this.#seenAt = atMs;
			return value;
		};
		const fault = (atMs: number): Bme280Fault | undefined =>
			faults.active("sensor", atMs) ? "absent" : faults.active("nonsense", atMs) ? "nonsense" : undefined;
		const battery = new AdcChannel({
			volts: (atMs) => {
				const volts = read("battery", atMs);
				return volts === undefined ? undefined : volts / DIVIDER;
			},
		});
		this.#sensor = new Bme280Chip({ trim: seededTrim(seed), read, fault });
		const declared = lorawanOf(this.node);
		const { lorawan } = options;
		if (declared && lorawan) {
			this.radio = new WiredRadio(declared.radio, scheduler, lorawan.air);
			this.lora = new LoraTally(declared.region);
			lorawan.onUplink = (uplink) => {
				if (uplink.port !== declared.port) return; // of a package
				options.onUplink?.(uplink, scheduler.now);
				this.receive(uplink.payload);
			};
		}
		this.provisioned = lorawan?.provision(identity) ?? {};
		const personal = settings.devAddr === undefined ? this.provisioned : {}; // a session of its own needs no join
		const accessPoint = options.accessPoint ?? new AccessPoint({ faults });
		this.board = new Board({
			scheduler,
			network,
			firmware,
			seed,
			identity,
			// A node is provisioned for the network where it is.
			settings: { ...accessPoint.settings, ...personal, ...notBefore(options.world), ...settings },
			accessPoint,
			wiring: faults,
			...(options.drift ? { drift: options.drift } : {}),
			...(options.presses ? { presses: options.presses } : {}),
			...(options.flash ? { flash: options.flash } : {}),
			...(this.radio ? { radio: this.radio.wiring, radioUse: (at) => this.radio!.take(at) } : {}),
			onBoot: (reason) => {
				if (reason !== ResetReason.deepSleep) lorawan?.restarted();
			},
			chips: [this.#sensor],
			analog: new Map([[Pins.Analog.default.pin, battery]]),
			onWake: (log) => this.#wake(log),
		});
		for (const [from, to] of faults.spans("power")) {
			scheduler.at(from, () => {
				this.#forget();
				this.board.powerOff();
			});
			scheduler.at(Math.max(to, from + 1), () => this.board.powerOn());
		}
		for (const [from] of faults.spans("rtc")) {
			const garbage = new Seeded(seed + 1);
			scheduler.at(from, () => {
				this.board.rtc.set(Uint8Array.from(this.board.rtc, () => garbage.u32()));
				lorawan?.restarted(); // what a node forgets with it, it cannot count
			});
		}
	}
	/** Takes a message that a subscriber got. */
	receive(payload: Uint8Array): void {
		const { scheduler, world } = this.#options;
		const { records, duplicates, error } = this.collector.take(payload, world.startMs + scheduler.now);
		if (error) this.summary.undecodable++;
		for (const record of records) if (record.kind === RecordKind.sample) this.#unchecked.push(record);
		this.#options.onRecords?.(records, duplicates, scheduler.now);
	}
	/** Runs to the end, or until {@link stop}. */
	async run(): Promise<Summary> {
		const { scheduler, network, lorawan, lengthMs, speed = 0 } = this.#options;
		const pace = new Pace(scheduler, speed);
		this.board.powerOn();
		for (let steps = 0; !this.#stopped; steps++) {
			const live = network.live || (lorawan?.live ?? false);
			if (live || speed > 0) {
				await pace.wait(live, scheduler.next ?? lengthMs);
				while (!this.#stopped && scheduler.advance(Math.min(pace.now, lengthMs)));
				scheduler.skipTo(Math.min(pace.now, lengthMs));
				if (scheduler.now >= lengthMs) break;
			} else {
				pace.forget();
				if (!scheduler.advance(lengthMs)) break;
				if (steps % 4096 === 4095) await new Promise(setImmediate); // so that Ctrl-C and progress get their turn
			}
		}
		if (!this.#stopped) scheduler.skipTo(lengthMs);
		return this.finish();
	}
	/** Ends the run after the call that is under way. */
	stop(): void {
		this.#stopped = true;
	}
	/** The summary as it stands. */
	finish(): Summary {
		const { summary, collector } = this;
		this.#checkAll();
		const partitions = [...this.board.flash.values()];
		const total = (of: keyof FlashCounts) => partitions.reduce((sum, { counts }) => sum + counts[of], 0);
		summary.flashProgrammed = total("programmed");
		summary.flashErases = total("erases");
		summary.flashMostWear = Math.max(...partitions.map(({ mostWear }) => mostWear));
		summary.flashViolations = total("violations");
		const { ledger, board } = this;
		ledger.flashUc = partitions.reduce((sum, { chargeUc }) => sum + chargeUc, 0);
		ledger.poweredMs = board.poweredMs;
		ledger.sensorUc = this.#sensor.convertingMs * Currents.sensor + ledger.poweredMs * Currents.sensorSleep;
		ledger.loraSleepUc = (this.radio?.totalUc ?? 0) - (this.lora?.chargeUc ?? 0);
		summary.simulatedMs = this.#options.scheduler.now;
		summary.duplicates = collector.duplicates;
		summary.frames = collector.frames;
		summary.frameBytes = collector.bytes;
		summary.queued = 0;
		if (this.#oldest > 0) for (const number of this.#truth.keys()) if (number >= this.#oldest) summary.queued++;
		summary.lost = summary.samples - summary.decoded - summary.queued;
		return summary;
	}

	#wake(log: WakeLog) {
		const { summary } = this;
		const { report, fault } = log;
		summary.wakes++;
		summary.bytesOut += log.bytesOut;
		summary.awakeMs += log.awakeMs;
		summary.longestAwakeMs = Math.max(summary.longestAwakeMs, log.awakeMs);
		summary.leaks += log.leaks.length;
		if (log.radio) this.lora?.add(log.radio);
		if (report) {
			if (report.number > 0) {
				summary.samples++;
				summary.missing += report.values.filter((value) => value === undefined).length;
				for (let n = report.number - report.unsaved; n < report.number; n++) this.#truth.delete(n); // lost with the power
				this.#truth.set(report.number, { at: this.#seenAt, values: this.#truths() });
			}
			const failed = this.#isOfExchange(report.problem);
			if (report.frames > 0 || failed) summary.exchanges++;
			if (failed) summary.failedExchanges++;
			this.#oldest = report.oldest;
			summary.taken += report.taken;
		}
		const tried = report && this.#isOfExchange(report.problem);
		this.ledger.add(report?.acknowledged ? "published" : tried || fault ? "failed" : "quiet", log.split);
		this.#seen.clear();
		this.#checkAll();
		this.#faultsInARow = fault && fault !== POWER_CUT ? this.#faultsInARow + 1 : 0;
		if (fault === POWER_CUT) {
			summary.cuts++;
			this.#forget();
		} else if (fault) summary.faults++;
		if (log.figures) this.usage = addUsage(this.usage, log.figures);
		this.#options.onWake?.(log);
		this.gaveUp = this.#faultsInARow >= MOST_FAULTS;
		if (this.gaveUp) this.stop();
	}
	/** The power went: what waits in RTC memory is lost. What flash has, the next wake tells. */
	#forget() {
		if (this.node.durability === "rtc") this.#oldest = 0;
	}
	#truths(): (number | undefined)[] {
		return this.node.sensors.flatMap(({ sources, channels }) =>
			sources.map((source) => this.#seen.get(channels[source]!.name)),
		);
	}
	/** Whether a wake's problem is that its exchange failed: not the key of the store's, or a message that was refused. */
	#isOfExchange(problem: string): boolean {
		return problem !== "" && problem !== "downlink" && !(problem === "key" && this.node.evidence);
	}
	#checkAll() {
		for (const record of this.#unchecked) this.#check(record);
		this.#unchecked = [];
	}
	/** Compares a decoded sample with what the world was like. */
	#check(record: CollectedRecord) {
		const { summary } = this;
		summary.decoded++;
		const truth = this.#truth.get(record.number);
		if (!truth) {
			summary.samples++; // its wake was cut before it could tell the number
			return;
		}
		this.#truth.delete(record.number);
		if (!record.timed) summary.untimed++;
		else {
			const errorMs = Math.abs(record.wallMs - this.#options.world.startMs - truth.at);
			summary.timeErrorMs = Math.max(summary.timeErrorMs, errorMs);
		}
		this.node.quantities.forEach((quantity, index) => {
			const value = record.values[index];
			const real = truth.values[index];
			if (value === undefined) return;
			const tolerance = quantity.resolution * 1.000_001;
			if (real === undefined || Math.abs(fromScaled(value, quantity) - real) > tolerance) summary.wrong++;
		});
	}
}

/** LoRaWAN as a node declares it; undefined where it has another uplink. */
export function lorawanOf({ uplink }: NodeDeclaration): LorawanDeclaration | undefined {
	return uplink.kind === "lorawan" ? (uplink as LorawanDeclaration) : undefined;
}

/** A recording may be older than the firmware, which would not believe its time. */
function notBefore({ startMs }: World): Record<string, string> {
	return startMs < EARLIEST_MS ? { notBefore: String(Math.floor(startMs / 1000)) } : {};
}

/** A locally administered MAC address for a seed. Source: IEEE 802, clause 8.4 (U/L bit). */
function makeIdentity(seed: number): Uint8Array {
	const random = new Seeded(seed ^ 0x1d3a);
	const identity = Uint8Array.from({ length: 6 }, () => random.u32() & 0xff);
	identity[0] = (identity[0]! & 0xfc) | 0x02;
	return identity;
}
