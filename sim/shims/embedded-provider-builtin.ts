import { Pins } from "../host/pins.js";
import Analog from "./embedded-io-analog.js";
import Digital from "./embedded-io-digital.js";
import I2C from "./embedded-io-i2c.js";
import SPI from "./embedded-io-spi.js";

/** `embedded:provider/builtin` of the simulated board. */
export default Object.freeze({
	I2C: Object.freeze({ default: Object.freeze({ io: I2C, ...Pins.I2C.default }) }),
	Analog: Object.freeze({ default: Object.freeze({ io: Analog, ...Pins.Analog.default }) }),
	io: Object.freeze({ Digital, SPI }),
});
