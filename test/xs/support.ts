import { build } from "esbuild";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { Engine, FirmwareBundle, HostSide, Wake } from "../../sim/engine/engine.js";
import { XsEngine, type XsFirmware, type XsOptions } from "../../sim/engine/xs.js";
import { Status } from "../../sim/host/table.js";
import { buildHost, type ReadyHost } from "../../sim/xs/build.js";

let told = false;

/** In a suite: builds the host before its tests, which are skipped in words where that cannot be. @returns the host */
export function needsXs(): () => ReadyHost {
	let ready: ReadyHost | undefined;
	before("the XS host is built", async function () {
		this.timeout(180_000);
		const host = await buildHost();
		if (host.ready) ready = host;
		else {
			if (!told) console.log(`    XS tests are skipped: ${host.reason}`);
			told = true;
			this.skip();
		}
	});
	return () => ready!;
}

/** In a suite: engines with their firmware closed after each test. */
export function rig(host: () => ReadyHost) {
	const open: XsFirmware[] = [];
	afterEach(() => {
		for (const firmware of open.splice(0)) firmware.close();
	});
	return {
		load(bundle: FirmwareBundle, options: XsOptions = {}): XsFirmware {
			const firmware = new XsEngine(host(), options).load(bundle);
			open.push(firmware);
			return firmware;
		},
	};
}

/** What fixtures find as `dormouseEngine`, with short ways to it. */
const PRELUDE = `declare const dormouseEngine: {
	call(request: Uint8Array, length: number): Uint8Array;
	event: ((handle: number, kind: number, bytes: Uint8Array) => void) | undefined;
};
const say = (...bytes: number[]) => dormouseEngine.call(Uint8Array.from(bytes), bytes.length);
`.replaceAll("\n", " ");

/**
 * Firmware of a test's own: TypeScript whose `wake` is run; `say(...bytes)` is a host call. Line 1 of the text is line 1
 * of the file `fixture.ts`.
 */
export async function fixture(text: string): Promise<FirmwareBundle> {
	const { outputFiles } = await build({
		stdin: {
			contents: `${PRELUDE}${text}\nexport const node = Object.freeze({ name: "fixture" });`,
			sourcefile: "fixture.ts",
			resolveDir: PROJECT,
			loader: "ts",
		},
		bundle: true,
		write: false,
		outfile: "fixture.js",
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
	const code = outputFiles.find(({ path }) => path.endsWith(".js"))!.text;
	const map = outputFiles.find(({ path }) => path.endsWith(".map"))!.text;
	return {
		code: `((dormouseEngine) => {${code}\nreturn { wake: firmware.wake, node: firmware.node };\n})`,
		map,
		name: "fixture",
	};
}

/** A board that only listens. */
export class Listener implements HostSide {
	/** Requests so far. */
	readonly heard: number[][] = [];
	readonly #answer: (request: Uint8Array, count: number) => readonly number[];

	/** @param answer a reply to each call; `Status.ended` unwinds the wake. Default: ok */
	constructor(answer: (request: Uint8Array, count: number) => readonly number[] = () => [Status.ok]) {
		this.#answer = answer;
	}
	call(request: Uint8Array): Uint8Array {
		this.heard.push([...request]);
		return Uint8Array.from(this.#answer(request, this.heard.length));
	}
}

/** Boots firmware on an engine so many times. @returns all that was said, and the last wake */
export function wakes(engine: Engine, bundle: FirmwareBundle, count = 1): { heard: number[][]; wake: Wake } {
	const firmware = engine.load(bundle);
	const listener = new Listener();
	try {
		let wake = firmware.boot(listener);
		for (let n = 1; n < count && wake.state !== "fault"; n++) {
			wake.drop();
			wake = firmware.boot(listener);
		}
		return { heard: listener.heard, wake };
	} finally {
		firmware.close();
	}
}
