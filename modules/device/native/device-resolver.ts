/** `device/resolver` on the Moddable SDK; see `modules/device/types/device-resolver.d.ts`. */
export default function resolve(name: string, done: (address: string | undefined) => void): () => void {
	let pending = true;
	System.resolve(name, (_, address) => {
		if (!pending) return;
		pending = false;
		done(address);
	});
	return () => {
		pending = false;
	};
}
