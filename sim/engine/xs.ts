import { DormouseError, type ErrorCode } from "../../modules/core/errors.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { Status } from "../host/table.js";
import type { ReadyHost } from "../xs/build.js";
import { type RamProfile, ramProfile } from "../xs/profiles.js";
import type { Engine, Fault, Figures, Firmware, FirmwareBundle, HostSide, Wake } from "./engine.js";
import { NodeEngine } from "./node.js";
import { Channel, ChannelLost } from "./xs-channel.js";
import { Where } from "./xs-where.js";
import {
	bootBody,
	eventHead,
	type FlashTotals,
	Message,
	type Report,
	readLoaded,
	readRefused,
	readReport,
	type TraceLine,
	wakeBody,
} from "./xs-wire.js";

export type { FlashTotals } from "./xs-wire.js";

/** Choices of an {@link XsEngine}. */
export interface XsOptions {
	/** `esp32` (default), `esp32c3`, a number of bytes, or a profile. */
	readonly ram?: string | number | RamProfile;
	/**
	 * Computrons that one run to completion may take before it counts as an endless loop. Default 100 million, which is
	 * some 25 s of an ESP32 and one of a desktop.
	 */
	readonly meterLimit?: number;
	/** Collect garbage where a wake ends, so that its figures show what is live. Default false. */
	readonly measure?: boolean;
	/** Find the TypeScript line of a fault, by running the wake again. Default true. */
	readonly locate?: boolean;
}

const METER_LIMIT = 100_000_000;
/** Bytes of host-call replies that a wake may have got and still be run again to locate a fault. */
const LONGEST_RECORD = 16 << 20;

/** Runs firmware on XS, in a process of its own for each firmware loaded. */
export class XsEngine implements Engine {
	readonly name = "xs";
	readonly ram: RamProfile;
	/** The host in use; RAM figures mean something only where it is representative. */
	readonly host: ReadyHost;
	readonly #options: XsOptions;

	/**
	 * @param host from `buildHost` of sim/xs/build.ts
	 * @throws {DormouseError} `declaration` on an unknown RAM profile
	 */
	constructor(host: ReadyHost, options: XsOptions = {}) {
		this.host = host;
		this.ram = ramProfile(options.ram ?? "esp32");
		this.#options = options;
	}

	/**
	 * @throws {DormouseError} `malformed` when the bundle does not parse (the message has its line); what evaluating its
	 * modules throws, as itself or, where that is no DormouseError, as `declaration` with its place
	 */
	load(bundle: FirmwareBundle): XsFirmware {
		return new XsFirmware(bundle, this.host, this.ram, this.#options);
	}
}

/** Firmware in the flash of an XS host. */
export class XsFirmware implements Firmware {
	/** What the firmware takes of flash. */
	readonly flash: FlashTotals;
	/** What the SDK's linker would warn of: objects at module scope that are not frozen. */
	readonly warnings: readonly string[];
	/** Names of the variables that its functions still refer to, once all modules were evaluated. */
	readonly variables: ReadonlySet<string>;
	readonly #where: Where;
	readonly #bundle: FirmwareBundle;
	readonly #host: ReadyHost;
	readonly #ram: RamProfile;
	readonly #options: XsOptions;
	#channel: Channel;
	#debug: Channel | undefined;
	#wakes = 0;
	#node: NodeDeclaration | undefined;
	#closed = false;
	#running = false;

	constructor(bundle: FirmwareBundle, host: ReadyHost, ram: RamProfile, options: XsOptions) {
		this.#bundle = bundle;
		this.#host = host;
		this.#ram = ram;
		this.#options = options;
		this.#where = new Where(bundle);
		const { channel, flash, warnings, variables } = this.#open(false);
		this.#channel = channel;
		this.flash = flash;
		this.warnings = warnings;
		this.variables = variables;
	}

	get node(): NodeDeclaration {
		this.#node ??= new NodeEngine().load(this.#bundle.readable ?? this.#bundle).node; // it is data: V8 evaluates it as well
		return this.#node;
	}

	/** Of the host process, for tests and figures. */
	get pid(): number | undefined {
		return this.#channel.pid;
	}

