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
			2,
			1600, // dBm EIRP / 100
			7, // highest TXPower
			230, // bytes through a repeater
			0x04002345, // joins: DR5, DR4, DR3, DR2
			0,
			0,
			1, // limit of 400 ms
			47, // bands
			2, // default channels
			0,
			0,
			0,
			0,
			0,
			0,
			0,
			0,
			3, // enabled at the start
			0,
			0,
			0,
			0,
			0x3b0c, // DR0: SF12, 59 bytes, not in 400 ms
			0x3b0b, // DR1: SF11, 59 bytes, not in 400 ms
			0x137b0a, // DR2: SF10, 123 bytes, 19 in 400 ms
			0x3d7b09, // DR3: SF9, 123 bytes, 61 in 400 ms
			0x85fa08, // DR4: SF8, 250 bytes, 133 in 400 ms
			0xfafa07, // DR5: SF7, 250 bytes, 250 in 400 ms
			0xfafa17, // DR6: SF7 at 250 kHz, 250 bytes, 250 in 400 ms
			0,
			0,
			0,
			0,
			0,
			0,
			0,
			9_232_000 + offset, // channels
			9_234_000 + offset,
			0,
			9_150_000, // band: from
			9_280_001, // below
			10, // ‰
			1600, // dBm EIRP / 100
		),
	});
}
