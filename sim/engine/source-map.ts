import { SourceMap } from "node:module";
import { join, relative } from "node:path";
import { PROJECT } from "./bundle.js";
import type { FirmwareBundle } from "./engine.js";

/** Turns positions in a bundle into positions in TypeScript. */
export class Positions {
	readonly #bundle: FirmwareBundle;
	#map: SourceMap | undefined;

	constructor(bundle: FirmwareBundle) {
		this.#bundle = bundle;
	}
	/** @returns `file.ts:line:column`, relative to the project; undefined when the map does not know */
	original(line: number, column: number): string | undefined {
		this.#map ??= new SourceMap(JSON.parse(this.#bundle.map));
		const entry = this.#map.findEntry(line - 1, column - 1);
		if (!("originalSource" in entry)) return undefined;
		const file = relative(PROJECT, join(PROJECT, entry.originalSource));
		return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
	}
	/** A stack trace of V8's with the bundle's places replaced, one frame a line; frames outside the bundle are left out. */
	stack(trace: string, script: string): string {
		const lines: string[] = [];
		for (const line of trace.split("\n")) {
			const at = line.indexOf(`${script}:`);
			if (at < 0) continue;
			const [row, column] = line.slice(at + script.length + 1).split(":", 2);
			const place = this.original(Number(row), Number.parseInt(column ?? "1", 10));
			const name = /^\s*at (\S+) \(/.exec(line)?.[1];
			if (place) lines.push(name ? `${name} (${place})` : place);
		}
		return lines.join("\n");
	}
}
