import type { DigitalOptions } from "embedded:io/digital";
import { PinMode } from "../host/table.js";
import { Op, port, Status } from "./port.js";

const RISING = 1;
const FALLING = 2;

/** `embedded:io/digital` on a simulated board; see `modules/device/types/embedded-io-digital.d.ts`. */
export default class Digital {
	static readonly Input = PinMode.input;
	static readonly InputPullUp = PinMode.inputPullUp;
	static readonly InputPullDown = PinMode.inputPullDown;
	static readonly InputPullUpDown = PinMode.inputPullUpDown;
	static readonly Output = PinMode.output;
	static readonly OutputOpenDrain = PinMode.outputOpenDrain;
	static readonly Rising = RISING;
	static readonly Falling = FALLING;
	/** When the last edge was, in milliseconds of the board's clock. */
	edgeMs: number | undefined;
	readonly target: unknown;
	#handle: number | undefined;

	constructor(options: DigitalOptions) {
		const { pin, mode, initialValue = 0, edge = 0, onReadable, target } = options;
		if (onReadable && !edge) throw new Error("edge required");
		const reply = port()
			.begin(Op.digitalOpen)
			.u8(pin)
			.u8(mode)
			.u8(onReadable ? edge : 0)
			.u8(initialValue ? 1 : 0)
			.reply();
		if (reply.getUint8(0) === Status.busy) throw new Error("in use");
		if (reply.getUint8(0) !== Status.ok) throw new RangeError("invalid pin");
		const handle = reply.getUint16(1);
		this.#handle = handle;
		this.target = target;
		if (!onReadable) return;
		port().listen(handle, (_kind, payload) => {
			this.edgeMs = payload.getFloat64(1);
			onReadable.call(this as never);
		});
	}
	read(): number {
		return port().begin(Op.digitalRead, this.#open()).call().getUint8(0);
	}
	write(value: number): void {
		port()
			.begin(Op.digitalWrite, this.#open())
			.u8(value ? 1 : 0)
			.call();
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
