import { DormouseError } from "../modules/core/errors.js";

/** What can be made to go wrong, and how it is told. */
export const FAULT_KINDS = Object.freeze({
	sensor: "the BME280 does not answer",
	nonsense: "the BME280 answers nonsense",
	broker: "the broker does not answer",
	refuse: "the broker refuses connections",
	ntp: "the time server does not answer",
	lie: "the time server is years off",
	ap: "the Wi-Fi access point is away",
	roam: "it is replaced at that moment: another BSSID, channel and subnet",
	subnet: "its addresses are others from that moment on",
	dhcp: "its DHCP server does not answer",
	cable: "the network cable is unplugged",
	gateway: "the LoRaWAN gateways neither hear nor send",
	downlink: "LoRaWAN downlinks are lost on air",
	forget: "the LoRaWAN network forgets its sessions at that moment",
	rtc: "RTC memory is corrupted at that moment",
	power: "the power is cut, and comes back at the end",
});
export type FaultKind = keyof typeof FAULT_KINDS;

/** Those that only one kind of uplink can meet. */
export const MQTT_FAULTS: readonly FaultKind[] = Object.freeze([
	"broker",
	"refuse",
	"ntp",
	"lie",
	"ap",
	"roam",
	"subnet",
	"dhcp",
]);
export const LORAWAN_FAULTS: readonly FaultKind[] = Object.freeze(["gateway", "downlink", "forget"]);

type Span = readonly [fromMs: number, toMs: number];

/** A script of faults: spans of simulated time, `sensor@6h..12h` and the like. */
export class Faults {
	readonly #spans = new Map<FaultKind, Span[]>();

	/** Whether a fault is on at an instant (milliseconds since the start). */
	active(kind: FaultKind, atMs: number): boolean {
		return this.spans(kind).some(([from, to]) => from <= atMs && atMs < to);
	}
	/** Kinds that are in the script. */
	get kinds(): readonly FaultKind[] {
		return [...this.#spans.keys()];
	}
	spans(kind: FaultKind): readonly Span[] {
		return this.#spans.get(kind) ?? [];
	}
	/**
	 * Adds what an option says: `KIND@FROM..TO`, or `KIND@FROM` for a minute; times such as `90s`, `15m`, `6h`, `1.5d`.
	 * @throws {DormouseError} `declaration`
	 */
	add(text: string): this {
		const [, kind, from, to] = /^(\w+)@([^.]*(?:\.\d[^.]*)?)(?:\.\.(.+))?$/.exec(text) ?? [];
		if (kind === undefined || !Object.hasOwn(FAULT_KINDS, kind))
			throw wrong(text, `one of ${Object.keys(FAULT_KINDS).join(", ")} before the @`);
		const fromMs = spanOf(from!);
		const toMs = to === undefined && fromMs !== undefined ? fromMs + 60_000 : spanOf(to ?? "");
		if (fromMs === undefined || toMs === undefined || toMs <= fromMs)
			throw wrong(text, "two times such as 90s, 15m, 6h or 1.5d, the earlier one first,");
		this.#spans.set(kind as FaultKind, merged([...this.spans(kind as FaultKind), [fromMs, toMs]]));
		return this;
	}
}

const UNITS: Readonly<Record<string, number>> = Object.freeze({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 });

/** Overlapping and touching spans as one, in order. */
function merged(spans: readonly Span[]): Span[] {
	const out: Span[] = [];
	for (const [from, to] of [...spans].sort(([a], [b]) => a - b)) {
		const last = out.at(-1);
		if (last && from <= last[1]) out[out.length - 1] = [last[0], Math.max(last[1], to)];
		else out.push([from, to]);
	}
	return out;
}

/** Milliseconds of a time such as `90s`, `15m`, `6h` or `1.5d`; undefined when it is none. */
export function spanOf(text: string): number | undefined {
	const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
	return count === undefined ? undefined : Number(count) * UNITS[unit!]!;
}

function wrong(text: string, right: string): DormouseError {
	return new DormouseError("declaration", `--fault ${text}: ${right} would be right`);
}
