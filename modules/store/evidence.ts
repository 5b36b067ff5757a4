import { HmacSha256 } from "../core/sha256.js";
import { hashChainBy } from "./hash-chain.js";
import type { Evidence } from "./tamper-evidence.js";

/**
 * Records form a hash chain with HMAC-SHA-256 in TypeScript, which every board has: `declareNode({ …, evidence: hashChain })`.
 * `modules/device/evidence.ts` is the same with the platform's.
 */
export const hashChain: Evidence = hashChainBy((key) => new HmacSha256(key));
