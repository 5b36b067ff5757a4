import resolve from "device/resolver";
import TLS from "device/tls";
import { declareMqtt, type MqttOptions, type TlsOptions } from "../mqtt/declaration.js";
import type { UplinkDeclaration } from "../uplink.js";

/** How a node declares MQTT over TLS: as {@link MqttOptions}, and `alpn`. */
export interface MqttsOptions extends MqttOptions, TlsOptions {}

/**
 * Declares MQTT over TLS as a node's uplink; the default port is 8883. What the node trusts comes from provisioning
 * alone: setting `ca`, PEM, is needed; `certificate` and `key` where the broker wants one of the node. Without them each
 * exchange fails with `declaration`, and with `untrusted` where the broker cannot prove who it is: nothing is sent then.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function mqtts({ alpn, ...options }: MqttsOptions = {}): UplinkDeclaration {
	return declareMqtt(options, TLS, resolve, { alpn });
}
