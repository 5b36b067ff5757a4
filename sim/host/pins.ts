/**
 * Pins of the simulated board, by provider name: those of an ESP32 DevKitC, with the battery's divider where ADC1 is free
 * of Wi-Fi.
 */
export const Pins = Object.freeze({
	I2C: Object.freeze({ default: Object.freeze({ data: 21, clock: 22 }) }),
	Analog: Object.freeze({ default: Object.freeze({ pin: 34 }) }),
});

/** All provider names, such as `I2C.default`. */
export function providerNames(): string[] {
	return Object.entries(Pins).flatMap(([kind, ports]) => Object.keys(ports).map((name) => `${kind}.${name}`));
}

/**
 * Pins that can wake an ESP32 from deep sleep, and those with touch pads.
 * Source: ESP-IDF v6.0, components/esp_hw_support/include/esp_sleep.h (ext1), soc/esp32/include/soc/touch_sensor_channel.h.
 */
export const WakePins = Object.freeze({
	levels: Object.freeze([0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39]),
	touch: Object.freeze([0, 2, 4, 12, 13, 14, 15, 27, 32, 33]),
});
