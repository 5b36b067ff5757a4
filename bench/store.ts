import { NodeRecord } from "../modules/core/record.js";
import { Log } from "../modules/store/log.js";
import { LogQueue } from "../modules/store/log-queue.js";
import { programUs, W25Q32JV } from "../sim/flash-chip.js";
import { buildHost } from "../sim/xs/build.js";
import { NorPort } from "../test/support/flash-port.js";
import { storeRam } from "../test/xs/store-ram.js";
import { row } from "./row.js";

const SECTORS = 64;
const BYTES = 4096;
const YEAR_RECORDS = 365.25 * 144;
/** Erases that a sector endures. Source: W25Q32JV data sheet, "Features": min. 100,000 program-erase cycles per sector. */
const ENDURANCE = 100_000;

/** What the log costs flash: write amplification, erases, life, reads at boot, and the same for what else one would do. */
export async function bench(): Promise<void> {
	for (const alignment of [1, 16] as const) {
		const how = alignment === 1 ? "byte writes" : "16-byte writes";
		const pushed = life({ alignment, values: 8, records: 40_000, batch: 0 });
		const trimmed = life({ alignment, values: 8, records: 40_000, batch: 12 });
		row(`write amplification, 20-byte records, ${how}`, pushed.amplification, alignment === 1 ? "budget ≤ 1.3" : "");
		row(`  with a trim every 12 records`, trimmed.amplification);
		row(`  erases a thousand records`, trimmed.erases);
	}
	for (const [batch, text] of [
		[12, "every record durable at once, a trim every 12"],
		[0, "the broker away for ever, the oldest dropped"],
	] as const) {
		const node = life({ alignment: 1, values: 4, records: 120_000, batch });
		row(`weather node: flash's life in years, ${text}`, node.years, "budget ≥ 50");
		row(`  bytes programmed a record`, node.bytes);
	}
	const spilled = life({ alignment: 1, values: 4, records: 120_000, batch: 12, spill: 100 });
	row("weather node: years, 100 records at a time from RTC memory", spilled.years);
	row("  bytes programmed a record", spilled.bytes);
	for (const fill of [0, 0.25, 0.5, 1]) {
		const port = new NorPort(SECTORS, BYTES);
		const queue = new LogQueue(new Log({ flash: () => port }), 1, 4);
		const record = sample(4);
		for (let n = 1; n <= Math.max(1, fill * 14_500); n++) push(queue, record, n);
		const { readBytes, busyUs } = port.nor.counts;
		const log = new Log({ flash: () => port });
		log.ready();
		row(
			`boot after a power loss, 256 KiB, ${100 * fill} % full: bytes read`,
			port.nor.counts.readBytes - readBytes,
			"budget ≤ 16,384",
		);
		row("  milliseconds of the flash alone, modelled", (port.nor.counts.busyUs - busyUs) / 1000);
		const view = new DataView(new ArrayBuffer(64));
		log.records.dubious = log.cells.dubious = false;
		const length = log.retain(view);
		const before = port.nor.counts.readBytes;
		const warm = new Log({ flash: () => port });
		warm.restore(new DataView(view.buffer, 0, length), Log.version);
		warm.ready();
		row(`  bytes read after deep sleep (${warm.outcome})`, port.nor.counts.readBytes - before);
	}
	others();
	await memory();
}

interface Life {
	readonly alignment: 1 | 16;
	/** Values of a sample, two bytes each. */
	readonly values: number;
	readonly records: number;
	/** Records that are trimmed together; 0: none. */
	readonly batch: number;
	/** Records that come together from RTC memory. */
	readonly spill?: number;
}

