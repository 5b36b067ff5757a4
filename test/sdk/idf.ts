import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folder, PROJECT } from "./sdk.js";

const { IDF_PATH, MODDABLE } = process.env;

/** Chips, and the number that the SDK has for each (`ESP32` in its make.esp32.mk). */
export const CHIPS: Readonly<Record<string, number>> = Object.freeze({ esp32: 1, esp32s3: 3, esp32c3: 4, esp32c6: 5 });

/** Why C cannot be checked against ESP-IDF's headers here; undefined when it can. */
export const LACKING_IDF: string | undefined = !IDF_PATH
	? "IDF_PATH is not set: no headers of ESP-IDF here"
	: !existsSync(join(IDF_PATH, "components/esp_hw_support/include/esp_sleep.h"))
		? "IDF_PATH names no ESP-IDF"
		: !MODDABLE
			? "MODDABLE is not set: the Moddable SDK says which headers of ESP-IDF a build sees"
			: makes32()
				? undefined
				: "gcc makes no 32-bit code here";

function makes32(): boolean {
	return spawnSync("gcc", ["-m32", "-fsyntax-only", "-xc", "-"], { input: "#include <stdint.h>\n" }).status === 0;
}

/** Such as 6.0.2, as the headers say of themselves. */
export function idfVersion(): string {
	const text = readFileSync(join(IDF_PATH!, "tools/cmake/version.cmake"), "utf8");
	return [...text.matchAll(/set\(IDF_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)\)/g)].map(([, part]) => part).join(".");
}

/** Beyond what a chip has, in `sdkconfig.h`: what the headers that we include ask for. */
const SETTINGS: Readonly<Record<string, string | number>> = Object.freeze({
	FREERTOS_HZ: 1000,
	LWIP_IPV4: 1,
	LWIP_IPV6: 1,
	ESP_WIFI_ENABLED: 1,
	ESP_WIFI_STATIC_RX_BUFFER_NUM: 6,
	ESP_WIFI_DYNAMIC_RX_BUFFER_NUM: 12,
	ESP_WIFI_TX_BUFFER_TYPE: 1,
	ESP_WIFI_DYNAMIC_TX_BUFFER_NUM: 12,
	ESP_WIFI_DYNAMIC_RX_MGMT_BUF: 0,
	ESP_WIFI_RX_MGMT_BUF_NUM_DEF: 5,
	ESP_WIFI_ESPNOW_MAX_ENCRYPT_NUM: 7,
	ESP_WIFI_MGMT_SBUF_NUM: 32,
});

/**
 * A configuration's `sdkconfig.h`: the chip's abilities as its Kconfig tells them, and {@link SETTINGS}.
 * @param settings such as `BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP: 1`
 */
function sdkconfig(chip: string, settings: Readonly<Record<string, string | number>>): string {
	const kconfig = readFileSync(join(IDF_PATH!, `components/soc/${chip}/include/soc/Kconfig.soc_caps.in`), "utf8");
	const abilities = [...kconfig.matchAll(/^config (\w+)\n\s+\w+\n\s+default (\S+)/gm)].map(
		([, name, value]) => `#define CONFIG_${name} ${value === "y" ? 1 : value === "n" ? 0 : value}`,
	);
	const all = { IDF_TARGET: `"${chip}"`, [`IDF_TARGET_${chip.toUpperCase()}`]: 1, ...SETTINGS, ...settings };
	return [...abilities, ...Object.entries(all).map(([name, value]) => `#define CONFIG_${name} ${value}`), ""].join(
		"\n",
	);
}

/** Folders of the chip's own C library, of FreeRTOS and of lwIP: `idf-stubs` stands in for them. */
const REPLACED = /\/(esp_libc|newlib|freertos|lwip|mbedtls|xtensa|bt)\//;

/** Where the SDK has the compiler look for ESP-IDF's headers: not everywhere, so that a header may be there and not be found. */
function searched(chip: string): string[] {
	const makefile = readFileSync(join(MODDABLE!, "tools/mcconfig/make.esp32.mk"), "utf8");
	const manifest = readFileSync(join(PROJECT, "manifest.json"), "utf8");
	const paths = [...`${makefile}${manifest}`.matchAll(/\$\(IDF_PATH\)(\/components\b[^\s\\"]*)/g)].map(([, path]) =>
		join(IDF_PATH!, path!.replaceAll("$(ESP32_SUBCLASS)", chip).replaceAll("$(ESP_ARCH)", "riscv")),
	);
	return [...new Set(paths)].filter((path) => existsSync(path) && !REPLACED.test(`${path}/`));
}

/**
 * Has the compiler read a C file as the SDK builds it for a chip; warnings are errors.
 * @param path of the file
 * @param settings of `sdkconfig.h`, without their CONFIG_
 * @param beside the folder that its own headers are in
 * @returns what the compiler complains about; empty when it does not
 */
export function checkForChip(
	path: string,
	chip: string,
	settings: Readonly<Record<string, string | number>> = {},
	beside = dirname(path),
): string {
	const made = folder();
	mkdirSync(join(made, "config"));
	writeFileSync(join(made, "config/sdkconfig.h"), sdkconfig(chip, settings));
	// Names of properties, which the SDK's linker numbers.
	const source = readFileSync(path, "utf8");
	const ids = [...new Set(source.match(/\bxsID_\w+/g) ?? [])];
	writeFileSync(join(made, "mc.xs.h"), ids.map((id, n) => `#define ${id} ${n + 1}\n`).join(""));
	const xs = join(MODDABLE!, "xs");
	const system = [
		...searched(chip),
		...["includes", "platforms/esp", "platforms/mc"].map((each) => join(xs, each)),
		join(MODDABLE!, "modules/io/digital"),
	];
	const { status, stderr, error } = spawnSync(
		"gcc",
		[
			...["-m32", "-fsyntax-only", "-std=gnu17", "-Wall", "-Wextra", "-Werror"],
			...["-D__ets__", `-DESP32=${CHIPS[chip]}`, "-DESP_PLATFORM", "-DBOOTLOADER_BUILD=1"],
			...[`-I${join(PROJECT, "test/sdk/idf-stubs")}`, `-I${join(made, "config")}`, `-I${made}`, `-I${beside}`],
			...system.flatMap((each) => ["-isystem", each]),
			path,
		],
		{ encoding: "utf8", env: { ...process.env, LC_ALL: "C" } },
	);
	return status === 0 ? "" : `${error?.message ?? ""}${stderr}` || `gcc ended with ${status}`;
}
