import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFirmware, PROJECT } from "../../sim/engine/bundle.js";
import { NodeEngine } from "../../sim/engine/node.js";
import { Seeded } from "../../sim/seeded.js";
import { exportChain } from "../../tools/store-image.js";
import { verifyLog } from "../../tools/verify-log.js";
import * as assert from "../assert.js";
import { dormouse, run } from "../support/simulate.js";
import { entriesOf, mend } from "../support/tamper.js";

const NODE = "nodes/cold-chain.ts";
const KEY = "8f1de7303c6e4a5b9d0271ac44e05f6b8f1de7303c6e4a5b9d0271ac44e05f6c";

describe("dormouse verify", function () {
	this.timeout(120_000);
	const folder = mkdtempSync(join(tmpdir(), "dormouse-verify-"));
	after(() => rmSync(folder, { recursive: true }));
	const path = (name: string) => join(folder, name);
	const [keyFile, log, image] = [path("key"), path("log.cbor"), path("store.img")];
	let output = "";

	before("a cold-chain node loses its power twice and its RTC memory once", async () => {
		writeFileSync(keyFile, `${KEY}\n`);
		const { status, stdout, stderr } = await dormouse([
			...["simulate", "--node", NODE, "--engine", "node", "--days", "2", "--set", `evidenceKey=@${keyFile}`],
			...["--fault", "power@6h..7h", "--fault", "power@30h..30.1h", "--fault", "rtc@20h", "--fault", "broker@35h..40h"],
			...["--export", log, "--image", image],
		]);
		output = stdout + stderr;
		assert.equal(status, 0, output);
	});
	it("a node's life with power cuts: nothing is lost, and the export verifies", async () => {
		assert.ok(output.includes("0 lost, 0 came twice, 0 readings differ"), output.slice(-900));
		const { status, stdout } = await dormouse(["verify", log, "--key-file", keyFile]);
		assert.equal(status, 0);
		const [, records, first] =
			/^ok: (\d+) records, numbers (\d+)–\d+\nnode [0-9a-f]{12}, chain 1\n$/.exec(stdout) ?? [];
		assert.ok(Number(records) >= 560 && first === "1", stdout);
	});
	it("the partition's image: the same, read with the declaration", async () => {
		const of = await dormouse(["verify", image, "--key", KEY, "--node", NODE]);
		const exported = await dormouse(["verify", log, "--key", KEY]);
		assert.equal(of.status, 0);
		assert.equal(of.stdout, exported.stdout);
	});
	it("one byte of a record in the image, its CRC made to fit: the record is named, exit status 1", async () => {
		const bytes = Uint8Array.from(readFileSync(image));
		const place = entriesOf(bytes).at(-200)!;
		bytes[place.at + 6]! ^= 4;
		mend(bytes, place);
		writeFileSync(path("forged.img"), bytes);
		const { status, stdout } = await dormouse(["verify", path("forged.img"), "--key-file", keyFile, "--node", NODE]);
		assert.equal(status, 1);
		assert.ok(stdout.startsWith(`altered: record ${place.number}: it is not what was written`), stdout);
	});
	it("one bit of the export: exit status 1; cut short, another key, another challenge: as well", async () => {
		const bytes = readFileSync(log);
		const forged = Uint8Array.from(bytes);
		forged[bytes.length >> 1]! ^= 1;
		writeFileSync(path("forged"), forged);
		writeFileSync(path("short"), bytes.subarray(0, bytes.length - 100));
		for (const args of [
			[path("forged"), "--key", KEY],
			[path("short"), "--key", KEY],
			[log, "--key", KEY.replace("8", "9")],
			[log, "--key", KEY, "--challenge", "01"],
		]) {
			const { status, stdout } = await dormouse(["verify", ...args]);
			assert.equal(status, 1, stdout);
			assert.ok(/^(altered|removed|truncated): /.test(stdout), stdout);
		}
	});
	it("no key: the node goes on, says so at each wake, and what it stored is told as not proven", async () => {
		const { stdout } = await dormouse([
			...[
				"simulate",
				"--node",
				NODE,
				"--engine",
				"node",
				"--days",
				"0.02",
				"--set",
				"evidenceKey=1234",
				"--image",
				image,
			],
		]);
		assert.equal(stdout.match(/no key: what is stored proves nothing/g)?.length, 6);
		assert.ok(stdout.includes("Note: without --set evidenceKey=@FILE"), stdout);
		const { status, stderr } = await dormouse(["verify", image, "--key", KEY, "--node", NODE]);
		assert.equal(status, 2);
		assert.ok(stderr.includes("no chain"), stderr);
	});
	for (const [name, args, remedy] of [
		["no file", ["verify", "--key", KEY], "one FILE would be right"],
		["no key", ["verify", "x"], "--key-file FILE would be right"],
		["two keys", ["verify", "x", "--key", KEY, "--key-file", "y"], "--key-file FILE would be right"],
		["a short key", ["verify", "x", "--key", KEY.slice(0, 30)], "--key: 32 to 128 random"],
		["a key that is none", ["verify", "x", "--key", `${KEY.slice(1)}g`], "--key: 32 to 128 random"],
		["a key file that is not there", ["verify", "x", "--key-file", path("none")], "--key-file: "],
		["a log that is not there", ["verify", path("none"), "--key", KEY], "FILE: "],
		["an image without its node", ["verify", image, "--key", KEY], "--node is missing"],
		["an unknown option", ["verify", "--kye", KEY], "dormouse verify --help"],
		["a setting without a value", ["simulate", "--set", "evidenceKey"], "--set: NAME=VALUE or NAME=@FILE"],
		[
			"an export without a key",
			["simulate", "--node", NODE, "--export", path("e")],
			"--set evidenceKey=@FILE is missing",
		],
		[
			"an export with a weak key",
			["simulate", "--node", NODE, "--export", path("e"), "--set", `evidenceKey=${"7e".repeat(32)}`],
			"--set evidenceKey: 32 to 128 random",
		],
		["an export of a node without evidence", ["simulate", "--export", path("e")], "the node declares no evidence"],
	] as const)
		it(`${name}: one line with the remedy, exit status 2, nothing of the key`, async () => {
			const { status, stdout, stderr } = await dormouse(args);
			assert.equal(status, 2);
			assert.equal(stdout, "");
			assert.ok(stderr.includes(remedy) && stderr.trim().split("\n").length === 1, stderr);
			assert.ok(!stderr.includes(KEY.slice(1, 20)) && !stderr.includes("7e7e"), stderr);
		});
	it("--help: tells every option; nothing that was printed holds the key", async () => {
		const { stdout } = await dormouse(["verify", "--help"]);
		for (const option of ["key-file", "key", "node", "challenge"]) assert.ok(stdout.includes(`--${option}`), option);
		assert.ok(!output.includes(KEY.slice(0, 16)));
	});
});

