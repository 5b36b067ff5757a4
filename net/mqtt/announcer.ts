import { utf8 } from "../../modules/core/bytes.js";
import { DormouseError } from "../../modules/core/errors.js";
import { CellId } from "../../modules/store/log.js";
import type { UplinkNode } from "../uplink.js";
import type { Companion, CompanionMessage } from "./companion.js";

/** What Home Assistant is to know of a node, made while it is declared. `{nodeId}` stands for the node's id. */
export interface Discovery {
	/** Where the discovery message is retained. */
	readonly topic: string;
	/** It, in ASCII, but for {@link DISCOVERY_END}; bytes of {@link DISCOVERY_ID} stand for the node's id. */
	readonly json: Uint8Array;
	/** Keys of its components, 0 … 0xffff. */
	readonly keys: readonly number[];
	/** By which a change of all of this is known; above 1. */
	readonly digest: number;
	/** First field of each state message, 0 … 0xffff: templates take no other state for theirs. */
	readonly tag: number;
	/** Values of a sample. */
	readonly width: number;
	/** Whether the state ends with the wall time. */
	readonly hasTime: boolean;
	/** Seconds without a message after which readings are unavailable. */
	readonly expireSeconds: number;
}

/** Where the state is retained. */
export const STATE_TOPIC = "dormouse/{nodeId}/state";
/** What ends a discovery message, behind components to remove. */
export const DISCOVERY_END = "}}";
/** A character that no name has: DEL. */
export const DISCOVERY_ID = 127;

/** In the place of a missing value. No reading has it: a sampler's range ends one above. */
const MISSING = -0x8000_0000;
/** In the place of a digest: the server has lost what the cell says that it has. */
const FORGOTTEN = 1;
/** Most exchanges between two tries at discovery that went wrong. */
const LONGEST_WAIT = 127;
const RETAINED = 6;

/**
 * Tells Home Assistant of a node: discovery where the server does not have it, then the state once a sample.
 *
 * A discovery message removes the components of the one before that are gone: those are remembered in flash, with its
 * digest, so that a power cut alone does not announce again.
 */
export class HomeAssistant implements Companion {
	private readonly plan: Discovery;
	private readonly nodeId: string;
	private readonly node: UplinkNode;
	/** Of what the server has; 0 where flash has to be asked. Retained. */
	private digest = 0;
	/** Exchanges from the last try at discovery to the next, and how many of them are left. Retained. */
	private wait = 0;
	private left = 0;
	/** Whether discovery goes in this exchange; undefined where that is not known yet. */
	private due: boolean | undefined;
	/** The message at hand: a state, or discovery with this end. */
	private state: Uint8Array | undefined;
	private end = "";
	/** The sample that the server has. */
	private told: readonly (number | undefined)[] | undefined;

	constructor(plan: Discovery, nodeId: string, node: UplinkNode) {
		this.plan = plan;
		this.nodeId = nodeId;
		this.node = node;
	}

	begin(): void {
		this.due = this.left === 0 && !this.isAnnounced();
	}

	next(message: CompanionMessage): boolean {
		const { plan, nodeId, node } = this;
		const { values } = node.report;
		if (values === this.told || values.length !== plan.width) return false;
		message.retain = true;
		if (this.due === undefined) this.begin();
		if (this.due) {
			this.due = false;
			this.left = this.wait = Math.min(2 * this.wait + 1, LONGEST_WAIT);
			this.state = undefined;
			message.topic = plan.topic.replace("{nodeId}", nodeId);
			message.qos = 1;
			message.expirySeconds = 0;
			message.length = plan.json.length + this.end.length;
			for (let at = plan.json.indexOf(DISCOVERY_ID); at >= 0; at = plan.json.indexOf(DISCOVERY_ID, at + 1))
				message.length += nodeId.length - 1;
			return true;
		}
		this.state = this.encode();
		message.topic = STATE_TOPIC.replace("{nodeId}", nodeId);
		message.qos = 0;
		message.expirySeconds = plan.expireSeconds;
		message.length = this.state.length;
		return true;
	}