	/**
	 * @param ram another profile for this boot
	 * @throws {DormouseError} `closed`
	 */
	boot(host: HostSide, ram: RamProfile = this.#ram): XsWake {
		if (this.#closed) throw new DormouseError("closed", "the firmware was closed");
		if (!this.#channel.isOpen) this.#channel = this.#open(false).channel; // it was killed: flash is as before
		const { meterLimit = METER_LIMIT, measure = false, locate = true } = this.#options;
		const number = ++this.#wakes;
		return new XsWake(this, host, number, bootBody(number, ram, meterLimit, measure), locate);
	}

	/**
	 * Sends one message and answers host calls until the wake pauses or ends. For {@link XsWake}.
	 * @throws {ChannelLost}
	 */
	exchange(type: number, head: Uint8Array, bytes: Uint8Array | undefined, answer: Answer): [number, Report] {
		if (this.#running) throw new DormouseError("busy", "a wake of this firmware is running");
		this.#running = true;
		try {
			return converse(this.#channel, type, head, bytes, answer);
		} catch (error) {
			if (!(error instanceof ChannelLost)) this.#channel.close(); // the board's own mistake: leave no half a call behind
			throw error;
		} finally {
			this.#running = false;
		}
	}

	/** Whether a wake runs just now, so that a message would cut into its host call. */
	get isRunning(): boolean {
		return this.#running;
	}

	/** Gives a wake's RAM back. For {@link XsWake}. */
	release(wake: number): void {
		if (!this.#channel.isOpen) return;
		try {
			this.#channel.send(Message.drop, wakeBody(wake));
		} catch (error) {
			if (!(error instanceof ChannelLost)) throw error;
		}
	}

	/** Runs a recorded wake again where code has line numbers. @returns where it ended in a fault */
	locate(record: readonly Step[]): string {
		const kept = this.#closed ? undefined : this.#debug;
		const channel = kept?.isOpen ? kept : this.#open(true).channel;
		if (this.#closed) {
			const where = this.#where.stack(replay(channel, record));
			channel.close();
			return where;
		}
		this.#debug = channel;
		return this.#where.stack(replay(channel, record));
	}

	close(): void {
		this.#closed = true;
		this.#channel.close();
		this.#debug?.close();
	}

	#open(debug: boolean): { channel: Channel } & ReturnType<typeof readLoaded> {
		const channel = new Channel(this.#host.path);
		try {
			channel.send(Message.load, Uint8Array.of(debug ? 1 : 0), Buffer.from(this.#bundle.code));
			const { type, body } = channel.receive();
			if (type === Message.loaded) return { channel, ...readLoaded(body) };
			throw this.#refusal(readRefused(body), debug);
		} catch (error) {
			channel.close();
			if (!(error instanceof ChannelLost)) throw error;
			throw new DormouseError("io", "the XS host does not start; without the folder build/xs it is built anew");
		}
	}

	#refusal(refused: ReturnType<typeof readRefused>, debug: boolean): Error {
		const { parses, line, code, message, trace } = refused;
		if (!parses) return new DormouseError("malformed", `${this.#bundle.name}: ${message}, at ${this.#where.at(line)}`);
		if (code) return new DormouseError(code as ErrorCode, message);
		const [where] = this.#where.stack(trace).split("\n", 1);
		if (debug) return new DormouseError("declaration", where ? `${message} at ${where}` : message);
		try {
			this.#open(true).channel.close(); // fails again, and knows the line
		} catch (error) {
			return error as Error;
		}
		return new DormouseError("declaration", message);
	}
}

type Answer = (request: Uint8Array) => Uint8Array;

/** One message to a wake and the replies that its host calls got. */
interface Step {
	readonly type: number;
	readonly head: Uint8Array;
	readonly bytes: Uint8Array | undefined;
	readonly replies: Uint8Array[];
}

/** One wake on XS. */
export class XsWake implements Wake {
	readonly #firmware: XsFirmware;
	readonly #host: HostSide;
	readonly #number: number;
	#record: Step[] | undefined;
	#recorded = 0;
	#state: Wake["state"] = "idle";
	#fault: Fault | undefined;
	#figures: Figures | undefined;
	#dropped = false;

	constructor(firmware: XsFirmware, host: HostSide, number: number, boot: Uint8Array, locate: boolean) {
		this.#firmware = firmware;
		this.#host = host;
		this.#number = number;
		this.#record = locate ? [] : undefined;
		this.#step(Message.boot, boot, undefined);
	}

	get state(): Wake["state"] {
		return this.#state;
	}

	get fault(): Fault | undefined {
		return this.#fault;
	}

	/**
	 * What the wake has used up to its last pause or its end; undefined when the host was lost. While it is idle,
	 * `collected` collects garbage first, so that `live` is what is alive: that changes the wake's later peaks.
	 */
	figures(collected = false): Figures | undefined {
		if (collected && this.#state === "idle" && !this.#dropped && !this.#firmware.isRunning)
			this.#step(Message.live, wakeBody(this.#number), undefined);
		return this.#figures;
	}

	event(handle: number, kind: number, bytes: Uint8Array): void {
		if (this.#state !== "idle" || this.#dropped) return;
		this.#step(Message.event, eventHead(this.#number, handle, kind), this.#record ? copy(bytes) : bytes);
	}

	drop(): void {
		if (this.#dropped) return;
		this.#dropped = true;
		if (this.#state !== "idle") return;
		this.#state = "ended";
		this.#record = undefined;
		if (!this.#firmware.isRunning) this.#firmware.release(this.#number);
	}

	#step(type: number, head: Uint8Array, bytes: Uint8Array | undefined): void {
		const step: Step = { type, head, bytes, replies: [] };
		this.#record?.push(step);
		try {
			const [ended, report] = this.#firmware.exchange(type, head, bytes, (request) => this.#answer(request, step));
			this.#figures = report.figures;
			if (ended === Message.idle) {
				if (this.#dropped) this.#firmware.release(this.#number);
				return;
			}
			this.#state = "ended";
			if (report.fault && !this.#dropped) {
				const { reason, message } = report.fault;
				this.#fail(reason, message, this.#record ? this.#firmware.locate(this.#record) : "");
			}
		} catch (error) {
			if (!(error instanceof ChannelLost)) throw error;
			this.#fail("host", error.message, "");
		}
		this.#record = undefined;
	}

	#answer(request: Uint8Array, step: Step): Uint8Array {
		if (this.#dropped) return ENDED;
		const reply = this.#host.call(request);
		if (this.#dropped) return ENDED;
		if (this.#record) {
			step.replies.push(copy(reply));
			this.#recorded += reply.length + 64;
			if (this.#recorded > LONGEST_RECORD) this.#record = undefined;
		}
		return reply;
	}

	#fail(reason: Fault["reason"], message: string, where: string): void {
		this.#state = "fault";
		this.#fault = Object.freeze({ reason, message, where });
	}
}

const ENDED = Uint8Array.of(Status.ended);
const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.prototype.slice.call(bytes); // of a Buffer as well
const NOTHING = new Uint8Array(0);

function converse(
	channel: Channel,
	type: number,
	head: Uint8Array,
	bytes: Uint8Array | undefined,
	answer: Answer,
): [number, Report] {
	channel.send(type, head, bytes);
	for (;;) {
		const message = channel.receive();
		if (message.type !== Message.call) return [message.type, readReport(message.type, message.body)];
		const { buffer, byteOffset, length } = message.body;
		channel.send(Message.reply, NOTHING, answer(new Uint8Array(buffer, byteOffset, length))); // a Buffer's slice would not copy
	}
}

/** Runs a wake again from its record; what was not recorded ends it. */
function replay(channel: Channel, record: readonly Step[]): readonly TraceLine[] {
	try {
		for (const { type, head, bytes, replies } of record) {
			let at = 0;
			const [, report] = converse(channel, type, head, bytes, () => replies[at++] ?? ENDED);
			if (report.fault) return report.fault.trace;
		}
	} catch (error) {
		if (!(error instanceof ChannelLost)) throw error;
	}
	return [];
}
