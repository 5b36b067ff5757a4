/**
 * The CRCs of whatever a wake reads and writes, as `crc.ts` has them. A platform that has them in C puts its own module in
 * the place of this one: the manifest of the SDK's build, and the bundlers for the simulated board and for devices. C does
 * not run while modules are evaluated: what a declaration needs takes `crc.ts` itself.
 */
export { crc16, crc32 } from "./crc.js";
