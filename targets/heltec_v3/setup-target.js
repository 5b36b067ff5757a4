import Digital from "embedded:io/digital";

// Before `main`: the battery's divider is connected while this pin is low (hardware V3.0 and V3.1; V3.2 wants it high).
// Deep sleep lets go of the pin, and a pull-up disconnects the divider.
const BATTERY_CONTROL = 37;

export default function (done) {
	// A global, so that it is never collected: that would let go of the pin.
	globalThis.batteryControl = new Digital({ pin: BATTERY_CONTROL, mode: Digital.Output });
	globalThis.batteryControl.write(0);
	done();
}
