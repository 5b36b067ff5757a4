import type { I2cPort } from "../../../modules/device/io.js";

/** What a fake device does; `false` is no acknowledge. */
export interface FakeDevice {
	write(bytes: Uint8Array): boolean;
	read(into: Uint8Array): boolean;
}

/** A bus for tests that behaves as the SDK's I2C: errors by exception, one of each transfer on record. */
export class FakeBus {
	/** Such as `w d0` or `r 8`. */
	readonly log: string[] = [];
	/** Options of each device that was opened. */
	readonly opened: object[] = [];
	closed = 0;
	/** Index of the transfer that nothing acknowledges; −1: none. */
	failAt = -1;
	readonly #device: FakeDevice;
	constructor(device: FakeDevice) {
		this.#device = device;
	}
	get port(): I2cPort {
		const bus = this;
		return {
			data: 21,
			clock: 22,
			io: class {
				constructor(options: object) {
					bus.opened.push(options);
				}
				read(into: Uint8Array) {
					bus.#transfer(`r ${into.length}`, () => bus.#device.read(into), "read failed");
				}
				write(bytes: Uint8Array) {
					const hex = Array.from(bytes, (byte) => byte.toString(16)).join(" ");
					bus.#transfer(`w ${hex}`, () => bus.#device.write(bytes), "write failed");
				}
				close() {
					bus.closed++;
				}
			},
		};
	}
	#transfer(entry: string, run: () => boolean, message: string): void {
		const index = this.log.push(entry) - 1;
		if (index === this.failAt || !run()) throw new Error(message);
	}
}

/** 256 registers that answer as the BME280's do: a pointer that counts up. */
export class FakeRegisters implements FakeDevice {
	readonly bytes = new Uint8Array(256);
	#pointer = 0;
	write(bytes: Uint8Array): boolean {
		if (bytes.length === 1) this.#pointer = bytes[0]!;
		return true;
	}
	read(into: Uint8Array): boolean {
		for (let at = 0; at < into.length; at++) into[at] = this.bytes[(this.#pointer + at) & 255]!;
		return true;
	}
}
