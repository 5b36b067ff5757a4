import type { Region } from "./region.js";

/**
 * KR920-923. Source: RP002-1.0.4 §2.11: below 922 MHz at most 10 dBm; a channel is used after it was listened to (below
 * −65 dBm for 6 ms, KC notice of technical regulations, as LoRaMac-node has it).
 */
export const kr920: Region = Object.freeze({
	name: "KR920",
	data: Uint32Array.of(
		3, // mark
		5, // highest data rate
		0, // RX1: base
		0, // lowest
		5, // highest
		6, // offsets
		9_219_000, // RX2
		0, // RX2: data rate
		1400, // dBm EIRP / 100
		7, // highest TXPower
		230, // bytes through a repeater
		0x06012345, // joins: DR5, DR4, DR3, DR2, DR1, DR0
		65, // listen before talk: −dBm
		6, // ms
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
		9_221_000, // channels
		9_223_000,
		9_225_000,
		9_209_000, // band: from
		9_220_000, // below
		1000, // ‰
		1000, // dBm EIRP / 100
		9_220_000, // band: from
		9_233_001, // below
		1000, // ‰
		1400, // dBm EIRP / 100
	),
});
