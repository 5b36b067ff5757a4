import { join } from "node:path";
import { connectAsync, type IPublishPacket } from "mqtt";
import { PROJECT } from "../../sim/engine/bundle.js";
import { announcementOf } from "../../tools/home-assistant.js";
import { Fleet } from "../../tools/monitor/fleet.js";
import { loadNode } from "../../tools/node-file.js";
import * as assert from "../assert.js";
import { mosquittoForSuite } from "../support/mosquitto.js";
import { dormouse } from "../support/simulate.js";
import { render } from "../support/templates.js";

const HOME = join(PROJECT, "nodes/home.ts");

describe("home assistant over mosquitto", function () {
	this.timeout(120_000);
	const broker = mosquittoForSuite();

	it("a node in the simulation: what a Home Assistant that starts later gets is discovery and a state that expires", async () => {
		const url = `mqtt://127.0.0.1:${broker().port}`;
		const node = await loadNode(HOME);
		const fleet = new Fleet([node]);
		const live = await connectAsync(url, { protocolVersion: 4 });
		live.on("message", (topic, payload, { retain }) => fleet.take(topic, new Uint8Array(payload), retain, Date.now()));
		await live.subscribeAsync([...fleet.filters], { qos: 1 });
		const simulated = await dormouse([
			"simulate",
			"--node",
			HOME,
			"--days",
			"0.09",
			"--broker",
			url,
			"--engine",
			"node",
			"--json",
		]);
		assert.equal(simulated.status, 0, simulated.stderr);
		const later = await connectAsync(url, { protocolVersion: 5 });
		const kept = new Map<string, IPublishPacket>();
		later.on("message", (topic, _, packet) => kept.set(topic, packet));
		await later.subscribeAsync(["homeassistant/#", "dormouse/+/state"], { qos: 1 });
		for (let tries = 0; kept.size < 2 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
		await live.endAsync();
		await later.endAsync();

		const [config, state] = [...kept.values()].sort((a, b) => (a.topic > b.topic ? -1 : 1)) as [
			IPublishPacket,
			IPublishPacket,
		];
		assert.equal(kept.size, 2);
		const [member] = fleet.members;
		assert.equal(config.topic, `homeassistant/device/${member!.nodeId}/config`);
		assert.ok(config.retain && state.retain);
		assert.equal(`${config.payload}`, Buffer.from(announcementOf(node, member!.nodeId).payload).toString());
		assert.equal(config.properties?.messageExpiryInterval, undefined);
		const [first] = Object.values(JSON.parse(`${config.payload}`).cmps) as [{ exp_aft: number; val_tpl: string }];
		// What is left of it when it is passed on: MQTT 5.0 §3.3.2.3.3.
		assert.near(state.properties!.messageExpiryInterval!, first.exp_aft, 30);
		assert.equal(render(first.val_tpl, new Uint8Array(state.payload as Buffer)), member!.values[0]! / 10);
		assert.deepEqual([member!.missing, member!.again, member!.problems], [0, 0, 0]);
		assert.ok(member!.number >= 19, `${member!.number}`);
	});
});
