import { DirectLink } from "../../../net/link/direct.js";
import { MqttClient } from "../../../net/mqtt/client.js";
import { Broker } from "../../../sim/net/broker.js";
import { BUILT_MS } from "../../../sim/net/network.js";
import { CRYPTO_MS, type ModelServer } from "../../../sim/net/tls-model.js";
import { VirtualNetwork, type VirtualNetworkOptions } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { Frames, Log } from "../../support/frames.js";
import { type Trust, tcpOver } from "../../support/tcp-over.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

const DELIVERED = ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"];
const TRUST: Trust = Object.freeze({ ca: "a CA" });

interface Rig {
	readonly server?: ModelServer;
	readonly trust?: Trust;
	readonly wallMs?: number;
	readonly network?: VirtualNetworkOptions;
	/** Of the model; undefined for the plain port. */
	readonly port?: number;
}

/** One exchange. */
function exchange({ server = {}, trust = TRUST, wallMs = 0, network: options = {}, port = 8883 }: Rig = {}) {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler, options);
	const broker = new Broker(scheduler);
	broker.serve(network);
	broker.serve(network, 8883, server);
	const timers = new VirtualTimers(scheduler);
	const host = "broker.example";
	const log = new Log(new Frames(5, 2));
	let endMs = 0;
	log.after = () => {
		endMs = scheduler.now;
	};
	const client = new MqttClient({
		TCP: tcpOver(network, trust),
		resolve: (name, done) => network.resolve(name, done),
		link: new DirectLink(timers),
		timers,
		broker: "192.0.2.1",
		port,
		topic: "t",
		version: 5,
		mtu: 64,
		keepAliveSeconds: 0,
		clientId: "n1",
		tls: { host, alpn: undefined, node: { wallMs: () => wallMs } },
	});
	client.start(new Frames(5, 2), 20_000, log);
	while (scheduler.advance());
	assert.equal(network.open, 0, "connections are left open");
	return { lines: log.lines, endMs, connects: broker.received.get("connect") ?? 0, violations: broker.violations };
}

describe("tls model", () => {
	const { makeKey, agree, sign, verify } = CRYPTO_MS;
	const computing = makeKey + agree + 2 * verify;
	const bare = 20 + 3 * 20; // TCP's round trip, those of CONNECT with a frame and of two frames, the way of DISCONNECT
	for (const [what, rig, ms] of [
		["1.2: two round trips and computing", {}, 40 + computing],
		["1.3: one", { server: { version: 1.3 } }, 20 + computing],
		[
			"1.2 with a certificate: a signature more",
			{ server: { wantsCertificate: true }, trust: { ...TRUST, certificate: "c", key: "k" } },
			40 + computing + sign,
		],
		[
			"1.3 with a certificate",
			{ server: { version: 1.3, wantsCertificate: true }, trust: { ...TRUST, certificate: "c", key: "k" } },
			20 + computing + sign,
		],
	] as const)
		it(`tls model: ${what}`, () => {
			const { lines, endMs } = exchange(rig as Rig);
			assert.deepEqual(lines, DELIVERED);
			assert.near(endMs, bare - 20 + ms, 0.001);
		});
	for (const [what, rig] of [
		["another CA", { server: { authority: "another CA" } }],
		["another name", { server: { names: ["other.example"] } }],
		["expired", { server: { validMs: [0, BUILT_MS + 1000] }, wallMs: BUILT_MS + 1001 }],
		["not yet valid", { server: { validMs: [BUILT_MS + 1000, BUILT_MS + 2000] }, wallMs: BUILT_MS + 999 }],
		["time unknown, expired before the firmware was built", { server: { validMs: [0, BUILT_MS] } }],
		["without the certificate's key", { server: { holdsKey: false } }],
		["1.3, without the certificate's key", { server: { holdsKey: false, version: 1.3 } }],
	] as const)
		it(`tls model: a server with ${what}, untrusted, no CONNECT`, () => {
			const { lines, connects } = exchange(rig as unknown as Rig);
			assert.deepEqual(lines, ["failed untrusted"]);
			assert.equal(connects, 0);
		});
	it("tls model: dates at their very edges, and time unknown before they begin, taken", () => {
		for (const wallMs of [BUILT_MS + 1000, BUILT_MS + 2000, 0])
			assert.deepEqual(
				exchange({ server: { validMs: [BUILT_MS + 1000, BUILT_MS + 2000] }, wallMs }).lines,
				DELIVERED,
				`${wallMs}`,
			);
	});
	for (const version of [1.2, 1.3] as const)
		it(`tls model: ${version}, a certificate is wanted and there is none, refused, no CONNECT`, () => {
			const { lines, connects } = exchange({ server: { version, wantsCertificate: true } });
			assert.deepEqual(lines, ["failed refused"]);
			assert.equal(connects, 0);
		});
	for (const trust of [{}, { ca: "a CA", key: "k" }, { ca: "a CA", certificate: "c" }])
		it(`tls model: provisioned with ${Object.keys(trust).join(" and ") || "nothing"}, nothing is opened`, () => {
			assert.deepEqual(exchange({ trust }).lines, ["failed declaration"]);
		});
	it("tls model: the port speaks no TLS, no CONNECT", () => {
		const { lines, connects } = exchange({ port: 1883 });
		assert.equal(lines.length, 1);
		assert.ok(/^failed (lost|protocol)$/.test(lines[0]!), lines[0]);
		assert.equal(connects, 0);
	});
	it("tls model: room for few bytes at a time, the same exchange", () => {
		for (const windowBytes of [64, 100, 333]) assert.deepEqual(exchange({ network: { windowBytes } }).lines, DELIVERED);
	});
	it("tls model: the network goes silent in the handshake, the deadline ends it", () => {
		const outages = [{ from: 50, to: 60_000, how: "silent" }] as const;
		assert.deepEqual(exchange({ network: { outages } }).lines, ["failed timeout"]);
	});
});
