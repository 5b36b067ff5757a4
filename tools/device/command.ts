import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { DormouseError } from "../../modules/core/errors.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { loadNode } from "../node-file.js";
import { settingsOfFile } from "../node-settings.js";
import { checkSetting } from "../provision/settings.js";
import { parseSetting } from "../setting.js";
import { BOARDS, type Board, boardOf, lacking, toolsFolder } from "./boards.js";
import { bundleForDevice } from "./bundle.js";
import { creationOf, creationText } from "./creation.js";
import { type Creation, deviceManifest } from "./manifest.js";
import { writePanel } from "./panel.js";
import { partitionsFile } from "./partitions.js";
import { PROFILES, type Profile, writeSdkconfig } from "./sdkconfig.js";
import { runSimulator, simulatorCommand } from "./simulator.js";
import { checkWake } from "./wake-pins.js";

const HELP = `Builds a node's firmware with the Moddable SDK, and writes it to a board, or shows it in Moddable's simulator.

  npm run flash -- --board BOARD [options]

  --board BOARD     ${Object.keys(BOARDS).join(", ")}, or esp32/… of any target of the SDK
  --node FILE       the declaration (default nodes/weather.ts)
  --set NAME=VALUE  a setting of the device, several times: broker, port, username, password, ssid, passphrase, ntp …;
                    NAME=@FILE takes it from a file, so that it does not stand in the shell's history. It stands in the
                    firmware as plain text: npm run provision keeps it apart, and goes before it
  --profile NAME    ${PROFILES[0]} (default) or ${PROFILES[1]}: with secure boot and encryption, whose keys are burnt for good
                    (docs/boards.md, "Production")
  --build-only      builds, and writes to no board and opens no simulator
  --prepare-only    checks the declaration and writes the bundle and its manifest; needs no SDK
  --debug           with xsbug and without optimisation
  --help            this text

The bundle and its manifest are in build/device. Exit status: 0, that of mcconfig, or 2 when an option, the declaration or
this machine is not as it has to be.
`;

/**
 * `dormouse flash`.
 * @returns the exit status
 * @throws {DormouseError} what the user can mend
 */
export async function flash(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
	const values = parse(args);
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const { board: name, node = "nodes/weather.ts", set: settings = [] } = values;
	const board = name === undefined ? undefined : boardOf(name, env);
	if (board === undefined)
		throw new DormouseError(
			"declaration",
			`--board ${name ?? "is missing"}: ${Object.keys(BOARDS).join(", ")} or esp32/… would be right`,
		);
	const { platform } = board;
	const profile = PROFILES.find((each) => each === (values.profile ?? PROFILES[0]));
	if (profile === undefined)
		throw new DormouseError("declaration", `--profile ${values.profile}: ${PROFILES.join(" or ")} would be right`);
	if (profile === "production" && !values["build-only"] && !values["prepare-only"])
		throw new DormouseError(
			"declaration",
			"--profile production: --build-only would be right; images are signed before they are written",
		);
	const own = settings.length ? await settingsOfFile(node) : [];
	const given = settings.map((text) => {
		const [setting, value] = parseSetting(text);
		checkSetting(setting, value, own);
		return `${setting}=${value}`;
	});
	const manifest = await prepare(node, { board, profile });
	if (values["prepare-only"]) {
		process.stdout.write(`${manifest}\n`);
		return 0;
	}
	const isUpload = !values["build-only"] && platform.startsWith("esp32");
	const lacks = lacking(platform, isUpload, env);
	if (lacks.length > 0)
		throw new DormouseError("unsupported", `this machine lacks\n${lacks.map((each) => `  ${each}`).join("\n")}`);
	const creation = await creationOf(node);
	if (creation) await prepare(node, { board, profile, creation });
	process.stdout.write(
		`${creation ? creationText(creation) : "XS machine: as manifest.json has it, the node was not measured"}\n`,
	);
	const isDesktop = !platform.startsWith("esp32"); // where mcconfig's own target would end all simulators that run
	const target = values["build-only"] || isDesktop ? ["-t", "build"] : [];
	const debug = values.debug ? ["-d"] : [];
	const path = `${toolsFolder(env.MODDABLE!)}${delimiter}${env.PATH}`;
	const { status, error } = spawnSync("mcconfig", [...debug, "-m", "-p", platform, ...target, manifest, ...given], {
		stdio: "inherit",
		env: { ...env, PATH: path },
	});
	if (error) throw new DormouseError("unsupported", `mcconfig: ${error.message}`);
	if (status !== 0 || !isDesktop || values["build-only"]) return status ?? 1;
	const folder = dirname(manifest);
	const build = values.debug ? "debug" : "release";
	return runSimulator(simulatorCommand(env.MODDABLE!, platform, build, basename(folder), join(folder, "panel")), env);
}

/** What a node's build is called: make takes a space for the end of a name. */
export function buildName(node: string): string {
	return basename(node)
		.replace(/\.[jt]s$/, "")
		.replaceAll(/[^\w.-]+/g, "-");
}

/** What firmware is built for. */
export interface Prepared {
	readonly board?: Board;
	readonly profile?: Profile;
	/** Memory of the machine; that of `manifest.json` when left out. */
	readonly creation?: Creation | undefined;
}

/**
 * Checks a node's declaration, and writes its bundle, the manifest for it, its face in Moddable's simulator and, for an
 * ESP32, its sdkconfig.
 * @returns the manifest's path
 * @throws {DormouseError} what is wrong with the declaration
 */
export async function prepare(
	node: string,
	{ board, profile = PROFILES[0], creation }: Prepared = {},
): Promise<string> {
	const declared = await loadNode(node); // what cannot work is told here, and not by a board
	if (board?.chip) checkWake(declared.wake, board.chip);
	const folder = join(PROJECT, "build/device", buildName(node));
	mkdirSync(folder, { recursive: true });
	const { code, imports } = await bundleForDevice(node);
	writeFileSync(join(folder, "firmware.js"), code);
	const path = join(folder, "manifest.json");
	const build = board?.platform.startsWith("esp32")
		? { sdkconfig: writeSdkconfig(folder, board, profile), partitions: partitionsFile(board.flash) }
		: {};
	writeFileSync(path, deviceManifest(join(folder, "firmware"), imports, { ...build, ...(creation && { creation }) }));
	await writePanel(declared, join(folder, "panel"));
	return path;
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				board: { type: "string" },
				node: { type: "string" },
				set: { type: "string", multiple: true },
				profile: { type: "string" },
				"build-only": { type: "boolean" },
				"prepare-only": { type: "boolean" },
				debug: { type: "boolean" },
				help: { type: "boolean", short: "h" },
			},
		}).values;
	} catch (error) {
		const [first] = (error as Error).message.split(/[.\n]/, 1);
		throw new DormouseError("declaration", `${first}; npm run flash -- --help lists the options`);
	}
}
