import { CONTAINER_HEADER, ContainerReader, ContainerWriter } from "../codec/container.js";
import { frozen } from "../core/frozen.js";
import type { RetainedMemory } from "../core/ports.js";
import { Log } from "../store/log.js";
import { Numbers } from "../store/numbers.js";
import { RetainedQueue } from "../store/retained-queue.js";
import { CycleState } from "./cycle.js";
import { EpochTime } from "./epoch-time.js";
import { Health } from "./health.js";

/** One bank of retained memory, in bytes. There are two. */
export const BANK = 2048;

/**
 * Sections of the retained container, the most bytes that each may take, and their versions, where the owner has none of
 * its own. Together with heads they fill one bank. The table is in flash: a wake has the owners alone.
 */
export const Section = frozen({
	numbers: { id: 1, budget: 16, version: Numbers.version },
	time: { id: 5, budget: 40, version: EpochTime.version },
	cycle: { id: 2, budget: 32, version: CycleState.version },
	health: { id: 3, budget: 48, version: Health.version },
	uplink: { id: 4, budget: 128, version: 0 },
	queue: { id: 6, budget: 1576, version: RetainedQueue.version },
	log: { id: 7, budget: 48, version: Log.version },
	evidence: { id: 8, budget: 24, version: 0 },
});
/** The same in their order in the container, which is that of their owners in the node. */
export const SECTIONS: readonly RetainedSection[] = Object.freeze(Object.values(Section));
const SECTION_OVERHEAD = 6;

/** Something that survives deep sleep: a room's own section. */
export interface Retained {
	/** Of what {@link retain} writes, where the owner is not the node's own. */
	readonly retainedVersion?: number;
	/** @returns bytes written, at most the section's budget */
	retain(into: DataView): number;
	/** @returns false when the bytes are of no use; the object is then as new */
	restore(from: DataView, version: number): boolean;
}
export interface RetainedSection {
	readonly id: number;
	readonly budget: number;
	readonly version: number;
}

/**
 * Retained state: the container, twice in memory that survives deep sleep. A commit writes the older bank, its header
 * last, so that a cut at any moment leaves one sound bank.
 */
export class RetainedState {
	private readonly memory: RetainedMemory;
	private readonly bytes = new Uint8Array(BANK);
	private bank = 0;
	private sequence = 0;
	/** Whether {@link load} found that something newer than what it gives was lost. */
	fellBack = false;

	/** @param memory at least two banks */
	constructor(memory: RetainedMemory) {
		this.memory = memory;
	}
	/**
	 * Finds the newest sound bank, or what is left of the newest.
	 * @returns a reader, valid until {@link commit}; undefined when neither bank holds anything
	 */
	load(): ContainerReader | undefined {
		this.fellBack = false;
		const heads = [this.read(0, CONTAINER_HEADER), this.read(1, CONTAINER_HEADER)] as const;
		const sequences = [sequenceOf(heads[0]), sequenceOf(heads[1])] as const;
		if (sequences[0] === undefined && sequences[1] === undefined) return undefined;
		const newer = (sequences[1] ?? -1) > (sequences[0] ?? -1) ? 1 : 0;
		this.sequence = Math.max(sequences[0] ?? 0, sequences[1] ?? 0);
		for (let n = 0; n < 2; n++) {
			const bank = n ? 1 - newer : newer;
			if (sequences[bank] === undefined) continue;
			const reader = this.read(bank, heads[bank]!.length);
			if (!reader.sound) continue;
			this.bank = bank;
			// The other bank holds the commit before this one, or had none yet: otherwise it was a newer one.
			this.fellBack = reader.sequence > 1 && sequences[1 - bank] !== reader.sequence - 1;
			return reader;
		}
		this.bank = newer;
		return this.read(newer, heads[newer].length);
	}
	/**
	 * Writes the owners' sections to the older bank.
	 * @param sections of each owner the one at the same place
	 * @throws {DormouseError} `overflow` when a section breaks its budget
	 */
	commit(owners: readonly Retained[], sections: readonly RetainedSection[] = SECTIONS): void {
		const writer = new ContainerWriter(this.bytes).begin();
		for (let n = 0; n < owners.length; n++) {
			const owner = owners[n]!;
			const { id, version, budget } = sections[n]!;
			writer.end(owner.retain(writer.section(id, owner.retainedVersion ?? version, budget)));
		}
		this.sequence++;
		this.bank = 1 - this.bank;
		const length = writer.finish(this.sequence);
		const at = this.bank * BANK;
		this.memory.write(this.bytes.subarray(CONTAINER_HEADER, length), at + CONTAINER_HEADER);
		this.memory.write(this.bytes.subarray(0, CONTAINER_HEADER), at);
	}

	/** Reads the first bytes of a bank. */
	private read(bank: number, length: number): ContainerReader {
		const bytes = this.bytes.subarray(0, length);
		this.memory.read(bytes, bank * BANK);
		return new ContainerReader(bytes);
	}
}

function sequenceOf(head: ContainerReader): number | undefined {
	return head.valid && head.length <= BANK ? head.sequence : undefined;
}

/** Bytes that all sections take at most. */
export function retainedSize(): number {
	let size = CONTAINER_HEADER;
	for (const { budget } of Object.values(Section)) size += budget + SECTION_OVERHEAD;
	return size;
}
