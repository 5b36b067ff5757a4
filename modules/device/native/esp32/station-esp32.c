/*
 * Source: ESP-IDF v6.0 headers, named beside each include, and its "Wi-Fi Driver" guide.
 *
 * The SDK's own Wi-Fi modules would be in the way: ECMA-419's takes no BSSID and no address, the older one reconnects by
 * itself and retries for as long as it likes.
 */
#include "station-esp32.h"

#include <string.h>

#include "esp_attr.h" /* esp_common: RTC_NOINIT_ATTR */
#include "esp_event.h" /* esp_event */
#include "esp_netif.h" /* esp_netif */
#include "esp_netif_net_stack.h" /* esp_netif: esp_netif_get_netif_impl */
#include "esp_wifi.h" /* esp_wifi */
#include "esp_wifi_default.h" /* esp_wifi: esp_netif_create_default_wifi_sta */
#include "lwip/dhcp.h" /* lwip: netif_dhcp_data, offered_t0_lease */

/*
 * wpa_supplicant's, with the chip's SHA-1; its header is not public.
 * Source: components/wpa_supplicant/src/crypto/sha1.h.
 */
int pbkdf2_sha1(const char *passphrase, const uint8_t *ssid, size_t ssid_len, int iterations, uint8_t *buf, size_t buflen);

enum { ASK, USE, RENEW };
enum { CHANNEL = 1, BSSID = 2, ADDRESS = 8, LEASE = 24 };
/* IEEE 802.11-2020, J.4.1. */
enum { KEY_ROUNDS = 4096, KEY_SIZE = 32 };
/*
 * Milliseconds on a channel of a hinted join: access points answer a probe in some 5. The driver takes the channel for a
 * start and goes on to all others, so that a hint that is wrong costs thirteen of these. In a scan it is the driver's 120.
 */
enum { HINT_DWELL = 30 };

/*
 * The key of the network, which takes tens to hundreds of milliseconds to make of a passphrase. It opens no more than the
 * passphrase does, which stands in flash. One round of the same function tells whose key it is.
 */
static RTC_NOINIT_ATTR struct {
	uint8_t mark[8];
	uint8_t check[8];
	uint8_t key[KEY_SIZE];
} kept;
static const uint8_t KEPT_MARK[8] = "dm-key-1";

static struct {
	void (*tell)(int status);
	esp_netif_t *station;
	esp_event_handler_instance_t onWifi, onAddress;
	uint8_t running, linked, keepsKey, isHinted, mode;
	char ssid[33];
	char passphrase[65];
	uint8_t channel;
	uint8_t bssid[6];
} wifi;

static void checkOf(uint8_t check[8])
{
	pbkdf2_sha1(wifi.passphrase, (const uint8_t *)wifi.ssid, strlen(wifi.ssid), 1, check, 8);
}

static int keyIsKept(void)
{
	uint8_t check[8];
	if (memcmp(kept.mark, KEPT_MARK, sizeof(kept.mark)))
		return 0;
	checkOf(check);
	return !memcmp(kept.check, check, sizeof(check));
}

static void keepKey(void)
{
	memset(kept.mark, 0, sizeof(kept.mark));
	if (pbkdf2_sha1(wifi.passphrase, (const uint8_t *)wifi.ssid, strlen(wifi.ssid), KEY_ROUNDS, kept.key, KEY_SIZE))
		return;
	checkOf(kept.check);
	memcpy(kept.mark, KEPT_MARK, sizeof(kept.mark));
}

static void tell(int status)
{
	if (wifi.tell)
		wifi.tell(status);
}

/* "Wi-Fi Reason Code" of the guide: which of them mean that the passphrase or the station is not wanted. */
static int statusOf(uint8_t reason)
{
	switch (reason) {
	case WIFI_REASON_NO_AP_FOUND:
	case WIFI_REASON_NO_AP_FOUND_W_COMPATIBLE_SECURITY:
	case WIFI_REASON_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD:
	case WIFI_REASON_NO_AP_FOUND_IN_RSSI_THRESHOLD:
		return DM_WIFI_NOT_FOUND;
	case WIFI_REASON_MIC_FAILURE:
	case WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT:
	case WIFI_REASON_IE_IN_4WAY_DIFFERS:
	case WIFI_REASON_AUTH_FAIL:
	case WIFI_REASON_HANDSHAKE_TIMEOUT:
		return DM_WIFI_REFUSED;
	default:
		return DM_WIFI_LOST;
	}
}

