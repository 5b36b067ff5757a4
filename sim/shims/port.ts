import type { EngineSlot } from "../engine/engine.js";
import { Kind, Op, Status } from "../host/table.js";
import { utf8Length, writeUtf8 } from "./core-native.js";

/** Given by the engine, fresh for each wake. */
declare const dormouseEngine: EngineSlot;

const SMALL = 64;

/** Takes the events of one handle. */
export type Listener = (kind: number, payload: DataView) => void;

/**
 * The firmware's end of the host-call channel, one a wake: builds requests, reads replies, hands events to the objects
 * that own the handles.
 */
export class HostPort {
	#request = new Uint8Array(SMALL);
	#view = new DataView(this.#request.buffer);
	#at = 0;
	#op = 0;
	/** Handle of the Wi-Fi link, of which a board has one; 0: none. */
	wifi = 0;
	readonly #listeners = new Map<number, Listener>();

	constructor() {
		dormouseEngine.event = (handle, kind, bytes) =>
			this.#listeners.get(handle)?.(kind, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
	}
	/** Begins a request. */
	begin(op: number, handle = 0): this {
		this.#op = op;
		this.#at = 3;
		this.#view.setUint8(0, op);
		this.#view.setUint16(1, handle);
		return this;
	}
	u8(value: number): this {
		const at = this.#room(1); // may replace the view
		this.#view.setUint8(at, value);
		return this;
	}
	u16(value: number): this {
		const at = this.#room(2); // may replace the view
		this.#view.setUint16(at, value);
		return this;
	}
	u32(value: number): this {
		const at = this.#room(4); // may replace the view
		this.#view.setUint32(at, value);
		return this;
	}
	f64(value: number): this {
		const at = this.#room(8); // may replace the view
		this.#view.setFloat64(at, value);
		return this;
	}
	bytes(value: Uint8Array): this {
		const at = this.#room(value.length);
		this.#request.set(value, at);
		return this;
	}
	text(value: string): this {
		const at = this.#room(utf8Length(value));
		writeUtf8(value, this.#request, at);
		return this;
	}
	/** Makes the call. @returns the reply, its status byte included */
	reply(): DataView {
		const reply = dormouseEngine.call(this.#request, this.#at);
		return new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
	}
	/**
	 * Makes the call.
	 * @returns the result, behind the status byte
	 * @throws {Error} the status's name, when it is not `ok`
	 */
	call(): DataView {
		const reply = this.reply();
		const status = reply.getUint8(0);
		if (status !== Status.ok) throw new Error(`host call ${this.#op}: ${nameOf(status)}`);
		return new DataView(reply.buffer, reply.byteOffset + 1, reply.byteLength - 1);
	}
	/** Hears the events of a handle until {@link close}. */
	listen(handle: number, listener: Listener): void {
		this.#listeners.set(handle, listener);
	}
	/** Closes a handle, here and on the board. */
	close(handle: number): void {
		this.#listeners.delete(handle);
		this.begin(Op.close, handle).call();
	}
	/** Stops to hear a handle that the board has closed already. */
	forget(handle: number): void {
		this.#listeners.delete(handle);
	}

	#room(size: number): number {
		const at = this.#at;
		if (at + size > this.#request.length) {
			const larger = new Uint8Array(Math.max(at + size, 2 * this.#request.length));
			larger.set(this.#request);
			this.#request = larger;
			this.#view = new DataView(larger.buffer);
		}
		this.#at = at + size;
		return at;
	}
}

/** The port of this wake. */
export function port(): HostPort {
	dormouseEngine.port ??= new HostPort();
	return dormouseEngine.port as HostPort;
}

/** Bytes that a view shows. */
export function bytesOf(view: ArrayBuffer | ArrayBufferView): Uint8Array {
	return view instanceof ArrayBuffer
		? new Uint8Array(view)
		: new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A copy of a result's bytes from `at` on. */
export function copyOf(result: DataView, at = 0): Uint8Array {
	return new Uint8Array(result.buffer, result.byteOffset + at, result.byteLength - at).slice();
}

/** Copies a result into the caller's bytes. */
export function copyInto(result: DataView, into: Uint8Array): void {
	into.set(new Uint8Array(result.buffer, result.byteOffset, result.byteLength));
}

function nameOf(status: number): string {
	for (const [name, value] of Object.entries(Status)) if (value === status) return name;
	return `status ${status}`;
}

export { Kind, Op, Status };
