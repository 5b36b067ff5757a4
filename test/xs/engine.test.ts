import { readFileSync } from "node:fs";
import type { DormouseError } from "../../modules/core/errors.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { Op, Status } from "../../sim/host/table.js";
import { ramProfile } from "../../sim/xs/profiles.js";
import * as assert from "../assert.js";
import { fixture, Listener, needsXs, rig } from "./support.js";

describe("xs engine", () => {
	const host = needsXs();
	const { load } = rig(host);

	it("ended: no firmware code runs after it, not even catch and finally", async () => {
		const bundle = await fixture(`export function wake() {
			try { [1].forEach(() => say(2)); } catch { say(3); } finally { say(4); }
			Promise.resolve().then(() => say(5));
		}`);
		const listener = new Listener((request) => [request[0] === 2 ? Status.ended : Status.ok]);
		const wake = load(bundle).boot(listener);
		assert.equal(wake.state, "ended");
		assert.equal(wake.fault, undefined);
		assert.deepEqual(listener.heard, [[2]]);
		wake.event(1, 1, new Uint8Array(0));
		assert.deepEqual(listener.heard, [[2]]);
	});

	it("requests: plain bytes, so that a slice is a copy", async () => {
		const seen: Uint8Array[] = [];
		const call = (request: Uint8Array) => {
			seen.push(request.slice());
			return Buffer.of(0); // the board may answer with either
		};
		load(await fixture("export function wake() {\n\tsay(1);\n\tsay(2);\n}")).boot({ call });
		assert.deepEqual(
			seen.map((bytes) => [bytes.constructor.name, bytes[0]]),
			[
				["Uint8Array", 1],
				["Uint8Array", 2],
			],
		);
	});

	it("replies belong to the firmware: a later call leaves them alone", async () => {
		const bundle = await fixture("export function wake() {\n\tconst first = say(1);\n\tsay(2);\n\tsay(...first);\n}");
		const listener = new Listener((_, count) => [0, count]);
		load(bundle).boot(listener);
		assert.deepEqual(listener.heard, [[1], [2], [0, 1]]);
	});

	it("replies and requests of every size up to 5,000 bytes arrive whole", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tfor (const size of [0, 1, 255, 256, 4095, 4096, 4112, 5000]) {\n\t\tconst reply = dormouseEngine.call(new Uint8Array(size).fill(size & 127), size);\n\t\tsay(reply.length >> 8, reply.length & 255, reply[reply.length - 1] ?? 0);\n\t}\n}",
		);
		const listener = new Listener((request) => (request.length === 3 ? [] : [...request]));
		const wake = load(bundle).boot(listener);
		assert.equal(wake.fault, undefined);
		for (let n = 0; n < listener.heard.length; n += 2) {
			const sent = listener.heard[n]!;
			assert.deepEqual(listener.heard[n + 1], [sent.length >> 8, sent.length & 255, sent.at(-1) ?? 0]);
		}
	});

	it("Date and Math.random: the board's clock and entropy", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tconst ms = Date.now();\n\tsay(99, ms === 86_400_123 ? 1 : 0, Math.floor(Math.random() * 256));\n}",
		);
		const now = new DataView(new ArrayBuffer(9));
		now.setFloat64(1, 86_400_123.7);
		const listener = new Listener(([op]) => {
			if (op === Op.now) return [...new Uint8Array(now.buffer)];
			return op === Op.random ? [0, 0, 0, 0, 0x40] : [0];
		});
		load(bundle).boot(listener);
		assert.deepEqual(listener.heard, [
			[Op.now, 0, 0],
			[Op.random, 0, 0, 0, 4],
			[99, 1, 128],
		]);
	});

	it("two wakes of one firmware, and two firmwares: each has its own RAM", async () => {
		const bundle = await fixture(`let mine = 0;
		export function wake() { dormouseEngine.event = (handle) => { mine += handle; say(mine); }; }`);
		const firmware = load(bundle);
		const other = load(bundle);
		const listener = new Listener();
		const [a, b, c] = [firmware.boot(listener), firmware.boot(listener), other.boot(listener)];
		const nothing = new Uint8Array(0);
		for (const wake of [a, b, c, a, b, c]) wake!.event(wake === a ? 1 : wake === b ? 10 : 100, 1, nothing);
		assert.deepEqual(listener.heard, [[1], [10], [100], [2], [20], [200]]);
	});

	it("drop inside a host call: the wake ends there", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tdormouseEngine.event = () => { try { say(1); } finally { say(2); } };\n}",
		);
		const wakes: { drop(): void; state: string; event(h: number, k: number, b: Uint8Array): void }[] = [];
		const listener = new Listener(() => {
			wakes[0]!.drop();
			return [0];
		});
		const firmware = load(bundle);
		wakes.push(firmware.boot(listener));
		wakes[0]!.event(1, 1, new Uint8Array(0));
		assert.equal(wakes[0]!.state, "ended");
		assert.deepEqual(listener.heard, [[1]]);
		assert.equal(firmware.boot(new Listener()).state, "idle");
	});

	for (const ram of ["esp32", "esp32c3"])
		it(`1,000 wakes on ${ram}: no growth of the process`, async function () {
			this.timeout(30_000);
			const bundle = await fixture(`export function wake() {
			const kept = []; for (let n = 0; n < 300; n++) kept.push({ n, text: "x" + n, bytes: new Uint8Array(40) });
			dormouseEngine.event = () => say(1);
			if (say(3)[1]) throw new Error("now and then");
		}`);
			const firmware = load(bundle, { ram, locate: false });
			const ends = new Listener((request, count) => (request[0] === 1 ? [Status.ended] : [0, count % 7 === 0 ? 1 : 0]));
			const cycle = (count: number) => {
				for (let n = 0; n < count; n++) {
					const wake = firmware.boot(ends);
					if (n % 3) wake.event(1, 1, Uint8Array.of(1, 2, 3));
					wake.drop();
				}
				return rss(firmware.pid!);
			};
			const before = cycle(50);
			const after = cycle(1000);
			assert.ok(before > 0, "the process shows its memory");
			assert.ok(after - before <= 64, `${before} KB grew to ${after} KB`);
			assert.ok(after <= 4096, `${after} KB for one board`);
		});

	it("killed from outside: a fault of the host, and the next boot works", async () => {
		const bundle = await fixture("export function wake() {\n\tsay(1);\n\tsay(2);\n}");
		const firmware = load(bundle);
		const wake = firmware.boot(
			new Listener((_, count) => {
				if (count === 1) process.kill(firmware.pid!, "SIGKILL");
				return [0];
			}),
		);
		assert.equal(wake.state, "fault");
		assert.equal(wake.fault?.reason, "host");
		const listener = new Listener();
		assert.equal(firmware.boot(listener).state, "idle");
		assert.deepEqual(listener.heard, [[1], [2]]);
	});

	it("killed while a wake is idle: its next event is a fault of the host", async () => {
		const firmware = load(await fixture("export function wake() {}"));
		const wake = firmware.boot(new Listener());
		process.kill(firmware.pid!, "SIGKILL");
		wake.event(1, 1, new Uint8Array(0));
		assert.equal(wake.fault?.reason, "host");
	});

	it("closed: boot is refused, and its process is gone", async () => {
		const firmware = load(await fixture("export function wake() {}"));
		firmware.close();
		firmware.close();
		assert.throws(() => firmware.boot(new Listener()), { code: "closed" });
	});

	it("a bundle that does not parse: malformed, with its line", () => {
		const bundle = { code: "((dormouseEngine) => {\n\treturn {\n\t\twake( { } };\n})", map: "", name: "bad" };
		assert.throws(() => load(bundle), { code: "malformed", message: "bad:3" });
		assert.throws(() => load({ ...bundle, code: "(x) => ({" }), { code: "malformed", message: "bad:1" });
	});

	it("modules that throw: a DormouseError as itself, another with its place", async () => {
		const own = await fixture(
			'import { DormouseError } from "./modules/core/errors.js";\nthrow new DormouseError("declaration", "every: at least 10 s");\nexport function wake() {}',
		);
		const message = caught(() => load(own));
		assert.equal(message.code, "declaration");
		assert.equal(message.message, "every: at least 10 s");
		const other = await fixture("\nconst x: any = undefined;\nx.y;\nexport function wake() {}");
		assert.throws(() => load(other), { code: "declaration", message: "fixture.ts:3" });
		const hardware = await fixture("say(1);\nexport function wake() {}");
		assert.throws(() => load(hardware), { message: "hardware" });
	});

	it("RAM profiles: esp32, esp32c3, bytes; another is refused with the right names", async () => {
		assert.equal(ramProfile("esp32").slots, 4928);
		assert.equal(ramProfile("esp32c3").linear, 94_208);
		assert.equal(ramProfile("40000").linear, 40_000);
		for (const wrong of ["esp", "12", "1e9", "-1", "", "toString"])
			assert.throws(() => ramProfile(wrong), { code: "declaration", message: "esp32, esp32c3, or bytes" });
		assert.throws(() => new XsEngine(host(), { ram: "pico" }), { code: "declaration" });
	});

	it("a linear region: slots and chunks share it, and each may take what the other left", async () => {
		const fill = (body: string) =>
			fixture(
				`export function wake() {\n\tlet kept: unknown;\n\tfor (let n = 0; ; n++) {\n\t\tkept = ${body};\n\t\tif (n % 8 === 0) say(n >> 8, n & 255);\n\t}\n}`,
			);
		const most = async (body: string) => {
			const listener = new Listener();
			const wake = load(await fill(body), { ram: "esp32c3", locate: false }).boot(listener);
			assert.equal(wake.fault?.reason, "memory");
			const [high, low] = listener.heard.at(-1)!;
			const { slots, chunks, slotSize, stack } = wake.figures()!;
			const used = slots.capacity * slotSize + chunks.capacity + stack.capacity * slotSize;
			assert.ok(used <= 94_208, `${used} B of the region`);
			assert.ok(used > 90_000, `${used} B of the region`);
			return high! * 256 + low!;
		};
		const objects = await most("{ kept }");
		const buffers = await most("{ kept, bytes: new Uint8Array(1000) }");
		if (host().representative) {
			assert.ok(objects > 1000, `${objects} objects`);
			assert.ok(buffers > 60, `${buffers} buffers of 1,000 bytes`);
		}
	});

	it("too little RAM to start: out of memory, no crash", async () => {
		const firmware = load(await fixture("export function wake() {}"));
		const none = { ...ramProfile("esp32"), stack: 8 };
		assert.equal(firmware.boot(new Listener(), none).fault?.reason, "memory");
		for (const slots of [32, 40, 60, 100]) firmware.boot(new Listener(), { ...ramProfile("esp32"), slots }).drop();
		assert.equal(firmware.boot(new Listener()).state, "idle");
	});

	it("figures: live, peak and capacity; the same for the same wake", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tconst kept = Array.from({ length: 50 }, (_, n) => ({ n }));\n\tfor (let n = 0; n < 100; n++) [n];\n\tdormouseEngine.event = () => say(kept.length);\n\tsay(1);\n}",
		);
		const firmware = load(bundle);
		const [a, b] = [firmware.boot(new Listener()), firmware.boot(new Listener())];
		assert.deepEqual(a.figures(), b.figures());
		const before = a.figures()!;
		const live = a.figures(true)!;
		assert.ok(live.slots.live < before.slots.live, "garbage is gone");
		assert.ok(live.slots.live > 100, "what is kept is there");
		assert.equal(live.slots.peak, before.slots.peak);
		assert.equal(live.hostCalls, 1);
		assert.ok(live.stack.peak > 0 && live.stack.peak < live.stack.capacity);
		if (host().representative) assert.equal(live.slotSize, 16);
	});

	it("measure: an ended wake's figures show what was alive at sleep", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tconst kept = [{}, {}];\n\tfor (let n = 0; n < 500; n++) [n];\n\tsay(1);\n\tsay(kept.length);\n}",
		);
		const ends = () => new Listener(() => [Status.ended]);
		const plain = load(bundle).boot(ends()).figures()!;
		const measured = load(bundle, { measure: true }).boot(ends()).figures()!;
		assert.equal(measured.slots.peak, plain.slots.peak);
		assert.ok(measured.slots.live + 1000 < plain.slots.live, `${measured.slots.live} of ${plain.slots.live}`);
	});
});

function caught(run: () => unknown): DormouseError {
	try {
		run();
	} catch (error) {
		return error as DormouseError;
	}
	throw new Error("nothing was thrown");
}

/** Kilobytes of memory that a process holds; 0 where the system does not say. */
function rss(pid: number): number {
	try {
		return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
	} catch {
		return 0;
	}
}