static void onWifi(void *context, esp_event_base_t base, int32_t id, void *data)
{
	(void)context;
	(void)base;
	if (id == WIFI_EVENT_STA_START) {
		wifi_scan_default_params_t scan = {
			.scan_time = { .active = { .min = HINT_DWELL, .max = HINT_DWELL }, .passive = 360 },
			.home_chan_dwell_time = 30,
		};
		/* Possible from here on; where the driver refuses, its own times hold, and a hint costs some 90 ms more. */
		(void)esp_wifi_set_scan_parameters(wifi.isHinted ? &scan : NULL);
		(void)esp_wifi_set_ps(WIFI_PS_NONE); /* an exchange is shorter than the beacons that saving would wait for */
		if (esp_wifi_connect() != ESP_OK)
			tell(DM_WIFI_LOST);
	} else if (id == WIFI_EVENT_STA_CONNECTED) {
		const wifi_event_sta_connected_t *connected = data;
		wifi.linked = 1;
		wifi.channel = connected->channel;
		memcpy(wifi.bssid, connected->bssid, sizeof(wifi.bssid));
		/* WPA3 makes its keys anew each time, and of the passphrase alone. */
		wifi.keepsKey = (connected->authmode == WIFI_AUTH_WPA2_PSK || connected->authmode == WIFI_AUTH_WPA_WPA2_PSK)
			&& strlen(wifi.passphrase) < 2 * KEY_SIZE;
		tell(DM_WIFI_ASSOCIATED);
	} else if (id == WIFI_EVENT_STA_DISCONNECTED) {
		const wifi_event_sta_disconnected_t *disconnected = data;
		int status = wifi.linked ? DM_WIFI_LOST : statusOf(disconnected->reason);
		wifi.linked = 0;
		if (status == DM_WIFI_REFUSED)
			memset(kept.mark, 0, sizeof(kept.mark));
		tell(status);
	}
}

static void onAddress(void *context, esp_event_base_t base, int32_t id, void *data)
{
	(void)context;
	(void)base;
	(void)data;
	if (id == IP_EVENT_STA_GOT_IP)
		tell(DM_WIFI_UP);
}

/* Network order, as the bytes of a join have it. */
static esp_ip4_addr_t addressAt(const uint8_t *join, int n)
{
	esp_ip4_addr_t address;
	memcpy(&address.addr, join + ADDRESS + 4 * n, 4);
	return address;
}

static esp_err_t configure(const uint8_t *join)
{
	wifi_config_t config = { 0 };
	size_t length = strlen(wifi.passphrase);
	memcpy(config.sta.ssid, wifi.ssid, strlen(wifi.ssid));
	if (length > 0 && length < 2 * KEY_SIZE && keyIsKept()) {
		static const char digits[] = "0123456789abcdef";
		for (int n = 0; n < KEY_SIZE; n++) {
			config.sta.password[2 * n] = digits[kept.key[n] >> 4];
			config.sta.password[2 * n + 1] = digits[kept.key[n] & 15];
		}
	} else
		memcpy(config.sta.password, wifi.passphrase, length);
	config.sta.threshold.authmode = length ? WIFI_AUTH_WPA2_PSK : WIFI_AUTH_OPEN;
	config.sta.pmf_cfg.capable = true;
	config.sta.scan_method = WIFI_ALL_CHANNEL_SCAN; /* and the strongest of them */
	if (join[CHANNEL]) {
		config.sta.scan_method = WIFI_FAST_SCAN;
		config.sta.channel = join[CHANNEL];
		config.sta.bssid_set = true;
		memcpy(config.sta.bssid, join + BSSID, sizeof(config.sta.bssid));
	}
	return esp_wifi_set_config(WIFI_IF_STA, &config);
}

static esp_err_t setAddress(const uint8_t *join)
{
	if (join[0] != USE)
		/* lwIP asks for the last address by itself where CONFIG_LWIP_DHCP_RESTORE_LAST_IP is set: that is its own renewal. */
		return ESP_OK;
	esp_netif_ip_info_t info = {
		.ip = addressAt(join, 0),
		.netmask = addressAt(join, 1),
		.gw = addressAt(join, 2),
	};
	esp_netif_dns_info_t dns = { 0 };
	dns.ip.type = ESP_IPADDR_TYPE_V4;
	dns.ip.u_addr.ip4 = addressAt(join, 3);
	esp_err_t error = esp_netif_dhcpc_stop(wifi.station);
	if (error == ESP_OK || error == ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED)
		error = esp_netif_set_ip_info(wifi.station, &info);
	return error == ESP_OK ? esp_netif_set_dns_info(wifi.station, ESP_NETIF_DNS_MAIN, &dns) : error;
}

