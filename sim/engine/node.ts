import { createContext, runInContext, Script } from "node:vm";
import { utf8Length, writeUtf8 } from "../../modules/core/bytes.js";
import { crc16, crc32 } from "../../modules/core/crc.js";
import { DormouseError } from "../../modules/core/errors.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { Status } from "../host/table.js";
import type { Engine, EngineSlot, Fault, Firmware, FirmwareBundle, HostSide, Wake } from "./engine.js";
import { Positions } from "./source-map.js";

const SCRIPT = "dormouse-firmware.js";

/** Looking a global up in a context costs ten times what a constant does; these are the ones on hot paths. */
const GLOBALS =
	"Array, ArrayBuffer, BigInt, DataView, Error, Float64Array, Int32Array, Math, Number, Object, Uint16Array, Uint8Array";

interface Exports {
	readonly wake: () => void;
	readonly node: NodeDeclaration;
}
type Factory = (slot: EngineSlot) => Exports;

/**
 * Runs firmware on V8, in process: fast, for unit tests, fleets and long recordings. It has no globals but the
 * language's, a desktop's memory and V8's semantics; what only XS refuses, the XS engine finds.
 */
export class NodeEngine implements Engine {
	readonly name = "node";
	readonly #fresh: boolean;

	/**
	 * @param modules `kept`: modules are evaluated once, as a device's flash holds them, so that a wake costs little.
	 * `fresh`: each wake evaluates them anew, some eight times slower: what firmware hides in a module variable is gone, as it is
	 * on a board. A test holds both to equal results.
	 */
	constructor(modules: "kept" | "fresh" = "kept") {
		this.#fresh = modules === "fresh";
	}
	load(bundle: FirmwareBundle): Firmware {
		return new NodeFirmware(bundle, this.#fresh);
	}
}

class NodeFirmware implements Firmware {
	readonly node: NodeDeclaration;
	readonly #factory: Factory;
	readonly #positions: Positions;
	/** What the modules that are kept call: each wake puts itself there while it runs. */
	readonly #slot: EngineSlot = { call: noBoard, crc: noBoard, utf8: noBoard, event: undefined, port: undefined };
	readonly #kept: Exports;
	readonly #context: { run?: (() => unknown) | undefined } = {};
	/** `run()` in the context, where V8 can end it. */
	readonly #guarded = new Script("run()");
	readonly #fresh: boolean;

	constructor(bundle: FirmwareBundle, fresh: boolean) {
		this.#fresh = fresh;
		this.#positions = new Positions(bundle);
		const context = createContext(this.#context, { codeGeneration: { strings: false, wasm: false } });
		runInContext("for (const name of ['console', 'WebAssembly']) delete globalThis[name];", context);
		const code = bundle.code.replace("=> {", `=> { const { ${GLOBALS} } = globalThis; `);
		try {
			this.#factory = new Script(code, { filename: SCRIPT }).runInContext(context) as Factory;
		} catch (error) {
			throw new DormouseError("malformed", `${bundle.name}: ${(error as Error).message}`);
		}
		this.#kept = this.#evaluate();
		this.node = bundle.readable ? new NodeFirmware(bundle.readable, fresh).node : this.#kept.node;
	}
	boot(host: HostSide): Wake {
		const slot: EngineSlot = this.#fresh
			? { call: noBoard, crc: noBoard, utf8: noBoard, event: undefined, port: undefined }
			: this.#slot;
		const wake = this.#fresh ? () => this.#factory(slot).wake() : this.#kept.wake;
		const guard: Guard = this.#fresh ? (run) => void this.#guard(run) : (run) => run();
		return new NodeWake(wake, slot, this.#positions, host, guard);
	}
	close(): void {}
	get warnings(): readonly string[] {
		return []; // V8 does not tell what is frozen
	}

	/** Runs firmware, but not for ever: costs a thread each time, too much where modules are kept. */
	#guard<T>(run: () => T): T {
		this.#context.run = run;
		try {
			return this.#guarded.runInContext(this.#context, { timeout: LONGEST_MS }) as T;
		} finally {
			this.#context.run = undefined;
		}
	}
	/** Evaluates the modules; the declaration checks itself then. */
	#evaluate(): Exports {
		try {
			return this.#guard(() => this.#factory(this.#slot));
		} catch (error) {
			const { code, message = String(error), stack = "" } = (error ?? {}) as DormouseError;
			if (isEndless(error)) throw new DormouseError("declaration", "modules loop for ever while they are evaluated");
			if (code !== undefined) throw new DormouseError(code, message);
			const where = this.#positions.stack(stack, SCRIPT).split("\n", 1)[0];
			throw new DormouseError("declaration", `${message} at ${where}`);
		}
	}
}

function crc(bits: 16 | 32, bytes: Uint8Array, from: number, to: number, start: number): number {
	return bits === 16 ? crc16(bytes, from, to, start) : crc32(bytes, from, to, start);
}

function utf8(text: string, into: Uint8Array | undefined, at: number): number {
	const end = at + utf8Length(text);
	return !into ? end : end > into.length ? -1 : writeUtf8(text, into, at);
}

function noBoard(): never {
	throw new DormouseError("declaration", "modules cannot use the hardware while they are evaluated");
}

/** Calls what it is given. */
type Guard = (run: () => void) => void;

/** Longest real time that evaluating modules, or one run to completion, may take. */
const LONGEST_MS = 5000;

function isEndless(error: unknown): boolean {
	return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

/** Thrown through the firmware to unwind a wake that is over. */
const ENDED = Object.freeze({ ended: true });

class NodeWake implements Wake {
	state: Wake["state"] = "idle";
	fault: Fault | undefined;
	readonly #slot: EngineSlot;
	readonly #call: EngineSlot["call"];
	#event: EngineSlot["event"];
	#port: EngineSlot["port"];
	readonly #positions: Positions;
	readonly #guard: Guard;
	#over = false;

	constructor(wake: () => void, slot: EngineSlot, positions: Positions, host: HostSide, guard: Guard) {
		this.#slot = slot;
		this.#guard = guard;
		this.#positions = positions;
		this.#call = (request, length) => {
			if (this.#over) throw ENDED; // firmware caught the first one: nothing that it does counts any more
			const reply = host.call(request.subarray(0, length));
			this.#over = reply[0] === Status.ended;
			if (this.#over) throw ENDED;
			return reply.slice();
		};
		this.#run(wake);
	}
	event(handle: number, kind: number, bytes: Uint8Array): void {
		if (this.state !== "idle") return;
		this.#run(() => this.#slot.event?.(handle, kind, bytes));
	}
	drop(): void {
		if (this.state === "idle") this.state = "ended";
		this.#event = undefined;
		this.#port = undefined;
	}

	/** Runs firmware to completion, with this wake in the slot. */
	#run(firmware: () => void) {
		const slot = this.#slot;
		slot.call = this.#call;
		slot.crc = crc;
		slot.utf8 = utf8;
		slot.event = this.#event;
		slot.port = this.#port;
		try {
			this.#guard(firmware);
		} catch (error) {
			if (!this.#over) this.#fail(error);
		}
		this.#event = slot.event;
		this.#port = slot.port;
		slot.call = noBoard;
		if (this.#over) this.state = "ended";
	}
	#fail(error: unknown) {
		const { message = String(error), stack = "", name = "thrown" } = (error ?? {}) as Error;
		this.state = "fault";
		this.fault = {
			reason: isEndless(error) ? "endless" : message.includes("call stack") ? "stack" : "exception",
			message: `${name}: ${message}`,
			where: this.#positions.stack(stack, SCRIPT),
		};
	}
}
