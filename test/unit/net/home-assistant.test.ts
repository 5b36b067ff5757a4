import { fromUtf8, toHex, utf8 } from "../../../modules/core/bytes.js";
import { crc16 } from "../../../modules/core/crc.js";
import { DormouseError } from "../../../modules/core/errors.js";
import { minutes, seconds } from "../../../modules/core/time.js";
import { declareNode } from "../../../modules/cycle/declaration.js";
import { sensor } from "../../../modules/measure/sensor.js";
import { CellId } from "../../../modules/store/log.js";
import type { CompanionMessage, PlannedUplink } from "../../../net/mqtt/companion.js";
import {
	type HomeAssistantDeclaration,
	type HomeAssistantOptions,
	homeAssistant,
} from "../../../net/mqtt/home-assistant.js";
import type { PlannedNode, UplinkDeclaration, UplinkPorts } from "../../../net/uplink.js";
import * as assert from "../../assert.js";
import { Served } from "../../support/served.js";
import { render } from "../../support/templates.js";

const ID = "163fe8fd5bf5";
const HOURLY: PlannedUplink = Object.freeze({ batch: 12, deadlineMs: 20_000, hasTime: false });

/** Name, unit, resolution of each quantity. */
type Short = readonly [name: string, unit: string, resolution: number];
const WEATHER: readonly Short[] = Object.freeze([
	["temperature", "Cel", 0.01],
	["humidity", "%RH", 0.1],
	["pressure", "hPa", 0.1],
	["battery", "V", 0.01],
]);

function planned(quantities: readonly Short[], everySeconds = minutes(10), name = "weather"): PlannedNode {
	const all = quantities.map(([name, unit, resolution]) => ({ name, unit, resolution, low: -100, high: 2000 }));
	return { name, everySeconds, schema: crc16(utf8(JSON.stringify(all))), quantities: all };
}

function declared(quantities = WEATHER, uplink = HOURLY, options: HomeAssistantOptions = {}): HomeAssistantDeclaration {
	return homeAssistant(options).plan(planned(quantities), uplink);
}

/** A node in flash and RTC memory, and the server that it talks to. */
class Rig {
	readonly served = new Served();
	/** What the server retains, by topic. */
	readonly kept = new Map<string, Uint8Array>();
	readonly messages: CompanionMessage[] = [];
	private rtc: Uint8Array | undefined;
	private failing = "";

	/** One wake with an exchange. @param fails the part of a topic that the server refuses */
	wake(declaration: HomeAssistantDeclaration, fails = ""): string[] {
		this.failing = fails;
		const width = declaration.discovery!.width;
		this.served.report = { ...this.served.report, values: Array.from({ length: width }, (_, n) => 100 + n) };
		const companion = declaration.create({ nodeId: ID } as UplinkPorts, this.served);
		if (this.rtc) companion.restore(new DataView(this.rtc.buffer));
		const topics: string[] = [];
		const message = { topic: "", qos: 0, retain: false, length: 0, expirySeconds: 0 } as CompanionMessage;
		while (topics.length < 5 && companion.next(message)) {
			topics.push(message.topic);
			this.messages.push({ ...message });
			const payload = new Uint8Array(message.length);
			companion.write(0, payload);
			if (this.failing && message.topic.includes(this.failing)) break;
			this.kept.set(message.topic, payload);
			companion.done();
		}
		const view = new DataView(new ArrayBuffer(8));
		assert.ok(companion.retain(view) <= 8);
		this.rtc = new Uint8Array(view.buffer);
		return topics;
	}
	/** RTC memory is gone. */
	cutPower() {
		this.rtc = undefined;
	}
	get discovery() {
		return JSON.parse(fromUtf8(this.kept.get(CONFIG)!));
	}
}

const CONFIG = `homeassistant/device/${ID}/config`;
const STATE = `dormouse/${ID}/state`;

