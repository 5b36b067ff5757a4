import { frozen } from "../../modules/core/frozen.js";
import type { Sx126xWiring, Sx127xWiring } from "../../net/radio/boards.js";
import type { Sx1262Mode } from "../chips/sx1262.js";
import type { Sx1276Mode } from "../chips/sx1276.js";

export type RadioMode = Sx1262Mode | Sx1276Mode;
export type RadioWirings = Sx126xWiring | Sx127xWiring;

/** Points of a curve: dBm, and milliamperes there. Between them it is a straight line. */
type Curve = readonly (readonly [dbm: number, milliamperes: number])[];

/** Of a TCXO while the chip feeds it: the most that modules' parts take. An assumption. */
const TCXO = 1.5;

/**
 * Supply currents of radios by mode, in milliamperes at 3.3 V, typical. Sending is apart.
 *
 * Sources: SX1276/77/78/79 data sheet rev. 7, table 6 (LNA boosted, bands 2 and 3, 125 kHz). SX1261/2 data sheet rev. 2.1,
 * tables 3-3 (sleep with retention, standby), 3-4 (synthesiser, LoRa at 125 kHz, boosted).
 */
const SX127X = frozen({ sleep: 0.0002, standby: 1.6, synthesiser: 5.8, receive: 12 });
const SX126X = frozen({ sleep: 0.0006, rc: 0.6, xosc: 0.8 });
const SX126X_DCDC = frozen({ synthesiser: 2.1, receive: 5.3 });
const SX126X_LDO = frozen({ synthesiser: 3.55, receive: 10.1 });

/** SX127x sending. Source: the same table; below 7 dBm, and of PA_BOOST below 17, as its amplitude falls: an assumption. */
const RFO: Curve = frozen([
	[-4, 9.8],
	[0, 12.2],
	[7, 20],
	[13, 29],
	[14, 31],
] as const);
const BOOST: Curve = frozen([
	[2, 20.2],
	[8, 34.6],
	[14, 63.3],
	[17, 87],
	[20, 120],
] as const);
/**
 * SX1262 sending, DC-DC, by its highest power alone: what a lower one takes of that. Source: Semtech's LoRa Basics Modem,
 * `ral_sx126x.c`, supply by dBm, in shares of that at 22 dBm.
 */
const HIGH_SHARES: Curve = frozen([
	[-31, 0.204],
	[-22, 0.344],
	[-16, 0.459],
	[-12, 0.598],
	[-8, 0.757],
	[-5, 0.809],
	[-2, 0.88],
	[0, 1],
] as const);
/** The amplifier's settings for a highest power each, with the current there. Source: SX1261/2 data sheet, tables 3-5 and 13-21. */
const HIGH_SETTINGS: Curve = frozen([
	[14, 45],
	[17, 58],
	[20, 84],
	[22, 118],
] as const);
/** SX1261 sending, by its regulator. Source: the same file of Semtech's; 14 dBm with DC-DC: the data sheet, table 3-5. */
const LOW_DCDC: Curve = frozen([
	[-17, 5.2],
	[-9, 6.5],
	[0, 9.8],
	[5, 13.8],
	[10, 18.5],
	[14, 25.5],
	[15, 32.5],
] as const);
const LOW_LDO: Curve = frozen([
	[-17, 9.8],
	[-9, 12.4],
	[0, 19],
	[5, 26.6],
	[10, 36.6],
	[14, 48.2],
	[15, 52.2],
] as const);

/**
 * Supply current of a radio.
 * @param powerDbm at its connector, of the frame that is sent; of no account in other modes
 * @returns milliamperes
 */
export function radioCurrent(wiring: RadioWirings, mode: RadioMode, powerDbm: number): number {
	if (!("chip" in wiring)) {
		if (mode === "tx") return on(wiring.output === "boost" ? BOOST : RFO, powerDbm);
		if (mode === "sleep" || mode === "standby") return SX127X[mode];
		return mode.startsWith("fs") ? SX127X.synthesiser : SX127X.receive;
	}
	if (mode === "sleep" || mode === "rc") return SX126X[mode];
	const { chip, dcdc, tcxo } = wiring;
	const clock = tcxo ? TCXO : 0;
	if (mode === "xosc") return SX126X.xosc + clock;
	const supply = dcdc ? SX126X_DCDC : SX126X_LDO;
	if (mode === "fs") return supply.synthesiser + clock;
	if (mode !== "tx") return supply.receive + clock;
	if (chip === "sx1261") return on(dcdc ? LOW_DCDC : LOW_LDO, powerDbm) + clock;
	const [most, current] = HIGH_SETTINGS.find(([dbm]) => powerDbm <= dbm) ?? HIGH_SETTINGS.at(-1)!;
	return current * on(HIGH_SHARES, powerDbm - most) + clock;
}

/** A curve's value; beyond its ends, that at the end. */
function on(curve: Curve, dbm: number): number {
	const above = curve.findIndex(([at]) => at >= dbm);
	if (above <= 0) return curve.at(above)![1];
	const [[x0, y0], [x1, y1]] = [curve[above - 1]!, curve[above]!];
	return y0 + ((y1 - y0) * (dbm - x0)) / (x1 - x0);
}
