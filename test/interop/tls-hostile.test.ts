import * as net from "node:net";
import * as tls from "node:tls";
import * as assert from "../assert.js";
import { Authority } from "../support/certificates.js";
import { HandMadeTls } from "../support/hand-made-tls.js";
import { type TlsExchange, type TlsOutcome, tlsExchange } from "../support/tls-exchange.js";

/** A server of Node's that counts what it is sent. */
async function listen(
	server: net.Server | tls.Server,
	run: (port: number, seen: () => Buffer) => Promise<void>,
): Promise<void> {
	const received: Buffer[] = [];
	const sockets = new Set<net.Socket>();
	const hear = (socket: net.Socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("data", (bytes) => received.push(bytes));
	};
	server.on(server instanceof tls.Server ? "secureConnection" : "connection", hear);
	server.on("tlsClientError", () => {});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		await run((server.address() as net.AddressInfo).port, () => Buffer.concat(received));
	} finally {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	}
}

function refused(outcome: TlsOutcome, code: string): void {
	assert.deepEqual(outcome.lines, [`failed ${code}`]);
	assert.equal(outcome.written, 0, "MQTT wrote");
}

describe("tls: hostile servers", () => {
	const ca = new Authority();
	const good = ca.issue({ hosts: ["localhost"] });
	const other = ca.issue({ hosts: ["localhost"] });
	const credentials = { username: "node", password: "correct horse battery staple" };
	const exchange = (port: number, more: Partial<TlsExchange> = {}) =>
		tlsExchange({ port, ca: ca.certificate, ...credentials, ...more });

	for (const version of [1.2, 1.3] as const) {
		it(`tls ${version}: the hand-made server with its own key, the handshake goes on`, async () => {
			const server = await HandMadeTls.listen({ version, ...good });
			const going = exchange(server.port, { deadlineMs: 1000 });
			assert.equal((await server.answer).what, version === 1.3 ? "finished" : "key exchange");
			await going;
			await server.close();
		});
		it(`tls ${version}: a good certificate without its key, refused because of the signature, nothing sent`, async () => {
			const server = await HandMadeTls.listen({ version, ...good, key: other.key });
			refused(await exchange(server.port), "untrusted");
			assert.equal((await server.answer).what, "alert 51"); // decrypt_error: RFC 5246 §7.2.2, RFC 8446 §6.2
			await server.close();
		});
		it(`tls ${version}: a handshake cut at many places, lost, nothing sent`, async () => {
			const whole = await HandMadeTls.listen({ version, ...good });
			const going = exchange(whole.port, { deadlineMs: 1000 });
			await whole.answer;
			await going;
			await whole.close();
			let cuts = 0;
			for (let cutAt = 0; cutAt < whole.flightLength - 8; cutAt += cutAt < 16 ? 1 : 23, cuts++) {
				const server = await HandMadeTls.listen({ version, ...good, cutAt, closes: true });
				refused(await exchange(server.port), "lost");
				await server.close();
			}
			assert.ok(cuts > 30, `${cuts} cuts`);
			console.log(`      ${cuts} cuts`);
		});
		for (const cutAt of [0, 3, 60])
			it(`tls ${version}: a server that stalls after ${cutAt} bytes, the deadline ends it`, async () => {
				const server = await HandMadeTls.listen({ version, ...good, cutAt });
				refused(await exchange(server.port, { deadlineMs: 300 }), "timeout");
				await server.close();
			});
	}

	it("tls: a hand-made answer in TLS 1.1, refused", async () => {
		const server = await HandMadeTls.listen({ version: 1.1, ...good });
		refused(await exchange(server.port), "protocol");
		assert.equal((await server.answer).what, "alert 70"); // protocol_version
		await server.close();
	});
	it("tls: a real server that speaks up to 1.1 only, refused", async () => {
		const { certificate: cert, key } = good;
		const options = { cert, key, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
		await listen(tls.createServer(options), async (port, seen) => {
			const outcome = await exchange(port);
			refused(outcome, "refused"); // it says so itself
			assert.equal(seen().length, 0);
		});
	});
	for (const [what, bytes] of [
		["text", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
		["MQTT", Buffer.of(0x20, 3, 0, 0, 0)],
		["zeros", Buffer.alloc(2000)],
		[
			"a record that says to be longer than any",
			Buffer.concat([Buffer.of(22, 3, 3, 0xff, 0xff), Buffer.alloc(0xffff)]),
		],
		["application data before the handshake", Buffer.of(23, 3, 3, 0, 5, 0x20, 3, 0, 0, 0)],
	] as const)
		it(`tls: ${what} for an answer, no application byte`, async () => {
			await listen(
				net.createServer((socket) => socket.end(bytes)),
				async (port, seen) => {
					refused(await exchange(port), "protocol");
					assert.ok(!seen().includes("MQTT"));
				},
			);
		});
	it("tls: 300 answers of random bytes, no application byte and no crash", async () => {
		const { Seeded } = await import("../../sim/seeded.js");
		const seed = 20_261_121;
		console.log(`      seed ${seed}`);
		const random = new Seeded(seed);
		const next = () => Buffer.from(Array.from({ length: 1 + (random.u32() % 200) }, () => random.u32() & 0xff));
		const make = (socket: net.Socket) => {
			const head = random.u32() % 2 ? Buffer.of(22, 3, 3, 0, random.u32() & 0xff, random.u32() % 24) : Buffer.alloc(0);
			socket.on("error", () => {});
			socket.end(Buffer.concat([head, next()]));
		};
		await listen(net.createServer(make), async (port, seen) => {
			for (let n = 0; n < 300; n++) {
				const { lines, written } = await exchange(port);
				assert.ok(/^failed (protocol|lost|refused)$/.test(lines.join()), lines.join());
				assert.equal(written, 0);
			}
			assert.ok(!seen().includes("MQTT"));
		});
	});
	it("tls: a server that closes at once, lost; nobody there, lost", async () => {
		let port = 0;
		await listen(
			net.createServer((socket) => socket.destroy()),
			async (at) => {
				port = at;
				refused(await exchange(port), "lost");
			},
		);
		refused(await exchange(port), "lost");
	});
	for (const [what, trust] of [
		["no CA", { ca: undefined }],
		["a CA that is none", { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }],
		["a certificate without a key", { certificate: good.certificate }],
		["a key without a certificate", { key: good.key }],
		["a key that is another's", { certificate: good.certificate, key: other.key }],
		["a key that is none", { certificate: good.certificate, key: "nonsense" }],
	] as const)
		it(`tls: ${what} provisioned, each exchange fails and nothing is opened`, async () => {
			let connections = 0;
			await listen(
				net.createServer(() => connections++),
				async (port) => {
					refused(await exchange(port, trust as Partial<TlsExchange>), "declaration");
					assert.equal(connections, 0);
				},
			);
		});
});
