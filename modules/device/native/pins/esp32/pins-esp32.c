/*
 * ../pins.h on ESP32 and its relatives. Source: ESP-IDF v6.0 headers, named beside each include, and
 * components/esp_hw_support/sleep_modes.c.
 *
 * What can wake from deep sleep:
 * - ESP32 (RTC pins 0, 2, 4, 12-15, 25-27, 32-39): by ext1 any number of pins that go high, or one that goes low, for
 *   several low ones only wake together (ALL_LOW); one more of the other kind by ext0.
 * - ESP32-S3 (0-21): by ext1 any number of one kind; one of the other by ext0.
 * - ESP32-C6 (0-7): by ext1, each with a level of its own.
 * - ESP32-C3 (0-5): by the GPIO matrix, each with a level of its own.
 */
#include "../pins.h"

#include "driver/gpio.h" /* esp_driver_gpio */
#include "esp_attr.h" /* esp_common: RTC_NOINIT_ATTR */
#include "esp_idf_version.h" /* esp_common */
#include "esp_rom_sys.h" /* esp_rom: esp_rom_delay_us */
#include "esp_sleep.h" /* esp_hw_support */
#include "soc/soc_caps.h" /* soc */
#if SOC_RTCIO_INPUT_OUTPUT_SUPPORTED
#include "driver/rtc_io.h" /* esp_driver_gpio */
#endif

#include "touch-esp32.h"

/* A pull of 45 kOhm moves a wire of 200 pF within five time constants of 9 us. */
#define SETTLE_US 100

#if SOC_PM_SUPPORT_EXT0_WAKEUP
/* The chip does not say which pin has ext0. */
static RTC_NOINIT_ATTR uint8_t ext0Pin;
#endif

/* An input with the pull that is wanted; the pad was held through the last sleep. */
static void prepare(gpio_num_t pin, int up, int down)
{
#if SOC_RTCIO_INPUT_OUTPUT_SUPPORTED
	rtc_gpio_hold_dis(pin);
	rtc_gpio_init(pin);
	rtc_gpio_set_direction(pin, RTC_GPIO_MODE_INPUT_ONLY);
	if (up)
		rtc_gpio_pullup_en(pin);
	else
		rtc_gpio_pullup_dis(pin);
	if (down)
		rtc_gpio_pulldown_en(pin);
	else
		rtc_gpio_pulldown_dis(pin);
#else
	gpio_hold_dis(pin);
	gpio_set_direction(pin, GPIO_MODE_INPUT);
	gpio_set_pull_mode(pin, up ? GPIO_PULLUP_ONLY : down ? GPIO_PULLDOWN_ONLY : GPIO_FLOATING);
#endif
}

static int levelOf(gpio_num_t pin)
{
#if SOC_RTCIO_INPUT_OUTPUT_SUPPORTED
	return rtc_gpio_get_level(pin) != 0;
#else
	return gpio_get_level(pin);
#endif
}

