import { fromHex, fromUtf8, toHex } from "../../../modules/core/bytes.js";
import { Aes128 } from "../../../net/lorawan/aes.js";
import { airtimeMs } from "../../../net/lorawan/airtime.js";
import { Crypto } from "../../../net/lorawan/crypto.js";
import { type LorawanOptions, lorawan } from "../../../net/lorawan/lorawan.js";
import { At, Band, type Region } from "../../../net/lorawan/region.js";
import { as923 } from "../../../net/lorawan/region-as923.js";
import { au915 } from "../../../net/lorawan/region-au915.js";
import { type Cn470Plan, cn470 } from "../../../net/lorawan/region-cn470.js";
import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { in865 } from "../../../net/lorawan/region-in865.js";
import { kr920 } from "../../../net/lorawan/region-kr920.js";
import { tablesOf } from "../../../net/lorawan/region-tables.js";
import { us915 } from "../../../net/lorawan/region-us915.js";
import { RETAINED_BYTES, RETAINED_VERSION, Time, Word } from "../../../net/lorawan/state.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { FakeRadio, LoraRig } from "../../support/lorawan.js";
import { DataFrame, dataMic, decodeData, encodeData, MType } from "../../support/lorawan-frame.js";
import { runsOf, seedOf } from "../../support/seed.js";

const HOUR = 3_600_000;

/** The MAC of a new node in a region. */
const macOf = (region: Region) => new LoraRig(new Seeded(1), { region }).client.mac;

describe("lorawan frame", () => {
	const frame = () => {
		const made = new DataFrame();
		made.mType = MType.confirmedUp;
		made.devAddr = 0x4932_4f02;
		made.fCnt = 0x0102;
		made.fOpts = fromHex("0307");
		made.fPort = 5;
		made.payload = fromHex("a1b2c3");
		made.adr = made.ack = true;
		return made;
	};
	it("each field has its place: TS001-1.0.4 §4", () => {
		const into = new Uint8Array(32);
		const length = encodeData(frame(), into);
		assert.equal(toHex(into.subarray(0, length)), "80024f3249a20201030705a1b2c3");
	});
	it("less room than it takes with its MIC: overflow, and nothing is written", () => {
		for (let room = 0; room < 18; room++) {
			const into = new Uint8Array(room);
			assert.throws(() => encodeData(frame(), into), { code: "overflow" });
			assert.ok(into.every((byte) => byte === 0));
		}
	});
	it("FOpts over 15 bytes, or beside port 0: range", () => {
		const long = frame();
		long.fOpts = new Uint8Array(16);
		assert.throws(() => encodeData(long, new Uint8Array(64)), { code: "range" });
		const zero = frame();
		zero.fPort = 0;
		assert.throws(() => encodeData(zero, new Uint8Array(64)), { code: "range" });
	});
	it("cut at every length: truncated, until a sound frame of fewer fields is left", () => {
		const bytes = new Uint8Array(18);
		encodeData(frame(), bytes);
		const read = new DataFrame();
		for (let length = 0; length <= 18; length++) {
			const outcome = decodeData(bytes.subarray(0, length), read);
			// DevAddr, FCtrl, FCnt and two bytes of FOpts, and the MIC: from 14 on it is a frame.
			assert.equal(outcome, length < 14 ? "truncated" : undefined, `${length} bytes`);
		}
		assert.equal(read.fPort, 5);
	});
	it("a FOptsLen beyond the frame: truncated; port 0 with FOpts: malformed", () => {
		const read = new DataFrame();
		assert.equal(decodeData(fromHex("60024f32490f0201 03070000 00000000"), read), "truncated");
		assert.equal(decodeData(fromHex("60024f3249020201 0307 00 a1 00000000"), read), "malformed");
	});
	it("joins, proprietary frames, another major version: type", () => {
		const read = new DataFrame();
		for (const head of ["00", "20", "c0", "e0", "61", "63"])
			assert.equal(decodeData(fromHex(`${head}024f324900020100000000`), read), "type", head);
	});
	it("a published uplink (README of lora-packet), with its keys: read, verified, decrypted", () => {
		const bytes = fromHex("40f17dbe4900020001954378762b11ff0d");
		const read = new DataFrame();
		assert.equal(decodeData(bytes, read), undefined);
		assert.equal(read.mType, MType.unconfirmedUp);
		assert.equal(read.devAddr, 0x49be_7df1);
		assert.equal(read.fCnt, 2);
		assert.equal(read.fPort, 1);
		const cipher = new Aes128();
		const mic = new Uint8Array(4);
		cipher.setKey(fromHex("44024241ed4ce9a68c6a8bc055233fd3"));
		dataMic(cipher, 0, read.devAddr, 2, bytes, bytes.length - 4, mic);
		assert.equal(toHex(mic), "2b11ff0d");
		cipher.setKey(fromHex("ec925802ae430ca77fd3dd73cb2cc588"));
		new Crypto(cipher).crypt(0, read.devAddr, 2, read.payload, 0, 4);
		assert.equal(fromUtf8(read.payload), "test");
	});
});

