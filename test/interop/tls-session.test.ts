import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TlsSessions } from "../../sim/net/tls-sessions.js";
import * as assert from "../assert.js";
import { Authority } from "../support/certificates.js";
import { HandMadeTls } from "../support/hand-made-tls.js";
import { findMosquitto, Mosquitto } from "../support/mosquitto.js";
import { Tap } from "../support/tap.js";
import { type TlsExchange, tlsExchange } from "../support/tls-exchange.js";

const DELIVERED = ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"];

/** Node's TLS with a session kept between exchanges. What the kept ones of mbedTLS do is in `test/sdk/tls-session.test.ts`. */
describe("tls sessions: mosquitto", function () {
	this.timeout(60_000);
	const binary = findMosquitto();
	const ca = new Authority();
	const server = ca.issue({ hosts: ["localhost"] });
	const node = ca.issue({ name: "node" });
	const directory = mkdtempSync(join(tmpdir(), "dormouse-tls-"));
	after(() => rmSync(directory, { recursive: true, force: true }));
	before(function () {
		if (binary) return;
		console.log("    skipped: mosquitto is not installed");
		this.skip();
	});
	const file = (name: string, text: string) => {
		const path = join(directory, name);
		writeFileSync(path, text);
		return path;
	};

	/** A broker behind a tap, and a node that sends by it. */
	async function rig(
		version: string,
		run: (rig: {
			readonly tap: Tap;
			readonly mosquitto: Mosquitto;
			/** @returns bytes that came from the server */
			takes(more?: Partial<TlsExchange>): Promise<number>;
			readonly trust: Partial<TlsExchange>;
		}) => Promise<void>,
	): Promise<void> {
		const lines = [
			`cafile ${file("ca.pem", ca.certificate)}`,
			`certfile ${file("server.pem", server.certificate)}`,
			`keyfile ${file("server-key.pem", server.key)}`,
			"allow_anonymous true",
			"require_certificate true",
			"use_identity_as_username true",
			"user root",
		];
		const mosquitto = await Mosquitto.start(binary!, lines.join("\n"), `MaxProtocol = ${version}`);
		const tap = await Tap.listen(0, mosquitto.port);
		const trust = {
			ca: ca.certificate,
			certificate: node.certificate,
			key: node.key,
			sessions: new TlsSessions(Date.now),
		};
		const takes = async (more: Partial<TlsExchange> = {}) => {
			const { lines: said } = await tlsExchange({ port: tap.port, ...trust, ...more });
			assert.deepEqual(said, DELIVERED);
			return tap.last.received().length;
		};
		try {
			await run({ tap, mosquitto, takes, trust });
		} finally {
			await tap.close();
			await mosquitto.stop();
		}
	}

	for (const version of ["TLSv1.2", "TLSv1.3"]) {
		it(`tls sessions: ${version}, the second exchange resumes, and less comes than a certificate has`, () =>
			rig(version, async ({ takes }) => {
				const full = await takes();
				const resumed = await takes();
				const again = await takes();
				console.log(`      ${full} bytes from the broker, then ${resumed} and ${again}`);
				assert.ok(resumed < full - 700 && again < full - 700);
				const without = await takes({ sessions: new TlsSessions(Date.now) });
				assert.near(without, full, 8); // signatures differ in length
			}));
		it(`tls sessions: ${version}, the broker restarted, a full handshake on the same connection, then resumed`, () =>
			rig(version, async ({ mosquitto, takes, tap }) => {
				const full = await takes();
				await mosquitto.restart();
				assert.near(await takes(), full, 8);
				assert.equal(tap.connections.length, 2);
				assert.ok((await takes()) < full - 700);
			}));
		it(`tls sessions: ${version}, a server without its certificate's key in the place of the broker: untrusted twice, nothing sent`, () =>
			rig(version, async ({ takes, tap, trust }) => {
				await takes();
				const { port } = tap;
				await tap.close();
				const made = version === "TLSv1.3" ? 1.3 : 1.2;
				const hostile = await HandMadeTls.listen({ version: made, ...server, key: node.key }, port);
				const { lines, written } = await tlsExchange({ port, ...trust });
				await hostile.close();
				assert.deepEqual(lines, ["failed untrusted"]);
				assert.equal(hostile.connections, 2);
				assert.ok(!Buffer.concat(hostile.received).includes("MQTT"));
				assert.equal(written, 0);
			}));
	}
});
