import { toHex } from "../../modules/core/bytes.js";
import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { CellId, Cells } from "../../modules/store/log.js";
import { CellId as Ids } from "../../modules/store/log.js";
import { Aes128 } from "../../net/lorawan/aes.js";
import { airtimeMs, symbolMs } from "../../net/lorawan/airtime.js";
import type { LorawanClient } from "../../net/lorawan/client.js";
import { Crypto, MIC_BYTES } from "../../net/lorawan/crypto.js";
import { type LorawanOptions, lorawan } from "../../net/lorawan/lorawan.js";
import { JOIN_REQUEST } from "../../net/lorawan/mac.js";
import type { Region } from "../../net/lorawan/region.js";
import { type RegionTables, tablesOf } from "../../net/lorawan/region-tables.js";
import type { LoraSettings, LoraTransmit, Radio, RadioListener } from "../../net/radio/radio.js";
import { type Filled, UPLINK_RETAINED, type UplinkDeclaration, type UplinkPorts } from "../../net/uplink.js";
import { Scheduler } from "../../sim/scheduler.js";
import type { Seeded } from "../../sim/seeded.js";
import { DataFrame, dataMic, decodeData, deriveKey, encodeData, MType } from "./lorawan-frame.js";
import { Served } from "./served.js";
import { VirtualTimers } from "./virtual-timers.js";

/** The power is gone in the middle of a write. */
export class PowerCut extends Error {}

/** Symbols of a preamble that a radio needs to have in its window: fewer than the MAC reckons with. */
const DETECT = 5;

const multiply = (a: number, b: number) => {
	let product = 0;
	for (let x = a, y = b; y; y >>= 1, x = (x << 1) ^ (x & 0x80 ? 0x11b : 0)) if (y & 1) product ^= x;
	return product & 0xff;
};
/** The S-box by trying out inverses, and its inverse behind it. */
const BOXES = boxes();
function boxes(): Uint8Array {
	const box = new Uint8Array(512);
	for (let n = 0; n < 256; n++) {
		let other = 0;
		for (let m = 1; n && m < 256; m++) if (multiply(n, m) === 1) other = m;
		let value = 0x63;
		for (let turn = 0; turn < 5; turn++) value ^= ((other << turn) | (other >> (8 - turn))) & 0xff;
		box[n] = value;
		box[256 + value] = n;
	}
	return box;
}

/** AES-128 decryption, which only a server needs. Slow and plain. */
export function aesDecrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
	const box = BOXES;
	const keys = new Uint8Array(176);
	keys.set(key);
	for (let n = 16, rcon = 1; n < 176; n += 4) {
		let word = Array.from(keys.subarray(n - 4, n));
		if (n % 16 === 0) {
			word = [box[word[1]!]! ^ rcon, box[word[2]!]!, box[word[3]!]!, box[word[0]!]!];
			rcon = multiply(rcon, 2);
		}
		for (let i = 0; i < 4; i++) keys[n + i] = keys[n - 16 + i]! ^ word[i]!;
	}
	let state = block.slice();
	const add = (round: number) => {
		for (let n = 0; n < 16; n++) state[n]! ^= keys[16 * round + n]!;
	};
	add(10);
	for (let round = 9; ; round--) {
		const next = new Uint8Array(16);
		for (let n = 0; n < 16; n++) next[(n + 4 * (n % 4)) % 16] = box[256 + state[n]!]!;
		state = next;
		add(round);
		if (round === 0) return state;
		const mixed = new Uint8Array(16);
		for (let n = 0; n < 16; n++) {
			const column = n - (n % 4);
			for (let i = 0; i < 4; i++) mixed[n]! ^= multiply(state[column + ((n + i) % 4)]!, [14, 11, 13, 9][i]!);
		}
		state = mixed;
	}
}

/** A frame of no records. */
const NOTHING: Filled = Object.freeze({ length: 0, upTo: 0, count: 0, seconds: 0, wall: 0 });

