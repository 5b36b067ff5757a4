import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildFailure, build, type Plugin } from "esbuild";
import { DormouseError } from "../../modules/core/errors.js";
import { deviceForm } from "./device-form.js";
import type { FirmwareBundle } from "./engine.js";
import { slim } from "./slim.js";

/** The project's folder. */
export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Specifiers that the simulated board provides, and their shims. */
const SHIMS: Readonly<Record<string, string>> = Object.freeze({
	"device/native": "device-native",
	"device/digital": "device-digital",
	"device/image": "device-image",
	"device/pins": "device-pins",
	"device/resolver": "device-resolver",
	"device/wifi": "device-wifi",
	"device/tls": "device-tls",
	timer: "timer",
	crypt: "crypt",
	"embedded:io/i2c": "embedded-io-i2c",
	"embedded:io/analog": "embedded-io-analog",
	"embedded:io/digital": "embedded-io-digital",
	"embedded:io/spi": "embedded-io-spi",
	"embedded:io/socket/tcp": "embedded-io-socket-tcp",
	"embedded:io/socket/udp": "embedded-io-socket-udp",
	"embedded:network/interface/ethernet": "embedded-network-interface-ethernet",
	"embedded:provider/builtin": "embedded-provider-builtin",
	"embedded:storage/flash": "embedded-storage-flash",
});

/** Names that the engine gives to firmware, or takes from it: `EngineSlot` and `Exports`. */
const OUTSIDE = Object.freeze([
	...["dormouseEngine", "call", "crc", "utf8", "event", "port"],
	...["firmware", "wake", "node"],
]);
const NO_MAP = '{"version":3,"sources":[],"names":[],"mappings":""}';

/**
 * Bundles the firmware with one node's declaration and the simulated board's modules, as ES2022.
 * @param nodeFile the declaration, a file in `nodes/` or anywhere
 * @param entry what gives `wake` and `node`
 * @param names `short`: as a device gets it, see {@link deviceForm}; there is no source map then
 * @throws {DormouseError} `declaration` when the file cannot be read, `malformed` when it does not parse or resolve: one
 * line with its place
 */
export async function bundleFirmware(
	nodeFile: string,
	entry = "sim/entry.ts",
	names: "readable" | "short" = "readable",
): Promise<FirmwareBundle> {
	const path = resolve(nodeFile);
	if (!existsSync(path)) throw new DormouseError("declaration", `--node ${nodeFile}: no such file`);
	const outfile = "firmware.js";
	try {
		const { outputFiles, metafile } = await build({
			absWorkingDir: PROJECT,
			entryPoints: [join(PROJECT, entry)],
			bundle: true,
			write: false,
			metafile: true,
			outfile,
			format: "iife",
			globalName: "firmware",
			target: "es2022",
			platform: "neutral",
			charset: "utf8",
			sourcemap: "external",
			logLevel: "silent",
			tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
			plugins: [board(path)],
		});
		const text = (end: string) => outputFiles.find((file) => file.path.endsWith(end))!.text;
		const wrapped = (inner: string) =>
			`((dormouseEngine) => {${inner}\nreturn { wake: firmware.wake, node: firmware.node };\n})`;
		const name = relative(PROJECT, path) || basename(path);
		const readable = { code: wrapped(slim(text(".js"))), map: text(".map"), name };
		if (names === "readable") return readable;
		return {
			code: wrapped(await deviceForm(text(".js"), Object.keys(metafile.inputs), PROJECT, OUTSIDE)),
			map: NO_MAP,
			name,
			readable,
		};
	} catch (error) {
		const first = (error as BuildFailure).errors?.[0];
		if (!first) throw error;
		const place = first.location ? `${first.location.file}:${first.location.line}: ` : "";
		throw new DormouseError("malformed", `${place}${first.text}`);
	}
}

function board(node: string): Plugin {
	return {
		name: "simulated board",
		setup({ onResolve }) {
			onResolve({ filter: /^dormouse\/node$/ }, () => ({ path: node }));
			// What a board has in C in the place of TypeScript.
			onResolve({ filter: /\/core\/native\.js$/ }, () => ({ path: join(PROJECT, "sim/shims/core-native.ts") }));
			onResolve({ filter: /^\.\/aes\.js$/ }, ({ importer }) =>
				/lorawan\.ts$/.test(importer) ? { path: join(PROJECT, "modules/device/aes.ts") } : undefined,
			);
			onResolve({ filter: /^(embedded:|device\/|(timer|crypt)$)/ }, ({ path }) => {
				const shim = SHIMS[path];
				if (!shim) return { errors: [{ text: `the simulated board has no "${path}"` }] };
				return { path: join(PROJECT, "sim/shims", `${shim}.ts`) };
			});
		},
	};
}
