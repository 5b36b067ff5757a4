/*
 * Settings from provisioning on ESP32 and its relatives: strings in NVS, partition "settings", namespace "dormouse", as
 * `npm run provision` writes them (tools/provision). A partition of their own: SDK 8.2.3's main ends in a panic when the
 * partition "nvs" is broken, while here a broken one means no settings and a line that says so.
 * Source: ESP-IDF v6.0 headers, named beside each include.
 */
#include "../board.h"

#include <string.h>

#include "nvs_flash/include/nvs.h" /* nvs_flash: nvs_open_from_partition, nvs_get_str */
#include "nvs_flash/include/nvs_flash.h" /* nvs_flash: nvs_flash_init_partition, nvs_flash_secure_init_partition */
#include "sdkconfig.h"

#define PARTITION "settings"
#define NAMESPACE "dormouse"

static enum { UNKNOWN, READABLE, NONE } state;
static nvs_handle_t handle;

/* With the keys of the board's own scheme, where the build has one: then nothing unencrypted is believed. */
static esp_err_t enter(void)
{
#ifdef CONFIG_NVS_ENCRYPTION
	nvs_sec_cfg_t keys;
	esp_err_t error = nvs_flash_read_security_cfg_v2(nvs_flash_get_default_security_scheme(), &keys);
	if (error == ESP_OK)
		error = nvs_flash_secure_init_partition(PARTITION, &keys);
	memset(&keys, 0, sizeof(keys));
	return error;
#else
	return nvs_flash_init_partition(PARTITION);
#endif
}

static int readable(void)
{
	if (state == UNKNOWN) {
		esp_err_t error = enter();
		if (error == ESP_OK)
			error = nvs_open_from_partition(PARTITION, NAMESPACE, NVS_READONLY, &handle);
		state = error == ESP_OK ? READABLE : NONE;
		if (error != ESP_OK && error != ESP_ERR_NVS_NOT_FOUND) /* not found: never provisioned */
			dm_print("dormouse refused=settings problem=nvs");
	}
	return state == READABLE;
}

int32_t dm_setting(const char *name, char *into, uint32_t size)
{
	size_t count = size;
	if (strlen(name) >= NVS_KEY_NAME_MAX_SIZE || !readable() || nvs_get_str(handle, name, into, &count) != ESP_OK || count == 0)
		return -1;
	return (int32_t)(count - 1);
}
