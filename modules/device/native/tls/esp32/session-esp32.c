/* Where a TLS session is kept on ESP32 and its relatives, and the secret that seals it. Source: ESP-IDF v6.0 headers. */
#include "../session-memory.h"

#include "esp_attr.h" /* esp_common: RTC_NOINIT_ATTR */
#include "nvs_flash/include/nvs.h" /* nvs_flash; the SDK's main opens the default partition */

#include "../../board.h"

/* At most 15 characters each: NVS_KEY_NAME_MAX_SIZE. */
#define SPACE "dormouse"
#define NAME "tls-secret"

static RTC_NOINIT_ATTR uint32_t memory[DM_SESSION_SIZE / 4];

uint8_t *dm_session_memory(void)
{
	return (uint8_t *)memory;
}

/*
 * One write in a device's life, or in that of its NVS. It is made while the radio is on, when the chip's generator is fed
 * by it; NVS is encrypted where the production profile says so.
 */
int dm_session_secret(uint8_t into[DM_SESSION_SECRET])
{
	nvs_handle_t nvs;
	size_t count = DM_SESSION_SECRET;
	if (nvs_open(SPACE, NVS_READWRITE, &nvs) != ESP_OK)
		return 0;
	esp_err_t error = nvs_get_blob(nvs, NAME, into, &count);
	if (error == ESP_ERR_NVS_NOT_FOUND || error == ESP_ERR_NVS_INVALID_LENGTH || (error == ESP_OK && count != DM_SESSION_SECRET)) {
		dm_random(into, DM_SESSION_SECRET);
		error = nvs_set_blob(nvs, NAME, into, DM_SESSION_SECRET);
		if (error == ESP_OK)
			error = nvs_commit(nvs);
	}
	nvs_close(nvs);
	return error == ESP_OK;
}
