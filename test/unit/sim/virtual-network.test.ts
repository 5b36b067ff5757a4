import type { SimSocket } from "../../../sim/net/network.js";
import { type ServerSocket, VirtualNetwork, type VirtualNetworkOptions } from "../../../sim/net/virtual.js";
import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";

function rig(options: VirtualNetworkOptions = {}) {
	const scheduler = new Scheduler();
	const network = new VirtualNetwork(scheduler, options);
	const log: string[] = [];
	const say = (text: string) => log.push(`${scheduler.now} ${text}`);
	const server: { socket: ServerSocket | undefined } = { socket: undefined };
	network.listen(1883, (socket) => {
		server.socket = socket;
		return {
			writable: (room) => say(`server writable ${room}`),
			readable: (count) => say(`server readable ${count}`),
			ended: (reset) => say(`server ended ${reset}`),
		};
	});
	const connect = (port = 1883): SimSocket =>
		network.connect("192.0.2.1", port, {
			writable: (room) => say(`writable ${room}`),
			readable: (count) => say(`readable ${count}`),
			ended: (reset) => say(`ended ${reset}`),
		});
	const run = (until = Number.POSITIVE_INFINITY) => {
		while (scheduler.advance(until));
		if (Number.isFinite(until)) scheduler.skipTo(until);
	};
	return { scheduler, network, log, server, connect, run };
}

