import { CborReader } from "../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../modules/codec/cbor-writer.js";
import type { Codec } from "./codec.js";

const writer = new CborWriter(new Uint8Array(512));

/** Ours as firmware uses it: calls in the order of the message, into a buffer that is there. */
export const codec: Codec = {
	encode(message) {
		message.write(writer.reset());
		return writer.written;
	},
	decode: (message, bytes) => message.read(new CborReader(bytes)),
};
