import { createSecureContext } from "node:tls";
import { connect, type MqttClient } from "mqtt";
import { DormouseError } from "../../modules/core/errors.js";
import type { MessageListener } from "./broker.js";
import { parseBrokerUrl } from "./broker-url.js";

/** How a subscriber connects. */
export interface SubscriberOptions {
	/** 4 (3.1.1, which every broker speaks) by default. */
	readonly version?: 5 | 4;
	/** Where `atMs` of a message comes from; by default milliseconds of real time since the subscriber was made. */
	readonly now?: () => number;
	/** Longest time to connect and subscribe, in milliseconds. Default 5000. */
	readonly timeoutMs?: number;
	/** For `mqtts`: the CA that is trusted, and a certificate and its key where the broker wants one, in PEM. */
	readonly tls?: SubscriberTls;
}
/** What a subscriber trusts and shows. */
export interface SubscriberTls {
	readonly ca?: string | undefined;
	readonly certificate?: string | undefined;
	readonly key?: string | undefined;
}

/** Listens at a real broker, with QoS 1, on its own connection. */
export class Subscriber {
	/** Resolves once subscribed; rejects with a DormouseError (`lost`, `refused`) that says what is wrong. */
	readonly ready: Promise<void>;
	readonly #client: MqttClient;
	#closing = false;

	/**
	 * @param url `mqtt://[user:password@]host[:port]`, or `mqtts`
	 * @throws {DormouseError} as {@link parseBrokerUrl}
	 */
	constructor(url: string, filter: string, listener: MessageListener, options: SubscriberOptions = {}) {
		const { host, port, username, password, tls } = parseBrokerUrl(url);
		const { version = 4, timeoutMs = 5000, tls: { ca, certificate, key } = {} } = options;
		if (tls) checkPair(certificate, key);
		const began = performance.now();
		const now = options.now ?? (() => performance.now() - began);
		const client = connect({
			protocol: tls ? "mqtts" : "mqtt",
			...(tls && ca !== undefined ? { ca } : {}),
			...(tls && certificate !== undefined && key !== undefined ? { cert: certificate, key } : {}),
			host,
			port,
			protocolVersion: version,
			connectTimeout: timeoutMs,
			reconnectPeriod: 0,
			clean: true,
			...(username === undefined ? {} : { username }),
			...(password === undefined ? {} : { password }),
		});
		this.#client = client;
		client.on("message", (topic, payload) => {
			if (!this.#closing) listener(topic, new Uint8Array(payload), now());
		});
		this.ready = new Promise((resolve, reject) => {
			const where = `${host}:${port}`;
			client.once("connect", () => {
				client.subscribe(filter, { qos: 1 }, (error, granted) => {
					const refused = error ?? granted?.find((grant) => grant.qos >= 0x80);
					if (refused) reject(new DormouseError("refused", `the broker at ${where} refuses the subscription`));
					else resolve();
				});
			});
			client.on("error", (error: Error & { code?: unknown }) => {
				const refused = typeof error.code === "number";
				const why = refused ? `refuses the connection (reason ${error.code})` : "can't be reached";
				reject(new DormouseError(refused ? "refused" : "lost", `the broker at ${where} ${why}${reason(error)}`));
			});
			client.once("close", () => reject(new DormouseError("lost", `the broker at ${where} can't be reached`)));
		});
		this.ready.catch(() => {}); // whoever awaits it sees it; nobody has to
	}

	/** Ends the connection; idempotent. */
	async close(): Promise<void> {
		if (this.#closing) return;
		this.#closing = true;
		await this.#client.endAsync(!this.#client.connected);
	}
}

function reason(error: { code?: unknown }): string {
	return typeof error.code === "string" ? ` (${error.code})` : "";
}

/**
 * Checks that a certificate and a key can be read and belong together.
 * @throws {DormouseError} `declaration`; nothing of either is repeated
 */
export function checkPair(certificate: string | undefined, key: string | undefined): void {
	if (certificate === undefined || key === undefined) return;
	try {
		createSecureContext({ cert: certificate, key });
	} catch {
		throw new DormouseError("declaration", "certificate and key: a pair in PEM that belongs together would be right");
	}
}
