import type { Datagram, Udp, UdpConstructor } from "../../net/sntp-client.js";
import type { Network, SimDatagrams } from "../../sim/net/network.js";

/** The ECMA-419 UDP face over a simulated board's network, as strict as the SDK's: use after `close` throws. */
export function udpOver(network: Network): UdpConstructor {
	return class implements Udp {
		#socket: SimDatagrams | undefined;
		constructor({ onReadable }: { onReadable(count: number): void }) {
			this.#socket = network.openDatagrams((count) => {
				if (this.#socket) onReadable(count);
			});
		}
		read(): Datagram | undefined {
			const datagram = this.#open().read();
			if (!datagram) return undefined;
			const { bytes, address, port } = datagram;
			return Object.assign(bytes.slice().buffer as ArrayBuffer, { address, port });
		}
		write(bytes: Uint8Array, address: string, port: number): void {
			if (!/^[0-9a-f.:]+$/i.test(address)) throw new RangeError("invalid IP address");
			this.#open().send({ address, port, bytes: bytes.slice() });
		}
		close(): void {
			this.#socket?.close();
			this.#socket = undefined;
		}
		#open(): SimDatagrams {
			if (!this.#socket) throw new SyntaxError("closed");
			return this.#socket;
		}
	};
}
