import { DirectLink } from "../../../net/link/direct.js";
import { MqttClient } from "../../../net/mqtt/client.js";
import { Broker } from "../../../sim/net/broker.js";
import { BUILT_MS, type TlsRequest } from "../../../sim/net/network.js";
import { CRYPTO_MS, type ModelServer } from "../../../sim/net/tls-model.js";
import { FULL_MOST_MS, TlsSessions } from "../../../sim/net/tls-sessions.js";
import { VirtualNetwork } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { Frames, Log } from "../../support/frames.js";
import { type Trust, tcpOver } from "../../support/tcp-over.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

const HOUR = 3_600_000;
const DELIVERED = ["delivered 2 peer", "delivered 4 peer", "delivered 5 peer", "idle"];
type Settings = { -readonly [Field in keyof ModelServer]: ModelServer[Field] };

/** A node that sends again and again, and a broker of the model whose settings may change in between. */
class Rig {
	readonly scheduler = new Scheduler();
	readonly network = new VirtualNetwork(this.scheduler);
	readonly sessions = new TlsSessions(() => this.clockMs());
	readonly broker = new Broker(this.scheduler);
	readonly server: Settings;
	trust: Trust = { ca: "a CA", sessions: this.sessions };
	host = "broker.example";
	wallMs = 0;
	clockMs = () => this.scheduler.now;

	constructor(server: ModelServer = {}) {
		this.server = { ...server };
		this.broker.serve(this.network, 8883, this.server);
	}
	/** One exchange. @returns what the node was told, how long its handshakes took, and how many connections it made */
	exchange() {
		const { network, scheduler } = this;
		const timers = new VirtualTimers(scheduler);
		const log = new Log(new Frames(5, 2));
		const beganMs = scheduler.now;
		const made = network.connections;
		let endMs = beganMs;
		log.after = () => {
			endMs = scheduler.now;
		};
		const client = new MqttClient({
			TCP: tcpOver(network, this.trust),
			resolve: (name, done) => network.resolve(name, done),
			link: new DirectLink(timers),
			timers,
			broker: "192.0.2.1",
			port: 8883,
			topic: "t",
			version: 5,
			mtu: 64,
			keepAliveSeconds: 0,
			clientId: "n1",
			tls: { host: this.host, alpn: undefined, node: { wallMs: () => this.wallMs } },
		});
		client.start(new Frames(5, 2), 20_000, log);
		while (!/^(idle|failed)/.test(log.lines.at(-1) ?? "") && scheduler.advance());
		this.sleep(100);
		assert.equal(network.open, 0, "connections are left open");
		return { lines: log.lines, tlsMs: endMs - beganMs - BARE, connections: network.connections - made };
	}
	/** An exchange that is delivered over one connection. */
	takes(ms: number, connections = 1): void {
		const { lines, tlsMs, connections: made } = this.exchange();
		assert.deepEqual(lines, DELIVERED);
		assert.near(tlsMs, ms, 0.001);
		assert.equal(made, connections);
	}
	sleep(ms: number): void {
		let over = false;
		this.scheduler.after(ms, () => {
			over = true;
		});
		while (!over && this.scheduler.advance()); // the broker's own time-outs come much later
	}
}

const { makeKey, agree, verify } = CRYPTO_MS;
/** What an exchange takes beside TLS, until all is delivered: TCP's round trip, those of CONNECT with a frame and of two more. */
const BARE = 20 + 2 * 20;
const FULL = { 1.2: 40 + makeKey + agree + 2 * verify, 1.3: 20 + makeKey + agree + 2 * verify };
const RESUMED = { 1.2: 20, 1.3: 20 + makeKey + agree };

