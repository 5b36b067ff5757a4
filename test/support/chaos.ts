import { Broker } from "../../sim/net/broker.js";
import type { Seeded } from "../../sim/seeded.js";
import { type ConnectionFaults, randomFaults } from "./faulty-lane.js";
import type { MqttRig } from "./mqtt-rig.js";
import { RawClient } from "./raw-client.js";

/** Longest exchange, in milliseconds. */
export const DEADLINE_MS = 5000;

/** Reasons with which a busy or picky server refuses a connection. Source: MQTT 5.0 §3.2.2.2; 3.1.1 §3.2.2.3. */
const REFUSALS: Readonly<Record<5 | 4, readonly number[]>> = Object.freeze({
	5: [0x80, 0x88, 0x89, 0x97, 0x9f],
	4: [3],
});

/** What befalls a node, its connections and its broker, by chance. Counts what it did. */
export class Chaos {
	readonly counts = new Map<string, number>();
	readonly #rig: MqttRig;
	readonly #random: Seeded;
	readonly #version: 5 | 4;
	isOn = true;
	#mood = 1;
	#impostors: RawClient[] = [];

	constructor(rig: MqttRig, random: Seeded, version: 5 | 4) {
		this.#rig = rig;
		this.#random = random;
		this.#version = version;
	}

	/** Faults of the next connection. The weather changes: spells in which all goes wrong, and fair ones. */
	connection(): ConnectionFaults {
		if (!this.isOn || this.#random.real() > this.#mood) return {};
		const faults = randomFaults(this.#random, 2 * DEADLINE_MS);
		for (const [lane, what] of [
			["up", faults.up],
			["down", faults.down],
		] as const)
			for (const kind of Object.keys(what ?? {})) if (!/Ms$/.test(kind)) this.#did(`${lane} ${kind}`);
		if (faults.refuse) this.#did("refuse");
		return faults;
	}

	/** Before a wake: what the simulation's broker does to it. */
	beforeWake(): void {
		const { broker, outer, scheduler, inner, node } = this.#rig;
		const random = this.#random;
		if (random.real() < 0.05) this.#mood = random.real();
		const { faults } = broker;
		faults.refuse = faults.swallowPuback = faults.pubackReason = faults.dropOnPublish = 0;
		faults.silent = false;
		switch (random.between(0, 40)) {
			case 0:
				faults.refuse = REFUSALS[this.#version][random.between(0, REFUSALS[this.#version].length - 1)]!;
				this.#did("server busy");
				break;
			case 1:
				faults.swallowPuback = random.between(1, 3);
				this.#did("PUBACK swallowed");
				break;
			case 2:
				if (this.#version === 5) faults.pubackReason = random.real() < 0.5 ? 0x97 : 0x80;
				this.#did("PUBACK refuses");
				break;
			case 3:
				faults.silent = true;
				this.#did("server silent");
				break;
			case 4:
				faults.dropOnPublish = random.between(1, 3);
				this.#did("dropped on PUBLISH");
				break;
			case 5:
				broker.drop();
				this.#limit();
				this.#did("broker restarted with its store");
				break;
			case 6:
				broker.drop();
				this.#rig.serve(new Broker(scheduler));
				this.#limit();
				this.#did("broker restarted without its store");
				break;
			case 7: {
				const from = scheduler.now + random.real() * 200;
				outer.addOutage({
					from,
					to: from + random.real() * 2 * DEADLINE_MS,
					how: random.real() < 0.5 ? "silent" : "refused",
				});
				this.#did("outage");
				break;
			}
			case 8:
			case 9: {
				// Another client takes the session over in the middle of the exchange, perhaps to keep it.
				const stays = random.real() * 60_000;
				scheduler.after(random.real() * 150, () => {
					const other = new RawClient(inner, this.#version, 1883, () =>
						other.connect(node.nodeId, { clean: random.real() < 0.5 }),
					);
					this.#impostors.push(other);
					scheduler.after(stays, () => other.close());
				});
				this.#did("taken over");
			}
		}
	}

	/** When the power goes in this wake, in milliseconds; undefined: not at all. */
	powerCut(): number | undefined {
		if (!this.isOn || this.#random.real() > 0.05) return undefined;
		this.#did("power cut");
		return this.#random.real() * 150;
	}

	/** After a wake: what sleep does to what was retained. */
	afterWake(): void {
		const dice = this.#random.real();
		if (dice < 0.01) this.#rig.node.forget();
		else if (dice < 0.02) this.#rig.node.corrupt();
		if (dice < 0.02) this.#did("retained lost");
	}

	/** Fair weather from here on. */
	end(): void {
		this.isOn = false;
		for (const other of this.#impostors) other.close();
		const { faults } = this.#rig.broker;
		faults.refuse = faults.swallowPuback = faults.pubackReason = faults.dropOnPublish = 0;
		faults.silent = false;
	}

	/** The broker's operator changes what it takes. */
	#limit() {
		const random = this.#random;
		const { limits } = this.#rig.broker;
		delete limits.maximumPacketSize;
		delete limits.receiveMaximum;
		delete limits.topicAliasMaximum;
		delete limits.serverKeepAlive;
		if (random.real() < 0.5) limits.receiveMaximum = random.between(1, 6);
		if (random.real() < 0.5) limits.topicAliasMaximum = random.between(1, 3);
		if (random.real() < 0.3) limits.maximumPacketSize = random.between(70, 300);
		if (random.real() < 0.3) limits.serverKeepAlive = random.between(1, 100);
		this.#did("broker's limits changed");
	}
	#did(what: string) {
		this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
	}
}
