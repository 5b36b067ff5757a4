import type { FrameSchema } from "../../modules/codec/frame.js";
import { decodeFrame } from "../../modules/codec/frame-decoder.js";
import { toHex } from "../../modules/core/bytes.js";
import { RecordKind } from "../../modules/core/record.js";
import { decimals, fromScaled } from "../../modules/measure/quantity.js";
import { PublishedStream } from "./published.js";

/** What of a node's declaration its panel knows; plain data, put in when the panel is made. */
export interface PanelNode {
	readonly name: string;
	readonly quantities: readonly { readonly name: string; readonly unit: string; readonly resolution: number }[];
	readonly frame: FrameSchema;
}

/** What was sent last. */
export interface Sent {
	readonly topic: string;
	/** Bytes of the payload. */
	readonly size: number;
	readonly hex: string;
	/** What it says, where it is a compact frame. */
	readonly content: string;
	/** Payloads until now. */
	readonly count: number;
}

/** `off`: no power; `died`: the firmware ended in no deep sleep. */
export type BoardState = "off" | "awake" | "asleep" | "died";

/** What a board asks first, in JSON, as other faces than ours want it. */
const BOOT = '{"dormouse":"boot"}';
const SIGNS: Readonly<Record<string, string>> = Object.freeze({ Cel: "°C", "%RH": "%" });

/** What a panel shows of a board: from the lines that it prints, and the bytes that it sends. */
export class BoardView {
	state: BoardState = "off";
	wakes = 0;
	/** Of deep sleep, as the firmware asked for it. */
	sleepMs = 0;
	/** A pin that wakes it from this sleep; undefined where none does. */
	pin: number | undefined;
	/** The last report's fields, by name. */
	report: ReadonlyMap<string, string> = new Map();
	sent: Sent | undefined;
	/** Why it died. */
	reason = "";
	readonly #node: PanelNode;
	/** Scaled integers of the last wake that took a sample. */
	#values: readonly string[] = [];
	readonly #stream = new PublishedStream();

	constructor(node: PanelNode) {
		this.#node = node;
	}
	/** Takes what the board says. @returns "boot" when it asks how to boot, "asleep" when it fell asleep */
	take(message: string | ArrayBuffer): "boot" | "asleep" | undefined {
		if (typeof message !== "string") {
			for (const { topic, payload } of this.#stream.take(new Uint8Array(message)))
				if (topic.endsWith("/t")) this.#publish(topic, payload);
			return undefined;
		}
		if (message === BOOT) {
			this.state = "awake";
			this.wakes++;
			this.#stream.reset();
			return "boot";
		}
		if (message.startsWith("asleep ") || message === "reset") {
			const [, ms = 0, pin = -1] = message.split(" ").map(Number);
			this.state = "asleep"; // for no time where it was reset: it then boots as if the power had been lost
			this.sleepMs = ms;
			this.pin = pin < 0 ? undefined : pin;
			return "asleep";
		}
		if (message.startsWith("dormouse ")) {
			const parts = message.split(" ").slice(1);
			this.report = new Map(parts.map((part) => part.split("=") as [string, string]));
			if (this.report.get("record") !== "0") this.#values = this.report.get("values")?.split(",") ?? [];
		}
		return undefined;
	}
	/** The wake ended in another way than deep sleep. */
	died(reason: string): void {
		this.state = "died";
		this.reason = reason;
	}
	/** The last readings, in the node's order; undefined where missing. */
	readings(): (number | undefined)[] {
		const values = this.#values;
		return this.#node.quantities.map((quantity, n) => {
			const scaled = Number.parseInt(values[n] ?? "", 10);
			return Number.isNaN(scaled) ? undefined : fromScaled(scaled, quantity);
		});
	}
	/** The same as text, such as "temperature -6.03 °C". */
	readingTexts(): string[] {
		return this.readings().map((value, n) => {
			const { name, unit, resolution } = this.#node.quantities[n]!;
			return `${name} ${value === undefined ? "–" : `${value.toFixed(decimals(resolution))} ${SIGNS[unit] ?? unit}`}`;
		});
	}
	/** Time since the epoch's start at the last report, such as "1 d 02:10:00". */
	get time(): string {
		return clock(Number(this.report.get("t") ?? 0));
	}

	#publish(topic: string, payload: Uint8Array) {
		const count = (this.sent?.count ?? 0) + 1;
		this.sent = { topic, size: payload.length, hex: toHex(payload), content: this.#contentOf(payload), count };
	}
	#contentOf(payload: Uint8Array): string {
		try {
			const { records } = decodeFrame(payload, this.#node.frame);
			const samples = records.filter(({ kind }) => kind === RecordKind.sample).length;
			const own = records.length - samples;
			return `${samples} samples${own > 0 ? `, ${own} about itself` : ""}; records ${records[0]!.number} to ${records.at(-1)!.number}`;
		} catch {
			return "not a compact frame";
		}
	}
}

/** Seconds as hours, minutes and seconds, and days where there are any. */
export function clock(seconds: number): string {
	const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
	const days = Math.floor(seconds / 86_400);
	const time = `${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
	return days > 0 ? `${days} d ${time}` : time;
}
