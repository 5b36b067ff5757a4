/** Symbols of preamble of a LoRaWAN frame: RP002-1.0.4, physical layer of each region. */
export const PREAMBLE_SYMBOLS = 8;

/** How long a symbol lasts, in milliseconds. Source: AN1200.13 §3. @param bandwidthHz 125,000 … 500,000 */
export function symbolMs(spreadingFactor: number, bandwidthHz: number): number {
	return (1000 * 2 ** spreadingFactor) / bandwidthHz;
}

/**
 * How long a LoRa frame is on air, in milliseconds: explicit header, coding rate 4/5, low data rate optimisation where a
 * symbol takes 16 ms and longer.
 * Source: Semtech AN1200.13 §4; SX1276 data sheet §4.1.1.7.
 * @param bytes of PHYPayload, 0 … 255
 * @param crc whether the payload has a CRC: uplinks have, downlinks have not (TS001-1.0.4 §3.1)
 */
export function airtimeMs(spreadingFactor: number, bandwidthHz: number, bytes: number, crc = true): number {
	const symbol = (1000 << spreadingFactor) / bandwidthHz;
	const bits = 8 * bytes - 4 * spreadingFactor + 28 + (crc ? 16 : 0);
	const blocks = Math.max(0, Math.ceil(bits / (4 * (symbol >= 16 ? spreadingFactor - 2 : spreadingFactor))));
	return (PREAMBLE_SYMBOLS + 4.25 + 8 + 5 * blocks) * symbol;
}
