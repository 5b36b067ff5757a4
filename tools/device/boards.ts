import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What `mcconfig -p` takes, by the name of a board. `esp32/…` of any target of the SDK is taken as it is. */
export const BOARDS: Readonly<Record<string, string>> = Object.freeze({
	nodemcu: "esp32/nodemcu",
	heltec_v2: "esp32/heltec_lora_32",
	esp32c3: "esp32/esp32c3",
	esp32c6: "esp32/esp32c6",
	esp32s3: "esp32/esp32s3",
	desktop: "lin",
	"moddable-two": "sim/moddable_two",
});

/** The platform of a board's name; undefined when there is none. */
export function platformOf(board: string): string | undefined {
	return Object.hasOwn(BOARDS, board) ? BOARDS[board] : /^esp32\/[\w-]+$/.test(board) ? board : undefined;
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
	if (!platform.startsWith("esp32")) return lacks;
	if (!IDF_PATH || !existsSync(join(IDF_PATH, "tools/idf.py")))
		lacks.push(
			"ESP-IDF v6.0: IDF_PATH names none. `npx xs-dev setup --device esp32` installs it, then open a new shell",
		);
	if (upload && !UPLOAD_PORT && !hasSerialPort())
		lacks.push("a serial port: no board is connected. UPLOAD_PORT=/dev/… names one that is called otherwise");
	return lacks;
}

function hasSerialPort(): boolean {
	if (process.platform === "win32") return true; // esptool finds COM ports by itself
	const names = existsSync("/dev") ? readdirSync("/dev") : [];
	return names.some((name) => /^(ttyUSB|ttyACM|cu\.(usb|SLAB|wch))/.test(name));
}
