import { wrong } from "../../modules/core/errors.js";
import { type Region, subBandMask } from "./region.js";

/**
 * AU915-928. Source: RP002-1.0.4 §2.8. Uplinks are limited to 400 ms until the network says otherwise.
 * @param subBand 1 … 8 where the network listens to eight channels alone, such as 2; 0: to all of them
 * @throws {DormouseError} `declaration` on another sub-band
 */
export function au915(subBand = 0): Region {
	if (!(Number.isInteger(subBand) && subBand >= 0 && subBand <= 8)) wrong("au915", subBand, "0 … 8");
	return Object.freeze({
		name: "AU915",
		data: Uint32Array.of(
			9, // mark
			6, // highest data rate
			8, // RX1: base
			8, // lowest
			13, // highest
			6, // offsets
			9_233_000, // RX2
			8, // RX2: data rate
			3000, // dBm EIRP / 100
			14, // highest TXPower
			230, // bytes through a repeater
			0x02000062, // joins: DR2, DR6
			0, // no listening before talk
			0, // for so many ms
			1, // limit of 400 ms
			66, // bands
			0, // default channels
			0, // no other power for few channels
			0, // dBm EIRP / 100 of few channels
			0, // joins: first channel
			0, // step
			0, // count; 0: all that are enabled
			0, // RX1 of joins; 0: the channel's
			0, // RX2 of joins; 0: as ever
			0, // step
			...subBandMask(subBand), // enabled at the start
			0x3b0c, // DR0: SF12, 59 bytes, not in 400 ms
			0x3b0b, // DR1: SF11, 59 bytes, not in 400 ms
			0x133b0a, // DR2: SF10, 59 bytes, 19 in 400 ms
			0x3d7b09, // DR3: SF9, 123 bytes, 61 in 400 ms
			0x85fa08, // DR4: SF8, 250 bytes, 133 in 400 ms
			0xfafa07, // DR5: SF7, 250 bytes, 250 in 400 ms
			0xfafa28, // DR6: SF8 at 500 kHz, 250 bytes, 250 in 400 ms
			0, // -
			0x2c, // DR8: SF12 at 500 kHz
			0x2b, // DR9: SF11 at 500 kHz
			0x2a, // DR10: SF10 at 500 kHz
			0x29, // DR11: SF9 at 500 kHz
			0x28, // DR12: SF8 at 500 kHz
			0x27, // DR13: SF7 at 500 kHz
			64, // channels: count
			9_152_000, // first
			2000, // step
			0, // data rates
			5,
			9_233_000, // RX1: first
			6000, // step
			8, // count
			3000, // dBm EIRP / 100
			8, // channels: count
			9_159_000, // first
			16_000, // step
			6, // data rates
			6,
			9_233_000, // RX1: first
			6000, // step
			8, // count
			3000, // dBm EIRP / 100
			5, // ChMaskCntl: words
			5, // banks
			6, // all on
			7, // all off
			9_150_000, // band: from
			9_280_001, // below
			1000, // ‰
			3000, // dBm EIRP / 100
		),
	});
}
