import { HmacSha256 } from "../../modules/core/sha256.js";
import { hashChainBy } from "../../modules/store/hash-chain.js";
import { Log } from "../../modules/store/log.js";
import { type FullPolicy, LogQueue } from "../../modules/store/log-queue.js";
import type { RecordChain } from "../../modules/store/tamper-evidence.js";
import { type CutPort, WIDTH } from "./log-script.js";

export const KEY_HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
export const KEY = Uint8Array.from({ length: 32 }, (_, n) => n);
export const SCHEMA = 0x1234;
/** What reading an image of these proofs' stores needs. */
export const STORE_SCHEMA = Object.freeze({ schema: SCHEMA, quantities: new Array<undefined>(WIDTH).fill(undefined) });

export interface TaggedQueue {
	readonly queue: LogQueue;
	readonly chain: RecordChain;
}

/** A log whose records are linked, as a wake has it. */
export function taggedQueue(
	port: CutPort,
	{
		key = KEY_HEX as string | null,
		nodeId = "node-1",
		policy = "oldest" as FullPolicy,
		schema = SCHEMA,
		restored = (_: Log, __: RecordChain): void => {},
	} = {},
): TaggedQueue {
	const log = new Log({ flash: () => port });
	const chain = hashChainBy((each) => new HmacSha256(each)).create({ nodeId, setting: () => key ?? undefined });
	restored(log, chain);
	const queue = new LogQueue(log, schema, WIDTH, policy);
	queue.chain = chain;
	return { queue, chain };
}

/** What a tagged queue retains over deep sleep. @returns puts it into the next wake's */
export function slept({ queue, chain }: TaggedQueue): (log: Log, chain: RecordChain) => void {
	const view = new DataView(new ArrayBuffer(128));
	const ofLog = new DataView(view.buffer, 0, queue.log.retain(view));
	const at = new DataView(view.buffer, 64);
	const ofChain = new DataView(view.buffer, 64, chain.retain(at));
	return (log, next) => {
		if (!log.restore(ofLog, Log.version) || !next.restore(ofChain, next.retainedVersion))
			throw new Error("not restored");
	};
}
