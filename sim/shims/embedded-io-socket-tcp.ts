import type { TCPOptions } from "embedded:io/socket/tcp";
import type { TlsFailure } from "../net/network.js";
import { bytesOf, copyInto, copyOf, type HostPort, Kind, Op, port, Status } from "./port.js";

/** `embedded:io/socket/tcp` on a simulated board, as the SDK behaves; see `modules/device/types/embedded-io-socket-tcp.d.ts`. */
export default class TCP {
	#handle: number | undefined;
	#unread = 0;
	readonly target: unknown;

	constructor(options: TCPOptions) {
		const { address, port: number } = options;
		if (number === undefined) throw new Error("port required");
		if (!(number >= 0 && number <= 0xffff)) throw new RangeError("invalid port");
		if (!/^[\d.]+$|:/.test(String(address))) throw new Error("invalid address");
		this.target = options.target;
		const handle = this.request(options).text(address).call().getUint16(0);
		this.#handle = handle;
		// The declaration's `this: TCP` is the SDK's class; this one stands in for it.
		const { onReadable, onWritable, onError } = options as unknown as Callbacks;
		port().listen(handle, (kind, payload) => {
			if (kind === Kind.readable) {
				this.#unread = payload.getUint32(0);
				onReadable?.call(this, this.#unread);
			} else if (kind === Kind.writable) onWritable?.call(this, payload.getUint32(0));
			else if (kind === Kind.error) onError?.call(this, this.failure(payload.getUint8(0)));
		});
	}
	/** The call that opens it, but for the address at its end. */
	protected request({ port: number }: TCPOptions): HostPort {
		return port().begin(Op.tcpOpen).u16(number);
	}
	/** What `onError` is told: of plain TCP nothing. */
	protected failure(_code: number): TlsFailure | undefined {
		return undefined;
	}
	read(want?: number | ArrayBuffer | ArrayBufferView): ArrayBuffer | number | undefined {
		const handle = this.#open();
		if (this.#unread === 0) return undefined;
		const count = want === undefined ? this.#unread : typeof want === "number" ? want : want.byteLength;
		if (count < 1 || count > this.#unread) throw new Error("invalid");
		const result = port().begin(Op.tcpRead, handle).u16(count).call();
		this.#unread -= result.byteLength;
		if (typeof want !== "object") return copyOf(result).buffer as ArrayBuffer;
		copyInto(result, bytesOf(want));
		return result.byteLength;
	}
	write(bytes: ArrayBuffer | ArrayBufferView): number | undefined {
		const reply = port().begin(Op.tcpWrite, this.#open()).bytes(bytesOf(bytes)).reply();
		if (reply.getUint8(0) === Status.busy) throw new Error("would block");
		return reply.getUint8(0) === Status.ok ? reply.getUint32(1) : undefined;
	}
	close(): void {
		if (this.#handle === undefined) return;
		port().close(this.#handle);
		this.#handle = undefined;
	}

	#open(): number {
		if (this.#handle === undefined) throw new SyntaxError("closed");
		return this.#handle;
	}
}

interface Callbacks {
	readonly onReadable?: (this: TCP, bytes: number) => void;
	readonly onWritable?: (this: TCP, bytes: number) => void;
	readonly onError?: (this: TCP, failure: TlsFailure | undefined) => void;
}
