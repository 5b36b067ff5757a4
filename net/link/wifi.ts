import { join, joined, leave } from "device/wifi";
import type { LinkDeclaration } from "./link.js";
import { declareWifi, type WifiOptions, type WifiRadio } from "./wifi-link.js";

export type { WifiOptions } from "./wifi-link.js";

const radio: WifiRadio = Object.freeze({ join, joined, leave });

/**
 * Declares Wi-Fi as the way to an IP network. Settings from provisioning: `ssid`, `passphrase`.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function wifi(options: WifiOptions = {}): LinkDeclaration {
	return declareWifi(options, radio);
}
