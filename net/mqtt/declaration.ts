import { utf8Length } from "../../modules/core/bytes.js";
import { wrong } from "../../modules/core/errors.js";
import { direct } from "../link/direct.js";
import type { LinkDeclaration } from "../link/link.js";
import type { TimeDeclaration } from "../time-source.js";
import type { PlannedNode, UplinkDeclaration, UplinkNode, UplinkPorts } from "../uplink.js";
import { EXPIRY_LEAST, MqttClient, type Resolve, type TcpConstructor } from "./client.js";
import type { CompanionDeclaration } from "./companion.js";
import type { MqttVersion } from "./packet.js";

/** How a node declares MQTT. Provisioning may override the broker, and only it gives credentials. */
export interface MqttOptions {
	/** Host name or address; setting `broker` comes first. Default "broker.local". */
	readonly broker?: string;
	/** 1 … 65 535; setting `port` comes first. Default 1883, with TLS 8883. */
	readonly port?: number;
	/** `{nodeId}` stands for the node's id; 1 … 200 bytes of UTF-8, no wildcards. Default "dormouse/{nodeId}/t". */
	readonly topic?: string;
	/** Records that are collected before they are sent, 1 … 255. Default 12. */
	readonly batch?: number;
	/** 5 for MQTT 5.0, and 3.1.1 where the broker speaks nothing else; 4 for 3.1.1 alone. Default 5. */
	readonly version?: MqttVersion;
	/** Seconds that one exchange may take, 1 … 240 (a watchdog waits longer). Default 20. */
	readonly deadline?: number;
	/** Largest frame in bytes, 11 … 16 384. Default 1024. */
	readonly mtu?: number;
	/** Seconds after which a silent connection is probed, 0 (never) … 65 535. Default 60. */
	readonly keepAlive?: number;
	/** The way to an IP network. Default: the platform keeps one up by itself. */
	readonly link?: LinkDeclaration;
	/** Where the wall time comes from. Default: nowhere, and receivers place samples by the age that frames tell. */
	readonly time?: TimeDeclaration;
	/** Messages for the node; it then needs a `downlink`. Default: none, and nothing is subscribed. */
	readonly downlinks?: {
		/** As `topic`. Default "dormouse/{nodeId}/c". */
		readonly topic?: string;
		/** Seconds that the node stays awake for another message once all is sent, 0 … 60. Default 0. */
		readonly window?: number;
	};
	/**
	 * Whether the broker publishes "offline", retained, to "dormouse/{nodeId}/status" when the node has been away for longer
	 * than its schedule and its longest backoff allow. With MQTT 5.0 only; 3.1.1 would do so at each lost connection. Default
	 * false: `expire_after` and the like say as much without a message more.
	 */
	readonly will?: boolean;
	/** What goes to the broker beside the frames: at most one today. */
	readonly companions?: readonly CompanionDeclaration[];
}

const FIELDS: readonly string[] = Object.freeze([
	"broker",
	"port",
	"topic",
	"batch",
	"version",
	"deadline",
	"mtu",
	"keepAlive",
	"link",
	"time",
	"downlinks",
	"will",
	"companions",
]);
const TOPIC_LARGEST = 200;
const TOPIC = "1 … 200 bytes without +, #, NUL and braces but {nodeId}";
const HOST = 'a host name or address such as "broker.local" or "192.0.2.7"';

/** What MQTT over TLS declares beyond {@link MqttOptions}. */
export interface TlsOptions {
	/** Application protocol that the server is asked for (RFC 7301), such as "mqtt": 1 … 32 of ASCII. Default none. */
	readonly alpn?: string | undefined;
}

