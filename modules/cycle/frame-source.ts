import type { Filled, FrameSource } from "../../net/uplink.js";
import type { FrameTime } from "../codec/frame.js";
import type { NodeRecord } from "../core/record.js";
import type { RecordCursor, RecordQueue } from "../store/queue.js";
import type { NodeDeclaration } from "./declaration.js";
import type { EpochTime } from "./epoch-time.js";
import type { WakeReport } from "./report.js";

/** Payloads out of the queue, for the uplink: encoded at transmit time, so that their age is right. Made for one exchange. */
export class QueueSource implements FrameSource {
	private readonly node: NodeDeclaration;
	private readonly nodeId: string;
	private readonly queue: RecordQueue;
	private readonly cursor: RecordCursor;
	private readonly time: EpochTime;
	private readonly now: FrameTime;
	private readonly report: WakeReport;
	private readonly record: NodeRecord;
	readonly wantsTime: boolean;
	private upTo = 0;

	/**
	 * @param epoch the current one
	 * @param record the node's own, which no one else needs by then
	 */
	constructor(
		node: NodeDeclaration,
		nodeId: string,
		queue: RecordQueue,
		time: EpochTime,
		epoch: number,
		report: WakeReport,
		record: NodeRecord,
	) {
		this.node = node;
		this.nodeId = nodeId;
		this.queue = queue;
		this.cursor = queue.cursor();
		this.time = time;
		this.now = { epoch, seconds: 0, wall: 0, stamped: false };
		this.report = report;
		this.record = record;
		this.wantsTime = time.ask();
	}
	fill(view: Uint8Array, room: number): Filled {
		const encoder = this.node.encoding.create(this.nodeId, view, this.queue.cursor(), this.record);
		this.cursor.seek(this.upTo + 1);
		this.now.seconds = Math.floor(this.time.nowMs() / 1000); // the frame is not younger than it says
		this.now.wall = this.time.wallAt(this.now.seconds);
		const length = encoder.encode(this.cursor, room, this.now);
		if (length === 0) return { length, upTo: 0 };
		this.upTo = encoder.upTo;
		this.report.frames++;
		this.report.frameBytes += length;
		return { length, upTo: this.upTo };
	}
	rewind(): void {
		this.upTo = 0;
	}
}
