import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "../assert.js";
import { folder, PROJECT, removeFolders, skipUnlessSdk } from "./sdk.js";

const COMPILER = "x86_64-w64-mingw32-gcc";
const NATIVE = join(PROJECT, "modules/device/native");
/** Folders of C that a desktop build takes; TLS is not among them. Those that are not there are left out. */
const FOLDERS = ["", "desktop", "pins", "pins/desktop", "image"];

/** C of the desktop, checked against the headers of Windows and of XS for it. Nothing was run there. */
describe("Windows: the desktop's C", function () {
	this.timeout(120_000);
	before(function () {
		skipUnlessSdk(this, "the desktop's C for Windows");
		if (!spawnSync(COMPILER, ["--version"]).error) return;
		console.log(
			`    skipped: the desktop's C for Windows: ${COMPILER} is not installed (Debian: gcc-mingw-w64-x86-64)`,
		);
		this.skip();
	});
	after(removeFolders);

	const files = FOLDERS.flatMap((name) => {
		const path = join(NATIVE, name);
		const names = existsSync(path) ? readdirSync(path) : [];
		return names.filter((each) => each.endsWith(".c")).map((each) => join(path, each));
	});
	it("compiler: it sees a function that only POSIX has", () => {
		const path = join(folder(), "posix.c");
		writeFileSync(path, "#include <stdlib.h>\n#include <sys/random.h>\nint main(void) { return getentropy(0, 0); }\n");
		assert.ok(check(path).includes("sys/random.h"));
	});
	for (const path of files)
		it(`${path.slice(NATIVE.length + 1)}: compiles, warnings are errors`, () => {
			assert.equal(check(path), "");
		});
	it("headers: nothing of GNU's beside __attribute__, which is defined away for Microsoft's compiler", () => {
		for (const path of files) assert.ok(!/\b__builtin_|\btypeof\b|\(\{/.test(readFileSync(path, "utf8")), path);
	});
});

/** What the compiler says to a file. */
function check(path: string): string {
	const sdk = process.env.MODDABLE!;
	const headers = ["xs/includes", "xs/platforms", "xs/sources", "build/simulators/modules"];
	// As the SDK's build has it. Source: Moddable SDK 8.2.3, tools/mcconfig/nmake.win.mk.
	const flags = ["-fsyntax-only", "-std=c11", "-Wall", "-Wextra", "-Werror", "-DINCLUDE_XSPLATFORM=1", "-DmxWindows=1"];
	const system = headers.flatMap((name) => ["-isystem", join(sdk, name)]);
	const { stderr } = spawnSync(COMPILER, [...flags, '-DXSPLATFORM="win_xs.h"', ...system, path], { encoding: "utf8" });
	return stderr;
}
