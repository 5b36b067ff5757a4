import { CborReader } from "../modules/codec/cbor-reader.js";
import { DormouseError } from "../modules/core/errors.js";
import type { NodeDeclaration } from "../modules/cycle/declaration.js";
import type { CompanionMessage } from "../net/mqtt/companion.js";
import {
	type HomeAssistantDeclaration,
	type HomeAssistantOptions,
	homeAssistant,
	STATE_VERSION,
} from "../net/mqtt/home-assistant.js";

/** What a node announces to Home Assistant. */
export interface Announcement {
	readonly topic: string;
	/** JSON. */
	readonly payload: Uint8Array;
	/** Whether the node's own declaration says so; else it is what it would announce. */
	readonly isDeclared: boolean;
}

/**
 * The discovery message of a node, as its firmware makes it.
 * @param options where the declaration has no `homeAssistant()`, or in its place
 * @throws {DormouseError} `declaration`
 */
export function announcementOf(node: NodeDeclaration, nodeId: string, options?: HomeAssistantOptions): Announcement {
	const declared = node.uplink.companions?.find(({ kind }) => kind === "home-assistant") as
		| HomeAssistantDeclaration
		| undefined;
	const { batch, deadlineMs } = node.uplink;
	const isDeclared = declared?.discovery !== undefined && options === undefined;
	const plan = isDeclared ? declared : homeAssistant(options).plan(node, { batch, deadlineMs, hasTime: false });
	const message: CompanionMessage = { topic: "", qos: 0, retain: false, length: 0, expirySeconds: 0 };
	const companion = plan.create(
		{ nodeId, clock: NOTHING, timers: NOTHING, entropy: NOTHING, setting: () => undefined },
		{
			longestQuietMs: 0,
			resumed: true,
			wallMs: () => 0,
			report: { values: node.quantities.map(() => undefined), acknowledged: 0 },
			health: { missed: 0, dropped: 0, failed: 0 },
			queue: { count: 0 },
			log: { get: () => undefined, put: () => {} },
		},
	);
	companion.next(message);
	const payload = new Uint8Array(message.length);
	companion.write(0, payload);
	return { topic: message.topic, payload, isDeclared };
}

/** No part of a message needs the board. */
const NOTHING = Object.freeze({
	nowMs: () => 0,
	fill() {},
	set: () => ({ close() {} }),
});

/** What a state message tells. */
export interface NodeState {
	/** Scaled integers, undefined where missing. */
	readonly values: readonly (number | undefined)[];
	/** Records that waited when the exchange began. */
	readonly waiting: number;
	/** Samples not taken, records dropped, exchanges failed: since the node had power. */
	readonly missed: number;
	readonly dropped: number;
	readonly failed: number;
	/** When it was sent, in milliseconds since 1970; undefined where the node does not know. */
	readonly sentMs: number | undefined;
}

/** Who can have sent a state; a `NodeDeclaration` fits. */
export interface StateSchema {
	readonly schema: number;
	readonly quantities: readonly unknown[];
}

/**
 * Reads a state message; see docs/home-assistant.md.
 * @returns it, and the one of these that sent it; undefined when none of them did
 * @throws {DormouseError} as `CborReader`; `malformed`, `truncated`
 */
export function readState<Node extends StateSchema>(
	payload: Uint8Array,
	nodes: readonly Node[],
): { readonly state: NodeState; readonly node: Node } | undefined {
	const reader = new CborReader(payload);
	const bytes = reader.byteString();
	if (!reader.done) throw new DormouseError("malformed", "bytes behind the state");
	if (bytes.length < 2) throw new DormouseError("truncated", "no state");
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const tag = view.getUint16(0);
	const node = nodes.find(({ schema }) => ((schema + STATE_VERSION) & 0xffff) === tag);
	if (!node) return undefined;
	const width = node.quantities.length;
	const told = (bytes.length - 2) / 4 - width;
	if (told !== 4 && told !== 5) throw new DormouseError("malformed", `a state of ${bytes.length} bytes`);
	const values = Array.from({ length: width }, (_, n) => view.getInt32(2 + 4 * n));
	const [waiting, missed, dropped, failed, sent = 0] = Array.from({ length: told }, (_, n) =>
		view.getUint32(2 + 4 * (width + n)),
	) as [number, number, number, number, number?];
	return {
		node,
		state: {
			values: values.map((value) => (value === -0x8000_0000 ? undefined : value)),
			waiting,
			missed,
			dropped,
			failed,
			sentMs: sent ? 1000 * sent : undefined,
		},
	};
}
