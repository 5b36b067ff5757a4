/*
 * board.h on ESP32 and its relatives. Source: ESP-IDF v6.0 headers, named beside each include; the SDK 8.2.3 builds with
 * no other version.
 */
#include "../board.h"
#include "rom-serial.h"

#include <string.h>

#include "app_update/include/esp_ota_ops.h" /* by its path from `components`: the SDK names no folder of it */
#include "esp_attr.h" /* esp_common: RTC_NOINIT_ATTR */
#include "esp_idf_version.h" /* esp_common */
#include "esp_mac.h" /* esp_hw_support: esp_efuse_mac_get_default */
#include "esp_partition.h" /* esp_partition */
#include "esp_random.h" /* esp_hw_support */
#include "esp_rtc_time.h" /* esp_hw_support: esp_rtc_get_time_us */
#include "esp_sleep.h" /* esp_hw_support: causes are a bit mask since v6.0 */
#include "esp_system.h" /* esp_system: esp_reset_reason */
#include "esp_timer.h" /* esp_timer: microseconds since this boot */

static RTC_NOINIT_ATTR uint8_t rtc[DM_RTC_SIZE];

/* Set when our watchdog resets the chip, which sees a panic then. */
#define STARVED 0x6f7a3c15u
static RTC_NOINIT_ATTR uint32_t starved;
static esp_timer_handle_t watchdog;

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
	static int asked, wasStarved;
	if (!asked)
		wasStarved = starved == STARVED;
	asked = 1;
	starved = 0;
	switch (esp_reset_reason()) {
	case ESP_RST_POWERON: /* plain ESP32 says so of its reset button as well */
		return DM_RESET_POWER;
	case ESP_RST_DEEPSLEEP:
		return DM_RESET_DEEP_SLEEP;
	case ESP_RST_SW:
		return DM_RESET_SOFTWARE;
	case ESP_RST_PANIC:
		return wasStarved ? DM_RESET_WATCHDOG : DM_RESET_PANIC;
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

static void starve(void *unused)
{
	(void)unused;
	starved = STARVED;
	esp_system_abort("dormouse: no progress");
}

/*
 * A timer of the system's own task, which runs though the machine's is in an endless loop; what keeps even that from running
 * is for the interrupt watchdog (CONFIG_ESP_INT_WDT). The task watchdog would not do: the SDK's event loop feeds it as long
 * as it turns, also when it only waits for what will never come.
 */
void dm_progress(void)
{
	const esp_timer_create_args_t args = { .callback = starve, .name = "dormouse" };
	if (!watchdog && esp_timer_create(&args, &watchdog) != ESP_OK)
		return;
	esp_timer_stop(watchdog); /* one that does not run is an error, of no interest */
	esp_timer_start_once(watchdog, DM_WATCHDOG_MS * 1000ull);
}

int dm_heap(uint32_t *now, uint32_t *least)
{
	*now = esp_get_free_heap_size();
	*least = esp_get_minimum_free_heap_size();
	return 1;
}

/* Of the partition that runs: with an update written, the active entry of otadata is that of another one. */
int dm_image_state(void)
{
	esp_ota_img_states_t state;
	switch (esp_ota_get_state_partition(esp_ota_get_running_partition(), &state)) {
	case ESP_OK:
		/* Flashed by cable an image has no state, or one of a bootloader without rollback: NEW. */
		return state == ESP_OTA_IMG_PENDING_VERIFY ? DM_IMAGE_PENDING : state == ESP_OTA_IMG_VALID ? DM_IMAGE_VALID : DM_IMAGE_UNKNOWN;
	case ESP_ERR_NOT_SUPPORTED:
	case ESP_ERR_NOT_FOUND:
		return DM_IMAGE_FACTORY;
	default:
		return DM_IMAGE_UNKNOWN;
	}
}

/*
 * ESP-IDF marks the active entry, valid or invalid, and not the image that runs: never with an update that waits for its first
 * boot. Source: components/app_update/esp_ota_ops.c, esp_ota_current_ota_is_workable.
 */
static int isOnTrial(void)
{
	return dm_image_state() == DM_IMAGE_PENDING && esp_ota_get_boot_partition() == esp_ota_get_running_partition();
}

int dm_image_confirm(void)
{
	return !isOnTrial() || esp_ota_mark_app_valid_cancel_rollback() == ESP_OK;
}

int dm_image_revert(void)
{
	if (isOnTrial())
		esp_ota_mark_app_invalid_rollback_and_reboot();
	return 0;
}

void dm_deep_sleep(double ms)
{
	esp_rom_output_tx_wait_idle(0);
	esp_sleep_enable_timer_wakeup(ms > 1 ? (uint64_t)(ms * 1000) : 1000);
	esp_deep_sleep_start();
}
