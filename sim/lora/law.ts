/**
 * What is legal on air, region by region. These numbers are this file's own, apart from the firmware's and its regions':
 * who watches should not go by what the watched believes.
 */

export interface LegalBand {
	readonly name: string;
	/** From here to below there. */
	readonly lowHz: number;
	readonly highHz: number;
	/** Share of any hour, in thousandths; 1000: no limit. */
	readonly perMille: number;
	readonly eirpDbm: number;
}

export interface Law {
	readonly bands: readonly LegalBand[];
	/** Largest MACPayload of uplinks, by "SF/kHz"; a modulation that is missing is no data rate of uplinks. */
	readonly sizes: Readonly<Record<string, number>>;
	/** The longest frame of a device. @see dwellLifts */
	readonly dwellMs?: number;
	/** Whether the network may lift the limit (TxParamSetupReq). */
	readonly dwellLifts?: boolean;
	/** A channel may be occupied so long in a period of so long for each channel that is hopped over. */
	readonly hop?: { readonly occupiedMs: number; readonly periodMs: number };
	/** Listen before talk: so long, and nothing louder. */
	readonly listen?: { readonly ms: number; readonly dbm: number };
	/** Devices that hop over fewer narrow channels than this may have this much power. */
	readonly few?: { readonly channels: number; readonly eirpDbm: number };
	/** Power on channels wider than 250 kHz, where it is another one. */
	readonly wideEirpDbm?: number;
	/** Default channels in Hz: joins are on these alone. Fixed plans: all. */
	readonly channels: readonly number[];
}

const mega = (value: number) => Math.round(value * 1e6);
const row = (firstMhz: number, stepMhz: number, count: number) =>
	Array.from({ length: count }, (_, n) => mega(firstMhz + stepMhz * n));
const band = (name: string, low: number, high: number, perMille: number, eirpDbm: number): LegalBand => ({
	name,
	lowHz: mega(low),
	highHz: mega(high),
	perMille,
	eirpDbm,
});

/** 25 mW and 500 mW ERP as EIRP: 13.98 and 26.99 dBm, and a dipole's 2.15 dB. */
const MW25 = 16.13;
const MW500 = 29.14;

/** RP002-1.0.4 §2.4.6 (EU868), §2.11.6 (KR920), §2.12.6 (IN865): MACPayload, no repeater. */
const TO_250 = { "12/125": 59, "11/125": 59, "10/125": 59, "9/125": 123, "8/125": 250, "7/125": 250 };
/** §2.10.6 (AS923) and §2.8.6 (AU915), without a dwell time: shorter by {@link Law.dwellMs} itself. */
const AS_SIZES = { "12/125": 59, "11/125": 59, "10/125": 123, "9/125": 123, "8/125": 250, "7/125": 250, "7/250": 250 };

/**
 * ETSI EN 300 220-2 V3.2.1 (2018), table B.1: bands K … R for non-specific short range devices. Shares are of any hour
 * (EN 300 220-1 §5.4). Alarm bands between them are not for others.
 */
const EU868: Law = {
	bands: [
		band("K", 863, 865, 1, MW25),
		band("L", 865, 868, 10, MW25),
		band("M", 868, 868.6, 10, MW25),
		band("N", 868.7, 869.2, 1, MW25),
		band("P", 869.4, 869.65, 100, MW500),
		band("R", 869.7, 870, 10, MW25),
	],
	sizes: { ...TO_250, "7/250": 250 },
	channels: [868.1, 868.3, 868.5].map(mega),
};
/**
 * 47 CFR 15.247(a)(1)(i), (b), (f): 0.4 s on a channel in 20 s when 50 are hopped over, else in 0.4 s times their number;
 * power as RP002-1.0.4 §2.5.3 has it.
 */
