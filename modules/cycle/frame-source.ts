import type { Filled, FrameSource } from "../../net/uplink.js";
import { FrameEncoder } from "../codec/frame-encoder.js";
import type { RecordCursor, RecordQueue } from "../store/queue.js";
import type { EpochTime } from "./epoch-time.js";
import type { WakeReport } from "./report.js";

/** Frames out of the queue, for the uplink: encoded at transmit time, so that their age is right. */
export class QueueSource implements FrameSource {
	private readonly cursor: RecordCursor;
	private readonly make: (view: Uint8Array) => FrameEncoder<RecordCursor>;
	private readonly time: EpochTime;
	private readonly epoch: () => number;
	private readonly report: WakeReport;
	private readonly filled: Filled = { length: 0, upTo: 0 };
	private upTo = 0;
	private encoder: FrameEncoder<RecordCursor> | undefined;
	private view: Uint8Array | undefined;

	constructor(
		queue: RecordQueue,
		schema: number,
		width: number,
		time: EpochTime,
		epoch: () => number,
		report: WakeReport,
	) {
		this.cursor = queue.cursor();
		this.make = (view) => new FrameEncoder(schema, width, view, () => queue.cursor());
		this.time = time;
		this.epoch = epoch;
		this.report = report;
	}
	fill(view: Uint8Array, room: number): Filled {
		if (this.view !== view) {
			this.view = view;
			this.encoder = this.make(view);
		}
		this.cursor.seek(this.upTo + 1);
		const seconds = Math.floor(this.time.nowMs() / 1000); // the frame is not younger than it says
		const length = this.encoder!.encode(this.cursor, room, this.epoch(), seconds);
		this.filled.length = length;
		this.filled.upTo = length > 0 ? this.encoder!.upTo : 0;
		if (length > 0) {
			this.upTo = this.filled.upTo;
			this.report.frames++;
			this.report.frameBytes += length;
		}
		return this.filled;
	}
	rewind(): void {
		this.upTo = 0;
	}
}
