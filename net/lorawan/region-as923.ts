import { wrong } from "../../modules/core/errors.js";
import type { Region } from "./region.js";

/** AS923_FREQ_OFFSET of groups 1 … 4, in units of 100 Hz: RP002-1.0.4 §2.10. */
const OFFSETS: readonly number[] = Object.freeze([0, -18_000, -66_000, -59_000]);

/**
 * AS923-1 … AS923-4. Source: RP002-1.0.4 §2.10. Uplinks are limited to 400 ms until the network says otherwise, which is
 * right in all of the region's countries; the default channels are for 1 % of the time. Where RX1 would be FSK, DR6 stands.
 * @throws {DormouseError} `declaration` on another group
 */
export function as923(group: 1 | 2 | 3 | 4 = 1): Region {
	const offset = OFFSETS[group - 1] ?? wrong("as923", group, "1 … 4");
	return Object.freeze({
		name: `AS923-${group}`,
		data: Uint32Array.of(
			3 + group, // mark
			6, // highest data rate
			0, // RX1: base
			0, // lowest
			6, // highest
			8, // offsets
			9_232_000 + offset, // RX2
			2, // RX2: data rate
			1600, // dBm EIRP / 100
			7, // highest TXPower
			230, // bytes through a repeater
			0x04002345, // joins: DR5, DR4, DR3, DR2
			0, // no listening before talk
			0, // for so many ms
			1, // limit of 400 ms
			47, // bands
			2, // default channels
			0, // no other power for few channels
			0, // dBm EIRP / 100 of few channels
			0, // joins: first channel
			0, // step
			0, // count; 0: all that are enabled
			0, // RX1 of joins; 0: the channel's
			0, // RX2 of joins; 0: as ever
			0, // step
			3, // enabled at the start
			0, // channels 16 … 31
			0, // channels 32 … 47
			0, // channels 48 … 63
			0, // channels 64 … 79
			0x3b0c, // DR0: SF12, 59 bytes, not in 400 ms
			0x3b0b, // DR1: SF11, 59 bytes, not in 400 ms
			0x137b0a, // DR2: SF10, 123 bytes, 19 in 400 ms
			0x3d7b09, // DR3: SF9, 123 bytes, 61 in 400 ms
			0x85fa08, // DR4: SF8, 250 bytes, 133 in 400 ms
			0xfafa07, // DR5: SF7, 250 bytes, 250 in 400 ms
			0xfafa17, // DR6: SF7 at 250 kHz, 250 bytes, 250 in 400 ms
			0, // DR7: not defined
			0, // DR8: not defined
			0, // DR9: not defined
			0, // DR10: not defined
			0, // DR11: not defined
			0, // DR12: not defined
			0, // DR13: not defined
			9_232_000 + offset, // channels
			9_234_000 + offset,
			0, // no third channel
			9_150_000, // band: from
			9_280_001, // below
			10, // ‰
			1600, // dBm EIRP / 100
		),
	});
}
