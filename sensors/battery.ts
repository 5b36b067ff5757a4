import { analogPort } from "../modules/device/provider.js";
import type { SensorDeclaration } from "../modules/measure/sensor.js";
import { type BatteryOptions, declareBattery } from "./battery-driver.js";

/**
 * Battery voltage at an analog input of this board: `battery` in V.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function battery(options: BatteryOptions): SensorDeclaration {
	return declareBattery(options, analogPort);
}
