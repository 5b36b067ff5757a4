/** A named value in flash. */
export interface StoredValue {
	/** A copy; undefined when nothing was written yet. */
	read(): Uint8Array | undefined;
	/** Replaces it; durable on return, the old one or the new one after a cut. */
	write(value: Uint8Array): void;
}
