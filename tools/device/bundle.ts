import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildFailure, build } from "esbuild";
import { DormouseError } from "../../modules/core/errors.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { deviceForm } from "../../sim/engine/device-form.js";

/** One node's firmware as one module, for the SDK's compiler. */
export interface DeviceBundle {
	/** ES2022, without types. */
	readonly code: string;
	/** What it imports from the platform: `embedded:…`, `device/…`, `timer` and the like. */
	readonly imports: readonly string[];
}

/**
 * Bundles the firmware for a device: what the node does not use is left out, constants stand where their names stood
 * (`sim/engine/slim.ts`), and names are such as the engine has anyway (`sim/engine/short-names.ts`).
 * @param nodeFile the declaration
 * @throws {DormouseError} `declaration` when there is no such file, `malformed` when it does not parse or resolve
 */
export async function bundleForDevice(nodeFile: string): Promise<DeviceBundle> {
	const path = resolve(nodeFile);
	if (!existsSync(path)) throw new DormouseError("declaration", `--node ${nodeFile}: no such file`);
	const imports = new Set<string>();
	try {
		const { outputFiles, metafile } = await build({
			absWorkingDir: PROJECT,
			entryPoints: [join(PROJECT, "main.ts")],
			bundle: true,
			write: false,
			metafile: true,
			format: "esm",
			target: "es2022",
			platform: "neutral",
			charset: "utf8",
			logLevel: "silent",
			tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
			plugins: [
				{
					name: "platform",
					setup({ onResolve }) {
						onResolve({ filter: /^dormouse\/node$/ }, () => ({ path }));
						// TypeScript that a device has C in the place of; `manifest.json` names it.
						onResolve({ filter: /\/core\/native\.js$/ }, () => {
							imports.add("modules/core/native");
							return { path: "modules/core/native", external: true };
						});
						onResolve({ filter: /^\.\/aes\.js$/ }, ({ importer }) =>
							/lorawan\.ts$/.test(importer) ? { path: join(PROJECT, "modules/device/aes.ts") } : undefined,
						);
						onResolve({ filter: /^[^./]/ }, ({ path: specifier, kind }) => {
							if (kind === "entry-point") return undefined;
							imports.add(specifier);
							return { path: specifier, external: true };
						});
					},
				},
			],
		});
		const code = await deviceForm(outputFiles[0]!.text, Object.keys(metafile.inputs), PROJECT);
		return { code, imports: [...imports].sort() };
	} catch (error) {
		const first = (error as BuildFailure).errors?.[0];
		if (!first) throw error;
		const place = first.location ? `${first.location.file}:${first.location.line}: ` : "";
		throw new DormouseError("malformed", `${place}${first.text}`);
	}
}
