import type { UplinkListener, UplinkNode, UplinkPorts } from "../uplink.js";

/**
 * An application package of the LoRa Alliance on a port of its own, beside the node's frames: clock synchronisation (TS003);
 * fragmentation (TS004) and multicast setup (TS005) have their place here as well. Its uplinks go before the frames'.
 */
export interface LorawanPackage {
	readonly port: number;
	/**
	 * An exchange begins.
	 * @param wantsTime whether the node wants to learn the wall time
	 * @returns whether the package asks for it: DeviceTimeReq then does not
	 */
	begin(wantsTime: boolean): boolean;
	/** A downlink on its port; `bytes` lives until the call returns; `on` may be called from inside. */
	take(bytes: Uint8Array, on: Pick<UplinkListener, "wallTime">): void;
	/**
	 * The next uplink, at most `room` bytes; the same again until {@link done}.
	 * @returns bytes written; 0 for none
	 */
	next(into: Uint8Array, room: number): number;
	/** That uplink left. */
	done(): void;
}

/** A package as a node declares it. */
export interface PackageDeclaration {
	create(ports: PackagePorts): LorawanPackage;
}

/** The node's ports that packages use; the clock is the board's, and the wall time 0 while it is not known. */
export interface PackagePorts {
	readonly ports: Pick<UplinkPorts, "clock">;
	readonly node: Pick<UplinkNode, "wallMs">;
}

/** What GPS time lacks to Unix time, in milliseconds: from 1970 to 1980-01-06, less 18 leap seconds (IERS bulletin C). */
export const GPS_TO_UNIX_MS = 315_964_800_000 - 18_000;
