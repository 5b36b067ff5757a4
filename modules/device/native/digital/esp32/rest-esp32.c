/*
 * Light sleep, and pins that are held through deep sleep. Source: ESP-IDF v6.0 headers, named beside each include.
 *
 * The chip sleeps lightly when it is told to, not by the power management of ESP-IDF (CONFIG_PM_ENABLE with tickless idle),
 * which would do so in every pause: it does not hear edges then, but for wake-ups by level that change the interrupt's type
 * of the same pin, and an edge at the end of an exchange with the radio would be lost. Here nothing is expected meanwhile.
 */
#include "xsmc.h"
#include "xsHost.h"
#include "../../esp32/rom-serial.h"

#include "driver/gpio.h" /* esp_driver_gpio */
#include "esp_attr.h" /* esp_common: RTC_NOINIT_ATTR */
#include "esp_sleep.h" /* esp_hw_support */
#include "esp_timer.h" /* esp_timer */
#include "freertos/FreeRTOS.h" /* freertos */
#include "freertos/task.h"
#include "soc/soc_caps.h" /* soc */

/* A shorter sleep is refused by some chips, or not worth its way in and out of some 2 ms. */
#define SHORTEST_US 3000

/* (ms). Returns when they are over; at once when the chip refuses. */
void xs_dormouse_doze(xsMachine *the)
{
	double us = xsmcToNumber(xsArg(0)) * 1000;
	if (!(us >= SHORTEST_US))
		return;
	esp_rom_output_tx_wait_idle(0);
	int64_t since = esp_timer_get_time();
	if (esp_sleep_enable_timer_wakeup((uint64_t)us) != ESP_OK)
		return;
	esp_light_sleep_start();
	esp_sleep_disable_wakeup_source(ESP_SLEEP_WAKEUP_TIMER);
	/* esp_timer goes on meanwhile, and FreeRTOS' ticks do not: the SDK's timers count by them. */
	xTaskCatchUpTicks(pdMS_TO_TICKS((uint32_t)((esp_timer_get_time() - since) / 1000)));
}

/* What is held, which the chip does not tell; garbage after a power loss, when nothing is. */
#define PARKED 0x9c41e7a3u
static RTC_NOINIT_ATTR struct {
	uint32_t mark;
	uint64_t pins, high;
} parked;

static gpio_num_t pinOf(xsMachine *the)
{
	xsIntegerValue pin = xsmcToInteger(xsArg(0));
	if (!GPIO_IS_VALID_OUTPUT_GPIO(pin))
		xsRangeError("invalid pin");
	return (gpio_num_t)pin;
}

static void drive(gpio_num_t pin, int level)
{
	gpio_set_level(pin, (uint32_t)level);
	gpio_set_direction(pin, GPIO_MODE_OUTPUT);
	gpio_set_pull_mode(pin, GPIO_FLOATING); /* of a pin that is driven a pull resistor is a leak */
}

/* (pin, level) */
void xs_dormouse_park(xsMachine *the)
{
	gpio_num_t pin = pinOf(the);
	int level = xsmcToInteger(xsArg(1)) != 0;
	if (parked.mark != PARKED) {
		parked.mark = PARKED;
		parked.pins = parked.high = 0;
	}
	drive(pin, level);
	gpio_hold_en(pin);
#if !SOC_GPIO_SUPPORT_HOLD_SINGLE_IO_IN_DSLP
	gpio_deep_sleep_hold_en(); /* of digital pins the chip holds those alone that it was told to */
#endif
	parked.pins |= 1ull << pin;
	parked.high = (parked.high & ~(1ull << pin)) | (uint64_t)level << pin;
}

/* A pin that is let go would be an input for a moment; so it is driven as it was held. */
void xs_dormouse_unpark(xsMachine *the)
{
	(void)the;
	if (parked.mark != PARKED)
		return;
	for (int pin = 0; pin < GPIO_NUM_MAX; pin++) {
		if (!(parked.pins >> pin & 1))
			continue;
		drive((gpio_num_t)pin, parked.high >> pin & 1);
		gpio_hold_dis((gpio_num_t)pin);
	}
#if !SOC_GPIO_SUPPORT_HOLD_SINGLE_IO_IN_DSLP
	gpio_deep_sleep_hold_dis();
#endif
	parked.mark = 0;
}
