/** What a record is. Values are stable: they are on the wire and in flash. */
export const RecordKind = Object.freeze({
	/** One integer a quantity, and a bitmap of those that are missing. */
	sample: 0,
	/** A rule's verdict. */
	alarm: 1,
	/** What became of a downlink command. */
	command: 2,
	/** Counters about the node itself; see `modules/cycle/health.ts`. */
	health: 3,
	/** A sync mark: in this epoch, at these seconds, it was this wall time. */
	sync: 4,
});
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/**
 * What a node took down. Number and epoch never repeat in a node's life, whatever the power does.
 *
 * One mutable instance is filled again and again; nothing keeps a reference to it.
 */
export class NodeRecord {
	/** Most values that a record other than a sample has. */
	static readonly widest = 15;
	/** 1 … 0xffff_ffff; consecutive while the power lasts, with a jump after a power loss. */
	number = 0;
	kind: RecordKind = RecordKind.sample;
	/** Boot epoch, 1 … 0xffff: one more after each power loss. */
	epoch = 0;
	/** Seconds since the epoch's start. */
	seconds = 0;
	/** Whether the node knew the wall time of this epoch when it took the record down. */
	wall = false;
	/** Sample: bit n is set when value n is missing. Other kinds: 0. */
	missing = 0;
	/** How many of `values` belong to this record. */
	length = 0;
	/** Sample: one scaled integer a quantity. Other kinds: the fields that the kind defines. */
	readonly values: Int32Array;

	/** @param width the most values that a record may have, 1 … 32 */
	constructor(width: number) {
		this.values = new Int32Array(width);
	}
	isMissing(index: number): boolean {
		return (this.missing & (1 << index)) !== 0;
	}
	/** Becomes equal to `other`, which must not be wider. */
	copy(other: NodeRecord): void {
		this.number = other.number;
		this.kind = other.kind;
		this.epoch = other.epoch;
		this.seconds = other.seconds;
		this.wall = other.wall;
		this.missing = other.missing;
		this.length = other.length;
		this.values.set(other.values);
	}
}
