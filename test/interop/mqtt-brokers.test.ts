import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { toHex } from "../../modules/core/bytes.js";
import type { Timers } from "../../modules/core/ports.js";
import { DirectLink } from "../../net/link/direct.js";
import { MqttClient } from "../../net/mqtt/client.js";
import { RealNetwork } from "../../sim/net/real.js";
import { Subscriber } from "../../sim/net/subscriber.js";
import * as assert from "../assert.js";
import { Frames, Log } from "../support/frames.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { tcpOver } from "../support/tcp-over.js";

const timers: Timers = {
	set(callback, ms) {
		const timer = setTimeout(callback, ms);
		return { close: () => clearTimeout(timer) };
	},
};

interface Credentials {
	readonly username?: string;
	readonly password?: string;
}

function client(network: RealNetwork, version: 5 | 4, mtu: number, { username, password }: Credentials = {}) {
	return new MqttClient({
		TCP: tcpOver(network),
		resolve: (name, done) => network.resolve(name, done),
		link: new DirectLink(timers),
		timers,
		broker: "broker.local",
		port: 1883,
		topic: "dormouse/n1/t",
		version,
		mtu,
		keepAliveSeconds: 60,
		clientId: "n1",
		username,
		password,
	});
}

/** One exchange, to its end. */
async function exchange(uplink: MqttClient, frames: Frames, deadlineMs = 5000): Promise<string[]> {
	const log = new Log(frames);
	await new Promise<void>((resolve) => {
		log.after = (line) => {
			if (/^(idle|failed)/.test(line)) resolve();
		};
		frames.rewind();
		uplink.start(frames, deadlineMs, log);
	});
	return log.lines;
}

