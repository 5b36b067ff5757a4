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
