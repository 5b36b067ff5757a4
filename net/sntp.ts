import UDP from "embedded:io/socket/udp";
import resolve from "device/resolver";
import { declareSntp, type SntpOptions } from "./sntp-client.js";
import type { TimeDeclaration } from "./time-source.js";

export type { SntpOptions } from "./sntp-client.js";

/**
 * Declares SNTP as where a node's uplink learns the wall time, over the platform's UDP sockets.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function sntp(options: SntpOptions = {}): TimeDeclaration {
	return declareSntp(options, UDP, resolve);
}
