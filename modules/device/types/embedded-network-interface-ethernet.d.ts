/**
 * Wired Ethernet of the board. ESP32 only in the SDK; MAC and PHY are the target's (`defines.ethernet`).
 * Source: Moddable SDK 8.2.3, modules/io/ethernet/esp32/ethernet-esp32.c, typings/embedded_network/interface/ethernet.d.ts.
 */
declare module "embedded:network/interface/ethernet" {
	export interface EthernetOptions {
		/** Called when `connection` or `address` changed, never from inside another call. */
		readonly onChanged?: (property: "connection" | "address") => void;
	}
	/** Addresses as "192.0.2.9". There is no way to give a DNS server: names resolve under DHCP alone. */
	export interface EthernetConfiguration {
		readonly static?: { readonly address: string; readonly mask: string; readonly gateway: string } | false;
	}

	export default class Ethernet {
		/** Starts the driver where it does not run yet; it runs until the chip is reset. */
		constructor(options: EthernetOptions);
		/** Releases this object. The driver and its link stay. */
		close(): void;
		/**
		 * Asks for an address. With a static one it counts as connected at once, whether a cable is there or not: call it once
		 * `connection` is 400.
		 */
		connect(): void;
		disconnect(): void;
		/** @throws {Error} "not initialized" where the driver did not start; for addresses that are none */
		configure(configuration: EthernetConfiguration): void;
		/** 200: no link. 300: asks for an address. 400: a link without an address. 500: an address was had, IPv4 and IPv6's link-local. */
		readonly connection: number;
	}
}
