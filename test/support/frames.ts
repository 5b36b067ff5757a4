import type { ErrorCode } from "../../modules/core/errors.js";
import type { DeliveredBy, Filled, FrameSource, UplinkListener } from "../../net/uplink.js";

/** Records that are one byte each: the low byte of their number. A frame holds at most `most` of them. */
export class Frames implements FrameSource {
	next = 1;
	delivered = 0;
	wantsTime = false;
	readonly rooms: number[] = [];
	readonly last: number;
	readonly most: number;
	readonly #filled: Filled = { length: 0, upTo: 0 };
	constructor(last: number, most: number) {
		this.last = last;
		this.most = most;
	}
	fill(view: Uint8Array, room: number): Filled {
		this.rooms.push(room);
		if (room > view.length) throw new Error("the room is larger than the view");
		let at = 0;
		while (this.next <= this.last && at < room && at < this.most) view[at++] = this.next++;
		this.#filled.length = at;
		this.#filled.upTo = this.next - 1;
		return this.#filled;
	}
	rewind(): void {
		this.next = this.delivered + 1;
	}
}

/** Writes down what an uplink tells, one line an event. */
export class Log implements UplinkListener {
	readonly lines: string[] = [];
	readonly #frames: Frames | undefined;
	/** Runs after each event. */
	after: ((line: string) => void) | undefined;
	constructor(frames?: Frames) {
		this.#frames = frames;
	}
	delivered(upTo: number, by: DeliveredBy): void {
		if (this.#frames) this.#frames.delivered = upTo;
		this.#add(`delivered ${upTo} ${by}`);
	}
	deferred(notBeforeMs: number): void {
		this.#add(`deferred ${notBeforeMs}`);
	}
	failed(code: ErrorCode): void {
		this.#add(`failed ${code}`);
	}
	downlink(): void {
		this.#add("downlink");
	}
	wallTime(wallMs: number): void {
		this.#add(`time ${wallMs}`);
	}
	idle(): void {
		this.#add("idle");
	}
	#add(line: string) {
		this.lines.push(line);
		this.after?.(line);
	}
}
