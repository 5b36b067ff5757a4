import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DormouseError } from "../../modules/core/errors.js";
import { toolsFolder } from "./boards.js";

/** How to run a library of the desktop in Moddable's simulator. */
export interface SimulatorCommand {
	readonly command: string;
	readonly args: readonly string[];
}

/** Where Moddable's simulator is, once the SDK's tools are built. */
export function simulatorProgram(moddable: string, system: NodeJS.Platform = process.platform): string {
	const name = system === "darwin" ? "mcsim.app" : system === "win32" ? "mcsim.exe" : "mcsim";
	return join(toolsFolder(moddable, system), name);
}

/**
 * The simulator's command line, which opens a folder of device faces and the library that `mcconfig` built.
 * @param moddable the SDK's folder
 * @param platform as for `mcconfig -p`: `lin`, or `sim/…` of any target
 * @param build "debug" or "release"
 * @param name of the build: the folder of its manifest
 * @throws {DormouseError} `unsupported` where the simulator is not built, or the library not there
 */
export function simulatorCommand(
	moddable: string,
	platform: string,
	build: "debug" | "release",
	name: string,
	panel: string,
	system: NodeJS.Platform = process.platform,
): SimulatorCommand {
	const program = simulatorProgram(moddable, system);
	const target = platform.startsWith("sim/") ? platform.slice(4) : "mc";
	const library = join(
		toolsFolder(moddable, system),
		"..",
		target,
		build,
		name,
		system === "win32" ? "mc.dll" : "mc.so",
	);
	for (const path of [program, library])
		if (!existsSync(path)) throw new DormouseError("unsupported", `this machine lacks ${path}`);
	return system === "darwin"
		? { command: "open", args: ["-a", program, panel, library] }
		: { command: program, args: [panel, library] };
}

/** Shows a node in the simulator, until its window is closed. @returns the exit status */
export function runSimulator({ command, args }: SimulatorCommand, env: NodeJS.ProcessEnv): number {
	// It makes its own folder there, but not this one.
	mkdirSync(env.XDG_CONFIG_HOME ?? join(env.HOME ?? homedir(), ".config"), { recursive: true });
	const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
	if (error) throw new DormouseError("unsupported", `${command}: ${error.message}`);
	return status ?? 1;
}
