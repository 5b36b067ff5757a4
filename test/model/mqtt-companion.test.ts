import type { Companion, CompanionDeclaration, CompanionMessage } from "../../net/mqtt/companion.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { DEADLINE_MS } from "../support/chaos.js";
import { type ConnectionFaults, randomFaults } from "../support/faulty-lane.js";
import { MqttRig, type MqttRigOptions } from "../support/mqtt-rig.js";
import { seedOf } from "../support/seed.js";

const WAKES = 1000;
const RECORDS = 6;

/** What is to be told beside the frames: larger than all that the client has to keep it in. */
const MESSAGES = Object.freeze([
	{ topic: "beside/large", qos: 1, retain: true, length: 3000, expirySeconds: 0 },
	{ topic: "beside/brief", qos: 0, retain: false, length: 40, expirySeconds: 60 },
	{ topic: "beside/empty", qos: 1, retain: true, length: 0, expirySeconds: 0 },
	{ topic: "beside/last", qos: 1, retain: false, length: 700, expirySeconds: 5 },
] as const);

/** Byte of a message's payload. */
function byteOf(message: number, offset: number): number {
	return (message * 31 + offset * 7 + (offset >> 8)) & 255;
}

/** Tells all of {@link MESSAGES} once; how far it came is retained. `again` asks for another round. */
class Beside implements Companion {
	/** All rounds, over all wakes: what the world wants to know. */
	static rounds = 0;
	told = 0;
	round = 0;
	next(message: CompanionMessage): boolean {
		if (this.round < Beside.rounds) {
			this.round = Beside.rounds;
			this.told = 0;
		}
		const of = MESSAGES[this.told];
		if (of) Object.assign(message, of);
		return of !== undefined;
	}
	write(offset: number, into: Uint8Array): void {
		for (let at = 0; at < into.length; at++) into[at] = byteOf(this.told, offset + at);
	}
	done(): void {
		this.told++;
	}
	retain(into: DataView): number {
		into.setUint8(0, this.told);
		into.setUint32(1, this.round);
		return 5;
	}
	restore(from: DataView): void {
		if (from.byteLength < 5) return;
		this.told = from.getUint8(0);
		this.round = from.getUint32(1);
	}
	forgotten(): void {
		this.told = 0;
	}
}
const beside: CompanionDeclaration = { kind: "beside", plan: () => beside, create: () => new Beside() };

/** A node with a companion, and how often each of its messages came. */
function rigOf(options: MqttRigOptions = {}): { readonly rig: MqttRig; readonly came: number[] } {
	Beside.rounds = 0;
	const rig = new MqttRig({ ...options, mqtt: { companions: [beside], ...options.mqtt } });
	rig.monitor.exempt = (topic) => topic.startsWith("beside/");
	const came = MESSAGES.map(() => 0);
	rig.broker.subscribe("beside/#", (topic, payload) => {
		const n = MESSAGES.findIndex((message) => message.topic === topic);
		assert.equal(payload.length, MESSAGES[n]!.length, `${topic}: length`);
		assert.ok(
			payload.every((byte, at) => byte === byteOf(n, at)),
			`${topic}: payload`,
		);
		came[n]!++;
	});
	return { rig, came };
}

describe("mqtt companion, beside the frames", () => {
	for (const version of [5, 4] as const) {
		it(`companion: version ${version}, messages larger than the buffer, each once, and frames as ever`, () => {
			const { rig, came } = rigOf({ mqtt: { version } });
			for (let wakes = 0; wakes < 4; wakes++) {
				assert.equal(rig.wake(RECORDS), "idle");
				rig.sleep(600_000);
			}
			rig.settle("in the end");
			assert.deepEqual(came, [1, 1, 1, 1]);
		});

		it(`companion: version ${version}, cut along the exchange, frames once and each message in the end`, () => {
			let cuts = 0;
			for (const [lane, step] of [
				["up", 29],
				["down", 1],
			] as const)
				for (let cutAt = 0; ; cutAt += step) {
					let left = 0;
					const script = (): ConnectionFaults => (left-- > 0 ? { [lane]: { cutAt } } : {});
					const { rig, came } = rigOf({ mqtt: { version }, script });
					rig.wake(1);
					rig.sleep(600_000);
					Beside.rounds++;
					came.fill(0);
					const connections = rig.proxy.connections;
					left = 1;
					const isWhole = rig.wake(RECORDS) === "idle" && rig.proxy.connections === connections + 1;
					const wereAll = came.every((count) => count > 0);
					left = 0;
					rig.sleep(600_000);
					for (let wakes = 0; wakes < 4; wakes++) {
						rig.wake(1);
						rig.sleep(600_000);
					}
					rig.settle(`cut at ${cutAt} ${lane}`);
					// QoS 0 may be lost with its connection, as it says
					for (const [n, { qos, topic }] of MESSAGES.entries())
						if (qos) assert.ok(came[n]! > 0, `cut at ${cutAt} ${lane}: ${topic} never came`);
					cuts++;
					if (isWhole && wereAll && cutAt > 40) break;
					assert.ok(cutAt < 6000, "the exchange has no end");
				}
			console.log(`      ${cuts} cuts`);
			assert.ok(cuts > 120, `only ${cuts} cuts`);
		});
	}

	const seed = seedOf(111);
	it(`companion: ${WAKES} wakes among faults and small brokers, seed ${seed}, frames once and each message in the end`, () => {
		const random = new Seeded(seed);
		let isOn = true;
		const { rig, came } = rigOf({
			seed,
			sleeper: { deadlineMs: DEADLINE_MS },
			script: () => (isOn && random.real() < 0.4 ? randomFaults(random, DEADLINE_MS) : {}),
		});
		for (let wake = 0; wake < WAKES; wake++) {
			if (random.real() < 0.2) Beside.rounds++;
			const { limits } = rig.broker;
			delete limits.receiveMaximum;
			delete limits.topicAliasMaximum;
			if (random.real() < 0.3) limits.receiveMaximum = random.between(1, 3);
			if (random.real() < 0.3) limits.topicAliasMaximum = 1;
			const cutMs = random.real() < 0.03 ? random.real() * 200 : undefined;
			rig.wake(rig.node.queued < 100 ? random.between(0, 4) : 0, cutMs);
			rig.check(`wake ${wake}`);
			rig.sleep(1000 * random.between(1, 600));
		}
		isOn = false;
		Beside.rounds++;
		came.fill(0);
		for (let wakes = 0; wakes < 5; wakes++) {
			rig.wake(0);
			rig.sleep(600_000);
		}
		rig.settle("in the end");
		assert.deepEqual(came, [1, 1, 1, 1]);
	}).timeout(120_000);

	it("companion: a broker that takes no packet so large, the frames go all the same", () => {
		const { rig, came } = rigOf();
		rig.broker.limits.maximumPacketSize = 400;
		for (let wakes = 0; wakes < 4; wakes++) {
			assert.equal(rig.wake(RECORDS), "idle");
			rig.sleep(600_000);
		}
		rig.settle("in the end");
		assert.equal(came[0], 0);
	});
});
