import { CellId, type Cells } from "../../modules/store/log.js";
import { ChannelPlan } from "./channel-plan.js";
import type { Region } from "./region.js";

const LAYOUT = 1;
/** Bytes of the cells. */
export const SESSION_BYTES = 64;
export const COUNTER_BYTES = 12;
/** FCntUp values that one write reserves: a power loss skips what was left of them. */
export const FCNT_BLOCK = 32;
/** Where keys begin in the session's cell. */
const KEYS_AT = 9;
const NONE = 0xff_ffff;

/**
 * A session with a network: what was agreed at the join and changed by MAC commands since. Durable; the counters are
 * reserved before use (FCntUp, in blocks) or written before what came is acted on (FCntDown).
 */
export class Session {
	/** Tells sessions apart, so that no counter of one is taken for another's; 0: there is none. */
	generation = 0;
	devAddr = 0;
	/** NwkSKey, then AppSKey. */
	readonly keys = new Uint8Array(32);
	/** Of the last join; −1 before the first. */
	joinNonce = -1;
	/** Seconds from the end of an uplink to RX1, 1 … 15. */
	rxDelay = 1;
	rx1Offset = 0;
	rx2Rate = 0;
	/** In units of 100 Hz. */
	rx2Frequency = 0;
	/** MaxDutyCycle: the node sends at most 2^−n of the time. */
	maxDuty = 0;
	/** Uplink data rate, TXPower and transmissions a frame, as ADR has them. */
	rate = 0;
	power = 0;
	nbTrans = 1;
	/** Whether uplinks and downlinks are limited to 400 ms, and the limit of power in dBm EIRP. */
	upDwell = false;
	downDwell = false;
	eirp = 0;
	/** Next FCntUp, and the first that is not reserved. */
	fCntUp = 0;
	fCntLimit = 0;
	/** Last FCntDown that was taken; −1 for none. */
	fCntDown = -1;
	readonly plan: ChannelPlan;
	private readonly cells: Cells;