/** Fields of a device's discovery. Source: DEVICE_DISCOVERY_SCHEMA and abbreviations.py of home-assistant/core, 2024.11. */
const ROOT = ["dev", "o", "stat_t", "e", "cmps"];
const DEVICE = ["ids", "name", "mf", "mdl", "sn"];
/** Fields of a sensor. Source: DISCOVERY_SCHEMA in components/mqtt/sensor.py, MQTT_ENTITY_COMMON_SCHEMA, abbreviations.py. */
const SENSOR = [
	"p",
	"name",
	"uniq_id",
	"dev_cla",
	"unit_of_meas",
	"stat_cla",
	"sug_dsp_prc",
	"ent_cat",
	"exp_aft",
	"val_tpl",
];
/** Units of the classes in use. Source: DEVICE_CLASS_UNITS in components/sensor/const.py of home-assistant/core. */
const CLASS_UNITS: Readonly<Record<string, readonly string[]>> = Object.freeze({
	temperature: ["°C", "K"],
	humidity: ["%"],
	pressure: ["Pa", "hPa"],
	voltage: ["V", "mV"],
	current: ["A", "mA"],
	power: ["W", "kW"],
	apparent_power: ["VA"],
	reactive_power: ["var"],
	energy: ["J", "Wh", "kWh"],
	frequency: ["Hz", "MHz"],
	illuminance: ["lx"],
	irradiance: ["W/m²"],
	distance: ["m", "mm", "cm", "km"],
	speed: ["m/s", "km/h"],
	precipitation_intensity: ["mm/h"],
	weight: ["kg"],
	duration: ["s", "ms", "min", "h"],
	data_size: ["B", "KiB", "GB"],
	data_rate: ["bit/s", "Mbit/s", "B/s", "MB/s"],
	signal_strength: ["dBm"],
	battery: ["%"],
	carbon_dioxide: ["ppm"],
	pm1: ["µg/m³"],
	pm25: ["µg/m³"],
	pm10: ["µg/m³"],
});

interface Sensor {
	readonly p: string;
	readonly name: string;
	readonly uniq_id: string;
	readonly dev_cla?: string;
	readonly unit_of_meas?: string;
	readonly stat_cla?: string;
	readonly sug_dsp_prc?: number;
	readonly ent_cat?: string;
	readonly exp_aft: number;
	readonly val_tpl: string;
}

function sensorsOf(declaration: HomeAssistantDeclaration): Sensor[] {
	const rig = new Rig();
	rig.wake(declaration);
	return Object.values(rig.discovery.cmps);
}

