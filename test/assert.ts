import type { ErrorCode } from "../modules/core/errors.js";

/**
 * Assertions for tests, the same on Node and XS; nothing here needs more than the language.
 */
export class AssertionError extends Error {
	constructor(message?: string) {
		super(message);
		Object.defineProperty(this, "name", { value: "AssertionError" }); // assignment throws under preload
	}
}

/** Fails unless `value` is truthy. */
export function ok(value: unknown, message = "expected a truthy value"): asserts value {
	if (!value) throw new AssertionError(message);
}

/** Fails, always. */
export function fail(message: string): never {
	throw new AssertionError(message);
}

/** Fails unless both are the same value (`Object.is`, but 0 equals −0, which a device does not have). */
export function equal<T>(actual: T, expected: T, message = ""): void {
	if (!same(actual, expected)) fail(`${message}${message && ": "}${show(actual)} is not ${show(expected)}`);
}

/** Fails if both are the same value. */
export function notEqual<T>(actual: T, expected: T, message = ""): void {
	if (same(actual, expected)) fail(`${message}${message && ": "}${show(actual)} should differ`);
}

/** Fails unless numbers differ by no more than `tolerance`. */
export function near(actual: number, expected: number, tolerance: number, message = ""): void {
	if (!(Math.abs(actual - expected) <= tolerance))
		fail(`${message}${message && ": "}${actual} is not within ${tolerance} of ${expected}`);
}

/** Fails unless both have the same structure: arrays, typed arrays, Maps, plain objects and primitives. */
export function deepEqual(actual: unknown, expected: unknown, message = ""): void {
	const where = difference(actual, expected, "");
	if (where !== undefined)
		fail(`${message}${message && ": "}differs at ${where || "top"}: ${show(actual)} is not ${show(expected)}`);
}

/** Fails unless `run` throws; with `expected`, unless the error has that code, and a message that holds that text. */
export function throws(run: () => unknown, expected: { code?: ErrorCode; message?: string } = {}): void {
	let thrown: unknown;
	let threw = false;
	try {
		run();
	} catch (error) {
		thrown = error;
		threw = true;
	}
	if (!threw) fail("nothing was thrown");
	const { code, message } = thrown as { code?: unknown; message?: unknown };
	if (expected.code !== undefined && code !== expected.code)
		fail(`threw ${show(code ?? thrown)} (${String(message)}), not ${expected.code}`);
	if (expected.message !== undefined && !String(message).includes(expected.message))
		fail(`threw "${String(message)}", which does not say "${expected.message}"`);
}

function same(a: unknown, b: unknown): boolean {
	return a === b || (typeof a === "number" && typeof b === "number" && Number.isNaN(a) && Number.isNaN(b));
}

function difference(a: unknown, b: unknown, path: string): string | undefined {
	if (same(a, b)) return undefined;
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return path || ".";
	if (Array.isArray(a) !== Array.isArray(b) || ArrayBuffer.isView(a) !== ArrayBuffer.isView(b)) return path || ".";
	if (a instanceof Map && b instanceof Map) return difference([...a], [...b], `${path}(entries)`);
	const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
	for (const key of keys) {
		const x = (a as Record<string, unknown>)[key];
		const y = (b as Record<string, unknown>)[key];
		if (!(key in a) || !(key in b)) return `${path}.${key}`;
		const found = difference(x, y, `${path}.${key}`);
		if (found !== undefined) return found;
	}
	return undefined;
}

function show(value: unknown): string {
	if (typeof value === "bigint") return `${value}n`;
	if (ArrayBuffer.isView(value)) return `[${Array.from(value as Uint8Array).join(", ")}]`;
	if (typeof value === "object" && value !== null) {
		const text = JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
		return text.length > 400 ? `${text.slice(0, 400)}…` : text;
	}
	return typeof value === "string" ? JSON.stringify(value) : String(value);
}
