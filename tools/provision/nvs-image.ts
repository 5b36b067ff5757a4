import { createCipheriv, createHmac } from "node:crypto";
import { crc32 } from "../../modules/core/crc.js";
import { DormouseError } from "../../modules/core/errors.js";

/**
 * Images of an NVS partition, page format 2, holding strings of one namespace: what `nvs_get_str` of ESP-IDF reads.
 * Byte for byte what Espressif's NVS partition generator makes of the same strings.
 * Source: ESP-IDF v6.0.2, docs/en/api-reference/storage/nvs_flash.rst, "Internals", and nvs_encryption.rst.
 */

const PAGE = 4096;
const ENTRY = 32;
/** Entries of a page, behind its header and its bitmap. */
const ENTRIES = 126;
const FIRST = 64;
/** States of a page: each clears a bit more. */
const ACTIVE = 0xffff_fffe;
const FULL = 0xffff_fffc;
const FORMAT = 0xfe; // version 2
/** Types of an entry. */
const U8 = 0x01;
const SZ = 0x21;
const ANY_CHUNK = 0xff;

/** Most bytes of a key or a namespace. Source: nvs.h, NVS_KEY_NAME_MAX_SIZE less its NUL. */
export const LONGEST_NAME = 15;
/** Most bytes of a string in UTF-8: with its NUL what a page holds beside its head and a free entry; NVS itself takes 4000. */
export const LONGEST_TEXT = (ENTRIES - 2) * ENTRY - 1;
/** Bytes of the key that encrypts entries, and of one for the chip's HMAC that it can be derived from. */
export const XTS_KEY = 64;
export const HMAC_KEY = 32;

/**
 * An image of strings.
 * @param size bytes of the partition: a multiple of 4096, 3 pages at least; one page stays free for NVS itself
 * @param entries names to texts, in the order in which they are written
 * @param xtsKey {@link XTS_KEY} bytes, when entries are to be encrypted
 * @throws {DormouseError} `range` when a name or a text is too long, or `overflow` when they do not all fit
 */
export function nvsImage(
	size: number,
	namespace: string,
	entries: ReadonlyMap<string, string>,
	xtsKey?: Uint8Array,
): Uint8Array {
	if (size % PAGE !== 0 || size < 3 * PAGE) throw new DormouseError("range", `an NVS partition of ${size} bytes`);
	const image = new Image(size, xtsKey);
	image.write(header(0, U8, 1, namespace, Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), undefined);
	for (const [name, value] of entries) {
		const text = Buffer.from(`${value}\0`);
		if (text.length > LONGEST_TEXT + 1 || value.includes("\0"))
			throw new DormouseError("range", `${name}: more than ${LONGEST_TEXT} bytes, or a NUL among them`);
		const about = new DataView(new ArrayBuffer(8));
		about.setUint16(0, text.length, true);
		about.setUint16(2, 0xffff);
		about.setUint32(4, checksum(text), true);
		const span = 1 + Math.ceil(text.length / ENTRY);
		image.write(header(1, SZ, span, name, new Uint8Array(about.buffer)), text);
	}
	return image.bytes;
}

/**
 * The key that a chip derives from the one in its eFuse, as IDF's HMAC scheme does.
 * @param key {@link HMAC_KEY} bytes
 * Source: nvs_encryption.rst, "HMAC Peripheral-Based Scheme"; seeds of components/nvs_sec_provider.
 */
export function xtsKeyOf(key: Uint8Array): Uint8Array {
	const part = (seed: readonly number[]) =>
		createHmac("sha256", key)
			.update(Uint8Array.from({ length: 32 }, (_, n) => seed[n % 4]!))
			.digest();
	return Buffer.concat([part([0x5a, 0x5a, 0xbe, 0xae]), part([0xa5, 0xa5, 0xde, 0xce])]);
}

/**
 * The content of an `nvs_keys` partition.
 * @param xtsKey {@link XTS_KEY} bytes
 */
