import { wrong } from "../../modules/core/errors.js";
import { type Region, subBandMask } from "./region.js";

/**
 * US902-928. Source: RP002-1.0.4 §2.5: 64 channels of 125 kHz, 8 of 500 kHz; 30 dBm EIRP while 50 of the narrow ones and
 * more are hopped over, else 21; 26 on the wide ones.
 * @param subBand 1 … 8 where the network listens to eight channels alone, such as 2; 0: to all of them
 * @throws {DormouseError} `declaration` on another sub-band
 */
export function us915(subBand = 0): Region {
	if (!(Number.isInteger(subBand) && subBand >= 0 && subBand <= 8)) wrong("us915", subBand, "0 … 8");
	return Object.freeze({
		name: "US915",
		data: Uint32Array.of(
			8, // mark
			4, // highest data rate
			10, // RX1: base
			8, // lowest
			13, // highest
			4, // offsets
			9_233_000, // RX2
			8, // RX2: data rate
			3000, // dBm EIRP / 100
			14, // highest TXPower
			230, // bytes through a repeater
			0x02000040, // joins: DR0, DR4
			0, // no listening before talk
			0, // for so many ms
			0, // limit of 400 ms
			66, // bands
			0, // default channels
			50, // power of few channels
			2100, // dBm EIRP / 100 of few channels
			0, // joins: first channel
			0, // step
			0, // count; 0: all that are enabled
			0, // RX1 of joins; 0: the channel's
			0, // RX2 of joins; 0: as ever
			0, // step
			...subBandMask(subBand), // enabled at the start
			0x130a, // DR0: SF10, 19 bytes
			0x3d09, // DR1: SF9, 61 bytes
			0x8508, // DR2: SF8, 133 bytes
			0xfa07, // DR3: SF7, 250 bytes
			0xfa28, // DR4: SF8 at 500 kHz, 250 bytes
			0, // -
			0, // -
			0, // -
			0x2c, // DR8: SF12 at 500 kHz
			0x2b, // DR9: SF11 at 500 kHz
			0x2a, // DR10: SF10 at 500 kHz
			0x29, // DR11: SF9 at 500 kHz
			0x28, // DR12: SF8 at 500 kHz
			0x27, // DR13: SF7 at 500 kHz
			64, // channels: count
			9_023_000, // first
			2000, // step
			0, // data rates
			3,
			9_233_000, // RX1: first
			6000, // step
			8, // count
			3000, // dBm EIRP / 100
			8, // channels: count
			9_030_000, // first
			16_000, // step
			4, // data rates
			4,
			9_233_000, // RX1: first
			6000, // step
			8, // count
			2600, // dBm EIRP / 100
			5, // ChMaskCntl: words
			5, // banks
			6, // all on
			7, // all off
			9_020_000, // band: from
			9_280_001, // below
			1000, // ‰
			3000, // dBm EIRP / 100
		),
	});
}
