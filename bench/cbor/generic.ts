import { CborReader } from "../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../modules/codec/cbor-writer.js";
import type { Codec } from "./codec.js";
import type { Plain } from "./messages.js";

const writer = new CborWriter(new Uint8Array(512));

/** Ours as a general codec: any value in, a value out, as the peers do it; the bytes are a copy, as theirs. */
export const codec: Codec = {
	encode(message) {
		write(message.value);
		const bytes = writer.written.slice();
		writer.reset();
		return bytes;
	},
	decode: (_, bytes) => read(new CborReader(bytes)),
};

function write(value: Plain) {
	if (typeof value === "number") writer.number(value);
	else if (typeof value === "string") writer.text(value);
	else if (value === null) writer.null();
	else if (typeof value === "boolean") writer.boolean(value);
	else if (Array.isArray(value)) {
		writer.array(value.length);
		for (let n = 0; n < value.length; n++) write(value[n]!);
	} else {
		const keys = Object.keys(value);
		writer.map(keys.length);
		for (let n = 0; n < keys.length; n++) {
			const name = keys[n]!;
			writer.text(name);
			write(value[name]!);
		}
	}
}
function read(r: CborReader): Plain {
	const initial = r.initial;
	if (initial < 0x40) return r.int();
	if (initial < 0x80) return r.text();
	if (initial < 0xa0) {
		const items: Plain[] = [];
		for (let left = r.array(); left > 0; left--) items.push(read(r));
		return items;
	}
	if (initial < 0xc0) {
		const map: { [key: string]: Plain } = {};
		for (let left = r.map(); left > 0; left--) {
			const name = r.text();
			map[name] = read(r);
		}
		return map;
	}
	if (initial === 0xf6) {
		r.null();
		return null;
	}
	return initial < 0xf6 ? r.boolean() : r.float();
}
