import { parseOptions } from "../../../tools/simulate/options.js";
import * as assert from "../../assert.js";

describe("dormouse simulate, options", () => {
	it("--drift: a negative number, in a word of its own or behind =, is its value", () => {
		assert.equal(parseOptions(["--drift", "-200", "--seed", "7"]).drift, -200);
		assert.equal(parseOptions(["--seed", "7", "--drift=-200"]).drift, -200);
		assert.equal(parseOptions(["--drift", "200", "--seed", "7"]).drift, 200);
		assert.equal(parseOptions(["--drift", "200", "--seed", "7"]).seed, 7);
	});
	it("--drift: without its value, or no number, is told", () => {
		assert.throws(() => parseOptions(["--drift"]), { code: "declaration", message: "--drift: its value is missing" });
		assert.throws(() => parseOptions(["--drift", "--json"]), { code: "declaration", message: "its value is missing" });
		assert.throws(() => parseOptions(["--drift", "fast"]), { code: "declaration", message: "--drift fast" });
	});
});
