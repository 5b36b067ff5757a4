import type { LorawanOptions } from "../../net/lorawan/lorawan.js";
import type { Region } from "../../net/lorawan/region.js";
import { eu868 } from "../../net/lorawan/region-eu868.js";
import { HELTEC_V2, HELTEC_V3 } from "../../net/radio/boards.js";
import { declareSx126x } from "../../net/radio/sx126x-driver.js";
import { declareSx127x } from "../../net/radio/sx127x-driver.js";
import { Sx1262Chip } from "../../sim/chips/sx1262.js";
import { Sx1276Chip } from "../../sim/chips/sx1276.js";
import { LorawanNetwork, type LorawanNetworkOptions } from "../../sim/lora/lorawan-network.js";
import type { Uplink } from "../../sim/lora/network-server.js";
import { Seeded } from "../../sim/seeded.js";
import { LoraRig } from "./lorawan.js";
import { RigClock, RigIo } from "./radio-rig.js";
import { VirtualTimers } from "./virtual-timers.js";

/** GPS time of 2026-03-01, in milliseconds. */
export const GPS_MS = Date.UTC(2026, 2, 1) - 315_964_800_000 + 18_000;

export interface NetworkRigOptions {
	readonly region?: Region;
	readonly family?: "sx127x" | "sx126x";
	readonly seed?: number;
	readonly node?: Partial<LorawanOptions>;
	readonly network?: Partial<LorawanNetworkOptions>;
}

/** LoRaWAN's MAC over a driver on a chip's model, with the simulator's air, gateways and network server at the other end. */
export class NetworkRig {
	readonly node: LoraRig;
	readonly network: LorawanNetwork;
	readonly chip: Sx1262Chip | Sx1276Chip;
	readonly devEui: string;
	readonly uplinks: Uplink[] = [];
	#count = 0;

	constructor({ region = eu868, family = "sx126x", seed = 1, node, network }: NetworkRigOptions = {}) {
		const rig = new LoraRig(new Seeded(seed), { region, ...node });
		this.node = rig;
		const { scheduler } = rig;
		this.network = new LorawanNetwork({ scheduler, region, seed, gpsMsAtZero: GPS_MS, ...network });
		this.network.onUplink = (uplink) => this.uplinks.push(uplink);
		const { air } = this.network;
		rig.settings = this.network.provision(Uint8Array.of(2, 0, 0, 0, 0, seed));
		this.devEui = rig.settings.devEui!;
		rig.boot();
		const clock = new RigClock(scheduler);
		const ports = { clock, timers: new VirtualTimers(scheduler) };
		this.chip =
			family === "sx126x" ? new Sx1262Chip({ scheduler, air, tcxoMs: 5 }) : new Sx1276Chip({ scheduler, air });
		const lines =
			family === "sx126x"
				? { [HELTEC_V3.reset]: "reset", [HELTEC_V3.busy]: "busy", [HELTEC_V3.dio1]: "dio1" }
				: { [HELTEC_V2.reset]: "reset", [HELTEC_V2.dio0]: "dio0", [HELTEC_V2.dio1]: "dio1" };
		const io = new RigIo(this.chip, lines, clock);
		const open = () => io;
		const declaration = family === "sx126x" ? declareSx126x(HELTEC_V3, open) : declareSx127x(HELTEC_V2, open);
		rig.radio = () => declaration.create(ports);
	}
	/** Exchanges with a payload each, so far apart. */
	run(exchanges: number, everyMs: number): void {
		for (let n = 0; n < exchanges; n++) {
			const number = this.#count++;
			this.node.queue.push(Uint8Array.of(number >> 8, number, 3, 4, 5, 6, 7, 8));
			this.node.exchange();
			this.node.sleep(everyMs);
		}
	}
	/** Numbers of the payloads that came, each as often as it did. */
	get numbers(): number[] {
		return this.uplinks.filter(({ port }) => port === 1).map(({ payload }) => payload[0]! * 256 + payload[1]!);
	}
}
