import { frameSchemaId } from "../../modules/codec/frame-decoder.js";
import { DormouseError } from "../../modules/core/errors.js";
import { RecordKind } from "../../modules/core/record.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { Start } from "../../modules/cycle/health.js";
import { STATE_TOPIC } from "../../net/mqtt/announcer.js";
import { type Collected, type CollectedRecord, Collector } from "../collector.js";
import { type NodeState, readState } from "../home-assistant.js";

/** A declaration that frames are decoded with. */
export type FleetNode = Pick<
	NodeDeclaration,
	"name" | "everySeconds" | "frame" | "encoding" | "quantities" | "schema" | "uplink"
>;

/** A message of a node, understood. */
export interface FrameEvent {
	readonly type: "frame";
	readonly atMs: number;
	readonly nodeId: string;
	readonly node: FleetNode;
	/** Those that are new, in order. */
	readonly records: readonly CollectedRecord[];
	/** Records that had arrived before. */
	readonly again: number;
	/** Numbers between what came before and these that never came. */
	readonly missing: number;
	/** Numbers that a power loss passed over: they were no records, or records in RTC memory. */
	readonly skipped: number;
	readonly bytes: number;
}
export interface StateEvent {
	readonly type: "state";
	readonly atMs: number;
	readonly nodeId: string;
	readonly node: FleetNode;
	readonly state: NodeState;
	/** Whether the broker kept it from before. */
	readonly isKept: boolean;
}
/** A message that says nothing to these declarations. */
export interface ProblemEvent {
	readonly type: "problem";
	readonly atMs: number;
	readonly nodeId: string;
	readonly why: string;
}
export type FleetEvent = FrameEvent | StateEvent | ProblemEvent;

/** What is known of a node that was heard of. */
export interface FleetMember {
	readonly nodeId: string;
	node: FleetNode | undefined;
	/** When its last message arrived, on the receiver's clock; undefined when it was only kept. */
	seenMs: number | undefined;
	/** The newest sample, scaled. */
	values: readonly (number | undefined)[];
	/** Number of its newest record, 0 when none came. */
	number: number;
	frames: number;
	missing: number;
	again: number;
	problems: number;
	state: NodeState | undefined;
	/** Values of its last health record. */
	health: readonly (number | undefined)[] | undefined;
}

/** Most nodes that are kept apart: whoever may publish could name any number. */
const MOST = 10_000;
/** A node's numbers jump by a block at most when the power goes, and a second one where flash was doubtful. */
const LARGEST_JUMP = 512;

interface Pattern {
	readonly filter: string;
	readonly pattern: RegExp;
	readonly kind: "frame" | "state";
}

/** A fleet as a receiver sees it: takes messages by their topics, finds the declaration that fits, and keeps count. */
export class Fleet {
	readonly #nodes: readonly FleetNode[];
	readonly #patterns: readonly Pattern[];
	readonly #members = new Map<string, FleetMember & { collector: Collector | undefined }>();

