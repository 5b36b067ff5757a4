/* Source: lwIP 2.2 as ESP-IDF v6.0 takes it, src/include/lwip/dhcp.h. */
#pragma once
#include <stdint.h>
struct netif;
struct dhcp {
	uint32_t offered_t0_lease;
};
struct dhcp *dm_stub_netif_dhcp_data(struct netif *netif);
#define netif_dhcp_data(netif) dm_stub_netif_dhcp_data(netif)
