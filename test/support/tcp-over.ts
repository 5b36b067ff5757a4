import type { Tcp, TcpConstructor, TcpOptions } from "../../net/mqtt/client.js";
import type { Network, SimSocket } from "../../sim/net/network.js";

/**
 * The ECMA-419 TCP face over a simulated board's network, as strict as the SDK's: a write beyond the room throws, a read
 * beyond what waits throws, so does any use after `close`.
 */
export function tcpOver(network: Network): TcpConstructor {
	return class implements Tcp {
		#socket: SimSocket | undefined;
		#room = 0;
		#waiting = 0;
		constructor({ address, port, onReadable, onWritable, onError }: TcpOptions) {
			if (!/^[0-9a-f.:]+$/i.test(address)) throw new Error("invalid address");
			this.#socket = network.connect(address, port, {
				writable: (room) => {
					this.#room = room;
					onWritable(room);
				},
				readable: (count) => {
					this.#waiting = count;
					onReadable(count);
				},
				ended: () => onError(),
			});
		}
		read(buffer: Uint8Array): number | undefined {
			if (!this.#socket) throw new SyntaxError("closed");
			if (!this.#waiting) return undefined;
			if (!buffer.length || buffer.length > this.#waiting) throw new Error("invalid");
			buffer.set(this.#socket.read(buffer.length));
			this.#waiting -= buffer.length;
			return buffer.length;
		}
		write(buffer: Uint8Array): number | undefined {
			if (!this.#socket) throw new SyntaxError("closed");
			if (buffer.length > this.#room) throw new Error("would block");
			const taken = this.#socket.write(buffer);
			if (taken !== buffer.length) throw new Error(`took ${taken} of ${buffer.length} bytes within its room`);
			this.#room -= taken;
			return this.#room;
		}
		close(): void {
			this.#socket?.close();
			this.#socket = undefined;
		}
	};
}
