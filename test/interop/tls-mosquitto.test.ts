import { pbkdf2Sync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { toHex } from "../../modules/core/bytes.js";
import { Subscriber } from "../../sim/net/subscriber.js";
import * as assert from "../assert.js";
import { Authority, type Identity } from "../support/certificates.js";
import { findMosquitto, Mosquitto, skipped } from "../support/mosquitto.js";
import { type TlsExchange, tlsExchange } from "../support/tls-exchange.js";

interface BrokerOptions {
	readonly identity?: Identity;
	/** Lines of mosquitto's configuration. */
	readonly more?: string;
	/** Lines of OpenSSL's. */
	readonly openssl?: string;
}

const DAY_MS = 86_400_000;
const DELIVERED = ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"];

describe("tls: mosquitto", function () {
	this.timeout(20_000);
	const binary = findMosquitto();
	const directory = mkdtempSync(join(tmpdir(), "dormouse-tls-"));
	const ca = new Authority();
	const foreign = new Authority("another CA");
	const server = ca.issue({ name: "broker", hosts: ["localhost", "broker.example"] });
	const node = ca.issue({ name: "node-7" });

	before(function () {
		if (!binary) skipped(this);
	});
	after(() => rmSync(directory, { recursive: true, force: true }));

	/** A broker with TLS. @returns what it logged besides */
	async function broker(
		{ identity = server, more = "allow_anonymous true", openssl = "" }: BrokerOptions,
		run: (port: number, log: () => string) => Promise<void>,
	): Promise<void> {
		const file = (name: string, text: string) => {
			const path = join(directory, name);
			writeFileSync(path, text, { mode: 0o644 });
			return path;
		};
		const log = file("log", "");
		const lines = [
			`cafile ${file("ca.pem", ca.certificate)}`,
			`certfile ${file("server.pem", identity.certificate)}`,
			`keyfile ${file("server-key.pem", identity.key)}`,
			`log_dest file ${log}`,
			"log_type all",
			"user root",
			more,
		];
		const mosquitto = await Mosquitto.start(binary!, lines.join("\n"), openssl);
		try {
			await run(mosquitto.port, () => readFileSync(log, "utf8"));
		} finally {
			await mosquitto.stop();
		}
	}
	const exchange = (port: number, more: Partial<TlsExchange> = {}) =>
		tlsExchange({ port, ca: ca.certificate, ...more });
	/** Nothing of MQTT got there. */
	async function refused(port: number, log: () => string, more: Partial<TlsExchange>, code: string): Promise<void> {
		const { lines, written } = await exchange(port, more);
		assert.deepEqual(lines, [`failed ${code}`]);
		assert.equal(written, 0, "MQTT wrote");
		assert.ok(!/\bn1\b/.test(log()), "the broker knows the client");
	}
	/** The version that the broker chooses. */
	async function protocol(port: number): Promise<string | null> {
		const socket = tls.connect({
			port,
			servername: "localhost",
			ca: ca.certificate,
			cert: node.certificate,
			key: node.key,
		});
		await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
		const chosen = socket.getProtocol();
		socket.destroy();
		return chosen;
	}
	const mutual = "allow_anonymous true\nrequire_certificate true\nuse_identity_as_username true";

	for (const version of ["TLSv1.2", "TLSv1.3"]) {
		const openssl = `MaxProtocol = ${version}`;
		it(`mosquitto ${version}: server and node have certificates of the CA, frames arrive`, () =>
			broker({ more: mutual, openssl }, async (port, log) => {
				const heard: string[] = [];
				const trust = { ca: ca.certificate, ...node };
				const url = `mqtts://localhost:${port}`;
				const subscriber = new Subscriber(url, "dormouse/+/t", (_, bytes) => heard.push(toHex(bytes)), { tls: trust });
				await subscriber.ready;
				assert.deepEqual((await exchange(port, node)).lines, DELIVERED);
				for (let tries = 0; heard.length < 3 && tries < 100; tries++) await new Promise((done) => setTimeout(done, 20));
				await subscriber.close();
				assert.deepEqual(heard, ["0102", "0304", "05"]);
				assert.ok(/as n1 .*u'node-7'/.test(log()), "the certificate's name is the user's");
				assert.equal(await protocol(port), version);
			}));
		it(`mosquitto ${version}: a node without a certificate where one is wanted, refused by the broker`, () =>
			broker({ more: mutual, openssl }, async (port, log) => {
				// in TLS 1.3 the server is trusted before it looks at the node: CONNECT may leave, and nobody reads it
				assert.deepEqual((await exchange(port)).lines, ["failed refused"]);
				assert.ok(!/\bn1\b/.test(log()), "the broker read CONNECT");
			}));
		it(`mosquitto ${version}: a node with a certificate of another CA, refused by the broker`, () =>
			broker({ more: mutual, openssl }, async (port, log) => {
				assert.deepEqual((await exchange(port, foreign.issue())).lines, ["failed refused"]);
				assert.ok(!/\bn1\b/.test(log()), "the broker read CONNECT");
			}));
	}
	it("mosquitto: user name and password over TLS, taken; a wrong password, refused by MQTT", () => {
		const passwords = join(directory, "passwords");
		// as mosquitto_passwd writes it: PBKDF2 with SHA-512
		const salt = Buffer.from("saltsaltsalt");
		const hash = pbkdf2Sync("opensesame", salt, 101, 64, "sha512");
		const line = `node:$7$101$${salt.toString("base64")}$${hash.toString("base64")}\n`;
		writeFileSync(passwords, line, { mode: 0o644 });
		return broker({ more: `password_file ${passwords}` }, async (port) => {
			assert.deepEqual((await exchange(port, { username: "node", password: "opensesame" })).lines, DELIVERED);
			assert.deepEqual((await exchange(port, { username: "node", password: "sesame" })).lines, ["failed refused"]);
		});
	});
	it("mosquitto: another CA than the node's, refused", () =>
		broker({}, (port, log) => refused(port, log, { ca: foreign.certificate }, "untrusted")));
	it("mosquitto: a CA of the same name with another key, refused", () =>
		broker({}, (port, log) => refused(port, log, { ca: new Authority().certificate }, "untrusted")));
	it("mosquitto: several CAs, one is the broker's, taken", () =>
		broker({}, async (port) => {
			const both = foreign.certificate + ca.certificate;
			assert.deepEqual((await exchange(port, { ca: both })).lines, DELIVERED);
		}));
	it("mosquitto: a certificate of a CA that the node does not have, refused", () =>
		broker({ identity: foreign.issue({ hosts: ["localhost"] }) }, (port, log) => refused(port, log, {}, "untrusted")));
	for (const host of ["broker.local", "localhost.example", "127.0.0.1", "xn--localhost", "broker"])
		it(`mosquitto: the node asks for ${host}, which the certificate does not hold, refused`, () =>
			broker({}, (port, log) => refused(port, log, { host }, "untrusted")));
	it("mosquitto: a certificate with no name but the common one, it counts then and not else", async () => {
		await broker({ identity: ca.issue({ name: "localhost" }) }, async (port) =>
			assert.deepEqual((await exchange(port)).lines, DELIVERED),
		);
		await broker({ identity: ca.issue({ name: "localhost", hosts: ["other.example"] }) }, (port, log) =>
			refused(port, log, {}, "untrusted"),
		);
	});
	it("mosquitto: another name of the certificate, and an address, taken", async () => {
		await broker({}, async (port) =>
			assert.deepEqual((await exchange(port, { host: "broker.example" })).lines, DELIVERED),
		);
		await broker({ identity: ca.issue({ hosts: ["127.0.0.1"] }) }, async (port) =>
			assert.deepEqual((await exchange(port, { host: "127.0.0.1" })).lines, DELIVERED),
		);
	});
	it("mosquitto: an expired certificate, refused, whatever the node's clock says", () => {
		const toMs = Date.now() - 60_000;
		const identity = ca.issue({ hosts: ["localhost"], fromMs: toMs - DAY_MS, toMs });
		return broker({ identity }, async (port, log) => {
			await refused(port, log, { wallMs: 0 }, "untrusted");
			await refused(port, log, { wallMs: toMs - 1000 }, "untrusted");
		});
	});
	describe("the node's clock", () => {
		const fromMs = Date.now() - 10 * DAY_MS;
		const toMs = Date.now() + 10 * DAY_MS;
		const identity = ca.issue({ hosts: ["localhost"], fromMs, toMs });
		const old = new Authority("an old CA", { fromMs, toMs: Date.now() + DAY_MS });
		for (const [what, wallMs, code] of [
			["a minute before it begins", fromMs - 60_000, "untrusted"],
			["a minute after it ends", toMs + 60_000, "untrusted"],
		] as const)
			it(`mosquitto: by the node's clock ${what}, refused`, () =>
				broker({ identity }, (port, log) => refused(port, log, { wallMs }, code)));
		for (const [what, wallMs] of [
			["in the middle", Date.now()],
			["unknown", 0],
		] as const)
			it(`mosquitto: the node's clock is ${what}, taken`, () =>
				broker({ identity }, async (port) => assert.deepEqual((await exchange(port, { wallMs })).lines, DELIVERED)));
		it("mosquitto: the node's clock is unknown and the firmware newer than the certificate's end, refused", () =>
			broker({ identity }, (port, log) => refused(port, log, { builtMs: toMs + 1000 }, "untrusted")));
		it("mosquitto: the CA has expired by the node's clock, refused", () =>
			broker({ identity: old.issue({ hosts: ["localhost"], fromMs, toMs }) }, (port, log) =>
				refused(port, log, { ca: old.certificate, wallMs: Date.now() + 2 * DAY_MS }, "untrusted"),
			));
	});
	it("mosquitto: TLS 1.1 only, refused", () => {
		const openssl = "MinProtocol = TLSv1.1\nMaxProtocol = TLSv1.1\nCipherString = DEFAULT@SECLEVEL=0";
		return broker({ openssl }, async (port, log) => {
			const { lines, written } = await exchange(port);
			assert.ok(/^failed (protocol|refused)$/.test(lines.join()), lines.join());
			assert.equal(written, 0);
			assert.ok(!/\bn1\b/.test(log()));
		});
	});
	it("mosquitto: it speaks no TLS there, refused, and no CONNECT", async () => {
		const plain = await Mosquitto.start(binary!);
		const { lines, written } = await exchange(plain.port);
		await plain.stop();
		assert.ok(/^failed (protocol|lost)$/.test(lines.join()), lines.join());
		assert.equal(written, 0);
	});
});
