import TCP from "embedded:io/socket/tcp";
import { setting } from "device/native";
import type { TLSFailure, TLSOptions } from "device/tls";
import Timer, { type TimerID } from "timer";

/**
 * `device/tls` on the Moddable SDK: TLS by mbedTLS (`tls.c`) over the SDK's TCP; see `modules/device/types/device-tls.d.ts`.
 *
 * The settings are strings in flash, which C reads where they are.
 */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };
declare function Native(symbol: string): new () => object;

type Bytes = Parameters<TCP["write"]>[0];

/** Largest piece of what came that is taken from TCP at once. */
const CHUNK = 512;
/** What a record takes beyond its content, at most. Source: RFC 5246 §6.2.3, with CBC, HMAC-SHA-384 and padding. */
const RECORD_MOST = 5 + 16 + 48 + 16;
/** What `step` answers while all is well; failures are the places in {@link CODES}, from 1. */
const OPEN = -1;
const WAITS = 0;
const CODES: readonly (TLSFailure | undefined)[] = Object.freeze([
	undefined,
	"untrusted",
	"refused",
	"protocol",
	"declaration",
]);
const LOST = 1;

/** mbedTLS between two buffers: what came from the network, and what has to go there. */
class Engine extends Native("xs_dormouse_tls_destructor") {
	/** @returns a failure, or `WAITS` */
	begin(
		host: string,
		port: string,
		alpn: string | undefined,
		ca: string | undefined,
		certificate: string | undefined,
		key: string | undefined,
		wallMs: number,
		resumes: boolean,
	): number {
		return native("xs_dormouse_tls_begin").call(this, host, port, alpn, ca, certificate, key, wallMs, resumes);
	}
	/** Whether the server was asked to go on with a kept session, and did not answer since. */
	offers(): boolean {
		return native("xs_dormouse_tls_offers").call(this);
	}
	/** Takes what came. */
	feed(bytes: ArrayBuffer): void {
		native("xs_dormouse_tls_feed").call(this, bytes);
	}
	/** Goes on as far as what came allows. @returns a failure, `WAITS` for the handshake, or `OPEN` */
	step(): number {
		return native("xs_dormouse_tls_step").call(this);
	}
	/** Decrypted bytes that wait. */
	waiting(): number {
		return native("xs_dormouse_tls_waiting").call(this);
	}
	/** Fills the buffer with bytes that wait, which are no fewer. */
	read(into: Bytes): void {
		native("xs_dormouse_tls_read").call(this, into);
	}
	/** Encrypts. @returns a failure, or `OPEN` */
	write(bytes: Bytes): number {
		return native("xs_dormouse_tls_write").call(this, bytes);
	}
	/** Says that no more comes. */
	end(): void {
		native("xs_dormouse_tls_end").call(this);
	}
	/** Bytes that have to go to the network. */
	pending(): number {
		return native("xs_dormouse_tls_pending").call(this);
	}
	/** @returns the next so many of them */
	take(count: number): ArrayBuffer {
		return native("xs_dormouse_tls_take").call(this, count);
	}
	/** Frees all that mbedTLS took, wiped. */
	close(): void {
		native("xs_dormouse_tls_close").call(this);
	}
}

export default class TLS {
	private readonly options: TLSOptions;
	private engine: Engine | undefined;
	private tcp: TCP | undefined;
	private late: TimerID | undefined;
	private open = false;
	/** What TCP takes now. */
	private room = 0;

	constructor(options: TLSOptions) {
		if (!options.tls) throw new Error("whom TLS is for is missing");
		this.options = options;
		this.connect(true);
	}
	/** @param resumes whether a session that was kept may be used */
	private connect(resumes: boolean) {
		const { address, port, tls } = this.options;
		const { host, alpn, node } = tls!;
		const engine = new Engine();
		const [ca, certificate, key] = [setting("ca"), setting("certificate"), setting("key")];
		const fault = engine.begin(host, `${port}`, alpn, ca, certificate, key, node.wallMs(), resumes);
		this.engine = engine;
		this.room = 0;
		if (fault !== WAITS) {
			this.late = Timer.set(() => {
				this.late = undefined;
				this.fail(fault);
			}, 0);
			return;
		}
		this.tcp = new TCP({
			address,
			port,
			noDelay: true,
			nodelay: true,
			onReadable: (bytes) => this.readable(bytes),
			onWritable: (room) => {
				this.room = room;
				this.advance(true);
			},
			onError: () => this.fail(LOST),
		});
	}
	read(buffer: Bytes): number | undefined {
		const waiting = this.needed().waiting();
		const { byteLength } = buffer;
		if (!waiting) return undefined;
		if (!byteLength || byteLength > waiting) throw new Error("invalid");
		this.needed().read(buffer);
		return byteLength;
	}
	write(buffer: Bytes): number | undefined {
		if (buffer.byteLength > this.appRoom()) throw new Error("would block");
		const result = this.needed().write(buffer);
		this.flush();
		return result === OPEN ? this.appRoom() : undefined;
	}
	close(): void {
		if (this.open) this.engine?.end();
		this.flush();
		this.release();
	}

	private needed(): Engine {
		if (!this.engine) throw new SyntaxError("closed");
		return this.engine;
	}
	/** What the application may write: one record, when nothing older waits. */
	private appRoom(): number {
		const { engine, room } = this;
		return this.open && engine && !engine.pending() ? Math.max(0, room - RECORD_MOST) : 0;
	}
	private readable(bytes: number) {
		for (let left = bytes; left > 0 && this.tcp; ) {
			const chunk = this.tcp.read(Math.min(left, CHUNK));
			if (!chunk) break;
			left -= chunk.byteLength;
			this.engine!.feed(chunk);
			this.advance(false);
		}
	}
	/** Goes on with what came, or with room that came free. */
	private advance(hasRoom: boolean) {
		const { engine, options } = this;
		if (!engine || !this.tcp) return;
		const result = engine.step();
		this.flush();
		if (result !== OPEN) {
			if (result !== WAITS) this.fail(result);
			return;
		}
		const isNew = !this.open;
		this.open = true;
		const room = this.appRoom();
		// the face is the platform's own class, as the declaration has it
		const self = this as never;
		if (room > 0 && (isNew || hasRoom)) options.onWritable?.call(self, room);
		const waiting = this.engine?.waiting() ?? 0;
		if (waiting > 0) options.onReadable?.call(self, waiting);
	}
	/** Sends what has to go to the network, as far as there is room. */
	private flush() {
		const { engine, tcp } = this;
		while (engine && tcp && this.room > 0) {
			const count = Math.min(engine.pending(), this.room);
			if (!count) return;
			try {
				this.room = tcp.write(engine.take(count)) ?? 0;
			} catch {
				this.room = 0; // lost: `onError` tells
			}
		}
	}
	private fail(failure: number) {
		const { engine, open } = this;
		if (!engine) return;
		const again = !open && engine.offers();
		this.release();
		if (again) {
			try {
				this.connect(false); // nothing was sent yet but a handshake: this one is by certificate
				return;
			} catch {
				// no network: the failure stands
			}
		}
		this.options.onError?.call(this as never, CODES[failure - 1]);
	}
	private release() {
		Timer.clear(this.late);
		this.tcp?.close();
		this.engine?.close();
		this.tcp = undefined;
		this.engine = undefined;
		this.late = undefined;
		this.open = false;
	}
}
