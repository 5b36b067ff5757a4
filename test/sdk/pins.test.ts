import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "../../tools/device/command.js";
import * as assert from "../assert.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { buildApp, buildLoader, folder, removeFolders, skipUnlessSdk, wakeOnce, warnings } from "./sdk.js";

describe("pins and images on the Moddable desktop (lin)", function () {
	this.timeout(600_000);
	let broker: Mosquitto | undefined;
	let library = "";
	let loader = "";

	before(async function () {
		skipUnlessSdk(this, "pins that wake the desktop's board");
		const mosquitto = findMosquitto();
		broker = mosquitto ? await Mosquitto.start(mosquitto) : undefined;
		const settings = [
			"broker=127.0.0.1",
			`port=${broker?.port ?? (await freePort())}`,
			"ssid=desktop",
			"ntp=127.0.0.1",
		];
		const built = buildApp(await prepare("nodes/door.ts"), ...settings);
		assert.deepEqual(warnings(built.log), []);
		library = built.library;
		loader = buildLoader();
	});
	after(async () => {
		await broker?.stop();
		removeFolders();
	});
	async function wake(state: string, env: NodeJS.ProcessEnv = {}): Promise<Map<string, string>> {
		return (await wakeOnce(loader, library, state, env)).report;
	}
	function has(report: Map<string, string>, expected: Record<string, string>): void {
		for (const [name, value] of Object.entries(expected)) assert.equal(report.get(name), value, name);
	}

	it("pressed a minute after it fell asleep: wakes by the pin, samples, rests, and keeps its schedule", async () => {
		const state = folder();
		has(await wake(state), { wake: "reset", pins: "none", unarmed: "none" });
		const pressed = await wake(state, { DORMOUSE_WAKE: "33+60" });
		has(pressed, {
			wake: "pin",
			reset: "deep-sleep",
			start: "warm",
			t: "60",
			pins: "33",
			unarmed: "33",
			sleepMs: "5000",
		});
		assert.ok(Number(pressed.get("record")) > 0, "no sample");
		const rested = await wake(state, { DORMOUSE_WAKE: "33" });
		has(rested, { wake: "timer", record: "0", pins: "none", unarmed: "none" });
		assert.near(Number(rested.get("t")), 66, 2); // its exchange took a moment
		has(await wake(state), { wake: "timer", t: "1800", unarmed: "none" });
	});
	it("held, and a pin that nobody declared: the alarm wakes it", async () => {
		const state = folder();
		has(await wake(state, { DORMOUSE_HELD: "33" }), { unarmed: "33" });
		has(await wake(state, { DORMOUSE_WAKE: "33+60" }), { wake: "timer", t: "1800" });
		has(await wake(state, { DORMOUSE_WAKE: "4+60" }), { wake: "timer", t: "3600" });
	});
	it("an image on trial: through a sleep, and kept once it has reached the broker", async function () {
		if (!broker) {
			console.log("    skipped: an image that is confirmed: mosquitto is not installed");
			this.skip();
		}
		const state = folder();
		const image = join(state, "image");
		await wake(state);
		assert.ok(!existsSync(image), "a board without updates has no such state");
		writeFileSync(image, "pending\n");
		has(await wake(state), { acknowledged: "0" });
		assert.equal(readFileSync(image, "utf8"), "pending\n");
		const sent = await wake(state, { DORMOUSE_WAKE: "33+60" });
		assert.ok(Number(sent.get("acknowledged")) > 0, "nothing was acknowledged");
		assert.equal(readFileSync(image, "utf8"), "valid");
	});
});
