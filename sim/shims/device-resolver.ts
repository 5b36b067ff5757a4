import { fromUtf8 } from "../../modules/core/bytes.js";
import { copyOf, Op, port } from "./port.js";

/** `device/resolver` on a simulated board; see `modules/device/types/device-resolver.d.ts`. */
export default function resolve(name: string, done: (address: string | undefined) => void): () => void {
	const host = port();
	const handle = host.begin(Op.resolve).text(name).call().getUint16(0);
	let pending = true;
	host.listen(handle, (_, payload) => {
		pending = false;
		host.forget(handle); // the board has closed it
		done(fromUtf8(copyOf(payload)) || undefined);
	});
	return () => {
		if (pending) host.close(handle);
		pending = false;
	};
}
