import { symbolMs, timeOnAirMs } from "../chips/lora-air.js";
import type { Scheduler } from "../scheduler.js";
import { Seeded } from "../seeded.js";
import type { Gateway } from "./gateway.js";
import type { GatewayChannel } from "./gateway-plan.js";
import { noiseDbm, type RadioAir, type RadioStation, sensitivityDbm } from "./radio-air.js";

/** How many there are, and how far from their gateway at most. */
const NODES = 40;
const RADIUS_M = 3000;
const GAIN_DBI = 2.15;
const POWER_DBM = 13;
/** What their networks leave to the SNR that a spreading factor needs, in dB. */
const MARGIN_DB = 10;
const SHORTEST = 14;
const LONGEST = 45;
/** Of somebody else's network. */
const DEV_ADDR = 0x0c00_0000;
const HOUR_MS = 3_600_000;

interface Node {
	readonly station: RadioStation;
	readonly spreadingFactor: number;
	readonly devAddr: number;
	fCnt: number;
}

/** Other nodes around the gateways, each at the spreading factor that it needs, at random times on random channels. */
export class OtherNodes {
	readonly #scheduler: Scheduler;
	readonly #seeded: Seeded;
	readonly #nodes: Node[] = [];
	readonly #channels: readonly GatewayChannel[];
	readonly #everyMs: number;
	/** Frames so far. */
	frames = 0;

	/** @param anHour frames of all of them an hour, on the average */
	constructor(
		scheduler: Scheduler,
		air: RadioAir,
		gateways: readonly Gateway[],
		channels: readonly GatewayChannel[],
		seed: number,
		anHour: number,
	) {
		this.#scheduler = scheduler;
		const seeded = new Seeded(seed ^ 0x07e5);
		this.#seeded = seeded;
		this.#channels = channels.filter(({ spreadingFactor }) => spreadingFactor === undefined);
		this.#everyMs = HOUR_MS / anHour;
		for (let n = 0; n < NODES; n++) {
			const home = gateways[n % gateways.length]!.station;
			const radius = RADIUS_M * Math.sqrt(seeded.real());
			const angle = 2 * Math.PI * seeded.real();
			const station = air.station({
				xM: home.place.xM + radius * Math.cos(angle),
				yM: home.place.yM + radius * Math.sin(angle),
				gainDbi: GAIN_DBI,
			});
			const level = POWER_DBM + GAIN_DBI + home.place.gainDbi - air.lossDb(station, home);
			let spreadingFactor = 7;
			while (spreadingFactor < 12 && level < sensitivityDbm(spreadingFactor, 125_000) + MARGIN_DB) spreadingFactor++;
			if (level < noiseDbm(125_000) - 40) continue; // nobody would have put it there
			this.#nodes.push({ station, spreadingFactor, devAddr: DEV_ADDR + n, fCnt: seeded.between(0, 0xffff) });
		}
		if (this.#nodes.length) this.#next();
	}

	#next() {
		const ms = -Math.log(1 - this.#seeded.real()) * this.#everyMs;
		this.#scheduler.after(ms, () => {
			this.#send();
			this.#next();
		});
	}
	#send() {
		const seeded = this.#seeded;
		const node = this.#nodes[seeded.between(0, this.#nodes.length - 1)]!;
		const bytes = Uint8Array.from({ length: seeded.between(SHORTEST, LONGEST) }, () => seeded.u32());
		const view = new DataView(bytes.buffer);
		bytes[0] = 0x40;
		view.setUint32(1, node.devAddr, true);
		bytes[5] = 0;
		view.setUint16(6, (node.fCnt = (node.fCnt + 1) & 0xffff), true);
		const { frequencyHz, bandwidthHz } = this.#channels[seeded.between(0, this.#channels.length - 1)]!;
		const shape = {
			...{ spreadingFactor: node.spreadingFactor, bandwidthHz, codingRate: 1, preambleSymbols: 8 },
			...{ implicit: false, crc: true, lowDataRate: false },
		};
		shape.lowDataRate = symbolMs(shape) >= 16;
		const startMs = this.#scheduler.now;
		const endMs = startMs + timeOnAirMs(shape, bytes.length);
		this.frames++;
		node.station.transmit({
			...shape,
			...{ frequencyHz, invertIq: false, syncWord: 0x34, powerDbm: POWER_DBM, bytes, impaired: false, startMs, endMs },
		});
	}
}
