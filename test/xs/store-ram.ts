import { XsEngine } from "../../sim/engine/xs.js";
import { Status } from "../../sim/host/table.js";
import type { ReadyHost } from "../../sim/xs/build.js";
import { fixture } from "./support.js";

/** Bytes of slots and chunks that stay alive on XS for the log and its queue; but for `retained`, beyond a page of 256. */
export interface StoreRam {
	/** Restored after deep sleep; flash was not touched. */
	readonly retained: number;
	/** The same, and then flash was found as it was left. */
	readonly resumed: number;
	/** Opened after a power loss: with the map of 16 sectors and the places of cells. */
	readonly opened: number;
	/** After a sector was taken and records were pushed. */
	readonly mapped: number;
}

const PAGE = 256;
const LOG = "new LogQueue(log, 1, 4);";
const PUSH = "for (let n = 1; n < 9; n++) { record.number = n; record.epoch = 1; one.push(record); }";
const RESTORE = `
	const section = new DataView(new ArrayBuffer(64));
	const before = new Log(ports); const one = new LogQueue(before, 1, 4);
	${PUSH}
	const length = before.retain(section);
	const log = new Log(ports); queue = ${LOG}
	log.restore(new DataView(section.buffer, 0, length), Log.version);`;

/** Measures what a wake with a log keeps alive beyond the same wake without one. */
export async function storeRam(host: ReadyHost): Promise<StoreRam> {
	const alive = async (work: string) => {
		const bundle = await fixture(`
			import { NodeRecord } from "./modules/core/record.js";
			import { Log } from "./modules/store/log.js";
			import { LogQueue } from "./modules/store/log-queue.js";
			export function wake() {
				const bytes = new Uint8Array(16 * 4096).fill(0xff);
				const port = {
					size: bytes.length, blockSize: 4096, writeAlignment: 1,
					read(into: Uint8Array, at: number) { into.set(bytes.subarray(at, at + into.length)); },
					write(from: Uint8Array, at: number) { bytes.set(from, at); },
					erase(at: number) { bytes.fill(0xff, at, at + 4096); },
				};
				const ports = { flash: () => port };
				const record = new NodeRecord(15);
				record.length = 4;
				let queue: unknown;
				${work}
				(globalThis as any).kept = [ports, record, queue];
				say(1);
			}`);
		const firmware = new XsEngine(host, { locate: false, measure: true }).load(bundle);
		const wake = firmware.boot({ call: () => Uint8Array.of(Status.ok) });
		if (wake.fault) throw new Error(`${wake.fault.message} ${wake.fault.where}`);
		const { slots, chunks } = wake.figures!(true)!;
		const { slotSize } = firmware.flash;
		firmware.close();
		return slots.live * slotSize + chunks.live;
	};
	const none = await alive("");
	return {
		retained: (await alive(RESTORE)) - none,
		resumed: (await alive(`${RESTORE} log.ready();`)) - none - PAGE,
		opened: (await alive(`const log = new Log(ports); queue = ${LOG} log.ready();`)) - none - PAGE,
		mapped: (await alive(`const log = new Log(ports); const one = ${LOG} queue = one; ${PUSH}`)) - none - PAGE,
	};
}
