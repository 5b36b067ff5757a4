import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import type { Broker } from "../../sim/net/broker.js";
import { MODEL_CA } from "../../sim/net/tls-model.js";
import type { VirtualNetwork } from "../../sim/net/virtual.js";
import { buildHost } from "../../sim/xs/build.js";
import * as assert from "../assert.js";
import { Authority, type Identity } from "../support/certificates.js";
import { HandMadeTls } from "../support/hand-made-tls.js";
import { findMosquitto, Mosquitto } from "../support/mosquitto.js";
import { dormouse, type Run, run } from "../support/simulate.js";

const WEATHER_TLS = join(PROJECT, "nodes/weather-tls.ts");
const PASSWORD = "correct-horse-battery-staple";

describe("tls node", function () {
	this.timeout(120_000);
	const directory = mkdtempSync(join(tmpdir(), "dormouse-tls-"));
	const ca = new Authority();
	const server = ca.issue({ hosts: ["localhost"] });
	const node = ca.issue({ name: "node" });
	after(() => rmSync(directory, { recursive: true, force: true }));

	const file = (name: string, text: string) => {
		const path = join(directory, name);
		writeFileSync(path, text);
		return path;
	};
	/** `--set` of what a node trusts and shows. */
	const set = (authority: Authority, identity?: Identity) => [
		"--set",
		`ca=@${file("ca.pem", authority.certificate)}`,
		...(identity ? ["--set", `certificate=@${file("node.pem", identity.certificate)}`] : []),
		...(identity ? ["--set", `key=@${file("node-key.pem", identity.key)}`] : []),
	];
	/** Runs the command, and looks that it tells no secret. */
	async function quietly(args: readonly string[]) {
		const result = await dormouse(["simulate", "--node", WEATHER_TLS, ...args]);
		const said = result.stdout + result.stderr;
		assert.ok(!said.includes(PASSWORD), "the password was told");
		for (const line of node.key.split("\n")) assert.ok(line.length < 20 || !said.includes(line), "the key was told");
		assert.ok(!said.includes("-----BEGIN"), "PEM was told");
		return result;
	}

	it("tls node: a broker in the simulation, half a day, nothing lost and nothing left open", async () => {
		const firmware = new NodeEngine("fresh").load(await bundleFirmware(WEATHER_TLS));
		const { summary, wakes } = await run({ firmware, days: 0.5, settings: { ca: MODEL_CA } });
		assert.equal(summary.lost, 0);
		assert.ok(summary.decoded > 60, `${summary.decoded} decoded`);
		assert.equal(summary.failedExchanges, 0);
		assert.equal(summary.leaks, 0);
		assert.ok(wakes.some(({ awakeMs }) => awakeMs > 1400));
	});
	it("tls node: two days, each second exchange resumes; power cuts and resets take the session; both engines alike", async () => {
		const bundle = await bundleFirmware(WEATHER_TLS);
		const host = await buildHost();
		const engines = [new NodeEngine("fresh"), ...(host.ready ? [new XsEngine(host)] : [])];
		if (!host.ready) console.log(`      on XS: not run, ${host.reason}`);
		const faults = ["power@24h..24.2h", "rtc@35h"];
		const runs: Run[] = [];
		for (const engine of engines) {
			const firmware = engine.load(bundle);
			runs.push(await run({ firmware, days: 2, settings: { ca: MODEL_CA }, faults }));
			firmware.close();
		}
		const hows = ({ wakes }: Run) =>
			wakes.flatMap(({ tls, at }) => (tls ? [`${(at / 3_600_000).toFixed(1)} ${tls}`] : []));
		const [first, second = first] = runs as [Run, Run?];
		const { summary, wakes } = first;
		assert.deepEqual(hows(second), hows(first));
		assert.deepEqual(second.payloads, first.payloads);
		assert.deepEqual([summary.failedExchanges, summary.leaks, summary.wrong], [0, 0, 0]);
		const told = wakes.flatMap(({ at, tls }) => (tls ? [{ hours: at / 3_600_000, tls }] : []));
		const resumed = told.filter(({ tls }) => tls === "resumed");
		assert.ok(resumed.length >= 10 && told.length - resumed.length >= 10, hows(first).join(", "));
		const afterCut = told.find(({ hours }) => hours > 24.2)!;
		assert.equal(afterCut.tls, "full");
		// one by certificate takes as long as the model says, one that resumes as long as without TLS and a round trip
		for (const { awakeMs, tls } of wakes.slice(20))
			if (tls) assert.ok(tls === "full" ? awakeMs > 1500 : awakeMs < 400, `${awakeMs}`);
	});
	it("tls node: the power goes, and the clock begins anew so that what was kept would look young: a full handshake", async () => {
		const firmware = new NodeEngine("kept").load(await bundleFirmware(WEATHER_TLS));
		const faults = ["power@2h..2.1h", "broker@3.5h..3.7h"]; // the first try after the cut comes to nothing
		const serve = (network: VirtualNetwork, broker: Broker) =>
			void broker.serve(network, 8883, { ticketSeconds: 86_400 });
		const { wakes } = await run({ firmware, days: 0.25, settings: { ca: MODEL_CA }, faults, serve });
		const hours = wakes.flatMap(({ at, tls }) => (tls ? [at / 3_600_000] : []));
		assert.ok(hours[0]! < 2 && hours[1]! > 3.7 && hours[1]! - 2.1 > hours[0]!, hours.join(", "));
		assert.deepEqual(wakes.flatMap(({ tls }) => tls ?? []).slice(0, 2), ["full", "full"]);
	});
	it("tls node: a broker with TLS 1.3, each exchange but the first of a day resumes", async () => {
		const firmware = new NodeEngine("kept").load(await bundleFirmware(WEATHER_TLS));
		const serve = (network: VirtualNetwork, broker: Broker) => void broker.serve(network, 8883, { version: 1.3 });
		const { summary, wakes } = await run({ firmware, days: 2, settings: { ca: MODEL_CA }, serve });
		assert.equal(summary.failedExchanges, 0);
		const hours = (how: string) => wakes.filter(({ tls }) => tls === how).map(({ at }) => at / 3_600_000);
		const full = hours("full");
		assert.equal(full.length, 2);
		assert.near(full[1]! - full[0]!, 25, 1.5);
		assert.ok(hours("resumed").length >= 22);
	});
	it("tls node: no CA was provisioned, each exchange says so and the records wait", async () => {
		const firmware = new NodeEngine("fresh").load(await bundleFirmware(WEATHER_TLS));
		const { summary, wakes } = await run({ firmware, days: 0.25 });
		assert.equal(summary.decoded, 0);
		assert.equal(summary.queued, summary.samples);
		assert.ok(summary.failedExchanges > 0);
		assert.ok(wakes.some(({ report }) => report?.problem === "declaration"));
	});
	for (const engine of ["node", "xs"])
		it(`tls node: a mosquitto with certificates and passwords, ${engine} engine, frames arrive`, async function () {
			const binary = findMosquitto();
			if (!binary) {
				console.log("      skipped: mosquitto is not installed");
				this.skip();
			}
			const lines = [
				`cafile ${file("ca.pem", ca.certificate)}`,
				`certfile ${file("server.pem", server.certificate)}`,
				`keyfile ${file("server-key.pem", server.key)}`,
				"require_certificate true",
				"allow_anonymous true",
				"user root",
			];
			const mosquitto = await Mosquitto.start(binary, lines.join("\n"));
			try {
				const url = `mqtts://node:${PASSWORD}@localhost:${mosquitto.port}`;
				const args = ["--engine", engine, "--broker", url, "--days", "0.2", ...set(ca, node)];
				const { status, stdout, stderr } = await quietly(args);
				if (status === 2 && stderr.includes("compiler")) this.skip();
				assert.equal(status, 0, stdout + stderr);
				assert.ok(stdout.includes(`mqtts://localhost:${mosquitto.port}`));
				assert.ok(stdout.includes(" 21 decoded"), stdout);
			} finally {
				await mosquitto.stop();
			}
		});
	it("tls node: the subscriber trusts no more than the node does", async function () {
		const binary = findMosquitto();
		if (!binary) {
			console.log("      skipped: mosquitto is not installed");
			this.skip();
		}
		const lines = [
			`certfile ${file("server.pem", server.certificate)}`,
			`keyfile ${file("server-key.pem", server.key)}`,
			"allow_anonymous true",
			"user root",
		];
		const mosquitto = await Mosquitto.start(binary, lines.join("\n"));
		const url = `mqtts://node:${PASSWORD}@localhost:${mosquitto.port}`;
		const foreign = new Authority("another CA");
		const { status, stderr } = await quietly(["--engine", "node", "--broker", url, ...set(foreign, node)]);
		await mosquitto.stop();
		assert.equal(status, 2);
		assert.ok(stderr.includes("can't be reached"), stderr);
	});
	it("tls node: the command at a server without its certificate's key, nothing told to it but the handshake", async () => {
		const hostile = await HandMadeTls.listen({ version: 1.2, certificate: server.certificate, key: node.key });
		const url = `mqtts://node:${PASSWORD}@localhost:${hostile.port}`;
		const { status } = await quietly(["--engine", "node", "--broker", url, "--days", "0.1", ...set(ca, node)]);
		await hostile.close();
		assert.equal(status, 2);
		const sent = Buffer.concat(hostile.received);
		assert.ok(sent.length > 0);
		for (const secret of ["MQTT", PASSWORD, "dormouse"]) assert.ok(!sent.includes(secret), secret);
	});
	for (const [args, says] of [
		[["--node", WEATHER_TLS, "--broker", `mqtts://u:${PASSWORD}@localhost`], "--set ca=@ca.pem"],
		[["--node", WEATHER_TLS, "--broker", `mqtt://u:${PASSWORD}@localhost`], "mqtts://"],
		[["--broker", `mqtts://u:${PASSWORD}@localhost`], "nodes/weather-tls.ts"],
	] as const)
		it(`tls node: ${args.join(" ").replace(PASSWORD, "…").replace(PROJECT, "")}, says what would be right`, async () => {
			const { status, stderr } = await dormouse(["simulate", ...args]);
			assert.equal(status, 2);
			assert.equal(stderr.trim().split("\n").length, 1);
			assert.ok(stderr.includes(says), stderr);
			assert.ok(!stderr.includes(PASSWORD));
		});
});
