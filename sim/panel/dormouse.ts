import { ButtonsRow, ControlsColumn, PopupRow, SliderRow, SwitchRow } from "ControlsPane";
import { DeviceBehavior, DeviceContainer, DeviceScreen } from "DevicePane";
import { BoardView, clock, type PanelNode } from "./board-view.js";

/**
 * The device face of a node in Moddable's simulator: a "simulator" as mcsim loads them from a folder. On the left what
 * there is to turn and press, on the right what the board does. Firmware is a library that is launched for each wake, and
 * let go when it sleeps: nothing in memory outlives a sleep but what the board keeps in its files.
 */

/** Put in when the panel is made (tools/device/panel.ts). */
declare const NODE: PanelNode;

/** A row's data, as the simulator's controls have it. */
interface Control {
	value: number | boolean;
	[other: string]: unknown;
}

/** Sliders, by phenomenon; `per` of a slider's steps are one of the world's unit. */
const SLIDERS = Object.freeze({
	temperature: { label: "Temperature, °C", min: -40, max: 60, step: 0.5, value: 20, per: 1 },
	humidity: { label: "Humidity, %", min: 0, max: 100, step: 1, value: 50, per: 1 },
	pressure: { label: "Pressure, hPa", min: 900, max: 1100, step: 1, value: 1013, per: 1 },
	battery: { label: "Battery, mV", min: 2500, max: 4200, step: 10, value: 4120, per: 1000 },
});
type Phenomenon = keyof typeof SLIDERS;
const PHENOMENA = Object.keys(SLIDERS) as Phenomenon[];

/** Milliseconds on the panel that a sleep takes; 0: as long as it is. */
const PACES = [
	{ title: "a second", value: 1000 },
	{ title: "ten seconds", value: 10_000 },
	{ title: "as long as it is", value: 0 },
];
const ALARM = -1;

/** What a turn of mcsim's, which makes all anew, does not change. */
const view = new BoardView(NODE);
const sliders = Object.fromEntries(
	PHENOMENA.map((name) => [name, { ...SLIDERS[name], unit: "", name, event: "onSlider", phenomenon: name }]),
) as unknown as Record<Phenomenon, Control & { readonly per: number; readonly step: number }>;
const world = {
	label: "World",
	on: "as set below",
	off: "weather model",
	value: false,
	event: "onWorld",
	name: "WORLD",
};
const pace = { label: "A sleep takes", items: PACES, value: 1000, event: "onPace" };
const power = { label: "Power", on: "On", off: "Off", value: true, event: "onPower", name: "POWER" };

const small = new Style({ font: "12px Open Sans", color: "#404040", horizontal: "left" });
const faint = new Style({ font: "12px Open Sans", color: "#909090", horizontal: "left" });
const bold = new Style({ font: "semibold 12px Open Sans", color: "#262626", horizontal: "left" });
const paper = new Skin({ fill: "#ffffff", stroke: "#b0b0b0", borders: { left: 1, right: 1, top: 1, bottom: 1 } });
const led = new Skin({ fill: ["#d0d0d0", "#5a9e3c", "#c23b3b"] });
/** All of it fits the window that the simulator opens with. */
const WIDTH = 308;
const HEIGHT = 390;

class BoardBehavior extends DeviceBehavior {
	/** Rows that are to change, under the names that they have in their data. */
	[name: string]: unknown;
	private shown: Record<string, PiuContent> = {};
	private pressed = false;
	private sleptMs = ALARM;
	private powerLost = false;
	private container: PiuContent | undefined;

