import type { Region } from "./region.js";

/**
 * EU863-870. Source: RP002-1.0.4 §2.4: data rates, TXPower, maximum payload (not repeater compatible), RX1 data rates, RX2,
 * ChMaskCntl. Bands: ETSI EN 300 220-2 V3.1.1 annex B (K, L, M, N, P, R), limits in ERP plus 2.15 dB.
 */
export const eu868: Region = Object.freeze({
	name: "EU868",
	data: Uint32Array.of(
		1, // mark
		6, // highest data rate
		0, // RX1: base
		0, // lowest
		6, // highest
		6, // offsets
		8_695_250, // RX2
		0, // RX2: data rate
		1600, // dBm EIRP / 100
		7, // highest TXPower
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
		0xfa17, // DR6: SF7 at 250 kHz, 250 bytes
		0, // DR7: not defined
		0, // DR8: not defined
		0, // DR9: not defined
		0, // DR10: not defined
		0, // DR11: not defined
		0, // DR12: not defined
		0, // DR13: not defined
		8_681_000, // channels
		8_683_000,
		8_685_000,
		8_630_000, // band: from
		8_650_000, // below
		1, // ‰
		1600, // dBm EIRP / 100
		8_650_000, // band: from
		8_680_000, // below
		10, // ‰
		1600, // dBm EIRP / 100
		8_680_000, // band: from
		8_686_000, // below
		10, // ‰
		1600, // dBm EIRP / 100
		8_687_000, // band: from
		8_692_000, // below
		1, // ‰
		1600, // dBm EIRP / 100
		8_694_000, // band: from
		8_696_500, // below
		100, // ‰
		2900, // dBm EIRP / 100
		8_697_000, // band: from
		8_700_000, // below
		10, // ‰
		1600, // dBm EIRP / 100
	),
});
