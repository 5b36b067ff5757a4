import { type LoraFrame, symbolMs, timeOnAirMs } from "../../sim/chips/lora-air.js";
import type { PathLoss } from "../../sim/lora/path-loss.js";

/** A loss of 100 dB everywhere, without shadows and fading: levels are what they are said to be. */
export const FLAT: PathLoss = Object.freeze({ atOneKmDb: 100, exponent: 0, shadowingDb: 0, fadingDb: 0 });

export interface FrameWish {
	readonly startMs?: number;
	readonly frequencyHz?: number;
	readonly spreadingFactor?: number;
	readonly bandwidthHz?: number;
	readonly powerDbm?: number;
	readonly invertIq?: boolean;
	readonly syncWord?: number;
	readonly bytes?: Uint8Array;
	readonly crc?: boolean;
}

/** A frame of LoRaWAN as it is on air; an uplink at SF7 on 868.1 MHz unless told otherwise. */
export function frameOf(wish: FrameWish = {}): LoraFrame {
	const { bytes = new Uint8Array(20).fill(1), startMs = 0, spreadingFactor = 7, bandwidthHz = 125_000 } = wish;
	const shape = {
		...{ spreadingFactor, bandwidthHz, codingRate: 1, preambleSymbols: 8, implicit: false, crc: wish.crc ?? true },
		lowDataRate: false,
	};
	shape.lowDataRate = symbolMs(shape) >= 16;
	return {
		...shape,
		frequencyHz: wish.frequencyHz ?? 868_100_000,
		invertIq: wish.invertIq ?? false,
		syncWord: wish.syncWord ?? 0x34,
		powerDbm: wish.powerDbm ?? 13,
		impaired: false,
		bytes,
		startMs,
		endMs: startMs + timeOnAirMs(shape, bytes.length),
	};
}
