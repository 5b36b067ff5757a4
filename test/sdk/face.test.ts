import { join } from "node:path";
import { connectAsync } from "mqtt";
import { decodeFrame } from "../../modules/codec/frame-decoder.js";
import { NodeEngine } from "../../sim/engine/node.js";
import * as assert from "../assert.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { weatherBundle } from "../support/simulate.js";
import { buildFace, PROJECT, removeFolders, skipUnlessSdk, warnings } from "./sdk.js";
import { Window, windowLacks } from "./window.js";

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
		const built = await buildFace("broker=127.0.0.1", `port=${port}`, "ssid=desktop", "ntp=127.0.0.1");
		log = built.log;
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
	it("power: it comes with the window, a cold start with all readings, then alarms wake it", async () => {
		const first = await window.report(0);
		assert.equal(first.get("reset"), "power");
		assert.equal(first.get("missing"), "0,0,0,0");
		const second = await window.report(window.lines.length);
		assert.equal(second.get("wake"), "timer");
		assert.equal(Number(second.get("t")) % 600, 0);
		window.click(...PACE);
		await settle();
		window.click(...AS_LONG_AS_IT_IS); // from now on it sleeps until somebody clicks
		await settle();
	});
	it("button: pressed in deep sleep, the board wakes by a pin before its alarm", async () => {
		await window.wakeBy(...ALARM);
		await settle();
		const report = await window.wakeBy(...BUTTON);
		assert.equal(report.get("wake"), "pin");
		assert.equal(report.get("start"), "warm");
		await settle();
	});
	it("sliders: the temperature is moved, the next sample has it", async () => {
		window.drag(180, 230, TEMPERATURE);
		await settle();
		const values = (await window.wakeBy(...ALARM)).get("values")!.split(",").map(Number);
		assert.ok(values[0]! > 500 && values[0]! < 4000, `${values[0]} hundredths of a degree`);
		assert.near(values[0]! % 50, 0, 1, "the slider has steps of half a degree");
		await settle();
		shoot("panel-sliders.png");
	});
	it("uplink: alarm after alarm, a frame of what was measured arrives in a mosquitto", async function () {
		if (!broker) {
			console.log("    skipped: the device face with a real broker: mosquitto is not installed");
			this.skip();
		}
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
		try {
			const arrived = new Promise<Uint8Array>((resolve) => client.on("message", (_, payload) => resolve(payload)));
			await client.subscribeAsync("dormouse/+/t", { qos: 1 });
			let last = "";
			for (let n = 0, frames = 0; n < 12 && frames === 0; n++) {
				const report = await window.wakeBy(...ALARM);
				last = report.get("values")!;
				frames = Number(report.get("frames"));
				await settle();
			}
			const { node } = new NodeEngine("kept").load(await weatherBundle());
			const { records } = decodeFrame(await arrived, node.frame);
			assert.equal(
				records
					.filter(({ kind }) => kind === 0)
					.at(-1)!
					.values.join(),
				last,
			);
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
});

/** The window draws, and the simulator lets the library go. */
function settle(): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, 400));
}
