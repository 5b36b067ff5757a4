import { stamp } from "../wording.js";
import type { Output } from "./command.js";
import type { Fleet, FleetEvent } from "./fleet.js";
import { eventLine } from "./lines.js";
import { table } from "./table.js";

/** What a screen needs of a terminal. */
export interface Terminal {
	write(text: string): unknown;
	readonly columns?: number;
	readonly rows?: number;
}

/** Lines below the table: what came last. */
const NEWS = 5;
/** Between two drawings, so that what is due counts down. */
const EVERY_MS = 1000;

/** The fleet as a table that stays in its place on a terminal, with the last messages below. */
export class Screen implements Output {
	readonly #fleet: Fleet;
	readonly #terminal: Terminal;
	readonly #timer: NodeJS.Timeout;
	readonly #news: string[] = [];
	#state = "connecting";
	/** Lines drawn, above the cursor. */
	#height = 0;

	constructor(fleet: Fleet, terminal: Terminal) {
		this.#fleet = fleet;
		this.#terminal = terminal;
		this.#timer = setInterval(() => this.draw(), EVERY_MS);
	}
	event(event: FleetEvent): void {
		this.#tell(eventLine(event));
	}
	connection(isUp: boolean, text: string): void {
		this.#state = isUp ? `listening at ${text}` : text;
		this.#tell(`${stamp(Date.now())}  ${this.#state}`);
	}
	end(): void {
		clearInterval(this.#timer);
		this.draw();
	}
	/** Draws it anew, over what was drawn before; rows that do not fit are counted. */
	draw(nowMs = Date.now()): void {
		const { columns = 80, rows = 24 } = this.#terminal;
		const all = table(this.#fleet, nowMs);
		const room = Math.max(2, rows - this.#news.length - 4);
		const shown = all.slice(0, room);
		const hidden = all.length - shown.length;
		const lines = [
			`${stamp(nowMs)}  ${this.#state}`,
			"",
			...shown,
			...(hidden > 0 ? [`… and ${hidden} more`] : []),
			...this.#news.slice(0, Math.max(0, rows - shown.length - 4)),
		];
		const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
		// To the line's start, its text, the rest of it cleared; at last what is below.
		const text = lines.map((line) => `\r${[...line].slice(0, columns - 1).join("")}\x1b[K\n`).join("");
		this.#terminal.write(`${up}${text}\x1b[J`);
		this.#height = lines.length;
	}

	#tell(line: string) {
		this.#news.unshift(line);
		this.#news.length = Math.min(this.#news.length, NEWS);
		this.draw();
	}
}
