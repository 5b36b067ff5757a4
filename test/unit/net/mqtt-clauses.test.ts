import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../../../sim/engine/bundle.js";
import * as assert from "../../assert.js";

/** Sections without a normative statement for a client of this kind: other tests are theirs. */
const WITHOUT = Object.freeze(["2.4", "3.12, 3.13", "5"]);

/** Sections of a column such as "1.5.5", "3.3.1.2, 3.5 … 3.7": their numbers. */
function sections(column: string): string[] {
	return column.match(/\d+(?:\.\d+)*/g) ?? [];
}

describe("mqtt conformance table", () => {
	const table = readFileSync(join(PROJECT, "docs/mqtt.md"), "utf8")
		.split("## Conformance")[1]!
		.split("\n")
		.filter((line) => /^\| *\d/.test(line))
		.map((line) => line.split("|").map((cell) => cell.trim()))
		.map(([, clause, what, verdict]) => ({ clause: clause!, what: what!, verdict: verdict! }));
	const titles = readFileSync(join(PROJECT, "test/unit/net/mqtt-conformance.test.ts"), "utf8");
	const tested = new Set([...titles.matchAll(/MQTT-(\d+\.\d+\.\d+)-\d+/g)].map(([, section]) => section!));

	it("mqtt conformance table: each row has a verdict", () => {
		assert.ok(table.length > 30, `${table.length} rows`);
		for (const { clause, verdict } of table)
			assert.ok(["yes", "refused", "n/a"].includes(verdict), `${clause}: ${verdict}`);
	});

	it("mqtt conformance table: what is implemented or refused has a test whose title names a clause of it", () => {
		for (const { clause, what, verdict } of table) {
			// the part in brackets is of 3.1.1
			const five = clause.replace(/\(.*\)/, "").trim();
			if (verdict === "n/a" || WITHOUT.includes(five)) continue;
			const isTested = sections(five).some((section) =>
				[...tested].some((one) => `${one}.`.startsWith(`${section.split(".").slice(0, 3).join(".")}.`)),
			);
			assert.ok(isTested, `${clause} (${what}) is said to be implemented, and no title names a clause of it`);
		}
	});
});