/** A log's life on 256 KiB, from the first record on. */
function life({ alignment, values, records, batch, spill = 1 }: Life) {
	const port = new NorPort(SECTORS, BYTES, { alignment });
	const queue = new LogQueue(new Log({ flash: () => port }), 1, values);
	const record = sample(values);
	if (spill === 1)
		for (let n = 1; n <= records; n++) {
			push(queue, record, n);
			if (batch && n % batch === 0) queue.trim(n);
		}
	else
		for (let n = 0; n < records; n += spill) {
			let next = n + 1;
			const cursor = {
				seek() {},
				moveTo() {},
				read(into: NodeRecord) {
					if (next > n + spill) return false;
					set(into, next++);
					return true;
				},
			};
			queue.take(
				{ count: spill, pressed: false, oldest: 1, dropped: 0, push() {}, trim() {}, cursor: () => cursor },
				record,
			);
			for (let upTo = n + batch; batch && upTo <= n + spill; upTo += batch) queue.trim(upTo);
		}
	const { programmed, erases } = port.nor.counts;
	return {
		amplification: programmed / (records * (4 + 2 * values)),
		bytes: programmed / records,
		erases: (1000 * erases) / records,
		years: (ENDURANCE / port.nor.mostWear) * (records / YEAR_RECORDS),
	};
}

/** A record of 4 + 2 · `values` bytes: head 1, seconds 3, two for each value. */
function sample(values: number): NodeRecord {
	const record = new NodeRecord(Math.max(values, NodeRecord.widest));
	record.length = values;
	record.epoch = 1;
	return record;
}
function set(record: NodeRecord, n: number) {
	record.number = n;
	record.seconds = 10_000 + ((n * 600) % 900_000); // three bytes, whatever the number of records
	for (let value = 0; value < record.length; value++) record.values[value] = 1000 + ((n * 7 + value * 500) % 3000);
}
function push(queue: LogQueue, record: NodeRecord, n: number) {
	set(record, n);
	queue.push(record);
}

/**
 * What a user would otherwise do. Arithmetic on the documented behaviour, not measurements: nothing of littlefs runs here.
 */
function others() {
	// littlefs: each file is an entry in a metadata pair, small files inline in it; a commit is padded to the program size
	// and closed by a CRC tag. Create, inline data, then delete, with 16-byte program units: name tag 4 + 8, struct tag 4 + 20
	// data, CRC tag 4 + 4 and padding = 64; the delete: tag 4, CRC 8 and padding = 16. A metadata block of 4 KiB is compacted
	// when full: 4,096 / 80 = 51 records a compaction, an erase each; the pair's two blocks alternate.
	const commits = 64 + 16;
	row("littlefs, a file a record, write amplification, ESTIMATE from its DESIGN.md and SPEC.md", commits / 20);
	row("  erases a thousand records, estimate", 1000 / Math.floor(BYTES / commits));
	row(
		"  years of the weather node where one pair takes all, estimate",
		(2 * ENDURANCE * Math.floor(BYTES / commits)) / YEAR_RECORDS,
	);
	// JSON: the whole array is written anew for each record: 120 bytes a record, a queue of 72 records on average (half of
	// 144), in whole sectors.
	const bytes = 72 * 120;
	row("JSON file rewritten for each record, 72 waiting, write amplification, arithmetic", bytes / 20);
	row("  erases a thousand records, arithmetic", 1000 * Math.ceil(bytes / BYTES));
	row(
		"  years on 256 KiB, wear levelled perfectly, arithmetic",
		(SECTORS * ENDURANCE) / (Math.ceil(bytes / BYTES) * YEAR_RECORDS),
	);
	row("programming one record of 26 bytes, ms of the flash, modelled", programUs(W25Q32JV, 26) / 1000);
}

/** What a log with its queue keeps alive on XS, beyond the one page buffer of the budget; skipped without a compiler. */
async function memory(): Promise<void> {
	const host = await buildHost();
	if (!host.ready) {
		process.stdout.write(`  skipped: ${host.reason}\n`);
		return;
	}
	const { retained, resumed, opened, mapped } = await storeRam(host);
	row("RAM on XS: log and queue where flash is left alone, bytes", retained, "budget ≤ 1,536");
	row("RAM on XS: log and queue as an ordinary wake has them, bytes beyond a page", resumed, "budget ≤ 1,536");
	row("RAM on XS: a log opened after a power loss and its queue, bytes beyond a page", opened);
	row("  after a sector was taken: with the map of 16 sectors", mapped);
}
