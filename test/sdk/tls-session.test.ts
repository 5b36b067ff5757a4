import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type * as net from "node:net";
import { join } from "node:path";
import * as assert from "../assert.js";
import { Authority, type Identity } from "../support/certificates.js";
import { HandMadeTls } from "../support/hand-made-tls.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { Tap } from "../support/tap.js";
import { buildLoader, buildTls, folder, PROJECT, removeFolders, skipUnlessSdk, wakeOnce } from "./sdk.js";

/** Where a session lies in the file of a sleeping board, and how long that is. Source: board-desktop.c, tls-session.h. */
const MEMORY_FROM_END = 1536;

/** DM_RESET_DEEP_SLEEP of board.h. */
const DEEP_SLEEP = 2;

describe("kept TLS sessions: mbedTLS without a server", function () {
	this.timeout(60_000);
	const told = new Map<string, number>();
	let program = "";
	before(function () {
		program = join(folder(), "session");
		const sources = ["test/sdk/session.c", "modules/device/native/tls/tls-session.c"].map((path) =>
			join(PROJECT, path),
		);
		const flags = [
			"-g",
			"-O1",
			"-Wall",
			"-Wextra",
			"-Werror",
			"-fsanitize=address,undefined",
			"-fno-sanitize-recover=all",
		];
		const libraries = ["-lmbedtls", "-lmbedx509", "-lmbedcrypto"];
		const made = spawnSync("cc", [...flags, ...sources, "-o", program, ...libraries], { encoding: "utf8" });
		if (made.status !== 0 && (made.error || /mbedtls\/|-lmbed/.test(made.stderr))) {
			console.log("    skipped: no C compiler or no mbedTLS to build against (apt-get install libmbedtls-dev)");
			this.skip();
		}
		assert.equal(made.status, 0, made.stderr);
		const { status, stdout, stderr } = spawnSync(program, { encoding: "utf8" });
		assert.equal(status, 0, stderr);
		for (const line of stdout.trim().split("\n")) told.set(line.split("=")[0]!, Number(line.split("=")[1]));
	});
	after(removeFolders);
	const expect = (values: Readonly<Record<string, number>>) => {
		for (const [name, value] of Object.entries(values)) assert.equal(told.get(name), value, name);
	};

	it("session: kept, taken as often as it is asked for", () => expect({ kept: 2, whole: 1 }));
	it("session: garbage, each bit flipped, writing cut after each byte, never taken", () => {
		console.log(`      ${told.get("flips")} bits flipped, ${told.get("size")} cuts`);
		assert.ok(told.get("flips")! > 3000);
		expect({ garbage: 0, flipsTaken: 0, cutsTaken: 0, forgotten: 0 });
	});
	it("session: another host, port, protocol, CA, certificate or key, never taken", () =>
		expect({ others: 12, othersTaken: 0 }));
	it("session: the device's secret is another or there is none, never taken, and not kept", () =>
		expect({ otherSecret: 0, noSecret: 0, noSecretKept: 0 }));
	it("session: its age at both edges of the server's hint and of a day, and a clock that goes back", () =>
		expect({ beforeHint: 1, afterHint: 0, almostADay: 1, dayAfterFull: 0, backwards: 0 }));
	it("session: taken after deep sleep, and after no other reset", () => {
		const file = join(folder(), "memory");
		assert.equal(spawnSync(program, [file]).status, 0);
		for (const reason of [0, 1, 2, 3, 4, 5, 6, 7]) {
			const { stdout } = spawnSync(program, [file, `${reason}`], { encoding: "utf8" });
			assert.equal(stdout, `taken=${reason === DEEP_SLEEP ? 1 : 0}\n`);
		}
	});
	it("session: dates of the certificates that proved it, at both edges", () => expect({ inDate: 3, outOfDate: 0 }));
	it("session: two failures in a row, none is offered for a day, then one may fail", () =>
		expect({ rests: 0, failures: 2, failuresADayLater: 1, factsAlone: 0, factsAloneFailures: 1 }));
	it("session: as large as the memory, kept; larger, not, and it is told by how much", () =>
		expect({ largestTicket: 1342, largestSize: 1536, tooLarge: -1694, tooLargeTaken: 0 }));
});