/** Waits, two seconds at most. */
async function until(condition: () => boolean, otherwise: string): Promise<void> {
	for (let tries = 0; !condition(); tries++) {
		assert.ok(tries < 100, otherwise);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

function quiet(network: RealNetwork): Promise<void> {
	return until(() => !network.live, "the network stays live");
}

/** Sends frames to a broker, and has MQTT.js hear them. */
async function through(url: string, version: 5 | 4, credentials: Credentials = {}): Promise<void> {
	const heard: string[] = [];
	const subscriber = new Subscriber(url, "dormouse/+/t", (topic, payload) => heard.push(`${topic} ${toHex(payload)}`));
	const network = new RealNetwork(url);
	try {
		await subscriber.ready;
		for (let wake = 0; wake < 3; wake++)
			assert.deepEqual(await exchange(client(network, version, 64, credentials), new Frames(5, 2)), [
				"delivered 2 peer",
				"delivered 4 peer",
				"delivered 5 peer",
				"idle",
			]);
		const large = new Frames(30_000, 12_000);
		assert.deepEqual(await exchange(client(network, version, 16_384, credentials), large), [
			"delivered 12000 peer",
			"delivered 24000 peer",
			"delivered 30000 peer",
			"idle",
		]);
		await quiet(network);
		await until(() => heard.length >= 12, "what was acknowledged is not heard");
		const small = heard.slice(0, 9);
		const wake = ["dormouse/n1/t 0102", "dormouse/n1/t 0304", "dormouse/n1/t 05"];
		assert.deepEqual(small, [...wake, ...wake, ...wake]);
		const bytes = heard.slice(9).map((line) => line.split(" ")[1]!);
		assert.equal(bytes.join(""), toHex(Uint8Array.from({ length: 30_000 }, (_, at) => at + 1)));
	} finally {
		await subscriber.close();
		await network.close();
	}
}

describe("mqtt client and mosquitto", () => {
	const binary = findMosquitto();
	if (!binary) {
		it("mqtt client and mosquitto: skipped, mosquitto is not installed (Debian: apt-get install mosquitto)", function () {
			this.skip();
		});
		return;
	}
	let broker: Mosquitto;
	before(async () => {
		broker = await Mosquitto.start(binary);
	});
	after(() => broker.stop());

	for (const version of [5, 4] as const)
		it(`mqtt client: version ${version} to mosquitto, small and large frames heard by MQTT.js`, () =>
			through(`mqtt://127.0.0.1:${broker.port}`, version));

	it("mqtt client: user name and password, taken when right, refused when wrong, with the reason", async function () {
		const directory = mkdtempSync(join(tmpdir(), "dormouse-password-"));
		const file = join(directory, "passwords");
		const tool = ["/usr/bin/mosquitto_passwd", "/usr/local/bin/mosquitto_passwd"].find((path) => existsSync(path));
		if (!tool) {
			rmSync(directory, { recursive: true });
			this.skip();
		}
		execFileSync(tool, ["-b", "-c", file, "node", "s3cret/"], { stdio: "ignore" });
		const locked = await Mosquitto.start(binary, `allow_anonymous false\npassword_file ${file}\nuser root`);
		try {
			const url = `mqtt://node:s3cret%2F@127.0.0.1:${locked.port}`;
			const network = new RealNetwork(url);
			const { username, password } = network.broker;
			for (const version of [5, 4] as const) {
				await through(url, version, { username: username!, password: password! });
				const wrong = client(network, version, 64, { username: "node", password: "guess" });
				assert.deepEqual(await exchange(wrong, new Frames(1, 1)), ["failed refused"]);
				assert.equal(wrong.reason, version === 5 ? 0x87 : 5);
			}
			await network.close();
			const subscriber = new Subscriber(`mqtt://node:guess@127.0.0.1:${locked.port}`, "#", () => {});
			const said = await subscriber.ready.then(
				() => "ready",
				(error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
			);
			assert.ok(/^refused: the broker at 127\.0\.0\.1:\d+ refuses the connection/.test(said), said);
			assert.ok(!said.includes("guess"), "no credentials in messages");
			await subscriber.close();
		} finally {
			await locked.stop();
			rmSync(directory, { recursive: true });
		}
	});
});

describe("mqtt client and aedes", () => {
	it("mqtt client: version 4 to aedes, small and large frames heard by MQTT.js", async () => {
		const aedes = await Aedes.createBroker();
		const server = net.createServer(aedes.handle);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		try {
			await through(`mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`, 4);
		} finally {
			await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
		}
	});

	it("mqtt client: version 5 to aedes, which does not speak it, fails and does not hang", async () => {
		const aedes = await Aedes.createBroker();
		const server = net.createServer(aedes.handle);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const network = new RealNetwork(`mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
		try {
			const lines = await exchange(client(network, 5, 64), new Frames(1, 1), 2000);
			assert.equal(lines.length, 1);
			assert.ok(/^failed (refused|lost|protocol)$/.test(lines[0]!), lines[0]);
		} finally {
			await network.close();
			await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
		}
	});
});

describe("real network", () => {
	it("real network: nobody listens, lost, and not live afterwards", async () => {
		const network = new RealNetwork(`mqtt://127.0.0.1:${await freePort()}`);
		assert.deepEqual(await exchange(client(network, 5, 64), new Frames(1, 1)), ["failed lost"]);
		await quiet(network);
	});

	it("real network: a peer that never answers and never reads, the deadline ends it and nothing stays live", async () => {
		const held: net.Socket[] = [];
		const server = net.createServer((socket) => held.push(socket.pause()));
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const network = new RealNetwork(`mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
		const running = exchange(client(network, 5, 64), new Frames(1, 1), 300);
		await new Promise((resolve) => setTimeout(resolve, 100));
		assert.ok(network.live);
		assert.deepEqual(await running, ["failed timeout"]);
		await quiet(network);
		for (const socket of held) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	});

	it("subscriber: no broker, says plainly that it cannot be reached", async () => {
		const port = await freePort();
		const subscriber = new Subscriber(`mqtt://127.0.0.1:${port}`, "#", () => {});
		const said = await subscriber.ready.then(
			() => "ready",
			(error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
		);
		assert.equal(said, `lost: the broker at 127.0.0.1:${port} can't be reached (ECONNREFUSED)`);
		await subscriber.close();
	});
});
