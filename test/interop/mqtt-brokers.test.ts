import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { connect } from "mqtt";
import { toHex } from "../../modules/core/bytes.js";
import type { Timers } from "../../modules/core/ports.js";
import { DirectLink } from "../../net/link/direct.js";
import { type Downlinks, MqttClient } from "../../net/mqtt/client.js";
import { RealNetwork } from "../../sim/net/real.js";
import { Subscriber } from "../../sim/net/subscriber.js";
import * as assert from "../assert.js";
import { Frames, Log } from "../support/frames.js";
import { findMosquitto, freePort, Mosquitto, mosquittoForSuite } from "../support/mosquitto.js";
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

function client(
	network: RealNetwork,
	version: 5 | 4,
	mtu: number,
	{ username, password }: Credentials = {},
	downlinks?: Downlinks,
) {
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
		downlinks,
	});
}

/** One exchange, to its end. */
async function exchange(uplink: MqttClient, frames: Frames, deadlineMs = 5000, verdict?: boolean): Promise<string[]> {
	const log = new Log(frames);
	log.verdict = verdict;
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
			"delivered 990 peer", // before anything is known of the broker
			"delivered 12990 peer",
			"delivered 24990 peer",
			"delivered 30000 peer",
			"idle",
		]);
		await quiet(network);
		await until(() => heard.length >= 13, "what was acknowledged is not heard");
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

const DELIVERED = ["delivered 1 peer", "idle"];

describe("mqtt client and mosquitto", () => {
	const broker = mosquittoForSuite();

	for (const version of [5, 4] as const)
		it(`mqtt client: version ${version} to mosquitto, small and large frames heard by MQTT.js`, () =>
			through(`mqtt://127.0.0.1:${broker().port}`, version));

	for (const version of [5, 4] as const)
		it(`mqtt client: version ${version} to mosquitto, commands that were published while it slept`, () =>
			commands(`mqtt://127.0.0.1:${broker().port}`, version));

	it("mqtt client: frames in flight when the broker dies, sent again to it when it is back without its store", async () => {
		const port = await freePort();
		let mortal = await Mosquitto.start(findMosquitto()!, "allow_anonymous true", "", port);
		const network = new RealNetwork(`mqtt://127.0.0.1:${port}`);
		const node = client(network, 5, 64);
		assert.deepEqual(await exchange(node, new Frames(1, 1)), DELIVERED);
		await mortal.stop();
		assert.deepEqual(await exchange(node, new Frames(1, 1)), ["failed lost"]);
		mortal = await Mosquitto.start(findMosquitto()!, "allow_anonymous true", "", port);
		assert.deepEqual(await exchange(node, new Frames(2, 1)), ["delivered 1 peer", "delivered 2 peer", "idle"]);
		await mortal.stop();
		await network.close();
	});

	it("mqtt client: limits of the broker, kept from the second packet on and from the first once they are known", async () => {
		const limited = await Mosquitto.start(
			findMosquitto()!,
			"allow_anonymous true\nmax_packet_size 200\nmax_inflight_messages 1",
		);
		const network = new RealNetwork(`mqtt://127.0.0.1:${limited.port}`);
		const node = client(network, 5, 1000);
		const frames = new Frames(2000, 2000);
		const lines = await exchange(node, frames);
		assert.equal(lines.at(-1), "idle", lines.join());
		assert.ok(
			frames.rooms.slice(1).every((room) => room < 200),
			"after CONNACK",
		);
		const more = new Frames(2000, 2000);
		assert.equal((await exchange(node, more)).at(-1), "idle");
		assert.ok(more.rooms.every((room) => room < 200));
		await limited.stop();
		await network.close();
	});

	it("mqtt client: user name and password, taken when right, refused when wrong, with the reason", async function () {
		const directory = mkdtempSync(join(tmpdir(), "dormouse-password-"));
		const file = join(directory, "passwords");
		const tool = ["/usr/bin/mosquitto_passwd", "/usr/local/bin/mosquitto_passwd"].find((path) => existsSync(path));
		if (!tool) {
			rmSync(directory, { recursive: true });
			this.skip();
		}
		execFileSync(tool, ["-b", "-c", file, "node", "s3cret/"], { stdio: "ignore" });
		const locked = await Mosquitto.start(findMosquitto()!, `allow_anonymous false\npassword_file ${file}\nuser root`);
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

	it("mqtt client: version 5 to aedes, which does not speak it, 3.1.1 in the same exchange and remembered", () =>
		withAedes(async (url) => {
			const network = new RealNetwork(url);
			const node = client(network, 5, 64);
			for (let wake = 0; wake < 3; wake++) assert.deepEqual(await exchange(node, new Frames(1, 1)), DELIVERED);
			const bytes = new DataView(new ArrayBuffer(128));
			node.retain(bytes);
			assert.equal(bytes.getUint8(0) & 8, 8, "3.1.1 is remembered");
			await network.close();
		}));

	it("mqtt client: version 4 to aedes, commands that were published while it slept", () =>
		withAedes((url) => commands(url, 4, false)));
});

async function withAedes(run: (url: string) => Promise<void>): Promise<void> {
	const aedes = await Aedes.createBroker();
	const server = net.createServer(aedes.handle);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		await run(`mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
	} finally {
		await new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve())));
	}
}

/**
 * A node that takes commands: what MQTT.js publishes while it sleeps comes with its next wake, and again until it is taken.
 * @param marks whether the broker sets DUP then, as it should; aedes does not
 */
async function commands(url: string, version: 5 | 4, marks = true): Promise<void> {
	const network = new RealNetwork(url);
	const other = connect(url, { protocolVersion: version, reconnectPeriod: 0 });
	await new Promise<void>((resolve, reject) => other.once("connect", () => resolve()).once("error", reject));
	try {
		let node = client(network, version, 64, {}, { topic: "dormouse/n1/c", window: 0.2 });
		const wake = async (verdict?: boolean) => {
			const bytes = new DataView(new ArrayBuffer(128));
			const length = node.retain(bytes);
			node = client(network, version, 64, {}, { topic: "dormouse/n1/c", window: 0.2 });
			assert.ok(node.restore(new DataView(bytes.buffer, 0, length), node.retainedVersion));
			return exchange(node, new Frames(1, 1), 5000, verdict);
		};
		assert.deepEqual(await wake(true), DELIVERED);
		await quiet(network);
		for (const text of ["on", "off"]) await other.publishAsync("dormouse/n1/c", text, { qos: 1 });
		const both = ["downlink 6f6e", "downlink 6f6666"];
		const heard = (lines: readonly string[]) => lines.filter((line) => line.startsWith("downlink"));
		assert.deepEqual(heard(await wake(undefined)), both);
		await quiet(network);
		const again = heard(await wake(true));
		if (!marks) assert.deepEqual(again, both, "what was not taken comes again");
		else
			assert.deepEqual(
				again,
				both.map((line) => `${line} again`),
			);
		await quiet(network);
		assert.deepEqual(await wake(true), DELIVERED, "what was taken does not");
		await quiet(network);
		await other.publishAsync("dormouse/n1/c", "no", { qos: 1 });
		assert.deepEqual(heard(await wake(false)), ["downlink 6e6f"]);
		await quiet(network);
		assert.deepEqual(await wake(true), DELIVERED, "nor what was refused");
	} finally {
		await other.endAsync();
		await network.close();
	}
}

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
