import type { IConnectPacket, IPublishPacket, ISubscribePacket, Packet } from "mqtt-packet";
import type { Cancel, Scheduler } from "../scheduler.js";
import { BrokerConnection } from "./broker-connection.js";
import type { ModelServer } from "./tls-model.js";
import { isFilter, matches } from "./topic.js";
import type { Accept, VirtualNetwork } from "./virtual.js";

/** What a subscriber is told of a message. The payload belongs to it. `atMs` is when the broker passed it on. */
export type MessageListener = (topic: string, payload: Uint8Array, atMs: number) => void;

/** Misbehaviour for tests; all of it can change at any time. */
export interface BrokerFaults {
	/** CONNACK carries this reason (5.0 §3.2.2.2; for 3.1.1 a return code 1 … 5). 0: accept. */
	refuse: number;
	/** So many PUBACKs are not sent, though the message is passed on. */
	swallowPuback: number;
	/** PUBACK carries this reason (5.0 §3.4.2.1), and the message is not passed on. 0: success. */
	pubackReason: number;
	/** Nothing is answered at all. */
	silent: boolean;
	/** So many connections are dropped when they publish, before the message is taken. */
	dropOnPublish: number;
}

/** What the broker takes, as CONNACK of 5.0 tells it (§3.2.2.3); all of it can change at any time. */
export interface BrokerLimits {
	/** Without: any. */
	maximumPacketSize?: number;
	receiveMaximum?: number;
	/** Without: none. */
	topicAliasMaximum?: number;
	maximumQoS: number;
	retainAvailable?: boolean;
	serverKeepAlive?: number;
	/** Whether it speaks 3.1.1 alone. Not told. */
	isOld?: boolean;
}

/** A client's session. Source: MQTT 5.0 §4.1. */
interface Session {
	readonly clientId: string;
	readonly subscriptions: Map<string, { qos: number; retainAsPublished: boolean; noLocal: boolean }>;
	/** QoS 1 messages that wait for a connection. */
	queued: IPublishPacket[];
	/** Sent and not acknowledged, by packet identifier. */
	readonly inFlight: Map<number, IPublishPacket>;
	nextId: number;
	/** Seconds; undefined for ever. */
	expirySeconds: number | undefined;
	expires: Cancel | undefined;
	connection: BrokerConnection | undefined;
	willDelay: Cancel | undefined;
}

/** Longest queue for a client that is away. */
const QUEUE_LONGEST = 1000;
const NEVER = 0xffff_ffff;

/**
 * A small MQTT broker in virtual time, for 5.0 and 3.1.1, on an independent packet library. QoS 0 and 1; retained
 * messages, wills, persistent sessions, keep-alive, take-over, topic aliases. QoS 2 and shared subscriptions are refused.
 */
export class Broker {
	readonly faults: BrokerFaults = { refuse: 0, swallowPuback: 0, pubackReason: 0, silent: false, dropOnPublish: 0 };
	readonly limits: BrokerLimits = { maximumQoS: 1 };
	/** Packets received, by type: a count for tests. */
	readonly received = new Map<string, number>();
	/** Packets that broke the protocol. */
	violations = 0;
	readonly #scheduler: Scheduler;
	readonly #sessions = new Map<string, Session>();
	readonly #connections = new Set<BrokerConnection>();
	readonly #retained = new Map<string, IPublishPacket>();
	readonly #subscribers = new Set<{ readonly filter: string; readonly listener: MessageListener }>();
	#anonymous = 0;

	constructor(scheduler: Scheduler) {
		this.#scheduler = scheduler;
	}

