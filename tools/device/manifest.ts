import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { MANIFESTS } from "../manifest-preloads.js";

/** What of a manifest of the SDK is written here; the rest is kept as it is. */
interface Manifest {
	build?: Record<string, string>;
	include?: string | readonly string[];
	modules: Record<string, string | readonly string[]>;
	preload: readonly string[];
	platforms: Record<string, Manifest>;
	[other: string]: unknown;
}

/** Modules that firmware may import beyond those of `manifest.json`, and what brings them. */
const PROVIDED: Readonly<Record<string, string>> = Object.freeze({
	// On ESP32; a desktop's manifest has its own.
	"embedded:network/interface/ethernet": "$(MODDABLE)/modules/io/ethernet/manifest.json",
	crypt: "$(MODDABLE)/modules/crypt/digest/manifest.json",
	"device/digital": "./modules/device/native/digital/manifest.json",
	"device/image": "./modules/device/native/image/manifest.json",
	"device/pins": "./modules/device/native/pins/manifest.json",
	"device/tls": "./modules/device/native/tls/manifest.json",
});
/** Modules whose source is here are the platform's side: they stay apart, with their C beside them. */
const NATIVE = "./modules/device/native/";

/** Memory of a machine, as the SDK's manifests tell it: bytes of chunks, slots, and slots of stack. */
export interface Creation {
	readonly static: number;
	readonly chunk: { readonly initial: number; readonly incremental: number };
	readonly heap: { readonly initial: number; readonly incremental: number };
	readonly stack: number;
}

/** What of a build is its board's and its node's. */
export interface BuildOptions {
	/** Folder with `sdkconfig.defaults`; that of `manifest.json` when left out. */
	readonly sdkconfig?: string;
	/** The partition table; that of `manifest.json` when left out. */
	readonly partitions?: string;
	/** That of `manifest.json` when left out. */
	readonly creation?: Creation;
}

/**
 * The project's manifest for a firmware in one bundle: modules that the bundle holds are not named, what the platform has
 * to bring is. Paths are absolute, so that it can stand anywhere.
 * @param main the bundle's file, without its ending
 * @param imports what the bundle imports from the platform
 * @throws {DormouseError} `declaration` when nothing brings one of them
 */
export function deviceManifest(main: string, imports: readonly string[], options: BuildOptions = {}): string {
	const texts = MANIFESTS.map((path) => readFileSync(path, "utf8"));
	const manifest: Manifest = JSON.parse(texts[0]!);
	const modules: Record<string, string | readonly string[]> = { main };
	for (const [name, source] of Object.entries(manifest.modules)) {
		const sources = [source].flat();
		if (name === "~") modules[name] = sources.filter((each) => each.startsWith("$("));
		else if (sources.every((each) => each.startsWith(NATIVE))) modules[name] = sources.map(absolute);
	}
	const include = [manifest.include ?? []].flat();
	const { esp32 } = manifest.platforms;
	for (const specifier of imports) {
		const provided = PROVIDED[specifier];
		if (provided && texts[1]!.includes(`"${specifier}":`)) esp32!.include = [esp32!.include ?? [], provided].flat();
		else if (provided) include.push(absolute(provided));
		else if (specifier.startsWith("device/") && !texts.some((text) => text.includes(`"${specifier}":`)))
			throw new DormouseError("declaration", `no manifest names a module "${specifier}", which the firmware imports`);
	}
	const build = manifest.platforms.esp32!.build!;
	if (options.sdkconfig) build.SDKCONFIGPATH = options.sdkconfig;
	if (options.partitions) build.PARTITIONS_FILE = options.partitions;
	return `${JSON.stringify(
		{
			...manifest,
			build: undefined, // it only says which node
			creation: options.creation ?? manifest.creation,
			include,
			modules,
			preload: Object.keys(modules).filter((name) => name !== "*" && name !== "~"),
			typescript: JSON.parse(JSON.stringify(manifest.typescript).replaceAll("$(MAIN_DIR)", PROJECT)),
			platforms: relocated(manifest.platforms),
		},
		undefined,
		"\t",
	)}\n`;
}

/** The same with all paths of the project absolute. */
function relocated(part: unknown): never {
	const text = JSON.stringify(part, (_, value) => (typeof value === "string" ? absolute(value) : value));
	return JSON.parse(text) as never;
}

function absolute(path: string): string {
	return path.startsWith("./") ? resolve(dirname(join(PROJECT, "manifest.json")), path) : path;
}
