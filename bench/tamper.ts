import { HmacSha256 } from "../modules/core/sha256.js";
import { Chain, ChainCodes } from "../modules/store/chain.js";
import { XsEngine } from "../sim/engine/xs.js";
import { Status } from "../sim/host/table.js";
import { Seeded } from "../sim/seeded.js";
import { buildHost } from "../sim/xs/build.js";
import { encodeLog, makeLog } from "../test/support/chain-logs.js";
import { fixture } from "../test/xs/support.js";
import { verifyLog } from "../tools/verify-log.js";
import { row } from "./row.js";

/** A record of the weather node as it would be stored. */
const RECORD = 30;
const LINKS = 200;
const KEY = Uint8Array.from({ length: 32 }, (_, n) => n);
const NAME = Object.freeze({ node: new Uint8Array(6), chain: 1 });
/**
 * Instructions of an ESP32-C3 for one computron of integer arithmetic and of typed arrays, which SHA-256 is made of, and
 * instructions a microsecond. Source: measured on an emulated chip; stalls and cache misses come on top.
 */
const PER_COMPUTRON = [33, 60] as const;
const PER_MICROSECOND = 160;

/** What tamper evidence costs: a link of the chain on Node and XS, and checking a log. */
export async function tamperRows(): Promise<void> {
	const chain = new Chain(new ChainCodes(KEY, (key) => new HmacSha256(key)), NAME);
	const body = new Uint8Array(RECORD);
	for (let n = 0; n < 2000; n++) chain.link(n, body); // warm-up
	const begin = performance.now();
	for (let n = 0; n < 20_000; n++) chain.link(n, body);
	row(`link of a record of ${RECORD} bytes on Node, TypeScript, µs`, (performance.now() - begin) / 20);
	const { bytes } = encodeLog(makeLog(new Seeded(1), KEY, NAME, 10_000));
	const started = performance.now();
	if (!verifyLog(bytes, KEY).ok) throw new Error("the log is not sound");
	row("check of an exported log, records a second", 1e7 / (performance.now() - started));
	const host = await buildHost();
	if (!host.ready) {
		process.stdout.write(`  skipped on XS: ${host.reason}\n`);
		return;
	}
	const [none, one, many] = [await wakeOf(-1), await wakeOf(0), await wakeOf(LINKS)];
	const computrons = (many.computrons - one.computrons) / LINKS;
	row(`link of a record of ${RECORD} bytes on XS, computrons`, computrons);
	row("the same on this machine, µs", ((many.ms - one.ms) * 1000) / LINKS);
	const [least, most] = PER_COMPUTRON.map((each) => (computrons * each) / PER_MICROSECOND / 1000);
	row("the same on an ESP32-C3 at 160 MHz, ms, from", least!, "by estimate");
	row("to", most!);
	row("key and genesis at a wake, computrons", one.computrons - none.computrons);
	row("alive with a chain: slots", one.slots - none.slots);
	row("alive with a chain: bytes of chunks", one.chunks - none.chunks);
	row("flash of SHA-256, HMAC and chain without names, bytes", one.flash - none.flash);

	/** A wake that makes so many links; with −1, one without a chain in its firmware. */
	async function wakeOf(links: number) {
		const bundle = await fixture(
			links < 0
				? "export function wake() { (globalThis as any).kept = 0; say(1); }"
				: `import { HmacSha256 } from "./modules/core/sha256.js"; import { Chain, ChainCodes } from "./modules/store/chain.js";
				export function wake() {
					const codes = new ChainCodes(Uint8Array.of(${[...KEY]}), (key) => new HmacSha256(key));
					const chain = new Chain(codes, { node: new Uint8Array(6), chain: 1 });
					const body = new Uint8Array(${RECORD});
					for (let n = 0; n < ${links}; n++) chain.link(n, body);
					(globalThis as any).kept = chain;
					say(1);
				}`,
		);
		const ready = host as Extract<typeof host, { ready: true }>;
		const firmware = new XsEngine(ready, { locate: false, measure: true }).load(bundle);
		const board = { call: () => Uint8Array.of(Status.ok) };
		firmware.boot(board).drop();
		const from = performance.now();
		for (let n = 0; n < 10; n++) firmware.boot(board).drop();
		const ms = (performance.now() - from) / 10;
		const wake = firmware.boot(board);
		if (wake.fault) throw new Error(`${wake.fault.message} ${wake.fault.where}`);
		const { computrons, slots, chunks } = wake.figures!()!;
		const { flash } = firmware;
		firmware.close();
		return {
			ms,
			computrons,
			slots: slots.live,
			chunks: chunks.live,
			flash: flash.bytecode + flash.slots * flash.slotSize + flash.chunks,
		};
	}
}
