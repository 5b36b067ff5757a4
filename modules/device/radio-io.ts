import device from "embedded:provider/builtin";
import Digital, { doze, park, unpark } from "device/digital";
import { DormouseError } from "../core/errors.js";
import type { RadioIo } from "./io.js";

/**
 * SPI and digital pins of this board, for a radio. The build brings `device/digital`.
 * @throws {DormouseError} `declaration` when it has none
 */
export function radioIo(): RadioIo {
	const { io } = device;
	if (!io?.SPI || !Digital) throw new DormouseError("declaration", "this board has no SPI or no digital pins");
	return { SPI: io.SPI, Digital, doze, park, unpark } as RadioIo;
}
