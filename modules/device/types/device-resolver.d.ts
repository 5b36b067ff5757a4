/**
 * Looks host names up by the platform's resolver, with the servers that the network gave; ECMA-419's resolver would have
 * to be told them. On the SDK a thin wrapper of `System.resolve`, on the simulated board a host call.
 */
declare module "device/resolver" {
	/**
	 * @param done called once, never from inside this call; undefined when the name is unknown. An address in digits is its own answer
	 * @returns what ends the look-up without an answer; idempotent
	 */
	export default function resolve(name: string, done: (address: string | undefined) => void): () => void;
}
