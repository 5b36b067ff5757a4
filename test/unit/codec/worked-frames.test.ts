import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeFrame } from "../../../modules/codec/frame-decoder.js";
import { fromHex, toHex } from "../../../modules/core/bytes.js";
import { PROJECT } from "../../../sim/engine/bundle.js";
import * as assert from "../../assert.js";
import { baseOf, decodedOf, encodeFrame, WEATHER_SCHEMA } from "../../support/frame-bytes.js";
import { decisionsOf, WORKED_FRAMES, WORKED_TIME } from "../../support/worked-frames.js";

const document = readFileSync(join(PROJECT, "docs/wire.md"), "utf8");
/** The document's code blocks, without the spaces that group bytes. */
const blocks = [...document.matchAll(/```\n([^`]*)\n```/g)].map(([, text]) => text!);

describe("worked bytes of docs/wire.md", () => {
	for (const { name, records, room, hex } of WORKED_FRAMES)
		it(`${name}: encoded, decoded, and in the document`, () => {
			assert.equal(toHex(encodeFrame(records, WEATHER_SCHEMA, room, WORKED_TIME).bytes), hex);
			const frame = decodeFrame(fromHex(hex), WEATHER_SCHEMA);
			if (!frame.short) assert.deepEqual(frame.records, decodedOf(records, baseOf(records, WORKED_TIME), WORKED_TIME));
			assert.ok(
				blocks.some((block) => block.replaceAll(" ", "") === hex),
				`${hex} is not in the document`,
			);
		});
	for (const { name, records } of WORKED_FRAMES.filter(({ room }) => room > 11))
		it(`${name}: its decisions are in the document`, () => {
			assert.ok(blocks.includes(decisionsOf(records).join("\n")), decisionsOf(records).join("\n"));
		});
	it("the short form: its bits are in the document", () => {
		const content = WORKED_FRAMES[2]!.hex.slice(2);
		const bits = [...fromHex(content)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
		assert.ok(
			blocks.some((block) => block.replaceAll(" ", "") === bits),
			bits,
		);
	});
	it("the schema's id and the table of odds: those of the code", () => {
		assert.ok(document.includes(`0x${WEATHER_SCHEMA.schema.toString(16)}`));
		const model = readFileSync(join(PROJECT, "modules/codec/frame-model.ts"), "utf8");
		const table = /PASSES: readonly number\[\] = Object\.freeze\(\[([^\]]*)\]\)/
			.exec(model)![1]!
			.trim()
			.replace(/,$/, "");
		assert.ok(document.includes(`\`PASSES\` = ${table.replaceAll(/\s+/g, " ")}.`), table);
	});
});
