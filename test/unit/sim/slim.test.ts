import { slim } from "../../../sim/engine/slim.js";
import * as assert from "../../assert.js";

/** What goes in, what comes out. */
const cases: readonly (readonly [string, string, string])[] = [
	["a number", "var A = 12;\nexport const f = () => A + 1;", "\nexport const f = () => 12 + 1;"],
	["a number below zero", "var A = -1;\nexport const f = () => 3 -A;", "\nexport const f = () => 3 -(-1);"],
	["minus zero", "var A = -0;\nexport const f = () => A;", "\nexport const f = () => 0;"],
	["an expression of numbers", "var A = 1 << 4 | (2 + 1);\nf(A);", "\nf(19);"],
	["one of another constant", "var A = 3;\nvar B = A * 2;\nf(B);", "\n\nf(6);"],
	["a number with a property", "var A = 255;\nf(A.toString(16));", "\nf((255).toString(16));"],
	["shorthand", "var A = 1;\nf({ A });", "\nf({ A: 1 });"],
	[
		"a table",
		"var T = Object.freeze({\n\t/** One. */\n\ta: 1,\n\tb: -2,\n});\nf(T.a, 0 - T.b);",
		"\n\n\n\n\nf(1, 0 - (-2));",
	],
	["a deeply frozen table", "var T = frozen({ a: 1 });\nf(T.a);", "\nf(1);"],
	["a table of constants", "var A = 7;\nvar T = Object.freeze({ a: A });\nf(T.a);", "\n\nf(7);"],
	[
		"a table that is listed",
		"var T = Object.freeze({ a: 1 });\nf(Object.values(T), T.a);",
		"const T = Object.freeze({ a: 1 });\nf(Object.values(T), T.a);",
	],
	[
		"a table read by a computed key",
		"var T = Object.freeze({ a: 1 });\nf(T[k]);",
		"const T = Object.freeze({ a: 1 });\nf(T[k]);",
	],
	[
		"a table asked for what it lacks",
		"var T = Object.freeze({ a: 1 });\nf(T.toString);",
		"const T = Object.freeze({ a: 1 });\nf(T.toString);",
	],
	[
		"a table with more than numbers",
		'var T = Object.freeze({ a: 1, b: "x" });\nf(T.a);',
		'const T = Object.freeze({ a: 1, b: "x" });\nf(T.a);',
	],
	["an object that is not frozen", "var T = { a: 1 };\nf(T.a);", "const T = { a: 1 };\nf(T.a);"],
	["a variable that changes", "var a = 1;\na = 2;\nf(a);", "var a = 1;\na = 2;\nf(a);"],
	["a variable that counts", "var a = 1;\nexport const f = () => a++;", "var a = 1;\nexport const f = () => a++;"],
	["a name that an inner one hides", "var A = 1;\nf((A) => A, () => A);", "\nf((A) => A, () => 1);"],
	[
		"a constant of an inner function",
		"f(() => { const A = 1; return () => A; });",
		"f(() => { const A = 1; return () => A; });",
	],
	["an exported constant", "var A = 1;\nf(A);\nexport { A };", "const A = 1;\nf(A);\nexport { A };"],
	["text", 'var A = "a";\nf(A);', 'const A = "a";\nf(A);'],
	["a bigint", "var A = 1n;\nf(A);", "const A = 1n;\nf(A);"],
	["a division by zero", "var A = 1 / 0;\nf(A);", "const A = 1 / 0;\nf(A);"],
	["a key of the same name", "var A = 1;\nf({ A: 2 }, b.A);", "\nf({ A: 2 }, b.A);"],
	["a function", "function f(a) {\n\treturn b(a);\n}\ng(f);", "const f = (a) => {\n\treturn b(a);\n};\ng(f);"],
	["a function with this", "function f() { return this; }", "function f() { return this; }"],
	["a function with arguments", "function f() { return arguments; }", "function f() { return arguments; }"],
	[
		"this of an inner method",
		"function f() { return { g() { return this; } }; }\ng(f);",
		"const f = () => { return { g() { return this; } }; };\ng(f);",
	],
	["a constructor", "function F() {}\nnew F();", "function F() {}\nnew F();"],
	["a generator", "function* f() {}", "function* f() {}"],
	["a function that is evaluated before its place", "var a = f();\nfunction f() {}", "const a = f();\nfunction f() {}"],
	[
		"one that a class evaluated before its place leads to",
		"class A { m() { return f(); } }\nvar a = new A().m();\nfunction f() {}",
		"class A { m() { return f(); } }\nconst a = new A().m();\nfunction f() {}",
	],
	[
		"one that an evaluated callback names",
		"var a = [1].map(() => f());\nfunction f() {}",
		"const a = [1].map(() => f());\nfunction f() {}",
	],
	[
		"one that methods before it name",
		"class A { m() { return f(); } }\nfunction f() {}\nvar a = new A();",
		"class A { m() { return f(); } }\nconst f = () => {};\nconst a = new A();",
	],
	[
		"one that its exports' getters name",
		"g({ f: () => f });\nfunction f() {}",
		"g({ f: () => f });\nconst f = () => {};",
	],
	[
		"one function that holds all",
		"var firmware = (() => {\n  var A = 1;\n  var f = () => A;\n  return { f };\n})();",
		"var firmware = (() => {\n  \n  const f = () => 1;\n  return { f };\n})();",
	],
];

describe("slim bundles", () => {
	for (const [what, code, expected] of cases)
		it(`slim: ${what}`, () => {
			const made = slim(code);
			assert.equal(made, expected);
			assert.equal(made.split("\n").length, code.split("\n").length, "lines");
			assert.equal(slim(made), made, "nothing is left to do");
		});
});