describe("kept TLS sessions on the Moddable desktop (lin)", function () {
	this.timeout(600_000);
	const binary = findMosquitto();
	const ca = new Authority();
	const server = ca.issue({ name: "broker", hosts: ["127.0.0.1"] });
	const node = ca.issue({ name: "node" });
	let port = 0;
	let library = "";
	let loader = "";
	let ready = "";

	before(async function () {
		skipUnlessSdk(this, "kept TLS sessions on the Moddable desktop");
		if (!binary) {
			console.log("    skipped: mosquitto is not installed");
			this.skip();
		}
		port = await freePort();
		const secrets = [`ca=${ca.certificate}`, `certificate=${node.certificate}`, `key=${node.key}`];
		({ library } = await buildTls(folder(), "broker=127.0.0.1", `port=${port}`, ...secrets));
		loader = buildLoader();
		ready = folder();
		for (let queued = 0; queued < 10; ) queued = Number((await wakeOnce(loader, library, ready)).report.get("queued"));
	});
	after(removeFolders);

	/** A board that is about to send, behind a tap to a mosquitto of its own. */
	class Rig {
		readonly state = folder();
		readonly tap: Tap;
		readonly mosquitto: Mosquitto;
		constructor(tap: Tap, mosquitto: Mosquitto) {
			this.tap = tap;
			this.mosquitto = mosquitto;
			cpSync(ready, this.state, { recursive: true });
		}
		/** Wakes until there was an exchange. @returns its report */
		async exchange(): Promise<Map<string, string>> {
			for (;;) {
				const { report } = await wakeOnce(loader, library, this.state);
				if (report.get("acknowledged") !== "0" || report.get("problem") !== "none") return report;
			}
		}
		/** An exchange that arrives. @param how by what the server proved itself */
		async arrives(how: "full" | "resumed"): Promise<Map<string, string>> {
			const report = await this.exchange();
			assert.equal(report.get("problem"), "none");
			assert.equal(report.get("queued"), "0");
			assert.equal(report.get("tls"), how);
			// what went over the wire says the same: the server's certificate is readable in TLS 1.2
			const showed = this.tap.last.received().includes(new X509Certificate(server.certificate).raw);
			assert.equal(showed, how === "full");
			return report;
		}
		/** The memory of the sleeping board. */
		memory(change?: (memory: Buffer) => void): Buffer {
			const path = join(this.state, "rtc");
			const file = readFileSync(path);
			const memory = file.subarray(file.length - MEMORY_FROM_END);
			change?.(memory);
			writeFileSync(path, file);
			return memory;
		}
	}
	async function rig(run: (rig: Rig) => Promise<void>, { certificate, key }: Identity = server): Promise<void> {
		const directory = folder();
		const file = (name: string, text: string) => {
			writeFileSync(join(directory, name), text);
			return join(directory, name);
		};
		const lines = [
			`cafile ${file("ca.pem", ca.certificate)}`,
			`certfile ${file("server.pem", certificate)}`,
			`keyfile ${file("server-key.pem", key)}`,
			"allow_anonymous true",
			"require_certificate true",
			"use_identity_as_username true",
			"user root",
		];
		const mosquitto = await Mosquitto.start(binary!, lines.join("\n"));
		const tap = await Tap.listen(port, mosquitto.port);
		try {
			await run(new Rig(tap, mosquitto));
		} finally {
			await tap.close();
			await mosquitto.stop();
		}
	}
	/** Cipher suite of a server's first flight. Source: RFC 5246 §7.4.1.3. */
	const suiteOf = (flight: Buffer) => flight.subarray(44 + flight[43]!, 46 + flight[43]!);
	/** A server that pretends to go on with whatever session it is asked for. */
	const feigns = (suite: Buffer) => (socket: net.Socket) =>
		socket.once("data", (hello) => {
			const id = hello.subarray(43, 44 + hello[43]!);
			const renegotiation = Buffer.of(0, 5, 0xff, 1, 0, 1, 0);
			const body = Buffer.concat([Buffer.of(3, 3), Buffer.alloc(32, 7), id, suite, Buffer.of(0), renegotiation]);
			const message = Buffer.concat([Buffer.of(2, 0, 0, body.length), body]);
			const finished = Buffer.concat([Buffer.of(22, 3, 3, 0, 40), Buffer.alloc(40, 9)]);
			socket.write(
				Buffer.concat([Buffer.of(22, 3, 3, 0, message.length), message, Buffer.of(20, 3, 3, 0, 1, 1), finished]),
			);
		});

	it("mosquitto: the second exchange resumes, after a sleep of 110 minutes; the third is too late for the ticket", () =>
		rig(async (rig) => {
			const { received: first } = rig.tap.connections.length ? rig.tap.last : { received: () => Buffer.alloc(0) };
			assert.equal(first().length, 0);
			const full = await rig.arrives("full");
			const whole = rig.tap.last;
			const resumed = await rig.arrives("resumed");
			const short = rig.tap.last;
			console.log(
				`      full: ${whole.sent().length} bytes out and ${whole.received().length} in, resumed: ${short.sent().length} and ${short.received().length}; ${full.get("kept")} bytes kept`,
			);
			assert.ok(short.received().length < whole.received().length / 4);
			assert.equal(resumed.get("kept"), full.get("kept"));
			await rig.arrives("full"); // 220 minutes after the ticket was issued; OpenSSL's are good for 120
		}));
	it("mosquitto: what is kept holds nothing of it to read, nor of the node's key", () =>
		rig(async (rig) => {
			await rig.arrives("full");
			const memory = rig.memory();
			const secret = readFileSync(join(rig.state, "tls-secret"));
			assert.equal(secret.length, 32);
			const ticket = rig.tap.last.received();
			const at = ticket.indexOf(Buffer.of(22, 3, 3), ticket.indexOf(Buffer.of(4, 0, 0)) - 5) + 5; // NewSessionTicket, RFC 5077 §3.3
			for (const what of [secret, ticket.subarray(at + 10, at + 26), Buffer.from(node.key.slice(30, 60))])
				assert.ok(what.length >= 16 && !memory.includes(what));
		}));
	it("mosquitto: restarted, its ticket key gone: a full handshake on the same connection, and the next one resumes", () =>
		rig(async (rig) => {
			await rig.arrives("full");
			await rig.mosquitto.restart();
			const before = rig.tap.connections.length;
			await rig.arrives("full");
			assert.equal(rig.tap.connections.length, before + 1);
			await rig.arrives("resumed");
		}));
	it("board: its power goes, or memory is damaged, or the device's secret is another: full handshakes", () =>
		rig(async (rig) => {
			for (const damage of [
				() => rmSync(join(rig.state, "rtc")),
				() => rig.memory((memory) => memory.writeUInt8(memory[100]! ^ 1, 100)),
				() => rig.memory((memory) => memory.fill(0xff)),
				() => rig.memory((memory) => memory.writeUInt32LE(0xffff_ffff, 4)),
				() => writeFileSync(join(rig.state, "tls-secret"), Buffer.alloc(32, 1)),
			]) {
				await rig.arrives("full");
				damage();
				await rig.arrives("full");
				rig.memory((memory) => memory.fill(0)); // the next round begins without one
			}
		}));
	it("hostile: a server that feigns to resume gets nothing; the same exchange goes on by certificate; twice is enough", () =>
		rig(async (rig) => {
			await rig.arrives("full");
			const suite = suiteOf(rig.tap.last.received());
			for (const kept of [true, false]) {
				rig.tap.instead = feigns(suite);
				const before = rig.tap.connections.length;
				const report = await rig.arrives("full");
				assert.equal(rig.tap.connections.length, before + 2);
				const sent = rig.tap.connections[before]!.sent();
				assert.ok(sent.length > 200 && !sent.includes("MQTT") && !sent.includes("dormouse"));
				assert.equal(Number(report.get("kept")) > 0, kept);
			}
			const before = rig.tap.connections.length;
			assert.equal((await rig.arrives("full")).get("kept"), "0");
			assert.equal(rig.tap.connections.length, before + 1);
		}));
	it("hostile: a good certificate without its key, asked to resume: untrusted both times, nothing sent; then the broker's back", () =>
		rig(async (rig) => {
			await rig.arrives("full");
			await rig.tap.close();
			const made = await HandMadeTls.listen({ version: 1.2, ...server, key: node.key, closes: true }, port);
			try {
				assert.equal((await rig.exchange()).get("problem"), "untrusted");
				assert.equal(made.connections, 2);
				for (const secret of ["MQTT", "dormouse"]) assert.ok(!Buffer.concat(made.received).includes(secret));
			} finally {
				await made.close();
			}
			const tap = await Tap.listen(port, rig.mosquitto.port);
			const report = await rig.exchange();
			await tap.close();
			assert.equal(report.get("problem"), "none");
			assert.equal(report.get("tls"), "full");
		}));
	it("a server of another identity, asked to resume: untrusted, the records wait", () =>
		rig(async (first) => {
			await first.arrives("full");
			await first.tap.close();
			await rig(
				async ({ tap }) => {
					assert.equal((await first.exchange()).get("problem"), "untrusted");
					assert.equal(tap.connections.length, 2);
				},
				ca.issue({ name: "another", hosts: ["127.0.0.2"] }),
			);
		}));
});
