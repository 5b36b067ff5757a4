import type { Timers } from "../../modules/core/ports.js";
import type { MqttOptions } from "../../net/mqtt/declaration.js";
import { RealNetwork } from "../../sim/net/real.js";
import * as assert from "../assert.js";
import { FaultProxy, tapped } from "./fault-proxy.js";
import type { FaultScript } from "./faulty-lane.js";
import { type Outcome, Receiver, Sleeper, type SleeperOptions } from "./sleeper.js";
import { WireMonitor } from "./wire-monitor.js";

/** Timers of Node's. */
export const realTimers: Timers = {
	set(callback, ms) {
		const timer = setTimeout(callback, ms);
		return { close: () => clearTimeout(timer) };
	},
};

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits, five seconds at most. */
export async function until(condition: () => boolean, otherwise: string): Promise<void> {
	for (const began = performance.now(); !condition(); await pause(2))
		assert.ok(performance.now() - began < 5000, otherwise);
}

export interface RealRigOptions {
	readonly mqtt?: MqttOptions;
	readonly script?: FaultScript;
	readonly seed?: number;
	readonly sleeper?: Partial<SleeperOptions>;
}

/** A sleeping node and a proxy that misbehaves before a real broker, over loopback and in real time. */
export class RealRig {
	readonly monitor = new WireMonitor();
	/** To be fed by whoever subscribed. */
	readonly receiver = new Receiver();
	readonly proxy: FaultProxy;
	readonly node: Sleeper;
	readonly #network: RealNetwork;
	#done: ((outcome: Outcome) => void) | undefined;

	private constructor(proxy: FaultProxy, options: RealRigOptions) {
		this.proxy = proxy;
		this.#network = new RealNetwork(`mqtt://127.0.0.1:${proxy.port}`);
		const began = performance.now();
		this.node = new Sleeper({
			network: tapped(this.#network, this.monitor),
			timers: realTimers,
			now: () => performance.now() - began,
			deadlineMs: 5000,
			...(options.mqtt ? { mqtt: options.mqtt } : {}),
			...options.sleeper,
			onOutcome: (outcome) => this.#done?.(outcome),
		});
	}
	static async start(brokerPort: number, options: RealRigOptions = {}): Promise<RealRig> {
		return new RealRig(await FaultProxy.start(brokerPort, options.script, {}, options.seed), options);
	}

	/** One wake, to its end. */
	wake(records: number, cutMs?: number): Promise<Outcome> {
		return new Promise((resolve) => {
			const cut = cutMs === undefined ? undefined : setTimeout(() => this.node.cut(), cutMs);
			this.#done = (outcome) => {
				clearTimeout(cut);
				resolve(outcome);
			};
			this.node.wake(records);
		});
	}

	/** All that must hold at any time. */
	check(what: string): void {
		for (const { violations } of [this.node, this.receiver, this.monitor])
			assert.deepEqual(violations, [], `${what}: violations`);
	}

	/** All records arrived, each once after de-duplication. */
	async settle(what: string): Promise<void> {
		await until(
			() => this.receiver.records >= this.node.made,
			`${what}: ${this.node.made} were made, ${this.receiver.records} came; missing ${this.receiver.missing(this.node.made)}`,
		);
		this.check(what);
		assert.equal(this.receiver.records, this.node.made, `${what}: records`);
		assert.equal(this.node.queued, 0, `${what}: queued`);
	}

	async close(): Promise<void> {
		await this.#network.close();
		await this.proxy.close();
	}
}
