import { utf8 } from "../../modules/core/bytes.js";
import { crc16, crc32 } from "../../modules/core/crc.js";
import { DormouseError, wrong } from "../../modules/core/errors.js";
import type { PlannedNode } from "../uplink.js";
import { DISCOVERY_ID, type Discovery, HomeAssistant, STATE_TOPIC } from "./announcer.js";
import type { CompanionDeclaration, PlannedUplink } from "./companion.js";

/** How a node declares that Home Assistant is to find it. */
export interface HomeAssistantOptions {
	/** Discovery prefix of Home Assistant's MQTT integration. Default "homeassistant". */
	readonly prefix?: string;
	/** Exchanges that may be missed before readings count as unavailable, 0 … 100. Default 2. */
	readonly missed?: number;
}

/** {@link homeAssistant} for a node. */
export interface HomeAssistantDeclaration extends CompanionDeclaration {
	/** Undefined before it is planned. */
	readonly discovery: Discovery | undefined;
	plan(node: PlannedNode, uplink: PlannedUplink): HomeAssistantDeclaration;
}

/** Stands for the node's id. */
const ID = String.fromCharCode(DISCOVERY_ID);
/** Versions of the state message differ in their tag. */
export const STATE_VERSION = 1;

/**
 * Device class, and unit as Home Assistant spells it in JSON, by SenML unit, or unit and name. What is not here has its own
 * unit and no class. Source: `DEVICE_CLASS_UNITS` in homeassistant/components/sensor/const.py; RFC 8428 §12.1, RFC 8798.
 */
const CLASSES =
	" Cel=temperature,\\u00b0C K=temperature,K %RH=humidity,% Pa=pressure,Pa hPa=pressure,hPa V=voltage,V mV=voltage,mV " +
	"A=current,A mA=current,mA W=power,W kW=power,kW VA=apparent_power,VA var=reactive_power,var J=energy,J Wh=energy,Wh " +
	"kWh=energy,kWh Hz=frequency,Hz MHz=frequency,MHz lx=illuminance,lx W/m2=irradiance,W/m\\u00b2 m=distance,m " +
	"mm=distance,mm cm=distance,cm km=distance,km m/s=speed,m/s km/h=speed,km/h mm/h=precipitation_intensity,mm/h " +
	"kg=weight,kg s=duration,s ms=duration,ms min=duration,min h=duration,h B=data_size,B KiB=data_size,KiB " +
	"GB=data_size,GB bit/s=data_rate,bit/s Mbit/s=data_rate,Mbit/s B/s=data_rate,B/s MB/s=data_rate,MB/s " +
	"dBm=signal_strength,dBm pH=ph, %EL=battery,% ppm/co2=carbon_dioxide,ppm ug/m3/pm1=pm1,\\u00b5g/m\\u00b3 " +
	"ug/m3/pm25=pm25,\\u00b5g/m\\u00b3 ug/m3/pm10=pm10,\\u00b5g/m\\u00b3 ug/m3=,\\u00b5g/m\\u00b3 m2=,m\\u00b2 " +
	"m3=,m\\u00b3 m/s2=,m/s\\u00b2 m3/s=,m\\u00b3/s kg/m3=,kg/m\\u00b3 cd/m2=,cd/m\\u00b2 deg=,\\u00b0 lat=,\\u00b0 " +
	"lon=,\\u00b0 Ohm=,\\u03a9 /=, count=, /100=,% ";

/** What follows the sample in a state: key, label, state class. */
const DIAGNOSTICS =
	"queued,Records waiting,measurement;missed,Missed samples,total_increasing;" +
	"dropped,Dropped records,total_increasing;failed,Failed exchanges,total_increasing";

