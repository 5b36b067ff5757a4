import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { FirmwareBundle } from "../../sim/engine/engine.js";
import { type RamProfile, ramProfile } from "../../sim/xs/profiles.js";
import * as assert from "../assert.js";
import { fail } from "../assert.js";
import { Ask } from "./runner-calls.js";
import { needsXs, rig } from "./support.js";

/** Where suites of pure modules live; a file runs here when it needs nothing but the language and firmware. */
const FOLDERS = ["test/unit", "test/model"];
/** Firmware, tests, and what of the simulator needs nothing but the language either. */
const PURE =
	/^((modules|sensors|net|test)\/|sim\/(seeded|scheduler|flash|flash-chip|flash-defects)\.ts$|sim\/chips\/(lora-air|lora-modem|sx1262|sx1276)\.ts$|tools\/(collector|senml|senml-records)\.ts$)/;
/** It remembers tens of thousands of numbers, which is a desktop's memory; what it proves of is in the unit tests. */
const TOO_LARGE = "test/model/numbers.test.ts";
/** A test may use more than a wake does: its expectations and the runner are there too. */
const RAM: RamProfile = { ...ramProfile("esp32"), name: "tests", chunks: 4 << 20, slots: 500_000, stack: 1024 };

/** A suite and the runner as firmware; undefined when it needs a desktop. */
async function suiteOf(file: string): Promise<FirmwareBundle | undefined> {
	try {
		const { outputFiles, metafile } = await build({
			stdin: {
				contents: `export { wake } from "./test/xs/runner.js";\nimport "./${file}";`,
				resolveDir: PROJECT,
				loader: "ts",
			},
			bundle: true,
			write: false,
			metafile: true,
			outfile: "suite.js",
			absWorkingDir: PROJECT,
			format: "iife",
			globalName: "firmware",
			target: "es2022",
			platform: "neutral",
			charset: "utf8",
			sourcemap: "external",
			logLevel: "silent",
			tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
		});
		if (!Object.keys(metafile.inputs).every((input) => input === "<stdin>" || PURE.test(input))) return undefined;
		const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))!.text;
		const code = `((dormouseEngine) => {${text(".js")}\nreturn { wake: firmware.wake, node: undefined };\n})`;
		return { code, map: text(".map"), name: file };
	} catch {
		return undefined; // imports what only a desktop has
	}
}

const files = FOLDERS.flatMap((folder) => listed(join(PROJECT, folder)))
	.map((file) => relative(PROJECT, file))
	.filter((file) => file !== TOO_LARGE);
const suites = (await Promise.all(files.map(suiteOf))).filter((bundle) => bundle !== undefined);

describe("pure suites on xs: preloaded, frozen, each test in a wake of its own", () => {
	const host = needsXs();
	const { load } = rig(host);
	let ran = 0;

	for (const bundle of suites)
		it(bundle.name, function () {
			const firmware = load(bundle, { ram: RAM, meterLimit: 2_000_000_000 });
			const failures: string[] = [];
			let count = 1;
			for (let n = 0; n < count; n++) {
				let title = "";
				let outcome = "it never ended";
				const wake = firmware.boot({
					call(request) {
						const text = Buffer.from(request.subarray(1)).toString();
						if (request[0] === Ask.count) count = Number(text);
						else if (request[0] === Ask.which) return Uint8Array.of(n >> 8, n & 255);
						else if (request[0] === Ask.title) title = text;
						else outcome = request[0] === Ask.passed ? "" : text;
						return Uint8Array.of(0);
					},
				});
				if (wake.fault) outcome = `${wake.fault.reason}: ${wake.fault.message}\n${wake.fault.where}`;
				if (outcome) failures.push(`${title}: ${outcome.trim().replaceAll("\n", "\n\t")}`);
				wake.drop();
			}
			ran += count;
			this.test!.title += `: ${count - failures.length} of ${count} pass`;
			if (!Number.isInteger(count)) failures.push("it made a host call of its own, such as the clock's: not pure");
			if (failures.length) fail(failures.join("\n"));
		}).timeout(120_000);

	it("all suites of pure rooms are among them", () => {
		assert.ok(suites.length >= 27, `only ${suites.length} suites`);
	});
	after(() => {
		if (ran) console.log(`    ${ran} tests of ${suites.length} pure suites ran on XS`);
	});
});

function listed(folder: string): string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".test.ts"))
		.sort()
		.map((name) => join(folder, name));
}
