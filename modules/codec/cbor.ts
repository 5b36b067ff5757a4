/** Major types, in the upper three bits of an item's first byte (RFC 8949 §3.1). */
export const Major = Object.freeze({
	unsigned: 0x00,
	negative: 0x20,
	bytes: 0x40,
	text: 0x60,
	array: 0x80,
	map: 0xa0,
	tag: 0xc0,
	simple: 0xe0,
});
export type Major = (typeof Major)[keyof typeof Major];

/** Simple values (RFC 8949 §3.3). */
export const Simple = Object.freeze({ false: 20, true: 21, null: 22, undefined: 23 });
