/**
 * The seed of a model test on the host: from the environment variable DORMOUSE_SEED, else `usual`. Test titles carry it,
 * so that a failure can be repeated.
 */
export function seedOf(usual: number): number {
	// On XS there is no process, and the usual seed serves.
	const wished = typeof process === "undefined" ? undefined : process.env.DORMOUSE_SEED;
	return wished === undefined ? usual : Number(wished) >>> 0;
}

/** So many runs of a model test on the host, a thirtieth on XS, whose flash and time are a wake's. */
export function runsOf(count: number): number {
	return typeof process === "undefined" ? Math.ceil(count / 30) : count;
}
