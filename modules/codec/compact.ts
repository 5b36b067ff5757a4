import type { EncodedNode, NodeEncoding, RecordEncoding } from "./encoding.js";
import { FrameEncoder } from "./frame-encoder.js";
import { SHORT_LEAST, shortSize } from "./short-frame.js";

/** The compact frame: the smallest, see docs/wire.md. What a declaration has when it chooses no encoding. */
export const compact: RecordEncoding = Object.freeze({
	plan(node: EncodedNode): NodeEncoding {
		const frame = node.frame; // a constant: the SDK's linker warns of what a preloaded closure could change
		return Object.freeze<NodeEncoding>({
			kind: "compact",
			least: Math.max(shortSize(frame), SHORT_LEAST),
			create: (_, view, reader, record) => new FrameEncoder(frame, view, reader, record),
		});
	},
});
