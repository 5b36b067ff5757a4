import { radioIo } from "../../modules/device/radio-io.js";
import type { Sx127xWiring } from "./boards.js";
import type { RadioDeclaration } from "./radio.js";
import { declareSx127x } from "./sx127x-driver.js";

/** An SX1276, SX1277, SX1278, SX1279 or RFM95 … RFM98 on this board, such as `sx127x(HELTEC_V2)`. */
export function sx127x(wiring: Sx127xWiring): RadioDeclaration {
	return declareSx127x(wiring, radioIo);
}