	write(offset: number, into: Uint8Array): void {
		const { state, plan } = this;
		if (state) {
			into.set(state.subarray(offset, offset + into.length));
			return;
		}
		const { json } = plan;
		const id = utf8(this.nodeId);
		const end = utf8(this.end);
		let at = -offset;
		for (let from = 0; at < into.length; ) {
			const to = json.indexOf(DISCOVERY_ID, from);
			const isLast = to < 0;
			for (const piece of [json.subarray(from, isLast ? json.length : to), isLast ? end : id]) {
				if (at + piece.length > 0 && at < into.length)
					into.set(piece.subarray(Math.max(0, -at), into.length - at), Math.max(0, at));
				at += piece.length;
			}
			if (isLast) return;
			from = to + 1;
		}
	}

	done(): void {
		const { digest, keys } = this.plan;
		if (this.state) {
			this.told = this.node.report.values;
			if (this.left > 0) this.left--;
			this.due = undefined;
			return;
		}
		this.digest = digest;
		this.wait = this.left = 0;
		const value = new DataView(new ArrayBuffer(4 + 2 * keys.length));
		value.setUint32(0, digest);
		for (let n = 0; n < keys.length; n++) value.setUint16(4 + 2 * n, keys[n]!);
		try {
			this.node.log.put(CellId.companion, new Uint8Array(value.buffer));
		} catch (error) {
			ours(error); // after a power cut it is announced again
		}
	}

	retain(into: DataView): number {
		into.setUint32(0, this.digest);
		into.setUint8(4, this.wait);
		into.setUint8(5, this.left);
		return RETAINED;
	}

	restore(from: DataView): void {
		if (from.byteLength < RETAINED) return;
		this.digest = from.getUint32(0);
		this.wait = from.getUint8(4);
		this.left = from.getUint8(5);
	}

	forgotten(): void {
		this.digest = FORGOTTEN;
		this.wait = this.left = 0;
		this.due = true;
		this.end = DISCOVERY_END;
	}

	/** Whether the server has what is declared; else {@link end} removes what it has beyond. */
	private isAnnounced(): boolean {
		const { digest, keys } = this.plan;
		if (this.digest === digest) return true;
		this.end = "";
		try {
			const value = this.node.log.get(CellId.companion);
			if (value && value.length >= 4) {
				const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
				if (this.digest === 0) this.digest = view.getUint32(0);
				if (this.digest === digest) return true;
				for (let at = 4; at + 2 <= value.length; at += 2) {
					const key = view.getUint16(at);
					if (!keys.includes(key)) this.end += `,"k${key.toString(16)}":{"p":"sensor"}`;
				}
			}
		} catch (error) {
			ours(error);
		}
		this.end += DISCOVERY_END;
		return false;
	}

	/** A CBOR byte string of big-endian integers: the tag, the sample, what is told of the node's health. */
	private encode(): Uint8Array {
		const { plan, node } = this;
		const { report, health } = node;
		let waiting = report.acknowledged;
		try {
			waiting += node.queue.count;
		} catch (error) {
			ours(error);
		}
		const told = [waiting, health.missed, health.dropped, health.failed];
		if (plan.hasTime) told.push(Math.floor(node.wallMs() / 1000));
		const length = 2 + 4 * (plan.width + told.length);
		const head = length < 24 ? 1 : 2; // shortest, and all below 256: RFC 8949 §4.2.1
		const state = new DataView(new ArrayBuffer(head + length));
		state.setUint8(0, head < 2 ? 0x40 | length : 0x58);
		if (head > 1) state.setUint8(1, length);
		state.setUint16(head, plan.tag);
		let at = head + 2;
		for (const value of report.values) {
			state.setInt32(at, value ?? MISSING);
			at += 4;
		}
		for (const count of told) {
			state.setUint32(at, count);
			at += 4;
		}
		return new Uint8Array(state.buffer);
	}
}

/** What flash refuses is none of the server's business. @throws what is not of flash */
function ours(error: unknown): void {
	if (!(error instanceof DormouseError)) throw error;
}
