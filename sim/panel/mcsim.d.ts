/**
 * What the panel uses of Moddable's simulator. Source: Moddable SDK 8.2.3, tools/mcsim/{main,DevicePane,ControlsPane}.js,
 * modules/piu/PC/, documentation/piu/piu JavaScript Reference.md.
 */
declare module "DevicePane" {
	/** What the device's container does; `postMessage` reaches the running library. */
	export class DeviceBehavior {
		onCreate(container: PiuContent, device: unknown): void;
		postMessage(container: PiuContent, message: string): void;
	}
	export const DeviceContainer: PiuTemplate;
	export const DeviceScreen: PiuTemplate;
}
declare module "ControlsPane" {
	export const ControlsColumn: PiuTemplate;
	export const ButtonsRow: PiuTemplate;
	export const PopupRow: PiuTemplate;
	export const SliderRow: PiuTemplate;
	export const SwitchRow: PiuTemplate;
}

/** Something on the screen. */
interface PiuContent {
	string: string;
	visible: boolean;
	state: number;
	active: boolean;
	/** Milliseconds; between `start` and `duration` its behaviour gets `onTimeChanged`, then `onFinished`. */
	duration: number;
	time: number;
	interval: number;
	readonly behavior: object;
	start(): void;
	stop(): void;
}
/** Makes contents: from the data that their behaviours get, and what they are. */
interface PiuTemplate {
	new (data: unknown, dictionary?: object): PiuContent;
	(data: unknown, dictionary?: object): PiuContent;
	template(dictionary: (data: unknown) => object): PiuTemplate;
}
declare const Column: PiuTemplate;
declare const Row: PiuTemplate;
declare const Label: PiuTemplate;
declare const Text: PiuTemplate;
declare const Content: PiuTemplate;
declare class Skin {
	constructor(dictionary: object);
}
declare class Style {
	constructor(dictionary: object);
}
/** The simulator itself. */
declare const application: {
	readonly behavior: { quitScreen(): void };
	/** Calls a method of its behaviour, from the loop. */
	defer(name: "doReloadFile"): void;
};
declare const system: {
	readonly localDirectory: string;
	buildPath(folder: string, name: string): string;
	ensureDirectory(path: string): void;
};
