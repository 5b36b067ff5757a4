import { utf8 } from "../../modules/core/bytes.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { DEADLINE_MS } from "../support/chaos.js";
import { type ConnectionFaults, randomFaults } from "../support/faulty-lane.js";
import { MqttRig, type MqttRigOptions } from "../support/mqtt-rig.js";
import { RawClient } from "../support/raw-client.js";
import { seedOf } from "../support/seed.js";

const COMMANDS = "dormouse/sleeper-1/c";
const WAKES = 1200;

function command(rig: MqttRig, text: string, qos: 0 | 1 = 1): void {
	rig.broker.publish(COMMANDS, utf8(text), { qos });
}

/** A node that takes messages, introduced to its broker. */
function introduced(options: MqttRigOptions = {}): MqttRig {
	const rig = new MqttRig({ ...options, mqtt: { downlinks: {}, ...options.mqtt } });
	assert.equal(rig.wake(1), "idle");
	rig.sleep(600_000);
	return rig;
}

/** Texts without those that came before. */
function distinct(texts: readonly string[]): string[] {
	return [...new Set(texts)];
}

describe("mqtt commands for a node that sleeps", () => {
	for (const version of [5, 4] as const) {
		it(`commands: version ${version}, queued while it sleeps, taken at the next wake in order, more than fit at once`, () => {
			const rig = introduced({ mqtt: { version } });
			const texts = Array.from({ length: 25 }, (_, n) => `command ${n}`);
			for (const text of texts) command(rig, text);
			command(rig, "nobody keeps this", 0);
			for (let wakes = 0; rig.node.taken.length < texts.length && wakes < 10; wakes++) {
				assert.equal(rig.wake(3), "idle");
				rig.sleep(600_000);
			}
			assert.deepEqual(rig.node.taken, texts);
			rig.wake(1);
			rig.sleep(1000);
			assert.equal(rig.node.taken.length, texts.length, "what was acknowledged does not come again");
			rig.settle("in the end");
		});

		it(`commands: version ${version}, the exchange cut after each byte in each direction, each taken, none before it was repeated without saying so`, () => {
			let cuts = 0;
			let again = 0;
			for (const lane of ["up", "down"] as const)
				for (const most of [1, 9])
					for (let cutAt = 0; ; cutAt++) {
						let left = 0;
						const heard: string[] = [];
						const script = (): ConnectionFaults => (left-- > 0 ? { [lane]: { cutAt } } : {});
						const rig = introduced({
							mqtt: { version },
							script,
							sleeper: {
								onDownlink: (text, repeated) => {
									assert.ok(repeated || !heard.includes(text), `${text} came twice and did not say so`);
									if (heard.includes(text)) again++;
									heard.push(text);
									return true;
								},
							},
						});
						const connections = rig.proxy.connections;
						for (const text of ["a", "b", "c"]) command(rig, text);
						left = most;
						const outcome = rig.wake(5);
						left = 0;
						rig.sleep(600_000);
						const isWhole = outcome === "idle" && rig.proxy.connections === connections + 1;
						for (let wakes = 0; wakes < 3; wakes++) {
							rig.wake(0);
							rig.sleep(600_000);
						}
						rig.settle(`cut at ${cutAt} ${lane}`);
						assert.deepEqual(distinct(heard), ["a", "b", "c"], `cut at ${cutAt} ${lane}`);
						cuts++;
						if (isWhole && cutAt > 30) break;
						assert.ok(cutAt < 1000, "the exchange has no end");
					}
			console.log(`      ${cuts} cuts, ${again} commands came again`);
			assert.ok(cuts > 100, `only ${cuts} cuts`);
		});

		it(`commands: version ${version}, not taken, come again at each wake and not for ever; refused, come once`, () => {
			const heard: string[] = [];
			const rig = introduced({
				mqtt: { version },
				sleeper: {
					onDownlink: (text, repeated) => {
						heard.push(repeated ? `${text} again` : text);
						return text === "poison" ? undefined : text !== "nonsense";
					},
				},
			});
			command(rig, "poison");
			command(rig, "nonsense");
			command(rig, "sound");
			for (let wakes = 0; wakes < 8; wakes++) {
				assert.equal(rig.wake(1), "idle");
				rig.sleep(600_000);
			}
			assert.deepEqual(heard, ["poison", "nonsense", "sound", "poison again", "poison again"]);
			assert.deepEqual(rig.node.taken, ["sound"]);
			rig.settle("in the end");
		});

		// 3.1.1 has no words to refuse a frame
		if (version === 5)
			it(`commands: version ${version}, frames that are refused cost none of them`, () => {
				const rig = introduced({ mqtt: { version } });
				rig.broker.faults.pubackReason = 0x97;
				rig.broker.faults.swallowPuback = 0;
				rig.wake(3);
				rig.sleep(600_000);
				command(rig, "open");
				rig.broker.faults.pubackReason = 0;
				rig.wake(1);
				rig.sleep(600_000);
				rig.wake(1);
				assert.deepEqual(rig.node.taken, ["open"]);
			});

		it(`commands: version ${version}, a message that is larger than the node takes does not keep frames from leaving`, () => {
			const rig = introduced({ mqtt: { version } });
			command(rig, "x".repeat(3000));
			command(rig, "small");
			for (let wakes = 0; wakes < 3; wakes++) {
				rig.wake(2);
				rig.sleep(600_000);
			}
			rig.settle("in the end");
		});

		it(`commands: version ${version}, taken over by another client ${version === 5 ? "in the window, said plainly" : "in the window, where nothing is left to do"}`, () => {
			const rig = introduced({ mqtt: { version, downlinks: { window: 5 } } });
			rig.scheduler.after(1000, () => {
				const other = new RawClient(rig.inner, version, 1883, () => other.connect(rig.node.nodeId));
			});
			assert.equal(rig.wake(2), version === 5 ? "failed taken-over" : "idle");
			rig.settle("in the end");
		});

		const seed = seedOf(100 + version);
		it(`commands: version ${version}, ${WAKES} wakes among faults of the network, seed ${seed}, each taken, in order`, () => {
			const random = new Seeded(seed);
			let isOn = false;
			const rig = introduced({
				seed,
				mqtt: { version, downlinks: { window: 1 } },
				sleeper: { deadlineMs: DEADLINE_MS },
				script: () => (isOn && random.real() < 0.5 ? randomFaults(random, DEADLINE_MS) : {}),
			});
			isOn = true;
			const sent: string[] = [];
			for (let wake = 0; wake < WAKES; wake++) {
				const publish = () => {
					const text = `${sent.length}`;
					sent.push(text);
					command(rig, text);
				};
				// while it sleeps, or in the middle of its exchange
				for (let more = random.between(0, 3); more > 0; more--)
					if (random.real() < 0.5) publish();
					else rig.scheduler.after(random.real() * 1000, publish);
				rig.wake(rig.node.queued < 100 ? random.between(0, 4) : 0);
				rig.check(`wake ${wake}`);
				rig.sleep(1000 * random.between(1, 600));
			}
			isOn = false;
			for (let wakes = 0; wakes < 20 && (rig.node.queued || new Set(rig.node.taken).size < sent.length); wakes++) {
				rig.wake(0);
				rig.sleep(600_000);
			}
			rig.settle("in the end");
			assert.deepEqual(distinct(rig.node.taken), sent);
			console.log(
				`      ${sent.length} commands, ${rig.node.taken.length - sent.length} came again; ${[...rig.node.outcomes].map(([what, count]) => `${what} ${count}`).join(", ")}`,
			);
		}).timeout(120_000);
	}
});
