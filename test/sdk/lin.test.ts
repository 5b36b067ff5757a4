import * as dgram from "node:dgram";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { decodeFrame } from "../../modules/codec/frame-decoder.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { NtpServer } from "../../sim/net/ntp-server.js";
import { Scheduler } from "../../sim/scheduler.js";
import { Model } from "../../sim/world/model.js";
import * as assert from "../assert.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { weatherBundle } from "../support/simulate.js";
import { buildLin, buildLoader, folder, removeFolders, skipUnlessSdk, wakeOnce, warnings } from "./sdk.js";

/** Of the weather node's values, in order: temperature, humidity, pressure, battery. */
const RESOLUTIONS = [0.01, 0.1, 0.1, 0.01];
const PHENOMENA = ["temperature", "humidity", "pressure", "battery"];

describe("Moddable desktop (lin)", function () {
	this.timeout(600_000);
	let broker: Mosquitto | undefined;
	let log = "";
	let library = "";
	let loader = "";
	/** Answers at port 123 of loopback, where this machine lets us. */
	let time: dgram.Socket | undefined;

	before(async function () {
		skipUnlessSdk(this, "the firmware on the Moddable desktop");
		const mosquitto = findMosquitto();
		broker = mosquitto ? await Mosquitto.start(mosquitto) : undefined;
		const port = broker?.port ?? (await freePort());
		time = await serveTime();
		({ log, library } = await buildLin("broker=127.0.0.1", `port=${port}`, "ssid=desktop", "ntp=127.0.0.1"));
		loader = buildLoader();
	});
	after(async () => {
		await broker?.stop();
		time?.close();
		removeFolders();
	});

	/** One wake. @returns its report, by field */
	async function wake(state?: string): Promise<Map<string, string>> {
		return (await wakeOnce(loader, library, state)).report;
	}
	function has(report: Map<string, string>, expected: Record<string, string>): void {
		for (const [name, value] of Object.entries(expected)) assert.equal(report.get(name), value, name);
	}

	it("build: the weather node, no warning of the linker and none about our files", () => {
		assert.ok(/^# xsl/m.test(log), "the log does not show the linker");
		assert.deepEqual(warnings(log), []);
	});
	it("wake: the power comes, a cold start with readings, then sleep", async () => {
		const report = await wake();
		has(report, { wake: "reset", reset: "power", start: "cold", epoch: "1", t: "0", record: "1", missing: "0,0,0,0" });
		const world = new Model({ seed: 1 });
		report
			.get("values")!
			.split(",")
			.forEach((text, n) => {
				const resolution = RESOLUTIONS[n]!;
				assert.near(Number(text) * resolution, world.at(PHENOMENA[n]!, 0)!, resolution, PHENOMENA[n]);
			});
	});
	it("wake: a second process, wakes warm at its alarm with what the first one queued", async () => {
		const state = folder();
		const queued = Number((await wake(state)).get("queued"));
		has(await wake(state), { wake: "timer", reset: "deep-sleep", start: "warm", epoch: "1", t: "600" });
		has(await wake(state), { start: "warm", t: "1200", queued: `${queued + 2}`, oldest: "1" });
	});
	it("wake: RTC memory was lost but not flash, a cold start in a new epoch", async () => {
		const state = folder();
		await wake(state);
		unlinkSync(join(state, "rtc"));
		has(await wake(state), { wake: "reset", reset: "power", start: "cold", epoch: "2" });
	});
	it("wake: RTC memory was damaged, a cold start that says so", async () => {
		const state = folder();
		await wake(state);
		const path = join(state, "rtc");
		const bytes = readFileSync(path);
		writeFileSync(path, bytes.fill(0x5a, bytes.length - 4096));
		has(await wake(state), { wake: "timer", reset: "deep-sleep", start: "corrupt", epoch: "2" });
	});
	it("uplink: twelve records and a mosquitto, one frame arrives and is acknowledged", async function () {
		if (!broker) {
			console.log("    skipped: the uplink to a real broker: mosquitto is not installed");
			this.skip();
		}
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
		try {
			const arrived = new Promise<Uint8Array>((resolve) => client.on("message", (_, payload) => resolve(payload)));
			await client.subscribeAsync("dormouse/+/t", { qos: 1 });
			const state = folder();
			const values: string[] = [];
			for (let report = await wake(state); ; report = await wake(state)) {
				values.push(report.get("values")!);
				if (report.get("frames") === "0" && values.length < 12) continue;
				has(report, { problem: "none" });
				// The mark goes with them, or waits, as the server was quick.
				const [acknowledged, queued] = [Number(report.get("acknowledged")), Number(report.get("queued"))];
				assert.ok(acknowledged >= 12 && acknowledged + queued === (time ? 13 : 12), `${acknowledged}, ${queued}`);
				break;
			}
			const { node } = new NodeEngine("kept").load(await weatherBundle());
			const { records } = decodeFrame(await arrived, node.frame);
			const samples = records.filter(({ kind }) => kind === 0);
			assert.deepEqual(
				samples.map((record) => record.values.join()),
				values,
			);
		} finally {
			await client.endAsync();
		}
	});
	it("uplink: a time server over UDP, the mark that follows tells the time of this machine", async function () {
		if (!broker || !time) {
			console.log("    skipped: SNTP over the SDK's UDP: mosquitto is not installed, or port 123 may not be served");
			this.skip();
		}
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
		try {
			const payloads: Uint8Array[] = [];
			client.on("message", (_, payload) => payloads.push(payload));
			await client.subscribeAsync("dormouse/+/t", { qos: 1 });
			const state = folder();
			const { node } = new NodeEngine("kept").load(await weatherBundle());
			const marks = () =>
				payloads.flatMap((bytes) => decodeFrame(bytes, node.frame).records).filter(({ kind }) => kind === 4);
			const began = Math.floor(Date.now() / 1000);
			for (let n = 0; n < 40 && marks().length === 0; n++) await wake(state);
			const [wall, epoch, seconds] = marks()[0]!.values;
			assert.ok(wall! >= began && wall! <= Date.now() / 1000 + 1, `${wall} is not now`);
			assert.equal(epoch, 1);
			assert.near(seconds! % 600, 0, 30);
		} finally {
			await client.endAsync();
		}
	});
	it("settings: what provisioning gives comes before the build's; what is no text is refused with a line, and absent", async function () {
		if (!broker) {
			console.log("    skipped: settings beside a real broker: mosquitto is not installed");
			this.skip();
		}
		const state = folder();
		writeFileSync(join(state, "settings"), `port=${await freePort()}\n`);
		let report = await wake(state);
		while (report.get("failures") === "0" && report.get("frames") === "0") report = await wake(state);
		has(report, { failures: "1", acknowledged: "0" });
		writeFileSync(join(state, "settings"), Buffer.from("port=18\xff83\n", "latin1"));
		for (let n = 0; n < 40; n++) {
			const { report, said } = await wakeOnce(loader, library, state);
			if (report.get("frames") === "0") continue;
			assert.ok(said.includes("dormouse refused=port problem=text"), said);
			has(report, { problem: "none" });
			return;
		}
		assert.fail("nothing was sent by the build's own port");
	});
	it("uplink: nobody listens, the records stay and the node sleeps", async () => {
		await broker?.stop();
		time?.close();
		time = undefined;
		const state = folder();
		for (let n = 0; n < 10; n++) await wake(state);
		has(await wake(state), { acknowledged: "0", queued: "12", failures: "1" });
	});
});

/** A time server at its own port; undefined where that takes rights that we lack. */
function serveTime(): Promise<dgram.Socket | undefined> {
	return new Promise((resolve) => {
		const socket = dgram.createSocket("udp4");
		socket.on("error", () => resolve(undefined));
		socket.on("message", (bytes, { address, port }) => {
			new NtpServer(new Scheduler(), Date.now()).answer(new Uint8Array(bytes), (answer) =>
				socket.send(answer, port, address),
			);
		});
		socket.bind(123, "127.0.0.1", () => resolve(socket));
	});
}
