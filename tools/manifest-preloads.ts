import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Keeps the preloads of the manifests: the SDK's wildcards do not reach TypeScript, so that each module is named there.
 * Run it after adding, moving or removing a module, then format: `node --import tsx tools/manifest-preloads.ts`.
 */

interface Manifest {
	modules: Readonly<Record<string, string | readonly string[]>>;
	preload: string[];
}

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Manifests that bring modules of ours. */
export const MANIFESTS: readonly string[] = Object.freeze(
	[
		"",
		"modules/device/native/desktop",
		"modules/device/native/image",
		"modules/device/native/pins",
		"modules/device/native/tls",
	].map((folder) => join(PROJECT, folder, "manifest.json")),
);

/** Reads a manifest. */
export function readManifest(path: string): Manifest {
	return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * What a manifest has to preload: every module that it names, sorted. Under `~` and `*` are what is left out, and C.
 * @param path the manifest, which sources are relative to
 */
export function preloadsOf(path: string): string[] {
	const names: string[] = [];
	const { modules } = readManifest(path);
	const leftOut = [modules["~"] ?? []].flat().map((each) => join(dirname(path), each));
	for (const [name, source] of Object.entries(modules)) {
		if (name === "~" || name === "*" || typeof source !== "string") continue;
		const file = join(dirname(path), source);
		if (name.endsWith("/*")) {
			for (const each of readdirSync(dirname(file)))
				if (each.endsWith(".ts") && !leftOut.includes(join(dirname(file), each.slice(0, -".ts".length))))
					names.push(name.replace("*", each.slice(0, -".ts".length)));
		} else if (source.startsWith("$(") || existsSync(`${file}.ts`)) names.push(name);
		else throw new Error(`${path}: ${name}: there is no ${file}.ts`);
	}
	return names.sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	for (const path of MANIFESTS) {
		const manifest = { ...readManifest(path), preload: preloadsOf(path) };
		writeFileSync(path, `${JSON.stringify(manifest, undefined, "\t")}\n`);
	}
