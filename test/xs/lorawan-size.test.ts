import { build } from "esbuild";
import { toHex } from "../../modules/core/bytes.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { FirmwareBundle } from "../../sim/engine/engine.js";
import { XsEngine } from "../../sim/engine/xs.js";
import { type Boot, emptyRam, smallestRam } from "../../sim/engine/xs-size.js";
import { moduleSizes } from "../../tools/size.js";
import * as assert from "../assert.js";
import { needsXs } from "./support.js";

/** Bytes of flash of all of `net/` in it, and of heap with the fixture's own ports and cells; see docs/lorawan.md. */
const FLASH = 78_000;
const HEAP = 11_600;

async function bundle(): Promise<FirmwareBundle> {
	const { outputFiles } = await build({
		entryPoints: ["test/fixtures/lorawan.ts"],
		bundle: true,
		write: false,
		absWorkingDir: PROJECT,
		format: "iife",
		globalName: "firmware",
		target: "es2022",
		platform: "neutral",
		charset: "utf8",
		logLevel: "silent",
		tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
	});
	const code = `((dormouseEngine) => {${outputFiles[0]!.text}\nreturn { wake: firmware.wake, node: undefined };\n})`;
	return { code, map: '{"version":3,"sources":[],"names":[],"mappings":""}', name: "lorawan" };
}

describe("lorawan on xs", () => {
	const host = needsXs();
	it("one uplink, preloaded and frozen: on air, within its share of flash and RAM", async function () {
		this.timeout(300_000);
		const engine = new XsEngine(host(), { measure: true, locate: false });
		const made = await bundle();
		const firmware = engine.load(made);
		const sent: string[] = [];
		const run = (boot: Boot) =>
			void boot({
				call(request) {
					sent.push(toHex(request));
					return Uint8Array.of(0);
				},
			});
		const ram = (await smallestRam(firmware, run))!;
		assert.ok(/^40cdab0126800000/.test(sent[0]!), sent[0]);
		firmware.close();
		const modules = moduleSizes(engine, made).filter(({ module }) => module.startsWith("net/"));
		const empty = await emptyRam(engine);
		const bytes = modules.reduce((sum, module) => sum + module.bytes, 0);
		const heap = ram.chunks - empty.chunks + 16 * (ram.slots - empty.slots);
		console.log(
			`      flash ${bytes} bytes (bytecode ${modules.reduce((sum, { bytecode }) => sum + bytecode, 0)}); ` +
				`RAM of an uplink: chunks ${ram.chunks - empty.chunks}, ${ram.slots - empty.slots} slots, stack ${ram.stack}`,
		);
		assert.ok(bytes <= FLASH, `${bytes} bytes of flash`);
		assert.ok(heap <= HEAP, `${heap} bytes of heap`);
	});
});
