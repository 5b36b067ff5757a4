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
		this.now.seconds = Math.floor(this.time.nowMs() / 1000); // the frame is not younger than it says
		this.now.wall = this.time.wallAt(this.now.seconds);
		return this.encode(view, room, 0xffff_ffff);
	}
	again(view: Uint8Array, room: number, frame: Filled): number {
		this.now.seconds = frame.seconds;
		this.now.wall = frame.wall;
		const { length, upTo, count } = this.encode(view, room, frame.upTo);
		return upTo === frame.upTo && count === frame.count ? length : 0;
	}
	rewind(): void {
		this.upTo = 0;
	}
	/** @param last number of the last record that may go in */
	private encode(view: Uint8Array, room: number, last: number): Filled {
		const { now, report } = this;
		const encoder = this.node.encoding.create(this.nodeId, view, this.queue.cursor(), this.record);
		this.cursor.seek(this.upTo + 1);
		const length = encoder.encode(this.cursor, room, now, last);
		const { count, upTo } = encoder;
		if (length > 0) {
			this.upTo = upTo;
			report.frames++;
			report.frameBytes += length;
		}
		return { length, upTo, count, seconds: now.seconds, wall: now.wall };
	}
}
