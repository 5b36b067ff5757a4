import { fromUtf8 } from "../../modules/core/bytes.js";
import { copyOf, Op, port } from "./port.js";

/** The SDK's global `System` on a simulated board: what firmware uses of it. See `modules/device/types/xs-globals.d.ts`. */
export const System = Object.freeze({
	resolve(name: string, callback: (name: string, address: string | undefined) => void): void {
		const host = port();
		const handle = host.begin(Op.resolve).text(name).call().getUint16(0);
		host.listen(handle, (_, payload) => {
			host.forget(handle);
			callback(name, fromUtf8(copyOf(payload)) || undefined);
		});
	},
});