/* Arms pins by what the chip has. Returns those that are armed. */
static uint64_t arm(uint64_t high, uint64_t low)
{
	uint64_t armed = 0;
#if SOC_PM_SUPPORT_EXT1_WAKEUP
	esp_sleep_disable_ext1_wakeup_io(0);
#if SOC_PM_SUPPORT_EXT1_WAKEUP_MODE_PER_PIN
	if (high && esp_sleep_enable_ext1_wakeup_io(high, ESP_EXT1_WAKEUP_ANY_HIGH) == ESP_OK)
		armed |= high;
	if (low && esp_sleep_enable_ext1_wakeup_io(low, ESP_EXT1_WAKEUP_ANY_LOW) == ESP_OK)
		armed |= low;
#else
	/* One level for all of ext1, and ext0 for one pin of what is left. */
#if CONFIG_IDF_TARGET_ESP32
	const esp_sleep_ext1_wakeup_mode_t whenLow = ESP_EXT1_WAKEUP_ALL_LOW;
	uint64_t part = high ? high : low & -low;
#else
	const esp_sleep_ext1_wakeup_mode_t whenLow = ESP_EXT1_WAKEUP_ANY_LOW;
	uint64_t part = __builtin_popcountll(high) >= __builtin_popcountll(low) ? high : low;
#endif
	uint64_t rest = (high | low) & ~part;
	if (part && esp_sleep_enable_ext1_wakeup_io(part, part & high ? ESP_EXT1_WAKEUP_ANY_HIGH : whenLow) == ESP_OK)
		armed |= part;
	if (rest) {
		ext0Pin = (uint8_t)__builtin_ctzll(rest);
		if (esp_sleep_enable_ext0_wakeup((gpio_num_t)ext0Pin, high >> ext0Pin & 1) == ESP_OK)
			armed |= 1ull << ext0Pin;
	}
#endif
#elif SOC_GPIO_SUPPORT_HP_PERIPH_PD_SLEEP_WAKEUP && ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
	if (high && esp_sleep_enable_gpio_wakeup_on_hp_periph_powerdown(high, ESP_GPIO_WAKEUP_GPIO_HIGH) == ESP_OK)
		armed |= high;
	if (low && esp_sleep_enable_gpio_wakeup_on_hp_periph_powerdown(low, ESP_GPIO_WAKEUP_GPIO_LOW) == ESP_OK)
		armed |= low;
#elif SOC_GPIO_SUPPORT_DEEPSLEEP_WAKEUP
	if (high && esp_deep_sleep_enable_gpio_wakeup(high, ESP_GPIO_WAKEUP_GPIO_HIGH) == ESP_OK)
		armed |= high;
	if (low && esp_deep_sleep_enable_gpio_wakeup(low, ESP_GPIO_WAKEUP_GPIO_LOW) == ESP_OK)
		armed |= low;
#else
	(void)high;
	(void)low;
#endif
	return armed;
}

uint64_t dm_pins_arm(const DmPins *pins)
{
	uint64_t wanted = pins->high | pins->low;
	uint64_t high = 0, low = 0;
	for (int pin = 0; pin < GPIO_NUM_MAX; pin++)
		if (wanted >> pin & 1 && esp_sleep_is_valid_wakeup_gpio((gpio_num_t)pin))
			prepare((gpio_num_t)pin, pins->up >> pin & 1, pins->down >> pin & 1);
	esp_rom_delay_us(SETTLE_US);
	/* A pin that is at its level already would wake the chip at once, again and again; through its pull flows a current. */
	for (int pin = 0; pin < GPIO_NUM_MAX; pin++) {
		uint64_t bit = 1ull << pin;
		if (!(wanted & bit) || !esp_sleep_is_valid_wakeup_gpio((gpio_num_t)pin))
			continue;
		if (pins->high & bit && !levelOf((gpio_num_t)pin))
			high |= bit;
		else if (pins->low & bit && levelOf((gpio_num_t)pin))
			low |= bit;
		else
			prepare((gpio_num_t)pin, 0, 0);
	}
	return (wanted & ~arm(high, low)) | dm_touch_wake_on(pins->touch);
}

uint64_t dm_pins_woke(void)
{
	uint64_t pins = dm_touch_woke();
	uint32_t causes = esp_sleep_get_wakeup_causes();
#if SOC_PM_SUPPORT_EXT1_WAKEUP
	if (causes & 1u << ESP_SLEEP_WAKEUP_EXT1)
		pins |= esp_sleep_get_ext1_wakeup_status();
#endif
#if SOC_PM_SUPPORT_EXT0_WAKEUP
	if (causes & 1u << ESP_SLEEP_WAKEUP_EXT0)
		pins |= 1ull << (ext0Pin & 63);
#endif
#if SOC_GPIO_SUPPORT_HP_PERIPH_PD_SLEEP_WAKEUP || SOC_GPIO_SUPPORT_DEEPSLEEP_WAKEUP
	if (causes & 1u << ESP_SLEEP_WAKEUP_GPIO)
		pins |= esp_sleep_get_gpio_wakeup_status();
#endif
	return pins;
}
