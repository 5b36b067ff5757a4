import { sharedLocals } from "../../../sim/engine/shared-locals.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { seedOf } from "../../support/seed.js";

/** What goes in, what comes out, each in a function of a and b. */
const cases: readonly (readonly [string, string, string])[] = [
	["a parameter that is done with", "const c = f(a); return c + b;", "a = f(a); return a + b;"],
	[
		"a constant that is done with",
		"const c = f(a, b); const d = g(a, b, c); h(a, b, d);",
		"let c = f(a, b); c = g(a, b, c); h(a, b, c);",
	],
	["one that is needed yet", "const c = f(a, b); return a + b + c;", "const c = f(a, b); return a + b + c;"],
	[
		"in a block around",
		"const c = f(a, b); if (c) { const d = g(a, b); h(a, b, d); }",
		"let c = f(a, b); if (c) { c = g(a, b); h(a, b, c); }",
	],
	[
		"in a block that was left",
		"if (a) { const c = f(a, b); g(c); } const d = h(a, b); return a + b + d;",
		"if (a) { const c = f(a, b); g(c); } const d = h(a, b); return a + b + d;",
	],
	["a shorthand", "const c = f(a); return { c, b };", "a = f(a); return { c: a, b };"],
	["what a function in it sees", "const c = f(a); return () => c + b;", "const c = f(a); return () => c + b;"],
	[
		"a parameter that a function in it sees",
		"f(() => a); const c = g(b); return c;",
		"f(() => a); b = g(b); return b;",
	],
	[
		"a loop that comes round",
		"for (;;) { f(a); const c = g(b); h(b, c); }",
		"for (;;) { f(a); const c = g(b); h(b, c); }",
	],
	[
		"a variable of the loop's body",
		"for (;;) { const c = f(a, b); const d = g(a, b, c); h(d); }",
		"for (;;) { let c = f(a, b); c = g(a, b, c); h(c); }",
	],
	[
		"a variable of the loop's head",
		"for (let c = 0; c < a; c++) { f(a, b, c); const d = g(a, b); h(d); }",
		"for (let c = 0; c < a; c++) { f(a, b, c); const d = g(a, b); h(d); }",
	],
	["a loop's head", "f(a); for (let c = 0; c < b; c++) g(c);", "f(a); for (a = 0; a < b; a++) g(a);"],
	["a loop over a list", "for (const c of f(a)) g(b, c);", "for (a of f(a)) g(b, a);"],
	[
		"a name that is hidden",
		"f(a); const c = g(b); { const a = b; h(a, b, c); }",
		"f(a); const c = g(b); { const a = b; h(a, b, c); }",
	],
	[
		"a case",
		"switch (a) { case 1: const c = b; f(c); break; case 2: const d = b; g(a, b, d); }",
		"switch (a) { case 1: const c = b; f(c); break; case 2: const d = b; g(a, b, d); }",
	],
	["a variable without a value", "f(a); let c; if (b) c = 1; return c;", "f(a); let c; if (b) c = 1; return c;"],
];

describe("shared locals", () => {
	for (const [what, before, after] of cases)
		it(`${what}: as expected`, () => assert.equal(sharedLocals(`(a, b) => { ${before} };`), `(a, b) => { ${after} };`));

	it("a function that is called at once: left alone", () => {
		const code = "var firmware = (() => { const a = f(); const b = g(a); return b; })();";
		assert.equal(sharedLocals(code), code);
	});
	const seed = seedOf(61);
	it(`random functions (seed ${seed}): the same result, and many share`, () => {
		const random = new Seeded(seed);
		let shared = 0;
		for (let n = 0; n < 120; n++) {
			const body = new Program(random).text;
			const code = `(a, b) => { ${body} };`;
			const other = sharedLocals(code);
			if (other !== code) shared++;
			const [one, two] = [code, other].map(
				(text) => new Function(`return ${text}`)() as (a: number, b: number) => unknown,
			);
			for (const [a, b] of [
				[0, 1],
				[3, 2],
				[-1, 7],
			] as const)
				assert.deepEqual(two!(a, b), one!(a, b), `${code}\n${other}`);
		}
		assert.ok(shared > 60, `${shared} of 120`);
	});
});

/** Statements at random over numbers; every loop ends. */
class Program {
	readonly text: string;
	readonly #random: Seeded;
	#names = 0;

	constructor(random: Seeded) {
		this.#random = random;
		const known = ["a", "b"];
		this.text = `let log = []; ${this.#block(known, [], 3, 8)} return log;`;
	}

	/** @param fixed what must not be written: counters of loops, and constants */
	#block(around: readonly string[], fixed: readonly string[], depth: number, length: number): string {
		const known = [...around];
		const constant = [...fixed];
		const statements: string[] = [];
		for (let n = this.#random.between(0, length - 1) + 1; n > 0; n--) {
			const pick = this.#random.between(0, depth > 0 ? 9 : 5 - 1);
			const name = `v${this.#names++}`;
			const inner = () => `{ ${this.#block(known, constant, depth - 1, 4)} }`;
			if (pick < 3) {
				const isConstant = this.#random.between(0, 2 - 1) === 0;
				statements.push(`${isConstant ? "const" : "let"} ${name} = ${this.#expression(known)};`);
				known.push(name);
				if (isConstant) constant.push(name);
			} else if (pick === 3) statements.push(`log.push(${this.#expression(known)});`);
			else if (pick === 4) {
				const free = known.filter((each) => !constant.includes(each));
				const target = free[this.#random.between(0, free.length - 1)];
				if (target) statements.push(`${target} = ${this.#expression(known)};`);
			} else if (pick === 5) statements.push(`if (${this.#expression(known)} > 0) ${inner()} else ${inner()}`);
			else if (pick === 6) {
				const block = this.#block([...known, name], [...constant, name], depth - 1, 4);
				statements.push(`for (let ${name} = 0; ${name} < 3; ${name}++) { ${block} }`);
			} else if (pick === 7) {
				const block = this.#block([...known, name], [...constant, name], depth - 1, 4);
				statements.push(`for (const ${name} of [${this.#expression(known)}, 2]) { ${block} }`);
			} else {
				const block = this.#block(known, [...constant, name], depth - 1, 4);
				statements.push(`let ${name} = 2; while (${name}-- > 0) { ${block} }`);
			}
		}
		return statements.join(" ");
	}

	#expression(known: readonly string[]): string {
		const term = () =>
			this.#random.between(0, 3 - 1) === 0
				? `${this.#random.between(0, 9 - 1)}`
				: known[this.#random.between(0, known.length - 1)]!;
		return `((${term()} ${["+", "-", "^"][this.#random.between(0, 3 - 1)]} ${term()}) | 0)`;
	}
}
