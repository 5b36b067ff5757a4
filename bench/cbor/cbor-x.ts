import { Encoder } from "cbor-x";
import type { Codec } from "./codec.js";

// Plain maps, as the others make them: no record extension, which only cbor-x reads.
const encoder = new Encoder({ useRecords: false, mapsAsObjects: true });

export const codec: Codec = {
	encode: (message) => encoder.encode(message.value),
	decode: (_, bytes) => encoder.decode(bytes),
};