/** A frame of a gateway's on air. */
interface OnAir {
	readonly start: number;
	readonly how: LoraSettings;
	readonly bytes: Uint8Array;
}

/** An uplink as it was on air. */
export interface Uplinked {
	readonly startMs: number;
	readonly airtime: number;
	readonly how: LoraTransmit;
	readonly bytes: Uint8Array;
}

/** What a node listened for. */
export interface Listened {
	readonly atMs: number;
	readonly how: LoraSettings;
	readonly symbols: number;
}

/** The air between a node and a gateway, in true time. */
export class Air {
	readonly uplinks: Uplinked[] = [];
	readonly windows: Listened[] = [];
	/** Gets each uplink at its end. */
	received: (uplink: Uplinked) => void = () => {};
	/** What `sense` hears. */
	rssiDbm = -120;
	private downlinks: OnAir[] = [];
	readonly scheduler: Scheduler;

	constructor(scheduler: Scheduler) {
		this.scheduler = scheduler;
	}
	/** A gateway sends, from `start` on. */
	send(start: number, how: LoraSettings, bytes: Uint8Array): void {
		const now = this.scheduler.now;
		this.downlinks = this.downlinks.filter((each) => each.start > now - 10_000);
		this.downlinks.push({ start, how: { ...how }, bytes: bytes.slice() });
	}
	/** What a radio that listens from `from` to `to` finds. */
	find(how: LoraSettings, from: number, to: number): OnAir | undefined {
		const symbol = symbolMs(how.spreadingFactor, how.bandwidthHz);
		return this.downlinks.find(
			(each) =>
				each.how.frequencyHz === how.frequencyHz &&
				each.how.spreadingFactor === how.spreadingFactor &&
				each.how.bandwidthHz === how.bandwidthHz &&
				each.how.invertIq === how.invertIq &&
				each.how.syncWord === how.syncWord &&
				Math.min(to, each.start + 8 * symbol) - Math.max(from, each.start) >= DETECT * symbol - 1e-6,
		);
	}
}

/** A radio in that air, with a clock that may be off. */
export class FakeRadio implements Radio {
	private on: RadioListener | undefined;
	private busy = false;
	private turn = 0;
	private readonly air: Air;
	/** True time of local time 0, and how fast local time runs. */
	private readonly zero: number;
	private readonly pace: number;

	constructor(air: Air, zero: number, pace = 1) {
		this.air = air;
		this.zero = zero;
		this.pace = pace;
	}
	open(on: RadioListener): void {
		this.on = on;
	}
	transmit(bytes: Uint8Array, how: LoraTransmit): void {
		const { scheduler } = this.air;
		const airtime = airtimeMs(how.spreadingFactor, how.bandwidthHz, bytes.length);
		const uplink: Uplinked = { startMs: scheduler.now, airtime, how: { ...how }, bytes: bytes.slice() };
		this.air.uplinks.push(uplink);
		this.begin(airtime, () => {
			this.air.received(uplink);
			this.on?.txDone(this.local());
		});
	}
	receive(atMs: number, how: LoraSettings, symbols: number): void {
		const { scheduler } = this.air;
		const settings = { ...how };
		this.air.windows.push({ atMs, how: settings, symbols });
		const from = Math.max(scheduler.now, this.zero + atMs / this.pace);
		const to = from + (symbols * symbolMs(how.spreadingFactor, how.bandwidthHz)) / this.pace;
		this.begin(to - scheduler.now, () => {
			const found = this.air.find(settings, from, to);
			if (!found) return this.on?.rxTimeout(this.local());
			const end = found.start + airtimeMs(how.spreadingFactor, how.bandwidthHz, found.bytes.length, false);
			this.begin(end - scheduler.now, () => this.on?.rxDone(found.bytes.slice(), 5.25, -80, this.local()));
		});
	}
	sense(_frequencyHz: number, _bandwidthHz: number, ms: number): void {
		this.begin(ms, () => this.on?.sensed(this.air.rssiDbm, this.local()));
	}
	detect(): void {
		this.begin(2, () => this.on?.detected?.(false, this.local()));
	}
	sleep(): void {
		this.turn++;
		this.busy = false;
	}
	close(): void {
		this.sleep();
		this.on = undefined;
	}
	private local(): number {
		return (this.air.scheduler.now - this.zero) * this.pace;
	}
	private begin(ms: number, done: () => void) {
		if (this.busy) throw new Error("the radio is busy");
		this.busy = true;
		const turn = ++this.turn;
		this.air.scheduler.after(ms, () => {
			if (turn !== this.turn) return;
			this.busy = false;
			done();
		});
	}
}

