import { frozen } from "../../modules/core/frozen.js";

/**
 * Pins of the simulated board, by provider name: those of an ESP32 DevKitC, with the battery's divider where ADC1 is free
 * of Wi-Fi.
 */
export const Pins = frozen({
	I2C: { default: { data: 21, clock: 22 } },
	Analog: { default: { pin: 34 } },
});

/** All provider names, such as `I2C.default`. */
export function providerNames(): string[] {
	return Object.entries(Pins).flatMap(([kind, ports]) => Object.keys(ports).map((name) => `${kind}.${name}`));
}
