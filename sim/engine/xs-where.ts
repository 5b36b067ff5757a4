import type { FirmwareBundle } from "./engine.js";
import { Positions } from "./source-map.js";
import type { TraceLine } from "./xs-wire.js";

/** Finds the TypeScript behind lines of a bundle: XS knows lines, not columns. */
export class Where {
	readonly #lines: readonly string[];
	readonly #positions: Positions | undefined;
	readonly #name: string;

	constructor(bundle: FirmwareBundle) {
		this.#lines = bundle.code.split("\n");
		this.#name = bundle.name;
		this.#positions = bundle.map ? new Positions(bundle) : undefined;
	}

	/** @param line of the bundle, from 1 @returns `file:line` of the source, or of the bundle where the map is silent */
	at(line: number): string {
		const text = this.#lines[line - 1] ?? "";
		const indent = text.length - text.trimStart().length;
		const place = this.#positions?.original(line, indent + 1);
		return place ? place.replace(/:\d+$/, "") : `${this.#name}:${line}`;
	}

	/** One frame a line, the innermost first. Empty when nothing is known. */
	stack(trace: readonly TraceLine[]): string {
		return trace
			.filter(({ line }) => line > 0)
			.map(({ line, name }) => (name ? `${name} (${this.at(line)})` : this.at(line)))
			.join("\n");
	}
}
