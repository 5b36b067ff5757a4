/**
 * Loops over bytes that a wake has much of, as `crc.ts` and `bytes.ts` have them. A platform that has them in C puts its
 * own module in the place of this one: the manifest of the SDK's build, and the bundlers for the simulated board and for
 * devices. C does not run while modules are evaluated: what a declaration needs takes `crc.ts` and `bytes.ts` themselves.
 * What does not fit is an error there too, but not always a `DormouseError`.
 */
export { utf8Length, writeUtf8 } from "./bytes.js";
export { crc16, crc32 } from "./crc.js";
