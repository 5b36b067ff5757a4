import * as assert from "../assert.js";
import { storeRam } from "./store-ram.js";
import { needsXs } from "./support.js";

/** Bytes beyond one page that the log and its queue may take: the budget of the design. */
const BUDGET = 1536;
/** What they take today, and a few slots: this only falls. */
const RETAINED_CEILING = 580;
const RESUMED_CEILING = 1400;
const OPENED_CEILING = 2150;

describe("xs: RAM of the store", function () {
	this.timeout(60_000);
	const host = needsXs();
	it("a wake after deep sleep: log and queue within their budget, flash touched or not", async function () {
		if (!host().representative) {
			console.log("      skipped: XS has 64 bits here");
			this.skip();
		}
		const { retained, resumed, opened } = await storeRam(host());
		console.log(`      ${retained} bytes, ${resumed} where flash was touched, ${opened} after a power loss`);
		assert.ok(RESUMED_CEILING <= BUDGET);
		assert.ok(retained <= RETAINED_CEILING, `${retained} bytes with flash left alone`);
		assert.ok(resumed <= RESUMED_CEILING, `${resumed} bytes with flash as it was`);
		assert.ok(opened <= OPENED_CEILING, `${opened} bytes after a power loss`);
	});
});
