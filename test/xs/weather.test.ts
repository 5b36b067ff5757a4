import { createHash } from "node:crypto";
import { bundleFirmware } from "../../sim/engine/bundle.js";
import type { Engine, FirmwareBundle } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine, type XsWake } from "../../sim/engine/xs.js";
import { Faults } from "../../sim/faults.js";
import { Broker } from "../../sim/net/broker.js";
import { VirtualNetwork } from "../../sim/net/virtual.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Simulation } from "../../sim/simulation.js";
import { Model } from "../../sim/world/model.js";
import * as assert from "../assert.js";
import { needsXs } from "./support.js";

const DAY_MS = 86_400_000;

/** A node's life on an engine, with faults of sensor, broker and Wi-Fi on its way. */
async function live(engine: Engine, bundle: FirmwareBundle, days: number) {
	const scheduler = new Scheduler();
	const outages = [{ from: 2.2 * DAY_MS, to: 2.4 * DAY_MS, how: "silent" as const }];
	const script = new Faults();
	const all = ["sensor@12h..14h", "nonsense@20h..21h", "rtc@1.1d", "power@1.5d..1.6d", "ap@3d..4d"];
	for (const fault of [...all, "roam@6d", "subnet@8d", "dhcp@9d..11d", "ntp@13d..15d", "lie@18d..19d"])
		script.add(fault);
	const network = new VirtualNetwork(scheduler, { seed: 7, loss: 0.05, outages });
	const firmware = engine.load(bundle);
	const boot = firmware.boot.bind(firmware);
	const calls = createHash("sha256");
	let last: XsWake | undefined;
	firmware.boot = (host) => {
		const wake = boot({
			call(request) {
				calls.update(request);
				return host.call(request);
			},
		});
		last = wake as XsWake;
		return wake;
	};
	const written = new Set<string>();
	const faults: string[] = [];
	const payloads: string[] = [];
	const simulation = new Simulation({
		scheduler,
		world: new Model({ seed: 7 }),
		network,
		firmware,
		seed: 7,
		settings: { evidenceKey: "00112233445566778899aabbccddeeff" },
		faults: script,
		drift: (at) => 2000 + 800 * Math.sin((2 * Math.PI * at) / DAY_MS),
		lengthMs: days * DAY_MS,
		onWake({ fault }) {
			if (fault && fault.reason !== "host") faults.push(`${fault.reason}: ${fault.message} ${fault.where}`);
			if (engine.name === "xs") for (const name of last?.figures()?.moduleWrites ?? []) written.add(name);
		},
	});
	const broker = new Broker(scheduler);
	broker.serve(network);
	broker.subscribe("#", (topic, payload) => {
		payloads.push(Buffer.from(payload).toString("hex"));
		if (topic.endsWith("/t")) simulation.receive(payload);
	});
	try {
		const summary = await simulation.run();
		return { summary, payloads, faults, written: [...written], calls: calls.digest("hex") };
	} finally {
		await network.close();
		firmware.close();
	}
}

describe("the weather node on xs", () => {
	const host = needsXs();

	for (const [file, days] of [
		["nodes/weather.ts", 30],
		["nodes/weather-senml.ts", 30],
		["nodes/cold-chain.ts", 30],
		["nodes/home.ts", 5],
	] as const)
		it(`${file}, ${days} days with faults: payloads and host calls are those of the Node engine, byte for byte`, async function () {
			this.timeout(180_000);
			const bundle = await bundleFirmware(file);
			const node = await live(new NodeEngine("fresh"), bundle, days);
			const xs = await live(new XsEngine(host()), bundle, days);
			assert.deepEqual(xs.faults, []);
			assert.deepEqual(xs.written, [], "module state that a wake wrote");
			assert.ok(node.payloads.length > 300, `${node.payloads.length} payloads`);
			assert.deepEqual(xs.payloads, node.payloads);
			assert.deepEqual(xs.summary, node.summary);
			assert.deepEqual([xs.summary.wrong, xs.summary.undecodable], [0, 0]);
			assert.equal(xs.calls, node.calls);
		});

	it("module scope: nothing that the SDK's linker would warn of", async () => {
		for (const file of ["nodes/weather-senml.ts", "nodes/home.ts"]) {
			const firmware = new XsEngine(host()).load(await bundleFirmware(file));
			const { warnings } = firmware;
			firmware.close();
			assert.deepEqual(warnings, []);
		}
	});

	for (const ram of ["esp32", "esp32c3", 40_960])
		it(`a day with ${ram} of RAM: no fault`, async function () {
			this.timeout(60_000);
			const bundle = await bundleFirmware("nodes/weather.ts");
			const { faults, summary } = await live(new XsEngine(host(), { ram }), bundle, 1);
			assert.deepEqual(faults, []);
			assert.near(summary.wakes, 144, 1); // its clock is fast, until it knows
		});
});
