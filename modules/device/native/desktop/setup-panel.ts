import Timer from "timer";

/**
 * Before `main`, on a desktop: where Moddable's simulator shows the board (`sim/panel/`), its panel says how the board woke,
 * where its files are and what the world is like. Elsewhere the firmware runs at once.
 *
 * Source: Moddable SDK 8.2.3, build/simulators/modules/screen.c: modules `setup/…` run before `main`, which waits for `done`.
 */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

/** What a panel says; each part may be missing. */
interface Message {
	/** How to boot: the answer to what `open` asks. */
	readonly boot?: {
		readonly folder: string;
		/** A pin that was armed woke it. */
		readonly pressed: boolean;
		/** Negative: until the alarm. */
		readonly sleptMs: number;
		readonly powerLost: boolean;
	};
	/** Values by phenomenon that take the model's place; null gives it back. */
	readonly world?: Readonly<Record<string, number>> | null;
}

interface Globals {
	screen: { onMessage?: (text: string) => void };
	dormouseWorld?: Readonly<Record<string, number>> | undefined;
}

/** A simulator with another skin does not answer: the board then boots with its power on, and keeps nothing. */
const ANSWER_MS = 1000;

function open(this: unknown): boolean {
	return native("xs_dormouse_panelOpen").call(this);
}
function boot(this: unknown, folder: string, pressed: boolean, sleptMs: number, powerLost: boolean): void {
	native("xs_dormouse_panelBoot").call(this, folder, pressed, sleptMs, powerLost);
}

export default function setup(done: () => void): void {
	if (!open()) {
		done();
		return;
	}
	const globals = globalThis as unknown as Globals;
	let isBooting = true;
	const begin = () => {
		if (!isBooting) return;
		isBooting = false;
		Timer.clear(timer);
		done();
	};
	const timer = Timer.set(begin, ANSWER_MS);
	globals.screen.onMessage = (text) => {
		const message: Message = JSON.parse(text);
		if (message.world !== undefined) globals.dormouseWorld = message.world ?? undefined;
		if (!message.boot || !isBooting) return;
		const { folder, pressed, sleptMs, powerLost } = message.boot;
		boot(folder, pressed, sleptMs, powerLost);
		Timer.set(begin, 0); // from the loop: the message is done with
	};
}
