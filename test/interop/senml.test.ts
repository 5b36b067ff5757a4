import { decode as decode2 } from "cbor2";
import { decode } from "cborg";
import { Seeded } from "../../sim/seeded.js";
import { decodeSenml, resolveSenml, type SenmlRecord } from "../../tools/senml.js";
import { parseSenmlJson, senmlJson } from "../../tools/senml-json.js";
import * as assert from "../assert.js";
import { randomRecords } from "../support/records.js";
import { seedOf } from "../support/seed.js";
import { encodePack, planOf, randomQuantities } from "../support/senml.js";

const SEED = seedOf(8798);
/** RFC 8428 §6, table 4. */
const LABELS = new Map([
	[-1, "bver"],
	[-2, "bn"],
	[-3, "bt"],
	[-4, "bu"],
	[-5, "bv"],
	[-6, "bs"],
	[0, "n"],
	[1, "u"],
	[2, "v"],
	[3, "vs"],
	[4, "vb"],
	[5, "s"],
	[6, "t"],
	[7, "ut"],
	[8, "vd"],
]);

function named(pack: Map<number, unknown>[]): SenmlRecord[] {
	return pack.map((fields) => Object.fromEntries([...fields].map(([label, value]) => [LABELS.get(label), value])));
}

describe("senml interop", () => {
	it(`packs of random declarations (seed ${SEED}): cborg and cbor2 read what our decoder does, and so does JSON`, () => {
		const random = new Seeded(SEED);
		let records = 0;
		for (let run = 0; run < 200; run++) {
			const quantities = randomQuantities(random);
			const all = randomRecords(random, quantities.length, random.between(1, 30), { seconds: 1000 });
			const room = planOf(quantities).least + random.between(0, 1000);
			const { bytes } = encodePack(quantities, all, room, { epoch: all[0]!.epoch, seconds: 1e6 });
			const ours = decodeSenml(bytes);
			assert.deepEqual(named(decode(bytes, { useMaps: true, strict: true })), ours);
			assert.deepEqual(named(decode2(bytes, { rejectDuplicateKeys: true }) as Map<number, unknown>[]), ours);
			assert.deepEqual(parseSenmlJson(senmlJson(ours)), ours);
			const resolved = resolveSenml(ours, 1.7e9);
			assert.deepEqual(resolveSenml(parseSenmlJson(senmlJson(resolved))), resolved);
			records += ours.length;
		}
		assert.ok(records > 2000, `${records} records`);
	});
});
