import type { Message, Plain } from "./messages.js";

/** One way to encode and decode messages. */
export interface Codec {
	encode(message: Message): Uint8Array;
	decode(message: Message, bytes: Uint8Array): Plain;
}
