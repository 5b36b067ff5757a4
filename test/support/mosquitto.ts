import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian puts the binary, beside PATH. */
const CANDIDATES = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

/** The mosquitto binary, undefined where it is not installed. */
export function findMosquitto(): string | undefined {
	return CANDIDATES.find((path) => spawnSync(path, ["-h"], { stdio: "ignore" }).error === undefined);
}

/**
 * Starts a mosquitto for the tests of the suite at hand, and ends it behind them. Where none is installed they are skipped,
 * and it is said why.
 * @returns the broker, once the suite's tests run
 */
export function mosquittoForSuite(): () => Mosquitto {
	let broker: Mosquitto | undefined;
	before(async function () {
		const binary = findMosquitto();
		if (binary) broker = await Mosquitto.start(binary);
		else skipped(this);
	});
	after(() => broker?.stop());
	return () => broker!;
}

/** Skips the suite at hand, where mosquitto is missing. */
export function skipped(suite: Mocha.Context): void {
	console.log("      skipped: mosquitto is not installed (Debian: apt-get install mosquitto)");
	suite.skip();
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

const OPENSSL = "openssl.cnf";

/** A mosquitto of the test's own, on loopback, with a configuration of its own. */
export class Mosquitto {
	readonly port: number;
	readonly #binary: string;
	#process: ChildProcess;
	readonly #directory: string;
	private constructor(port: number, binary: string, directory: string) {
		this.port = port;
		this.#binary = binary;
		this.#directory = directory;
		this.#process = this.#run();
	}
	/**
	 * @param more lines of the configuration; by default everyone may connect. `{directory}` is the broker's own
	 * @param openssl lines of OpenSSL's system defaults, such as `MaxProtocol = TLSv1.2`
	 * @param onPort by default a free one
	 */
	static async start(binary: string, more = "allow_anonymous true", openssl = "", onPort?: number): Promise<Mosquitto> {
		const port = onPort ?? (await freePort());
		const directory = mkdtempSync(join(tmpdir(), "dormouse-mosquitto-"));
		const persistence = /^persistence /m.test(more) ? "" : "persistence false\n";
		writeFileSync(
			join(directory, "mosquitto.conf"),
			`listener ${port} 127.0.0.1\n${persistence}log_dest stderr\n${more.replaceAll("{directory}", `${directory}/`)}\n`,
		);
		const sections = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n";
		if (openssl) writeFileSync(join(directory, OPENSSL), `${sections}${openssl}\n`);
		const broker = new Mosquitto(port, binary, directory);
		await broker.#answers();
		return broker;
	}
	/**
	 * Ends it and starts it again on the same port.
	 * @param how in order, with its store written if it has one; or killed, as when the power goes
	 */
	async restart(how: "order" | "killed" = "order"): Promise<void> {
		await this.end(how);
		this.#process = this.#run();
		await this.#answers();
	}
	/** Ends it; {@link restart} starts it again. */
	async end(how: "order" | "killed" = "order"): Promise<void> {
		if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
		const gone = new Promise((resolve) => this.#process.once("exit", resolve));
		this.#process.kill(how === "order" ? "SIGTERM" : "SIGKILL");
		await gone;
	}
	async stop(): Promise<void> {
		await this.end();
		rmSync(this.#directory, { recursive: true, force: true });
	}
	#run(): ChildProcess {
		const openssl = join(this.#directory, OPENSSL);
		const env = existsSync(openssl) ? { ...process.env, OPENSSL_CONF: openssl } : process.env;
		return spawn(this.#binary, ["-c", join(this.#directory, "mosquitto.conf")], { stdio: "ignore", env });
	}
	async #answers(): Promise<void> {
		for (let tries = 0; ; tries++) {
			if (await answers(this.port)) return;
			if (tries === 100 || this.#process.exitCode !== null) {
				await this.stop();
				throw new Error("mosquitto does not start");
			}
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
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