/** A session as a server has it. */
interface ServerSession {
	readonly devAddr: number;
	/** NwkSKey, AppSKey. */
	readonly keys: Uint8Array;
	fCntUp: number;
	fCntDown: number;
	/** Whether an uplink of it was heard. */
	active: boolean;
}

/** What goes out with the next downlink. */
export interface NextDownlink {
	fOpts?: Uint8Array;
	payload?: Uint8Array;
	port?: number;
	confirmed?: boolean;
	pending?: boolean;
	/** 1 or 2; the server's own choice otherwise. */
	window?: 1 | 2;
	/** Sends though nothing asked for it. */
	ack?: boolean;
}

/** A naive network server for one node: joins, counters, MICs, downlinks in either window. */
export class NetworkServer {
	readonly appKey = Uint8Array.from({ length: 16 }, (_, n) => 7 * n + 1);
	readonly joinEui = Uint8Array.from({ length: 8 }, (_, n) => 0xa0 + n);
	readonly devEui = Uint8Array.from({ length: 8 }, (_, n) => 0xd0 + n);
	/** Settings of Join-Accepts. */
	dlSettings = 0;
	rxDelay = 1;
	cfList: Uint8Array | undefined;
	/** RX2 and RX1 as this server has them in force. */
	rx2Rate: number;
	rx2Frequency: number;
	rx1Offset = 0;
	/** RX1 of data frames, where DlChannelReq moved it, in Hz. */
	rx1FrequencyHz: number | undefined;
	/** Whether joins are answered, and uplinks at all. */
	deaf = false;
	joinNonce = 0;
	lastDevNonce = -1;
	/** What is to go out with the next downlink. */
	next: NextDownlink | undefined;
	/** The payloads that came, by counter. */
	readonly payloads: { fCnt: number; port: number; payload: Uint8Array; fOpts: Uint8Array; frame: DataFrame }[] = [];
	/** Uplinks that no session's key fits, or with a counter that was there before. */
	strange = 0;
	/** DevNonces and counters that came, with the frames: nothing may come twice with other content. */
	readonly nonces = new Set<number>();
	readonly used = new Map<string, string>();
	readonly reused: string[] = [];
	/** All that was sent, for an attacker. */
	readonly sent: Uint8Array[] = [];
	sessions: ServerSession[] = [];
	/** Says whether this downlink is lost. */
	loses: (bytes: Uint8Array) => boolean = () => false;
	private addresses = 0x2600_0000;
	private readonly region: RegionTables;
	private readonly air: Air;

