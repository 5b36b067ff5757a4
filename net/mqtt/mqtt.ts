import TCP from "embedded:io/socket/tcp";
import resolve from "device/resolver";
import type { UplinkDeclaration } from "../uplink.js";
import { declareMqtt, type MqttOptions } from "./declaration.js";

export type { MqttOptions } from "./declaration.js";

/**
 * Declares MQTT as a node's uplink, over the platform's TCP sockets.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function mqtt(options: MqttOptions = {}): UplinkDeclaration {
	return declareMqtt(options, TCP, resolve);
}