	/** Serves a port of the network. @param tls behind a model of TLS, then */
	serve(network: VirtualNetwork, port = 1883, tls?: ModelServer): Cancel {
		const accept: Accept = (socket) => {
			const connection = new BrokerConnection(socket, this.#scheduler, {
				packet: (packet) => this.#packet(connection, packet),
				broken: () => {
					this.violations++;
					this.#refuseConnection(connection, 0x81);
				},
				timedOut: () => {
					if (connection.version === 5) connection.send({ cmd: "disconnect", reasonCode: 0x8d });
					connection.close();
					this.#ended(connection, true);
				},
				ended: () => this.#ended(connection, true),
			});
			this.#connections.add(connection);
			return connection.listener;
		};
		return tls ? network.listenTls(port, tls, accept) : network.listen(port, accept);
	}

	/** Subscribes from inside the process, without a connection; retained messages come at once. */
	subscribe(filter: string, listener: MessageListener): Cancel {
		const entry = { filter, listener };
		this.#subscribers.add(entry);
		for (const message of this.#retained.values())
			if (matches(filter, message.topic)) listener(message.topic, bytesOf(message), this.#scheduler.now);
		return () => this.#subscribers.delete(entry);
	}

	/** Publishes from inside the process. */
	publish(topic: string, payload: Uint8Array, options: { qos?: 0 | 1; retain?: boolean } = {}): void {
		const { qos = 0, retain = false } = options;
		this.#route({ cmd: "publish", topic, payload: Buffer.from(payload), qos, retain, dup: false }, undefined);
	}

	/** Ends all connections without a word. */
	drop(): void {
		for (const connection of [...this.#connections]) {
			connection.reset();
			this.#ended(connection, true);
		}
	}

	/** Loses all sessions of clients that are away, as a broker without a store does when it starts again. */
	forget(): void {
		for (const session of [...this.#sessions.values()]) if (!session.connection) this.#forget(session);
	}

	/** Connections that are open. */
	get connections(): number {
		return this.#connections.size;
	}

	#packet(connection: BrokerConnection, packet: Packet) {
		this.received.set(packet.cmd, (this.received.get(packet.cmd) ?? 0) + 1);
		if (this.faults.silent) return;
		if ((connection.session === undefined) !== (packet.cmd === "connect")) return this.#violation(connection);
		switch (packet.cmd) {
			case "connect":
				return this.#connect(connection, packet);
			case "publish":
				return this.#published(connection, packet);
			case "puback":
				this.#session(connection)?.inFlight.delete(packet.messageId!);
				return;
			case "subscribe":
				return this.#subscribed(connection, packet);
			case "unsubscribe": {
				const { subscriptions } = this.#session(connection)!;
				const granted = packet.unsubscriptions.map((filter) => (subscriptions.delete(filter) ? 0 : 0x11));
				return connection.send({ cmd: "unsuback", messageId: packet.messageId!, granted });
			}
			case "pingreq":
				return connection.send({ cmd: "pingresp" });
			case "disconnect": {
				const session = this.#session(connection)!;
				const expiry = packet.properties?.sessionExpiryInterval;
				if (expiry !== undefined) session.expirySeconds = expiry === NEVER ? undefined : expiry;
				connection.close();
				return this.#ended(connection, packet.reasonCode === 0x04); // 0x04: with the will (§3.14.2.1)
			}
			default:
				return this.#violation(connection); // QoS 2, AUTH, and what only servers send
		}
	}

	#connect(connection: BrokerConnection, packet: IConnectPacket) {
		const version = packet.protocolVersion;
		const { isOld, ...limits } = this.limits;
		if (isOld && version === 5) connection.version = 4; // it says so in its own format (3.1.1 §3.2.2.3)
		if ((version !== 5 && version !== 4) || (isOld && version === 5)) return this.#refuseConnection(connection, 0x84);
		const { refuse } = this.faults;
		if (refuse) return this.#refuseConnection(connection, refuse);
		const clean = packet.clean ?? false;
		if (!packet.clientId && version === 4 && !clean) return this.#refuseConnection(connection, 2); // 3.1.1 §3.1.3.1
		const assigned = packet.clientId ? undefined : `anonymous-${++this.#anonymous}`;
		const clientId = assigned ?? packet.clientId;
		this.#takeOver(clientId);
		let session = this.#sessions.get(clientId);
		if (session && clean) {
			this.#forget(session);
			session = undefined;
		}
		const sessionPresent = session !== undefined;
		session ??= this.#newSession(clientId);
		session.expires?.();
		session.willDelay?.(); // a will that waits is not sent when the client is back (5.0 §3.1.3.2.2)
		session.expires = session.willDelay = undefined;
		const expiry = packet.properties?.sessionExpiryInterval ?? 0;
		session.expirySeconds = version === 4 ? (clean ? 0 : undefined) : expiry === NEVER ? undefined : expiry;
		session.connection = connection;
		connection.session = clientId;
		connection.accept(packet);
		connection.send({
			cmd: "connack",
			sessionPresent,
			...(version === 4
				? { returnCode: 0 }
				: {
						reasonCode: 0,
						properties: {
							...limits,
							sharedSubscriptionAvailable: false,
							...(assigned ? { assignedClientIdentifier: assigned } : {}),
						},
					}),
		});
		// redelivery of what was not acknowledged, then what waited (5.0 §4.4)
		for (const [messageId, message] of session.inFlight) connection.send({ ...message, messageId, dup: true });
		const { queued } = session;
		session.queued = [];
		for (const message of queued) this.#deliver(session, message);
	}

	#published(connection: BrokerConnection, packet: IPublishPacket) {
		const { faults } = this;
		if (faults.dropOnPublish > 0) {
			faults.dropOnPublish--;
			connection.reset();
			return this.#ended(connection, true);
		}
		const { maximumPacketSize = Number.POSITIVE_INFINITY, maximumQoS, topicAliasMaximum = 0 } = this.limits;
		if (connection.version === 5 && (packet.length ?? 0) + 2 > maximumPacketSize)
			return this.#violation(connection, 0x95);
		if (packet.qos > maximumQoS) return this.#violation(connection, 0x9b);
		const alias = packet.properties?.topicAlias;
		if (alias !== undefined) {
			if (alias < 1 || alias > topicAliasMaximum) return this.#violation(connection, 0x94);
			if (packet.topic) connection.aliases.set(alias, packet.topic);
			packet.topic = connection.aliases.get(alias) ?? "";
		}
		if (!packet.topic || /[+#]/.test(packet.topic)) return this.#violation(connection, 0x90);
		const reasonCode = connection.version === 5 ? faults.pubackReason : 0; // 3.1.1 has no words for it
		if (!reasonCode) this.#route(packet, connection.session);
		if (packet.qos !== 1) return;
		if (faults.swallowPuback > 0) faults.swallowPuback--;
		else connection.send({ cmd: "puback", messageId: packet.messageId!, reasonCode });
	}

	/** Passes a message on to all who subscribed, and keeps it when it is to be retained. */
	#route(packet: IPublishPacket, from: string | undefined) {
		const message: IPublishPacket = {
			cmd: "publish",
			topic: packet.topic,
			payload: Buffer.from(bytesOf(packet)),
			qos: packet.qos,
			retain: packet.retain,
			dup: false,
		};
		if (packet.retain) {
			if (message.payload.length) this.#retained.set(packet.topic, message);
			else this.#retained.delete(packet.topic); // 5.0 §3.3.1.3
		}
		for (const { filter, listener } of [...this.#subscribers])
			if (matches(filter, packet.topic)) listener(packet.topic, bytesOf(packet), this.#scheduler.now);
		for (const session of this.#sessions.values()) {
			let qos = -1;
			let retain = false;
			for (const [filter, subscription] of session.subscriptions) {
				if (!matches(filter, packet.topic) || (subscription.noLocal && session.clientId === from)) continue;
				qos = Math.max(qos, Math.min(subscription.qos, packet.qos));
				retain ||= subscription.retainAsPublished && packet.retain;
			}
			if (qos >= 0) this.#deliver(session, { ...message, qos: qos as 0 | 1, retain });
		}
	}

	#deliver(session: Session, message: IPublishPacket) {
		const { connection } = session;
		if (!connection) {
			if (message.qos && session.queued.length < QUEUE_LONGEST) session.queued.push(message);
			return;
		}
		if (!message.qos) return connection.send(message);
		while (session.inFlight.has(session.nextId)) session.nextId = (session.nextId % 0xffff) + 1;
		const messageId = session.nextId;
		session.nextId = (messageId % 0xffff) + 1;
		session.inFlight.set(messageId, message);
		connection.send({ ...message, messageId });
	}

	#subscribed(connection: BrokerConnection, packet: ISubscribePacket) {
		const session = this.#session(connection)!;
		const fresh: [string, number][] = [];
		const granted = packet.subscriptions.map(({ topic, qos, rap = false, nl = false, rh = 0 }) => {
			if (topic.startsWith("$share/")) return connection.version === 5 ? 0x9e : 0x80;
			if (!isFilter(topic)) return connection.version === 5 ? 0x8f : 0x80;
			const most = Math.min(qos, 1);
			const known = session.subscriptions.has(topic);
			session.subscriptions.set(topic, { qos: most, retainAsPublished: rap, noLocal: nl });
			if (rh === 0 || (rh === 1 && !known)) fresh.push([topic, most]); // retain handling: 5.0 §3.8.3.1
			return most;
		});
		connection.send({ cmd: "suback", messageId: packet.messageId!, granted });
		for (const [filter, most] of fresh)
			for (const message of this.#retained.values())
				if (matches(filter, message.topic))
					this.#deliver(session, { ...message, qos: Math.min(most, message.qos) as 0 | 1, retain: true });
	}

	/** Another connection of the same client ends. Source: 5.0 §3.1.4. */
	#takeOver(clientId: string) {
		const connection = this.#sessions.get(clientId)?.connection;
		if (!connection) return;
		if (connection.version === 5) connection.send({ cmd: "disconnect", reasonCode: 0x8e });
		connection.close();
		this.#ended(connection, true);
	}

	/** A connection is over: the will, and the time that the session has left. */
	#ended(connection: BrokerConnection, abnormal: boolean) {
		if (!this.#connections.delete(connection)) return;
		const session = this.#session(connection);
		if (!session || session.connection !== connection) return;
		session.connection = undefined;
		const { will } = connection;
		const { expirySeconds } = session;
		if (abnormal && will) {
			const send = () =>
				this.#route(
					{
						cmd: "publish",
						dup: false,
						retain: will.retain ?? false,
						qos: will.qos ?? 0,
						topic: will.topic,
						payload: will.payload,
					},
					session.clientId,
				);
			const delay = Math.min(will.properties?.willDelayInterval ?? 0, expirySeconds ?? Number.POSITIVE_INFINITY);
			if (delay > 0) session.willDelay = this.#scheduler.after(delay * 1000, send);
			else send();
		}
		if (expirySeconds === 0) this.#forget(session);
		else if (expirySeconds !== undefined)
			session.expires = this.#scheduler.after(expirySeconds * 1000, () => this.#forget(session));
	}

	#forget(session: Session) {
		session.expires?.();
		if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId);
	}

	#newSession(clientId: string): Session {
		const session: Session = {
			clientId,
			subscriptions: new Map(),
			queued: [],
			inFlight: new Map(),
			nextId: 1,
			expirySeconds: 0,
			expires: undefined,
			connection: undefined,
			willDelay: undefined,
		};
		this.#sessions.set(clientId, session);
		return session;
	}

	#session(connection: BrokerConnection): Session | undefined {
		return connection.session === undefined ? undefined : this.#sessions.get(connection.session);
	}

	#violation(connection: BrokerConnection, reason = 0x82) {
		this.violations++;
		this.#refuseConnection(connection, reason);
	}

	/** Ends a connection with a reason: as CONNACK before it was accepted, else as DISCONNECT where the version has one. */
	#refuseConnection(connection: BrokerConnection, reason: number) {
		if (connection.session === undefined)
			connection.send(
				connection.version === 5
					? { cmd: "connack", sessionPresent: false, reasonCode: reason }
					: { cmd: "connack", sessionPresent: false, returnCode: reason < 0x80 ? reason : reason === 0x84 ? 1 : 5 },
			);
		else if (connection.version === 5) connection.send({ cmd: "disconnect", reasonCode: reason });
		connection.close();
		this.#ended(connection, true);
	}
}

function bytesOf(message: IPublishPacket): Uint8Array {
	const { payload } = message;
	return new Uint8Array(typeof payload === "string" ? Buffer.from(payload) : payload);
}