describe("home assistant", () => {
	it("home assistant discovery: weather node, one retained message tells of the device and of each sensor", () => {
		const rig = new Rig();
		assert.deepEqual(rig.wake(declared()), [CONFIG, STATE]);
		const { dev, o, stat_t, e, cmps } = rig.discovery;
		assert.deepEqual(dev, {
			ids: `dormouse_${ID}`,
			name: `weather ${ID}`,
			mf: "Dormouse",
			mdl: "weather",
			sn: ID,
		});
		assert.deepEqual(o, { name: "dormouse" });
		assert.equal(stat_t, STATE);
		assert.equal(e, ""); // bytes, not text
		const sensors: Sensor[] = Object.values(cmps);
		assert.deepEqual(
			sensors.map((one) => one.name),
			[
				"Temperature",
				"Humidity",
				"Pressure",
				"Battery",
				"Records waiting",
				"Missed samples",
				"Dropped records",
				"Failed exchanges",
			],
		);
		assert.deepEqual(sensors[0], {
			p: "sensor",
			name: "Temperature",
			uniq_id: `${ID}_temperature`,
			dev_cla: "temperature",
			unit_of_meas: "°C",
			stat_cla: "measurement",
			sug_dsp_prc: 2,
			exp_aft: sensors[0]!.exp_aft,
			val_tpl: sensors[0]!.val_tpl,
		});
		assert.equal(sensors[3]!.ent_cat, "diagnostic"); // a battery's voltage is about the node
		const [discovery, state] = rig.messages;
		assert.deepEqual({ ...discovery, length: 0 }, { topic: CONFIG, qos: 1, retain: true, length: 0, expirySeconds: 0 });
		assert.equal(state!.qos, 0);
		assert.ok(state!.retain);
		assert.equal(state!.expirySeconds, sensors[0]!.exp_aft);
	});

	it("home assistant discovery: declarations of all kinds, every field and unit is one that it knows, in ASCII", () => {
		const units =
			"m kg s A K cd mol Hz rad sr N Pa J W C V F Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 m/s m/s2 m3/s W/m2 cd/m2 bit " +
			"bit/s lat lon pH dB dBW count / %RH %EL EL 1/s beats S/m B VA VAs var vars J/m kg/m3 deg ms min h MHz kW kVA kvar " +
			"Ah Wh kWh varh kvarh kVAh Wh/km KiB GB Mbit/s B/s MB/s mV mA dBm ug/m3 mm/h m/h ppm /100 /1000 hPa mm cm km km/h";
		const names = ["soil_moisture", "battery", "co2", "pm1", "pm25", "pm10"];
		let checked = 0;
		for (const unit of units.split(" "))
			for (const name of ["V", "ppm", "ug/m3"].includes(unit) ? names : names.slice(0, 1)) {
				const rig = new Rig();
				rig.wake(declared([[name, unit, 0.5]]));
				const { length } = rig.kept.get(CONFIG)!;
				assert.ok(length < 2300, `${length} bytes`);
				assert.ok(rig.kept.get(CONFIG)!.every((byte) => byte >= 0x20 && byte < 0x7f));
				const { discovery } = rig;
				assert.deepEqual(Object.keys(discovery), ROOT);
				assert.deepEqual(Object.keys(discovery.dev), DEVICE);
				const sensors: Sensor[] = Object.values(discovery.cmps);
				const [one] = sensors;
				for (const each of sensors) assert.ok(Object.keys(each).every((field) => SENSOR.includes(field)));
				if (one!.dev_cla)
					assert.ok(
						one!.dev_cla === "ph"
							? one!.unit_of_meas === undefined
							: CLASS_UNITS[one!.dev_cla]?.includes(one!.unit_of_meas!) === true,
						`${unit}: ${one!.dev_cla}, ${one!.unit_of_meas}`,
					);
				// energy may not be a measurement: DEVICE_CLASS_STATE_CLASSES in components/sensor/const.py
				assert.equal(one!.stat_cla, one!.dev_cla === "energy" ? "total_increasing" : "measurement");
				checked++;
			}
		assert.ok(checked > 95, `${checked} declarations`);
	});

	for (const [resolution, digits, expression] of [
		[0.01, 2, "v/100"],
		[0.5, 1, "v/2"],
		[0.05, 2, "v/20"],
		[0.2, 1, "v/5"],
		[1e-6, 6, "v/1000000"],
		[1, 0, "v"],
		[10, 0, "v*10"],
		[500, 0, "v*500"],
	] as const)
		it(`home assistant discovery: resolution ${resolution}, ${digits} digits shown and ${expression}`, () => {
			const [one] = sensorsOf(declared([["level", "m", resolution]]));
			assert.equal(one!.sug_dsp_prc, digits);
			assert.ok(one!.val_tpl.includes(`{{${expression} if v>-2147483648 else none}}`), one!.val_tpl);
		});

	it("home assistant discovery: names that look alike, each sensor has a key and a unique id of its own", () => {
		const names: Short[] = [];
		for (let n = 0; n < 24; n++) names.push([`missed-${n}`, "m", 1]);
		const rig = new Rig();
		rig.wake(declared(names, { ...HOURLY, hasTime: true }));
		const sensors: Sensor[] = Object.values(rig.discovery.cmps);
		assert.equal(sensors.length, 29);
		assert.equal(new Set(sensors.map((one) => one.uniq_id)).size, 29);
		assert.equal(rig.kept.get(STATE)!.length, 2 + 2 + 4 * 29);
	});

	it("home assistant discovery: two names with one hash, keys differ", () => {
		const [a, b] = collision();
		const keys = declared([
			[a, "m", 1],
			[b, "m", 1],
		]).discovery!.keys;
		assert.equal(keys[1], (keys[0]! + 1) & 0xffff);
	});

	for (const [every, batch, deadline, missed, expected] of [
		[minutes(10), 12, 20, 2, 22_700], // 3 × 2 h, 5 % of it, 20 s
		[minutes(10), 12, 20, 0, 7_580],
		[seconds(1), 1, 1, 2, 5],
		[86_400, 255, 240, 100, 2_336_493_840],
	] as const)
		it(`home assistant expire_after: every ${every} s in ${batch}, ${missed} may be missed, ${expected} s`, () => {
			const { discovery } = homeAssistant({ missed }).plan(planned(WEATHER, every), {
				batch,
				deadlineMs: 1000 * deadline,
				hasTime: false,
			});
			assert.equal(discovery!.expireSeconds, expected);
			// The message expiry of MQTT is a 32-bit number.
			assert.ok(discovery!.expireSeconds > (missed + 1) * every * batch && discovery!.expireSeconds <= 0xffff_ffff);
		});

	it("home assistant discovery: written in pieces of any length, the same bytes", () => {
		const declaration = declared(WEATHER.slice(0, 1));
		const served = new Served();
		served.report = { values: [7], acknowledged: 0 };
		served.cells.set(CellId.companion, Uint8Array.of(0, 0, 0, 9, 0xab, 0xcd));
		for (const nodeId of ["a", ID, "esp32-0123456789abcdefg"]) {
			const companion = declaration.create({ nodeId } as UplinkPorts, served);
			const message = {} as CompanionMessage;
			assert.ok(companion.next(message));
			const whole = new Uint8Array(message.length);
			companion.write(0, whole);
			const text = fromUtf8(whole);
			assert.ok(JSON.parse(text).cmps.kabcd);
			assert.equal(text.split(nodeId === "a" ? '"sn":"a"' : nodeId).length - 1, nodeId === "a" ? 1 : 9);
			for (let split = 0; split <= whole.length; split += nodeId === "a" ? 1 : 53) {
				const parts = [new Uint8Array(split), new Uint8Array(whole.length - split)] as const;
				companion.write(0, parts[0]);
				companion.write(split, parts[1]);
				assert.equal(toHex(parts[0]) + toHex(parts[1]), toHex(whole), `at ${split}`);
			}
			for (const size of [1, 7, 64, 1000]) {
				let joined = "";
				for (let at = 0; at < whole.length; at += size) {
					const part = new Uint8Array(Math.min(size, whole.length - at));
					companion.write(at, part);
					joined += toHex(part);
				}
				assert.equal(joined, toHex(whole), `in pieces of ${size}`);
			}
		}
	});

	it("home assistant state: a sample with a missing value, the worked bytes", () => {
		const declaration = homeAssistant().plan({ ...planned(WEATHER), schema: 0x0915 }, { ...HOURLY, hasTime: true });
		const served = new Served();
		served.report = { values: [2153, undefined, 10_132, 412], acknowledged: 12 };
		served.queue.count = 3;
		served.health = { missed: 1, dropped: 2, failed: 70_000 };
		served.wall = 1_772_323_200_999;
		const companion = declaration.create({ nodeId: ID } as UplinkPorts, served);
		const message = {} as CompanionMessage;
		companion.next(message);
		companion.done();
		assert.ok(companion.next(message));
		const state = new Uint8Array(message.length);
		companion.write(0, state);
		assert.equal(
			toHex(state),
			"58260916" + "00000869" + "80000000" + "00002794" + "0000019c" + "0000000f000000010000000200011170" + "69a38180",
		);
		const halves = [new Uint8Array(7), new Uint8Array(33)] as const;
		companion.write(0, halves[0]);
		companion.write(7, halves[1]);
		assert.equal(toHex(halves[0]) + toHex(halves[1]), toHex(state));
	});

	it("home assistant state: one value, the head of the byte string is one byte and templates know", () => {
		const rig = new Rig();
		rig.wake(declared([["level", "m", 1]]));
		const state = rig.kept.get(STATE)!;
		assert.equal(state[0], 0x40 + state.length - 1);
		assert.ok(Object.values<Sensor>(rig.discovery.cmps)[0]!.val_tpl.includes("unpack('>i',3)"));
	});

	it("home assistant state: what its own templates make of it, and of another declaration's", () => {
		const declaration = declared([...WEATHER, ["tank", "m", 10]], { ...HOURLY, hasTime: true });
		const served = new Served();
		served.report = { values: [-2153, undefined, 10_132, 412, -3], acknowledged: 12 };
		served.health = { missed: 1, dropped: 2, failed: 3 };
		const messages: Uint8Array[] = [];
		for (const wall of [1_772_323_200_999, 0]) {
			served.wall = wall;
			served.report = { ...served.report, values: [...served.report.values] };
			const companion = declaration.create({ nodeId: ID } as UplinkPorts, served);
			const message = {} as CompanionMessage;
			for (; companion.next(message); companion.done()) {
				messages.push(new Uint8Array(message.length));
				companion.write(0, messages.at(-1)!);
			}
		}
		const sensors: Sensor[] = Object.values(JSON.parse(fromUtf8(messages[0]!)).cmps);
		const shown = (state: Uint8Array) => sensors.map(({ val_tpl }) => render(val_tpl, state));
		const known = [-21.53, undefined, 1013.2, 4.12, -30, 12, 1, 2, 3];
		assert.deepEqual(shown(messages[1]!), [...known, "2026-03-01T00:00:00.000Z"]);
		assert.deepEqual(shown(messages[2]!), [...known, undefined]);
		messages[1]![3]! ^= 1;
		assert.deepEqual(shown(messages[1]!), [...known.map(() => "ignored"), undefined]);
	});

	it("home assistant: discovery acknowledged after a sleep, as a session that was kept does, announced", () => {
		const declaration = declared();
		const rig = new Rig();
		rig.wake(declaration, "config");
		const view = new DataView(new ArrayBuffer(8));
		const later = declaration.create({ nodeId: ID } as UplinkPorts, rig.served);
		later.done();
		later.retain(view);
		rig.cutPower();
		assert.deepEqual(rig.wake(declaration), [STATE]);
	});

	it("home assistant: another sample in the same wake, told again; the same sample, not", () => {
		const served = new Served();
		served.report = { values: [1, 2, 3, 4], acknowledged: 0 };
		const companion = declared().create({ nodeId: ID } as UplinkPorts, served);
		const message = {} as CompanionMessage;
		const all = () => {
			let topics = "";
			for (; companion.next(message); companion.done()) topics += message.topic.endsWith("config") ? "d" : "s";
			return topics;
		};
		assert.equal(all(), "ds");
		assert.equal(all(), "");
		served.report = { values: [1, 2, 3, 4], acknowledged: 0 };
		assert.equal(all(), "s");
		served.report = { values: [], acknowledged: 0 };
		assert.equal(all(), "");
	});

	it("home assistant: declaration unchanged, announced once, over sleeps and a power cut", () => {
		const rig = new Rig();
		const declaration = declared();
		assert.deepEqual(rig.wake(declaration), [CONFIG, STATE]);
		let accesses = 0;
		rig.served.onFlash = () => accesses++;
		assert.deepEqual(rig.wake(declaration), [STATE]);
		assert.equal(accesses, 0); // an ordinary wake leaves flash alone
		rig.cutPower();
		assert.deepEqual(rig.wake(declaration), [STATE]);
		assert.equal(accesses, 1);
		assert.deepEqual(rig.wake(declaration), [STATE]);
		assert.equal(accesses, 1);
	});

	it("home assistant: a quantity goes, another comes, announced again; the old one is removed by its platform alone", () => {
		const rig = new Rig();
		rig.wake(declared());
		const [, humidity] = Object.keys(rig.discovery.cmps);
		const before = Object.keys(rig.discovery.cmps);
		const changed = declared([WEATHER[0]!, WEATHER[2]!, WEATHER[3]!, ["light", "lx", 1]]);
		assert.deepEqual(rig.wake(changed), [CONFIG, STATE]);
		const { cmps } = rig.discovery;
		assert.deepEqual(cmps[humidity!], { p: "sensor" }); // https://github.com/home-assistant/core/pull/118757
		for (const key of before) assert.ok(key in cmps);
		assert.equal(Object.keys(cmps).length, before.length + 1);
		assert.deepEqual(rig.wake(changed), [STATE]);
		// what was removed once is not told again
		assert.deepEqual(rig.wake(declared()), [CONFIG, STATE]);
		assert.ok(!(humidity! in rig.discovery.cmps) || rig.discovery.cmps[humidity!].name === "Humidity");
		assert.ok(Object.values<Sensor>(rig.discovery.cmps).some((one) => Object.keys(one).length === 1));
	});

	for (const [what, other] of [
		["resolution", declared([["temperature", "Cel", 0.1], ...WEATHER.slice(1)])],
		["prefix", declared(WEATHER, HOURLY, { prefix: "ha" })],
		["missed exchanges", declared(WEATHER, HOURLY, { missed: 3 })],
		["batch", declared(WEATHER, { ...HOURLY, batch: 6 })],
	] as const)
		it(`home assistant: another ${what}, announced again`, () => {
			const rig = new Rig();
			rig.wake(declared());
			rig.cutPower();
			assert.equal(rig.wake(other).length, 2);
			assert.equal(rig.wake(other).length, 1);
		});

	it("home assistant: state of another declaration, templates do not take it for theirs", () => {
		const tags = new Set<number>();
		for (const quantities of [WEATHER, WEATHER.slice(1), [...WEATHER].reverse()]) {
			const { discovery } = declared(quantities);
			tags.add(discovery!.tag);
			for (const { val_tpl } of sensorsOf(declared(quantities)))
				assert.ok(val_tpl.includes(`value|unpack('>H',2)==${discovery!.tag}`), val_tpl);
		}
		assert.equal(tags.size, 3);
	});

	it("home assistant: discovery refused each time, the state goes all the same and tries grow apart", () => {
		const rig = new Rig();
		const declaration = declared();
		const tries: number[] = [];
		for (let exchange = 0; exchange < 600; exchange++)
			if (rig.wake(declaration, "config")[0] === CONFIG) tries.push(exchange);
		assert.deepEqual(tries.slice(0, 8), [0, 2, 6, 14, 30, 62, 126, 254]);
		assert.deepEqual(tries.slice(8), [382, 510]); // no further than 127 exchanges
		assert.ok(rig.kept.has(STATE));
		for (let exchange = 0; exchange < 128; exchange++) rig.wake(declaration);
		assert.ok(rig.kept.has(CONFIG));
	});

	it("home assistant: the session is forgotten, announced again, even where the next try comes after sleep", () => {
		const declaration = declared();
		const rig = new Rig();
		rig.wake(declaration);
		rig.served.report = { values: [1, 2, 3, 4], acknowledged: 0 };
		const companion = declaration.create({ nodeId: ID } as UplinkPorts, rig.served);
		companion.forgotten();
		const view = new DataView(new ArrayBuffer(8));
		companion.retain(view);
		const later = declaration.create({ nodeId: ID } as UplinkPorts, rig.served);
		later.restore(view);
		const message = {} as CompanionMessage;
		assert.ok(later.next(message));
		assert.equal(message.topic, CONFIG);
		later.done();
		assert.ok(later.next(message));
		assert.equal(message.topic, STATE);
	});

	for (const failing of ["read", "write", "count"] as const)
		it(`home assistant: flash refuses to ${failing}, both messages go all the same`, () => {
			const rig = new Rig();
			if (failing === "count")
				Object.defineProperty(rig.served.queue, "count", {
					get: () => {
						throw new DormouseError("flash");
					},
				});
			else
				rig.served.onFlash = (isWrite) => {
					if (isWrite === (failing === "write")) throw new DormouseError("flash");
				};
			assert.deepEqual(rig.wake(declared()), [CONFIG, STATE]);
			assert.deepEqual(rig.wake(declared()), [STATE]);
		});

	it("home assistant: garbage in retained memory and in the cell, nothing worse than another announcement", () => {
		const declaration = declared();
		for (const cell of [[], [1], [0, 0, 0, 0], [9, 9, 9, 9, 1], [9, 9, 9, 9, 1, 2, 3]])
			for (const rtc of [[], [1, 2, 3], [0, 0, 0, 0, 0, 0, 0, 0], [255, 255, 255, 255, 255, 0, 255, 255]]) {
				const served = new Served();
				served.report = { values: [1, 2, 3, 4], acknowledged: 0 };
				served.cells.set(CellId.companion, Uint8Array.from(cell));
				const companion = declaration.create({ nodeId: ID } as UplinkPorts, served);
				companion.restore(new DataView(Uint8Array.from(rtc).buffer));
				const message = {} as CompanionMessage;
				assert.ok(companion.next(message));
				const payload = new Uint8Array(message.length);
				companion.write(0, payload);
				assert.equal(message.topic, CONFIG);
				JSON.parse(fromUtf8(payload));
			}
	});

	it("home assistant: what does not belong to flash is thrown on", () => {
		const served = new Served();
		served.report = { values: [1, 2, 3, 4], acknowledged: 0 };
		served.onFlash = () => {
			throw new RangeError("a mistake of ours");
		};
		const companion = declared().create({ nodeId: ID } as UplinkPorts, served);
		try {
			companion.next({} as CompanionMessage);
		} catch (error) {
			assert.ok(error instanceof RangeError);
			return;
		}
		assert.fail("nothing was thrown");
	});

	for (const [options, message] of [
		[{ prefix: "" }, "homeAssistant.prefix"],
		[{ prefix: "a/+" }, "homeAssistant.prefix"],
		[{ prefix: 'a"' }, "homeAssistant.prefix"],
		[{ missed: -1 }, "homeAssistant.missed: -1 is wrong; 0 … 100 would be right"],
		[{ missed: 1.5 }, "homeAssistant.missed"],
		[{ topic: "x" }, "homeAssistant.topic: this field is wrong; prefix or missed would be right"],
	] as const)
		it(`home assistant declaration: ${JSON.stringify(options)}, refused in words`, () => {
			assert.throws(() => homeAssistant(options as HomeAssistantOptions), { code: "declaration", message });
		});

	it("home assistant declaration: created without a node's plan, refused in words", () => {
		assert.throws(() => homeAssistant().create({ nodeId: ID } as UplinkPorts, new Served()), {
			code: "declaration",
			message: "homeAssistant: it stands in no declareNode",
		});
	});

	it("declareNode: an uplink that plans, it hears of the node and its answer is taken", () => {
		const heard: PlannedNode[] = [];
		const uplink: UplinkDeclaration = {
			kind: "test",
			batch: 3,
			deadlineMs: 1000,
			mtu: 100,
			trimOn: "peer",
			plan: (node) => {
				heard.push(node);
				return { ...uplink, kind: "planned" };
			},
			create: () => assert.fail("not here"),
		};
		const node = declareNode({
			name: "n",
			every: 60,
			sensors: [
				sensor({
					chip: "x",
					port: "X.default",
					channels: [{ name: "t", unit: "Cel", step: 0.1, resolution: 0.1, low: 0, high: 9 }],
					create: () => assert.fail("not here"),
				}),
			],
			uplink,
		});
		assert.equal(node.uplink.kind, "planned");
		assert.deepEqual(heard, [{ name: "n", everySeconds: 60, schema: node.schema, quantities: node.quantities }]);
	});
});

/** Two names with equal CRC-16. */
function collision(): readonly [string, string] {
	const seen = new Map<number, string>();
	for (let n = 0; ; n++) {
		const name = `q${n}`;
		const hash = crc16(utf8(name));
		const other = seen.get(hash);
		if (other !== undefined) return [other, name];
		seen.set(hash, name);
	}
}
