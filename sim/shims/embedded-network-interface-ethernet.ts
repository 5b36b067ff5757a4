import type { EthernetConfiguration, EthernetOptions } from "embedded:network/interface/ethernet";
import { Op, port } from "./port.js";

/** `embedded:network/interface/ethernet` on a simulated board; see `modules/device/types/`. */
export default class Ethernet {
	readonly #handle: number;
	#connection: number;

	constructor({ onChanged }: EthernetOptions) {
		const host = port();
		const reply = host.begin(Op.ethernetOpen).call();
		this.#handle = reply.getUint16(0);
		this.#connection = 100 * reply.getUint8(2);
		host.listen(this.#handle, (_, payload) => {
			this.#connection = 100 * payload.getUint8(0);
			onChanged?.("connection");
		});
	}
	get connection(): number {
		return this.#connection;
	}
	connect(): void {
		port().begin(Op.ethernetConnect, this.#handle).call();
	}
	disconnect(): void {}
	configure({ static: fixed }: EthernetConfiguration): void {
		port()
			.begin(Op.ethernetConfigure, this.#handle)
			.u8(fixed ? 1 : 0)
			.call();
	}
	close(): void {
		port().close(this.#handle);
	}
}
