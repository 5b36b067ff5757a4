import { join } from "node:path";
import { connectAsync } from "mqtt";
import { decodeFrame } from "../../modules/codec/frame-decoder.js";
import { loadNode } from "../../tools/node-file.js";
import * as assert from "../assert.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { buildFace, PROJECT, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";
import { Window, windowLacks } from "./window.js";

/** Its button wakes it, and what it has goes out at once. */
const NODE = "nodes/door.ts";

/** Where things are in the window, in pixels. */
const BUTTON: [number, number] = [158, 66];
const ALARM: [number, number] = [238, 66];
const PACE: [number, number] = [198, 96];
const AS_LONG_AS_IT_IS: [number, number] = [198, 156];
const POWER: [number, number] = [144, 126];
const TEMPERATURE = 186;

/** The screenshots of docs/boards.md are made anew where this says so: DORMOUSE_SHOOT=1 npx mocha -g "device face". */
const SHOOTS = Boolean(process.env.DORMOUSE_SHOOT);

describe("Moddable's simulator: device face", function () {
	this.timeout(600_000);
	let broker: Mosquitto | undefined;
	let window: Window;
	let log = "";
	let library = "";

	before(async function () {
		skipUnlessSdk(this, "the device face");
		const lacks = windowLacks();
		if (lacks) {
			console.log(`    skipped: the device face: ${lacks}`);
			this.skip();
		}
		const mosquitto = findMosquitto();
		broker = mosquitto ? await Mosquitto.start(mosquitto) : undefined;
		const port = broker?.port ?? (await freePort());
		const built = await buildFace(NODE, "broker=127.0.0.1", `port=${port}`, "ssid=desktop", "ntp=127.0.0.1");
		({ log, library } = built);
		window = await Window.open(built.panel, built.library);
	});
	after(async () => {
		await window?.close();
		await broker?.stop();
		removeFolders();
	});
	function shoot(name: string) {
		if (SHOOTS) window.shoot(join(PROJECT, "docs", name));
	}

	it("build: a library for sim/moddable_two, no warning of the linker", () => {
		assert.ok(/^# xsl/m.test(log), "the log does not show the linker");
		assert.deepEqual(warnings(log), []);
	});
	it("power: it comes with the window, a cold start with all readings, then an alarm wakes it", async () => {
		const first = await window.report(0);
		assert.equal(first.get("reset"), "power");
		assert.equal(first.get("missing"), "0,0,0,0");
		const second = await window.report(window.lines.length);
		assert.equal(second.get("wake"), "timer");
		assert.equal(second.get("start"), "warm");
		assert.equal(Number(second.get("t")) % 1800, 0);
		window.click(...PACE);
		await settle();
		window.click(...AS_LONG_AS_IT_IS); // from now on it sleeps until somebody clicks
		await settle();
		await window.wakeBy(...ALARM);
		await settle();
	});
	it("sliders: the temperature is moved, the next sample has it", async () => {
		window.drag(180, 230, TEMPERATURE);
		await settle();
		const celsius = Number((await window.wakeBy(...ALARM)).get("values")!.split(",")[0]) / 100;
		assert.ok(celsius > 25 && celsius < 45, `${celsius} °C`);
		assert.near(celsius * 2, Math.round(celsius * 2), 0.03, "the slider has steps of half a degree");
		await settle();
		shoot("panel-sliders.png");
	});
	it("button: pressed in deep sleep, the board wakes by its pin, and a frame arrives in a mosquitto", async function () {
		if (!broker) {
			console.log("    skipped: the device face with a real broker: mosquitto is not installed");
			this.skip();
		}
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
		try {
			const arrived = new Promise<Uint8Array>((resolve) => client.on("message", (_, payload) => resolve(payload)));
			await client.subscribeAsync("dormouse/+/t", { qos: 1 });
			const report = await window.wakeBy(...BUTTON);
			assert.equal(report.get("wake"), "pin");
			assert.equal(report.get("start"), "warm");
			assert.equal(report.get("problem"), "none");
			assert.ok(Number(report.get("t")) % 1800 < 60, "before its alarm");
			const { records } = decodeFrame(await arrived, (await loadNode(NODE)).frame);
			const samples = records.filter(({ kind }) => kind === 0);
			assert.equal(samples.length, 5);
			assert.equal(samples.at(-1)!.values.join(), report.get("values"));
			await settle();
			shoot("panel.png");
		} finally {
			await client.endAsync();
		}
	});
	it("power: switched off and on, RTC memory is lost and a new epoch begins", async () => {
		window.click(...POWER);
		await settle();
		const report = await window.wakeBy(...POWER);
		assert.equal(report.get("reset"), "power");
		assert.equal(report.get("start"), "cold");
		assert.equal(report.get("epoch"), "2");
	});
	it("another face, the SDK's own: one wake with the power just on, and the simulator stays", async () => {
		const other = await Window.open(join(process.env.MODDABLE!, "build/simulators"), library);
		try {
			const report = await other.report(0);
			assert.equal(report.get("reset"), "power");
			assert.equal(report.get("missing"), "0,0,0,0");
			await settle();
			await settle();
			assert.ok(other.isOpen, other.lines.join("\n"));
			assert.equal(other.lines.filter((line) => line.startsWith("dormouse ")).length, 1);
		} finally {
			await other.close();
		}
	});
});

/** The window draws, and the simulator lets the library go. */
function settle(): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, 400));
}
