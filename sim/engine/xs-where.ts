import { SourceMap } from "node:module";
import type { FirmwareBundle } from "./engine.js";
import type { TraceLine } from "./xs-wire.js";

/** Finds the TypeScript behind lines of a bundle. */
export class Positions {
	readonly #lines: readonly string[];
	readonly #map: SourceMap | undefined;
	readonly #name: string;

	constructor(bundle: FirmwareBundle) {
		this.#lines = bundle.code.split("\n");
		this.#name = bundle.name;
		this.#map = parse(bundle.map);
	}

	/** @param line of the bundle, from 1 @returns `file:line` of the source, or of the bundle where the map is silent */
	at(line: number): string {
		const text = this.#lines[line - 1] ?? "";
		const indent = text.length - text.trimStart().length;
		const entry = this.#map?.findEntry(line - 1, indent);
		if (entry && "originalSource" in entry && entry.originalSource && entry.generatedLine === line - 1)
			return `${plain(entry.originalSource)}:${entry.originalLine + 1}`;
		return `${this.#name}:${line}`;
	}

	/** A position and, below it, who called; a recursion is told once. Empty when nothing is known. */
	describe(trace: readonly TraceLine[]): string {
		const frames = trace
			.filter(({ line }) => line > 0)
			.map(({ line, name }) => `${this.at(line)}${name ? ` in ${name}` : ""}`);
		return frames.filter((frame, depth) => frame !== frames[depth - 1]).join("\n    from ");
	}
}

function parse(map: string): SourceMap | undefined {
	try {
		return map ? new SourceMap(JSON.parse(map)) : undefined;
	} catch {
		return undefined; // positions are a help, never a reason to fail
	}
}

/** Sources are written relative to the bundle; the leading dots say nothing to a reader. */
function plain(source: string): string {
	return source.replace(/^(?:\.\.?\/)+/, "");
}
