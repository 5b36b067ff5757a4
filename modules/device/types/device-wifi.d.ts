/**
 * The Wi-Fi station of the board: each place brings its own module under this specifier (C on ESP32, a network that is
 * always there on the desktop, a shim in the simulator). Only `net/link/wifi.ts` imports it.
 *
 * A join is described by {@link JOIN_BYTES} bytes, all numbers big-endian:
 *
 * | at | bytes | what |
 * |---|---|---|
 * | 0 | 1 | how the address is had: 0 = from DHCP, 1 = as given, 2 = from DHCP, asking for the one given (RFC 2131 §3.2) |
 * | 1 | 1 | channel; 0 = look on all |
 * | 2 | 6 | BSSID; only where the channel is given |
 * | 8 | 4 × 4 | address, mask, gateway, DNS server |
 * | 24 | 4 | seconds that DHCP leased the address for; 0 = it did not |
 */
declare module "device/wifi" {
	/**
	 * Starts the radio and joins a network; one that runs is left first.
	 * @param ssid 1 … 32 bytes of UTF-8
	 * @param passphrase 8 … 63 characters, or the 64 hexadecimal digits of the key that is made of them, which saves
	 * making it; empty where the network is open
	 * @param join as above; read during the call
	 * @param on its `told` is called at each change until {@link leave}, never from inside this call: 1 = associated, 2 = up: the address is
	 * set, 3 = the network was not found, 4 = it refused the passphrase or the station, 5 = the association ended
	 */
	export function join(ssid: string, passphrase: string, join: Uint8Array, on: { told(status: number): void }): void;
	/** Fills in what the join came to, from byte 1 on; once `told` said 2. */
	export function joined(join: Uint8Array): void;
	/** Leaves the network and stops the radio; idempotent, allowed from inside `told`. */
	export function leave(): void;
}
