import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode as decode2 } from "cbor2";
import { decode } from "cborg";
import { fromHex } from "../../modules/core/bytes.js";
import { RecordKind } from "../../modules/core/record.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import { Seeded } from "../../sim/seeded.js";
import { decodeSenml, resolveSenml, type SenmlRecord } from "../../tools/senml.js";
import { parseSenmlJson, senmlJson } from "../../tools/senml-json.js";
import { decodePack, packRecords } from "../../tools/senml-records.js";
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
	it("docs/wire.md: its worked bytes are what the encoder makes", () => {
		const text = readFileSync(join(PROJECT, "docs/wire.md"), "utf8");
		const worked = /^82 .*?(?=```)/ms.exec(text)![0].replace(/#.*$/gm, "").replace(/\s/g, "");
		const pressure = { name: "pressure", unit: "hPa", resolution: 0.1, low: 300, high: 1100 };
		const sample = { number: 300, kind: RecordKind.sample, epoch: 1, seconds: 600, wall: false, values: [10_132] };
		assert.deepEqual(encodePack([pressure], [sample], 100, { seconds: 602 }).bytes, fromHex(worked));
	});
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
			const resolved = resolveSenml(ours, 1e10); // so late that the oldest of them is after 1978
			assert.deepEqual(resolveSenml(parseSenmlJson(senmlJson(resolved))), resolved);
			const { records: told } = decodePack(bytes, quantities);
			const json = packRecords(
				parseSenmlJson(senmlJson(resolved)).map((one) => resolveSenml([one])[0]!),
				quantities,
			);
			assert.deepEqual(
				json.records.map(({ number, values }) => ({ number, values })),
				told.map(({ number, values }) => ({ number, values })),
				"and of JSON, resolved, come the same records",
			);
			records += ours.length;
		}
		assert.ok(records > 2000, `${records} records`);
	});
});
