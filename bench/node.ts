import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../sim/engine/bundle.js";
import { NodeEngine } from "../sim/engine/node.js";
import { loadRecording } from "../sim/world/csv.js";
import { Model } from "../sim/world/model.js";
import { Replay } from "../sim/world/replay.js";
import { DAY_MS, run, WEATHER } from "../test/support/simulate.js";
import { row } from "./row.js";

const RECORDING = join(PROJECT, "../shared/data/weather-ewr-2013.csv");

/** Wakes a second on the Node engine, bytes a sample, awake time and round trips of a publish. */
export async function bench(): Promise<void> {
	const bundle = await bundleFirmware(WEATHER);
	for (const [modules, days] of [
		["kept", 180],
		["fresh", 60],
	] as const) {
		const firmware = new NodeEngine(modules).load(bundle);
		await run({ firmware, days: 10 }); // warm-up
		const before = process.cpuUsage();
		const { summary } = await run({ firmware, days });
		const { user, system } = process.cpuUsage(before);
		row(
			`wakes a second of one core, modules ${modules}`,
			summary.wakes / ((user + system) / 1e6),
			"budget ≥ 5,000 for kept",
		);
	}
	const firmware = new NodeEngine("kept").load(bundle);
	const model = await run({ firmware, days: 365 });
	row("bytes a sample, model, batches of 12", model.summary.frameBytes / model.summary.decoded);
	row("bytes a sample with MQTT around", model.summary.bytesOut / model.summary.decoded);
	if (existsSync(RECORDING)) {
		const world = new Replay(loadRecording(RECORDING), new Model({ seed: 1 }));
		const { summary } = await run({ firmware, world, days: world.lengthMs / DAY_MS });
		row("bytes a sample, weather-ewr-2013 interpolated to 10 min, batches of 12", summary.frameBytes / summary.decoded);
	}
	const [near, far] = [
		await run({ days: 1, network: { delayMs: 0 } }),
		await run({ days: 1, network: { delayMs: 50 } }),
	];
	const publish = ({ wakes }: typeof near) => wakes.find(({ report }) => report!.frames > 0)!.awakeMs;
	row("awake for a wake without publish, ms, modelled without JavaScript's time", near.wakes[1]!.awakeMs);
	row("round trips of a wake with publish: name, TCP, CONNECT, PUBLISH", (publish(far) - publish(near)) / 100);
}