/**
 * Checks a declaration of MQTT and freezes it; `mqtt()` is this with the platform's sockets, `mqtts()` with TLS.
 * @param tls given when the sockets are TLS's
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareMqtt(
	options: MqttOptions,
	TCP: TcpConstructor,
	resolve: Resolve,
	tls?: TlsOptions,
): UplinkDeclaration {
	if (typeof options !== "object" || options === null) wrong("uplink", String(options), "mqtt({ … })");
	for (const field of Object.keys(options))
		if (!FIELDS.includes(field)) wrong(`uplink.${field}`, "an unknown field", `one of ${FIELDS.join(", ")}`);
	const { broker = "broker.local", topic = "dormouse/{nodeId}/t", version = 5 } = options;
	if (!isHost(broker)) wrong("uplink.broker", JSON.stringify(broker), HOST);
	const port = whole(options.port, tls ? 8883 : 1883, "port", 1, 65_535);
	if (!isTopic(topic)) wrong("uplink.topic", JSON.stringify(topic), TOPIC);
	if (version !== 5 && version !== 4) wrong("uplink.version", JSON.stringify(version), "5 (MQTT 5.0) or 4 (3.1.1)");
	const batch = whole(options.batch, 12, "batch", 1, 255);
	const deadline = whole(options.deadline, 20, "deadline", 1, 240);
	const mtu = whole(options.mtu, 1024, "mtu", 11, 16_384);
	const keepAliveSeconds = whole(options.keepAlive, 60, "keepAlive", 0, 65_535);
	const { link = direct, time, downlinks, will = false, companions = [] } = options;
	if (typeof link?.create !== "function") wrong("uplink.link", String(link), "what a factory of net/link/ returns");
	if (time !== undefined && typeof time?.create !== "function")
		wrong("uplink.time", String(time), "what a factory such as sntp() returns");
	const isTls = tls !== undefined;
	const alpn = tls?.alpn;
	if (alpn !== undefined && !/^[!-~]{1,32}$/.test(alpn))
		wrong("uplink.alpn", JSON.stringify(alpn), '1 … 32 characters of ASCII such as "mqtt"');
	const command = downlinks?.topic ?? "dormouse/{nodeId}/c";
	if (downlinks !== undefined) {
		if (typeof downlinks !== "object" || downlinks === null)
			wrong("uplink.downlinks", String(downlinks), "{ window: 2 }");
		for (const field of Object.keys(downlinks))
			if (field !== "topic" && field !== "window") wrong(`uplink.downlinks.${field}`, "this field", "topic or window");
		if (!isTopic(command)) wrong("uplink.downlinks.topic", JSON.stringify(command), TOPIC);
	}
	const window = whole(downlinks?.window, 0, "downlinks.window", 0, 60);
	if (typeof will !== "boolean") wrong("uplink.will", String(will), "true or false");
	if (!Array.isArray(companions) || companions.length > 1 || companions.some((one) => typeof one?.plan !== "function"))
		wrong("uplink.companions", String(companions), "a list of one, such as [homeAssistant()]");
	Object.freeze(companions);
	Object.freeze(downlinks);
	Object.freeze(options); // what closures hold is in flash
	return Object.freeze({
		kind: isTls ? "mqtts" : "mqtt",
		topic,
		link: link.kind,
		batch,
		deadlineMs: deadline * 1000,
		mtu,
		trimOn: "peer",
		downlinks: downlinks !== undefined,
		...(companions.length > 0 && {
			companions,
			plan(node: PlannedNode) {
				const planned = { batch, deadlineMs: deadline * 1000, hasTime: time !== undefined };
				const told = companions.map((one) => one.plan(node, planned));
				return declareMqtt({ ...options, companions: told }, TCP, resolve, tls);
			},
		}),
		create(ports: UplinkPorts, node: UplinkNode) {
			const quiet = Math.ceil(node.longestQuietMs / 1000);
			const host = ports.setting("broker") ?? broker;
			const at = ports.setting("port") ?? `${port}`;
			return new MqttClient({
				TCP,
				resolve,
				link: link.create(ports),
				time: time?.create(ports),
				companion: companions[0]?.create(ports, node),
				timers: ports.timers,
				node,
				broker: host,
				port: Number(at),
				topic: topic.replaceAll("{nodeId}", ports.nodeId),
				version,
				mtu,
				keepAliveSeconds,
				clientId: ports.nodeId,
				// The broker must not forget the session, nor send the will, while the node only sleeps.
				sessionExpirySeconds: Math.max(2 * quiet, EXPIRY_LEAST),
				downlinks: downlinks && { topic: command.replaceAll("{nodeId}", ports.nodeId), window },
				will: will ? `dormouse/${ports.nodeId}/status` : undefined,
				willDelaySeconds: Math.ceil(1.5 * quiet),
				username: ports.setting("username"),
				password: ports.setting("password"),
				tls: isTls ? { host, alpn, node } : undefined,
				// a throw here would restart the device again and again: the node goes on, and reports
				fault: isHost(host) && isPort(at) ? undefined : "declaration",
			});
		},
	});
}

function whole(value: number | undefined, otherwise: number, field: string, low: number, high: number): number {
	if (value === undefined) return otherwise;
	if (!Number.isInteger(value) || value < low || value > high)
		wrong(`uplink.${field}`, JSON.stringify(value), `${low} … ${high}`);
	return value;
}

/** Letters, digits, dots, hyphens; or an IPv6 address. Source: RFC 1123 §2.1. */
function isHost(text: unknown): text is string {
	return (
		typeof text === "string" &&
		text.length <= 253 &&
		/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+)$/.test(text)
	);
}

function isPort(text: string): boolean {
	return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535;
}

/** Source: MQTT 5.0 §4.7.1 (wildcards), §4.7.3 (NUL, at least one character). */
function isTopic(text: unknown): text is string {
	return (
		typeof text === "string" &&
		text.length > 0 &&
		utf8Length(text) <= TOPIC_LARGEST &&
		!/[+#\0{}]/.test(text.replaceAll("{nodeId}", ""))
	);
}
