import { toHex } from "../../modules/core/bytes.js";
import type { Region } from "../../net/lorawan/region.js";
import { tablesOf } from "../../net/lorawan/region-tables.js";
import type { LoraAir, LoraFrame } from "../chips/lora-air.js";
import type { Faults } from "../faults.js";
import type { Scheduler } from "../scheduler.js";
import { Seeded } from "../seeded.js";
import { Forwarder, type ForwarderCounts } from "./forwarder.js";
import { Gateway } from "./gateway.js";
import { gatewayPlan } from "./gateway-plan.js";
import { lawOf } from "./law.js";
import { LegalWatch } from "./legal.js";
import { NetworkServer, type ServerCounts, type Uplink } from "./network-server.js";
import { OtherNodes } from "./other-nodes.js";
import type { PathLoss } from "./path-loss.js";
import { type Place, RadioAir, type RadioStation } from "./radio-air.js";
import type { Downlink } from "./server-device.js";

/** Antennas: a dipole at the node, a usual one of 3 dBi less its cable on a roof. */
const NODE_DBI = 2.15;
const GATEWAY_DBI = 2.65;
const DISTANCE_M = 1200;

export interface LorawanNetworkOptions {
	readonly scheduler: Scheduler;
	readonly region: Region;
	readonly seed: number;
	/** GPS time of virtual 0, in milliseconds since 1980-01-06. */
	readonly gpsMsAtZero: number;
	/** By default one, 1.2 km from the node. */
	readonly gateways?: readonly { readonly distanceM: number }[];
	/** Spans `gateway` and `downlink`, instants `forget`. */
	readonly faults?: Faults;
	/** A real network server behind Semtech's UDP protocol, in place of ours. */
	readonly forward?: { readonly host: string; readonly port: number };
	/** Whether the network sets data rates. Default true. */
	readonly adr?: boolean;
	/** Frames of other nodes, an hour. Default 0. */
	readonly background?: number;
	/** Seconds until RX1. Default 1. */
	readonly rxDelay?: number;
	/** A country with a law of its own: Japan, where AS923-1 has to be listened to before. */
	readonly country?: "JP";
	/** 0x12 for a private network. Default 0x34. */
	readonly syncWord?: number;
	/** Default: a town, see {@link PathLoss}. */
	readonly loss?: PathLoss;
}

/** What happened on air and in the network. */
export interface LorawanCounts extends ServerCounts {
	/** Frames of the node that no gateway received. */
	lostOnAir: number;
	/** Receptions that another frame spoiled. */
	collisions: number;
	/** Frames that found no demodulator. */
	demodulatorsBusy: number;
	/** The node's frames, and how long they were on air. */
	frames: number;
	airtimeMs: number;
}

/**
 * So long after the node's frame a real server's answer may have to be sent: RX2 of a join begins 6 s after it, and that of
 * data not later with an RX1 delay of up to 5 s.
 */
const ANSWER_MS = 6500;
/** The longest answer: 255 bytes at SF12 take 9.2 s. What a server wants to be sent later is none, and nobody hears it. */
const LONGEST_MS = 10_000;

/** LoRaWAN as a simulated node finds it: air, gateways, a network server, and somebody who watches that the law is kept. */
export class LorawanNetwork {
	/** The air at the node's place. */
	readonly air: LoraAir;
	readonly server: NetworkServer;
	readonly gateways: readonly Gateway[];
	/** Who watches that the law is kept. */
	readonly watch: LegalWatch;
	onUplink: (uplink: Uplink) => void = () => {};
	readonly #options: LorawanNetworkOptions;
	readonly #radio: RadioAir;
	readonly #node: RadioStation;
	readonly #own = { lostOnAir: 0, frames: 0, airtimeMs: 0 };
	readonly #forwarders: readonly Forwarder[];
	readonly #heard = new WeakSet<LoraFrame>();
	/** Until when a real server may answer, in virtual time. */
	#answerUntilMs = Number.NEGATIVE_INFINITY;

