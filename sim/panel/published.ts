/** An application message on its way to the broker. */
export interface Published {
	readonly topic: string;
	readonly payload: Uint8Array;
}

const PUBLISH = 3;

/**
 * Finds what a node publishes in the bytes that leave its socket, whatever pieces they come in.
 * Source: MQTT 5.0 (OASIS) §2.1 (fixed header), §3.3 (PUBLISH); 3.1.1 is the same but for the properties.
 */
export class PublishedStream {
	#bytes = new Uint8Array(0);
	#isVersion5 = true;

	/** A connection begins. */
	reset(): void {
		this.#bytes = new Uint8Array(0);
	}
	/** @returns messages that are complete with these bytes */
	take(more: Uint8Array): Published[] {
		const joined = new Uint8Array(this.#bytes.length + more.length);
		joined.set(this.#bytes);
		joined.set(more, this.#bytes.length);
		this.#bytes = joined;
		const found: Published[] = [];
		for (;;) {
			const bytes = this.#bytes;
			const length = varint(bytes, 1);
			if (!length || bytes.length < length.end + length.value) return found;
			const body = bytes.subarray(length.end, length.end + length.value);
			this.#bytes = bytes.slice(length.end + length.value);
			if (bytes[0]! >> 4 === 1) this.#isVersion5 = body[6] === 5; // CONNECT: behind the protocol's name
			if (bytes[0]! >> 4 !== PUBLISH) continue;
			const text = 2 + ((body[0]! << 8) | body[1]!);
			let at = text + (bytes[0]! & 6 ? 2 : 0);
			if (this.#isVersion5) {
				const properties = varint(body, at);
				if (!properties) continue;
				at = properties.end + properties.value;
			}
			found.push({ topic: String.fromCharCode(...body.subarray(2, text)), payload: body.slice(at) });
		}
	}
}

/** A variable byte integer (§1.5.5) and where it ends; undefined where it is cut short. */
function varint(bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } | undefined {
	let value = 0;
	for (let at = from; at < bytes.length && at < from + 4; at++) {
		value += (bytes[at]! & 0x7f) << (7 * (at - from));
		if (bytes[at]! < 0x80) return { value, end: at + 1 };
	}
	return undefined;
}
