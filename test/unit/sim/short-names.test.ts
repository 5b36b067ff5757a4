import { PROJECT } from "../../../sim/engine/bundle.js";
import { platformNames, shortNames } from "../../../sim/engine/short-names.js";
import * as assert from "../../assert.js";

/** What goes in, what comes out. New names come in the order of the engine's: abs, acos, acosh, add, aliases, … */
const cases: readonly (readonly [string, string, string])[] = [
	["a variable", "const one = 1;\nf(one);", "const abs = 1;\nf(abs);"],
	["a parameter and a property in short", "const f = (one) => ({ one });", "const abs = (acos) => ({ abs: acos });"],
	[
		"imports and exports",
		'import { read as r } from "x";\nexport { r as default };',
		'import { read as abs } from "x";\nexport { abs as default };',
	],
	[
		"a class in itself",
		"const A = class B { m() { return B; } };",
		"const abs = class acos { abs() { return acos; } };",
	],
	[
		"own members of two classes",
		"class A { m() { this.x = this.y; } }\nclass B { n() { this.z = 1; } }",
		"class abs { abs() { this.acos = this.y; } }\nclass acos { abs() { this.acos = 1; } }",
	],
	[
		"one name in two classes, used of this alone",
		"class A { m() { this.x = 1; } }\nclass B { m() { this.y = 1; this.x = 2; } }",
		"class abs { abs() { this.acos = 1; } }\nclass acos { abs() { this.acosh = 1; this.acos = 2; } }",
	],
	[
		"a member that others use",
		"class A { m() { this.x = 1; } }\nf(new A().m());",
		"class abs { acos() { this.abs = 1; } }\nf(new abs().acos());",
	],
	[
		"a member of two classes, used of another object in one",
		"class A { m(o) { this.x = o.x; } }\nclass B { n() { this.x = 1; } }",
		"class abs { abs(acos) { this.acos = acos.acos; } }\nclass acosh { abs() { this.acos = 1; } }",
	],
	[
		"a class and the one that extends it",
		"class A { m() { this.x = 1; } }\nclass B extends A { n() { this.y = 1; } }",
		"class abs { abs() { this.acos = 1; } }\nclass acos extends abs { acosh() { this.add = 1; } }",
	],
	["what a text names", 'class A { m() { this.x = 1; } }\nf("x");', 'class abs { abs() { this.x = 1; } }\nf("x");'],
	[
		"the language's names",
		"class A { constructor() { this.length = 1; } toString() {} }",
		"class abs { constructor() { this.length = 1; } toString() {} }",
	],
	[
		"names of others",
		"class A { push() { this.kept = 1; } }\nlist.push(2);",
		"class abs { push() { this.kept = 1; } }\nlist.push(2);",
	],
	["a key and its use", "const a = { x: 1 };\nf(a.x, b.y);", "const abs = { abs: 1 };\nf(abs.abs, b.y);"],
	["a quoted key", 'const a = { "x": 1 };\nf(a.x);', 'const abs = { "x": 1 };\nf(abs.x);'],
	[
		"destructuring",
		"class A { m() { const { x, y = 1 } = this; this.x = this.y = x; } }",
		"class abs { abs() { const { acos: acos, acosh: acosh = 1 } = this; this.acos = this.acosh = acos; } }",
	],
];

describe("short names", () => {
	for (const [what, before, after] of cases)
		it(`${what}: as expected`, () => assert.equal(shortNames(before, new Set(["kept"])), after));
	it("the platform: callbacks, options and what C asks for are known", () => {
		const names = platformNames(PROJECT);
		for (const name of ["onReadable", "address", "hz", "told", "eraseBlock", "setting", "sleepMs"])
			assert.ok(names.has(name), name);
	});
});
