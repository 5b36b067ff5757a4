import type { Region } from "./region.js";

/** IN865-867. Source: RP002-1.0.4 §2.12. Rows of RX1 for DR0 … DR5; where it would be FSK, DR5 stands. */
export const in865: Region = Object.freeze({
	name: "IN865",
	data: Uint32Array.of(
		2, // mark
		5, // highest data rate
		0, // RX1: base
		0, // lowest
		5, // highest
		8, // offsets
		8_665_500, // RX2
		2, // RX2: data rate
		3000, // dBm EIRP / 100
		10, // highest TXPower
		230, // bytes through a repeater
		0x06012345, // joins: DR5, DR4, DR3, DR2, DR1, DR0
		0, // no listening before talk
		0, // for so many ms
		0, // limit of 400 ms
		47, // bands
		3, // default channels
		0, // no other power for few channels
		0, // dBm EIRP / 100 of few channels
		0, // joins: first channel
		0, // step
		0, // count; 0: all that are enabled
		0, // RX1 of joins; 0: the channel's
		0, // RX2 of joins; 0: as ever
		0, // step
		7, // enabled at the start
		0, // channels 16 … 31
		0, // channels 32 … 47
		0, // channels 48 … 63
		0, // channels 64 … 79
		0x3b0c, // DR0: SF12, 59 bytes
		0x3b0b, // DR1: SF11, 59 bytes
		0x3b0a, // DR2: SF10, 59 bytes
		0x7b09, // DR3: SF9, 123 bytes
		0xfa08, // DR4: SF8, 250 bytes
		0xfa07, // DR5: SF7, 250 bytes
		0, // DR6: not defined
		0, // DR7: not defined
		0, // DR8: not defined
		0, // DR9: not defined
		0, // DR10: not defined
		0, // DR11: not defined
		0, // DR12: not defined
		0, // DR13: not defined
		8_650_625, // channels
		8_654_025,
		8_659_850,
		8_650_000, // band: from
		8_670_001, // below
		1000, // ‰
		3000, // dBm EIRP / 100
	),
});
