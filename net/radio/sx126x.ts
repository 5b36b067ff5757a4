import { radioIo } from "../../modules/device/radio-io.js";
import type { Sx126xWiring } from "./boards.js";
import type { RadioDeclaration } from "./radio.js";
import { declareSx126x } from "./sx126x-driver.js";

/** An SX1261 or SX1262 on this board, such as `sx126x(HELTEC_V3)`. */
export function sx126x(wiring: Sx126xWiring): RadioDeclaration {
	return declareSx126x(wiring, radioIo);
}
