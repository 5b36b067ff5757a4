import type { NodeRecord } from "../core/record.js";
import type { FrameSchema, RecordEncoder, RecordReader } from "./frame.js";
import type { SchemaQuantity } from "./schema.js";

/** Of a declaration, what an encoding needs. */
export interface EncodedNode {
	readonly frame: FrameSchema;
	readonly quantities: readonly SchemaQuantity[];
}

/** How a declared node writes its records. */
export interface NodeEncoding {
	readonly kind: "compact" | "senml";
	/** Bytes of one sample at its largest: what the uplink must carry. */
	readonly least: number;
	/**
	 * Makes an encoder, for one exchange.
	 * @param nodeId the node's, for encodings that name it
	 * @param view where payloads are written, from its start
	 * @param reader a cursor of the queue that is to be read, for the encoder alone
	 * @param record wide enough for all records, for the encoder while it encodes
	 */
	create<Reader extends RecordReader<Reader>>(
		nodeId: string,
		view: Uint8Array,
		reader: Reader,
		record: NodeRecord,
	): RecordEncoder<Reader>;
}

/**
 * An encoding to choose in a declaration: `compact` (the default) or `senml`, each in a module of its own, so that a node
 * does not link what it does not name.
 */
export interface RecordEncoding {
	/** Prepares it for a node. */
	plan(node: EncodedNode): NodeEncoding;
}