describe("evidence and power cuts", function () {
	this.timeout(120_000);

	it("the cold-chain node, power cut at random in host calls and in writes of flash: its store always verifies", async () => {
		const seed = 20_262;
		const random = new Seeded(seed);
		const firmware = new NodeEngine().load(await bundleFirmware(join(PROJECT, NODE)));
		const key = Uint8Array.from(Buffer.from(KEY, "hex"));
		let checks = 0;
		const { wakes, summary, simulation } = await run({
			firmware,
			days: 3,
			settings: { evidenceKey: KEY },
			prepare({ board, node }, _, scheduler) {
				const store = board.flash.get("store")!;
				const arm = () => {
					if (checks++ > 0) {
						const verdict = verifyLog(exportChain(store.bytes, node, key), key);
						if (!verdict.ok) assert.fail(`${verdict.kind} at ${verdict.record} (seed ${seed}): ${verdict.why}`);
						assert.deepEqual(verdict.untagged, []);
					}
					if (random.between(0, 2) === 0) store.cutAfter(random.between(0, 90), random);
					else board.cutInCall(random.between(0, 60), random.between(1, 200_000));
					scheduler.after(random.between(300_000, 1_500_000), arm);
				};
				scheduler.at(1000, arm);
			},
		});
		firmware.close();
		const cuts = wakes.filter(({ fault }) => fault?.message === "power cut").length;
		console.log(`      ${cuts} cuts, ${checks} checks (seed ${seed})`);
		assert.ok(cuts >= 150, `only ${cuts} cuts`);
		assert.equal(summary.wrong, 0);
		assert.equal(summary.flashViolations, 0);
		assert.ok(simulation.collector.frames > 5);
	});
});
