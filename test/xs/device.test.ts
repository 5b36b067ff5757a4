import { NodeEngine } from "../../sim/engine/node.js";
import { XsEngine } from "../../sim/engine/xs.js";
import * as assert from "../assert.js";
import { fixture, needsXs, rig, wakes } from "./support.js";

describe("xs: what Node forgives and a device does not", () => {
	const host = needsXs();
	const { load } = rig(host);
	const xs = () => new XsEngine(host());

	it("a module-level typed array that is written: Node keeps it, XS says that it is flash", async () => {
		const bundle = await fixture(
			"const scratch = new Uint8Array(4);\nexport function wake() {\n\tsay(++scratch[0]!);\n}",
		);
		assert.deepEqual(wakes(new NodeEngine(), bundle, 2).heard, [[1], [2]]);
		const { heard, wake } = wakes(xs(), bundle);
		assert.deepEqual(heard, []);
		assert.deepEqual(wake.fault, {
			reason: "flash-write",
			message: "TypeError: read-only buffer",
			where: "wake (fixture.ts:3)",
		});
	});

	it("a module-level array that grows: Node keeps it over sleep, XS forgets it and names it", async () => {
		const bundle = await fixture(
			"const seen: number[] = [];\nexport function wake() {\n\tseen.push(7);\n\tsay(seen.length);\n}",
		);
		assert.deepEqual(wakes(new NodeEngine(), bundle, 2).heard, [[1], [2]]);
		assert.deepEqual(wakes(xs(), bundle, 2).heard, [[1], [1]]);
		const firmware = load(bundle);
		assert.deepEqual(firmware.warnings, ["seen: not frozen"]);
		const wake = firmware.boot({ call: () => Uint8Array.of(0) });
		assert.deepEqual(wake.figures()?.moduleWrites, ["seen"]);
	});

	it("a module-level variable that counts: XS forgets it and names it", async () => {
		const bundle = await fixture("let count = 0;\nexport function wake() {\n\tcount++;\n\tsay(count);\n}");
		assert.deepEqual(wakes(new NodeEngine(), bundle, 2).heard, [[1], [2]]);
		assert.deepEqual(wakes(xs(), bundle, 2).heard, [[1], [1]]);
		const wake = load(bundle).boot({ call: () => Uint8Array.of(0) });
		assert.deepEqual(wake.figures()?.moduleWrites, ["count"]);
	});

	for (const [what, make, change, message] of [
		["a Map", "new Map([[1, 2]])", "table.set(3, 4)", "Map instance is read-only"],
		["a Set", "new Set([1])", "table.add(2)", "Set instance is read-only"],
		["an ArrayBuffer", "new ArrayBuffer(8)", "new DataView(table).setUint8(0, 1)", "read-only buffer"],
	] as const)
		it(`${what} at module scope that is changed: Node does it, XS says that it is flash`, async () => {
			const bundle = await fixture(`const table = ${make};\n\nexport function wake() {\n\t${change};\n\tsay(1);\n}`);
			assert.deepEqual(wakes(new NodeEngine(), bundle).heard, [[1]]);
			const { fault } = wakes(xs(), bundle).wake;
			assert.deepEqual(fault, {
				reason: "flash-write",
				message: `TypeError: ${message}`,
				where: "wake (fixture.ts:4)",
			});
		});

	for (const [what, make, use] of [
		["a generator", "(function* () { yield 1; })()", "say(state.next().value!)"],
		["an iterator", "[1, 2][Symbol.iterator]()", "say(state.next().value!)"],
		["a Map's iterator", "new Map([[1, 2]]).keys()", "say(state.next().value!)"],
	] as const)
		it(`${what} at module scope that moves on: Node does it, XS faults on the write to flash and lives`, async () => {
			const bundle = await fixture(`const state = ${make};\nexport function wake() {\n\tsay(9);\n\t${use};\n}`);
			assert.deepEqual(wakes(new NodeEngine(), bundle).heard, [[9], [1]]);
			const firmware = load(bundle);
			for (let n = 0; n < 3; n++) {
				const wake = firmware.boot({ call: () => Uint8Array.of(0) });
				assert.deepEqual(wake.fault, {
					reason: "flash-write",
					message: "write to an object in flash",
					where: "wake (fixture.ts:4)",
				});
			}
		});

	it("a private field and a Date inside frozen objects at module scope: Node writes them, XS throws", async () => {
		const bundle = await fixture(`class Box { #inside = 5; fill() { this.#inside++; } }
		const box = Object.freeze(new Box());
		const day = Object.freeze(new Date(0));
		const fails = (run: () => void) => { try { run(); return 0; } catch { return 1; } };
		export function wake() { say(fails(() => box.fill()), fails(() => day.setMinutes(1))); }`);
		assert.deepEqual(wakes(new NodeEngine(), bundle).heard, [[0, 0]]);
		assert.deepEqual(wakes(xs(), bundle).heard, [[1, 1]]);
	});

	it("what is only read works from flash: texts, tables, regular expressions, frozen class instances", async () => {
		const bundle = await fixture(`const texts = Object.freeze(["é".repeat(3), \`\${1 + 1}\`]);
		const table = new Map([["a", Object.freeze([1, 2])]]), bytes = Uint8Array.of(7, 8), pattern = /^(\\d+)-/, big = 2n ** 70n;
		class Box { #inside = 5; get inside() { return this.#inside; } }
		const box = Object.freeze(new Box());
		export function wake() {
			const kept: string[] = [];
			for (let n = 0; n < 3000; n++) { kept.length = 0; kept.push(texts[0] + n, texts[1]!); } // moves chunks about
			const copy = bytes.slice();
			copy[0]!++;
			say(kept[0]!.length, texts[1]!.length, table.get("a")![1]!, copy[0]!, Number(pattern.exec("42-")![1]), box.inside, Number(big % 251n));
		}`);
		const expected = [[7, 1, 2, 8, 42, 5, Number(2n ** 70n % 251n)]];
		assert.deepEqual(wakes(new NodeEngine(), bundle, 2).heard, [...expected, ...expected]);
		assert.deepEqual(wakes(xs(), bundle, 2).heard, [...expected, ...expected]);
		assert.deepEqual(load(bundle).warnings, []);
	});

	it("a static of a class that is written: Node does it, XS throws", async () => {
		const bundle = await fixture(
			"class Count {\n\tstatic all = 0;\n}\nexport function wake() {\n\tsay(++Count.all);\n}",
		);
		assert.deepEqual(wakes(new NodeEngine(), bundle, 2).heard, [[1], [2]]);
		const { fault } = wakes(xs(), bundle).wake;
		assert.equal(fault?.reason, "exception");
		assert.ok(fault?.message.startsWith("TypeError: set all"), fault?.message);
		assert.equal(fault?.where, "wake (fixture.ts:5)");
	});

	it("an Error subclass that assigns its name: Node does it, XS throws", async () => {
		const bundle = await fixture(
			'class Bad extends Error {\n\tconstructor() {\n\t\tsuper("bad");\n\t\tthis.name = "Bad";\n\t}\n}\nexport function wake() {\n\tsay(new Bad().message.length);\n}',
		);
		assert.deepEqual(wakes(new NodeEngine(), bundle).heard, [[3]]);
		assert.equal(wakes(xs(), bundle).wake.fault?.where, "Bad (fixture.ts:4)\nwake (fixture.ts:8)");
	});

	it("UTF-8 by surrogate pairs: right bytes on Node, others on XS", async () => {
		const bundle = await fixture(`
			function encode(text: string): number[] {
				const bytes: number[] = [];
				for (let n = 0; n < text.length; n++) {
					let code = text.charCodeAt(n);
					if (code >= 0xd800 && code < 0xdc00) code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++n) - 0xdc00);
					if (code < 0x80) bytes.push(code);
					else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
					else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
					else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
				}
				return bytes;
			}
			export function wake() {
				const text = "😀".slice(0, 1);
				say("😀".length, ...encode("😀"));
				say(...encode(text));
			}`);
		const bytes = [...Buffer.from("😀")];
		assert.deepEqual(wakes(new NodeEngine(), bundle).heard[0], [2, ...bytes]);
		const { heard } = wakes(xs(), bundle);
		assert.deepEqual(heard[0], [1, ...bytes]);
		assert.deepEqual(heard[1], bytes, "half a pair is a whole character on XS");
	});

	it("a leak: Node has room for it, XS runs out of memory", async () => {
		const bundle = await fixture(
			"export function wake() {\n\tconst kept: object[] = [];\n\tfor (let n = 0; n < 5000; n++)\n\t\tkept.push({ n });\n\tsay(kept.length >> 8);\n}",
		);
		assert.deepEqual(wakes(new NodeEngine(), bundle).heard, [[19]]);
		const { fault } = wakes(xs(), bundle).wake;
		assert.equal(fault?.reason, "memory");
		assert.equal(fault?.where, "wake (fixture.ts:4)");
	});

	it("minus zero, normalize and Unicode properties: absent as on a device", async () => {
		const bundle = await fixture(`function works(run: () => unknown): number {
			try { return run() ? 1 : 0; } catch { return 0; }
		}
		export function wake() {
			const zero = "".length;
			say(
				works(() => Object.is(zero * -1, -0)),
				works(() => "e\\u0301".normalize() === "é"),
				works(() => new RegExp("\\\\p{L}", "u").test("é")),
			);
		}`);
		assert.deepEqual(wakes(new NodeEngine(), bundle).heard, [[1, 1, 1]]);
		assert.deepEqual(wakes(xs(), bundle).heard, [[0, 0, 0]]);
	});

	it("globals: nothing of a desktop", async () => {
		const bundle = await fixture(
			`export function wake() {
			const g = globalThis as Record<string, unknown>;
			say(...["Buffer", "console", "setTimeout", "TextEncoder", "process", "print"].map((name) => (g[name] === undefined ? 0 : 1)));
		}`,
		);
		assert.deepEqual(wakes(xs(), bundle).heard, [[0, 0, 0, 0, 0, 0]]);
	});
});
