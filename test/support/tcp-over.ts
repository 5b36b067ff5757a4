import type { Tcp, TcpConstructor, TcpOptions } from "../../net/mqtt/client.js";
import type { Network, SimSocket, SocketListener, TlsRequest } from "../../sim/net/network.js";
import { resuming, type TlsSessions } from "../../sim/net/tls-sessions.js";

/** What a node trusts and shows, in PEM. */
export interface Trust {
	readonly ca?: string;
	readonly certificate?: string;
	readonly key?: string;
	/** Where sessions are kept between connections. Default: nowhere. */
	readonly sessions?: TlsSessions;
}

/**
 * The ECMA-419 TCP face over a simulated board's network, as strict as the SDK's: a write beyond the room throws, a read
 * beyond what waits throws, so does any use after `close`.
 * @param trust for TLS: what the node was provisioned with, in PEM
 */
export function tcpOver(network: Network, trust?: Trust): TcpConstructor {
	return class implements Tcp {
		#socket: SimSocket | undefined;
		#room = 0;
		#waiting = 0;
		constructor({ address, port, tls, onReadable, onWritable, onError }: TcpOptions) {
			if (!/^[0-9a-f.:]+$/i.test(address)) throw new Error("invalid address");
			const on: SocketListener = {
				writable: (room) => {
					this.#room = room;
					onWritable(room);
				},
				readable: (count) => {
					this.#waiting = count;
					onReadable(count);
				},
				ended: (_, failure) => onError(failure),
			};
			if (!trust) this.#socket = network.connect(address, port, on);
			else {
				if (!tls) throw new Error("whom TLS is for is missing");
				const { host, alpn, node } = tls;
				const { ca, certificate, key } = trust;
				const request = { host, alpn, wallMs: node.wallMs(), ca, certificate, key };
				const open = (asked: TlsRequest, hears: SocketListener) => network.connectTls(address, port, asked, hears);
				const { sessions } = trust;
				this.#socket = sessions ? resuming(sessions, request, port, on, open, () => {}) : open(request, on);
			}
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
			this.#room = this.#socket.room; // a record of TLS takes more than what is in it
			return this.#room;
		}
		close(): void {
			this.#socket?.close();
			this.#socket = undefined;
		}
	};
}
