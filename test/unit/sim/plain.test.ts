// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is code with templates
import { plain } from "../../../sim/engine/plain.js";
import * as assert from "../../assert.js";

/** What goes in, what comes out. */
const cases: readonly (readonly [string, string, string])[] = [
	["taking this apart", "{ const { a, b: c } = this; }", "{ const a = this.a; const c = this.b; }"],
	["taking a variable apart", "let { a } = b;", "let a = b.a;"],
	["over lines", "const {\n\ta,\n\tb,\n} = c;\nf(a);", "const a = c.a; const b = c.b;\n\n\n\nf(a);"],
	["a default", "const { a = 1 } = b;", "const { a = 1 } = b;"],
	["the rest", "const { a, ...b } = c;", "const { a, ...b } = c;"],
	["a call, which runs once", "const { a, b } = f();", "const { a, b } = f();"],
	["a name of its own", "const { a: { b } } = c;", "const { a: { b } } = c;"],
	["a variable that is taken itself", "let b; { const { b: c } = b; }", "let b; { const c = b.b; }"],
	["a loop's head", "for (const { a } = b; ; ) f(a);", "for (const { a } = b; ; ) f(a);"],
	["a template", "f(`a${b}c`);", 'f("a" + b + "c");'],
	["a template that begins with a value", "f(`${a} of ${b}`);", 'f(a + " of " + b);'],
	["a template of two values", "f(`${a}${b}`);", 'f("" + a + b);'],
	["a template of one value", "f(`${a}`);", 'f("" + a);'],
	["a template without values", "f(`a`);", 'f("a");'],
	["a template of sums", "f(`${a + 1}:${b ? 1 : 2}`);", 'f((a + 1) + ":" + (b ? 1 : 2));'],
	["a template's length", "f(`${a}b`.length);", 'f((a + "b").length);'],
	["a template in a template", "f(`a${`${b}c`}`);", 'f("a" + ((b + "c")));'],
	["a template over lines", "f(`a\n${b}`);", 'f("a\\n" + b\n);'],
	["a tagged template", "f`a${b}`;", "f`a${b}`;"],
];

describe("plain words", () => {
	for (const [what, before, after] of cases) it(`${what}: as expected`, () => assert.equal(plain(before), after));
});
