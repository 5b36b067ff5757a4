import { utf8 } from "../../../modules/core/bytes.js";
import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { LoraRig } from "../../support/lorawan.js";

describe("lorawan client", () => {
	it("first power: joins at SF7 once the empty budget allows it, then sends", () => {
		const rig = new LoraRig(new Seeded(1), { region: eu868 });
		rig.queue = [utf8("hello"), utf8("world")];
		const outcome = rig.exchange();
		console.log(
			outcome,
			rig.air.uplinks.map((u) => [u.startMs, u.how.spreadingFactor, u.bytes.length]),
			rig.server.payloads.length,
		);
		assert.equal(outcome.end, "idle");
	});
});
