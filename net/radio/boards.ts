import { frozen } from "../../modules/core/frozen.js";
import type { SpiOptions } from "../../modules/device/io.js";

/** How a radio is wired to a board: what both families have. Pins are GPIO numbers. */
export interface RadioWiring {
	/** Speed: at most 10 MHz for an SX127x (data sheet §2.5.6), 16 MHz for an SX126x (§8.2). */
	readonly spi: Omit<SpiOptions, "mode" | "active">;
	/** NRESET. */
	readonly reset: number;
	/** High while receiving, where the board's antenna switch wants that. */
	readonly rxEnable?: number;
	/** High while sending. */
	readonly txEnable?: number;
	/** Lines of interrupts: DIO1, and on an SX127x DIO0 as well. */
	readonly dio0?: number;
	readonly dio1: number;
	/** On an SX126x: BUSY. */
	readonly busy?: number;
}

/** An SX1276, SX1277, SX1278, SX1279, RFM95 … RFM98 on a board. */
export interface Sx127xWiring extends RadioWiring {
	readonly dio0: number;
	/** Which of the chip's outputs goes to the antenna: PA_BOOST (2 … 20 dBm) or RFO (−4 … 14 dBm). */
	readonly output: "boost" | "rfo";
	/** The board has a TCXO at XTA, which takes so many milliseconds to start; a crystal when left out. */
	readonly tcxoMs?: number;
}

/** An SX1261 or SX1262 on a board. */
export interface Sx126xWiring extends RadioWiring {
	readonly chip: "sx1261" | "sx1262";
	readonly busy: number;
	/** DIO2 drives the antenna switch: high while sending. */
	readonly dio2Switch: boolean;
	/** DIO3 feeds a TCXO: its voltage's code (0 … 7 for 1.6, 1.7, 1.8, 2.2, 2.4, 2.7, 3.0, 3.3 V; data sheet table 13-35) and its start in ms. */
	readonly tcxo?: { readonly code: number; readonly startMs: number };
	/** Whether the inductor of the DC-DC converter is there; LDO else (data sheet §5.1). */
	readonly dcdc: boolean;
}

/**
 * Heltec WiFi LoRa 32 V2: ESP32, SX1276.
 * Source: the SDK's target `heltec_lora_32` (SPI, reset, DIO0); Meshtastic's `variants/heltec_v2.1` (reset, DIO0, DIO1).
 */
export const HELTEC_V2: Sx127xWiring = /* @__PURE__ */ frozen({
	spi: { clock: 5, in: 19, out: 27, select: 18, port: 1, hz: 8_000_000 },
	reset: 14,
	dio0: 26,
	dio1: 35,
	output: "boost",
});

/**
 * Heltec WiFi LoRa 32 V3: ESP32-S3, SX1262 with a TCXO of 1.8 V, DIO2 at the antenna switch.
 * Source: Meshtastic's `variants/heltec_v3`.
 */
export const HELTEC_V3: Sx126xWiring = /* @__PURE__ */ frozen({
	chip: "sx1262",
	spi: { clock: 9, in: 11, out: 10, select: 8, port: 1, hz: 8_000_000 },
	reset: 12,
	busy: 13,
	dio1: 14,
	dio2Switch: true,
	tcxo: { code: 2, startMs: 5 },
	dcdc: true,
});

/**
 * LilyGO T-Beam V1.x with an SX1276: ESP32.
 * Source: Meshtastic's `variants/tbeam` (reset, DIO); Arduino's `variants/tbeam` for the ESP32 (SPI).
 */
export const TBEAM_SX1276: Sx127xWiring = /* @__PURE__ */ frozen({
	spi: { clock: 5, in: 19, out: 27, select: 18, port: 1, hz: 8_000_000 },
	reset: 23,
	dio0: 26,
	dio1: 33,
	output: "boost",
});

/**
 * LilyGO T-Beam V1.x with an SX1262: ESP32, TCXO of 1.8 V, DIO2 at the antenna switch.
 * Source: as above.
 */
export const TBEAM_SX1262: Sx126xWiring = /* @__PURE__ */ frozen({
	chip: "sx1262",
	spi: { clock: 5, in: 19, out: 27, select: 18, port: 1, hz: 8_000_000 },
	reset: 23,
	busy: 32,
	dio1: 33,
	dio2Switch: true,
	tcxo: { code: 2, startMs: 5 },
	dcdc: true,
});

/**
 * An RFM95 breakout on an ESP32 DevKitC, by its usual SPI pins (VSPI): no board decides these, so change what is wired otherwise.
 * The module's antenna is at PA_BOOST.
 */
export const RFM95_BREAKOUT: Sx127xWiring = /* @__PURE__ */ frozen({
	spi: { clock: 18, in: 19, out: 23, select: 5, hz: 8_000_000 },
	reset: 14,
	dio0: 26,
	dio1: 33,
	output: "boost",
});
