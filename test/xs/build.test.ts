import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PROJECT } from "../../sim/engine/bundle.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { buildHost } from "../../sim/xs/build.js";
import * as assert from "../assert.js";
import { fixture, Listener, needsXs } from "./support.js";

describe("xs host: its build", () => {
	const host = needsXs();
	let cache: string;
	beforeEach("a cache of its own, with the sources that are there already", () => {
		cache = fs.mkdtempSync(path.join(os.tmpdir(), "dormouse-build-"));
		const shared = path.join(PROJECT, "build/xs");
		for (const name of fs.readdirSync(shared))
			if (/^source-\w+$/.test(name)) fs.symlinkSync(path.join(shared, name), path.join(cache, name));
	});
	afterEach(() => fs.rmSync(cache, { recursive: true, force: true }));

	const ownC = (change: (text: string) => string): string => {
		const own = path.join(cache, "own");
		fs.mkdirSync(own);
		const from = path.join(PROJECT, "sim/xs");
		for (const name of fs.readdirSync(from))
			if (/\.[ch]$/.test(name)) fs.copyFileSync(path.join(from, name), path.join(own, name));
		const file = path.join(own, "calls.c");
		fs.writeFileSync(file, change(fs.readFileSync(file, "utf8")));
		return own;
	};
	const built = () => fs.readdirSync(cache).filter((name) => !/^(source|compiler)-|^own$/.test(name));

	it("found again: no compiler is run", async () => {
		const again = await buildHost();
		assert.ok(again.ready && again.cached);
		assert.equal(again.ready && again.path, host().path);
	});

	it("two builds at once: one compiles, both get the same host, and it runs", async function () {
		this.timeout(180_000);
		const lines: string[] = [];
		const options = { cache, progress: (line: string) => void lines.push(line) };
		const [a, b] = await Promise.all([buildHost(options), buildHost(options)]);
		assert.ok(a.ready && b.ready);
		assert.equal(a.path, b.path);
		assert.deepEqual([a.cached, b.cached].sort(), [false, true]);
		assert.equal(lines.filter((line) => line.startsWith("building")).length, 1);
		assert.deepEqual(built(), [path.basename(path.dirname(a.path))], "no lock and no half build is left");
		const listener = new Listener();
		const firmware = new XsEngine(a).load(await fixture("export function wake() {\n\tsay(7);\n}"));
		firmware.boot(listener);
		firmware.close();
		assert.deepEqual(listener.heard, [[7]]);
	});

	it("a lock of a process that died: taken over", async () => {
		const own = ownC((text) => `#error stop\n${text}`);
		const key = errorOf(await failure(buildHost({ cache, own, progress: () => locks(cache) })));
		assert.equal(key, "stop");
		assert.equal(seen.length, 1, "there was a lock while it compiled");
		fs.writeFileSync(path.join(cache, seen[0]!), "999999999");
		assert.equal(errorOf(await failure(buildHost({ cache, own }))), "stop");
		assert.deepEqual(built(), [], "the failed builds left nothing");
	});

	it("a mistake in the C: one line with the compiler's first error", async () => {
		const own = ownC((text) => text.replace("gWake->calls++;", "gWake->calles++;"));
		const message = await failure(buildHost({ cache, own }));
		assert.ok(message.startsWith("the XS host does not compile: "), message);
		assert.ok(/calls\.c:\d+:\d+: error: .*calles/.test(message), message);
		assert.ok(!message.includes("\n"), message);
		assert.deepEqual(built(), [], "the failed build left nothing");
	});

	it("no compiler: plain words, and how to get one", async () => {
		const none = await buildHost({ cache, compiler: "no-such-compiler" });
		assert.ok(!none.ready);
		const reason = none.ready ? "" : none.reason;
		for (const word of ["no C compiler", "apt-get install gcc gcc-multilib"]) assert.ok(reason.includes(word), reason);
	});

	for (const [what, script, words] of [
		["npm fails", 'console.error("npm error code ENOTFOUND\\nmore"); process.exit(1);', "(npm error code ENOTFOUND)"],
		["npm brings another archive", 'require("fs").writeFileSync("a.tgz", "x");', "not what it was when it was pinned"],
	] as const)
		it(`sources of XS: ${what}, plain words and nothing kept`, async () => {
			const npm = process.env.npm_execpath;
			const empty = path.join(cache, "own");
			fs.mkdirSync(empty);
			fs.writeFileSync(path.join(empty, "npm-cli.js"), script);
			process.env.npm_execpath = path.join(empty, "npm-cli.js");
			try {
				const none = await buildHost({ cache: path.join(empty, "cache") });
				assert.ok(!none.ready && none.reason.includes(words), JSON.stringify(none));
				assert.deepEqual(
					fs.readdirSync(path.join(empty, "cache")).filter((name) => !name.startsWith("compiler-")),
					[],
				);
			} finally {
				if (npm === undefined) delete process.env.npm_execpath;
				else process.env.npm_execpath = npm;
			}
		});

	it("a compiler without 32 bits: a host of 64 bits, whose RAM figures are not representative", async function () {
		this.timeout(180_000);
		const narrow = path.join(cache, "cc64");
		fs.writeFileSync(narrow, '#!/bin/sh\nfor a; do [ "$a" = -m32 ] && exit 1; done\nexec cc "$@"\n', { mode: 0o755 });
		const wide = await buildHost({ cache, compiler: narrow });
		assert.ok(wide.ready);
		assert.equal(wide.bits, 64);
		assert.equal(wide.representative, false);
		const listener = new Listener();
		const firmware = new XsEngine(wide).load(
			await fixture("const table = new Map([[1, 'é']]);\nexport function wake() {\n\tsay(table.get(1)!.length, 8);\n}"),
		);
		assert.equal(firmware.flash.slotSize, 32);
		const wake = firmware.boot(listener);
		firmware.close();
		assert.deepEqual(listener.heard, [[1, 8]]);
		assert.equal(wake.fault, undefined);
	});
});

/** Locks that were seen. */
const seen: string[] = [];
function locks(cache: string): void {
	seen.push(...fs.readdirSync(cache).filter((name) => name.endsWith(".lock")));
}

/** What an #error says in a build's failure. */
function errorOf(message: string): string {
	return /#error (\w+)/.exec(message)?.[1] ?? message;
}

async function failure(run: Promise<unknown>): Promise<string> {
	try {
		await run;
	} catch (error) {
		return (error as Error).message;
	}
	throw new Error("nothing was thrown");
}
