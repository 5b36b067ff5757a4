import { toHex } from "../../modules/core/bytes.js";
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
	/** Makes frames made again other than they were. */
	isGone = false;
	readonly #filled: Filled = { length: 0, upTo: 0, count: 0, seconds: 7, wall: 0 };
	constructor(last: number, most: number) {
		this.last = last;
		this.most = most;
	}
	fill(view: Uint8Array, room: number): Filled {
		this.rooms.push(room);
		if (room > view.length) throw new Error("the room is larger than the view");
		let at = 0;
		while (this.next <= this.last && at < room && at < this.most) view[at++] = this.next++;
		this.#filled.length = this.#filled.count = at;
		this.#filled.upTo = this.next - 1;
		return this.#filled;
	}
	again(view: Uint8Array, room: number, { upTo, count }: Filled): number {
		if (this.isGone || count > room || count !== upTo - this.next + 1) return 0;
		for (let at = 0; at < count; at++) view[at] = this.next++;
		return count;
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
	/** What it makes of messages. */
	verdict: boolean | undefined = true;
	downlink(bytes: Uint8Array, repeated: boolean): boolean | undefined {
		const { verdict } = this;
		this.#add(`downlink ${toHex(bytes)}${repeated ? " again" : ""}`);
		return verdict;
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
