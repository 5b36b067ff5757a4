/**
 * A mocha that is small enough for XS. Suites register their tests while modules are evaluated, so they and their tables
 * lie in flash, frozen; each test then runs in a wake of its own, which the host names by number.
 */
import type { EngineSlot } from "../../sim/engine/engine.js";
import { Ask } from "./runner-calls.js";

declare const dormouseEngine: EngineSlot;

type Body = (this: Context) => unknown;
interface Suite {
	readonly title: string;
	readonly parent: Suite | undefined;
	readonly beforeEach: Body[];
	readonly afterEach: Body[];
}
interface Test {
	readonly title: string;
	readonly suite: Suite;
	readonly body: Body;
}
/** What `this` is inside a test. */
interface Context {
	timeout(ms: number): Context;
	slow(ms: number): Context;
}

const context: Context = { timeout: () => context, slow: () => context };
const tests: Test[] = [];
const opened: Suite[] = [{ title: "", parent: undefined, beforeEach: [], afterEach: [] }];
const current = () => opened[opened.length - 1]!;

const globals = globalThis as unknown as Record<string, unknown>;
globals.describe = (title: string, body: () => void) => {
	opened.push({ title, parent: current(), beforeEach: [], afterEach: [] });
	body();
	opened.pop();
};
globals.it = (title: string, body: Body) => {
	tests.push({ title, suite: current(), body });
};
globals.before = globals.beforeEach = (body: Body) => current().beforeEach.push(body); // a test has its own wake
globals.after = globals.afterEach = (body: Body) => current().afterEach.push(body);

/** Runs the test that the host names. */
export function wake(): void {
	send(Ask.count, `${tests.length}`);
	const reply = send(Ask.which, "");
	const test = tests[reply[0]! * 256 + reply[1]!]!;
	send(Ask.title, `${path(test.suite)}${test.title}`);
	try {
		const outcome = run(test) as Promise<unknown> | undefined;
		if (typeof outcome?.then === "function") outcome.then(passed, failed);
		else passed();
	} catch (error) {
		failed(error);
	}
}

function run(test: Test): unknown {
	for (const suite of chain(test.suite).reverse()) for (const body of suite.beforeEach) body.call(context);
	const outcome = test.body.call(context);
	for (const suite of chain(test.suite)) for (const body of suite.afterEach) body.call(context);
	return outcome;
}

function chain(suite: Suite | undefined): Suite[] {
	return suite ? [suite, ...chain(suite.parent)] : [];
}

function path(suite: Suite): string {
	return suite.parent ? `${path(suite.parent)}${suite.title} › ` : "";
}

function passed(): void {
	send(Ask.passed, "");
}

function failed(error: unknown): void {
	send(Ask.failed, `${error}\n${(error as Error)?.stack ?? ""}`);
}

function send(ask: number, text: string): Uint8Array {
	const bytes = [ask];
	for (const character of text) {
		const code = character.codePointAt(0)!;
		if (code < 0x80) bytes.push(code);
		else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
		else if (code < 0x1_0000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
		else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
		if (bytes.length > 4000) break;
	}
	return dormouseEngine.call(Uint8Array.from(bytes), bytes.length);
}