	constructor(of: Region, air: Air) {
		const region = tablesOf(of);
		this.region = region;
		this.air = air;
		this.rx2Rate = region.rx2Rate;
		this.rx2Frequency = region.rx2Frequency;
		air.received = (uplink) => this.received(uplink);
	}
	/** The newest session. */
	get session(): ServerSession | undefined {
		return this.sessions.at(-1);
	}
	/** Takes the session of a node without joins. */
	personalise(devAddr: number, keys: Uint8Array): void {
		this.sessions.push({ devAddr, keys, fCntUp: -1, fCntDown: 0, active: true });
	}
	/** Data rate and frequency (100 Hz) of a window after an uplink. */
	window(uplink: Uplinked, which: 1 | 2, join: boolean): LoraSettings {
		const { region } = this;
		const rate = this.rateOf(uplink.how);
		const down =
			which === 1
				? region.rx1[rate * region.rx1Offsets + (join ? 0 : this.rx1Offset)]!
				: join
					? region.rx2Rate
					: this.rx2Rate;
		const code = region.rates[down]!;
		let frequency = join ? region.rx2Frequency : this.rx2Frequency;
		if (which === 1) {
			frequency = uplink.how.frequencyHz / 100;
			for (const group of region.groups) {
				const index = (frequency - group.first) / group.step;
				const fits = rate >= group.lowest && rate <= group.highest;
				if (fits && Number.isInteger(index) && index >= 0 && index < group.count) {
					frequency = group.down + group.downStep * (index % group.downCount);
					break;
				}
			}
			if (join && region.joinRx1) frequency = region.joinRx1;
		} else if (join && region.joinRx2) {
			frequency = region.rx2Frequency;
			region.joinChannels!.forEach((channel, n) => {
				let rest = channel;
				for (const group of region.groups) {
					if (rest < group.count) {
						if (group.first + group.step * rest === uplink.how.frequencyHz / 100) frequency = region.joinRx2![n]!;
						break;
					}
					rest -= group.count;
				}
			});
		}
		return {
			frequencyHz: (which === 1 && !join ? this.rx1FrequencyHz : undefined) ?? frequency * 100,
			spreadingFactor: code & 15,
			bandwidthHz: [125_000, 250_000, 500_000][code >> 4]!,
			invertIq: true,
			preambleSymbols: 8,
			syncWord: uplink.how.syncWord,
		};
	}
	rateOf(how: LoraSettings): number {
		const code = how.spreadingFactor | (Math.log2(how.bandwidthHz / 125_000) << 4);
		return this.region.rates.indexOf(code);
	}
	/** A downlink of the newest session, with its MIC. */
	downlink(next: NextDownlink, ack = false): Uint8Array {
		const session = this.session!;
		const cipher = new Aes128();
		const frame = new DataFrame();
		frame.mType = next.confirmed ? MType.confirmedDown : MType.unconfirmedDown;
		frame.devAddr = session.devAddr;
		frame.ack = ack || next.ack === true;
		frame.pending = next.pending === true;
		frame.fCnt = session.fCntDown & 0xffff;
		frame.fOpts = next.fOpts ?? new Uint8Array(0);
		frame.payload = next.payload ?? new Uint8Array(0);
		frame.fPort = next.port ?? (next.payload ? 1 : -1);
		const bytes = new Uint8Array(255);
		const end = encodeData(frame, bytes);
		cipher.setKey(session.keys, frame.fPort === 0 ? 0 : 16);
		new Crypto(cipher).crypt(1, session.devAddr, session.fCntDown, bytes, end - frame.payload.length, end);
		cipher.setKey(session.keys);
		dataMic(cipher, 1, session.devAddr, session.fCntDown, bytes, end, bytes.subarray(end, end + MIC_BYTES));
		session.fCntDown++;
		return bytes.slice(0, end + MIC_BYTES);
	}

