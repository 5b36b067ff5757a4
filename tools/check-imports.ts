import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Holds the code to the house's rules (docs/architecture.md, "The house"): which room may import which, and what firmware
 * must not contain because XS in flash refuses it. Prints a line a breach; exit status 1 when there is one.
 */

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Rooms of the firmware, and what each may import: rooms, single files, or specifiers that end in `*`. */
const RULES: Readonly<Record<string, readonly string[]>> = Object.freeze({
	"modules/core": [],
	"modules/codec": ["modules/core"],
	"modules/store": ["modules/core", "modules/codec"],
	"modules/measure": ["modules/core", "modules/codec"],
	"modules/cycle": ["modules/core", "modules/codec", "modules/measure", "modules/store", "type net/uplink.ts"],
	"modules/device": ["modules/core", "embedded:*", "device/*", "timer", "crypt", "mc/*"],
	// The one file of the device that binds the store's chain to the platform's HMAC.
	"modules/device/evidence.ts": ["modules/core", "modules/device", "modules/store"],
	sensors: ["modules/core", "modules/measure", "modules/device/provider.ts", "type modules/device/io.ts"],
	net: ["modules/core", "modules/codec", "modules/store"],
	// The one file of SNTP that is bound to the platform's sockets.
	"net/sntp.ts": ["net", "embedded:io/socket/udp", "device/resolver"],
	"net/link": ["modules/core", "net", "modules/device"],
	"net/lorawan": ["modules/core", "modules/codec", "modules/store", "net"],
	// The one file of the links that is bound to the board's Wi-Fi.
	"net/link/wifi.ts": ["net/link", "device/wifi"],
	// The one file of the links that is bound to the board's Ethernet.
	"net/link/ethernet.ts": ["net/link", "embedded:network/interface/ethernet"],
	"net/mqtt": ["modules/core", "modules/codec", "modules/store", "net"],
	// Radios: drivers over injected ECMA-419 I/O. Files that bind one to a board get a rule of their own.
	"net/radio": ["modules/core", "net", "type modules/device/io.ts"],
	"net/radio/sx127x.ts": ["net/radio", "modules/device/radio-io.ts"],
	"net/radio/sx126x.ts": ["net/radio", "modules/device/radio-io.ts"],
	// The one file of MQTT that is bound to the platform's sockets.
	"net/mqtt/mqtt.ts": ["net/mqtt", "net", "embedded:io/socket/tcp", "device/resolver"],
	// MQTT over TLS, in a folder of its own: what a build names by a wildcard is linked.
	"net/mqtts": ["net/mqtt", "net", "device/tls", "device/resolver"],
	// Of the codec, what a declaration chooses from.
	nodes: [
		"modules/core",
		"modules/measure",
		"modules/cycle/declaration.ts",
		"modules/codec/compact.ts",
		"modules/codec/senml.ts",
		// Tamper evidence, with the HMAC in TypeScript or the platform's.
		"modules/store/evidence.ts",
		"modules/device/evidence.ts",
		// What wakes a node beside its alarm.
		"modules/device/wake.ts",
		"sensors",
		"net",
	],
	"main.ts": ["modules/core", "modules/cycle", "modules/device", "net", "dormouse/node"],
});

/** What firmware must not contain. Formatted code has module scope at the line's start. */
const BANS: readonly (readonly [RegExp, string])[] = Object.freeze([
	[/^(export )?(let|var) /m, "a module-level variable: module scope is flash"],
	[/^\s*(export )?(const )?enum /m, "an enum: it is a mutable object at run time"],
	[/\basync\b|\bawait\b|\bPromise\b/, "a promise: firmware has none"],
	[/^import \* as /m, "a namespace import: it is a mutable object in flash"],
	[/\bBuffer\b|\bprocess\b|\bconsole\b|\bsetTimeout\b|\bsetInterval\b/, "a global of Node's"],
	[/\bTextEncoder\b|\bTextDecoder\b|\bstructuredClone\b|\bqueueMicrotask\b/, "a global that bare XS lacks"],
]);

interface Import {
	readonly specifier: string;
	readonly typeOnly: boolean;
	readonly line: number;
}

function check(): string[] {
	const breaches: string[] = [];
	for (const file of firmwareFiles()) {
		const text = readFileSync(join(PROJECT, file), "utf8");
		const room = roomOf(file);
		const allowed = RULES[room]!;
		for (const { specifier, typeOnly, line } of importsOf(text)) {
			const target = specifier.startsWith(".")
				? slashes(normalize(join(dirname(file), specifier))).replace(/\.js$/, ".ts")
				: specifier;
			if (!isAllowed(room, allowed, target, typeOnly))
				breaches.push(`${file}:${line}: ${room} may not import ${target}`);
		}
		const code = withoutComments(text);
		for (const [pattern, why] of BANS) {
			const found = pattern.exec(code);
			if (found) breaches.push(`${file}:${code.slice(0, found.index).split("\n").length}: ${why}`);
		}
	}
	return breaches;
}

function isAllowed(room: string, allowed: readonly string[], target: string, typeOnly: boolean): boolean {
	if (roomOf(target) === room) return true;
	return allowed.some((rule) => {
		const [only, name] = rule.startsWith("type ") ? [true, rule.slice(5)] : [false, rule];
		if (only && !typeOnly) return false;
		return (
			name === target || target.startsWith(`${name}/`) || (name.endsWith("*") && target.startsWith(name.slice(0, -1)))
		);
	});
}

/** The most specific room that has a rule. */
function roomOf(file: string): string {
	const rooms = Object.keys(RULES).filter((room) => file === room || file.startsWith(`${room}/`));
	return rooms.sort((a, b) => b.length - a.length)[0] ?? file;
}

function firmwareFiles(): string[] {
	const roots = ["modules", "sensors", "net", "nodes"];
	const files = roots.flatMap((root) =>
		readdirSync(join(PROJECT, root), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts"))
			.map((entry) => slashes(relative(PROJECT, join(entry.parentPath, entry.name)))),
	);
	return ["main.ts", ...files.sort()];
}

function importsOf(text: string): Import[] {
	const imports: Import[] = [];
	const pattern = /^(?:import|export)\s+(type\s+)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm;
	for (const found of text.matchAll(pattern)) {
		const clause = found[0];
		const names = /\{([^}]*)\}/.exec(clause)?.[1];
		// `import { type A, type B } from` is type-only as well
		const allTypes = names?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type ")) ?? false;
		const typeOnly = found[1] !== undefined || (allTypes && !/^import\s+\w/.test(clause));
		imports.push({ specifier: found[2]!, typeOnly, line: text.slice(0, found.index).split("\n").length });
	}
	return imports;
}

/** Blanks comments and strings out, so that words in them do not count; lines stay where they are. */
function withoutComments(text: string): string {
	return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, (part) =>
		part.replace(/[^\n]/g, " "),
	);
}

function slashes(path: string): string {
	return path.split(sep).join("/");
}

const breaches = check();
for (const breach of breaches) process.stderr.write(`${breach}\n`);
process.stdout.write(
	breaches.length ? `${breaches.length} breaches of the house's rules\n` : "The house's rules hold.\n",
);
process.exitCode = breaches.length ? 1 : 0;