	constructor(region: Region, cells: Cells) {
		this.plan = new ChannelPlan(region);
		this.cells = cells;
		this.begin();
	}
	/** Settings as before a join: the region's. */
	begin(): void {
		const { region } = this.plan;
		this.rxDelay = this.nbTrans = 1;
		this.rx1Offset = this.maxDuty = this.power = this.rate = 0;
		this.rx2Rate = region.rx2Rate;
		this.rx2Frequency = region.rx2Frequency;
		this.upDwell = region.dwellSizes !== undefined;
		this.downDwell = false;
		this.eirp = region.maxEirp;
		this.fCntUp = this.fCntLimit = 0;
		this.fCntDown = -1;
		this.plan.reset();
	}
	/** Largest MACPayload at an uplink data rate, in bytes; 0 where it may not be used. */
	size(rate: number): number {
		const { region } = this.plan;
		return ((this.upDwell ? region.dwellSizes : undefined) ?? region.sizes)[rate] ?? 0;
	}
	/**
	 * Reads the cells. What they do not hold, or not of this region, leaves the session as new.
	 * @throws {DormouseError} `flash`
	 */
	load(): void {
		const { cells, plan } = this;
		this.generation = 0;
		this.joinNonce = -1;
		this.begin();
		const bytes = cells.get(CellId.session);
		if (bytes?.length !== SESSION_BYTES || bytes[0] !== LAYOUT || bytes[63] !== this.mark()) return;
		const view = new DataView(bytes.buffer, bytes.byteOffset);
		this.generation = view.getUint32(1);
		this.devAddr = view.getUint32(5);
		this.keys.set(bytes.subarray(KEYS_AT, KEYS_AT + 32));
		const joinNonce = view.getUint32(40) & NONE; // the first of four bytes is a key's last
		this.joinNonce = joinNonce === NONE ? -1 : joinNonce;
		this.rxDelay = bytes[44]! & 15 || 1;
		this.rx1Offset = bytes[45]! >> 4;
		this.rx2Rate = bytes[45]! & 15;
		this.rx2Frequency = view.getUint32(45) & NONE;
		this.maxDuty = bytes[49]! >> 4;
		this.nbTrans = bytes[49]! & 15 || 1;
		this.rate = bytes[50]! >> 4;
		this.power = bytes[50]! & 15;
		this.upDwell = (bytes[51]! & 2) !== 0;
		this.downDwell = (bytes[51]! & 1) !== 0;
		this.eirp = bytes[52]!;
		plan.readMask(view, 53, plan.mask);
		const channels = cells.get(CellId.channels);
		if (channels) plan.decode(false, channels);
		const downs = cells.get(CellId.downChannels);
		if (downs) plan.decode(true, downs);
		const counters = cells.get(CellId.counters);
		if (counters?.length !== COUNTER_BYTES) return;
		const count = new DataView(counters.buffer, counters.byteOffset);
		if (count.getUint32(0) !== this.generation) return; // an earlier session's: of this one none was used
		this.fCntUp = this.fCntLimit = count.getUint32(4);
		this.fCntDown = count.getInt32(8) === -1 ? -1 : count.getUint32(8);
	}
	/** Makes the session durable. @param channels whether channels changed as well @throws {DormouseError} `flash` */
	save(channels: boolean): void {
		const { cells, plan } = this;
		if (channels && plan.region.channels.length) {
			cells.put(CellId.channels, plan.encode(false));
			cells.put(CellId.downChannels, plan.encode(true));
		}
		const bytes = new Uint8Array(SESSION_BYTES);
		const view = new DataView(bytes.buffer);
		view.setUint32(1, this.generation);
		view.setUint32(5, this.devAddr);
		view.setUint32(40, this.joinNonce < 0 ? NONE : this.joinNonce);
		bytes.set(this.keys, KEYS_AT); // over the first byte of what is above
		bytes[0] = LAYOUT;
		view.setUint32(45, this.rx2Frequency);
		bytes[44] = this.rxDelay;
		bytes[45] = (this.rx1Offset << 4) | this.rx2Rate;
		bytes[49] = (this.maxDuty << 4) | this.nbTrans;
		bytes[50] = (this.rate << 4) | this.power;
		bytes[51] = (this.upDwell ? 2 : 0) | (this.downDwell ? 1 : 0);
		bytes[52] = this.eirp;
		plan.writeMask(view, 53, plan.mask);
		bytes[63] = this.mark();
		cells.put(CellId.session, bytes);
	}
	/**
	 * The next FCntUp: reserved before it is given.
	 * @returns −1 when all 2^32 − 1 are used: the keys must not be used any more
	 * @throws {DormouseError} `flash`
	 */
	takeFCntUp(): number {
		if (this.fCntUp >= 0xffff_ffff) return -1;
		if (this.fCntUp >= this.fCntLimit)
			this.saveCounters(Math.min(this.fCntUp + FCNT_BLOCK, 0xffff_ffff), this.fCntDown);
		return this.fCntUp++;
	}
	/** Takes a downlink's counter, durably. @throws {DormouseError} `flash` */
	takeFCntDown(fCnt: number): void {
		this.saveCounters(this.fCntLimit, fCnt);
	}

	private saveCounters(limit: number, fCntDown: number) {
		const bytes = new Uint8Array(COUNTER_BYTES);
		const view = new DataView(bytes.buffer);
		view.setUint32(0, this.generation);
		view.setUint32(4, limit);
		view.setInt32(8, fCntDown);
		this.cells.put(CellId.counters, bytes);
		this.fCntLimit = limit;
		this.fCntDown = fCntDown;
	}
	/** One byte that tells regions apart. */
	private mark(): number {
		const { name } = this.plan.region;
		let sum = 0;
		for (let n = name.length - 1; n >= 0; n--) sum = 3 * sum + name.charCodeAt(n);
		return sum & 0xff;
	}
}