describe("lorawan airtime", () => {
	// Semtech's LoRa calculator, explicit header, CR 4/5, preamble 8, CRC on: a Join-Request, 13 and 64 bytes.
	for (const [sf, kHz, bytes, ms] of [
		[7, 125, 23, 61.696],
		[8, 125, 23, 113.152],
		[9, 125, 23, 205.824],
		[10, 125, 23, 370.688],
		[11, 125, 23, 823.296],
		[12, 125, 23, 1482.752],
		[7, 125, 13, 46.336],
		[12, 125, 13, 1155.072],
		[12, 125, 64, 2793.472],
		[7, 125, 255, 399.616],
		[7, 250, 23, 30.848],
		[8, 500, 23, 28.288],
	] as const)
		it(`SF${sf}, ${kHz} kHz, ${bytes} bytes: ${ms} ms`, () => {
			assert.near(airtimeMs(sf, kHz * 1000, bytes), ms, 0.001);
		});
	it("all settings and lengths: the integers of Semtech's driver (SX126x, RadioGetLoRaTimeOnAirNumerator)", () => {
		for (let sf = 7; sf <= 12; sf++)
			for (const bandwidth of [125_000, 250_000, 500_000])
				for (let bytes = 0; bytes <= 255; bytes++)
					for (const crc of [true, false]) {
						const slow = (sf >= 11 && bandwidth === 125_000) || (sf === 12 && bandwidth === 250_000);
						let numerator = (bytes << 3) + (crc ? 16 : 0) - 4 * sf + 20 + 8;
						if (numerator < 0) numerator = 0;
						const denominator = 4 * (slow ? sf - 2 : sf);
						const symbols = Math.floor((numerator + denominator - 1) / denominator) * 5 + 8 + 12;
						const expected = ((4 * symbols + 1) * (1 << (sf - 2)) * 1000) / bandwidth;
						assert.near(airtimeMs(sf, bandwidth, bytes, crc), expected, 1e-6, `SF${sf} ${bandwidth} ${bytes}`);
					}
	});
});

