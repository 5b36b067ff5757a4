import { DormouseError } from "../../modules/core/errors.js";

/** A broker as a user names it. */
export interface BrokerUrl {
	/** Host name or address; IPv6 without brackets. */
	readonly host: string;
	/** 1 … 65 535. */
	readonly port: number;
	readonly username: string | undefined;
	readonly password: string | undefined;
	/** Whether the URL asks for TLS. */
	readonly tls: boolean;
}

/**
 * Reads `mqtt://[user:password@]host[:port]`, or `mqtts`; the port is 1883 by default, or 8883. Messages never repeat credentials.
 * @throws {DormouseError} `malformed` when it is no such URL, `unsupported` for other schemes
 */
export function parseBrokerUrl(text: string): BrokerUrl {
	const right = 'something like "mqtt://localhost:1883" would be right';
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		throw new DormouseError("malformed", `broker: not a URL; ${right}`);
	}
	const scheme = url.protocol.slice(0, -1);
	const tls = scheme === "mqtts";
	if (!tls && scheme !== "mqtt")
		throw new DormouseError("unsupported", `broker: the scheme "${scheme}" is unknown; ${right}`);
	if (!url.hostname) throw new DormouseError("malformed", `broker: the URL names no host; ${right}`);
	if ((url.pathname && url.pathname !== "/") || url.search || url.hash)
		throw new DormouseError("malformed", `broker: nothing may follow host and port; ${right}`);
	const port = url.port ? Number(url.port) : tls ? 8883 : 1883;
	if (port === 0) throw new DormouseError("malformed", `broker: port 0 cannot be; ${right}`);
	return Object.freeze({
		host: url.hostname.replace(/^\[|\]$/g, ""),
		port,
		username: url.username ? decoded(url.username) : undefined,
		password: url.password ? decoded(url.password) : undefined,
		tls,
	});
}

function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		throw new DormouseError("malformed", "broker: user name or password is not percent-encoded UTF-8");
	}
}
