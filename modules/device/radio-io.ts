import device from "embedded:provider/builtin";
import { DormouseError } from "../core/errors.js";
import type { RadioIo } from "./io.js";

/**
 * SPI and digital pins of this board, for a radio.
 * @throws {DormouseError} `declaration` when it has none
 */
export function radioIo(): RadioIo {
	const { io } = device;
	if (!io?.SPI || !io.Digital) throw new DormouseError("declaration", "this board has no SPI or no digital pins");
	return io as RadioIo;
}
