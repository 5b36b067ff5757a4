import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import * as dgram from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { declareSntp, readAnswer } from "../../net/sntp-client.js";
import { NtpServer } from "../../sim/net/ntp-server.js";
import { RealNetwork } from "../../sim/net/real.js";
import { Scheduler } from "../../sim/scheduler.js";
import * as assert from "../assert.js";
import { udpOver } from "../support/udp-over.js";

/** Where Debian puts the binary, beside PATH. */
const chronyd = ["chronyd", "/usr/sbin/chronyd"].find(
	(path) => spawnSync(path, ["--version"], { stdio: "ignore" }).error === undefined,
);

/** Asks the server behind a port of loopback, once. */
function ask(port: number, waitMs: number): Promise<[number, number] | undefined> {
	const network = new RealNetwork("mqtt://127.0.0.1", { host: "127.0.0.1", port });
	const source = declareSntp({ server: "127.0.0.1" }, udpOver(network), (name, done) => {
		const soon = setTimeout(() => done(name), 0);
		return () => clearTimeout(soon);
	}).create({
		clock: { nowMs: () => performance.now() },
		timers: { set: () => ({ close() {} }) },
		entropy: { fill: (into) => void randomFillSync(into) },
		setting: () => undefined,
	});
	return new Promise((resolve) => {
		const end = (time?: [number, number]) => {
			clearTimeout(late);
			source.close();
			void network.close().then(() => resolve(time));
		};
		const late = setTimeout(end, waitMs);
		source.start((wallMs, uncertaintyMs) => end([wallMs, uncertaintyMs]));
	});
}

/** A free UDP port on loopback, at the time of asking. */
function freeUdpPort(): Promise<number> {
	return new Promise((resolve) => {
		const socket = dgram.createSocket("udp4").bind(0, "127.0.0.1", () => {
			const { port } = socket.address();
			socket.close(() => resolve(port));
		});
	});
}

describe("sntp against chrony", () => {
	if (!chronyd) {
		it("sntp and chrony: skipped, chrony is not installed (Debian: apt-get install chrony)", function () {
			this.skip();
		});
		return;
	}
	let server: ChildProcess;
	let directory: string;
	let port: number;
	/** A chronyd of the test's own, which does not touch this machine's clock. */
	async function start(...more: string[]) {
		port = await freeUdpPort();
		directory = mkdtempSync(join(tmpdir(), "dormouse-chrony-"));
		const file = join(directory, "chrony.conf");
		const lines = [`port ${port}`, "bindaddress 127.0.0.1", "allow 127.0.0.1", "cmdport 0"];
		writeFileSync(file, [...lines, `pidfile ${join(directory, "pid")}`, ...more, ""].join("\n"));
		server = spawn(chronyd!, ["-x", "-d", "-U", "-f", file], { stdio: "ignore" });
	}
	afterEach(async () => {
		if (server.exitCode === null) {
			const gone = new Promise((resolve) => server.once("exit", resolve));
			server.kill();
			await gone;
		}
		rmSync(directory, { recursive: true, force: true });
	});

	it("sntp and chrony: the time is this machine's, within what the client says it may be off", async () => {
		await start("local stratum 5");
		let time: [number, number] | undefined;
		for (let tries = 0; !time && tries < 50; tries++) time = await ask(port, 200);
		assert.ok(time, "chrony answers");
		assert.near(time[0], Date.now(), time[1] + 250); // the latter for a busy machine
		assert.ok(time[1] < 200, `${time[1]} ms`);
	});
	it("sntp and chrony that is not synchronised: its answers are refused", async () => {
		await start();
		for (let tries = 0; tries < 5; tries++) assert.equal(await ask(port, 200), undefined);
	});
	it("the simulation's server and chrony: the same kind of answer, field by field", async () => {
		await start("local stratum 2");
		const request = new Uint8Array(48);
		request[0] = 0x23;
		request.set([1, 2, 3, 4, 5, 6, 7, 8], 40);
		const theirs = await exchange(port, request);
		let ours: Uint8Array | undefined;
		const now = Date.now();
		new NtpServer(new Scheduler(), now).answer(request, (bytes) => {
			ours = bytes;
		});
		assert.equal(theirs.length, ours!.length);
		assert.deepEqual([ours![0], ours![1]], [theirs[0]! & 0x3f, theirs[1]]);
		assert.deepEqual([...ours!.subarray(24, 32)], [...theirs.subarray(24, 32)]);
		const into = new Float64Array(2);
		for (const answer of [theirs, ours!]) {
			assert.ok(readAnswer(view(answer), view(request), 1000, into));
			assert.near(into[0]!, now, 2000);
		}
	});
});

function view(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Sends until an answer comes. */
function exchange(port: number, request: Uint8Array): Promise<Uint8Array> {
	return new Promise((resolve) => {
		const socket = dgram.createSocket("udp4");
		const send = () => socket.send(request, port, "127.0.0.1", () => {});
		const again = setInterval(send, 100);
		socket.on("error", () => {});
		socket.once("message", (bytes) => {
			clearInterval(again);
			socket.close(() => resolve(new Uint8Array(bytes)));
		});
		send();
	});
}
