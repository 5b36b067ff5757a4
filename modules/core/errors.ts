/**
 * Stable error codes. A code never changes its meaning; messages may.
 *
 * | code | meaning |
 * |---|---|
 * | `range` | a number is outside what the operation can represent |
 * | `overflow` | the caller's buffer is too small; nothing was written |
 * | `truncated` | input ended inside an item |
 * | `malformed` | input breaks its format |
 * | `type` | input is well-formed, but not of the kind that was asked for |
 * | `depth` | input is nested deeper than the limit |
 * | `declaration` | a node declaration cannot work; the message names the field and what would be right |
 * | `unsupported` | valid, but this version does not do it |
 * | `closed` | the object was closed before the call |
 * | `absent` | hardware did not answer; no access point was found |
 * | `identity` | another chip answered than the one declared |
 * | `busy` | the chip has not finished; try again later |
 * | `io` | an input or output operation failed |
 * | `flash` | flash refused: bounds, alignment, or bits that only an erase can set |
 * | `protocol` | the peer broke its protocol |
 * | `refused` | the peer said no |
 * | `lost` | the connection ended |
 * | `timeout` | no answer in time |
 * | `unresolved` | a host name could not be resolved |
 * | `key` | a key from provisioning is missing, malformed or too weak |
 * | `untrusted` | the peer could not prove, by its certificate and key, to be the one that was asked for |
 * | `taken-over` | another client came with this node's client identifier |
 * | `downlink` | a message for the node was refused, or its handler failed |
 */
export type ErrorCode =
	| "range"
	| "overflow"
	| "truncated"
	| "malformed"
	| "type"
	| "depth"
	| "declaration"
	| "unsupported"
	| "closed"
	| "absent"
	| "identity"
	| "busy"
	| "io"
	| "flash"
	| "protocol"
	| "refused"
	| "lost"
	| "timeout"
	| "unresolved"
	| "key"
	| "untrusted"
	| "taken-over"
	| "downlink";

/**
 * The one error class of the firmware. Programming and boundary errors throw it; expected outcomes (a lost link, a bad
 * downlink) are return values. A throw leaves state unchanged.
 */
export class DormouseError extends Error {
	/** Stable; see {@link ErrorCode}. */
	readonly code: ErrorCode;
	constructor(code: ErrorCode, message: string = code) {
		super(message);
		Object.defineProperty(this, "name", { value: "DormouseError" }); // assignment throws under preload
		this.code = code;
	}
}

/**
 * Refuses a part of a declaration.
 * @param field where it stands, such as `sensors[0].port`
 * @throws {DormouseError} `declaration`, always: "field: value is wrong; right would be right"
 */
export function wrong(field: string, value: unknown, right: string): never {
	throw new DormouseError("declaration", `${field}: ${value} is wrong; ${right} would be right`);
}