	override onCreate(container: PiuContent, device: unknown): void {
		super.onCreate(container, device);
		container.interval = 100;
		this.container = container;
	}
	onField(_container: PiuContent, name: string, content: PiuContent): void {
		this.shown[name] = content;
		this.show();
	}
	onMessage(container: PiuContent, message: string | ArrayBuffer): void {
		const what = view.take(message);
		if (what === "boot") this.boot(container);
		else if (what === undefined) this.follow();
		this.show();
	}
	/** The library ended its launch: asleep, or XS gave up. */
	onAbort(container: PiuContent, _status: number, reason: string): boolean {
		application.behavior.quitScreen();
		if (view.state === "asleep") {
			container.duration = Math.max(1, (pace.value as number) || view.sleepMs);
			container.time = 0;
			container.start();
		} else view.died(reason);
		this.show();
		return true;
	}
	onTimeChanged(): void {
		this.show();
	}
	onFinished(container: PiuContent): void {
		this.wake(container);
	}
	/** A press wakes a sleeper before its alarm, where the node has a pin for it. */
	onButton(container: PiuContent): void {
		if (view.state !== "asleep" || view.pin === undefined) return;
		this.pressed = true;
		this.sleptMs = (view.sleepMs * container.time) / container.duration;
		this.wake(container);
	}
	onSkip(container: PiuContent): void {
		if (view.state === "asleep" || view.state === "died") this.wake(container);
	}
	onPower(container: PiuContent): void {
		container.stop();
		if (power.value) {
			this.powerLost = true;
			this.wake(container);
		} else {
			application.behavior.quitScreen();
			view.state = "off";
			this.show();
		}
	}
	onWorld(container: PiuContent): void {
		this.tellWorld(container);
		this.follow();
	}
	onSlider(container: PiuContent): void {
		world.value = true;
		refresh(this.WORLD);
		this.tellWorld(container);
	}
	onPace(container: PiuContent): void {
		if (view.state !== "asleep") return;
		const part = container.time / container.duration;
		container.duration = Math.max(1, (pace.value as number) || view.sleepMs);
		container.time = part * container.duration;
	}

	private wake(container: PiuContent) {
		container.stop();
		application.defer("doReloadFile");
	}
	private boot(container: PiuContent) {
		container.stop();
		const folder = system.buildPath(system.localDirectory, `dormouse-${NODE.name}`);
		system.ensureDirectory(folder);
		const { pressed, sleptMs, powerLost } = this;
		this.postMessage(
			container,
			JSON.stringify({ boot: { folder, pressed, sleptMs, powerLost }, world: this.worldNow() }),
		);
		this.pressed = false;
		this.sleptMs = ALARM;
		this.powerLost = false;
		if (power.value) return;
		power.value = true; // mcsim launched it by itself
		refresh(this.POWER);
	}
	private tellWorld(container: PiuContent) {
		if (view.state === "awake") this.postMessage(container, JSON.stringify({ world: this.worldNow() }));
	}
	private worldNow(): Record<string, number> | null {
		if (!world.value) return null;
		return Object.fromEntries(PHENOMENA.map((name) => [name, (sliders[name].value as number) / sliders[name].per]));
	}
	/** Without a hand on them, the sliders follow what was measured. */
	private follow() {
		if (world.value) return;
		view.readings().forEach((value, n) => {
			const name = NODE.quantities[n]!.name as Phenomenon;
			const slider = sliders[name];
			if (value === undefined || !slider) return;
			slider.value = Math.round((value * slider.per) / slider.step) * slider.step;
			refresh(this[name]);
		});
	}
	private show() {
		const { shown } = this;
		const { report, sent, state } = view;
		const field = (name: string) => report.get(name) ?? "–";
		const missing = field("missing").replace(/[0,–]/g, "") === "" ? "" : `   missing: ${field("missing")}`;
		const texts: Record<string, string> = {
			state: this.stateText(),
			button:
				view.state !== "asleep" ? "" : view.pin === undefined ? "no pin wakes it now" : `pin ${view.pin} wakes it`,
			wake: report.size ? `${field("wake")}, ${field("start")} start, awake ${field("awakeMs")} ms` : "–",
			time: report.size ? `${view.time} in epoch ${field("epoch")}, ${view.wakes} wakes here` : "–",
			readings: view.readingTexts().join("\n") + missing,
			queue: `${field("queued")} waiting, ${field("acknowledged")} acknowledged`,
			problem: `${field("problem")}${report.size && field("failures") !== "0" ? `, ${field("failures")} failures in a row` : ""}`,
			sent: sent ? `${sent.size} bytes, frame ${sent.count}, to ${sent.topic}` : "nothing yet",
			content: sent?.content ?? "",
			hex: sent?.hex.replace(/.{8}/g, "$& ") ?? "",
		};
		for (const [name, text] of Object.entries(texts)) {
			const content = shown[name];
			if (content && content.string !== text) content.string = text;
		}
		if (shown.led) shown.led.state = state === "awake" ? 1 : state === "died" ? 2 : 0;
	}
	private stateText(): string {
		if (view.state === "died") return `died: ${view.reason}`;
		if (view.state !== "asleep") return view.state === "off" ? "no power" : "awake";
		const { container } = this;
		const part = container && container.duration > 0 ? container.time / container.duration : 0;
		return `asleep, alarm in ${clock((view.sleepMs / 1000) * (1 - part))}`;
	}
}

