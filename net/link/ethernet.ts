import Ethernet from "embedded:network/interface/ethernet";
import { declareEthernet, type EthernetOptions } from "./ethernet-link.js";
import type { LinkDeclaration } from "./link.js";

export type { EthernetOptions } from "./ethernet-link.js";

/**
 * Declares wired Ethernet as the way to an IP network. It needs no settings.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function ethernet(options: EthernetOptions = {}): LinkDeclaration {
	return declareEthernet(options, Ethernet);
}