int dm_wifi_join(const char *ssid, const char *passphrase, const uint8_t join[DM_WIFI_JOIN_SIZE], void (*on)(int status))
{
	dm_wifi_leave();
	if (strlen(ssid) >= sizeof(wifi.ssid) || strlen(passphrase) >= sizeof(wifi.passphrase))
		return 0;
	strcpy(wifi.ssid, ssid);
	strcpy(wifi.passphrase, passphrase);
	wifi.linked = wifi.keepsKey = 0;
	wifi.mode = join[0];
	wifi.isHinted = join[CHANNEL] > 0;
	if (esp_netif_init() != ESP_OK)
		return 0;
	esp_err_t error = esp_event_loop_create_default();
	if (error != ESP_OK && error != ESP_ERR_INVALID_STATE) /* there is one already */
		return 0;
	wifi_init_config_t init = WIFI_INIT_CONFIG_DEFAULT();
	init.nvs_enable = 0; /* what it would remember there is in RTC memory */
	wifi.station = esp_netif_create_default_wifi_sta();
	if (!wifi.station)
		return 0;
	wifi.running = 1;
	if (esp_wifi_init(&init) == ESP_OK
		&& esp_event_handler_instance_register(WIFI_EVENT, ESP_EVENT_ANY_ID, onWifi, NULL, &wifi.onWifi) == ESP_OK
		&& esp_event_handler_instance_register(IP_EVENT, IP_EVENT_STA_GOT_IP, onAddress, NULL, &wifi.onAddress) == ESP_OK
		&& esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK
		&& esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK
		&& configure(join) == ESP_OK
		&& setAddress(join) == ESP_OK) {
		wifi.tell = on;
		if (esp_wifi_start() == ESP_OK)
			return 1;
	}
	dm_wifi_leave();
	return 0;
}

static void put32(uint8_t *into, uint32_t value)
{
	into[0] = value >> 24;
	into[1] = value >> 16;
	into[2] = value >> 8;
	into[3] = value;
}

void dm_wifi_joined(uint8_t join[DM_WIFI_JOIN_SIZE])
{
	esp_netif_ip_info_t info = { 0 };
	esp_netif_dns_info_t dns = { 0 };
	struct netif *netif = wifi.station ? esp_netif_get_netif_impl(wifi.station) : NULL;
	struct dhcp *dhcp = netif && wifi.mode != USE ? netif_dhcp_data(netif) : NULL;
	if (wifi.station) {
		(void)esp_netif_get_ip_info(wifi.station, &info);
		(void)esp_netif_get_dns_info(wifi.station, ESP_NETIF_DNS_MAIN, &dns);
	}
	join[CHANNEL] = wifi.channel;
	memcpy(join + BSSID, wifi.bssid, sizeof(wifi.bssid));
	memcpy(join + ADDRESS, &info.ip.addr, 4);
	memcpy(join + ADDRESS + 4, &info.netmask.addr, 4);
	memcpy(join + ADDRESS + 8, &info.gw.addr, 4);
	memcpy(join + ADDRESS + 12, &dns.ip.u_addr.ip4.addr, 4);
	put32(join + LEASE, dhcp ? dhcp->offered_t0_lease : 0);
}

void dm_wifi_leave(void)
{
	wifi.tell = NULL;
	if (!wifi.running)
		return;
	wifi.running = 0;
	if (wifi.onWifi)
		(void)esp_event_handler_instance_unregister(WIFI_EVENT, ESP_EVENT_ANY_ID, wifi.onWifi);
	if (wifi.onAddress)
		(void)esp_event_handler_instance_unregister(IP_EVENT, IP_EVENT_STA_GOT_IP, wifi.onAddress);
	wifi.onWifi = wifi.onAddress = NULL;
	(void)esp_wifi_stop(); /* leaves in order: the access point hears of it */
	(void)esp_wifi_deinit();
	esp_netif_destroy_default_wifi(wifi.station);
	wifi.station = NULL;
	if (wifi.keepsKey && !keyIsKept())
		keepKey(); /* the radio is off: this costs least now */
}
