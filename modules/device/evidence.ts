import { hashChainBy } from "../store/hash-chain.js";
import type { Evidence } from "../store/tamper-evidence.js";
import { PlatformMac } from "./mac.js";

/**
 * Records form a hash chain with the platform's HMAC-SHA-256: some milliseconds less at each wake, and the same tags as
 * `modules/store/evidence.ts`. The build has to bring the SDK's `crypt`.
 */
export const hashChain: Evidence = hashChainBy((key) => new PlatformMac(key));
