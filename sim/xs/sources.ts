import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";

/** The npm package whose C sources of XS the host is made of. Only those files are taken, and none of its scripts run. */
export const PACKAGE = "@agoric/xsnap@0.15.0";
/** Of the package's archive, as the registry states it. */
export const INTEGRITY =
	"sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==";
const WANTED = /^package\/moddable\/(xs\/(?:includes|platforms|sources)\/[^/]+)$/;

/**
 * The folder with `xs/includes`, `xs/platforms` and `xs/sources`, fetched with the user's npm client on first use.
 * @param cache where it is kept
 */
export async function sourceFolder(
	cache: string,
	progress?: (line: string) => void,
): Promise<string | { readonly reason: string }> {
	const folder = path.join(cache, `source-${createHash("sha256").update(INTEGRITY).digest("hex").slice(0, 16)}`);
	if (fs.existsSync(folder)) return folder;
	progress?.(`fetching the sources of XS (${PACKAGE})`);
	const work = `${folder}.${process.pid}.${Date.now()}`;
	fs.mkdirSync(work, { recursive: true });
	try {
		const failure = await pack(work);
		const archive = fs.readdirSync(work).find((name) => name.endsWith(".tgz"));
		if (failure !== undefined || !archive)
			return { reason: `npm could not fetch ${PACKAGE} (${failure ?? "no archive"})` };
		const bytes = fs.readFileSync(path.join(work, archive));
		fs.rmSync(path.join(work, archive));
		const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
		if (integrity !== INTEGRITY)
			return {
				reason: `${PACKAGE} is not what it was when it was pinned (${integrity})`,
			};
		for (const [name, content] of untar(gunzipSync(bytes))) {
			const wanted = WANTED.exec(name)?.[1];
			if (!wanted) continue;
			const file = path.join(work, wanted);
			fs.mkdirSync(path.dirname(file), { recursive: true });
			fs.writeFileSync(file, content);
		}
		if (!fs.existsSync(folder)) fs.renameSync(work, folder);
		return folder;
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}

/** `npm pack` into a folder. @returns why it failed */
function pack(folder: string): Promise<string | undefined> {
	const npm = process.env.npm_execpath;
	const [command, first] = npm?.endsWith("npm-cli.js") ? [process.execPath, [npm]] : ["npm", []];
	const args = [...first, "pack", PACKAGE, "--ignore-scripts", "--pack-destination", ".", "--loglevel", "error"];
	return new Promise((resolve) => {
		const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
		let errors = "";
		child.stderr.on("data", (data) => (errors += data));
		child.on("error", (error) => resolve(error.message));
		child.on("close", (status) =>
			resolve(status === 0 ? undefined : (errors.split("\n").find((line) => line.trim() !== "") ?? `status ${status}`)),
		);
	});
}

/** The plain files of a tar archive (POSIX ustar, which npm writes). */
function* untar(bytes: Uint8Array): Generator<[string, Uint8Array]> {
	const text = (from: number, length: number) => {
		const field = Buffer.from(bytes.buffer, bytes.byteOffset + from, length);
		const end = field.indexOf(0);
		return field.toString("utf8", 0, end < 0 ? length : end);
	};
	for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
		const prefix = text(at + 345, 155);
		const name = prefix ? `${prefix}/${text(at, 100)}` : text(at, 100);
		const size = Number.parseInt(text(at + 124, 12), 8);
		const type = text(at + 156, 1);
		if (type === "0" || type === "") yield [name, bytes.subarray(at + 512, at + 512 + size)];
		at += 512 + Math.ceil(size / 512) * 512;
	}
}
