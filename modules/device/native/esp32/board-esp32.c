/*
 * board.h on ESP32 and its relatives. Source: ESP-IDF v6.0 headers, named beside each include; the SDK 8.2.3 builds with
 * no other version.
 */
#include "../board.h"

#include <string.h>

#include "esp_attr.h" /* esp_common: RTC_NOINIT_ATTR */
#include "esp_mac.h" /* esp_hw_support: esp_efuse_mac_get_default */
#include "esp_partition.h" /* esp_partition */
#include "esp_random.h" /* esp_hw_support */
#include "esp_rom_serial_output.h" /* esp_rom */
#include "esp_rtc_time.h" /* esp_hw_support: esp_rtc_get_time_us */
#include "esp_sleep.h" /* esp_hw_support: causes are a bit mask since v6.0 */
#include "esp_system.h" /* esp_system: esp_reset_reason */
#include "esp_timer.h" /* esp_timer: microseconds since this boot */

static RTC_NOINIT_ATTR uint8_t rtc[DM_RTC_SIZE];

/* The RTC counter starts with the power and runs on through deep sleep and resets. */
double dm_clock_ms(void)
{
	return (double)esp_rtc_get_time_us() / 1000;
}

double dm_awake_ms(void)
{
	return (double)esp_timer_get_time() / 1000;
}

int dm_wake_cause(void)
{
	uint32_t causes = esp_sleep_get_wakeup_causes();
	if (causes == 0 || causes & (1u << ESP_SLEEP_WAKEUP_UNDEFINED))
		return DM_WAKE_RESET;
	/* Several at once: what came from outside is the news, the timer would have come anyway. */
	if (causes & (1u << ESP_SLEEP_WAKEUP_EXT0 | 1u << ESP_SLEEP_WAKEUP_EXT1 | 1u << ESP_SLEEP_WAKEUP_GPIO))
		return DM_WAKE_PIN;
	if (causes & (1u << ESP_SLEEP_WAKEUP_TOUCHPAD))
		return DM_WAKE_TOUCH;
	return causes & (1u << ESP_SLEEP_WAKEUP_TIMER) ? DM_WAKE_TIMER : DM_WAKE_OTHER;
}

int dm_reset_reason(void)
{
	switch (esp_reset_reason()) {
	case ESP_RST_POWERON: /* plain ESP32 says so of its reset button as well */
		return DM_RESET_POWER;
	case ESP_RST_DEEPSLEEP:
		return DM_RESET_DEEP_SLEEP;
	case ESP_RST_SW:
		return DM_RESET_SOFTWARE;
	case ESP_RST_PANIC:
	case ESP_RST_CPU_LOCKUP:
		return DM_RESET_PANIC;
	case ESP_RST_INT_WDT:
	case ESP_RST_TASK_WDT:
	case ESP_RST_WDT:
		return DM_RESET_WATCHDOG;
	case ESP_RST_BROWNOUT:
	case ESP_RST_PWR_GLITCH:
		return DM_RESET_BROWN_OUT;
	case ESP_RST_EXT:
	case ESP_RST_SDIO:
	case ESP_RST_USB:
	case ESP_RST_JTAG:
		return DM_RESET_PIN;
	default:
		return DM_RESET_UNKNOWN;
	}
}

uint8_t *dm_rtc(void)
{
	return rtc;
}

/* True randomness only while Wi-Fi or Bluetooth runs; before, a generator that was seeded with it at boot. */
void dm_random(uint8_t *into, uint32_t count)
{
	esp_fill_random(into, count);
}

void dm_identity(uint8_t into[DM_IDENTITY_SIZE])
{
	uint8_t mac[8] = { 0 }; /* chips with 802.15.4 give 6 bytes here as well; room in case one gives 8 */
	if (esp_efuse_mac_get_default(mac) != ESP_OK)
		memset(mac, 0, sizeof(mac));
	memcpy(into, mac, DM_IDENTITY_SIZE);
}

int dm_flash_alignment(const char *label)
{
	const esp_partition_t *partition = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, label);
	return partition && partition->encrypted ? 16 : 1;
}

/* The SDK's releases have no console: the ROM's routine writes to UART 0, which the bootloader has set up. */
void dm_print(const char *line)
{
	while (*line)
		esp_rom_output_tx_one_char((uint8_t)*line++);
	esp_rom_output_tx_one_char('\r');
	esp_rom_output_tx_one_char('\n');
}

void dm_deep_sleep(double ms)
{
	esp_rom_output_tx_wait_idle(0);
	esp_sleep_enable_timer_wakeup(ms > 1 ? (uint64_t)(ms * 1000) : 1000);
	esp_deep_sleep_start();
}
