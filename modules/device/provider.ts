import device from "embedded:provider/builtin";
import type { AnalogPort, I2cPort } from "./io.js";
import { findPort } from "./ports.js";

/**
 * An I2C bus of this board.
 * @param name such as `I2C.default`
 * @throws {DormouseError} `declaration`, naming the buses that the board has
 */
export function i2cPort(name: string): I2cPort {
	return findPort<I2cPort>("I2C", device.I2C, name);
}

/**
 * An analog input of this board.
 * @param name such as `Analog.default`
 * @throws {DormouseError} `declaration`, naming the inputs that the board has
 */
export function analogPort(name: string): AnalogPort {
	return findPort<AnalogPort>("Analog", device.Analog, name);
}
