/*
 * The Wi-Fi station of an ESP32, in plain C: joins with a hint, an address of the caller's, and scan times of our own.
 * `device-wifi.c` makes JavaScript functions of it; nothing here knows XS. One join at a time.
 */
#ifndef DORMOUSE_STATION_ESP32_H
#define DORMOUSE_STATION_ESP32_H

#include <stdint.h>

/* What describes a join: see modules/device/types/device-wifi.d.ts. */
#define DM_WIFI_JOIN_SIZE 28

/* Values of `WifiStatus` in net/link/wifi-link.ts. */
enum { DM_WIFI_ASSOCIATED = 1, DM_WIFI_UP, DM_WIFI_NOT_FOUND, DM_WIFI_REFUSED, DM_WIFI_LOST };

/* Starts the radio and joins. `tell` is called in the task of the event loop. Returns 0 when the driver does not start. */
int dm_wifi_join(const char *ssid, const char *passphrase, const uint8_t join[DM_WIFI_JOIN_SIZE], void (*tell)(int status));
/* What the join came to, from byte 1 on. */
void dm_wifi_joined(uint8_t join[DM_WIFI_JOIN_SIZE]);
/* Stops the radio; idempotent. */
void dm_wifi_leave(void);

#endif
