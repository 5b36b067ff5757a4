import { createSocket } from "node:dgram";
import { parseFromServer } from "../../sim/lora/semtech-udp.js";
import { Pace } from "../../sim/pace.js";
import { Seeded } from "../../sim/seeded.js";
import * as assert from "../assert.js";
import { frameOf } from "../support/lora-frames.js";
import { GPS_MS, NetworkRig } from "../support/lora-network.js";
import type { Outcome } from "../support/lorawan.js";
import { PacketServer } from "../support/packet-server.js";
import { seedOf } from "../support/seed.js";

/** Virtual time is so many times as fast: the five seconds until an answer are 250 ms, its way is some. */
const SPEED = 20;

describe("semtech udp: a real network server behind the simulation", () => {
	let server: PacketServer;
	let rig: NetworkRig;
	let pace: Pace;

	beforeEach(async () => {
		const keys = new NetworkRig({ seed: 5 }).node.settings;
		server = new PacketServer(keys.appKey!);
		await server.open();
		rig = new NetworkRig({ seed: 5, network: { forward: { host: "127.0.0.1", port: server.port } } });
		pace = new Pace(rig.node.scheduler, SPEED);
		await until(() => server.pulls > 0);
	});
	afterEach(async () => {
		await rig.network.close();
		await rig.network.close(); // twice is once
		await server.close();
	});
	async function until(what: () => boolean) {
		for (let n = 0; n < 1000 && !what(); n++) await new Promise((resolve) => setTimeout(resolve, 2));
		assert.ok(what(), "it never came");
	}
	/** Runs the node's exchange, slowed while an answer may come. */
	async function exchange(payload: Uint8Array): Promise<Pick<Outcome, "end" | "downlinks">> {
		const { node, network } = rig;
		const { scheduler } = node;
		const outcome: { end: Outcome["end"]; downlinks: string[] } = { end: "cut", downlinks: [] };
		node.queue.push(payload);
		let over = false;
		let filled = false;
		node.client.start(
			{
				wantsTime: false,
				fill(view, room) {
					const none = { length: 0, upTo: 0, count: 0, seconds: 0, wall: 0 };
					if (filled || payload.length > room) return none;
					filled = true;
					view.set(payload);
					return { ...none, length: payload.length, upTo: 1 };
				},
				again: () => 0,
				rewind: () => (filled = false),
			},
			node.declaration.deadlineMs,
			{
				delivered: () => {},
				deferred: () => end("deferred"),
				failed: () => end("failed"),
				idle: () => end("idle"),
				downlink(bytes) {
					outcome.downlinks.push(Buffer.from(bytes).toString("hex"));
					return true;
				},
				wallTime: () => {},
			},
		);
		function end(how: Outcome["end"]) {
			outcome.end = how;
			over = true;
		}
		while (!over) {
			if (network.live) {
				await pace.wait(false, scheduler.next ?? pace.now);
				while (!over && scheduler.advance(pace.now));
				scheduler.skipTo(Math.min(pace.now, scheduler.next ?? pace.now));
			} else {
				pace.forget();
				scheduler.advance();
			}
		}
		node.sleep(600_000);
		return outcome;
	}

	it("a node joins, sends, is acknowledged and takes a confirmed downlink; the air is kept legal", async () => {
		assert.equal(rig.network.live, false, "nobody can answer yet");
		assert.equal((await exchange(Uint8Array.of(1, 2, 3))).end, "idle");
		assert.deepEqual(
			server.payloads.map(({ hex }) => hex),
			["010203"],
		);
		server.next = Buffer.from("c0ffee", "hex");
		const { downlinks } = await exchange(Uint8Array.of(4));
		assert.deepEqual(downlinks, ["c0ffee"]);
		assert.deepEqual(
			server.payloads.map(({ hex, ack }) => `${hex} ${ack}`),
			["010203 false", "04 false", " true"],
		);
		await until(() => server.acks.length === 2);
		assert.deepEqual(server.acks, ["NONE", "NONE"]);
		assert.deepEqual([...server.euis], ["0016c001f1100000"]);
		const [counts] = rig.network.forwarders;
		assert.equal(counts!.pushed, 4);
		assert.deepEqual([counts!.responses, counts!.refused, counts!.malformed], [2, 0, 0]);
		assert.ok(counts!.pushAcks >= 4 && counts!.pullAcks >= 1);
		assert.deepEqual(rig.network.violations, []);
		assert.deepEqual(rig.chip.violations, []);
		assert.equal(rig.network.counts.joins, 0, "our own server is off");
	});
	it("rxpk: all fields, as the protocol has them", async () => {
		await exchange(Uint8Array.of(1));
		const [join] = server.received;
		const { time, tmms, tmst, data, freq, rssi, lsnr, chan, ...rest } = join!;
		assert.deepEqual(rest, {
			...{ rfch: chan < 4 ? 0 : 1, stat: 1, modu: "LORA", datr: "SF7BW125", codr: "4/5", size: 23 },
		});
		assert.ok(Number.isInteger(tmst) && tmst >= 0 && tmst < 2 ** 32);
		assert.ok(Number.isInteger(rssi) && rssi < -60 && rssi > -140);
		assert.ok(Number.isInteger(Math.round(lsnr * 1e6) / 1e5));
		assert.ok([868.1, 868.3, 868.5].includes(freq));
		assert.equal(Buffer.from(data, "base64").length, 23);
		assert.ok(tmms >= GPS_MS && tmms < GPS_MS + 60_000);
		assert.equal(new Date(time).getTime() - tmms, 315_964_800_000 - 18_000);
		assert.ok(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$/.test(time));
	});
	it("stat: told at the start, with the gateway's figures", async () => {
		await until(() => server.stats.length > 0);
		const { time, ...rest } = server.stats[0]!;
		assert.ok(/^2026-03-01 00:00:\d\d GMT$/.test(String(time)));
		assert.deepEqual(rest, {
			...{ lati: 0, long: 0, alti: 0, rxnb: 0, rxok: 0, rxfw: 0, ackr: 0, dwnb: 0, txnb: 0 },
		});
	});
	const good = {
		...{ imme: true, freq: 869.525, rfch: 0, powe: 27, modu: "LORA", datr: "SF9BW125", codr: "4/5", ipol: true },
		...{ size: 3, data: "AQID" },
	};
	for (const [name, change, expected] of [
		["at once", {}, "NONE"],
		["without padding, without size", { size: undefined, data: "AQI" }, "NONE"],
		["too late", { imme: false, tmst: 0 }, "TOO_LATE"],
		["too early", { imme: false, tmst: "early" }, "TOO_EARLY"],
		["at a GPS time that is over", { imme: false, tmms: 1000 }, "TOO_LATE"],
		["out of the band", { freq: 870.5 }, "TX_FREQ"],
		["more power than there is", { powe: 30 }, "TX_POWER"],
	] as const)
		it(`txpk ${name}: ${expected}`, async () => {
			const { tmstAt } = { tmstAt: rig.network.gateways[0]!.tmst(rig.node.scheduler.now) };
			const tmst =
				"tmst" in change
					? change.tmst === "early"
						? (tmstAt + 600e6) % 2 ** 32
						: (tmstAt + 2 ** 32 - 5) % 2 ** 32
					: undefined;
			await server.respond({ ...good, ...change, tmst });
			await until(() => server.acks.length === 1);
			assert.equal(server.acks[0], expected);
		});
	it("txpk: all fields are read, and the protocol's own where they are not there", () => {
		const read = (txpk: object) => {
			const bytes = Buffer.concat([Buffer.from([2, 0xab, 0xcd, 3]), Buffer.from(JSON.stringify({ txpk }))]);
			const message = parseFromServer(bytes);
			if (message?.type !== "pullResp") return assert.fail("no PULL_RESP");
			assert.equal(message.token, 0xabcd);
			return message.tx;
		};
		const usual = {
			...{ bytes: Uint8Array.of(1, 2, 3), frequencyHz: 869_525_000, spreadingFactor: 9, bandwidthHz: 125_000 },
			...{ codingRate: 1, preambleSymbols: 8 },
		};
		assert.deepEqual(read(good), { ...usual, when: "now", powerDbm: 27, invertIq: true, crc: true });
		const { imme: _, powe: __, ipol: ___, codr: ____, modu: _____, ...bare } = good;
		assert.deepEqual(read({ ...bare, tmst: 2 ** 32 - 1 }), {
			...{ ...usual, when: { tmst: 2 ** 32 - 1 }, powerDbm: undefined, invertIq: false, crc: true },
		});
		assert.deepEqual(read({ ...bare, tmms: 5, ncrc: true, prea: 10, codr: "4/8", data: "-_8=", size: 2 }), {
			...{ ...usual, when: { gpsMs: 5 }, powerDbm: undefined, invertIq: false, crc: false },
			...{ preambleSymbols: 10, codingRate: 4, bytes: Uint8Array.of(0xfb, 0xff) },
		});
	});
	it("txpk twice at once for one instant: the second meets the first", async () => {
		const tmst = (rig.network.gateways[0]!.tmst(rig.node.scheduler.now) + 1e6) % 2 ** 32;
		for (let n = 0; n < 2; n++) await server.respond({ ...good, imme: false, tmst });
		await until(() => server.acks.length === 2);
		assert.deepEqual(server.acks, ["NONE", "COLLISION_PACKET"]);
	});
	for (const [name, change] of [
		["no data", { data: undefined }],
		["data that is no text", { data: 5 }],
		["data that is no base64", { data: "A*==" }],
		["data of more than 255 bytes", { data: "A".repeat(400), size: undefined }],
		["no bytes", { data: "", size: 0 }],
		["another size", { size: 4 }],
		["no frequency", { freq: undefined }],
		["a frequency that is text", { freq: "868.1" }],
		["a negative frequency", { freq: -1 }],
		["an unknown spreading factor", { datr: "SF13BW125" }],
		["an unknown bandwidth", { datr: "SF7BW62" }],
		["FSK", { modu: "FSK", datr: 50_000 }],
		["an unknown coding rate", { codr: "4/9" }],
		["no time", { imme: false }],
		["a time beyond 32 bits", { imme: false, tmst: 2 ** 32 }],
		["a time with a fraction", { imme: false, tmst: 1.5 }],
		["power beyond reason", { powe: 1e9 }],
		["a preamble of nothing", { prea: 0 }],
	] as const)
		it(`txpk with ${name}: malformed, nothing is sent`, async () => {
			await server.respond({ ...good, ...change });
			const [counts] = rig.network.forwarders;
			await until(() => counts!.malformed === 1);
			assert.equal(rig.network.gateways[0]!.counts.sent, 0);
			assert.equal(counts!.responses, 0);
		});
	it("hostile datagrams: counted, and the node joins all the same", async () => {
		const junk = [
			...["", "02", "020000", "01000003", "02000009", "0200000300", "02000003"],
			...["02000003ff", `02000003${Buffer.from('{"txpk":null}').toString("hex")}`],
			`02000003${Buffer.from('{"txpk":[]}').toString("hex")}`,
			`02000003${Buffer.from("[".repeat(4000)).toString("hex")}`,
			`02000003${Buffer.from('{"__proto__":{"txpk":{}}}').toString("hex")}`,
			`02000003${"20".repeat(5000)}`,
		];
		for (const hex of junk) await server.raw(Buffer.from(hex, "hex"));
		const [counts] = rig.network.forwarders;
		await until(() => counts!.malformed === junk.length);
		// A stranger's well-made frame is dropped: it is not from the server's address.
		const stranger = createSocket("udp4");
		const bytes = Buffer.concat([Buffer.from([2, 0, 1, 3]), Buffer.from(JSON.stringify({ txpk: good }))]);
		const { port, address } = server.client;
		await new Promise((resolve) => stranger.send(bytes, port, address, resolve));
		await new Promise<void>((resolve) => stranger.close(() => resolve()));
		// Acknowledgements that nobody waits for are not counted.
		const before = counts!.pushAcks;
		await server.raw(Uint8Array.of(2, 0xff, 0xff, 1));
		assert.equal((await exchange(Uint8Array.of(1))).end, "idle");
		assert.equal(counts!.responses, 1);
		assert.equal(counts!.pushAcks - before, 2);
		assert.equal(server.payloads.length, 1);
	});
	for (const [what, change] of [
		["a frame each time that it is asked", {}],
		["one in eight minutes", { imme: false, tmst: 480e6 }],
		["a preamble of half an hour", { prea: 65_535 }],
	] as const)
		it(`a server that wants ${what} sent: holds virtual time no longer than an answer may take`, async () => {
			const { network, node } = rig;
			const { scheduler } = node;
			assert.equal((await exchange(Uint8Array.of(1))).end, "idle");
			for (; network.live; scheduler.skipTo(scheduler.now + 100)) while (scheduler.advance(scheduler.now + 100));
			const tmst = (network.gateways[0]!.tmst(scheduler.now) + ("tmst" in change ? change.tmst : 0)) % 2 ** 32;
			const count = server.acks.length;
			await server.respond({ ...good, ...change, tmst });
			await until(() => server.acks.length > count);
			assert.equal(server.acks.at(-1), "NONE");
			assert.equal(network.live, false, "nobody waits for it");
		});
	it("acknowledgements: counted again when a server is back after hundreds of datagrams", async () => {
		const { network } = rig;
		const [counts] = network.forwarders;
		await server.close();
		const { onReceived } = network.gateways[0]!;
		const frame = frameOf();
		const received = {
			...{ bytes: frame.bytes, frame, channel: 0, frequencyHz: frame.frequencyHz, tmst: 0, crc: "ok" as const },
			...{ rssiDbm: -100, snrDb: 5 },
		};
		const { port } = server;
		const back = createSocket("udp4");
		await new Promise<void>((resolve) => back.bind(port, "127.0.0.1", resolve));
		let heard = 0;
		let answers = false;
		back.on("message", (bytes, from) => {
			heard++;
			if (answers) back.send(Buffer.from([2, bytes[1]!, bytes[2]!, 1]), from.port, from.address);
		});
		try {
			for (let n = 0; n < 300; n += 50) {
				for (let m = 0; m < 50; m++) onReceived(received);
				await until(() => heard >= n + 50);
			}
			answers = true;
			const before = counts!.pushAcks;
			onReceived(received);
			await until(() => counts!.pushAcks > before);
		} finally {
			await new Promise<void>((resolve) => back.close(() => resolve()));
		}
	});
	it("a server at an address of IPv6: hears the gateway", async function () {
		const six = createSocket("udp6");
		const bound = await new Promise<boolean>((resolve) => {
			six.once("error", () => resolve(false));
			six.bind(0, "::1", () => resolve(true));
		});
		if (!bound) {
			console.log("      skipped: there is no IPv6 here");
			this.skip();
		}
		const first = new Promise<number>((resolve) => six.once("message", (bytes) => resolve(bytes[0]!)));
		const { network } = new NetworkRig({ network: { forward: { host: "::1", port: six.address().port } } });
		try {
			assert.equal(await first, 2, "the protocol's version");
		} finally {
			await network.close();
			await new Promise<void>((resolve) => six.close(() => resolve()));
		}
	});
	it("nobody listens: the node goes on alone", async () => {
		await server.close();
		assert.notEqual((await exchange(Uint8Array.of(1))).end, "cut");
		const [counts] = rig.network.forwarders;
		assert.ok(counts!.pushed > 0);
		assert.equal(counts!.responses, 0);
	});
	const seed = seedOf(21);
	it(`20,000 spoiled datagrams (seed ${seed}): read or refused, never an error`, () => {
		const random = new Seeded(seed);
		const whole = Buffer.concat([Buffer.from([2, 1, 2, 3]), Buffer.from(JSON.stringify({ txpk: good }))]);
		let read = 0;
		for (let n = 0; n < 20_000; n++) {
			const bytes = Uint8Array.from(whole);
			for (let m = random.between(1, 4); m > 0; m--) bytes[random.between(0, bytes.length - 1)] = random.u32();
			if (parseFromServer(random.between(0, 3) ? bytes : bytes.subarray(0, random.between(0, bytes.length)))) read++;
		}
		assert.ok(read > 100 && read < 15_000, `${read} were read`);
	});
});
