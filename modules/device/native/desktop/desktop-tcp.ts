import type { ByteBuffer } from "embedded:io/_common";
import TCP from "device/desktop-tcp";

/** `embedded:io/socket/tcp` on a desktop: the SDK's, with the bytes that go out shown to the window where there is one. */
declare function native(symbol: string): { call(self: unknown, ...parameters: unknown[]): never };

function sent(this: unknown, bytes: ByteBuffer): void {
	native("xs_dormouse_panelSent").call(this, bytes);
}

export default class extends TCP {
	override write(bytes: ByteBuffer): number | undefined {
		sent(bytes);
		return super.write(bytes);
	}
}
