import { DormouseError } from "../core/errors.js";
import { crc16 } from "../core/native.js";

/**
 * The container of retained state and cells: `[magic, layout, {section, version, length, bytes, crc16}…]`. Each room
 * encodes and restores its own section; a section that is damaged or unknown resets alone, unless its length is what was
 * damaged: then those behind it cannot be found either.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 2 | magic, 0x444d |
 * | 2 | 1 | layout, 1 |
 * | 3 | 1 | number of sections |
 * | 4 | 4 | sequence: the newer of two containers has the higher one |
 * | 8 | 2 | bytes of all sections together |
 * | 10 | 2 | CRC-16 of bytes 0 … 9 |
 * | 12 | … | sections: id u8, version u8, length u16, bytes, CRC-16 of all these |
 */
export const CONTAINER_HEADER = 12;
const MAGIC = 0x444d;
const LAYOUT = 1;
const SECTION_HEADER = 4;
const SECTION_TRAILER = 2;

/** Writes a container into the caller's bytes. */
export class ContainerWriter {
	private readonly bytes: Uint8Array;
	private readonly view: DataView;
	private at = CONTAINER_HEADER;
	private sections = 0;
	private room = 0;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}
	/** Starts over. */
	begin(): this {
		this.at = CONTAINER_HEADER;
		this.sections = 0;
		return this;
	}
	/**
	 * Opens a section; the caller writes to the view and calls {@link end}.
	 * @param room the section's budget in bytes
	 * @throws {DormouseError} `overflow` when the budget does not fit the container
	 */
	section(id: number, version: number, room: number): DataView {
		const at = this.at;
		if (at + SECTION_HEADER + room + SECTION_TRAILER > this.bytes.length) throw new DormouseError("overflow");
		this.view.setUint8(at, id);
		this.view.setUint8(at + 1, version);
		this.room = room;
		return new DataView(this.bytes.buffer, this.bytes.byteOffset + at + SECTION_HEADER, room);
	}
	/** Closes the open section after `length` bytes. @throws {DormouseError} `overflow` when that breaks its budget */
	end(length: number): this {
		if (length > this.room) throw new DormouseError("overflow", `a section of ${length} bytes, ${this.room} allowed`);
		const at = this.at;
		const end = at + SECTION_HEADER + length;
		this.view.setUint16(at + 2, length);
		this.view.setUint16(end, crc16(this.bytes, at, end));
		this.at = end + SECTION_TRAILER;
		this.sections++;
		return this;
	}
	/** Writes the header. @returns bytes of the whole container */
	finish(sequence: number): number {
		const view = this.view;
		view.setUint16(0, MAGIC);
		view.setUint8(2, LAYOUT);
		view.setUint8(3, this.sections);
		view.setUint32(4, sequence);
		view.setUint16(8, this.at - CONTAINER_HEADER);
		view.setUint16(10, crc16(this.bytes, 0, 10));
		return this.at;
	}
}

/** Reads a container out of bytes that may be anything. */
export class ContainerReader {
	private readonly bytes: Uint8Array;
	private readonly view: DataView;
	/** Whether the header is sound. */
	readonly valid: boolean;
	/** 0 unless `valid`. */
	readonly sequence: number;
	/** Bytes of the whole container; 0 unless `valid`. */
	readonly length: number;
	/** Version of the section that {@link section} returned last. */
	version = 0;
	/** Where that one ended: as a rule the next one asked for begins there. */
	private next = CONTAINER_HEADER;

	/** @param bytes at least {@link CONTAINER_HEADER} of them; the header alone tells `valid`, `sequence` and `length` */
	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.view = view;
		this.valid =
			bytes.length >= CONTAINER_HEADER &&
			view.getUint16(0) === MAGIC &&
			view.getUint8(2) === LAYOUT &&
			view.getUint16(10) === crc16(bytes, 0, 10);
		this.sequence = this.valid ? view.getUint32(4) : 0;
		this.length = this.valid ? CONTAINER_HEADER + view.getUint16(8) : 0;
	}
	/** Whether the header and each section are sound. */
	get sound(): boolean {
		if (!this.valid || this.length > this.bytes.length) return false;
		let at = CONTAINER_HEADER;
		for (let sections = this.view.getUint8(3); sections > 0; sections--) {
			const end = this.end(at);
			if (end === 0) return false;
			at = end;
		}
		return at === this.length;
	}
	/**
	 * Finds a section and sets {@link version}.
	 * @returns its bytes, a view that lives as long as the reader's; undefined when it is absent or damaged
	 */
	section(id: number): DataView | undefined {
		const { bytes, view } = this;
		if (!this.valid) return undefined;
		for (let from = this.next; ; from = CONTAINER_HEADER) {
			for (let at = from; at < this.length && at + SECTION_HEADER + SECTION_TRAILER <= bytes.length; ) {
				const length = view.getUint16(at + 2);
				const end = at + SECTION_HEADER + length + SECTION_TRAILER;
				// One that is damaged may only look like this one: its id may be what was damaged.
				if (view.getUint8(at) === id && this.end(at) !== 0) {
					this.version = view.getUint8(at + 1);
					this.next = end;
					return new DataView(bytes.buffer, bytes.byteOffset + at + SECTION_HEADER, length);
				}
				at = end;
			}
			if (from === CONTAINER_HEADER) return undefined;
		}
	}
	/** @returns the offset behind the section at `at`, 0 when it is damaged */
	private end(at: number): number {
		if (at + SECTION_HEADER + SECTION_TRAILER > this.length) return 0;
		const end = at + SECTION_HEADER + this.view.getUint16(at + 2);
		if (end + SECTION_TRAILER > this.length || end + SECTION_TRAILER > this.bytes.length) return 0;
		return this.view.getUint16(end) === crc16(this.bytes, at, end) ? end + SECTION_TRAILER : 0;
	}
}
