import { lookup } from "node:dns/promises";
import { cpSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { connectAsync } from "mqtt";
import * as assert from "../assert.js";
import { Authority, type Identity } from "../support/certificates.js";
import { type Answer, HandMadeTls } from "../support/hand-made-tls.js";
import { findMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { buildLoader, buildTls, folder, removeFolders, skipUnlessSdk, wakeOnce, warnings } from "./sdk.js";

const DAY_MS = 86_400_000;
const PASSWORD = "correct-horse-battery-staple";

/** The node over mbedTLS, as it runs on XS, against the same servers as Node's TLS in `test/interop/tls-*.test.ts`. */
describe("TLS on the Moddable desktop (lin)", function () {
	this.timeout(600_000);
	const binary = findMosquitto();
	const ca = new Authority();
	const foreign = new Authority("another CA");
	const server = ca.issue({ name: "broker", hosts: ["127.0.0.1"] });
	const node = ca.issue({ name: "node" });
	let port = 0;
	let out = "";
	let log = "";
	let library = "";
	let loader = "";
	/** A board that sends at its next wake. */
	let ready = "";

	before(async function () {
		skipUnlessSdk(this, "TLS on the Moddable desktop");
		port = await freePort();
		out = folder();
		const secrets = [`ca=${ca.certificate}`, `certificate=${node.certificate}`, `key=${node.key}`];
		const login = ["username=node", `mqttPassword=${PASSWORD}`, `password=${PASSWORD}`];
		({ log, library } = await buildTls(out, "broker=127.0.0.1", `port=${port}`, ...secrets, ...login));
		loader = buildLoader();
		ready = folder();
		let queued = 0;
		while (queued < 10) queued = Number((await wakeOnce(loader, library, ready)).report.get("queued"));
	});
	after(removeFolders);

	/** The wake with an exchange; what it says holds no secret. @returns its report */
	async function exchange(of = library): Promise<Map<string, string>> {
		const state = folder();
		cpSync(ready, state, { recursive: true });
		const { report, said } = await wakeOnce(loader, of, state);
		assert.ok(!said.includes(PASSWORD), "the password was told");
		for (const line of node.key.split("\n")) assert.ok(line.length < 20 || !said.includes(line), "the key was told");
		return report;
	}
	/** @param problem undefined when the frame is to arrive */
	async function expects(problem?: string, of = library): Promise<void> {
		const report = await exchange(of);
		assert.equal(report.get("problem"), problem ?? "none");
		assert.equal(report.get("acknowledged"), problem ? "0" : "11");
		assert.equal(report.get("queued"), problem ? "11" : "0");
	}
	async function withMosquitto(
		context: Mocha.Context,
		{ identity = server, trusts = ca, wants = true }: { identity?: Identity; trusts?: Authority; wants?: boolean },
		run: () => Promise<void>,
	): Promise<void> {
		if (!binary) {
			console.log("    skipped: mosquitto is not installed");
			context.skip();
		}
		const directory = folder();
		const file = (name: string, text: string) => {
			const path = join(directory, name);
			writeFileSync(path, text);
			return path;
		};
		const lines = [
			`cafile ${file("ca.pem", trusts.certificate)}`,
			`certfile ${file("server.pem", identity.certificate)}`,
			`keyfile ${file("server-key.pem", identity.key)}`,
			"allow_anonymous true",
			`require_certificate ${wants}`,
			"user root",
		];
		const mosquitto = await Mosquitto.start(binary, lines.join("\n"), "", port);
		try {
			await run();
		} finally {
			await mosquitto.stop();
		}
	}
	/** A server that says something of its own. @returns what it was sent */
	async function hostile(what: net.Server, run: () => Promise<void>): Promise<Buffer> {
		const received: Buffer[] = [];
		const sockets = new Set<net.Socket>();
		what.on(what instanceof tls.Server ? "secureConnection" : "connection", (socket: net.Socket) => {
			sockets.add(socket);
			socket.on("error", () => {});
			socket.on("data", (bytes) => received.push(bytes));
		});
		what.on("tlsClientError", () => {});
		await new Promise<void>((resolve) => what.listen(port, "127.0.0.1", resolve));
		try {
			await run();
		} finally {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => what.close(resolve));
		}
		return Buffer.concat(received);
	}
	function isSilent(sent: Buffer): void {
		for (const secret of ["MQTT", PASSWORD, "dormouse"]) assert.ok(!sent.includes(secret), secret);
	}

	it("build: no warning of the linker and none about our files", () => assert.deepEqual(warnings(log), []));

	it("mosquitto: certificates on both sides, the frame arrives", function () {
		return withMosquitto(this, {}, async () => {
			const trust = { ca: ca.certificate, cert: node.certificate, key: node.key };
			const client = await connectAsync(`mqtts://127.0.0.1:${port}`, trust);
			const arrived = new Promise<Uint8Array>((resolve) => client.on("message", (_, payload) => resolve(payload)));
			await client.subscribeAsync("dormouse/+/t", { qos: 1 });
			await expects();
			assert.equal((await arrived).length, Number((await exchange()).get("bytes")));
			await client.endAsync();
		});
	});
	for (const [what, identity] of [
		["another CA", foreign.issue({ hosts: ["127.0.0.1"] })],
		["a CA of the same name with another key", new Authority().issue({ hosts: ["127.0.0.1"] })],
		["another address", ca.issue({ hosts: ["127.0.0.2"] })],
		["a name that only looks like the address", ca.issue({ name: "127.0.0.1", hosts: ["localhost"] })],
		["no name at all", ca.issue({ name: "127.0.0.1" })],
		[
			"dates that are over",
			ca.issue({ hosts: ["127.0.0.1"], fromMs: Date.now() - 9 * DAY_MS, toMs: Date.now() - 2 * DAY_MS }),
		],
	] as const)
		it(`mosquitto: a certificate with ${what}, untrusted`, function () {
			return withMosquitto(this, { identity }, () => expects("untrusted"));
		});
	it("mosquitto: a certificate that begins tomorrow, and the node does not know the time, taken", function () {
		const identity = ca.issue({ hosts: ["127.0.0.1"], fromMs: Date.now() + DAY_MS, toMs: Date.now() + 9 * DAY_MS });
		return withMosquitto(this, { identity }, () => expects());
	});
	it("mosquitto: the node's certificate is of a CA that the broker does not have, refused", function () {
		return withMosquitto(this, { trusts: foreign }, () => expects("refused"));
	});
	it("mosquitto: a node without a certificate, taken by its broker's name, and refused where one is wanted", async function () {
		const name = hostname();
		const { address } = await lookup(name, 4).catch(() => ({ address: "" }));
		const isNamed = address === "127.0.0.1";
		if (!isNamed) console.log(`      not run: a broker by its name, as ${name} is not 127.0.0.1 here`);
		const broker = isNamed ? name : "127.0.0.1";
		const { library: bare } = await buildTls(out, `broker=${broker}`, `port=${port}`, `ca=${ca.certificate}`);
		const identity = ca.issue({ hosts: [broker] });
		await withMosquitto(this, { identity, wants: false }, () => expects(undefined, bare));
		await withMosquitto(this, { identity }, () => expects("refused", bare));
		if (!isNamed) return;
		for (const hosts of [["localhost"], [`${name}.example`], [`x${name}`], ["127.0.0.1"]])
			await withMosquitto(this, { identity: ca.issue({ name, hosts }), wants: false }, () =>
				expects("untrusted", bare),
			);
	});
	it("provisioning: no CA, or one that is none, each exchange says so", async () => {
		for (const settings of [[], ["ca=nonsense"]]) {
			const { library: bare } = await buildTls(out, "broker=127.0.0.1", `port=${port}`, ...settings);
			let connections = 0;
			await hostile(
				net.createServer(() => connections++),
				() => expects("declaration", bare),
			);
			assert.equal(connections, 0);
		}
	});

	const handMade = async (
		options: { version: 1.1 | 1.2; key?: string; cutAt?: number },
		problem: string,
		answer?: string,
	): Promise<HandMadeTls> => {
		const { certificate, key } = server;
		const made = await HandMadeTls.listen({ certificate, key, closes: true, ...options }, port);
		try {
			await expects(problem);
			if (answer !== undefined) assert.equal(((await made.answer) as Answer).what, answer);
			isSilent(Buffer.concat(made.received));
		} finally {
			await made.close();
		}
		return made;
	};
	it("hostile: a good certificate without its key, refused because of the signature, nothing sent", () =>
		handMade({ version: 1.2, key: node.key }, "untrusted", "alert 51").then(() => {}));
	it("hostile: the same server with its key, the handshake goes on until it ends", () =>
		handMade({ version: 1.2 }, "lost", "key exchange").then(() => {}));
	it("hostile: TLS 1.3 with a good certificate without its key, refused because of the signature", async () => {
		const made = await HandMadeTls.listen({ version: 1.3, ...server, key: node.key }, port);
		const report = await exchange();
		const { what } = await made.answer;
		await made.close();
		isSilent(Buffer.concat(made.received));
		assert.equal(report.get("acknowledged"), "0");
		if (what === "no TLS 1.3") console.log("      not run: this mbedTLS has no TLS 1.3");
		else {
			assert.equal(what, "alert 51");
			assert.equal(report.get("problem"), "untrusted");
		}
	});
	it("hostile: an answer in TLS 1.1, refused", () => handMade({ version: 1.1 }, "protocol").then(() => {}));
	it("hostile: handshakes cut at many places, lost, nothing sent", async () => {
		let cuts = 0;
		for (let cutAt = 0, end = 1; cutAt < end; cutAt += 31, cuts++) {
			const made = await handMade({ version: 1.2, cutAt }, "lost");
			end = made.flightLength - 8;
		}
		assert.ok(cuts > 10, `${cuts} cuts`);
		console.log(`      ${cuts} cuts`);
	});
	for (const [what, bytes] of [
		["text", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
		["MQTT", Buffer.of(0x20, 3, 0, 0, 0)],
		["zeros", Buffer.alloc(2000)],
		["a record longer than any", Buffer.concat([Buffer.of(22, 3, 3, 0xff, 0xff), Buffer.alloc(0xffff)])],
		["application data before the handshake", Buffer.of(23, 3, 3, 0, 5, 0x20, 3, 0, 0, 0)],
	] as const)
		it(`hostile: ${what} for an answer, no application byte`, async () => {
			const speaks = net.createServer((socket) => socket.once("data", () => socket.end(bytes)));
			isSilent(await hostile(speaks, () => expects("protocol")));
		});
	it("hostile: a server that stalls, the deadline ends it", async () => {
		isSilent(await hostile(net.createServer(), () => expects("timeout")));
	});
	it("hostile: a real server that speaks up to 1.1 only, refused", async () => {
		const { certificate: cert, key } = server;
		const options = { cert, key, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
		isSilent(await hostile(tls.createServer(options), () => expects("protocol")));
	});
});
