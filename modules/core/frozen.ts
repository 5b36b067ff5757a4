/**
 * Freezes a table and all it holds, so that module scope is read-only on Node as it is in a device's flash.
 * Typed arrays cannot be frozen; XS makes their buffers read-only when it preloads them.
 * @returns the same object, deeply frozen
 */
export function frozen<const T extends object>(value: T): T {
	for (const part of Object.values(value)) {
		if (typeof part === "object" && part !== null && !ArrayBuffer.isView(part)) frozen(part);
	}
	return ArrayBuffer.isView(value) ? value : Object.freeze(value);
}