	private received(uplink: Uplinked) {
		const { bytes } = uplink;
		if (bytes[0]! >> 5 === MType.joinRequest) this.join(uplink);
		else this.data(uplink);
	}
	private join(uplink: Uplinked) {
		const { bytes } = uplink;
		const cipher = new Aes128();
		cipher.setKey(this.appKey);
		const mic = new Crypto(cipher).cmac(undefined, bytes, JOIN_REQUEST - MIC_BYTES).subarray(0, MIC_BYTES);
		const eui = (at: number) => toHex(bytes.slice(at, at + 8).reverse());
		if (toHex(mic) !== toHex(bytes.subarray(19)) || eui(1) !== toHex(this.joinEui) || eui(9) !== toHex(this.devEui)) {
			this.strange++;
			return;
		}
		const devNonce = bytes[17]! | (bytes[18]! << 8);
		if (this.nonces.has(devNonce)) this.reused.push(`DevNonce ${devNonce}`);
		this.nonces.add(devNonce);
		if (this.deaf || devNonce <= this.lastDevNonce) return;
		this.lastDevNonce = devNonce;
		const accept = new Uint8Array(this.cfList ? 33 : 17);
		const view = new DataView(accept.buffer);
		accept[0] = MType.joinAccept << 5;
		this.joinNonce++;
		accept[1] = this.joinNonce;
		accept[2] = this.joinNonce >> 8;
		accept[3] = this.joinNonce >> 16;
		accept.set([0x13, 0, 0], 4); // NetID
		const devAddr = ++this.addresses;
		view.setUint32(7, devAddr, true);
		accept[11] = this.dlSettings;
		accept[12] = this.rxDelay;
		if (this.cfList) accept.set(this.cfList, 13);
		const keys = new Uint8Array(32);
		deriveKey(cipher, 1, accept, devNonce, keys, 0);
		deriveKey(cipher, 2, accept, devNonce, keys, 16);
		const end = accept.length - MIC_BYTES;
		accept.set(new Crypto(cipher).cmac(undefined, accept, end).subarray(0, MIC_BYTES), end);
		for (let at = 1; at < accept.length; at += 16)
			accept.set(aesDecrypt(this.appKey, accept.subarray(at, at + 16)), at);
		this.sessions = this.sessions.filter(({ active }) => active).slice(-1);
		this.sessions.push({ devAddr, keys, fCntUp: -1, fCntDown: 0, active: false });
		this.rx2Rate = this.region.rates[this.dlSettings & 15] ? this.dlSettings & 15 : this.region.rx2Rate;
		this.rx1Offset = (this.dlSettings >> 4) & 7;
		this.rx2Frequency = this.window(uplink, 2, true).frequencyHz / 100;
		const which = this.joinNonce % 2 ? 1 : 2;
		this.transmit(uplink, which, 4000 + 1000 * which, true, accept);
	}
	private data(uplink: Uplinked) {
		const frame = new DataFrame();
		if (decodeData(uplink.bytes, frame) !== undefined) {
			this.strange++;
			return;
		}
		const cipher = new Aes128();
		const end = uplink.bytes.length - MIC_BYTES;
		const mic = new Uint8Array(MIC_BYTES);
		const found = this.sessions.find((session) => {
			cipher.setKey(session.keys);
			const high = Math.floor(Math.max(0, session.fCntUp) / 0x1_0000);
			for (const fCnt of [high * 0x1_0000 + frame.fCnt, (high + 1) * 0x1_0000 + frame.fCnt]) {
				dataMic(cipher, 0, frame.devAddr, fCnt, uplink.bytes, end, mic);
				if (session.devAddr !== frame.devAddr || toHex(mic) !== toHex(uplink.bytes.subarray(end))) continue;
				const name = `${toHex(session.keys)}/${fCnt}`;
				const before = this.used.get(name);
				if (before !== undefined && before !== toHex(uplink.bytes)) this.reused.push(`FCntUp ${fCnt}`);
				this.used.set(name, toHex(uplink.bytes));
				if (fCnt <= session.fCntUp) return false; // a repetition, or a replay
				session.fCntUp = fCnt;
				return true;
			}
			return false;
		});
		if (!found) {
			this.strange++;
			return;
		}
		if (this.deaf) return;
		// An older session ends when the newer one is heard.
		found.active = true;
		if (found === this.session) this.sessions = [found];
		cipher.setKey(found.keys, frame.fPort === 0 ? 0 : 16);
		const payload = frame.payload.slice();
		new Crypto(cipher).crypt(0, found.devAddr, found.fCntUp, payload, 0, payload.length);
		const kept = Object.assign(new DataFrame(), frame);
		this.payloads.push({ fCnt: found.fCntUp, port: frame.fPort, payload, fOpts: frame.fOpts.slice(), frame: kept });
		if (found !== this.session) return;
		const { next } = this;
		const confirmed = frame.mType === MType.confirmedUp;
		const asks = frame.adrAckReq || kept.fOpts.includes(2);
		if (!next && !confirmed && !asks) return;
		this.next = undefined;
		const which = next?.window ?? 1;
		this.transmit(uplink, which, 1000 * (this.rxDelay + which - 1), false, this.downlink(next ?? {}, confirmed));
	}
	private transmit(uplink: Uplinked, which: 1 | 2, delay: number, join: boolean, bytes: Uint8Array) {
		this.sent.push(bytes);
		if (this.loses(bytes)) return;
		this.air.send(uplink.startMs + uplink.airtime + delay, this.window(uplink, which, join), bytes);
	}
}

