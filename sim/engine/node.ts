import { createContext, runInContext, Script } from "node:vm";
import { DormouseError } from "../../modules/core/errors.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { Status } from "../host/table.js";
import type { Engine, EngineSlot, Fault, Firmware, FirmwareBundle, HostSide, Wake } from "./engine.js";
import { Positions } from "./source-map.js";

const SCRIPT = "dormouse-firmware.js";

interface Exports {
	readonly wake: () => void;
	readonly node: NodeDeclaration;
}
type Factory = (slot: EngineSlot) => Exports;

/**
 * Runs firmware on V8, in process: fast, for unit tests, fleets and long recordings. It has no globals but the
 * language's, and each wake evaluates the modules anew, so that nothing but RTC memory and flash outlives a sleep. It
 * has a desktop's memory and V8's semantics; what only XS refuses, the XS engine finds.
 */
export class NodeEngine implements Engine {
	readonly name = "node";
	load(bundle: FirmwareBundle): Firmware {
		return new NodeFirmware(bundle);
	}
}

class NodeFirmware implements Firmware {
	readonly node: NodeDeclaration;
	readonly #factory: Factory;
	readonly #positions: Positions;

	constructor(bundle: FirmwareBundle) {
		this.#positions = new Positions(bundle);
		const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
		runInContext("for (const name of ['console', 'WebAssembly']) delete globalThis[name];", context);
		try {
			this.#factory = new Script(bundle.code, { filename: SCRIPT }).runInContext(context) as Factory;
		} catch (error) {
			throw new DormouseError("malformed", `${bundle.name}: ${(error as Error).message}`);
		}
		this.node = this.#evaluate().node;
	}
	boot(host: HostSide): Wake {
		return new NodeWake(this.#factory, this.#positions, host);
	}
	close(): void {}

	/** Evaluates the modules once without a board: the declaration checks itself then. */
	#evaluate(): Exports {
		const nothing: EngineSlot = {
			call: () => {
				throw new DormouseError("declaration", "a declaration cannot use the hardware");
			},
			event: undefined,
			port: undefined,
		};
		try {
			return this.#factory(nothing);
		} catch (error) {
			const { code, message, stack = "" } = error as DormouseError;
			if (code === undefined) throw new DormouseError("declaration", `${message} at ${first(this.#positions, stack)}`);
			throw new DormouseError(code, message);
		}
	}
}

/** Thrown through the firmware to unwind a wake that is over. */
const ENDED = Object.freeze({ ended: true });

class NodeWake implements Wake {
	state: Wake["state"] = "idle";
	fault: Fault | undefined;
	readonly #slot: EngineSlot;
	readonly #positions: Positions;
	#over = false;

	constructor(factory: Factory, positions: Positions, host: HostSide) {
		this.#positions = positions;
		this.#slot = {
			call: (request, length) => {
				if (this.#over) throw ENDED; // firmware caught the first one: nothing that it does counts any more
				const reply = host.call(request.subarray(0, length));
				this.#over = reply[0] === Status.ended;
				if (this.#over) throw ENDED;
				return reply.slice();
			},
			event: undefined,
			port: undefined,
		};
		this.#run(() => factory(this.#slot).wake());
	}
	event(handle: number, kind: number, bytes: Uint8Array): void {
		if (this.state !== "idle") return;
		this.#run(() => this.#slot.event?.(handle, kind, bytes));
	}
	drop(): void {
		if (this.state === "idle") this.state = "ended";
		this.#slot.event = undefined;
		this.#slot.port = undefined;
	}

	#run(firmware: () => void) {
		try {
			firmware();
		} catch (error) {
			if (this.#over) return;
			this.state = "fault";
			const { message, stack = "", name } = error as Error;
			this.fault = {
				reason: /call stack/.test(message) ? "stack" : "exception",
				message: `${name ?? "thrown"}: ${message ?? String(error)}`,
				where: this.#positions.stack(stack, SCRIPT),
			};
		} finally {
			if (this.#over) this.state = "ended";
		}
	}
}

function first(positions: Positions, stack: string): string {
	return positions.stack(stack, SCRIPT).split("\n", 1)[0]!;
}