describe("lorawan regions", () => {
	/** Name, default uplinks (MHz), RX2 (MHz, SF, kHz), and M at the lowest and the highest uplink data rate. */
	const TABLE: readonly (readonly [Region, readonly number[], readonly [number, number, number], number, number])[] = [
		[eu868, [868.1, 868.3, 868.5], [869.525, 12, 125], 59, 250],
		[in865, [865.0625, 865.4025, 865.985], [866.55, 10, 125], 59, 250],
		[kr920, [922.1, 922.3, 922.5], [921.9, 12, 125], 59, 250],
		[as923(1), [923.2, 923.4], [923.2, 10, 125], 59, 250],
		[as923(2), [921.4, 921.6], [921.4, 10, 125], 59, 250],
		[as923(3), [916.6, 916.8], [916.6, 10, 125], 59, 250],
		[as923(4), [917.3, 917.5], [917.3, 10, 125], 59, 250],
		[us915(), [902.3, 902.5], [923.3, 12, 500], 19, 250],
		[au915(), [915.2, 915.4], [923.3, 12, 500], 59, 250],
		[cn470("20A"), [470.3, 470.5], [486.9, 11, 125], 0, 250],
		[cn470("20B"), [476.9, 477.1], [498.3, 11, 125], 0, 250],
		[cn470("26A"), [470.3, 470.5], [492.5, 11, 125], 0, 250],
		[cn470("26B"), [480.3, 480.5], [502.5, 11, 125], 0, 250],
	];
	for (const [region, channels, [rx2, sf, kHz], least, most] of TABLE)
		it(`${region.name}: default channels, RX2, payloads; all rows of RX1 lead to data rates that are defined`, () => {
			const mac = macOf(region);
			const tables = tablesOf(region);
			channels.forEach((mhz, n) => {
				assert.ok(mac.look(n, tables.joinRates[0]!));
				assert.equal(mac.frequency, Math.round(mhz * 10_000));
				assert.ok(mac.isOn(n, Word.mask));
			});
			assert.equal(tables.rx2Frequency, Math.round(rx2 * 10_000));
			assert.equal(tables.rates[tables.rx2Rate]! & 15, sf);
			assert.equal(125 << (tables.rates[tables.rx2Rate]! >> 4), kHz);
			assert.equal(tables.sizes[0], least);
			assert.equal(tables.sizes[tables.highest], most);
			assert.equal(tables.rx1.length, tables.rx1Offsets * (tables.highest + 1));
			for (const rate of tables.rx1) assert.ok(tables.rates[rate]);
			for (const rate of tables.joinRates) assert.ok(tables.sizes[rate] && rate <= tables.highest);
			for (let n = 0; n < mac.count; n++) {
				mac.look(n, 0);
				if (mac.frequency) assert.ok(mac.bandOf(mac.frequency) > 0 && mac.downFrequency > 0);
			}
		});
	/** Downlink data rates of RX1: a row an uplink data rate, a hexadecimal digit an RX1DROffset. RP002-1.0.4, each region's table. */
	const RX1: readonly (readonly [Region, string])[] = [
		[eu868, "000000 100000 210000 321000 432100 543210 654321"],
		[in865, "00000012 10000023 21000034 32100045 43210055 54321055"],
		[kr920, "000000 100000 210000 321000 432100 543210"],
		[as923(1), "00000012 10000023 21000034 32100045 43210056 54321066 65432166"],
		[us915(), "a988 ba98 cba9 dcba ddcb"],
		[au915(), "888888 988888 a98888 ba9888 cba988 dcba98 ddcba9"],
		[cn470("20A"), "111111 111111 211111 321111 432111 543211 654321"],
	];
	for (const [region, rows] of RX1)
		it(`${region.name}: data rates of RX1, each offset that is defined`, () => {
			const { rx1, rx1Offsets } = tablesOf(region);
			const digits = Array.from(rx1, (rate) => rate.toString(16)).join("");
			assert.equal(digits.replace(new RegExp(`.{${rx1Offsets}}(?=.)`, "g"), "$& "), rows);
		});
	for (const [region, rows] of RX1)
		it(`${region.name}: RX1 on air has these data rates, at each offset and data rate that a node gets to`, () => {
			const { rx1Offsets, rates } = tablesOf(region);
			for (let offset = 0; offset < rx1Offsets; offset++) {
				const rig = new LoraRig(new Seeded(2), { region });
				rig.server.dlSettings = (offset << 4) | tablesOf(region).rx2Rate;
				rig.queue = [Uint8Array.of(1)];
				rig.exchange();
				rig.sleep(HOUR);
				rig.queue = [Uint8Array.of(2)];
				rig.air.windows.length = 0;
				rig.exchange();
				const up = rig.server.rateOf(rig.air.uplinks.at(-1)!.how);
				const { spreadingFactor, bandwidthHz } = rig.air.windows[0]!.how;
				const code = spreadingFactor | (Math.log2(bandwidthHz / 125_000) << 4);
				const expected = Number.parseInt(rows.split(" ")[up]![offset]!, 16);
				assert.equal(code, rates[expected], `DR${up}, offset ${offset}`);
			}
		});
	it("fixed plans: the last channels and their RX1", () => {
		for (const [region, channel, up, down] of [
			[us915(), 63, 914.9, 927.5],
			[us915(), 64, 903, 923.3],
			[us915(), 71, 914.2, 927.5],
			[au915(), 63, 927.8, 927.5],
			[au915(), 71, 927.1, 927.5],
			[cn470("20A"), 31, 476.5, 490.1],
			[cn470("20A"), 63, 509.7, 496.5],
			[cn470("20B"), 63, 503.1, 503.1],
			[cn470("26A"), 47, 479.7, 494.7],
			[cn470("26B"), 24, 485.1, 500.1],
		] as const) {
			const mac = macOf(region);
			mac.look(channel, 0);
			assert.equal(mac.frequency, Math.round(up * 10_000), `${region.name} ${channel}`);
			assert.equal(mac.downFrequency, Math.round(down * 10_000), `${region.name} ${channel}`);
		}
	});
	it("CN470: common join channels (MHz), and RX1 and RX2 of them", () => {
		const joins = (plan: Cn470Plan) => {
			const mac = macOf(cn470(plan));
			const { joinChannels, joinRx1, joinRx2, rx2Frequency } = tablesOf(cn470(plan));
			return joinChannels!.map((channel, n) => {
				mac.look(channel, 1);
				return [mac.frequency, joinRx1 ?? mac.downFrequency, joinRx2?.[n] ?? rx2Frequency].map((each) => each / 10_000);
			});
		};
		assert.deepEqual(joins("20A"), [
			[470.9, 484.5, 485.3],
			[472.5, 486.1, 486.9],
			[474.1, 487.7, 488.5],
			[475.7, 489.3, 490.1],
			[504.1, 490.9, 491.7],
			[505.7, 492.5, 493.3],
			[507.3, 494.1, 494.9],
			[508.9, 495.7, 496.5],
		]);
		assert.deepEqual(joins("20B"), [
			[479.9, 479.9, 478.3],
			[499.9, 499.9, 498.3],
		]);
		assert.deepEqual(joins("26A")[4], [478.3, 492.5, 492.5]);
		assert.deepEqual(joins("26B")[0], [480.3, 502.5, 502.5]);
	});
	it("sub-bands: eight narrow channels and the wide one of the same number", () => {
		const on = (region: Region) => {
			const mac = macOf(region);
			return Array.from({ length: 72 }, (_, n) => n).filter((n) => mac.isOn(n, Word.mask));
		};
		assert.deepEqual(on(us915(2)), [8, 9, 10, 11, 12, 13, 14, 15, 65]);
		assert.equal(on(us915()).length, 72);
		for (const bad of [-1, 9, 1.5]) {
			assert.throws(() => us915(bad), { code: "declaration" });
			assert.throws(() => au915(bad), { code: "declaration" });
		}
		assert.throws(() => as923(5 as 4), { code: "declaration" });
		assert.throws(() => cn470("20C" as "20A"), { code: "declaration" });
	});
});

