import type { PlannedNode, UplinkNode, UplinkPorts } from "../uplink.js";

/**
 * Messages beside the frames, for a platform that wants to know of the node what frames do not tell it. They never cost a
 * round trip: the client sends them behind the frames of an exchange, and one that fails is offered again in the next.
 */
export interface Companion {
	/** An exchange begins, and little is on the stack or in memory yet: what has to be read from flash is read now. */
	begin?(): void;
	/**
	 * The next message of this exchange, into the caller's object.
	 * @returns false when there is none, or no more
	 */
	next(message: CompanionMessage): boolean;
	/** Writes the payload's bytes from `offset` on, as many as `into` holds. They are the same each time. */
	write(offset: number, into: Uint8Array): void;
	/** The message left (QoS 0) or the server acknowledged it (QoS 1): it is not offered again before it changes. */
	done(): void;
	/** Writes what must survive sleep, at most 8 bytes. @returns bytes written */
	retain(into: DataView): number;
	/** Takes back what {@link retain} wrote. Bytes that make no sense: all is sent again. */
	restore(from: DataView): void;
	/** The server does not know the session that it had: what was given to it to keep may be gone as well. */
	forgotten(): void;
}

/** Bytes of an uplink's retained section that are its companion's, at most. */
export const COMPANION_RETAINED = 8;

export interface CompanionMessage {
	topic: string;
	qos: 0 | 1;
	retain: boolean;
	/** Bytes of payload. */
	length: number;
	/** MQTT 5.0 §3.3.2.3.3: seconds after which the server forgets it; 0 for never. */
	expirySeconds: number;
}

/** A companion as a node declares it, in a list of the uplink's. Factories in `net/mqtt/` make it. */
export interface CompanionDeclaration {
	/** Such as `home-assistant`. */
	readonly kind: string;
	/**
	 * Makes what can be made while the node is declared, and so is in flash when it runs.
	 * @throws {DormouseError} `declaration` when the node cannot be told of
	 */
	plan(node: PlannedNode, uplink: PlannedUplink): CompanionDeclaration;
	/** Opens nothing. @throws {DormouseError} `declaration` when it was never planned */
	create(ports: UplinkPorts, node: UplinkNode): Companion;
}

/** What is known of the uplink then. */
export interface PlannedUplink {
	/** Records that are collected before they are sent. */
	readonly batch: number;
	/** Longest time that one exchange may take, in milliseconds. */
	readonly deadlineMs: number;
	/** Whether it brings the wall time. */
	readonly hasTime: boolean;
}
