/*
 * Source: ESP-IDF v6.0, components/esp_driver_touch_sens and examples/peripherals/touch_sensor/touch_sens_sleep; pins of
 * the pads: components/soc/(chip)/include/soc/touch_sensor_channel.h.
 */
#include "touch-esp32.h"

#include "soc/soc_caps.h"

#if SOC_TOUCH_SENSOR_SUPPORTED
#include "driver/touch_sens_types.h" /* ours, beside this file */
#include "esp_driver_touch_sens/include/driver/touch_sens.h"
#include "esp_sleep.h" /* esp_hw_support */
#include "soc/touch_sensor_channel.h"

/* A touch changes the reading by so much of what it is untouched. ESP-IDF's example takes 2 %, for bare pads of its kit. */
#define TOUCH_PERCENT 5
/* Scans until the readings are settled, as in the example. */
#define SCANS 3
#define SCAN_MS 2000

#if CONFIG_IDF_TARGET_ESP32
#define FIRST 0
static const uint8_t PINS[] = {
	TOUCH_PAD_NUM0_GPIO_NUM, TOUCH_PAD_NUM1_GPIO_NUM, TOUCH_PAD_NUM2_GPIO_NUM, TOUCH_PAD_NUM3_GPIO_NUM,
	TOUCH_PAD_NUM4_GPIO_NUM, TOUCH_PAD_NUM5_GPIO_NUM, TOUCH_PAD_NUM6_GPIO_NUM, TOUCH_PAD_NUM7_GPIO_NUM,
	TOUCH_PAD_NUM8_GPIO_NUM, TOUCH_PAD_NUM9_GPIO_NUM,
};
#else
#define FIRST 1 /* 0 is inside the chip */
static const uint8_t PINS[] = {
	TOUCH_PAD_NUM1_GPIO_NUM, TOUCH_PAD_NUM2_GPIO_NUM, TOUCH_PAD_NUM3_GPIO_NUM, TOUCH_PAD_NUM4_GPIO_NUM,
	TOUCH_PAD_NUM5_GPIO_NUM, TOUCH_PAD_NUM6_GPIO_NUM, TOUCH_PAD_NUM7_GPIO_NUM, TOUCH_PAD_NUM8_GPIO_NUM,
	TOUCH_PAD_NUM9_GPIO_NUM, TOUCH_PAD_NUM10_GPIO_NUM, TOUCH_PAD_NUM11_GPIO_NUM, TOUCH_PAD_NUM12_GPIO_NUM,
	TOUCH_PAD_NUM13_GPIO_NUM, TOUCH_PAD_NUM14_GPIO_NUM,
};
#endif
#define PADS ((int)sizeof(PINS))

/* A channel's configuration for a threshold: absolute on ESP32, where a touch lowers the reading, else beyond the benchmark. */
static touch_channel_config_t channelFor(uint32_t untouched)
{
	uint32_t change = untouched * TOUCH_PERCENT / 100;
	touch_channel_config_t channel = {
#if SOC_TOUCH_SENSOR_VERSION == 1
		.abs_active_thresh = { untouched - change },
		.group = TOUCH_CHAN_TRIG_GROUP_BOTH,
#else
		.active_thresh = { change },
#endif
		.charge_speed = TOUCH_CHARGE_SPEED_7,
		.init_charge_volt = TOUCH_INIT_CHARGE_VOLT_DEFAULT,
	};
	return channel;
}

uint64_t dm_touch_wake_on(uint64_t pins)
{
	uint64_t left = pins;
	touch_sensor_handle_t sensor;
	touch_channel_handle_t channels[PADS] = { 0 };
	touch_sensor_sample_config_t sample[TOUCH_SAMPLE_CFG_NUM] = {
#if SOC_TOUCH_SENSOR_VERSION == 1
		TOUCH_SENSOR_V1_DEFAULT_SAMPLE_CONFIG(5.0, TOUCH_VOLT_LIM_L_0V5, TOUCH_VOLT_LIM_H_1V7),
#else
		TOUCH_SENSOR_V2_DEFAULT_SAMPLE_CONFIG(500, TOUCH_VOLT_LIM_L_0V5, TOUCH_VOLT_LIM_H_2V2),
#endif
	};
	touch_sensor_config_t config = TOUCH_SENSOR_DEFAULT_BASIC_CONFIG(TOUCH_SAMPLE_CFG_NUM, sample);
	touch_sensor_filter_config_t filter = TOUCH_SENSOR_DEFAULT_FILTER_CONFIG();
	touch_sleep_config_t sleep = TOUCH_SENSOR_DEFAULT_DSLP_CONFIG();
	touch_channel_config_t first = channelFor(1000);

	if (!pins || touch_sensor_new_controller(&config, &sensor) != ESP_OK)
		return pins;
	for (int pad = 0; pad < PADS; pad++)
		if (pins >> PINS[pad] & 1)
			touch_sensor_new_channel(sensor, FIRST + pad, &first, &channels[pad]);
	if (touch_sensor_config_filter(sensor, &filter) != ESP_OK || touch_sensor_enable(sensor) != ESP_OK)
		return pins;
	for (int n = 0; n < SCANS; n++)
		touch_sensor_trigger_oneshot_scanning(sensor, SCAN_MS);
	touch_sensor_disable(sensor);
	for (int pad = 0; pad < PADS; pad++) {
		uint32_t untouched[TOUCH_SAMPLE_CFG_NUM] = { 0 };
#if SOC_TOUCH_SUPPORT_BENCHMARK
		touch_chan_data_type_t type = TOUCH_CHAN_DATA_TYPE_BENCHMARK;
#else
		touch_chan_data_type_t type = TOUCH_CHAN_DATA_TYPE_SMOOTH;
#endif
		if (!channels[pad] || touch_channel_read_data(channels[pad], type, untouched) != ESP_OK)
			continue;
		touch_channel_config_t channel = channelFor(untouched[0]);
		if (touch_sensor_reconfig_channel(channels[pad], &channel) == ESP_OK)
			left &= ~(1ull << PINS[pad]);
	}
	/* Without `deep_slp_chan` every pad wakes, and RTC_PERIPH stays on for it. Enables the wake-up as well. */
	if (touch_sensor_config_sleep_wakeup(sensor, &sleep) != ESP_OK || touch_sensor_enable(sensor) != ESP_OK ||
		touch_sensor_start_continuous_scanning(sensor) != ESP_OK)
		return pins;
	return left;
}

uint64_t dm_touch_woke(void)
{
	int status = esp_sleep_get_touchpad_wakeup_status();
	uint64_t pins = 0;
	if (status < 0)
		return 0;
	/* ESP32 gives a mask of channels, S3 the number of one: components/esp_hw_support/sleep_modes.c. */
	for (int pad = 0; pad < PADS; pad++)
		if (SOC_TOUCH_SENSOR_VERSION == 1 ? status >> pad & 1 : status == FIRST + pad)
			pins |= 1ull << PINS[pad];
	return pins;
}

#else

uint64_t dm_touch_wake_on(uint64_t pins)
{
	return pins;
}

uint64_t dm_touch_woke(void)
{
	return 0;
}

#endif