describe("tls sessions", () => {
	for (const version of [1.2, 1.3] as const) {
		it(`tls sessions: ${version}, the second exchange resumes: one round trip, and no proof by certificate`, () => {
			const rig = new Rig({ version });
			rig.takes(FULL[version]);
			rig.sleep(HOUR);
			rig.takes(RESUMED[version]);
		});
		it(`tls sessions: ${version}, the ticket's hint is over ${version === 1.2 ? "two hours after the full handshake" : "two hours after the last one"}`, () => {
			const rig = new Rig({ version });
			rig.takes(FULL[version]);
			rig.sleep(1.5 * HOUR);
			rig.takes(RESUMED[version]);
			rig.sleep(1.5 * HOUR);
			rig.takes(version === 1.2 ? FULL[version] : RESUMED[version]);
			rig.sleep(2.1 * HOUR);
			rig.takes(FULL[version]);
		});
		it(`tls sessions: ${version}, the server lost its ticket key, a full handshake on the same connection`, () => {
			const rig = new Rig({ version });
			rig.takes(FULL[version]);
			rig.server.ticketKey = 2;
			rig.takes(FULL[version]);
			rig.takes(RESUMED[version]);
		});
		it(`tls sessions: ${version}, a server without tickets, full handshakes`, () => {
			const rig = new Rig({ version, ticketKey: 0 });
			for (let n = 0; n < 3; n++) rig.takes(FULL[version]);
		});
		it(`tls sessions: ${version}, the certificate is wanted, shown once, and the session knows of it`, () => {
			const rig = new Rig({ version, wantsCertificate: true });
			rig.trust = { ...rig.trust, certificate: "c", key: "k" };
			rig.takes(FULL[version] + CRYPTO_MS.sign);
			rig.takes(RESUMED[version]);
		});
		for (const resumption of ["alert", "feigned"] as const)
			it(`tls sessions: ${version}, resuming ends with ${resumption}, the exchange goes on by certificate; twice is enough for a day`, () => {
				const rig = new Rig({ version });
				rig.takes(FULL[version]);
				rig.server.resumption = resumption;
				for (let n = 0; n < 2; n++) {
					const { lines, connections } = rig.exchange();
					assert.deepEqual(lines, DELIVERED);
					assert.equal(connections, 2);
				}
				for (let n = 0; n < 3; n++) rig.takes(FULL[version]);
				rig.sleep(24 * HOUR);
				rig.takes(FULL[version]); // this one is kept again
				assert.equal(rig.exchange().connections, 2);
				rig.takes(FULL[version]);
			});
	}
	it("tls sessions: a day after the server proved itself by certificate, it does so again", () => {
		const rig = new Rig({ version: 1.3, ticketSeconds: 7 * 86_400 });
		rig.takes(FULL[1.3]);
		const fullMs = rig.scheduler.now;
		for (let n = 0; n < 23; n++) {
			rig.sleep(HOUR);
			rig.takes(RESUMED[1.3]);
		}
		rig.sleep(FULL_MOST_MS - (rig.scheduler.now - fullMs) + 1);
		rig.takes(FULL[1.3]);
	});
	it("tls sessions: a clock that went back, the power that went, full handshakes", () => {
		const rig = new Rig();
		rig.takes(FULL[1.2]);
		rig.clockMs = () => 0;
		rig.takes(FULL[1.2]);
		rig.clockMs = () => rig.scheduler.now;
		rig.takes(RESUMED[1.2]);
		rig.sessions.forget();
		rig.takes(FULL[1.2]);
	});
	it("tls sessions: another CA, certificate and key, or host, nothing of the session is used", () => {
		for (const change of [
			(rig: Rig) => {
				rig.trust = { ...rig.trust, ca: "another" };
			},
			(rig: Rig) => {
				rig.trust = { ...rig.trust, certificate: "c", key: "k" };
			},
			(rig: Rig) => {
				rig.host = "other.example";
			},
		]) {
			const rig = new Rig();
			rig.takes(FULL[1.2]);
			change(rig);
			rig.takes(FULL[1.2]);
			rig.takes(RESUMED[1.2]);
		}
	});
	it("tls sessions: the certificate's dates end in between by the node's clock, not resumed and not trusted", () => {
		const rig = new Rig({ validMs: [BUILT_MS, BUILT_MS + HOUR] });
		rig.wallMs = BUILT_MS + HOUR - 1;
		rig.takes(FULL[1.2]);
		rig.wallMs = BUILT_MS + HOUR;
		rig.takes(RESUMED[1.2]);
		rig.wallMs = BUILT_MS + HOUR + 1;
		assert.deepEqual(rig.exchange().lines, ["failed untrusted"]);
	});
	for (const [what, change] of [
		["its certificate's key is another", { holdsKey: false }],
		["another authority", { authority: "another CA" }],
		["another name", { names: ["other.example"] }],
	] as const)
		it(`tls sessions: a server in the place of the first, ${what}: untrusted, no CONNECT`, () => {
			const rig = new Rig();
			rig.takes(FULL[1.2]);
			const connects = rig.broker.received.get("connect");
			Object.assign(rig.server, change, { ticketKey: 2 });
			assert.deepEqual(rig.exchange().lines, ["failed untrusted"]);
			assert.equal(rig.broker.received.get("connect"), connects);
		});
	it("tls sessions: nothing of a connection that never answered is kept; what was offered is not offered again", () => {
		const request: TlsRequest = {
			host: "h",
			alpn: undefined,
			wallMs: 0,
			ca: "a",
			certificate: undefined,
			key: undefined,
		};
		let nowMs = 0;
		const sessions = new TlsSessions(() => nowMs);
		const first = sessions.begin(request, 1);
		first.used();
		first.secured([0, 1e15]);
		first.received(Uint8Array.of(1), 1000);
		assert.equal(sessions.begin(request, 1).session, undefined);
		first.proven();
		const second = sessions.begin(request, 1);
		assert.deepEqual([...second.session!], [1]);
		assert.equal(sessions.begin(request, 2).session, undefined);
		assert.equal(sessions.begin(request, 1, false).session, undefined);
		nowMs = 999;
		assert.ok(sessions.begin(request, 1).session);
		second.used();
		assert.ok(second.hasFailed);
		assert.equal(sessions.begin(request, 1).session, undefined);
	});
});
