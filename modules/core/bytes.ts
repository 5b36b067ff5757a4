import { DormouseError } from "./errors.js";

const DIGITS = "0123456789abcdef";

/** Lower-case hexadecimal digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
	let text = "";
	for (let n = 0; n < bytes.length; n++) text += DIGITS.charAt(bytes[n]! >> 4) + DIGITS.charAt(bytes[n]! & 15);
	return text;
}

/**
 * Bytes of hexadecimal digits in either case; spaces are skipped.
 * @throws {DormouseError} `malformed` on another character or an odd count
 */
export function fromHex(text: string): Uint8Array {
	const compact = text.replaceAll(" ", "").toLowerCase();
	if (compact.length % 2) throw new DormouseError("malformed", "hex digits come in pairs");
	const bytes = new Uint8Array(compact.length / 2);
	for (let at = 0; at < bytes.length; at++) {
		const high = DIGITS.indexOf(compact.charAt(2 * at));
		const low = DIGITS.indexOf(compact.charAt(2 * at + 1));
		if (high < 0 || low < 0) throw new DormouseError("malformed", `not hex at digit ${2 * at}`);
		bytes[at] = (high << 4) | low;
	}
	return bytes;
}

/** Whether two byte strings are equal, in a time that depends on their length only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	let difference = 0;
	for (let at = 0; at < a.length; at++) difference |= a[at]! ^ b[at]!;
	return difference === 0;
}

/** Bytes that `text` takes as UTF-8. Lone surrogates count as U+FFFD. */
export function utf8Length(text: string): number {
	let length = 0;
	const count = text.length; // on XS it is counted each time
	for (let n = 0; n < count; ) {
		const point = text.codePointAt(n)!;
		length += point < 0x80 ? 1 : utf8Size(point);
		n += point > 0xffff ? String.fromCodePoint(point).length : 1;
	}
	return length;
}

/**
 * Writes `text` as UTF-8 at `at`; right both where strings are UTF-16 (Node) and where they are whole code points (the
 * device's XS). Without an iterator, which costs an object a character. Lone surrogates become U+FFFD.
 * @returns the offset behind the last byte
 * @throws {DormouseError} `overflow` when it does not fit; nothing is written then
 */
export function writeUtf8(text: string, into: Uint8Array, at = 0): number {
	const count = text.length;
	// No character takes more than four bytes; to count them costs nearly as much as to write them.
	if (at + 4 * count > into.length && at + utf8Length(text) > into.length) throw new DormouseError("overflow");
	for (let n = 0; n < count; ) {
		let point = text.codePointAt(n)!;
		if (point < 0x80) {
			into[at++] = point;
			n++;
			continue;
		}
		const size = utf8Size(point);
		n += point > 0xffff ? String.fromCodePoint(point).length : 1;
		if (isSurrogate(point)) point = 0xfffd;
		for (let shift = 6 * (size - 1), lead = LEADS[size]!; shift >= 0; shift -= 6, lead = 0x80) {
			into[at++] = lead | ((point >> shift) & (lead === 0x80 ? 0x3f : 0x7f >> size));
		}
	}
	return at;
}

/** `text` as UTF-8 in a new array. */
export function utf8(text: string): Uint8Array {
	const bytes = new Uint8Array(utf8Length(text));
	writeUtf8(text, bytes);
	return bytes;
}

/**
 * Text of UTF-8 bytes, strictly: no overlong forms, surrogates or points above U+10FFFF.
 * @throws {DormouseError} `malformed`
 * Source: RFC 3629 §4.
 */
export function fromUtf8(bytes: Uint8Array): string {
	let text = "";
	for (let at = 0; at < bytes.length; ) {
		const lead = bytes[at++]!;
		if (lead < 0x80) {
			text += String.fromCharCode(lead);
			continue;
		}
		const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
		let point = lead & (0x7f >> size);
		for (let more = 1; more < size; more++) {
			const next = bytes[at++] ?? 0;
			if ((next & 0xc0) !== 0x80) throw new DormouseError("malformed", "not UTF-8");
			point = (point << 6) | (next & 0x3f);
		}
		if (lead < 0xc2 || lead > 0xf4 || utf8Size(point) !== size || isSurrogate(point) || point > 0x10ffff)
			throw new DormouseError("malformed", "not UTF-8");
		text += String.fromCodePoint(point);
	}
	return text;
}

const LEADS = Uint8Array.of(0, 0, 0xc0, 0xe0, 0xf0);

function utf8Size(point: number): number {
	return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
}

function isSurrogate(point: number): boolean {
	return point >= 0xd800 && point <= 0xdfff;
}
