import { join } from "node:path";
import type { WakeLog } from "../sim/board.js";
import { awakeOf, chargeOf } from "../sim/energy.js";
import { bundleFirmware, PROJECT } from "../sim/engine/bundle.js";
import type { Engine } from "../sim/engine/engine.js";
import { NodeEngine } from "../sim/engine/node.js";
import { XsEngine } from "../sim/engine/xs.js";
import { MODEL_CA, type ModelServer } from "../sim/net/tls-model.js";
import { buildHost } from "../sim/xs/build.js";
import { run } from "../test/support/simulate.js";
import { row } from "./row.js";

/** One way, in milliseconds: a link of 10 ms, as in `awake`. */
const DELAY_MS = 10;

/** What a publish over TLS takes, by certificate and with a session that was kept over sleep, as modelled (docs/tls.md). */
export async function bench(): Promise<void> {
	const host = await buildHost({ progress: (line) => process.stderr.write(`${line}\n`) });
	if (!host.ready) process.stdout.write(`  JavaScript's time is not counted: ${host.reason}\n`);
	const engine: Engine = host.ready ? new XsEngine(host, { locate: false }) : new NodeEngine("kept");
	for (const [what, server, secrets] of [
		["1.2", { version: 1.2 }, {}],
		[
			"1.2 with the node's certificate",
			{ version: 1.2, wantsCertificate: true },
			{ certificate: "model", key: "model" },
		],
		["1.3", { version: 1.3 }, {}],
		[
			"1.3 with the node's certificate",
			{ version: 1.3, wantsCertificate: true },
			{ certificate: "model", key: "model" },
		],
	] as const) {
		const wakes = await days(engine, server, secrets);
		for (const how of ["full", "resumed"] as const) {
			// not the first one, which looks for the access point and asks for the time
			const wake = wakes.filter(({ tls }) => tls === how).at(-1)!;
			row(`TLS ${what}, ${how}: ms awake`, awakeOf(wake.split));
			row("  radio on", wake.split.radioMs);
			row("  bytes sent, MQTT among them", wake.bytesOut);
			row("  bytes received", wake.bytesIn);
			row("  mC", chargeOf(wake.split) / 1000);
		}
		const handshakes = wakes.filter(({ tls }) => tls);
		row(`  full of ${handshakes.length} handshakes in two days`, wakes.filter(({ tls }) => tls === "full").length);
	}
}

async function days(
	engine: Engine,
	server: ModelServer,
	secrets: Readonly<Record<string, string>>,
): Promise<readonly WakeLog[]> {
	const firmware = engine.load(await bundleFirmware(join(PROJECT, "nodes/weather-tls.ts")));
	const settings = { ca: MODEL_CA, ...secrets };
	try {
		const { wakes } = await run({
			firmware,
			days: 2,
			settings,
			network: { delayMs: DELAY_MS },
			serve: (network, broker) => void broker.serve(network, 8883, server),
		});
		return wakes;
	} finally {
		firmware.close();
	}
}