const US915: Law = {
	bands: [band("902–928", 902, 928, 1000, 30)],
	sizes: { "10/125": 19, "9/125": 61, "8/125": 133, "7/125": 250, "8/500": 250 },
	dwellMs: 400,
	hop: { occupiedMs: 400, periodMs: 400 },
	few: { channels: 50, eirpDbm: 21 },
	wideEirpDbm: 26,
	channels: [...row(902.3, 0.2, 64), ...row(903, 1.6, 8)],
};
/** ACMA, Radiocommunications (Low Interference Potential Devices) Class Licence 2015: 1 W EIRP; dwell time: RP002-1.0.4 §2.8. */
const AU915: Law = {
	bands: [band("915–928", 915, 928, 1000, 30)],
	sizes: { "12/125": 59, "11/125": 59, "10/125": 59, "9/125": 123, "8/125": 250, "7/125": 250, "8/500": 250 },
	dwellMs: 400,
	dwellLifts: true,
	channels: [...row(915.2, 0.2, 64), ...row(915.9, 1.6, 8)],
};
/** RP002-1.0.4 §2.10: 16 dBm, 400 ms until the network lifts it, 1 % on the default channels; held here on all. */
const as923 = (offsetMhz: number): Law => ({
	bands: [band("915–928", 915, 928, 10, 16)],
	sizes: AS_SIZES,
	dwellMs: 400,
	dwellLifts: true,
	channels: [923.2 + offsetMhz, 923.4 + offsetMhz].map(mega),
});
/** ARIB STD-T108: carrier sense of 5 ms at −80 dBm, here with the 400 ms that LoRaWAN has, no share of its own below 10 %. */
const JAPAN: Law = {
	...as923(0),
	bands: [band("920.6–928", 920.6, 928, 100, 16)],
	listen: { ms: 5, dbm: -80 },
	dwellLifts: false,
};
/** RP002-1.0.4 §2.11: channels of 200 kHz around 920.9 … 923.3 MHz; listen before talk and 4 s a frame: KC technical requirements as LoRaMac-node has them. */
const KR920: Law = {
	bands: [band("920.8–922", 920.8, 922, 1000, 10), band("922–923.4", 922, 923.4, 1000, 14)],
	sizes: TO_250,
	dwellMs: 4000,
	listen: { ms: 5, dbm: -65 },
	channels: [922.1, 922.3, 922.5].map(mega),
};
/** RP002-1.0.4 §2.12; G.S.R. 168(E): no share, 4 W EIRP, of which LoRaWAN uses 1. */
const IN865: Law = {
	bands: [band("865–867", 865, 867, 1000, 30)],
	sizes: TO_250,
	channels: [865.0625, 865.4025, 865.985].map(mega),
};
/** MIIT notice 52 of 2019: 50 mW ERP, a second a frame; channels and sizes: RP002-1.0.4 §2.9. */
const cn470 = (channels: number[]): Law => ({
	bands: [band("470–510", 470, 510, 1000, 19.15)],
	sizes: { "11/125": 31, "10/125": 94, "9/125": 192, "8/125": 250, "7/125": 250, "7/500": 250 },
	dwellMs: 1000,
	channels,
});

const LAWS: Readonly<Record<string, Law>> = Object.freeze({
	EU868,
	US915,
	AU915,
	KR920,
	IN865,
	"AS923-1": as923(0),
	"AS923-2": as923(-1.8),
	"AS923-3": as923(-6.6),
	"AS923-4": as923(-5.9),
	"AS923-1 JP": JAPAN,
	"CN470-20A": cn470([...row(470.3, 0.2, 32), ...row(503.5, 0.2, 32)]),
	"CN470-20B": cn470([...row(476.9, 0.2, 32), ...row(496.9, 0.2, 32)]),
	"CN470-26A": cn470(row(470.3, 0.2, 48)),
	"CN470-26B": cn470(row(480.3, 0.2, 48)),
});

/** The law of a region by its name in `net/lorawan/`. @throws {Error} on one that is not known */
export function lawOf(name: string): Law {
	const law = LAWS[name];
	if (!law) throw new Error(`no law is known for ${name}`);
	return law;
}
