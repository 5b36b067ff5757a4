import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "../assert.js";
import { buildApp, buildLoader, folder, PROJECT, warnings } from "./sdk.js";

/** Prints a line, and ends. */
const SAY = `#include <stdio.h>
#include <stdlib.h>
#include "xsmc.h"
#include "xsHost.h"
void xs_say(xsMachine *the) { printf("%s\\n", xsmcToString(xsArg(0))); fflush(stdout); }
void xs_end(xsMachine *the) { exit(75); }
`;

/** What `main` imports as `say`. */
const SAY_MODULE = `declare function native(symbol: string): (this: unknown, text?: string) => void;
export function say(this: unknown, text: string): void { native("xs_say").call(this, text); }
export function end(this: unknown): void { native("xs_end").call(this); }
`;

/**
 * Builds an app of pure modules for the desktop with the SDK, on its engine and with its crypto in C, all of it preloaded, and
 * runs it. The linker must not warn.
 * @param main TypeScript with a default export that says lines and ends, by `say`
 * @param modules paths in the project, without their ending
 * @returns the lines
 */
export function linesOf(main: string, modules: readonly string[]): string[] {
	const source = folder();
	const manifest = {
		include: ["$(MODDABLE)/examples/manifest_base.json", "$(MODULES)/crypt/digest/manifest.json"],
		typescript: {
			compiler: join(PROJECT, "node_modules/.bin/tsc"),
			tsconfig: {
				compilerOptions: {
					target: "ES2022",
					lib: ["ES2022"],
					useDefineForClassFields: false,
					verbatimModuleSyntax: true,
					isolatedModules: true,
					noCheck: true,
					noResolve: true,
				},
			},
		},
		modules: {
			"*": ["./main", "./native"],
			say: "./say",
			...Object.fromEntries(modules.map((path) => [path, join(PROJECT, path)])),
		},
		preload: ["main", "say", ...modules],
	};
	const write = (name: string, text: string) => {
		mkdirSync(dirname(join(source, name)), { recursive: true });
		writeFileSync(join(source, name), text);
	};
	write("manifest.json", JSON.stringify(manifest));
	write("main.ts", main);
	write("say.ts", SAY_MODULE);
	write("native.c", SAY);
	const { log, library } = buildApp(join(source, "manifest.json"));
	assert.deepEqual(warnings(log), []);
	const { status, stdout, stderr } = spawnSync(buildLoader(), [library], { encoding: "utf8", timeout: 60_000 });
	assert.equal(status, 75, stderr + stdout);
	return stdout.trim().split("\n");
}