/** Draws a control anew whose data changed. */
function refresh(control: unknown) {
	const content = control as (PiuContent & { behavior: RowBehavior }) | undefined;
	content?.behavior.onDataChanged?.(content);
	content?.behavior.onValueChanging?.(content);
}
interface RowBehavior {
	onDataChanged?(content: PiuContent): void;
	onValueChanging?(content: PiuContent): void;
}

const Field = Row.template(($) => {
	const { name, label } = $ as { name: string; label: string };
	return {
		left: 0,
		right: 0,
		top: 2,
		contents: [
			Label($, { width: 66, height: 20, top: 0, style: faint, string: label }),
			Text($, { left: 0, right: 0, top: 3, style: name === "state" ? bold : small, Behavior: Shown }),
		],
	};
});

/** Tells the device's container which content has which name. */
class Shown {
	private name = "";
	onCreate(_content: PiuContent, data: { readonly name: string }): void {
		this.name = data.name;
	}
	onDisplaying(content: PiuContent & { bubble(event: string, ...parameters: unknown[]): void }): void {
		content.bubble("onField", this.name, content);
	}
}

export default {
	applicationName: ".*",
	title: `Dormouse: ${NODE.name}`,
	sortingTitle: "0000",
	Workers: {},
	ControlsTemplate: ControlsColumn.template(() => ({
		contents: [
			ButtonsRow({
				label: "Wake",
				buttons: [
					{ event: "onButton", label: "Button" },
					{ event: "onSkip", label: "Alarm" },
				],
			}),
			PopupRow(pace),
			SwitchRow(power),
			SwitchRow(world),
			...PHENOMENA.map((name) => SliderRow(sliders[name])),
		],
	})),
	DeviceTemplates: {
		0: DeviceContainer.template(($) => ({
			Behavior: BoardBehavior,
			width: WIDTH,
			height: HEIGHT,
			contents: [
				DeviceScreen($, { left: 1, top: 1, width: 1, height: 1, rotation: 0 }),
				Column($, {
					left: 0,
					right: 0,
					top: 0,
					bottom: 0,
					skin: paper,
					contents: [
						Row($, {
							left: 12,
							right: 8,
							top: 14,
							contents: [
								Content({ name: "led" }, { width: 14, height: 14, top: 3, skin: led, Behavior: Shown }),
								Label($, { left: 10, height: 20, style: bold, string: `Dormouse: ${NODE.name}` }),
							],
						}),
						Column($, {
							left: 12,
							right: 8,
							top: 8,
							contents: [
								["state", "State"],
								["button", "Button"],
								["wake", "Woke by"],
								["time", "Time"],
								["readings", "Readings"],
								["queue", "Queue"],
								["problem", "Problem"],
								["sent", "Last sent"],
								["content", ""],
								["hex", ""],
							].map(([name, label]) => Field({ name, label })),
						}),
					],
				}),
			],
		})),
	},
};
