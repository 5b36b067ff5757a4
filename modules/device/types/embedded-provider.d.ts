/**
 * What the board brings, by name. ECMA-419 §16 (host provider instance); in the SDK each target's `host/provider.js`.
 * Which names exist is up to the board: `I2C.default` is there where the board's maker says which pins carry a bus.
 */
declare module "embedded:provider/builtin" {
	import type Analog from "embedded:io/analog";
	import type { AnalogOptions } from "embedded:io/analog";
	import type I2C from "embedded:io/i2c";
	import type { I2COptions } from "embedded:io/i2c";

	export interface I2CPort {
		readonly io: new (options: I2COptions) => I2C;
		readonly data: number;
		readonly clock: number;
		/** Controller: a number, or a name of the SDK's such as "I2C_NUM_0" that it takes for 0. */
		readonly port?: number;
	}
	export interface AnalogPort {
		readonly io: new (options: AnalogOptions) => Analog;
		readonly pin: number;
	}
	const device: {
		readonly I2C?: { readonly [name: string]: I2CPort };
		readonly Analog?: { readonly [name: string]: AnalogPort };
	};
	export default device;
}
