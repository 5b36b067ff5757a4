import type { TCPOptions } from "embedded:io/socket/tcp";
import type { TLSOptions } from "device/tls";
import { FAILURES, type TlsFailure } from "../net/network.js";
import { utf8Length } from "./core-native.js";
import TCP from "./embedded-io-socket-tcp.js";
import { type HostPort, Op, port } from "./port.js";

/** `device/tls` on a simulated board; see `modules/device/types/device-tls.d.ts`. The host reads what the board trusts. */
export default class TLS extends TCP {
	protected override request(options: TCPOptions): HostPort {
		const { port: number, tls } = options as unknown as TLSOptions;
		if (!tls) throw new Error("whom TLS is for is missing");
		const { host, alpn = "", node } = tls;
		const wallMs = node.wallMs(); // asks the clock: a call of its own, so before this one begins
		const request = port().begin(Op.tlsOpen).u16(number).f64(wallMs);
		return request.u8(utf8Length(host)).text(host).u8(utf8Length(alpn)).text(alpn);
	}
	protected override failure(code: number): TlsFailure | undefined {
		return FAILURES[code - 2];
	}
}