/** A node's cells in flash; a write may be cut before or after it took. */
export class FlashCells implements Cells {
	readonly values = new Map<number, Uint8Array>();
	writes = 0;
	/** Says of a write what the power does: nothing, gone before it, gone after it. */
	cut: (id: number) => "" | "before" | "after" = () => "";
	/** Flash refuses writes. */
	refuses = false;

	get(id: number): Uint8Array | undefined {
		return this.values.get(id)?.slice();
	}
	put(id: number, value: Uint8Array): void {
		this.writes++;
		if (this.refuses) throw new DormouseError("flash");
		const when = this.cut(id);
		if (when !== "before") this.values.set(id, value.slice());
		if (when) throw new PowerCut();
	}
}

export interface Outcome {
	end: "idle" | "deferred" | "failed" | "cut";
	waitMs: number;
	code: ErrorCode | undefined;
	/** Payloads that were delivered, and by whom. */
	delivered: string[];
	downlinks: string[];
	wallMs: number[];
	/** Payloads that the uplink took, in order. */
	filled: number;
}

/** A node with LoRaWAN, its board, its network, in virtual time. */
export class LoraRig {
	readonly scheduler = new Scheduler();
	readonly air: Air;
	readonly server: NetworkServer;
	readonly cells = new FlashCells();
	readonly random: Seeded;
	/** How fast the node's clock runs. */
	pace = 1;
	settings: Record<string, string>;
	client!: LorawanClient;
	timers!: VirtualTimers;
	/** Whether downlinks are accepted. */
	accepts = true;
	/** What the source has; trimmed as they are delivered. */
	queue: Uint8Array[] = [];
	wantsTime = false;
	/** Makes the radio of an exchange. */
	radio: () => Radio = () => new FakeRadio(this.air, this.powerMs, this.pace);
	/** Retained memory. */
	rtc: Uint8Array | undefined;
	private powerMs = 0;
	readonly declaration: UplinkDeclaration;
	/** Largest of what was retained. */
	retained = 0;