describe("lorawan air budget", () => {
	const seed = seedOf(31);
	/** EU868, but for the share of its first band. */
	const withShare = (perMille: number): Region => {
		const data = eu868.data.slice();
		data[data[At.bands]! + Band.perMille] = perMille;
		return { name: "EU868", data };
	};
	it(`as much as it gives, with losses of power at any time (seed ${seed}): no hour over the allowance, and most of it used`, () => {
		const random = new Seeded(seed);
		let best = 0;
		for (let run = 0; run < Math.max(3, runsOf(60)); run++) {
			const perMille = [1, 10, 100][run % 3]!;
			const region = withShare(perMille);
			const band = region.data[At.bands]!;
			const allowance = (HOUR * perMille) / 1000;
			const log: [number, number][] = [];
			let now = 0;
			let since = 0;
			const boot = () => {
				const { client } = new LoraRig(new Seeded(1), { region });
				client.mac.load();
				return client;
			};
			let client = boot();
			while (now < 6 * HOUR) {
				const airtime = random.between(1, 10) * allowance * 0.002;
				client.mac.nowMs = now - since;
				const wait = client.mac.waitMs(band, airtime);
				if (random.between(1, 40) === 1) {
					now += random.between(0, wait);
					since = now;
					client = boot(); // the power was gone, and all that was known
					continue;
				}
				if (random.between(1, 10) === 1) {
					const kept = new DataView(new ArrayBuffer(RETAINED_BYTES));
					client.mac.retain(kept);
					const rig = new LoraRig(new Seeded(1), { region });
					rig.boot("resumed");
					client = rig.client;
					assert.ok(client.mac.restore(kept, RETAINED_VERSION));
					client.mac.load();
					continue;
				}
				now += wait;
				client.mac.nowMs = now - since;
				client.mac.spend(band, airtime);
				log.push([now, airtime]);
				if (random.between(1, 20) === 1) now += random.between(0, HOUR);
			}
			let most = 0;
			for (const [from] of log) {
				let sum = 0;
				for (const [at, airtime] of log) if (at >= from && at < from + HOUR) sum += airtime;
				most = Math.max(most, sum);
			}
			assert.ok(most <= 0.96 * allowance, `${most / allowance} of the allowance`);
			best = Math.max(best, most / allowance);
		}
		assert.ok(best > 0.8, `only ${best} of it is used`);
	});
	it("a frame longer than the band ever gives at once: never; no limit: at once", () => {
		const mac = macOf(eu868);
		const first = eu868.data[At.bands]!;
		assert.equal(mac.waitMs(first, 901), Number.POSITIVE_INFINITY);
		assert.equal(macOf(in865).waitMs(in865.data[At.bands]!, 1e6), 0);
		assert.equal(mac.bandOf(8_686_500), 0);
		assert.equal(mac.waitMs(0, 1), Number.POSITIVE_INFINITY);
		assert.equal(mac.bandOf(8_680_000), first + 2 * Band.size);
	});
	it("a clock that steps back gives nothing", () => {
		const mac = macOf(eu868);
		const band = eu868.data[At.bands]! + Band.size;
		mac.times[Time.filled] = 1000;
		mac.nowMs = 0;
		assert.near(mac.waitMs(band, 70), 10_000, 1);
		mac.nowMs = 5000;
		assert.near(mac.waitMs(band, 70), 5000, 1);
	});
});

