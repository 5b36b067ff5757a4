import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { simulate as command } from "../../tools/simulate/command.js";
import * as assert from "../assert.js";
import { FIELD } from "../support/lora-node.js";
import { dormouse, WEATHER } from "../support/simulate.js";

const simulate = (...args: string[]) => dormouse(["simulate", "--engine", "node", ...args]);
const field = (...args: string[]) => simulate("--node", FIELD, ...args);
const linesOf = (text: string) =>
	text
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));

describe("dormouse simulate, a LoRaWAN node", function () {
	this.timeout(60_000);
	const folder = mkdtempSync(join(tmpdir(), "dormouse-lora-command-"));
	after(() => rmSync(folder, { recursive: true }));

	it("no other options: what went on air, what the network made of it, the law, and charge", async () => {
		const { status, stdout, stderr } = await field("--days", "0.5");
		assert.deepEqual([status, stderr], [0, ""]);
		for (const text of [
			"sent in batches of 4 to a LoRaWAN network with a gateway at 1.2 km.",
			"radio: 1 join, 2 frames of ",
			" B at DR5, 13 dBm, ",
			"network: sample 1, 00:00–00:00; last ",
			" dBm, SNR ",
			"decoded by the network",
			"with LoRaWAN around",
			"radio      1 joins and ",
			"network    1 joins and ",
			"law        kept; the fullest hour ",
			" of 10 ‰ in M",
		])
			assert.ok(stdout.includes(text), text);
	});
	it("equal seeds: equal bytes; another seed: another node", async () => {
		const [one, two, other] = await Promise.all([
			field("--days", "0.3", "--json"),
			field("--days", "0.3", "--json"),
			field("--days", "0.3", "--json", "--seed", "5"),
		]);
		assert.equal(one.stdout, two.stdout);
		assert.notEqual(linesOf(other.stdout)[0].nodeId, linesOf(one.stdout)[0].nodeId);
	});
	it("--json: frames of each wake in hexadecimal, the run's figures, charge by what the radio did", async () => {
		const lines = linesOf((await field("--days", "0.5", "--json")).stdout);
		assert.ok(lines[0].network.startsWith("a LoRaWAN network"));
		assert.equal(lines[0].broker, undefined);
		const radios = lines.filter(({ radio }) => radio).map(({ radio }) => radio);
		const [join, first] = radios[0].frames;
		assert.deepEqual([join.join, join.hex.length, join.hex.slice(0, 2), join.dataRate], [true, 46, "00", 5]);
		assert.deepEqual([first.join, first.powerDbm], [undefined, 13]);
		const { lorawan, energy, bytesOut } = lines.at(-1);
		const frames = radios.flatMap((radio) => radio.frames);
		assert.equal(lorawan.joins + lorawan.frames, frames.length);
		assert.equal(lorawan.bytes, bytesOut);
		assert.equal(
			lorawan.bytes,
			frames.reduce((sum, { hex }) => sum + hex.length / 2, 0),
		);
		assert.near(
			lorawan.airtimeMs,
			frames.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0),
			0.1,
		);
		assert.ok(lorawan.sendMc > 0 && lorawan.listenMc > 0 && lorawan.chargeMc > lorawan.sendMc + lorawan.listenMc);
		assert.deepEqual(lorawan.violations, []);
		assert.equal(lorawan.network.uplinks, lorawan.frames);
		assert.ok(energy.radioSleepMc > 0 && energy.published.chargeMc > 0);
		assert.equal(lorawan.fullest.length, 2);
	});
	it("--show messages: what the network hands on, and decode reads it", async () => {
		const { stdout } = await field("--days", "0.4", "--show", "messages");
		assert.ok(/^2026-03-01T00:00:1\d\.\d{3}Z lorawan\/[0-9a-f]{16}\/1 [0-9a-f]+\n/.test(stdout), stdout.slice(0, 200));
		const file = join(folder, "messages.txt");
		writeFileSync(file, stdout);
		const { status, stdout: lines } = await dormouse(["decode", "--node", FIELD, file]);
		assert.equal(status, 0);
		assert.ok(lines.includes("  2026-03-01 00:15:00  sample 4  "), lines.slice(0, 600));
		assert.ok(lines.split("\n").length > 30, lines);
	});
	it("--distance: farther away the rate is lower, and out of reach nothing arrives; two gateways hear more", async () => {
		const of = async (...args: string[]) =>
			linesOf((await field("--days", "2", "--json", ...args)).stdout).at(-1).lorawan;
		const far = await of("--distance", "4.5km");
		assert.ok(far.byRate.slice(0, 4).reduce((sum: number, count: number) => sum + count, 0) > 20, `${far.byRate}`);
		const away = await of("--distance", "60km");
		assert.deepEqual([away.network.uplinks, away.frames], [0, 0]);
		assert.ok(away.joins > 5 && away.network.lostOnAir === away.joins);
		const both = await of("--distance", "800", "--distance", "1100m");
		assert.ok(both.network.duplicates > 30, `${both.network.duplicates}`);
	});
	it("--fault gateway, downlink, forget: each meets the node", async () => {
		const { stdout } = await field(
			"--days",
			"1",
			"--show",
			"none",
			"--fault",
			"gateway@9.9h..10.1h",
			"--fault",
			"downlink@14h..15h",
		);
		assert.ok(/[1-9]\d* lost on air/.test(stdout), stdout);
		const forgotten = linesOf((await field("--days", "4", "--json", "--fault", "forget@1d")).stdout).at(-1);
		assert.equal(forgotten.lorawan.network.joins, 2);
		assert.ok(forgotten.lost > 0, "what nobody acknowledges is lost meanwhile");
	});
	it("--set appKey: the node's own, which the network does not know: said before, and no session", async () => {
		const { status, stdout } = await field("--days", "0.3", "--set", `appKey=${"ab".repeat(16)}`);
		assert.equal(status, 0);
		assert.ok(
			stdout.includes("Note: the network of the simulation knows this node by other keys"),
			stdout.slice(0, 600),
		);
		assert.ok(stdout.includes("not delivered: timeout"));
		assert.ok(!stdout.includes("abab"));
	});

	it("an antenna that gains more than it is declared to: too strong on air, told with the law, exit status 1", async () => {
		const path = join(folder, "loud.ts");
		const text = readFileSync(FIELD, "utf8").replaceAll('"../', `"${PROJECT}/`);
		writeFileSync(path, text.replace("batch: 4", "batch: 4, antenna: -5"));
		const { status, stdout } = await simulate("--node", path, "--days", "0.1", "--show", "none");
		assert.equal(status, 1);
		assert.ok(/law {8}BROKEN \d+ times/.test(stdout), stdout);
		assert.ok(/! .* dBm EIRP at 86\d\.\d+ MHz, where 16\.\d+ are the most/.test(stdout), stdout);
	});

	const broken = () => {
		const path = join(folder, "fake.ts");
		const root = join(import.meta.dirname, "../..");
		writeFileSync(
			path,
			`import { declareNode } from "${root}/modules/cycle/declaration.js";
import { lorawan } from "${root}/net/lorawan/lorawan.js";
import { eu868 } from "${root}/net/lorawan/region-eu868.js";
import { battery } from "${root}/sensors/battery.js";
const radio = { kind: "sx9999", lowestDbm: 2, highestDbm: 14, create: () => { throw 1; } };
export default declareNode({ name: "own", every: 600, sensors: [battery({ port: "Analog.default" })], uplink: lorawan({ region: eu868, radio }) });`,
		);
		return path;
	};
	for (const [what, args, message] of [
		[
			"a broker",
			["--node", FIELD, "--broker", "mqtt://localhost"],
			"--broker: the node speaks LoRaWAN; --forward HOST:PORT",
		],
		[
			"a fault of MQTT's",
			["--node", FIELD, "--fault", "ap@1h..2h"],
			"--fault ap: the node speaks LoRaWAN; gateway, downlink, forget",
		],
		[
			"a fault of LoRaWAN's",
			["--node", WEATHER, "--fault", "forget@1h"],
			"--fault forget: the node speaks MQTT; broker, refuse",
		],
		[
			"forward over MQTT",
			["--node", WEATHER, "--forward", "localhost:1700"],
			"--forward: the node speaks MQTT; a node with uplink: lorawan",
		],
		["distance over MQTT", ["--node", WEATHER, "--distance", "500"], "--distance: the node speaks MQTT"],
		[
			"forward without a port",
			["--node", FIELD, "--forward", "localhost"],
			"--forward localhost: host:port, such as localhost:1700",
		],
		[
			"a press of another pin",
			["--node", "nodes/door.ts", "--press", "32@1h"],
			"--press 32: this pin does not wake the node; 33 would be right",
		],
		["a press that wakes nobody", ["--node", FIELD, "--press", "33@1h"], "--press 33: no pin wakes this node"],
		["forward with port 0", ["--node", FIELD, "--forward", "localhost:0"], "--forward localhost:0: host:port"],
		["distance in miles", ["--node", FIELD, "--distance", "3mi"], "--distance 3mi: 1m … 1000km"],
		["distance of nothing", ["--node", FIELD, "--distance", "0"], "--distance 0: 1m … 1000km"],
		[
			"forget with forward",
			["--node", FIELD, "--forward", "localhost:1700", "--fault", "forget@1h"],
			"--fault forget works without --forward only",
		],
		[
			"a setting with a slip",
			["--node", FIELD, "--set", "appkey=00"],
			"--set appkey: no part of this node reads it; joinEui, devEui, appKey",
		],
		[
			"a setting of another uplink",
			["--node", FIELD, "--set", "ssid=home"],
			"--set ssid: no part of this node reads it",
		],
		[
			"a setting of TLS without it",
			["--node", WEATHER, "--set", "ca=x"],
			"--set ca: no part of this node reads it; broker, port",
		],
		[
			"a setting that is another thing's name",
			["--node", FIELD, "--set", "port=1"],
			"--set port: no part of this node reads it",
		],
		["a radio that is no chip", ["--node", broken, "--days", "1"], 'uplink.radio: the simulated board has no "sx9999"'],
	] as const)
		it(`${what}: told before anything runs, in one line`, async () => {
			const refused = await command([
				"--engine",
				"node",
				...args.map((arg) => (typeof arg === "string" ? arg : arg())),
			]).then(
				() => undefined,
				(error: unknown) => error,
			);
			assert.ok(refused instanceof DormouseError, String(refused));
			assert.ok(refused.message.includes(message), refused.message);
			assert.ok(!refused.message.includes("\n"));
		});
	it("--forward: a Join-Request reaches whoever listens, as a gateway's packet forwarder tells it; keys are told before", async () => {
		const socket = createSocket("udp4");
		await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
		const { port } = socket.address();
		const args = ["simulate", "--node", FIELD, "--engine", "node", "--forward", `127.0.0.1:${port}`, "--show", "all"];
		const child = spawn(process.execPath, [join(PROJECT, "tools/dormouse.mjs"), ...args], { cwd: PROJECT });
		let stdout = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			stdout += text;
		});
		const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
		const pushed = new Promise<string>((resolve) =>
			socket.on("message", (datagram, { port: from, address }) => {
				const [version, high, low, type] = datagram;
				// PUSH_DATA and PULL_DATA, acknowledged by PUSH_ACK and PULL_ACK: Lora-net, PROTOCOL.TXT §4, §5.
				socket.send(Uint8Array.of(version!, high!, low!, type === 0 ? 1 : 4), from, address);
				if (type === 0 && datagram.includes('"rxpk"')) resolve(datagram.subarray(12).toString("utf8"));
			}),
		);
		try {
			const { rxpk } = JSON.parse(await pushed);
			const bytes = Buffer.from(rxpk[0].data, "base64");
			assert.deepEqual([bytes.length, bytes[0], rxpk[0].datr], [23, 0, "SF7BW125"]);
			child.kill("SIGINT");
			assert.equal(await ended, 130);
			const devEui = Buffer.from(bytes.subarray(9, 17)).reverse().toString("hex");
			assert.ok(
				stdout.includes(`Note: register the node at the server, LoRaWAN 1.0.4: JoinEUI `),
				stdout.slice(0, 500),
			);
			assert.ok(stdout.includes(`DevEUI ${devEui}, AppKey `), stdout.slice(0, 500));
			assert.ok(/\nserver {5}1 frames forwarded, 0 to be sent came back/.test(stdout), stdout.slice(-2000));
			assert.ok(!stdout.includes("\nnetwork "), "the simulation's network is off");
		} finally {
			child.kill("SIGKILL");
			socket.close();
		}
	});
	it("settings that a declaration's own code reads are known", async () => {
		const path = join(folder, "own.ts");
		const root = join(import.meta.dirname, "../..");
		writeFileSync(
			path,
			`import { declareNode } from "${root}/modules/cycle/declaration.js";
import { mqtt } from "${root}/net/mqtt/mqtt.js";
import { battery } from "${root}/sensors/battery.js";
const inner = mqtt({ broker: "broker.local" });
const uplink = { ...inner, create: (ports, node) => { ports.setting("site"); return inner.create(ports, node); } };
export default declareNode({ name: "own", every: 600, sensors: [battery({ port: "Analog.default" })], uplink });`,
		);
		const known = await simulate("--node", path, "--days", "0.02", "--set", "site=roof");
		assert.deepEqual([known.status, known.stderr], [0, ""]);
		const unknown = await simulate("--node", path, "--days", "0.02", "--set", "sight=roof");
		assert.ok(unknown.stderr.includes("notBefore, site would be right"), unknown.stderr);
		const image = join(folder, "settings.bin");
		const provisioned = await dormouse(["provision", "--node", path, "--set", "site=roof", "--out", image]);
		assert.deepEqual([provisioned.status, provisioned.stderr], [0, ""]);
		assert.ok(readFileSync(image).includes("roof"));
		const refused = await dormouse(["provision", "--set", "site=roof", "--out", image]);
		assert.ok(refused.status === 2 && refused.stderr.includes("there is no setting site"), refused.stderr);
	});
});