export function keysPartition(xtsKey: Uint8Array): Uint8Array {
	const page = new Uint8Array(PAGE).fill(0xff);
	page.set(xtsKey);
	new DataView(page.buffer).setUint32(XTS_KEY, checksum(xtsKey), true);
	return page;
}

/** CRC-32 as the ROM's `esp_rom_crc32_le` with 0xffffffff to go on from. */
function checksum(bytes: Uint8Array): number {
	return crc32(bytes, 0, bytes.length, 0xffff_ffff);
}

/** The head of what is written: one entry, its CRC over all but itself. @throws {DormouseError} `range` */
function header(namespace: number, type: number, span: number, name: string, data: Uint8Array): Uint8Array {
	const key = Buffer.from(name);
	if (key.length === 0 || key.length > LONGEST_NAME)
		throw new DormouseError("range", `"${name}": 1 to ${LONGEST_NAME} bytes would be right`);
	const bytes = new Uint8Array(ENTRY);
	bytes.set([namespace, type, span, ANY_CHUNK]);
	bytes.set(key, 8);
	bytes.set(data, 24);
	const covered = Uint8Array.of(...bytes.subarray(0, 4), ...bytes.subarray(8));
	new DataView(bytes.buffer).setUint32(4, checksum(covered), true);
	return bytes;
}

class Image {
	readonly bytes: Uint8Array;
	readonly #view: DataView;
	readonly #xtsKey: Uint8Array | undefined;
	/** Of the page that is written to: where it begins, and how many entries it has. */
	#page = 0;
	#count = 0;

	constructor(size: number, xtsKey: Uint8Array | undefined) {
		this.bytes = new Uint8Array(size).fill(0xff);
		this.#view = new DataView(this.bytes.buffer);
		this.#xtsKey = xtsKey;
		this.#open();
	}

	/** Writes an item: it never spans pages, and a text leaves a page's last entry free, as Espressif's tool does. */
	write(head: Uint8Array, text: Uint8Array | undefined): void {
		const span = head[2]!;
		if (text ? this.#count + span >= ENTRIES : this.#count + span > ENTRIES) this.#turn();
		const whole = new Uint8Array(span * ENTRY).fill(0xff);
		whole.set(head);
		if (text) whole.set(text, ENTRY);
		for (let n = 0; n < span; n++) this.#entry(whole.subarray(n * ENTRY, (n + 1) * ENTRY));
	}

	/** Writes the next entry, and clears the lower one of its two bits in the bitmap: written. */
	#entry(plain: Uint8Array): void {
		const at = this.#page + FIRST + this.#count * ENTRY;
		this.bytes.set(this.#xtsKey ? encrypted(this.#xtsKey, at, plain) : plain, at);
		this.bytes[this.#page + ENTRY + (this.#count >> 2)]! &= ~(1 << (2 * (this.#count & 3)));
		this.#count++;
	}

	#turn(): void {
		this.#view.setUint32(this.#page, FULL, true);
		this.#page += PAGE;
		this.#count = 0;
		// The last page is NVS's own: it moves what is alive there before it erases a page.
		if (this.#page + PAGE >= this.bytes.length)
			throw new DormouseError("overflow", `more than an NVS partition of ${this.bytes.length} bytes holds`);
		this.#open();
	}

	#open(): void {
		this.#view.setUint32(this.#page, ACTIVE, true);
		this.#view.setUint32(this.#page + 4, this.#page / PAGE, true); // the page's number in the order of writing
		this.bytes[this.#page + 8] = FORMAT;
		this.#view.setUint32(this.#page + 28, checksum(this.bytes.subarray(this.#page + 4, this.#page + 28)), true);
	}
}

/** One entry by AES-256 in XTS mode; the tweak is where it is in the partition. */
function encrypted(key: Uint8Array, at: number, plain: Uint8Array): Uint8Array {
	const tweak = Buffer.alloc(16);
	tweak.writeUInt32LE(at);
	const cipher = createCipheriv("aes-256-xts", key, tweak);
	return Buffer.concat([cipher.update(plain), cipher.final()]);
}