describe("lorawan uplink", () => {
	it("nothing wrong: kind, mtu and trimming as the cycle needs them, frozen", () => {
		const radio = { kind: "fake", lowestDbm: 2, highestDbm: 14, create: () => new FakeRadio(undefined!, 0) };
		const { create, region, radio: made, ...rest } = lorawan({ region: eu868, radio });
		assert.ok(region === eu868 && made === radio);
		assert.deepEqual(rest, {
			kind: "lorawan",
			batch: 6,
			confirmed: false,
			downlinks: false,
			port: 1,
			adr: true,
			repeater: false,
			deadline: 60,
			antenna: 2.15,
			drift: 500,
			private: false,
			joinNonceCounts: true,
			packages: [],
			deadlineMs: 60_000,
			mtu: 51,
			trimOn: "sent",
			atPower: true,
		});
		assert.ok(Object.isFrozen(rest.packages));
		assert.equal(typeof create, "function");
		assert.equal(lorawan({ region: us915(), radio, confirmed: true }).trimOn, "peer");
		for (const [field, value] of [
			["region", {}],
			["radio", undefined],
			["batch", 0],
			["port", 224],
			["deadline", 14],
			["antenna", Number.NaN],
			["drift", 0],
			["confirmed", "yes"],
			["downlinks", 1],
			["cipher", 7],
			["battery", 200],
			["packages", [{}]],
			["speed", 1],
		] as const)
			assert.throws(() => lorawan({ region: eu868, radio, [field]: value } as LorawanOptions), {
				code: "declaration",
				message: `uplink.${field}`,
			});
	});
	it("declaration: a region that was not called, a list of radios: told without its source", () => {
		const radio = { kind: "fake", lowestDbm: 2, highestDbm: 14, create: () => new FakeRadio(undefined!, 0) };
		for (const [field, value, said] of [
			["region", us915, "function"],
			["region", "EU868", "EU868"],
			["radio", [radio, radio], "object"],
		] as const)
			assert.throws(() => lorawan({ region: eu868, radio, [field]: value } as unknown as LorawanOptions), {
				code: "declaration",
				message: `uplink.${field}: ${said} is wrong`,
			});
	});
	const rig = () => {
		const made = new LoraRig(new Seeded(8), { region: eu868 });
		made.queue = [Uint8Array.of(1)];
		return made;
	};
	it("keys from provisioning missing or malformed: each exchange fails with key, and nothing goes on air", () => {
		for (const [name, value] of [
			["appKey", undefined],
			["appKey", "00".repeat(15)],
			["devEui", "not hex"],
		] as const) {
			const node = rig();
			if (value === undefined) delete node.settings[name];
			else node.settings[name] = value;
			node.boot();
			assert.equal(node.exchange().code, "key");
			assert.equal(node.air.uplinks.length, 0);
		}
	});
	it("started twice: busy; after close: closed, and no event follows", () => {
		const node = rig();
		const source = {
			wantsTime: false,
			fill: () => ({ length: 0, upTo: 0, count: 0, seconds: 0, wall: 0 }),
			again: () => 0,
			rewind: () => {},
		};
		const events: string[] = [];
		const on = {
			delivered: () => events.push("delivered"),
			deferred: () => events.push("deferred"),
			failed: () => events.push("failed"),
			downlink: () => {
				events.push("downlink");
				return true;
			},
			wallTime: () => events.push("time"),
			idle: () => events.push("idle"),
		};
		node.client.start(source, 60_000, on);
		assert.throws(() => node.client.start(source, 60_000, on), { code: "busy" });
		node.idle(20_000); // it has joined
		node.client.close();
		node.client.close();
		const count = events.length;
		node.idle(HOUR);
		assert.equal(events.length, count);
		assert.equal(node.timers.open, 0);
		assert.throws(() => node.client.start(source, 60_000, on), { code: "closed" });
	});
	it("the radio fails: its code; the deadline comes: timeout; the handles are closed", () => {
		for (const code of ["io", "timeout"] as const) {
			const node = rig();
			/** Fails, or never answers. */
			class Broken extends FakeRadio {
				override transmit(): void {
					if (code === "io") node.client.fault("io");
				}
			}
			node.radio = () => new Broken(node.air, 0);
			assert.equal(node.exchange().code, code);
			assert.equal(node.timers.open, 0);
		}
	});
	it("flash refuses to reserve: the exchange fails, and nothing goes on air", () => {
		const node = rig();
		assert.equal(node.exchange().end, "idle");
		node.cut(1000);
		node.idle(HOUR);
		const before = node.air.uplinks.length;
		node.queue = [Uint8Array.of(1)];
		node.cells.refuses = true;
		node.boot();
		node.idle(HOUR);
		assert.equal(node.exchange().code, "flash");
		assert.equal(node.air.uplinks.length, before);
	});
	it("a node that takes no messages: they are acknowledged and dropped", () => {
		const node = new LoraRig(new Seeded(8), { region: eu868, downlinks: false });
		node.queue = [Uint8Array.of(1)];
		node.exchange();
		node.sleep(HOUR);
		node.queue = [Uint8Array.of(2)];
		node.server.next = { payload: Uint8Array.of(1), confirmed: true };
		assert.deepEqual(node.exchange().downlinks, []);
		assert.equal(node.server.payloads.at(-1)!.frame.ack, true);
	});
	it("late and repeated events of the radio, in each state: no effect", () => {
		const node = rig();
		node.exchange();
		const { mac } = node.client;
		const uplinks = node.air.uplinks.length;
		node.client.txDone(1);
		node.client.rxDone(new Uint8Array(20), 0, 0, 2);
		node.client.rxTimeout(3);
		node.client.rxError(4);
		node.client.sensed(-100);
		node.client.fault("io");
		assert.equal(node.air.uplinks.length, uplinks);
		assert.equal(mac.words[Word.quiet], 1);
	});
	it("retained at any length that is too short, or of another version: not taken", () => {
		const node = rig();
		node.exchange();
		node.retain();
		const bytes = node.rtc!;
		node.boot("resumed");
		const { mac } = node.client;
		for (let length = 0; length < bytes.length; length++)
			assert.equal(mac.restore(new DataView(bytes.slice(0, length).buffer), RETAINED_VERSION), false, `${length}`);
		assert.equal(mac.restore(new DataView(bytes.slice().buffer), RETAINED_VERSION + 1), false);
		assert.equal(macOf(in865).restore(new DataView(bytes.slice().buffer), RETAINED_VERSION), false, "another region");
		assert.equal(mac.restore(new DataView(bytes.slice().buffer), RETAINED_VERSION), true);
	});
	const seed = seedOf(99);
	it(`corrupt, truncated and foreign downlinks (seed ${seed}): none is taken, the session stays, the next frame goes`, function () {
		this.timeout(60_000);
		const random = new Seeded(seed);
		const node = rig();
		const { air, server } = node;
		assert.equal(node.exchange().end, "idle");
		const { received } = air;
		let sent = 0;
		let session = "";
		air.received = (uplink) => {
			received(uplink);
			const good = server.downlink({ payload: Uint8Array.of(1, 2, 3), fOpts: Uint8Array.of(6, 8, 3) });
			server.session!.fCntDown--;
			let bad = good.slice();
			switch (random.between(0, 3)) {
				case 0:
					bad[random.between(0, bad.length - 1)]! ^= 1 << random.between(0, 7);
					break;
				case 1:
					bad = bad.slice(0, random.between(0, bad.length - 1));
					break;
				case 2:
					bad = Uint8Array.from({ length: random.between(0, 255) }, () => random.u32());
					break;
				default:
					bad = Uint8Array.of(...bad, 0);
			}
			if (toHex(bad) === toHex(good)) return;
			// RFU bits of MHDR, FOpts' length and all else are under the MIC.
			air.send(uplink.startMs + uplink.airtime + 1000, server.window(uplink, 1, false), bad);
			sent++;
		};
		for (let n = 0; n < Math.max(40, runsOf(1000)); n++) {
			node.sleep(HOUR);
			node.client.mac.words[Word.silent] = 0;
			node.queue = [Uint8Array.of(n)];
			const outcome = node.exchange();
			assert.equal(outcome.end, "idle");
			assert.deepEqual(outcome.downlinks, []);
			if (n > 20 && n % 5) continue;
			session ||= toHex(node.stored("session")!);
			assert.equal(toHex(node.stored("session")!), session);
		}
		assert.ok(sent >= 30);
		air.received = received;
		server.next = { payload: Uint8Array.of(4) };
		node.sleep(HOUR);
		node.queue = [Uint8Array.of(1)];
		assert.deepEqual(node.exchange().downlinks, ["04"]);
	});
	it("MAC commands of any bytes, authentic (seeded): never a throw, answers of known commands alone", function () {
		this.timeout(60_000);
		const random = new Seeded(seed);
		const node = rig();
		node.exchange();
		for (let n = 0; n < Math.max(40, runsOf(600)); n++) {
			node.sleep(HOUR);
			node.queue = [Uint8Array.of(n)];
			const cids = [2, 3, 4, 5, 6, 7, 8, 9, 10, 13];
			node.server.next = {
				payload: Uint8Array.from({ length: random.between(1, 50) }, (_, at) =>
					at === 0 || random.between(0, 4) === 0 ? cids[random.between(0, 9)]! : random.u32(),
				),
				port: 0,
			};
			const { end } = node.exchange();
			assert.ok(end === "idle" || end === "deferred" || end === "failed", end);
		}
		assert.deepEqual(node.server.reused, []);
	});
});
