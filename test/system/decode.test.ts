import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../modules/core/bytes.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { CollectedRecord } from "../../tools/collector.js";
import * as assert from "../assert.js";
import { runEs5 } from "../support/es5.js";
import { type CommandResult, dormouse, run, WEATHER } from "../support/simulate.js";

/** Runs `dormouse decode` with this on standard input. */
function piped(args: readonly string[], input: string): Promise<CommandResult> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [join(PROJECT, "tools/dormouse.mjs"), "decode", ...args], { cwd: PROJECT });
		let [stdout, stderr] = ["", ""];
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			stderr += text;
		});
		child.on("error", reject);
		child.on("close", (status) => resolve({ status, stdout, stderr }));
		child.stdin.end(input);
	});
}

describe("dormouse codec and decode", function () {
	this.timeout(120_000);
	const folder = mkdtempSync(join(tmpdir(), "dormouse-decode-"));
	after(() => rmSync(folder, { recursive: true }));
	let payloads: readonly Uint8Array[] = [];
	let records: readonly CollectedRecord[] = [];
	before(async () => {
		({ payloads, records } = await run({ days: 0.5 }));
		assert.ok(payloads.length >= 5);
	});
	const RECEIVED = "2026-03-01T13:00:00Z";

	it("a node's messages over half a day: the generated file gives its readings", async () => {
		const file = join(folder, "weather.js");
		const { status, stdout, stderr } = await dormouse(["codec", "--for", "ttn", "--node", WEATHER, "--out", file]);
		assert.deepEqual([status, stdout, stderr], [0, "", ""]);
		const call = runEs5(readFileSync(file, "utf8"));
		const decoded = payloads.flatMap((bytes) => {
			const { data, errors } = call(`decodeUplink({ bytes: [${bytes.join()}], fPort: 1 })`) as {
				data: { records: { number: number; kind: string; values: Record<string, number | null> }[] };
				errors: string[];
			};
			assert.deepEqual(errors, []);
			return data.records;
		});
		assert.deepEqual(
			decoded.map(({ number }) => number),
			records.map(({ number }) => number),
		);
		const samples = decoded.filter(({ kind }) => kind === "sample");
		assert.deepEqual(
			samples.map(({ values }) => Math.round(values.temperature! * 100)),
			records.filter(({ kind }) => kind === 0).map(({ values }) => values[0]),
		);
		assert.deepEqual(Object.keys(samples[0]!.values), ["temperature", "humidity", "pressure", "battery"]);
	});
	it("codec to standard output for ChirpStack: the file alone", async () => {
		const { status, stdout, stderr } = await dormouse(["codec", "--for", "chirpstack"]);
		assert.deepEqual([status, stderr], [0, ""]);
		assert.equal(
			runEs5(stdout)("typeof decodeUplink + typeof Decode + typeof encodeDownlink"),
			"functionfunctionfunction",
		);
	});
	it("decode, lines from hex, base64 and a file: a line a record, whatever the form", async () => {
		const file = join(folder, "message.bin");
		writeFileSync(file, payloads[2]!);
		const inputs = [toHex(payloads[0]!), Buffer.from(payloads[1]!).toString("base64"), file];
		const { status, stdout, stderr } = await dormouse(["decode", "--node", WEATHER, "--received", RECEIVED, ...inputs]);
		assert.deepEqual([status, stderr], [0, ""]);
		const lines = stdout.trimEnd().split("\n");
		const last = records.findIndex(({ number }) => number === Number(/ (\d+) {2}/.exec(lines.at(-1)!)![1]));
		assert.equal(lines.length, last + 1);
		assert.ok(
			/^2026-03-01 \d\d:\d\d:\d\d {2}sample 1 {2}temperature -6\.03 °C {2}humidity 84\.7 %/.test(lines[0]!),
			lines[0]!,
		);
		assert.ok(lines.some((line) => line.includes("health") && line.includes("start cold  resetReason power")));
	});
	it("standard input with a message that is none, one twice and comments: an error each, the others decoded, status 1", async () => {
		const [first, second] = payloads.map((bytes) => `${RECEIVED} ${toHex(bytes)}`);
		const input = `# messages\n${first}\n\nnonsense!\n${first}\n431c9200\n${second}\n`;
		const { status, stdout, stderr } = await piped(["--node", WEATHER, "--as", "influx", "--tag", "site=a b"], input);
		assert.equal(status, 1);
		const lines = stdout.trimEnd().split("\n");
		assert.ok(
			lines.every((line) => /^weather(,kind=(health|sync))?,site=a\\ b .+,number=\d+i \d{19}$/.test(line)),
			stdout,
		);
		assert.equal(lines.filter((line) => line.includes("temperature=")).length, lines.length - 2);
		const told = stderr.trimEnd().split("\n");
		assert.equal(told.length, 3);
		assert.ok(told[0]!.startsWith('dormouse: message 2: malformed: "nonsense!" is no hex and no base64'), stderr);
		assert.ok(told[1]!.startsWith("dormouse: message 4: "), stderr);
		assert.ok(/^Note: \d+ records came twice and are left out\.$/.test(told[2]!), stderr);
	});
	it("decode as SenML: a pack a message, by another name", async () => {
		const { stdout } = await piped(
			["--node", WEATHER, "--as", "senml", "--name", "urn:dev:x"],
			`${RECEIVED} ${toHex(payloads[0]!)}`,
		);
		const pack = JSON.parse(stdout) as { bn?: string; n: string; u?: string; v: number; t: number }[];
		assert.equal(pack[0]!.bn, "urn:dev:x/");
		assert.deepEqual([pack[0]!.n, pack[0]!.u, pack[0]!.v], ["temperature", "Cel", -6.03]);
		assert.deepEqual([pack[2]!.n, pack[2]!.u, pack[2]!.v], ["pressure", "Pa", 100_010]);
		assert.ok(pack.every(({ t }) => Math.abs(t - Date.UTC(2026, 2, 1) / 1000) < 86_400));
	});
	it("two nodes on topics of their own: what has equal numbers is no duplicate, and each record tells its topic", async () => {
		const lines = payloads
			.slice(0, 2)
			.flatMap((bytes) => ["d/one/t", "d/two/t"].map((topic) => `${RECEIVED} ${topic} ${toHex(bytes)}\n`));
		for (const as of ["lines", "influx", "senml"]) {
			const { status, stdout, stderr } = await piped(["--node", WEATHER, "--as", as], lines.join(""));
			assert.deepEqual([status, stderr], [0, ""]);
			const told = stdout.trimEnd().split("\n");
			const of = (topic: string) => told.filter((line) => line.includes(topic)).map((line) => line.replace(topic, ""));
			assert.ok(of("d/one/t").length > 1);
			assert.deepEqual(of("d/one/t"), of("d/two/t"));
			assert.equal(of("d/one/t").length * 2, told.length);
		}
	});
	it("--from hex and a file: its lines, in that form alone", async () => {
		const file = join(folder, "lines.txt");
		writeFileSync(file, `${toHex(payloads[0]!)}\n${Buffer.from(payloads[1]!).toString("base64")}\n`);
		const { status, stdout, stderr } = await dormouse(["decode", "--node", WEATHER, "--from", "hex", file]);
		assert.equal(status, 1);
		assert.ok(stdout.includes("sample 1 ") && /message 2: malformed: .* is no hex\n$/.test(stderr), stderr);
	});
	it("a simulation's messages as they are: all its samples, at their times", async () => {
		const sent = await dormouse(["simulate", "--days", "0.5", "--engine", "node", "--show", "messages"]);
		assert.deepEqual([sent.status, sent.stderr], [0, ""]);
		assert.deepEqual(
			sent.stdout
				.trimEnd()
				.split("\n")
				.map((line) => line.split(" ")[2]),
			payloads.map(toHex),
		);
		const { status, stdout } = await piped(["--node", WEATHER], sent.stdout);
		assert.equal(status, 0);
		const samples = stdout.split("\n").filter((line) => line.includes(" sample "));
		assert.equal(samples.length, records.filter(({ kind }) => kind === 0).length);
		samples.forEach((line, n) => {
			const at = Date.parse(`${/2026-03-01 \d\d:\d\d:\d\d/.exec(line)![0].replace(" ", "T")}Z`);
			assert.ok(Math.abs(at - Date.UTC(2026, 2, 1, 0, 10 * n)) < 2000, line);
		});
	});
	it("another node's message: unsupported, status 1", async () => {
		const other = join(folder, "other.ts");
		writeFileSync(
			other,
			readFileSync(WEATHER, "utf8").replace("minutes(10)", "minutes(5)").replaceAll('from "../', `from "${PROJECT}/`),
		);
		const { status, stdout, stderr } = await dormouse(["decode", "--node", other, toHex(payloads[0]!)]);
		assert.deepEqual([status, stdout], [1, ""]);
		assert.ok(stderr.startsWith("dormouse: message 1: unsupported: schema "), stderr);
	});
	it("a wrong option: one line, status 2", async () => {
		const { status, stdout, stderr } = await dormouse(["codec", "--for", "helium"]);
		assert.deepEqual([status, stdout, stderr], [2, "", "dormouse: --for helium: ttn or chirpstack would be right\n"]);
	});
	it("--help: tells every option", async () => {
		for (const [command, options] of [
			["codec", ["for", "node", "out"]],
			["decode", ["node", "from", "received", "as", "name", "tag"]],
		] as const) {
			const { status, stdout } = await dormouse([command, "--help"]);
			assert.equal(status, 0);
			for (const option of options) assert.ok(stdout.includes(`--${option}`), option);
		}
		assert.ok((await dormouse(["--help"])).stdout.includes("dormouse decode"));
	});
});