	/** @param nodes of one name or several; the first that fits counts */
	constructor(nodes: readonly FleetNode[]) {
		// of declarations that frames cannot tell apart, the one with the plainest name
		this.#nodes = [...nodes].sort((one, other) => one.name.length - other.name.length);
		const frames = new Set(["dormouse/{nodeId}/t", ...nodes.flatMap(({ uplink }) => uplink.topic ?? [])]);
		this.#patterns = [patternOf(STATE_TOPIC, "state"), ...[...frames].map((topic) => patternOf(topic, "frame"))];
	}
	/** What to subscribe to. */
	get filters(): readonly string[] {
		return [...new Set(this.#patterns.map(({ filter }) => filter))];
	}
	/** Everyone that was heard of, by id. */
	get members(): readonly FleetMember[] {
		return [...this.#members.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
	}
	/**
	 * Takes a message.
	 * @param isKept whether the broker kept it from before
	 * @param atMs wall time of its arrival, in milliseconds since 1970
	 * @returns undefined when the topic is none of a node's
	 */
	take(topic: string, payload: Uint8Array, isKept: boolean, atMs: number): FleetEvent | undefined {
		for (const { pattern, kind } of this.#patterns) {
			const found = pattern.exec(topic);
			if (!found) continue;
			const nodeId = printable(found[1] ?? topic);
			const member = this.#member(nodeId);
			if (!member) return undefined;
			if (payload.length === 0) return undefined; // what was kept is cleared
			if (!isKept) member.seenMs = atMs;
			try {
				return kind === "state" ? this.#state(member, payload, isKept, atMs) : this.#frame(member, payload, atMs);
			} catch (error) {
				if (!(error instanceof DormouseError)) throw error;
				member.problems++;
				const why = error.message === error.code ? error.code : `${error.code}: ${error.message}`;
				return { type: "problem", atMs, nodeId, why: printable(why) };
			}
		}
		return undefined;
	}

	#member(nodeId: string) {
		let member = this.#members.get(nodeId);
		if (!member && this.#members.size < MOST) {
			member = {
				nodeId,
				node: undefined,
				seenMs: undefined,
				values: [],
				number: 0,
				frames: 0,
				missing: 0,
				again: 0,
				problems: 0,
				state: undefined,
				health: undefined,
				collector: undefined,
			};
			this.#members.set(nodeId, member);
		}
		return member;
	}
	#state(member: FleetMember, payload: Uint8Array, isKept: boolean, atMs: number): StateEvent {
		const found = readState(payload, this.#nodes);
		if (!found) throw new DormouseError("unsupported", "a state of another declaration than those given with --node");
		const { state, node } = found;
		member.node ??= node;
		member.state = state;
		member.values = state.values;
		return { type: "state", atMs, nodeId: member.nodeId, node, state, isKept };
	}
	#frame(member: FleetMember & { collector: Collector | undefined }, payload: Uint8Array, atMs: number): FrameEvent {
		const { node, collected } = this.#decode(member, payload, atMs);
		const { records, duplicates: again } = collected;
		member.frames++;
		member.again += again;
		let missing = 0;
		let skipped = 0;
		for (const { number, kind, values } of records) {
			const gap = member.number > 0 && number > member.number ? number - member.number - 1 : 0;
			if (gap > 0 && gap <= LARGEST_JUMP && begins(records, number)) skipped += gap;
			else missing += gap;
			// A record that comes late was missing until now.
			if (number < member.number && member.missing > 0) missing--;
			member.number = Math.max(member.number, number);
			if (kind === RecordKind.sample && number === member.number) member.values = values;
			if (kind === RecordKind.health) member.health = values;
		}
		member.missing += missing;
		const { nodeId } = member;
		return { type: "frame", atMs, nodeId, node, records, again, missing, skipped, bytes: payload.length };
	}
	/** Decodes with the declaration that its node had last, else with the first that fits. */
	#decode(
		member: FleetMember & { collector: Collector | undefined },
		payload: Uint8Array,
		atMs: number,
	): { node: FleetNode; collected: Collected } {
		let failure: DormouseError | undefined;
		for (const node of this.#fitting(member.node, payload)) {
			const collector = (node === member.node && member.collector) || new Collector(node);
			const collected = collector.take(payload, atMs);
			if (collected.error) {
				failure ??= collected.error;
				continue;
			}
			member.node = node;
			member.collector = collector;
			return { node, collected };
		}
		throw failure ?? new DormouseError("unsupported", this.#strange(payload));
	}
	#fitting(last: FleetNode | undefined, payload: Uint8Array): FleetNode[] {
		const fitting = this.#nodes.filter(({ encoding, frame }) => {
			if (encoding.kind === "senml") return isPack(payload);
			if (isPack(payload)) return false;
			const { id, short } = frameSchemaId(payload);
			return id === (short ? frame.schema & 0x7f : frame.schema);
		});
		return last && fitting.includes(last) ? [last, ...fitting.filter((node) => node !== last)] : fitting;
	}
	#strange(payload: Uint8Array): string {
		if (isPack(payload)) return "SenML, and none of the declarations given with --node speaks it";
		const { id, short } = frameSchemaId(payload);
		return `schema ${id}${short ? " (its lowest 7 bits)" : ""} is none of those given with --node: the declaration that the node was built from would be right`;
	}
}

/** A CBOR array, or the text of a JSON one. */
function isPack(payload: Uint8Array): boolean {
	return payload[0]! >> 5 === 4;
}

/** Whether a start without retained memory is told of behind this record. */
function begins(records: readonly CollectedRecord[], number: number): boolean {
	const health = records.find((one) => one.kind === RecordKind.health && one.number >= number);
	const start = health?.values[0];
	return start === Start.cold || start === Start.corrupt;
}

function patternOf(topic: string, kind: Pattern["kind"]): Pattern {
	const levels = topic.split("/");
	const filter = levels.map((level) => (level.includes("{nodeId}") ? "+" : level)).join("/");
	const escaped = topic.split("{nodeId}").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
	return { filter, kind, pattern: new RegExp(`^${escaped.join("([0-9a-z-]{1,23})")}$`) };
}

/** Nothing that would command a terminal: it comes from whoever may publish. */
function printable(text: string): string {
	return text.replace(/\p{C}/gu, "\ufffd");
}
