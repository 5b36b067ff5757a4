import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "acorn";
import { generate, type IPublishPacket } from "mqtt-packet";
import { fromHex } from "../../../modules/core/bytes.js";
import { BoardView, clock } from "../../../sim/panel/board-view.js";
import { PublishedStream } from "../../../sim/panel/published.js";
import { writePanel } from "../../../tools/device/panel.js";
import { simulatorCommand } from "../../../tools/device/simulator.js";
import { loadNode } from "../../../tools/node-file.js";
import * as assert from "../../assert.js";
import { WORKED_FRAMES } from "../../support/worked-frames.js";

const BOOT = '{"dormouse":"boot"}';
const TOPIC = "dormouse/02646f726d01/t";
const FRAME = fromHex(WORKED_FRAMES[1]!.hex);
const REPORT =
	"dormouse wake=timer reset=deep-sleep start=warm epoch=1 t=93600 record=3 values=-615,null,10000,412 missing=0,1,0,0 " +
	"queued=3 oldest=1 frames=0 bytes=0 acknowledged=0 dropped=0 unsaved=0 problem=none failures=0 sleepMs=599988 awakeMs=12";

/** CONNECT, a PUBLISH, and others around it, as a client sends them. */
function sending(version: 4 | 5, qos: 0 | 1, payload: Uint8Array = FRAME): Uint8Array {
	const publish: IPublishPacket = {
		cmd: "publish",
		topic: TOPIC,
		payload: Buffer.from(payload),
		qos,
		dup: false,
		retain: false,
		...(qos ? { messageId: 7 } : {}),
		...(version === 5 ? { properties: { contentType: "application/cbor" } } : {}),
	};
	const connect = { cmd: "connect", protocolId: "MQTT", protocolVersion: version, clientId: "a", clean: true } as const;
	const options = { protocolVersion: version };
	return Buffer.concat([
		generate(connect),
		generate({ cmd: "pingreq" }, options),
		generate(publish, options),
		generate({ cmd: "disconnect" }, options),
	]);
}

describe("panel: what is published", () => {
	for (const version of [4, 5] as const)
		for (const qos of [0, 1] as const)
			it(`MQTT ${version}, QoS ${qos}: cut into two pieces anywhere, the message is found once`, () => {
				const bytes = sending(version, qos);
				for (let cut = 0; cut <= bytes.length; cut++) {
					const stream = new PublishedStream();
					const found = [...stream.take(bytes.subarray(0, cut)), ...stream.take(bytes.subarray(cut))];
					assert.equal(found.length, 1, `cut after ${cut}`);
					assert.equal(found[0]!.topic, TOPIC);
					assert.deepEqual([...found[0]!.payload], [...FRAME]);
				}
			});
	it("a payload of 200 bytes: its length takes two bytes, and it is found whole", () => {
		const [found] = new PublishedStream().take(sending(5, 1, new Uint8Array(200).fill(3)));
		assert.equal(found!.payload.length, 200);
	});
	it("a connection that ended in the middle: the next one begins anew", () => {
		const stream = new PublishedStream();
		stream.take(sending(5, 1).subarray(0, 40));
		stream.reset();
		assert.equal(stream.take(sending(4, 0)).length, 1);
	});
});

describe("panel: the board", function () {
	this.timeout(20_000);
	let view: BoardView;
	before(async () => {
		view = new BoardView(await loadNode("nodes/weather.ts"));
	});

	it("from power to sleep: asks how to boot, reports, and sleeps as long as it says", () => {
		assert.equal(view.state, "off");
		assert.equal(view.take(BOOT), "boot");
		assert.equal(view.state, "awake");
		assert.equal(view.take(REPORT), undefined);
		assert.equal(view.take("asleep 599988 33"), "asleep");
		assert.equal(view.state, "asleep");
		assert.equal(view.sleepMs, 599_988);
		assert.equal(view.pin, 33);
		assert.equal(view.wakes, 1);
	});
	it("readings: scaled integers with their units, and a missing one", () => {
		assert.deepEqual(view.readings(), [-6.15, undefined, 1000, 4.12]);
		assert.deepEqual(view.readingTexts(), [
			"temperature -6.15 °C",
			"humidity –",
			"pressure 1000.0 hPa",
			"battery 4.12 V",
		]);
		assert.equal(view.time, "1 d 02:00:00");
	});
	it("a wake without a sample: the last readings stay", () => {
		view.take(REPORT.replace("record=3", "record=0").replace(/values=\S+/, "values="));
		assert.equal(view.readings()[0], -6.15);
		assert.equal(view.report.get("record"), "0");
	});
	it("a frame goes out: its topic, its bytes, and what it says", () => {
		view.take(new Uint8Array(sending(5, 1).subarray(0, 40)).buffer); // a wake that the power ended
		view.take(BOOT);
		const { buffer } = new Uint8Array(sending(5, 1));
		view.take(buffer);
		const { topic, size, hex, content, count } = view.sent!;
		assert.deepEqual([topic, size, hex, count], [TOPIC, FRAME.length, WORKED_FRAMES[1]!.hex, 1]);
		assert.equal(content, "3 samples; records 300 to 302");
	});
	it("a payload that is none of ours: its bytes, and that it is no frame", () => {
		view.take(BOOT);
		view.take(new Uint8Array(sending(4, 0, Uint8Array.of(0xff))).buffer);
		assert.equal(view.sent!.hex, "ff");
		assert.equal(view.sent!.content, "not a compact frame");
	});
	it("no pin is armed: the button has nothing to wake", () => {
		view.take(BOOT);
		view.take("asleep 1000 -1");
		assert.equal(view.pin, undefined);
	});
	it("a reset: the board boots again at once", () => {
		view.take(BOOT);
		assert.equal(view.take("reset"), "asleep");
		assert.equal(view.sleepMs, 0);
		assert.equal(view.pin, undefined);
	});
	it("the firmware died: the reason is kept", () => {
		view.died("unhandled exception");
		assert.equal(view.state, "died");
		assert.equal(view.reason, "unhandled exception");
	});
	it("clock: hours, minutes and seconds, and days from the first on", () => {
		assert.equal(clock(0), "00:00:00");
		assert.equal(clock(86_399.9), "23:59:59");
		assert.equal(clock(86_400), "1 d 00:00:00");
	});
});

describe("panel: its file", function () {
	this.timeout(20_000);
	let folder = "";
	before(() => {
		folder = mkdtempSync(join(tmpdir(), "dormouse-panel-"));
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	it("of the weather node: one module that imports of the simulator alone, with the node's quantities in it", async () => {
		await writePanel(await loadNode("nodes/weather.ts"), folder);
		const text = readFileSync(join(folder, "dormouse.js"), "utf8");
		const { body } = parse(text, { ecmaVersion: 2022, sourceType: "module" });
		const imports = body.flatMap((part) => (part.type === "ImportDeclaration" ? [part.source.value] : []));
		assert.deepEqual(imports.sort(), ["ControlsPane", "DevicePane"]);
		assert.ok(body.some(({ type }) => type.startsWith("Export")));
		assert.ok(text.includes('"humidity"') && !text.includes("NODE."), "what the panel knows of the node");
	});
	it("the simulator is not built: the message names what is missing", () => {
		assert.throws(() => simulatorCommand(folder, "sim/moddable_two", "release", "weather", folder, "linux"), {
			code: "unsupported",
		});
	});
});
