import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import { PROJECT } from "../../sim/engine/bundle.js";
import { Connection, type ConnectionOptions } from "../../tools/monitor/connection.js";
import * as assert from "../assert.js";
import { Authority } from "../support/certificates.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { run, WEATHER } from "../support/simulate.js";

const TOPIC = "dormouse/163fe8fd5bf5/t";

/** A monitor as a user starts it, with what it has said so far. */
class Monitor {
	stdout = "";
	stderr = "";
	readonly ended: Promise<number | null>;
	readonly #child: ChildProcess;
	constructor(args: readonly string[]) {
		const child = spawn(
			process.execPath,
			[join(PROJECT, "tools/dormouse.mjs"), "monitor", "--node", WEATHER, ...args],
			{ cwd: PROJECT },
		);
		this.#child = child;
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			this.stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.stderr += text;
		});
		this.ended = new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
	}
	interrupt() {
		this.#child.kill("SIGINT");
	}
}

/** Waits, ten seconds at most. */
async function until(condition: () => boolean, otherwise: () => string): Promise<void> {
	for (let tries = 0; !condition(); tries++) {
		if (tries === 500) assert.fail(otherwise());
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** What a connection told, in order. */
class Told {
	static readonly #open = new Set<Told>();
	/** Ends those that a test left. */
	static async closeAll(): Promise<void> {
		for (const { connection } of Told.#open) await connection.close();
		Told.#open.clear();
	}
	readonly lines: string[] = [];
	readonly connection: Connection;
	constructor(options: ConnectionOptions) {
		Told.#open.add(this);
		this.connection = new Connection({ retryMs: 30, ...options }, ["dormouse/+/t", "dormouse/+/state"], {
			message: (topic, payload, isKept) => this.lines.push(`${topic} ${Buffer.from(payload)}${isKept ? " kept" : ""}`),
			up: () => this.lines.push("up"),
			down: (why) => this.lines.push(`down: ${why}`),
			refused: (error) => this.lines.push(`${error.code}: ${error.message}`),
		});
	}
	until(line: string | RegExp): Promise<void> {
		const found = (one: string) => (typeof line === "string" ? one === line : line.test(one));
		return until(
			() => this.lines.some(found),
			() => `${line} is not among ${this.lines.join(" | ")}`,
		);
	}
}

describe("dormouse monitor: brokers", function () {
	this.timeout(60_000);
	let payloads: readonly Uint8Array[];
	before(async () => {
		({ payloads } = await run({ days: 0.5 }));
	});
	afterEach(() => Told.closeAll());

	describe("aedes", () => {
		let aedes: Aedes;
		let server: net.Server;
		let port: number;
		const sockets = new Set<net.Socket>();
		const listen = (at = 0) =>
			new Promise<void>((resolve) => {
				server = net.createServer((socket) => {
					sockets.add(socket);
					aedes.handle(socket);
				});
				server.listen(at, "127.0.0.1", () => {
					port = (server.address() as net.AddressInfo).port;
					resolve();
				});
			});
		const stop = () =>
			new Promise<void>((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
				sockets.clear();
			});
		const publish = (topic: string, payload: Uint8Array | string, retain = false) =>
			new Promise<void>((resolve, reject) =>
				aedes.publish({ cmd: "publish", topic, payload: Buffer.from(payload), qos: 1, retain, dup: false }, (error) =>
					error ? reject(error) : resolve(),
				),
			);
		beforeEach(async () => {
			aedes = await Aedes.createBroker();
			await listen();
		});
		afterEach(async () => {
			await stop();
			await new Promise<void>((resolve) => aedes.close(() => resolve()));
		});

		it("frames of a node: a line each, the state that was kept, an end after the count", async () => {
			await publish("dormouse/163fe8fd5bf5/state", Uint8Array.of(0x42, 0, 0), true);
			const monitor = new Monitor(["--broker", `mqtt://localhost:${port}`, "--count", "4"]);
			await until(
				() => monitor.stderr.includes("listening at") && monitor.stdout.includes("another declaration"),
				() => monitor.stderr + monitor.stdout,
			);
			for (const payload of payloads.slice(0, 3)) await publish(TOPIC, payload);
			assert.equal(await monitor.ended, 0);
			const lines = monitor.stdout.trimEnd().split("\n");
			assert.equal(lines.length, 4);
			assert.ok(
				/^\S+ \S+ {2}163fe8fd5bf5 {2}weather {2}-6\.61 °C {2}84\.7 % {2}999\.7 hPa {2}4\.12 V {2}1–12 {2}\d+ B {2}\d+ \w+ old/.test(
					lines[1]!,
				),
				lines[1]!,
			);
			assert.ok(
				monitor.stderr.endsWith(`listening at localhost:${port}: dormouse/+/state, dormouse/+/t\n`),
				monitor.stderr,
			);
		});
		it("--json: an object a line, and the end by a signal is a good one", async () => {
			const monitor = new Monitor(["--broker", `mqtt://127.0.0.1:${port}`, "--json"]);
			await until(
				() => monitor.stdout.includes('"up":true'),
				() => monitor.stdout,
			);
			await publish(TOPIC, payloads[0]!);
			await until(
				() => monitor.stdout.includes('"type":"frame"'),
				() => monitor.stdout,
			);
			monitor.interrupt();
			assert.equal(await monitor.ended, 0);
			const objects = monitor.stdout
				.trimEnd()
				.split("\n")
				.map((line) => JSON.parse(line));
			assert.deepEqual(
				objects.map(({ type }) => type),
				["connection", "frame"],
			);
			assert.deepEqual(
				[objects[1].nodeId, objects[1].node, objects[1].records.length, objects[1].records[0].values.temperature],
				["163fe8fd5bf5", "weather", 12, -6.03],
			);
		});
		it("a wrong password: refused, and no credential is told", async () => {
			aedes.authenticate = (_, user, password, done) => done(null, user === "me" && `${password}` === "s3cret");
			const folder = mkdtempSync(join(tmpdir(), "dormouse-monitor-"));
			const file = join(folder, "password");
			try {
				writeFileSync(file, "s3cret\nsecond line\n");
				const good = new Monitor([
					"--broker",
					`mqtt://localhost:${port}`,
					"--user",
					"me",
					"--password-file",
					file,
					"--count",
					"1",
				]);
				await until(
					() => good.stderr.includes("listening"),
					() => good.stderr,
				);
				await publish(TOPIC, payloads[0]!);
				assert.equal(await good.ended, 0);
				const bad = new Monitor(["--broker", `mqtt://somebody:wr0ng@localhost:${port}`]);
				assert.equal(await bad.ended, 1);
				assert.equal(bad.stderr, `dormouse: the broker at localhost:${port} refuses the connection (reason 5)\n`);
				for (const { stdout, stderr } of [good, bad]) assert.ok(!/s3cret|wr0ng|somebody/.test(stdout + stderr));
			} finally {
				rmSync(folder, { recursive: true });
			}
		});
		it("the broker goes and comes back: told, tried again, subscribed again", async () => {
			const told = new Told({ broker: `mqtt://127.0.0.1:${port}` });
			await told.until("up");
			await stop();
			await told.until("down: ended the connection");
			await told.until("down: can't be reached (ECONNREFUSED)");
			told.lines.length = 0;
			await listen(port);
			await told.until("up");
			await publish("dormouse/n/t", "hello");
			await told.until("dormouse/n/t hello");
			await told.connection.close();
			const { length } = told.lines;
			await publish("dormouse/n/t", "late").catch(() => {});
			assert.equal(told.lines.length, length);
		});
		it("a subscription that is not allowed: refused for good", async () => {
			aedes.authorizeSubscribe = (_, subscription, done) =>
				done(null, subscription.topic.endsWith("t") ? subscription : null);
			const told = new Told({ broker: `mqtt://127.0.0.1:${port}` });
			await told.until(`refused: the broker at 127.0.0.1:${port} refuses the subscription`);
			await new Promise((resolve) => setTimeout(resolve, 100));
			assert.equal(told.lines.length, 1);
			await told.connection.close();
		});
	});

	describe("mosquitto", () => {
		const binary = findMosquitto();
		const folder = mkdtempSync(join(tmpdir(), "dormouse-monitor-"));
		const authority = new Authority();
		const file = (name: string, text: string) => {
			const path = join(folder, name);
			writeFileSync(path, text, { mode: 0o644 });
			return path;
		};
		let broker: Mosquitto;
		let url: string;
		before(async function () {
			if (!binary) {
				console.log("      mosquitto is not installed (apt-get install mosquitto)");
				return this.skip();
			}
			const server = authority.issue({ name: "localhost", hosts: ["localhost"] });
			const me = authority.issue({ name: "monitor" });
			file("me.pem", me.certificate);
			file("me.key", me.key);
			file("ca.pem", authority.certificate);
			file("stranger.pem", new Authority("Stranger").certificate);
			broker = await Mosquitto.start(
				binary,
				[
					"allow_anonymous true",
					`cafile ${join(folder, "ca.pem")}`,
					`certfile ${file("server.pem", server.certificate)}`,
					`keyfile ${file("server.key", server.key)}`,
					"require_certificate true",
					"user root",
				].join("\n"),
			);
			url = `mqtts://localhost:${broker.port}`;
		});
		after(async () => {
			await broker?.stop();
			rmSync(folder, { recursive: true });
		});

		it("mutual TLS: a node's frames and what is kept arrive", async () => {
			const [ca, cert, key] = ["ca.pem", "me.pem", "me.key"].map((name) => join(folder, name)) as [
				string,
				string,
				string,
			];
			const told = new Told({ broker: url, ca, cert, key });
			await told.until("up");
			const publisher = await connectAsync(url, {
				ca: readFileSync(ca),
				cert: readFileSync(cert),
				key: readFileSync(key),
			});
			await publisher.publishAsync("dormouse/n/state", "kept", { retain: true, qos: 1 });
			await publisher.publishAsync("dormouse/n/t", "frame", { qos: 1 });
			await told.until("dormouse/n/t frame");
			const later = new Told({ broker: url, ca, cert, key });
			await later.until("dormouse/n/state kept kept");
			await publisher.endAsync();
			await told.connection.close();
			await later.connection.close();
		});
		for (const [what, options, expected] of [
			[
				"another authority",
				{ ca: "stranger.pem" },
				/^refused: the broker at localhost:\d+ is not trusted \(UNABLE_TO|^refused: .* \(\w*CERT\w*\)$/,
			],
			["none of the system's authorities", {}, /^refused: the broker at localhost:\d+ is not trusted \(/],
		] as const)
			it(`a broker of ${what}: refused for good`, async () => {
				const paths = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, join(folder, value)]));
				const told = new Told({ broker: url, ...paths });
				await told.until(expected);
				await told.connection.close();
			});
		it("no certificate of our own: refused for good", async () => {
			const told = new Told({ broker: url, ca: join(folder, "ca.pem") });
			await told.until(/^refused: the broker at localhost:\d+ refuses the handshake \(\w*CERTIFICATE_REQUIRED\)$/);
		});
		it("a broker under another name than its certificate's: refused for good", async () => {
			const told = new Told({ broker: url.replace("localhost", "127.0.0.1"), ca: join(folder, "ca.pem") });
			await told.until(/^refused: the broker at 127\.0\.0\.1:\d+ is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
			await told.connection.close();
		});
	});

	it("nobody listens: told in words, and tried again until the end", async () => {
		const port = await freePort();
		const told = new Told({ broker: `mqtt://127.0.0.1:${port}` });
		await until(
			() => told.lines.length >= 3,
			() => told.lines.join(),
		);
		assert.equal(told.lines[2], "down: can't be reached (ECONNREFUSED)");
		await told.connection.close();
	});
	it("mqtts without a port: 8883; IPv6 and credentials do not confuse it", async () => {
		for (const [broker, where] of [
			["mqtts://h.local", "h.local:8883"],
			["mqtts://h.local:77", "h.local:77"],
			["mqtts://u:9@h.local", "h.local:8883"],
			["mqtts://[::1]", "[::1]:8883"],
			["mqtts://[::1]:9", "[::1]:9"],
			["MQTTS://h.local", "h.local:8883"],
			["mqtt://h.local", "h.local:1883"],
		] as const) {
			const told = new Told({ broker });
			assert.equal(told.connection.where, where);
			await told.connection.close();
		}
	});
});
