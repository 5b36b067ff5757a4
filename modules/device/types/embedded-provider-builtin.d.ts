/**
 * What the board offers by name. Which names exist depends on the build's target: a board without a bus has no entry for it.
 * Source: Moddable SDK 8.2.3, build/devices/esp32/targets (each target's host/provider.js). ECMA-419 §16 (provider instances).
 */
declare module "embedded:provider/builtin" {
	import type { PinSpecifier, PortSpecifier } from "embedded:io/_common";
	import type Analog from "embedded:io/analog";
	import type Digital from "embedded:io/digital";
	import type I2C from "embedded:io/i2c";
	import type SPI from "embedded:io/spi";

	const device: {
		/** By name, such as `default`: to open one, `new io({...entry, address, hz})`. */
		readonly I2C?: {
			readonly [name: string]: {
				readonly io: typeof I2C;
				readonly data: PinSpecifier;
				readonly clock: PinSpecifier;
				readonly port?: PortSpecifier;
			};
		};
		/** By name, such as `default`: to open one, `new io(entry)`. */
		readonly Analog?: {
			readonly [name: string]: {
				readonly io: typeof Analog;
				readonly pin: PinSpecifier;
			};
		};
		/** The classes themselves, for pins that the provider has no name for. */
		readonly io?: {
			readonly SPI?: typeof SPI;
			readonly Digital?: typeof Digital;
		};
	};
	export default device;
}
