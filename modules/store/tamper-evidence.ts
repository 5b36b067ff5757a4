import type { ErrorCode } from "../core/errors.js";
import type { NodeRecord } from "../core/record.js";
import type { LogQueue } from "./log-queue.js";

/**
 * The setting that holds the key: 32 to 128 hexadecimal digits, an even number of them; 64 (32 bytes) are right for
 * HMAC-SHA-256. One key a node: nodes that share one can be passed off as each other.
 */
export const EVIDENCE_KEY = "evidenceKey";

/** Of the board, what evidence needs. */
export interface EvidencePorts {
	readonly nodeId: string;
	/** A setting from provisioning. */
	setting(name: string): string | undefined;
}

/**
 * Tamper evidence to choose in a declaration: `hashChain` from `modules/store/evidence.ts`, or from
 * `modules/device/evidence.ts` with the platform's HMAC. Known by type only, so that a node without it links none of it.
 */
export interface Evidence {
	/** For one wake. */
	create(ports: EvidencePorts): RecordChain;
}

/** The chain that a log's records are linked to. */
export interface RecordChain {
	/** Of the retained section. */
	readonly retainedVersion: number;
	/** Why records cannot be tagged: `key`; undefined when they can. */
	readonly problem: ErrorCode | undefined;
	/**
	 * Makes sure that the chain stands where the log does, whose flash is known. Cells may be written, so nothing may be
	 * drafted yet.
	 * @param number of the record that comes next: names a chain that begins with it
	 * @throws {DormouseError} `flash`
	 */
	begin(queue: LogQueue, number: number): void;
	/**
	 * Writes the end of a record's entry: see `docs/store.md`.
	 * @param late whether the record waited in RTC memory since it was taken
	 * @returns the offset behind it; `at` where there is no key
	 */
	append(record: NodeRecord, late: boolean, into: Uint8Array, at: number): number;
	/** The record of {@link append} is in flash: the chain goes on behind it. */
	stored(): void;
	/** Writes down where the chain stands, before a sector is begun. @throws {DormouseError} `flash` */
	save(queue: LogQueue): void;
	/** Writes the retained section. @returns bytes written; 0 where flash is to be looked at anew */
	retain(into: DataView): number;
	/** Takes back what {@link retain} wrote. @returns false when it cannot be; nothing has changed then */
	restore(from: DataView, version: number): boolean;
}
