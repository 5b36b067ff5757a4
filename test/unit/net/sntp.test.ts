import { type Datagram, declareSntp, readAnswer, type SntpOptions, type Udp } from "../../../net/sntp-client.js";
import type { TimeSource } from "../../../net/time-source.js";
import { Scheduler } from "../../../sim/scheduler.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { runsOf, seedOf } from "../../support/seed.js";
import { VirtualTimers } from "../../support/virtual-timers.js";

/** From 1900 to 1970, counted here: 70 years, 17 of them leap years. */
const TO_1970 = (70 * 365 + 17) * 86_400;
const NONCE = "0123456789abcdef";

interface Packet {
	readonly head?: number;
	readonly stratum?: number;
	/** 16.16 seconds. */
	readonly rootDelay?: number;
	readonly rootDispersion?: number;
	readonly reference?: string;
	readonly originate?: string;
	/** 32.32 seconds since 1900. */
	readonly receive?: string;
	readonly transmit?: string;
}

/** A packet by hand: RFC 5905 figure 8, field by field. */
function packet(fields: Packet = {}): DataView {
	const { head = 0x24, stratum = 2, rootDelay = 0, rootDispersion = 0, reference = "7f000001" } = fields;
	const { originate = NONCE, receive = "ed68e30040000000", transmit = "ed68e30040000000" } = fields;
	const hex = (value: number, digits: number) => (value >>> 0).toString(16).padStart(digits, "0");
	const text = [
		hex(head, 2),
		hex(stratum, 2),
		"06ec",
		hex(rootDelay, 8),
		hex(rootDispersion, 8),
		reference,
		"ed68e2f000000000",
		originate,
		receive,
		transmit,
	].join("");
	return bytesOf(text);
}
function bytesOf(hex: string): DataView {
	const view = new DataView(new ArrayBuffer(hex.length / 2));
	for (let at = 0; at < view.byteLength; at++) view.setUint8(at, Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
	return view;
}
const REQUEST = bytesOf(`23${"00".repeat(39)}${NONCE}`);

/** @returns wall time and uncertainty; undefined when refused */
function read(answer: DataView, elapsedMs = 40): [number, number] | undefined {
	const into = new Float64Array([-1, -1]);
	const taken = readAnswer(answer, REQUEST, elapsedMs, into);
	if (!taken) assert.deepEqual([...into], [-1, -1]);
	return taken ? [into[0]!, into[1]!] : undefined;
}

describe("sntp: what an answer says", () => {
	it("the time at the arrival: the server's, and half of the way there and back", () => {
		const seconds = 0xed68e300 - TO_1970;
		assert.deepEqual(read(packet(), 40), [seconds * 1000 + 250 + 20, 21]);
		assert.deepEqual(read(packet(), 0), [seconds * 1000 + 250, 1]);
		assert.equal(new Date(seconds * 1000).toISOString(), "2026-03-21T09:27:28.000Z");
	});
	it("the server took its time: that is no way", () => {
		const seconds = 0xed68e300 - TO_1970;
		// 0.25 s of 0.45 s inside
		assert.deepEqual(read(packet({ transmit: "ed68e30080000000" }), 450), [seconds * 1000 + 500 + 100, 101]);
	});
	it("root delay and dispersion count as uncertainty; beyond a second they are refused, negative ones too", () => {
		const [, uncertainty] = read(packet({ rootDelay: 0x8000, rootDispersion: 0x4000 }), 0)!;
		assert.near(uncertainty, 250 + 250 + 1, 1e-6);
		assert.ok(read(packet({ rootDelay: 0x1_0000, rootDispersion: 0x8000 }), 0));
		assert.equal(read(packet({ rootDelay: 0x1_0000, rootDispersion: 0x8001 }), 0), undefined);
		assert.equal(read(packet({ rootDelay: 0x2_0002 }), 0), undefined);
		assert.equal(read(packet({ rootDelay: -1 }), 0), undefined);
	});
	const refused: readonly (readonly [string, Packet])[] = [
		["no server (client, broadcast, control)", { head: 0x23 }],
		["broadcast", { head: 0x25 }],
		["version 3, which was not asked for", { head: 0x1c }],
		["a server that is not synchronised (leap 3)", { head: 0xe4 }],
		["stratum 16", { stratum: 16 }],
		["stratum 255", { stratum: 255 }],
		["another's nonce, in its first half", { originate: "0123456889abcdef" }],
		["another's nonce, in its last bit", { originate: "0123456789abcdee" }],
		["an empty transmit timestamp", { receive: "0000000000000000", transmit: "0000000000000000" }],
		["a transmit before its receive timestamp", { receive: "ed68e30040000001", transmit: "ed68e30040000000" }],
		["more time in the server than passed", { transmit: "ed68e30100000000" }],
		["an unknown kiss code", { stratum: 0, reference: "58585858" }],
	];
	for (const [what, fields] of refused)
		it(`refused: ${what}`, () => {
			assert.equal(read(packet(fields)), undefined);
		});
	it("leap seconds ahead (1 and 2), strata 1 and 15: taken", () => {
		for (const fields of [{ head: 0x64 }, { head: 0xa4 }, { stratum: 1 }, { stratum: 15 }])
			assert.ok(read(packet(fields)), JSON.stringify(fields));
	});
	it("kiss-o'-death DENY, RSTR and RATE: heard as such, from whoever knows the nonce", () => {
		for (const reference of ["44454e59", "52535452", "52415445"]) {
			assert.deepEqual(read(packet({ head: 0xe4, stratum: 0, reference, transmit: "0000000000000000" })), [0, 0]);
			assert.equal(read(packet({ stratum: 0, reference, originate: "00".repeat(8) })), undefined);
		}
	});
	it("the era turns in 2036: times go on, also between the server's two timestamps", () => {
		const before = read(packet({ receive: "ffffffff00000000", transmit: "ffffffff00000000" }), 0)!;
		const across = read(packet({ receive: "ffffffffc0000000", transmit: "0000000040000000" }), 500)!;
		const after = read(packet({ receive: "0000000100000000", transmit: "0000000100000000" }), 0)!;
		assert.equal(new Date(before[0]).toISOString(), "2036-02-07T06:28:15.000Z");
		assert.equal(across[0], Date.UTC(2036, 1, 7, 6, 28, 16, 250));
		assert.equal(after[0], Date.UTC(2036, 1, 7, 6, 28, 17));
		const last = read(packet({ receive: "7fffffff00000000", transmit: "7fffffff00000000" }), 0)!;
		assert.equal(new Date(last[0]).toISOString(), "2104-02-26T09:42:23.000Z");
	});
	it("cut short at any byte: refused; extensions behind it do no harm", () => {
		const whole = packet();
		for (let length = 0; length < 48; length++) assert.equal(read(new DataView(whole.buffer, 0, length)), undefined);
		const longer = new Uint8Array(68);
		longer.set(new Uint8Array(whole.buffer));
		assert.ok(read(new DataView(longer.buffer)));
	});
	const seed = seedOf(5905);
	it(`noise (seed ${seed}): refused without the nonce; with it never before 1968, after 2104 or less than a millisecond sure`, () => {
		const random = new Seeded(seed);
		let taken = 0;
		for (let n = 0; n < runsOf(30_000); n++) {
			const bytes = new Uint8Array(random.u32() % 80);
			bytes.forEach((_, at) => {
				bytes[at] = random.u32();
			});
			const answer = new DataView(bytes.buffer);
			assert.equal(read(answer), undefined);
			if (bytes.length < 48) continue;
			bytes.set(new Uint8Array(REQUEST.buffer, 40, 8), 24);
			bytes[0] = 0x24;
			if (n % 2) bytes.copyWithin(32, 40, 48);
			if (n % 2) bytes.fill(0, 4, 12);
			const time = read(answer);
			if (!time || time[0] === 0) continue;
			taken++;
			assert.ok(time[0] > Date.UTC(1968, 0, 20) && time[0] < Date.UTC(2104, 1, 27) && time[1] >= 1);
		}
		assert.ok(taken > 0);
	});
});

/** A network of one server and a time source on it. */
class Rig {
	readonly scheduler = new Scheduler();
	readonly sent: { bytes: Uint8Array; address: string; port: number }[] = [];
	readonly told: [number, number][] = [];
	readonly settings: Record<string, string> = {};
	readonly names: string[] = [];
	readonly source: TimeSource;
	open = 0;
	lookUps = 0;
	address: string | undefined = "192.0.2.9";
	fails: "open" | "write" | undefined;
	#inbox: Datagram[] = [];
	#readable: ((count: number) => void) | undefined;

	constructor(options: SntpOptions = {}) {
		const rig = this;
		const random = new Seeded(7);
		class FakeUdp implements Udp {
			#open = true;
			constructor({ onReadable }: { onReadable(count: number): void }) {
				if (rig.fails === "open") throw new Error("no socket");
				rig.open++;
				rig.#readable = onReadable;
			}
			read() {
				if (!this.#open) throw new SyntaxError("closed");
				return rig.#inbox.shift();
			}
			write(bytes: Uint8Array, address: string, port: number) {
				if (rig.fails === "write") throw new Error("sendto failed");
				rig.sent.push({ bytes: bytes.slice(), address, port });
			}
			close() {
				if (this.#open) rig.open--;
				this.#open = false;
				rig.#readable = undefined;
			}
		}
		const resolve = (name: string, done: (address: string | undefined) => void) => {
			this.names.push(name);
			this.lookUps++;
			let pending = true;
			const end = () => {
				if (pending) this.lookUps--;
				pending = false;
			};
			const cancel = this.scheduler.after(20, () => {
				end();
				done(this.address);
			});
			return () => {
				end();
				cancel();
			};
		};
		this.source = declareSntp(options, FakeUdp, resolve).create({
			clock: { nowMs: () => this.scheduler.now },
			timers: new VirtualTimers(this.scheduler),
			entropy: {
				fill: (into) => {
					for (let at = 0; at < into.length; at++) into[at] = random.u32();
				},
			},
			setting: (name) => this.settings[name],
		});
	}
	/** Asks, and lets the request leave. */
	ask(): this {
		this.source.start((wallMs, uncertaintyMs) => this.told.push([wallMs, uncertaintyMs]));
		while (this.scheduler.advance());
		return this;
	}
	/** Datagrams arrive together. */
	deliver(datagrams: readonly { fields?: Packet; address?: string; port?: number }[], afterMs = 30): void {
		this.scheduler.skipTo(this.scheduler.now + afterMs);
		for (const { fields = {}, address = "192.0.2.9", port = 123 } of datagrams) {
			const nonce = this.sent.at(-1)!.bytes.subarray(40);
			const originate = [...nonce].map((byte) => byte.toString(16).padStart(2, "0")).join("");
			const { buffer } = packet({ originate, ...fields });
			this.#inbox.push(Object.assign(buffer as ArrayBuffer, { address, port }));
		}
		this.#readable?.(this.#inbox.length);
	}
}

describe("sntp: client", () => {
	it("asks once, in a request that tells nothing but a nonce, then tells the time and lets go", () => {
		const rig = new Rig().ask();
		assert.deepEqual(rig.names, ["pool.ntp.org"]);
		assert.deepEqual(
			rig.sent.map(({ address, port, bytes }) => [address, port, bytes.length, bytes[0]]),
			[["192.0.2.9", 123, 48, 0x23]],
		);
		assert.ok(rig.sent[0]!.bytes.subarray(1, 40).every((byte) => byte === 0));
		assert.equal(rig.source.waitMs, 500);
		rig.deliver([{}]);
		const seconds = 0xed68e300 - TO_1970;
		assert.deepEqual(rig.told, [[seconds * 1000 + 250 + 15, 16]]);
		assert.deepEqual([rig.open, rig.lookUps, rig.source.waitMs], [0, 0, 0]);
		rig.ask();
		assert.notEqual(String(rig.sent[1]!.bytes), String(rig.sent[0]!.bytes), "another nonce each time");
	});
	it("the setting `ntp` comes before the declaration", () => {
		const rig = new Rig({ server: "time.example", wait: 0 });
		assert.deepEqual(rig.ask().names, ["time.example"]);
		assert.equal(rig.source.waitMs, 0);
		rig.settings.ntp = "10.1.2.3";
		assert.deepEqual(rig.ask().names, ["time.example", "10.1.2.3"]);
	});
	it("spoofed from another address or port, with a wrong nonce, or garbage: passed over; the good one behind them counts", () => {
		const rig = new Rig().ask();
		const evil = { receive: "ffff000000000000", transmit: "ffff000000000000" };
		rig.deliver([
			{ address: "192.0.2.10", fields: evil },
			{ port: 124, fields: evil },
			{ fields: { ...evil, originate: NONCE } },
			{ fields: { ...evil, stratum: 16 } },
		]);
		assert.deepEqual([rig.told.length, rig.open], [0, 1]);
		rig.deliver([{ fields: { ...evil, originate: "00".repeat(8) } }, {}, { fields: evil }]);
		assert.equal(rig.told.length, 1);
		assert.ok(rig.told[0]![0] < Date.UTC(2027, 0, 1));
	});
	it("an answer that comes twice: the second one is late, and so is one to an earlier request", () => {
		const rig = new Rig().ask();
		const [first] = rig.sent;
		rig.ask();
		const originate = [...first!.bytes.subarray(40)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
		rig.deliver([{ fields: { originate } }]);
		assert.equal(rig.told.length, 0);
		rig.deliver([{}, {}]);
		assert.equal(rig.told.length, 1);
	});
	it("kiss-o'-death: told as 0, and nothing stays open", () => {
		const rig = new Rig().ask();
		rig.deliver([{ fields: { stratum: 0, head: 0xe4, reference: "52415445" } }]);
		assert.deepEqual([rig.told, rig.open], [[[0, 0]], 0]);
	});
	it("no such name, no socket, no way: nothing is told, nothing is waited for, nothing stays open", () => {
		for (const prepare of [
			(rig: Rig) => {
				rig.address = undefined;
			},
			(rig: Rig) => {
				rig.fails = "open";
			},
			(rig: Rig) => {
				rig.fails = "write";
			},
		]) {
			const rig = new Rig();
			prepare(rig);
			rig.ask();
			assert.deepEqual([rig.told.length, rig.open, rig.lookUps, rig.source.waitMs], [0, 0, 0, 0]);
		}
	});
	it("closed at any moment: nothing is told afterwards, nothing stays open", () => {
		const early = new Rig();
		early.source.start(() => early.told.push([0, 0]));
		assert.equal(early.source.waitMs, 500);
		early.source.close();
		while (early.scheduler.advance());
		const late = new Rig().ask();
		late.source.close();
		late.source.close();
		late.deliver([{}]);
		for (const rig of [early, late]) assert.deepEqual([rig.told.length, rig.open, rig.lookUps], [0, 0, 0]);
		assert.equal(early.sent.length, 0);
	});
	it("declaration: what is wrong is named", () => {
		const declare = (options: object) => () => new Rig(options as SntpOptions);
		assert.throws(declare({ server: "" }), { code: "declaration", message: "time.server" });
		assert.throws(declare({ server: 5 }), { code: "declaration", message: "time.server" });
		assert.throws(declare({ wait: 5001 }), { code: "declaration", message: "time.wait" });
		assert.throws(declare({ wait: 0.5 }), { code: "declaration", message: "time.wait" });
		assert.throws(declare({ sever: "x" }), { code: "declaration", message: "time.sever" });
	});
});
