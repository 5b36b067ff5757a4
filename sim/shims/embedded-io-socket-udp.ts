import type { UDPDatagram, UDPOptions } from "embedded:io/socket/udp";
import { fromUtf8 } from "../../modules/core/bytes.js";
import { utf8 } from "./core-native.js";
import { bytesOf, copyOf, Kind, Op, port, Status } from "./port.js";

/** `embedded:io/socket/udp` on a simulated board, as the SDK behaves; see `modules/device/types/embedded-io-socket-udp.d.ts`. */
export default class UDP {
	#handle: number | undefined;
	readonly target: unknown;

	constructor(options: UDPOptions) {
		this.target = options.target;
		const handle = port().begin(Op.udpOpen).call().getUint16(0);
		this.#handle = handle;
		// The declaration's `this: UDP` is the SDK's class; this one stands in for it.
		const { onReadable } = options as unknown as { onReadable?: (this: UDP, count: number) => void };
		port().listen(handle, (kind, payload) => {
			if (kind === Kind.datagrams) onReadable?.call(this, payload.getUint32(0));
		});
	}
	read(): UDPDatagram | undefined {
		const reply = port().begin(Op.udpRead, this.#open()).reply();
		if (reply.getUint8(0) !== Status.ok) return undefined;
		const at = 4 + reply.getUint8(3);
		const address = fromUtf8(copyOf(reply).subarray(4, at));
		return Object.assign(copyOf(reply, at).buffer as ArrayBuffer, { address, port: reply.getUint16(1) });
	}
	write(bytes: ArrayBuffer | ArrayBufferView, address: string, number: number): void {
		if (!/^[\d.]+$|:/.test(address)) throw new RangeError("invalid IP address");
		const to = utf8(address);
		port().begin(Op.udpWrite, this.#open()).u16(number).u8(to.length).bytes(to).bytes(bytesOf(bytes)).call();
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