/**
 * Lets Home Assistant (2024.11 or newer) find the node: `mqtt({ companions: [homeAssistant()] })`. One discovery message,
 * retained, tells of all its readings, whenever the declaration has changed; one small state message follows the frames of
 * each exchange. A failure of either leaves the frames alone. See docs/home-assistant.md.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function homeAssistant(options: HomeAssistantOptions = {}): HomeAssistantDeclaration {
	for (const field of Object.keys(options))
		if (field !== "prefix" && field !== "missed") wrong(`homeAssistant.${field}`, "this field", "prefix or missed");
	const { prefix = "homeassistant", missed = 2 } = options;
	if (typeof prefix !== "string" || !/^[\w-]{1,64}(\/[\w-]{1,64}){0,3}$/.test(prefix))
		wrong("homeAssistant.prefix", prefix, 'a topic such as "homeassistant"');
	if (!Number.isInteger(missed) || missed < 0 || missed > 100) wrong("homeAssistant.missed", missed, "0 … 100");
	return declared(prefix, missed, undefined);
}

function declared(prefix: string, missed: number, discovery: Discovery | undefined): HomeAssistantDeclaration {
	return Object.freeze<HomeAssistantDeclaration>({
		kind: "home-assistant",
		discovery,
		plan: (node, uplink) => declared(prefix, missed, discover(prefix, missed, node, uplink)),
		create(ports, node) {
			if (!discovery) throw new DormouseError("declaration", "homeAssistant: it stands in no declareNode");
			return new HomeAssistant(discovery, ports.nodeId, node);
		},
	});
}

function discover(prefix: string, missed: number, node: PlannedNode, uplink: PlannedUplink): Discovery {
	const { name, quantities } = node;
	const width = quantities.length;
	const diagnostics = DIAGNOSTICS.split(";");
	const tag = (node.schema + STATE_VERSION) & 0xffff;
	const fields = width + diagnostics.length + (uplink.hasTime ? 1 : 0);
	const at = 2 + 4 * fields < 24 ? 1 : 2; // behind the head of the byte string: RFC 8949 §3
	// Missed exchanges and the one that is due, what a sleep clock may go wrong, and all the time that an exchange may take.
	const expireSeconds = Math.ceil(
		(21 * (missed + 1) * node.everySeconds * uplink.batch) / 20 + uplink.deadlineMs / 1000,
	);
	const keys: number[] = [];
	/** A component reads the next field, if the state is of this declaration; else it keeps what it has. */
	const component = (
		key: string,
		label: string,
		more: string,
		template: (unpack: (type: string) => string) => string,
	) => {
		let hash = crc16(utf8(key));
		while (keys.includes(hash)) hash = (hash + 1) & 0xffff;
		const offset = at + 2 + 4 * keys.length;
		keys.push(hash);
		const text = template((type) => `value|unpack('>${type}',${offset})`);
		return (
			`${offset > at + 2 ? "," : ""}"k${hash.toString(16)}":{"p":"sensor","name":"${label}","uniq_id":"${ID}_${key}",${more}` +
			`"exp_aft":${expireSeconds},"val_tpl":"${text}"}`
		);
	};
	const isMine = `value|unpack('>H',${at})==${tag}`;
	let json =
		`{"dev":{"ids":"dormouse_${ID}","name":"${name} ${ID}","mf":"Dormouse","mdl":"${name}","sn":"${ID}"},"o":{"name":"dormouse"},` +
		`"stat_t":"${STATE_TOPIC.replace("{nodeId}", ID)}","e":"","cmps":{`;
	for (const { name: key, unit, resolution } of quantities) {
		const [kind, shown] = classOf(key, unit);
		const digits = Math.max(0, Math.ceil(-1e-9 - Math.log10(resolution)));
		const scaled = resolution < 1 ? `v/${Math.round(1 / resolution)}` : resolution > 1 ? `v*${resolution}` : "v";
		const more =
			(kind ? `"dev_cla":"${kind}",` : "") +
			(shown ? `"unit_of_meas":"${shown}",` : "") +
			`"stat_cla":"${kind === "energy" ? "total_increasing" : "measurement"}","sug_dsp_prc":${digits},` +
			(key === "battery" ? '"ent_cat":"diagnostic",' : "");
		json += component(
			key,
			key.charAt(0).toUpperCase() + key.slice(1).replace(/[_-]/g, " "),
			more,
			(unpack) => `{%if ${isMine}%}{%set v=${unpack("i")}%}{{${scaled} if v>-2147483648 else none}}{%endif%}`,
		);
	}
	for (const one of diagnostics) {
		const [key, label, state] = one.split(",");
		json += component(
			`health.${key}`,
			label!,
			`"stat_cla":"${state}","ent_cat":"diagnostic",`,
			(unpack) => `{%if ${isMine}%}{{${unpack("I")}}}{%endif%}`,
		);
	}
	if (uplink.hasTime)
		json += component(
			"health.seen",
			"Last seen",
			'"dev_cla":"timestamp","ent_cat":"diagnostic",',
			(unpack) => `{%set v=${unpack("I")} if ${isMine} else 0%}{{v|timestamp_utc if v else none}}`,
		);
	const topic = `${prefix}/device/{nodeId}/config`;
	const bytes = utf8(json);
	const digest = Math.max(2, crc32(bytes, 0, bytes.length, crc32(utf8(topic))));
	const { hasTime } = uplink;
	return Object.freeze({ topic, json: bytes, keys: Object.freeze(keys), digest, tag, width, hasTime, expireSeconds });
}

/** Device class and unit; empty where there is none. */
function classOf(name: string, unit: string): readonly string[] {
	for (const key of [`${unit}/${name.toLowerCase()}`, unit]) {
		const at = CLASSES.indexOf(` ${key}=`);
		if (at >= 0)
			return CLASSES.slice(at + key.length + 2)
				.split(" ", 1)[0]!
				.split(",");
	}
	return ["", unit];
}
