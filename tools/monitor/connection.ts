import { readFileSync } from "node:fs";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { DormouseError } from "../../modules/core/errors.js";
import { parseBrokerUrl } from "../../sim/net/broker-url.js";
import { checkPair } from "../../sim/net/subscriber.js";

/** How the monitor connects. */
export interface ConnectionOptions {
	/** `mqtt://` or `mqtts://`, with user and password if need be. */
	readonly broker: string;
	/** Before those in the URL. */
	readonly user?: string | undefined;
	readonly password?: string | undefined;
	/** Files in PEM: whom to trust instead of the system's authorities; a certificate of our own and its key. */
	readonly ca?: string | undefined;
	readonly cert?: string | undefined;
	readonly key?: string | undefined;
	/** First wait before another try, in milliseconds; it doubles up to a minute. Default 1000. */
	readonly retryMs?: number;
}

/** What the connection tells. */
export interface ConnectionListener {
	message(topic: string, payload: Uint8Array, isKept: boolean): void;
	/** Subscribed to all. */
	up(): void;
	/** Not, or no more. It is tried again. @param why in words, without credentials */
	down(why: string): void;
	/** It will never be: the broker refuses, or is not whom it says. Nothing follows. */
	refused(error: DormouseError): void;
}

const LONGEST_RETRY_MS = 60_000;
const CONNECT_MS = 10_000;

/** A connection to a real broker that comes back by itself. What it tells never has credentials in it. */
export class Connection {
	/** The broker, as host and port. */
	readonly where: string;
	readonly #options: IClientOptions;
	readonly #filters: readonly string[];
	readonly #on: ConnectionListener;
	readonly #firstMs: number;
	#retryMs: number;
	#timer: NodeJS.Timeout | undefined;
	#client: MqttClient | undefined;
	#isOver = false;

	/** Begins to connect. @throws {DormouseError} `malformed`, `unsupported` for the URL; `declaration` for a file */
	constructor(options: ConnectionOptions, filters: readonly string[], on: ConnectionListener) {
		const isSecure = /^mqtts:/i.test(options.broker);
		const url = parseBrokerUrl(options.broker.replace(/^mqtts:/i, "mqtt:"));
		const { host, username, password } = url;
		const port = isSecure && new URL(options.broker).port === "" ? 8883 : url.port;
		if (!isSecure && (options.ca ?? options.cert ?? options.key) !== undefined)
			throw new DormouseError("declaration", "--ca, --cert and --key: mqtts:// would be right with them");
		this.where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
		const file = (name: "ca" | "cert" | "key") =>
			options[name] === undefined ? {} : { [name]: pem(options[name], name) };
		this.#options = {
			protocol: isSecure ? "mqtts" : "mqtt",
			host,
			port,
			protocolVersion: 4, // which every broker speaks
			clean: true,
			connectTimeout: CONNECT_MS,
			reconnectPeriod: 0, // its own would not say why it failed
			resubscribe: false,
			rejectUnauthorized: true,
			...(isSecure && !/^[\d.]+$|:/.test(host) ? { servername: host } : {}),
			...file("ca"),
			...file("cert"),
			...file("key"),
			...withValue("username", options.user ?? username),
			...withValue("password", options.password ?? password),
		};
		checkPair(this.#options.cert as string | undefined, this.#options.key as string | undefined);
		this.#filters = filters;
		this.#on = on;
		this.#firstMs = this.#retryMs = options.retryMs ?? 1000;
		this.#open();
	}
	/** Ends it; idempotent. Nothing is told afterwards. */
	async close(): Promise<void> {
		this.#isOver = true;
		clearTimeout(this.#timer);
		const client = this.#client;
		this.#client = undefined;
		await client?.endAsync(!client.connected);
	}

	#open() {
		const client = connect(this.#options);
		this.#client = client;
		let isDone = false;
		/** The first reason counts; what follows it is its consequence. */
		const over = (tell: () => void) => {
			if (isDone || this.#isOver) return;
			isDone = true;
			client.end(true);
			tell();
		};
		const down = (why: string) =>
			over(() => {
				this.#timer = setTimeout(() => this.#open(), this.#retryMs);
				this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
				this.#on.down(why);
			});
		const refused = (why: string) =>
			over(() => {
				this.#isOver = true;
				this.#on.refused(new DormouseError("refused", `the broker at ${this.where} ${why}`));
			});
		client.on("message", (topic, payload, { retain }) => {
			if (!isDone && !this.#isOver) this.#on.message(topic, new Uint8Array(payload), retain);
		});
		client.on("connect", () => {
			client.subscribe([...this.#filters], { qos: 1 }, (error) => {
				if (error) refused("refuses the subscription");
				else if (!isDone && !this.#isOver) {
					this.#retryMs = this.#firstMs;
					this.#on.up();
				}
			});
		});
		client.on("error", (error: Error & { code?: unknown }) => {
			const { code } = error;
			// MQTT 3.1.1 §3.2.2.3: of its reasons only 3, "unavailable", passes by itself.
			if (typeof code === "number" && code !== 3) refused(`refuses the connection (reason ${code})`);
			else if (typeof code === "string" && code.includes("_ALERT_")) refused(`refuses the handshake (${code})`);
			else if (typeof code === "string" && isCertificate(code)) refused(`is not trusted (${code})`);
			else down(`can't be reached${typeof code === "string" ? ` (${code})` : ""}`);
		});
		client.on("close", () => down("ended the connection"));
	}
}

/** Codes of OpenSSL, and of Node for a name that the certificate does not have. */
function isCertificate(code: string): boolean {
	return /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/.test(code);
}

function withValue<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
	return value === undefined ? {} : ({ [name]: value } as { [key in K]: string });
}

function pem(file: string, option: string): Buffer {
	try {
		return readFileSync(file);
	} catch (error) {
		throw new DormouseError("declaration", `--${option} ${file}: ${(error as NodeJS.ErrnoException).code}`);
	}
}
