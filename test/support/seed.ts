/**
 * The seed of a model test on the host: from the environment variable DORMOUSE_SEED, else `usual`. Test titles carry it,
 * so that a failure can be repeated.
 */
export function seedOf(usual: number): number {
	const wished = process.env.DORMOUSE_SEED;
	return wished === undefined ? usual : Number(wished) >>> 0;
}
