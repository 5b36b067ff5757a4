import { frozen } from "../../modules/core/frozen.js";

/** What a wired link takes on an ESP32 with the SDK's driver, in milliseconds. */
export const EthernetTimes = frozen({
	/**
	 * The driver looks at the link so often, first when it has started; negotiation takes less.
	 * Source: ESP-IDF, ETH_DEFAULT_CONFIG, `check_link_period_ms`.
	 */
	poll: 2000,
	/** A DHCP server, for each of its answers. An assumption, as in `wifi-times.ts`. */
	dhcpServer: 15,
	/** One way over a switch. An assumption. */
	hop: 0.2,
	/** lwIP's check whether anybody else has the offered address. Source: ESP-IDF 6.0, components/lwip/Kconfig: "lasts 1 - 2 seconds". */
	arpCheck: 1000,
	/** Until the link-local address of IPv6 counts, which the SDK waits for: RFC 4862 §5.1, RetransTimer of RFC 4861 §10. */
	duplicateAddress: 1000,
});
