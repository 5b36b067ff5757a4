import type { NodeDeclaration } from "../../modules/cycle/declaration.js";

/**
 * What firmware finds as the free identifier `dormouseEngine`, fresh for each wake: its only way out. The shims in
 * `sim/shims/` are the only code that touches it.
 */
export interface EngineSlot {
	/**
	 * One host call (see `sim/host/table.ts`).
	 * @param request `length` bytes from its start are the request; the view begins at offset 0 of its buffer
	 * @returns the reply; it belongs to the caller. After `Status.ended` the call does not return: the wake unwinds
	 */
	call(request: Uint8Array, length: number): Uint8Array;
	/**
	 * CRC-16 or CRC-32 of `bytes[from … to)`, as `modules/core/crc.ts` has them: a board has them in C. No host call, and
	 * nothing that takes the board's time; like a board's C it cannot be had while modules are evaluated.
	 */
	crc(bits: 16 | 32, bytes: Uint8Array, from: number, to: number, start: number): number;
	/**
	 * Writes a text as UTF-8, as `writeUtf8` of `modules/core/bytes.ts` does; C on a board as well.
	 * @param into where to; without it, nothing is written
	 * @returns the offset behind its last byte; −1 when it does not fit, and nothing is written then
	 */
	utf8(text: string, into: Uint8Array | undefined, at: number): number;
	/** Set by the shims: takes an event, run to completion. `bytes` lives until it returns. */
	event: ((handle: number, kind: number, bytes: Uint8Array) => void) | undefined;
	/** The shims' own state of this wake. */
	port: object | undefined;
}

/** The board's side of the channel. */
export interface HostSide {
	/**
	 * Answers one host call. Never throws.
	 * @param request valid during the call only
	 * @returns a reply that is valid until the next call; with `Status.ended` the engine unwinds the wake
	 */
	call(request: Uint8Array): Uint8Array;
}

/** Runs firmware. Node (V8) and XS implement it; everything is synchronous, so that virtual time is exact. */
export interface Engine {
	readonly name: "node" | "xs";
	/**
	 * Loads a bundle: evaluates its modules, as a build for the device does ("flash").
	 * @throws {DormouseError} `malformed` when the bundle does not parse; whatever evaluation throws
	 */
	load(bundle: FirmwareBundle): Firmware;
}

/** A bundle of firmware: one script whose completion value is a function of the engine slot. */
export interface FirmwareBundle {
	/** JavaScript, ES2022: `(dormouseEngine) => ({ wake, node })`, from `sim/entry.ts`. */
	readonly code: string;
	/** Source map of `code`, JSON. */
	readonly map: string;
	/** For messages: the node's file. */
	readonly name: string;
	/** The same with readable names, where this one has others: what the declaration is read from. */
	readonly readable?: FirmwareBundle;
}

/** Firmware in flash. */
export interface Firmware {
	/** The declaration inside, for decoders and checks. */
	readonly node: NodeDeclaration;
	/** What the SDK's linker would warn of: objects at module scope that are not frozen. Empty where the engine cannot tell. */
	readonly warnings: readonly string[];
	/** A reboot: fresh RAM, then `main.ts`'s default function. */
	boot(host: HostSide): Wake;
	/** Releases the engine's resources. */
	close(): void;
}

/** One wake: from boot to deep sleep. */
export interface Wake {
	/** `idle`: waits for events. `ended`: deep sleep or a cut came. `fault`: see {@link fault}. */
	readonly state: "idle" | "ended" | "fault";
	readonly fault: Fault | undefined;
	/** Delivers an event (`sim/host/table.ts`, `Kind`); ignored unless idle. */
	event(handle: number, kind: number, bytes: Uint8Array): void;
	/** Tears the RAM down; idempotent. */
	drop(): void;
	/** What the wake has used so far, where the engine measures it. */
	figures?(): Figures | undefined;
}

/** Why firmware died. On a board this is a panic and a reset. */
export interface Fault {
	readonly reason: "exception" | "memory" | "stack" | "endless" | "flash-write" | "host";
	readonly message: string;
	/** TypeScript position and stack where known. */
	readonly where: string;
}

/** What a wake has used so far. `live` counts what is current; right after a collection that is what is alive. */
export interface Figures {
	readonly slots: Use;
	/** Bytes, with the headers of chunks. */
	readonly chunks: Use;
	/** Slots of the stack. */
	readonly stack: Use;
	/** Names made at run time, of 256. */
	readonly keys: number;
	readonly hostCalls: number;
	/** XS's own measure of work, in bytecodes and allocations: the same for the same wake on any machine. */
	readonly computrons: number;
	/** Bytes of a slot: 16, or 32 where the host has 64 bits. */
	readonly slotSize: number;
	/** Variables and objects of module scope that the wake wrote to. They live in RAM: sleep forgets them. */
	readonly moduleWrites: readonly string[];
}

/** One kind of memory. Peaks include garbage. */
export interface Use {
	readonly live: number;
	readonly peak: number;
	readonly capacity: number;
}
