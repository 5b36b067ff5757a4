import type { MqttOptions } from "../../net/mqtt/declaration.js";
import { Broker } from "../../sim/net/broker.js";
import { VirtualNetwork } from "../../sim/net/virtual.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { tapped, VirtualProxy } from "./fault-proxy.js";
import type { FaultScript } from "./faulty-lane.js";
import { type Outcome, Receiver, Sleeper, type SleeperOptions } from "./sleeper.js";
import { VirtualTimers } from "./virtual-timers.js";
import { WireMonitor } from "./wire-monitor.js";

/** Milliseconds one way between node and proxy. */
const DELAY_MS = 10;

export interface MqttRigOptions {
	readonly mqtt?: MqttOptions;
	readonly script?: FaultScript;
	readonly seed?: number;
	readonly sleeper?: Partial<SleeperOptions>;
	/** Serves the broker's port; by default the simulation's broker. */
	serve?(inner: VirtualNetwork, broker: Broker): void;
}

/** A sleeping node, a proxy that misbehaves, and a broker in virtual time, with a subscriber that stays connected. */
export class MqttRig {
	readonly scheduler = new Scheduler();
	readonly timers = new VirtualTimers(this.scheduler);
	readonly outer = new VirtualNetwork(this.scheduler, { delayMs: DELAY_MS });
	/** Between proxy and broker. */
	readonly inner = new VirtualNetwork(this.scheduler, { delayMs: 0 });
	readonly monitor = new WireMonitor();
	readonly receiver = new Receiver();
	readonly random: Seeded;
	readonly proxy: VirtualProxy;
	readonly node: Sleeper;
	broker = new Broker(this.scheduler);
	outcome: Outcome | undefined;

	constructor(options: MqttRigOptions = {}) {
		const { seed = 1 } = options;
		this.random = new Seeded(seed);
		this.proxy = new VirtualProxy(this.outer, this.inner, 1883, options.script, {}, seed);
		this.node = new Sleeper({
			network: tapped(this.outer, this.monitor),
			timers: this.timers,
			now: () => this.scheduler.now,
			seed,
			...(options.mqtt ? { mqtt: options.mqtt } : {}),
			...options.sleeper,
			onOutcome: (outcome) => {
				this.outcome = outcome;
				options.sleeper?.onOutcome?.(outcome);
			},
		});
		if (options.serve) options.serve(this.inner, this.broker);
		else this.serve(this.broker);
	}

	/** A broker takes the port over, with the subscriber at it. */
	serve(broker: Broker): void {
		this.broker = broker;
		broker.serve(this.inner);
		broker.subscribe(this.node.topic, (_, payload) => this.receiver.take(payload));
	}

	/** One wake, to its end. @param cutMs the power goes so many milliseconds after it began */
	wake(records: number, cutMs?: number): Outcome {
		const { scheduler, node } = this;
		this.outcome = undefined;
		node.wake(records);
		const until = cutMs === undefined ? Number.POSITIVE_INFINITY : scheduler.now + cutMs;
		while (node.isAwake && scheduler.advance(until));
		if (node.isAwake && cutMs !== undefined) node.cut();
		assert.ok(this.outcome, "the wake does not end");
		return this.outcome;
	}

	/** As {@link wake}, with a broker that lives in real time and gets its turn after each event. */
	async wakeWith(turn: () => Promise<void>, records: number, cutMs?: number): Promise<Outcome> {
		const { scheduler, node } = this;
		this.outcome = undefined;
		node.wake(records);
		const until = cutMs === undefined ? Number.POSITIVE_INFINITY : scheduler.now + cutMs;
		while (node.isAwake && scheduler.advance(until)) await turn();
		if (node.isAwake && cutMs !== undefined) node.cut();
		assert.ok(this.outcome, "the wake does not end");
		return this.outcome;
	}

	async sleepWith(turn: () => Promise<void>, ms: number): Promise<void> {
		const until = this.scheduler.now + ms;
		while (this.scheduler.advance(until)) await turn();
		this.scheduler.skipTo(until);
	}

	/** Lets time pass. */
	sleep(ms: number): void {
		const until = this.scheduler.now + ms;
		while (this.scheduler.advance(until));
		this.scheduler.skipTo(until);
	}

	/** All that must hold at any time. */
	check(what: string): void {
		for (const { violations } of [this.node, this.receiver, this.monitor])
			assert.deepEqual(violations, [], `${what}: violations`);
	}

	/** All records arrived, each once after de-duplication. */
	settle(what: string): void {
		this.check(what);
		assert.deepEqual(this.receiver.missing(this.node.made), [], `${what}: never arrived`);
		assert.equal(this.receiver.records, this.node.made, `${what}: records`);
		assert.equal(this.node.queued, 0, `${what}: queued`);
	}
}
