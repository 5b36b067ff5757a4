import { decode, encode } from "cbor2";
import type { Codec } from "./codec.js";
import type { Plain } from "./messages.js";

export const codec: Codec = {
	encode: (message) => encode(message.value),
	decode: (_, bytes) => decode(bytes) as Plain,
};
