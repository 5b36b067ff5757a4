import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { simulatorProgram } from "../../tools/device/simulator.js";
import { folder } from "./sdk.js";

/** What a window on a screen that nobody sees takes, and where Debian has it. */
const PROGRAMS: Readonly<Record<string, string>> = { Xvfb: "xvfb", xdotool: "xdotool", import: "imagemagick" };
const WIDTH = 640;
const HEIGHT = 480;

/** Why there can be no window here; undefined when there can. */
export function windowLacks(): string | undefined {
	const { MODDABLE } = process.env;
	if (!MODDABLE || !existsSync(simulatorProgram(MODDABLE))) return "the SDK's mcsim is not built";
	for (const [program, name] of Object.entries(PROGRAMS))
		if (spawnSync("which", [program]).status !== 0) return `${program} is not installed (Debian: ${name})`;
	return undefined;
}

/** Moddable's simulator in a window of its own, on a screen in memory. */
export class Window {
	/** What the simulator and the board print. */
	readonly lines: string[] = [];
	readonly #screen: ChildProcess;
	readonly #display: string;
	readonly #simulator: ChildProcess;
	#waiting: (() => void) | undefined;

	private constructor(screen: ChildProcess, display: string, panel: string, library: string) {
		this.#screen = screen;
		this.#display = display;
		const home = folder(); // what it remembers is this window's alone
		const env = { ...process.env, DISPLAY: display, HOME: home, XDG_CONFIG_HOME: home, DORMOUSE_STATE: "" };
		const program = simulatorProgram(process.env.MODDABLE!);
		this.#simulator = spawn(program, [panel, library], { env, stdio: ["ignore", "pipe", "inherit"] });
		let rest = "";
		this.#simulator.stdout!.setEncoding("utf8").on("data", (text: string) => {
			const lines = (rest + text).split("\n");
			rest = lines.pop()!;
			this.lines.push(...lines);
			this.#waiting?.();
		});
	}
	/** @param panel the folder of the device face @param library what was built */
	static async open(panel: string, library: string): Promise<Window> {
		const size = `${WIDTH}x${HEIGHT}x24`;
		const screen = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp"], {
			stdio: ["ignore", "pipe", "ignore"],
		});
		const number = await new Promise<string>((resolve, reject) => {
			screen.stdout!.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
			screen.once("error", reject).once("close", () => reject(new Error("Xvfb ended")));
		});
		return new Window(screen, `:${number}`, panel, library);
	}
	/** Whether the simulator is still there. */
	get isOpen(): boolean {
		return this.#simulator.exitCode === null && this.#simulator.signalCode === null;
	}
	/** Waits for the next report of a wake, beyond `since` lines. @returns its fields */
	async report(since: number): Promise<Map<string, string>> {
		const until = Date.now() + 20_000;
		for (;;) {
			const line = this.lines.slice(since).find((each) => each.startsWith("dormouse "));
			if (line)
				return new Map(
					line
						.split(" ")
						.slice(1)
						.map((part) => part.split("=") as [string, string]),
				);
			if (Date.now() > until) throw new Error(`no wake within 20 s:\n${this.lines.slice(-5).join("\n")}`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, 500);
				this.#waiting = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	}
	/** Clicks, and waits for the wake that comes of it. */
	async wakeBy(x: number, y: number): Promise<Map<string, string>> {
		const since = this.lines.length;
		this.click(x, y);
		return this.report(since);
	}
	click(x: number, y: number): void {
		this.#do("mousemove", `${x}`, `${y}`, "click", "1");
	}
	drag(fromX: number, toX: number, y: number): void {
		const move = (x: number) => ["mousemove", `${x}`, `${y}`, "sleep", "0.1"];
		this.#do(...move(fromX), "mousedown", "1", ...move((fromX + toX) / 2), ...move(toX), "mouseup", "1");
	}
	/** Writes what is to be seen to a PNG file of 32 colours. */
	shoot(path: string): void {
		const env = { ...process.env, DISPLAY: this.#display };
		spawnSync("import", ["-window", "root", "-strip", "+dither", "-colors", "32", `PNG8:${path}`], { env });
	}
	async close(): Promise<void> {
		for (const child of [this.#simulator, this.#screen])
			if (child.exitCode === null && child.kill("SIGKILL"))
				await new Promise((resolve) => child.once("close", resolve));
	}

	#do(...parameters: string[]) {
		const env = { ...process.env, DISPLAY: this.#display };
		const { status, stderr } = spawnSync("xdotool", parameters, { env, encoding: "utf8" });
		if (status !== 0) throw new Error(`xdotool: ${stderr}`);
	}
}
