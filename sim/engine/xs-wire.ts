import type { RamProfile } from "../xs/profiles.js";
import type { Fault, Figures, Use } from "./engine.js";

/** Message types; the same as in sim/xs/dormouse.h. */
export const Message = Object.freeze({
	load: 0x4c,
	boot: 0x42,
	event: 0x45,
	reply: 0x52,
	live: 0x47,
	drop: 0x44,
	call: 0x3f,
	loaded: 0x6c,
	refused: 0x78,
	idle: 0x69,
	ended: 0x65,
	fault: 0x66,
});

const FIRST_REASON = 2; // REASON_EXCEPTION in sim/xs/dormouse.h
const REASONS: readonly Fault["reason"][] = ["exception", "memory", "stack", "endless", "flash-write", "host"];

/** Flash that firmware takes, as the SDK's linker would fill it; see sim/xs/meter.c. */
export interface FlashTotals {
	/** Bytes of the functions that are still referred to once all modules were evaluated. */
	readonly bytecode: number;
	/** Preloaded slots, and bytes of texts, lists and buffers, of firmware and XS's built-ins together. */
	readonly slots: number;
	readonly chunks: number;
	readonly keys: number;
	/** Objects and variables that were left writable. */
	readonly aliases: number;
	readonly slotSize: number;
}

/** Body of a boot. */
export function bootBody(wake: number, ram: RamProfile, meterLimit: number, measure: boolean): Uint8Array {
	const body = new DataView(new ArrayBuffer(36));
	const { chunks, chunksGrow, slots, slotsGrow, stack, linear } = ram;
	const values = [wake, chunks, chunksGrow, slots, slotsGrow, stack, linear, meterLimit, measure ? 1 : 0];
	for (const [index, value] of values.entries()) body.setUint32(4 * index, value, true);
	return new Uint8Array(body.buffer);
}

/** Head of an event's body; its bytes follow. */
export function eventHead(wake: number, handle: number, kind: number): Uint8Array {
	const head = new DataView(new ArrayBuffer(7));
	head.setUint32(0, wake, true);
	head.setUint16(4, handle, true);
	head.setUint8(6, kind);
	return new Uint8Array(head.buffer);
}

/** Body that names a wake. */
export function wakeBody(wake: number): Uint8Array {
	return Uint8Array.of(wake, wake >>> 8, wake >>> 16, wake >>> 24);
}

/** Where a trace stands: lines of the bundle, the innermost first. */
export interface TraceLine {
	readonly line: number;
	readonly name: string;
}

/** What the host says when a wake pauses or ends. */
export interface Report {
	readonly figures: Figures;
	readonly fault?: { readonly reason: Fault["reason"]; readonly message: string; readonly trace: readonly TraceLine[] };
}

const FIGURES = 14;

/** Reads the body of `idle`, `ended` or `fault`. */
export function readReport(type: number, body: Buffer): Report {
	const word = (index: number) => body.readUInt32LE(4 * index);
	const use = (index: number): Use => ({ live: word(index), peak: word(index + 1), capacity: word(index + 2) });
	let at = body.indexOf(0, 4 * FIGURES);
	const moduleWrites = lines(body.toString("utf8", 4 * FIGURES, at));
	const figures: Figures = {
		slots: use(0),
		chunks: use(3),
		stack: use(6),
		keys: word(9),
		hostCalls: word(10),
		computrons: word(11) + word(12) * 2 ** 32,
		slotSize: word(13),
		moduleWrites,
	};
	if (type !== Message.fault) return { figures };
	const reason = REASONS[body[++at]! - FIRST_REASON] ?? "host";
	const [message = "", trace = ""] = body.toString("utf8", at + 1).split("\0");
	return { figures, fault: { reason, message, trace: readTrace(trace) } };
}

/** Reads "line name" lines. */
export function readTrace(text: string): TraceLine[] {
	return lines(text).map((entry) => {
		const space = entry.indexOf(" ");
		return { line: Number(entry.slice(0, space)), name: entry.slice(space + 1) };
	});
}

/** Reads the body of `loaded`. */
export function readLoaded(body: Buffer): {
	readonly flash: FlashTotals;
	readonly warnings: readonly string[];
	/** Names of the variables that functions in flash still refer to. */
	readonly variables: ReadonlySet<string>;
} {
	const [warnings = "", variables = ""] = body.toString("utf8", 24).split("\0");
	const [bytecode, slots, chunks, keys, aliases, slotSize] = [0, 4, 8, 12, 16, 20].map((at) => body.readUInt32LE(at));
	return {
		flash: { bytecode: bytecode!, slots: slots!, chunks: chunks!, keys: keys!, aliases: aliases!, slotSize: slotSize! },
		warnings: lines(warnings).map((name) => `${name}: not frozen`),
		variables: new Set(lines(variables)),
	};
}

/** Reads the body of `refused`. */
export function readRefused(body: Buffer): {
	readonly parses: boolean;
	readonly line: number;
	readonly code: string;
	readonly message: string;
	readonly trace: readonly TraceLine[];
} {
	const [code = "", message = "", trace = ""] = body.toString("utf8", 5).split("\0");
	return { parses: body[0] !== 1, line: body.readUInt32LE(1), code, message, trace: readTrace(trace) };
}

function lines(text: string): string[] {
	return text.split("\n").filter((line) => line !== "");
}