describe("virtual network", () => {
	it("virtual network: connect, one round trip; bytes, one delay; acknowledged after one more", () => {
		const { log, server, connect, run } = rig({ delayMs: 10, windowBytes: 8 });
		const socket = connect();
		assert.equal(socket.write(Uint8Array.of(1)), 0, "not connected");
		run();
		assert.equal(socket.write(Uint8Array.of(1, 2, 3)), 3);
		run();
		assert.deepEqual([...server.socket!.read(2)], [1, 2]);
		assert.deepEqual([...server.socket!.read(9)], [3]);
		run();
		assert.deepEqual(log, [
			"10 server writable 8",
			"20 writable 8",
			"30 server readable 3",
			"40 writable 7",
			"40 writable 8",
		]);
	});

	it("virtual network: more than the window, a write takes a part and says when there is room", () => {
		const { log, server, connect, run } = rig({ windowBytes: 4 });
		const socket = connect();
		run();
		assert.equal(socket.write(Uint8Array.of(1, 2, 3, 4, 5, 6)), 4);
		assert.equal(socket.write(Uint8Array.of(5, 6)), 0);
		run();
		server.socket!.read(3);
		run();
		assert.equal(log.at(-1), "40 writable 3");
		assert.equal(socket.write(Uint8Array.of(5, 6)), 2);
		run();
		assert.deepEqual([...server.socket!.read(9)], [4, 5, 6]);
	});

	it("virtual network: closed behind a write, the bytes arrive, then the end, once they are read", () => {
		const { log, server, connect, run, network } = rig();
		const socket = connect();
		run();
		socket.write(Uint8Array.of(1, 2));
		socket.close();
		socket.close();
		assert.equal(network.open, 0);
		run();
		assert.deepEqual(log.slice(2), ["30 server readable 2"]);
		server.socket!.read(2);
		run();
		assert.deepEqual(log.slice(3), ["30 server ended false"]);
		assert.equal(server.socket!.write(Uint8Array.of(1)), 0, "to nobody");
	});

	it("virtual network: nobody listens, refused after a round trip; a reset, told as one", () => {
		const { log, server, connect, run, network } = rig();
		connect(1);
		run();
		assert.deepEqual(log, ["20 ended true"]);
		assert.equal(network.open, 1, "the end is told, the handle is still to be closed");
		connect();
		run();
		server.socket!.reset();
		run();
		assert.equal(log.at(-1), "50 ended true");
	});

	it("virtual network: a silent outage, connecting fails after its time-out, bytes wait for the end", () => {
		const { log, server, connect, run } = rig({
			connectTimeoutMs: 500,
			outages: [{ from: 100, to: 1000, how: "silent" }],
		});
		const socket = connect();
		run(100);
		connect();
		socket.write(Uint8Array.of(7));
		run();
		assert.deepEqual(log.slice(2), ["600 ended true", "1010 server readable 1"]);
		assert.deepEqual([...server.socket!.read(1)], [7]);
	});

	it("virtual network: overlapping silent outages, bytes wait for the end of all and keep their order", () => {
		const { log, server, connect, run, scheduler } = rig({
			outages: [
				{ from: 100, to: 200, how: "silent" },
				{ from: 150, to: 400, how: "silent" },
			],
		});
		const socket = connect();
		for (const at of [110, 160, 300, 400]) {
			run(at);
			socket.write(Uint8Array.of(at & 255));
		}
		run();
		assert.equal(scheduler.now, 410);
		assert.equal(log.filter((line) => line.startsWith("410 server readable")).length, 4);
		assert.deepEqual([...server.socket!.read(9)], [110, 160, 300 & 255, 400 & 255]);
	});

	it("virtual network: a refusing outage, connecting fails at once, open connections are reset", () => {
		const { log, connect, run } = rig({ outages: [{ from: 100, to: 1000, how: "refused" }] });
		const socket = connect();
		run(100);
		connect();
		socket.write(Uint8Array.of(7));
		run(200);
		assert.deepEqual(log.slice(2), ["120 ended true", "120 ended true"]);
		run(1000);
		connect();
		run();
		assert.equal(log.at(-1), "1020 writable 5744");
	});

	it("virtual network: closed while connecting, nothing comes", () => {
		const { log, connect, run, network } = rig();
		connect().close();
		run();
		assert.deepEqual(log, []);
		assert.equal(network.open, 0);
	});

	it("virtual network: names, resolve after a round trip to the same made-up address; digits are their own", () => {
		const { network, scheduler, run } = rig({ unknown: ["nowhere.example"] });
		const answers: (string | undefined)[] = [];
		for (const name of ["a.example", "a.example", "b.example", "nowhere.example", "192.0.2.9"])
			network.resolve(name, (address) => answers.push(`${scheduler.now} ${address}`));
		network.resolve("a.example", () => answers.push("cancelled"))();
		assert.equal(answers.length, 0, "not from inside");
		assert.equal(network.open, 5);
		run();
		assert.equal(network.open, 0);
		assert.equal(answers[0], "0 192.0.2.9");
		assert.equal(answers[4], "20 undefined");
		assert.equal(answers[1], answers[2]);
		assert.notEqual(answers[2], answers[3]);
		assert.ok(/^20 10\.\d+\.\d+\.\d+$/.test(answers[1]!), answers[1]);
		assert.equal(answers.length, 5);
	});

	it("virtual network: seeded loss, the same connections fail in each run", () => {
		const fates = () => {
			const { log, connect, run } = rig({ loss: 0.5, seed: 7 });
			for (let n = 0; n < 20; n++) connect();
			run();
			return log;
		};
		const first = fates();
		assert.deepEqual(fates(), first);
		const lost = first.filter((line) => line === "20000 ended true").length;
		assert.ok(lost > 3 && lost < 17, `${lost} of 20 lost`);
	});

	it("virtual network: datagrams, one delay each way, answered from where they were sent to; a port without a server, silence", () => {
		const { network, scheduler, run } = rig({ delayMs: 10 });
		network.serveDatagrams(123, (bytes, reply) => {
			reply(Uint8Array.of(...bytes, 9));
			reply(Uint8Array.of(1), { afterMs: 5, address: "192.0.2.66", port: 4 });
		});
		const counts: string[] = [];
		const socket = network.openDatagrams((count) => counts.push(`${scheduler.now} ${count}`));
		assert.equal(network.open, 1);
		socket.send({ address: "192.0.2.7", port: 123, bytes: Uint8Array.of(5) });
		socket.send({ address: "192.0.2.7", port: 124, bytes: Uint8Array.of(5) });
		assert.equal(socket.read(), undefined);
		run();
		assert.deepEqual(counts, ["20 1", "25 2"]);
		assert.deepEqual(socket.read(), { address: "192.0.2.7", port: 123, bytes: Uint8Array.of(5, 9) });
		assert.deepEqual(socket.read(), { address: "192.0.2.66", port: 4, bytes: Uint8Array.of(1) });
		assert.equal(socket.read(), undefined);
		socket.send({ address: "192.0.2.7", port: 123, bytes: Uint8Array.of(5) });
		socket.close();
		socket.close();
		run();
		assert.deepEqual([counts.length, network.open], [2, 0]);
	});

	it("virtual network: datagrams in an outage and lost ones, gone for good; loss of theirs changes nothing for connections", () => {
		const answered = (options: VirtualNetworkOptions) => {
			const { network, scheduler, run, connect, log } = rig({ loss: 0.5, seed: 3, ...options });
			network.serveDatagrams(123, (bytes, reply) => reply(bytes));
			const got: number[] = [];
			const socket = network.openDatagrams(() => got.push(socket.read()!.bytes[0]!));
			for (let n = 0; n < 40; n++) {
				scheduler.at(n * 100, () => {
					socket.send({ address: "192.0.2.7", port: 123, bytes: Uint8Array.of(n) });
					connect();
				});
			}
			run();
			return { got, log: log.join("|") };
		};
		const all = answered({});
		assert.equal(all.got.length, 40);
		const some = answered({ datagramLoss: 0.3 });
		assert.ok(some.got.length > 8 && some.got.length < 32, `${some.got.length} of 40`);
		assert.deepEqual(answered({ datagramLoss: 0.3 }).got, some.got);
		assert.equal(some.log, all.log);
		const away = answered({ outages: [{ from: 950, to: 2050, how: "silent" }] });
		assert.deepEqual(
			away.got,
			Array.from({ length: 40 }, (_, n) => n).filter((n) => n < 10 || n > 20),
		);
	});
});
