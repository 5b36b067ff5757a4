import { DirectLink } from "../../net/link/direct.js";
import { MqttClient } from "../../net/mqtt/client.js";
import { RealNetwork } from "../../sim/net/real.js";
import { Frames, Log } from "./frames.js";
import { type Trust, tcpOver } from "./tcp-over.js";

/** One exchange of MQTT over TLS with what listens on loopback. */
export interface TlsExchange extends Trust {
	readonly port: number;
	/** The name that the node asks for. Default "localhost". */
	readonly host?: string;
	/** The node's clock, in milliseconds since 1970. Default 0: unknown. */
	readonly wallMs?: number;
	/** When its firmware was built. Default: the simulator's. */
	readonly builtMs?: number;
	readonly username?: string;
	readonly password?: string;
	readonly alpn?: string;
	readonly deadlineMs?: number;
	/** Does something when a line is logged. */
	onLine?(line: string): void;
}

/** How it went. */
export interface TlsOutcome {
	/** What the node was told, in order. */
	readonly lines: readonly string[];
	/** Bytes that MQTT gave to TLS to send. */
	readonly written: number;
}

/** Runs an exchange of three frames to its end. */
export async function tlsExchange(options: TlsExchange): Promise<TlsOutcome> {
	const { port, host = "localhost", wallMs = 0, username, password, alpn, deadlineMs = 5000 } = options;
	const network = new RealNetwork(`mqtts://127.0.0.1:${port}`, undefined, options.builtMs);
	const frames = new Frames(5, 2);
	const log = new Log(frames);
	let written = 0;
	const TLS = tcpOver(network, options);
	const client = new MqttClient({
		TCP: class extends TLS {
			override write(bytes: Uint8Array) {
				written += bytes.length;
				return super.write(bytes);
			}
		},
		resolve: (name, done) => network.resolve(name, done),
		link: new DirectLink(TIMERS),
		timers: TIMERS,
		broker: host,
		port,
		topic: "dormouse/n1/t",
		version: 5,
		mtu: 64,
		keepAliveSeconds: 60,
		clientId: "n1",
		username,
		password,
		tls: { host, alpn, node: { wallMs: () => wallMs } },
	});
	await new Promise<void>((resolve) => {
		log.after = (line) => {
			options.onLine?.(line);
			if (/^(idle|failed)/.test(line)) resolve();
		};
		client.start(frames, deadlineMs, log);
	});
	client.close();
	await network.close();
	return { lines: log.lines, written };
}

const TIMERS = Object.freeze({
	set(callback: () => void, ms: number) {
		const timer = setTimeout(callback, ms);
		return { close: () => clearTimeout(timer) };
	},
});
