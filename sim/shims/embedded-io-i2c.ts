import type { I2COptions } from "embedded:io/i2c";
import { bytesOf, copyInto, copyOf, Op, port, Status } from "./port.js";

/** `embedded:io/i2c` on a simulated board; see `modules/device/types/embedded-io-i2c.d.ts`. */
export default class I2C {
	#handle: number | undefined;
	readonly target: unknown;

	constructor(options: I2COptions) {
		const { address, hz, data, clock, target } = options;
		if (data === undefined) throw new RangeError("data required");
		if (clock === undefined) throw new RangeError("clock required");
		if (!(hz >= 1 && hz <= 20_000_000)) throw new RangeError("invalid hz");
		if (!(address >= 0 && address <= 127)) throw new RangeError("invalid address");
		const reply = port().begin(Op.i2cOpen).u8(address).u32(hz).u8(data).u8(clock).reply();
		if (reply.getUint8(0) === Status.busy) throw new RangeError("duplicate address");
		if (reply.getUint8(0) !== Status.ok) throw new RangeError("invalid pins");
		this.#handle = reply.getUint16(1);
		this.target = target;
	}
	read(want: number | ArrayBuffer | ArrayBufferView, stop = true): ArrayBuffer | number {
		const count = typeof want === "number" ? want : want.byteLength;
		const result = this.#transfer(() =>
			port()
				.begin(Op.i2cRead, this.#open())
				.u8(stop ? 1 : 0)
				.u16(count),
		);
		if (!result) throw new Error("read failed");
		if (typeof want === "number") return copyOf(result).buffer as ArrayBuffer;
		copyInto(result, bytesOf(want));
		return count;
	}
	write(bytes: ArrayBuffer | ArrayBufferView, stop = true): number | undefined {
		const result = this.#transfer(() =>
			port()
				.begin(Op.i2cWrite, this.#open())
				.u8(stop ? 1 : 0)
				.bytes(bytesOf(bytes)),
		);
		if (result) return undefined;
		if (bytes.byteLength === 0) return 1; // a probe does not throw
		throw new Error("write failed");
	}
	writeRead(
		bytes: ArrayBuffer | ArrayBufferView,
		want: number | ArrayBuffer | ArrayBufferView,
		stop = true,
	): ArrayBuffer | number {
		try {
			this.write(bytes, false);
			return this.read(want, stop);
		} catch (error) {
			if (error instanceof SyntaxError) throw error;
			throw new Error("writeRead failed");
		}
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
	/** @returns undefined when nothing acknowledged */
	#transfer(request: () => { reply(): DataView }): DataView | undefined {
		const reply = request().reply();
		return reply.getUint8(0) === Status.ok
			? new DataView(reply.buffer, reply.byteOffset + 1, reply.byteLength - 1)
			: undefined;
	}
}
