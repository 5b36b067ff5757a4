import * as dgram from "node:dgram";
import { connectAsync } from "mqtt";
import { toHex } from "../../modules/core/bytes.js";
import type { Engine } from "../../sim/engine/engine.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { NtpServer } from "../../sim/net/ntp-server.js";
import type { WifiStation } from "../../sim/net/wifi-station.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Model } from "../../sim/world/model.js";
import type { World } from "../../sim/world/world.js";
import * as assert from "../assert.js";
import { findMosquitto, Mosquitto } from "../support/mosquitto.js";
import { run, weatherBundle } from "../support/simulate.js";
import { needsXs } from "../xs/support.js";
import { buildLin, buildLoader, folder, removeFolders, skipUnlessSdk, wakeOnce } from "./sdk.js";

const SEED = 1;
const PERIOD_MS = 600_000;
const WAKES = 36;
const SETTINGS = { ssid: "desktop", passphrase: "in the test" };

/** The world of the desktop's provider: it stands still for a second at a time. */
class SteppedWorld implements World {
	readonly lengthMs = Number.POSITIVE_INFINITY;
	readonly #model = new Model({ seed: SEED });
	readonly startMs = this.#model.startMs;
	at(phenomenon: string, ms: number): number | undefined {
		return this.#model.at(phenomenon, Math.floor(ms / 1000) * 1000);
	}
}

/** What the simulated node with the same seed sends; its Wi-Fi is there at once, as a desktop's is. */
async function simulated(engine: Engine) {
	const { payloads, simulation } = await run({
		firmware: engine.load(await weatherBundle()),
		seed: SEED,
		world: new SteppedWorld(),
		days: (WAKES * PERIOD_MS - PERIOD_MS / 2) / 86_400_000,
		settings: SETTINGS,
		prepare({ board }, _broker, scheduler) {
			const wifi: Partial<WifiStation> = {
				join: (_wanted, _isCold, now, tell) =>
					void scheduler.at(now, () => {
						tell(1);
						tell(2);
					}),
				isReachable: () => true,
			};
			Object.assign(board.wifi, wifi);
		},
	});
	return { payloads: payloads.map(toHex), identity: simulation.nodeId };
}

describe("payloads: the same seed on Node, on the XS host and on the Moddable desktop", function () {
	this.timeout(600_000);
	const host = needsXs();
	let onNode: Awaited<ReturnType<typeof simulated>>;

	before(async () => {
		onNode = await simulated(new NodeEngine("fresh"));
	});
	after(removeFolders);

	it("simulator: three frames on Node, byte by byte the same on XS", async () => {
		assert.equal(onNode.payloads.length, 3);
		const onXs = await simulated(new XsEngine(host()));
		assert.deepEqual(onXs, onNode);
	});
	it("lin: the same frames in a real mosquitto", async function () {
		skipUnlessSdk(this, "payloads of the Moddable desktop");
		const mosquitto = findMosquitto();
		const time = mosquitto ? await TimeServer.start() : undefined;
		if (!mosquitto || !time) {
			const lacks = mosquitto ? "port 123 may not be served here" : "mosquitto is not installed";
			console.log(`    skipped: payloads of the Moddable desktop: ${lacks}`);
			this.skip();
		}
		const broker = await Mosquitto.start(mosquitto);
		const settings = Object.entries({ ...SETTINGS, seed: `${SEED}`, broker: "127.0.0.1", port: `${broker.port}` });
		const { library } = await buildLin(...settings.map((each) => each.join("=")), "ntp=127.0.0.1");
		const loader = buildLoader();
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
		try {
			const payloads: string[] = [];
			client.on("message", (topic, payload) => {
				assert.equal(topic, `dormouse/${onNode.identity}/t`);
				payloads.push(toHex(payload));
			});
			await client.subscribeAsync("dormouse/+/t", { qos: 1 });
			const state = folder();
			const startMs = new Model({ seed: SEED }).startMs;
			for (let n = 0; n < WAKES; n++) {
				time.set(startMs + n * PERIOD_MS);
				const { report } = await wakeOnce(loader, library, state, { DORMOUSE_IDENTITY: onNode.identity });
				assert.equal(report.get("t"), `${(n * PERIOD_MS) / 1000}`);
				assert.equal(report.get("problem"), "none");
			}
			assert.deepEqual(payloads, onNode.payloads);
		} finally {
			await client.endAsync();
			await broker.stop();
			time.close();
		}
	});
});

/** Tells the board's time at port 123 of loopback. */
class TimeServer {
	readonly #socket: dgram.Socket;
	#wallMs = 0;
	#since = 0;

	private constructor(socket: dgram.Socket) {
		this.#socket = socket;
		socket.on("message", (bytes, { address, port }) => {
			const server = new NtpServer(new Scheduler(), this.#wallMs + performance.now() - this.#since);
			server.answer(new Uint8Array(bytes), (answer) => socket.send(answer, port, address));
		});
	}
	/** @returns undefined where that takes rights that we lack */
	static start(): Promise<TimeServer | undefined> {
		return new Promise((resolve) => {
			const socket = dgram.createSocket("udp4");
			socket.on("error", () => resolve(undefined));
			socket.bind(123, "127.0.0.1", () => resolve(new TimeServer(socket)));
		});
	}
	/** It is so late now. */
	set(wallMs: number): void {
		this.#wallMs = wallMs;
		this.#since = performance.now();
	}
	close(): void {
		this.#socket.close();
	}
}
