import { declareEthernet, type EthernetConstructor, type EthernetOptions } from "../../../net/link/ethernet-link.js";

import { LINK_RETAINED, type LinkPorts } from "../../../net/link/link.js";

import { Scheduler } from "../../../sim/scheduler.js";
import * as assert from "../../assert.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

/** An interface that does what a test says. */
function rig(options: EthernetOptions = {}, { connection = 200, fails = "" } = {}) {
	const scheduler = new Scheduler();
	const timers = new VirtualTimers(scheduler);
	const log: string[] = [];
	const port = { connection, open: 0, changed: () => {} };
	class Interface {
		constructor({ onChanged }: { readonly onChanged: () => void }) {
			if (fails === "open") throw new Error("no driver");
			port.open++;
			port.changed = onChanged;
			log.push("open");
		}
		get connection() {
			return port.connection;
		}
		connect() {
			log.push("connect");
		}
		configure({ static: { address, mask, gateway } }: Parameters<InstanceType<EthernetConstructor>["configure"]>[0]) {
			if (fails === "configure") throw new Error("not initialized");
			log.push(`static ${address} ${mask} ${gateway}`);
		}
		close() {
			port.open--;
			log.push("close");
		}
	}
	const ports: LinkPorts = { clock: { nowMs: () => scheduler.now }, timers, setting: () => undefined };
	const link = declareEthernet(options, Interface).create(ports);
	const on = { up: () => log.push("up"), down: (code: string) => log.push(`down ${code} ${scheduler.now}`) };
	const pass = (ms: number) => {
		const until = scheduler.now + ms;
		while (scheduler.advance(until));
		scheduler.skipTo(until);
	};
	const becomes = (to: number) => {
		port.connection = to;
		port.changed();
	};
	return { link, log, port, timers, pass, becomes, start: (ms = 20_000) => link.start(ms, on) };
}

describe("ethernet link", () => {
	it("ethernet link: cable, then an address, up once", () => {
		const { log, start, pass, becomes, timers } = rig();
		start();
		assert.deepEqual(log, [], "no event from inside start");
		pass(0);
		becomes(400);
		becomes(300);
		becomes(400);
		assert.deepEqual(log, ["open", "connect"], "asked once");
		becomes(500);
		becomes(500);
		assert.deepEqual(log, ["open", "connect", "up"]);
		assert.equal(timers.open, 0, "nothing runs while it is up");
	});
	it("ethernet link: up already, as in a wake's second exchange, up at once", () => {
		const { log, start, pass } = rig({}, { connection: 500 });
		start();
		assert.deepEqual(log, []);
		pass(0);
		assert.deepEqual(log, ["open", "up"]);
	});
	it("ethernet link: an address of its own, set before the cable is there and asked for only with it", () => {
		const { log, start, pass, becomes } = rig({
			address: { ip: "192.0.2.9", mask: "255.255.255.0", gateway: "192.0.2.1" },
		});
		start();
		pass(2000);
		assert.deepEqual(log, ["open", "static 192.0.2.9 255.255.255.0 192.0.2.1"]);
		becomes(400);
		assert.equal(log.at(-1), "connect");
	});
	for (const [what, states, code] of [
		["no cable", [], "absent"],
		["a cable without an address behind it", [400, 300], "timeout"],
	] as const)
		it(`ethernet link: ${what}, ${code} when the time is over`, () => {
			const { log, start, pass, becomes, port, timers } = rig({ join: 5 });
			start();
			pass(0);
			for (const state of states) becomes(state);
			pass(4999);
			assert.ok(!log.includes("close"));
			pass(1);
			assert.deepEqual(log.slice(-2), ["close", `down ${code} 5000`]);
			assert.deepEqual([port.open, timers.open], [0, 0]);
		});
	it("ethernet link: the exchange's own deadline is nearer, that counts", () => {
		const { log, start, pass } = rig();
		start(300);
		pass(400);
		assert.equal(log.at(-1), "down absent 300");
	});
	for (const [what, from, to] of [
		["the cable goes while it is up", 500, 200],
		["the address goes while it is up", 500, 400],
		["it asks again while it is up", 500, 300],
		["the cable goes before there is an address", 400, 200],
	] as const)
		it(`ethernet link: ${what}, lost`, () => {
			const { log, start, pass, becomes, port } = rig();
			start();
			pass(0);
			becomes(from);
			becomes(to);
			assert.equal(log.at(-1), "down lost 0");
			assert.equal(port.open, 0);
			const count = log.length;
			becomes(500);
			assert.equal(log.length, count, "what comes late is ignored");
		});
	for (const fails of ["open", "configure"])
		it(`ethernet link: the driver does not ${fails}, io, and nothing stays open`, () => {
			const address = { ip: "192.0.2.9", mask: "255.255.255.0", gateway: "192.0.2.1" };
			const { log, start, pass, port, timers } = rig({ address }, { fails });
			start();
			pass(0);
			assert.equal(log.at(-1), "down io 0");
			assert.deepEqual([port.open, timers.open], [0, 0]);
		});
	it("ethernet link: closed and started again, a new interface; closed twice, nothing", () => {
		const { link, log, start, pass, becomes, port } = rig();
		start();
		link.close();
		link.close();
		pass(20_000);
		assert.deepEqual(log, [], "closed before it looked");
		start();
		pass(0);
		becomes(500);
		link.close();
		start();
		pass(0);
		assert.deepEqual(log, ["open", "up", "close", "open", "up"]);
		assert.equal(port.open, 1);
	});
	it("ethernet link: nothing is retained, and nothing taken back", () => {
		const { link } = rig();
		assert.equal(link.retain(new DataView(new ArrayBuffer(LINK_RETAINED))), 0);
		link.restore(new DataView(new ArrayBuffer(0)));
	});
	for (const [options, message] of [
		[null, "link"],
		[{ adress: {} }, "link.adress"],
		[{ join: 1 }, "link.join"],
		[{ join: 61 }, "link.join"],
		[{ join: 2.5 }, "link.join"],
		[{ address: null }, "link.address"],
		[{ address: { ip: "192.0.2.9", mask: "255.255.255.0" } }, "link.address.gateway"],
		[{ address: { ip: "192.0.2.256", mask: "255.255.255.0", gateway: "192.0.2.1" } }, "link.address.ip"],
		[{ address: { ip: "192.0.2.9", mask: "255.255.255.0", gateway: "192.0.2.1", dns: "192.0.2.1" } }, "no DNS"],
	] as const)
		it(`ethernet declaration: ${JSON.stringify(options)}, refused with the field's name`, () => {
			assert.throws(() => rig(options as unknown as EthernetOptions), { code: "declaration", message });
		});
});
