import type { CborReader } from "../../modules/codec/cbor-reader.js";
import { CborWriter } from "../../modules/codec/cbor-writer.js";

export type Plain = number | string | boolean | null | Plain[] | { [key: string]: Plain };

/** A message of a node, for general codecs as a value, for ours also as a program that knows its shape. */
export interface Message {
	readonly name: string;
	/** Keys in deterministic order, so that all codecs make the same bytes. */
	readonly value: Plain;
	write(w: CborWriter): unknown;
	read(r: CborReader): Plain;
}

const weather = { h: 847, p: 10001, t: -603, bat: 412, seq: 4711, node: "163fe8fd5bf5", time: 1772323200 };
const frame = [
	1, 4242, 17, 3, 0, 600, -2, 5, 1, 0, -1, -3, 23, 12, -7, 24, 0, 0, 1, 2, -2, 90, 4, -24, 300, 7, -9, 11, 2, 1,
];
const config = {
	name: "greenhouse-2",
	every: 600,
	uplink: { port: 1883, batch: 12, topic: "site/2/weather", broker: "broker.local" },
	enabled: true,
	sensors: [
		{ port: "I2C.default", driver: "bme280", resolution: [1, 10, 100] },
		{ port: "Analog.default", driver: "battery", divider: 2 },
	],
	fallback: null,
};
const columns = [
	1,
	4242,
	17,
	[0, 600, 600, 600, 600, 601, 600, 600, 599, 600, 600, 600],
	[-603, -12, -9, -4, 0, 3, 8, 15, 21, 26, 30, 31],
	[847, 2, 2, -1, 0, -3, -5, -7, -7, -10, -12, -9],
	[10001, 0, -1, -1, 0, 0, 1, 0, 0, 2, 1, 1],
	[4120, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0],
];
const texts = {
	id: "urn:dev:mac:163fe8fffe5bf5aa",
	log: "brown-out at wake 4711; retained memory was sound; twelve records wait for the broker",
	site: "Gärtnerei Süd, Gewächshaus 2, Tisch 14",
	model: "dormouse weather node, revision C",
	notes: ["the door sticks", "battery changed in March", "sensor cleaned on 2026-02-11 after dust"],
};

/** Keys encoded beforehand: firmware's never change, and lie in flash. */
const names = [
	..."hpt",
	"bat",
	"seq",
	"node",
	"time",
	"name",
	"every",
	"uplink",
	"port",
	"batch",
	"topic",
	"broker",
	"sensors",
];
const more = ["driver", "resolution", "divider", "enabled", "fallback", "id", "log", "site", "model", "notes"];
const K = Object.fromEntries(
	[...names, ...more].map((name) => [name, new CborWriter(new Uint8Array(20)).text(name).written]),
) as Readonly<Record<string, Uint8Array>>;
const readInts = (r: CborReader) => {
	const items: number[] = [];
	for (let left = r.array(); left > 0; left--) items.push(r.int());
	return items;
};

/** The next key, which must be this one. */
const key = (r: CborReader, name: string) => {
	if (r.text() !== name) throw new Error(`no ${name}`);
	return r;
};

export const messages: readonly Message[] = [
	{
		name: "weather map of 7",
		value: weather,
		write: (w) =>
			w
				.map(7)
				.encoded(K.h!)
				.int(weather.h)
				.encoded(K.p!)
				.int(weather.p)
				.encoded(K.t!)
				.int(weather.t)
				.encoded(K.bat!)
				.int(weather.bat)
				.encoded(K.seq!)
				.int(weather.seq)
				.encoded(K.node!)
				.text(weather.node)
				.encoded(K.time!)
				.int(weather.time),
		read: (r) => {
			r.map();
			return {
				h: key(r, "h").int(),
				p: key(r, "p").int(),
				t: key(r, "t").int(),
				bat: key(r, "bat").int(),
				seq: key(r, "seq").int(),
				node: key(r, "node").text(),
				time: key(r, "time").int(),
			};
		},
	},
	{ name: "array of 30 integers", value: frame, write: (w) => w.ints(frame), read: readInts },
	{
		name: "nested configuration",
		value: config,
		write: (w) => {
			const { uplink, sensors } = config;
			w.map(6).encoded(K.name!).text(config.name).encoded(K.every!).int(config.every).encoded(K.uplink!).map(4);
			w.encoded(K.port!).int(uplink.port).encoded(K.batch!).int(uplink.batch).encoded(K.topic!).text(uplink.topic);
			w.encoded(K.broker!).text(uplink.broker).encoded(K.enabled!).boolean(config.enabled);
			w.encoded(K.sensors!).array(2).map(3);
			w.encoded(K.port!).text(sensors[0]!.port).encoded(K.driver!).text(sensors[0]!.driver).encoded(K.resolution!);
			w.ints(sensors[0]!.resolution!);
			w.map(3).encoded(K.port!).text(sensors[1]!.port).encoded(K.driver!).text(sensors[1]!.driver);
			w.encoded(K.divider!).int(sensors[1]!.divider!).encoded(K.fallback!).null();
		},
		read: (r) => {
			r.map();
			const name = key(r, "name").text();
			const every = key(r, "every").int();
			key(r, "uplink").map();
			const port = key(r, "port").int();
			const batch = key(r, "batch").int();
			const topic = key(r, "topic").text();
			const broker = key(r, "broker").text();
			const enabled = key(r, "enabled").boolean();
			key(r, "sensors").array();
			r.map();
			const first = {
				port: key(r, "port").text(),
				driver: key(r, "driver").text(),
				resolution: readInts(key(r, "resolution")),
			};
			r.map();
			const second = { port: key(r, "port").text(), driver: key(r, "driver").text(), divider: key(r, "divider").int() };
			key(r, "fallback").null();
			return { name, every, uplink: { port, batch, topic, broker }, enabled, sensors: [first, second], fallback: null };
		},
	},
	{
		name: "columns of 12 samples",
		value: columns,
		write: (w) => {
			w.array(8).int(1).int(4242).int(17);
			for (let n = 3; n < 8; n++) w.ints(columns[n] as number[]);
		},
		read: (r) => {
			const items: Plain[] = [];
			r.array();
			for (let n = 0; n < 3; n++) items.push(r.int());
			for (let n = 3; n < 8; n++) items.push(readInts(r));
			return items;
		},
	},
	{
		name: "mostly text",
		value: texts,
		write: (w) => {
			w.map(5).encoded(K.id!).text(texts.id).encoded(K.log!).text(texts.log).encoded(K.site!).text(texts.site);
			w.encoded(K.model!).text(texts.model).encoded(K.notes!).array(3);
			for (const note of texts.notes) w.text(note);
		},
		read: (r) => {
			r.map();
			const id = key(r, "id").text();
			const log = key(r, "log").text();
			const site = key(r, "site").text();
			const model = key(r, "model").text();
			const notes: Plain[] = [];
			for (let left = key(r, "notes").array(); left > 0; left--) notes.push(r.text());
			return { id, log, site, model, notes };
		},
	},
];