	constructor(random: Seeded, options: Partial<LorawanOptions> & { region: Region }) {
		this.random = random;
		this.air = new Air(this.scheduler);
		this.server = new NetworkServer(options.region, this.air);
		this.settings = {
			joinEui: toHex(this.server.joinEui),
			devEui: toHex(this.server.devEui),
			appKey: toHex(this.server.appKey),
		};
		this.declaration = lorawan({
			radio: {
				kind: "fake",
				lowestDbm: -9,
				highestDbm: 22,
				create: () => this.radio(),
			},
			downlinks: true,
			...options,
		});
		this.boot();
	}
	get nowMs(): number {
		return (this.scheduler.now - this.powerMs) * this.pace;
	}
	/** Starts the node: after a loss of power, or, with what was retained, for another reason. */
	boot(how: "power" | "resumed" | "fault" = "power"): void {
		if (how === "power") {
			this.powerMs = this.scheduler.now;
			this.rtc = undefined;
		}
		this.timers = new VirtualTimers(this.scheduler);
		const ports: UplinkPorts = {
			clock: { nowMs: () => this.nowMs },
			timers: this.timers,
			entropy: {
				fill: (into) => {
					for (let n = 0; n < into.length; n++) into[n] = this.random.u32();
				},
			},
			nodeId: "node-7",
			setting: (name) => this.settings[name],
		};
		const node = new Served({ resumed: how === "resumed" });
		Object.assign(node, { log: this.cells });
		this.client = this.declaration.create(ports, node) as LorawanClient;
		if (this.rtc) {
			const view = new DataView(this.rtc.buffer, 0, this.rtc.length);
			if (!this.client.restore(view, this.client.retainedVersion)) throw new Error("not restored");
		}
	}
	/** Deep sleep and back. */
	sleep(ms: number): void {
		this.retain();
		this.client.close();
		if (this.timers.open) throw new Error("a timer is open");
		while (this.scheduler.advance(this.scheduler.now + 0)) {
			/* what is due */
		}
		this.idle(ms);
		this.boot("resumed");
	}
	retain(): void {
		const into = new Uint8Array(UPLINK_RETAINED);
		const length = this.client.retain(new DataView(into.buffer));
		this.retained = Math.max(this.retained, length);
		this.rtc = into.slice(0, length);
	}
	/** Time goes by. */
	idle(ms: number): void {
		const until = this.scheduler.now + ms;
		while (this.scheduler.advance(until)) {
			/* nothing that matters */
		}
		this.scheduler.skipTo(until);
	}
	/** The power goes; `offMs` later it is back. */
	cut(offMs: number): void {
		this.client.close();
		this.idle(offMs);
		this.boot();
	}
	/** One exchange, run to its end. @param cutAtMs when the power goes, from now */
	exchange(cutAtMs = Number.POSITIVE_INFINITY): Outcome {
		const outcome: Outcome = {
			end: "cut",
			waitMs: 0,
			code: undefined,
			delivered: [],
			downlinks: [],
			wallMs: [],
			filled: 0,
		};
		let cursor = 0;
		let over = false;
		const { queue } = this;
		let gone = 0;
		const source = {
			wantsTime: this.wantsTime,
			fill: (view: Uint8Array, room: number): Filled => {
				const payload = queue[cursor];
				if (!payload || payload.length > room) return { ...NOTHING, upTo: gone + cursor };
				view.set(payload);
				outcome.filled++;
				return { ...NOTHING, length: payload.length, upTo: gone + ++cursor };
			},
			again: () => 0,
			rewind: () => {
				cursor = 0;
			},
		};
		const end = (how: Outcome["end"], code?: ErrorCode, waitMs = 0) => {
			outcome.end = how;
			outcome.code = code;
			outcome.waitMs = waitMs;
			over = true;
		};
		const until = this.scheduler.now + cutAtMs;
		try {
			this.client.start(source, this.declaration.deadlineMs, {
				delivered: (upTo, by) => {
					if (by !== this.declaration.trimOn && this.declaration.trimOn === "peer") return;
					const payloads = queue.splice(0, upTo - gone);
					cursor -= payloads.length;
					gone = upTo;
					outcome.delivered.push(...payloads.map((each) => `${toHex(each)} ${by}`));
				},
				deferred: (waitMs) => end("deferred", undefined, waitMs),
				failed: (code) => end("failed", code),
				idle: () => end("idle"),
				downlink: (bytes) => {
					outcome.downlinks.push(toHex(bytes));
					return this.accepts || undefined;
				},
				wallTime: (wallMs) => outcome.wallMs.push(wallMs),
			});
			while (!over && this.scheduler.advance(until)) {
				/* on */
			}
		} catch (error) {
			if (!(error instanceof PowerCut)) throw error;
			outcome.end = "cut";
		}
		return outcome;
	}
	/** What a cell holds. */
	stored(id: keyof typeof CellId): Uint8Array | undefined {
		return this.cells.values.get(Ids[id]);
	}
}
