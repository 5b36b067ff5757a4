import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { FlashSize } from "./partitions.js";

/** A chip that ESP-IDF v6.0 and the SDK build for. */
export type Chip = "esp32" | "esp32s2" | "esp32s3" | "esp32c3" | "esp32c6" | "esp32h2";

/** What is known of a board before it is built for. */
export interface Board {
	/** What `mcconfig -p` takes. */
	readonly platform: string;
	/** Undefined where it is no ESP32, or a target of the SDK that is not looked up. */
	readonly chip?: Chip | undefined;
	readonly flash: FlashSize;
}

const board = (platform: string, chip?: Chip, flash: FlashSize = "4MB"): Board =>
	Object.freeze({ platform, chip, flash });

/** Boards by name. `esp32/…` of any target of the SDK is taken as well. */
export const BOARDS: Readonly<Record<string, Board>> = Object.freeze({
	nodemcu: board("esp32/nodemcu", "esp32"),
	heltec_v2: board("esp32/heltec_lora_32", "esp32"), // 8 MB are there; 4 are used, as earlier ones had
	heltec_v3: board(`esp32:${join(PROJECT, "targets/heltec_v3")}`, "esp32s3", "8MB"),
	esp32c3: board("esp32/esp32c3", "esp32c3"),
	esp32c6: board("esp32/esp32c6", "esp32c6"),
	esp32s3: board("esp32/esp32s3", "esp32s3"),
	desktop: board("lin"),
	mac: board("mac"),
	win: board("win"),
	"moddable-two": board("sim/moddable_two"),
});

/** The SDK that this builds with: files of other versions have other names. */
export const SDK_VERSION = "8.2.3";
/** The ESP-IDF that the SDK takes. Source: build/devices/esp32/manifest.json of the SDK, `EXPECTED_ESP_IDF`. */
export const IDF_VERSION = "6.0";

/**
 * The board of a name; undefined when there is none. A target of the SDK's has a chip where the SDK is there.
 * @param env where MODDABLE is
 */
export function boardOf(name: string, env: NodeJS.ProcessEnv = process.env): Board | undefined {
	if (Object.hasOwn(BOARDS, name)) return BOARDS[name];
	const [, target] = /^esp32\/([\w-]+)$/.exec(name) ?? [];
	return target === undefined ? undefined : board(name, chipOf(target, env.MODDABLE));
}

/** The chip of one of the SDK's targets, undefined without that. A target that names none is a plain ESP32. */
function chipOf(target: string, moddable: string | undefined): Chip | undefined {
	const path = join(moddable ?? "", "build/devices/esp32/targets", target, "manifest.json");
	if (moddable === undefined || !existsSync(path)) return undefined;
	const [, chip] = /"ESP32_SUBCLASS"\s*:\s*"(\w+)"/.exec(readFileSync(path, "utf8")) ?? [];
	return (chip ?? "esp32") as Chip;
}

/** Where the SDK's tools for this machine are, beneath its folder. */
export function toolsFolder(moddable: string, platform: NodeJS.Platform = process.platform): string {
	const system = platform === "darwin" ? "mac" : platform === "win32" ? "win" : "lin";
	return join(moddable, "build/bin", system, "release");
}

/**
 * What building for a platform needs and this machine lacks, each with how to get it; empty when all is there.
 * @param upload whether a board is to be written to
 */
export function lacking(platform: string, upload: boolean, env: NodeJS.ProcessEnv = process.env): string[] {
	const lacks: string[] = [];
	const { MODDABLE, IDF_PATH, UPLOAD_PORT } = env;
	if (!MODDABLE)
		lacks.push("the Moddable SDK: MODDABLE is not set. `npx xs-dev setup` installs it, then open a new shell");
	else if (!existsSync(join(toolsFolder(MODDABLE), process.platform === "win32" ? "mcconfig.exe" : "mcconfig")))
		lacks.push(`the Moddable SDK's tools: ${MODDABLE} has no mcconfig built. \`npx xs-dev setup\` builds them`);
	else {
		const version = sdkVersion(MODDABLE);
		if (version !== undefined && !version.startsWith(`${SDK_VERSION.split(".")[0]}.`))
			lacks.push(`Moddable SDK ${SDK_VERSION}: ${MODDABLE} is ${version}. \`npx xs-dev update\` brings the newest`);
	}
	if (!platform.startsWith("esp32")) return lacks;
	const idf = IDF_PATH && existsSync(join(IDF_PATH, "tools/idf.py")) ? idfVersion(IDF_PATH) : undefined;
	if (!IDF_PATH || !existsSync(join(IDF_PATH, "tools/idf.py")))
		lacks.push(
			`ESP-IDF v${IDF_VERSION}: IDF_PATH names none. \`npx xs-dev setup --device esp32\` installs it, then open a new shell`,
		);
	else if (idf !== undefined && idf !== IDF_VERSION && !idf.startsWith(`${IDF_VERSION}.`))
		lacks.push(
			`ESP-IDF v${IDF_VERSION}: ${IDF_PATH} is v${idf}, which the SDK does not build with. \`npx xs-dev setup --device esp32\` installs the right one`,
		);
	if (upload && UPLOAD_PORT && process.platform !== "win32" && !existsSync(UPLOAD_PORT))
		lacks.push(`a serial port: UPLOAD_PORT names ${UPLOAD_PORT}, which is not there`);
	else if (upload && !UPLOAD_PORT && !hasSerialPort())
		lacks.push("a serial port: no board is connected. UPLOAD_PORT=/dev/… names one that is called otherwise");
	return lacks;
}

/** The version of an SDK, undefined when it does not tell. */
export function sdkVersion(moddable: string): string | undefined {
	const path = join(moddable, "tools/VERSION");
	return existsSync(path) ? /\d+\.\d+\.\d+/.exec(readFileSync(path, "utf8"))?.[0] : undefined;
}

/**
 * The version of an ESP-IDF, such as 6.0.2; undefined when it does not tell.
 * A release says it in `version.txt`, a clone in `tools/cmake/version.cmake`.
 */
export function idfVersion(idf: string): string | undefined {
	const text = join(idf, "version.txt");
	if (existsSync(text)) {
		const version = /(\d+(?:\.\d+)+)/.exec(readFileSync(text, "utf8"))?.[1];
		if (version !== undefined) return version;
	}
	const cmake = join(idf, "tools/cmake/version.cmake");
	if (!existsSync(cmake)) return undefined;
	const code = readFileSync(cmake, "utf8");
	const parts = ["MAJOR", "MINOR", "PATCH"].map((part) => new RegExp(`IDF_VERSION_${part}\\s+(\\d+)`).exec(code)?.[1]);
	return parts.every((part) => part !== undefined) ? parts.join(".") : undefined;
}

function hasSerialPort(): boolean {
	if (process.platform === "win32") return true; // esptool finds COM ports by itself
	const names = existsSync("/dev") ? readdirSync("/dev") : [];
	return names.some((name) => /^(ttyUSB|ttyACM|cu\.(usb|SLAB|wch))/.test(name));
}
