import { i2cPort } from "../modules/device/provider.js";
import type { SensorDeclaration } from "../modules/measure/sensor.js";
import { type Bme280Options, declareBme280 } from "./bme280-driver.js";

/**
 * Bosch BME280 on this board's I2C: `temperature` in Cel, `humidity` in %RH, `pressure` in hPa.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function bme280(options: Bme280Options): SensorDeclaration {
	return declareBme280(options, i2cPort);
}
