import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian puts the binary, beside PATH. */
const CANDIDATES = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

/** The mosquitto binary, undefined where it is not installed. */
export function findMosquitto(): string | undefined {
	return CANDIDATES.find((path) => spawnSync(path, ["-h"], { stdio: "ignore" }).error === undefined);
}

/** A free TCP port on loopback, at the time of asking. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = net.createServer();
		server.on("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as net.AddressInfo;
			server.close(() => resolve(port));
		});
	});
}

/** A mosquitto of the test's own, on loopback, with a configuration of its own. */
export class Mosquitto {
	readonly port: number;
	readonly #process: ChildProcess;
	readonly #directory: string;
	private constructor(port: number, process: ChildProcess, directory: string) {
		this.port = port;
		this.#process = process;
		this.#directory = directory;
	}
	/**
	 * @param more lines of the configuration; by default everyone may connect
	 * @param at the port; by default any that is free
	 * @param openssl lines of OpenSSL's system defaults, such as `MaxProtocol = TLSv1.2`
	 */
	static async start(binary: string, more = "allow_anonymous true", openssl = "", at?: number): Promise<Mosquitto> {
		const port = at ?? (await freePort());
		const directory = mkdtempSync(join(tmpdir(), "dormouse-mosquitto-"));
		const file = join(directory, "mosquitto.conf");
		writeFileSync(file, `listener ${port} 127.0.0.1\npersistence false\nlog_dest stderr\n${more}\n`);
		const env = { ...process.env };
		if (openssl) {
			env.OPENSSL_CONF = join(directory, "openssl.cnf");
			const sections = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n";
			writeFileSync(env.OPENSSL_CONF, `${sections}${openssl}\n`);
		}
		const broker = new Mosquitto(port, spawn(binary, ["-c", file], { stdio: "ignore", env }), directory);
		for (let tries = 0; ; tries++) {
			if (await answers(port)) return broker;
			if (tries === 100 || broker.#process.exitCode !== null) {
				await broker.stop();
				throw new Error("mosquitto does not start");
			}
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
	async stop(): Promise<void> {
		if (this.#process.exitCode === null) {
			const gone = new Promise((resolve) => this.#process.once("exit", resolve));
			this.#process.kill();
			await gone;
		}
		rmSync(this.#directory, { recursive: true, force: true });
	}
}

function answers(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = net.connect(port, "127.0.0.1");
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => resolve(false));
	});
}
