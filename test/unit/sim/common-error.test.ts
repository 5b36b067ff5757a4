import { commonError } from "../../../sim/engine/common-error.js";
import * as assert from "../../assert.js";

/** What goes in, what comes out. */
const cases: readonly (readonly [string, string, string])[] = [
	[
		"functions",
		"const E = class extends Error {};\nconst f = (a) => { if (a instanceof E) throw new E(a); };",
		"const E = class extends Error {}; Error.exec = E;\nconst f = (a) => { if (a instanceof Error.exec) throw new Error.exec(a); };",
	],
	[
		"what is evaluated at once",
		"const E = class extends Error {};\nconst e = new E();",
		"const E = class extends Error {}; Error.exec = E;\nconst e = new E();",
	],
	[
		"one function that holds all",
		"var a = (() => {\n  const E = class extends Error {};\n  return () => E;\n})();",
		"var a = (() => {\n  const E = class extends Error {}; Error.exec = E;\n  return () => Error.exec;\n})();",
	],
	[
		"another name that is hidden",
		"const E = class extends Error {};\nf((E) => E);",
		"const E = class extends Error {}; Error.exec = E;\nf((E) => E);",
	],
	["another class", "const E = class extends F {};\nf(() => E);", "const E = class extends F {};\nf(() => E);"],
	["no class", "f(() => Error);", "f(() => Error);"],
];

describe("the common error", () => {
	for (const [what, before, after] of cases) it(`${what}: as expected`, () => assert.equal(commonError(before), after));
});