	constructor(options: LorawanNetworkOptions) {
		this.#options = options;
		const { scheduler, seed, faults, gateways = [{ distanceM: DISTANCE_M }] } = options;
		this.#radio = new RadioAir({
			scheduler,
			seed,
			...(options.loss ? { loss: options.loss } : {}),
			loses: (frame) => frame.invertIq && (faults?.active("downlink", frame.startMs) ?? false),
		});
		this.#node = this.#radio.station({ xM: 0, yM: 0, gainDbi: NODE_DBI });
		this.air = this.#node;
		const seeded = new Seeded(seed ^ 0x6a7e);
		const region = tablesOf(options.region);
		const channels = gatewayPlan(region);
		this.gateways = gateways.map(({ distanceM }, n) => {
			const angle = (2 * Math.PI * n) / gateways.length;
			const station = this.#radio.station({
				xM: distanceM * Math.cos(angle),
				yM: distanceM * Math.sin(angle),
				gainDbi: GATEWAY_DBI,
			});
			return new Gateway({
				scheduler,
				station,
				channels,
				bands: region.bands,
				eui: `0016c001f1${(0x100000 + n).toString(16).slice(-6)}`,
				tmstAtZero: seeded.u32(),
				...(options.syncWord === undefined ? {} : { syncWord: options.syncWord }),
				absent: (atMs) => faults?.active("gateway", atMs) ?? false,
			});
		});
		this.server = new NetworkServer({
			scheduler,
			region,
			seed,
			gateways: this.gateways,
			gpsMsAtZero: options.gpsMsAtZero,
			...(options.adr === undefined ? {} : { adr: options.adr }),
			...(options.rxDelay === undefined ? {} : { rxDelay: options.rxDelay }),
		});
		this.server.onUplink = (uplink) => this.onUplink(uplink);
		const { forward, gpsMsAtZero } = options;
		this.#forwarders = forward
			? this.gateways.map((gateway) => new Forwarder({ scheduler, gateway, gpsMsAtZero, ...forward }))
			: [];
		for (const gateway of this.gateways) {
			const { onReceived } = gateway;
			gateway.onReceived = (received) => {
				if (received.crc !== "wrong") this.#heard.add(received.frame);
				onReceived(received);
			};
		}
		const { server } = this;
		this.watch = new LegalWatch({
			law: lawOf(options.country ? `${region.name} ${options.country}` : region.name),
			...(options.syncWord === undefined ? {} : { syncWord: options.syncWord }),
			hopping: channels.filter(({ bandwidthHz }) => bandwidthHz === 125_000).length,
			// What a real server tells its devices is not known here.
			...(forward
				? { dwellLifted: () => true }
				: {
						channels: () => [...channels.map(({ frequencyHz }) => frequencyHz), ...server.defined],
						identify: (bytes: Uint8Array) => server.identify(bytes),
						dwellLifted: () => server.dwellLifted,
					}),
		});
		const gatewayStations = new Set(this.gateways.map(({ station }) => station));
		this.#radio.onFrame = (frame, from) => {
			if (from === this.#node) this.#sent(frame);
			else if (gatewayStations.has(from)) this.watch.gateway(frame, from);
		};
		if (options.background) new OtherNodes(scheduler, this.#radio, this.gateways, channels, seed, options.background);
		for (const [from] of faults?.spans("forget") ?? []) scheduler.at(from, () => this.server.forget());
	}
	/** One more radio in the same air, the node being at (0, 0): somebody who listens, or disturbs. */
	station(place: Place): RadioStation {
		return this.#radio.station(place);
	}
	/** Whether a real network server may answer now: then virtual time keeps to real time. */
	get live(): boolean {
		if (!this.#forwarders.length) return false;
		const answerMs = this.#answerUntilMs;
		const untilMs = this.#forwarders.reduce((latest, each) => Math.max(latest, each.busyUntilMs), answerMs);
		return this.#options.scheduler.now <= Math.min(untilMs, answerMs + LONGEST_MS);
	}
	/** Of each gateway's forwarder, where there is a real server. */
	get forwarders(): readonly ForwarderCounts[] {
		return this.#forwarders.map(({ counts }) => counts);
	}
	/** What the law was broken by, in words. */
	get violations(): readonly string[] {
		return this.watch.violations;
	}
	/** The fullest hour of the node in each band with a limit, in thousandths. */
	get fullest(): ReturnType<LegalWatch["fullest"]> {
		return this.watch.fullest(this.#node);
	}
	get counts(): Readonly<LorawanCounts> {
		const sum = (of: "spoiled" | "busy") => this.gateways.reduce((total, { counts }) => total + counts[of], 0);
		return { ...this.server.counts, ...this.#own, collisions: sum("spoiled"), demodulatorsBusy: sum("busy") };
	}
	/**
	 * Registers a device.
	 * @param identity the board's, at least six bytes
	 * @returns what it is to be provisioned with: `joinEui`, `devEui`, `appKey`
	 */
	provision(identity: Uint8Array): Record<string, string> {
		const seeded = new Seeded(this.#options.seed ^ 0x0dd5);
		const six = identity.subarray(0, 6);
		for (const byte of six) seeded.state = seeded.u32() ^ byte;
		const devEui = toHex(Uint8Array.of(...six.subarray(0, 3), 0xff, 0xfe, ...six.subarray(3)));
		const joinEui = "70b3d57ed0000001";
		const appKey = Uint8Array.from({ length: 16 }, () => seeded.u32());
		this.server.register(devEui, joinEui, appKey);
		return { joinEui, devEui, appKey: toHex(appKey) };
	}
	/** Queues a message for a device. */
	queue(devEui: string, downlink: Downlink): void {
		this.server.queue(devEui, downlink);
	}
	/** The power came (back), or the node was reset: where laws and specifications count from there. */
	restarted(): void {
		this.watch.restarted(this.#node, this.#options.scheduler.now);
	}
	/** Closes everything that is real. */
	async close(): Promise<void> {
		await Promise.all(this.#forwarders.map((each) => each.close()));
	}

	#sent(frame: LoraFrame) {
		const own = this.#own;
		this.watch.device(frame, this.#node);
		this.#answerUntilMs = frame.endMs + ANSWER_MS;
		own.frames++;
		own.airtimeMs += frame.endMs - frame.startMs;
		this.#options.scheduler.at(frame.endMs + 0.001, () => {
			if (!this.#heard.has(frame)) own.lostOnAir++;
		});
	}
}
