import { type IPublishPacket, type Packet, type Parser, parser } from "mqtt-packet";
import { toHex } from "../../modules/core/bytes.js";
import type { Tap } from "./fault-proxy.js";

/** A publish that the server has not acknowledged, as far as the client knows. */
interface Unacknowledged {
	readonly topic: string;
	readonly payload: string;
	readonly connection: number;
	/** Its PUBACK came, but behind one that refuses: whether the client looked at it before it left cannot be seen. */
	isPerhaps: boolean;
}

/** One connection of the client's. */
interface Line {
	version: 5 | 4;
	clean: boolean;
	/** Whether CONNACK reached the client, and took it. */
	accepted: "not yet" | "yes" | "refused";
	/** Packets that the client sent, in order; a repeated one as it was. */
	readonly sent: Packet[];
	receiveMaximum: number;
	topicAliasMaximum: number;
	maximumQos: number;
	retainAvailable: boolean;
	maximumPacketSize: number;
	disconnected: boolean;
	/** Inbound QoS 1 that wait for the client's PUBACK. */
	readonly owed: Set<number>;
	readonly aliases: Map<number, string>;
	/** Identifiers that the session had unacknowledged when this connection began, in order. */
	readonly toRepeat: number[];
	readonly up: Parser;
	readonly down: Parser;
	broken: boolean;
	/** A PUBACK refused a message. */
	isRefused: boolean;
}

/**
 * Reads along between one client and its servers, on an independent packet library, and holds the client to the clauses
 * that it can break. `violations` names each breach with its clause. Sees what the client sent and what reached it.
 */
export class WireMonitor implements Tap {
	readonly violations: string[] = [];
	/**
	 * Messages of 3.1.1 that should have been repeated and were not ([3.1.1 MQTT-4.4.0-1]): a node that lost its half of a
	 * session goes on with the server's, so that commands which wait there are not thrown away.
	 */
	deviations = 0;
	/** Packets seen, by direction and kind: `up publish`, `up publish dup`, `down puback` … */
	readonly counts = new Map<string, number>();
	/** Topics whose messages the client is known not to repeat with their identifiers: told in docs/mqtt.md. */
	exempt: ((topic: string) => boolean) | undefined;
	/** What the last CONNECT spoke. */
	version: 5 | 4 = 5;
	readonly #lines = new Map<number, Line>();
	#lastAliasMaximum = 0;
	/** Identifiers of the messages that were sent in this connection. */
	#order: number[] = [];
	/** What it had to repeat, in order. */
	#rest: readonly number[] = [];
	readonly #unacknowledged = new Map<number, Unacknowledged>();

	count(what: string): number {
		return this.counts.get(what) ?? 0;
	}

	begin(n: number): void {
		const settings: { protocolVersion?: number } = {};
		const line: Line = {
			version: 5,
			clean: true,
			accepted: "not yet",
			sent: [],
			receiveMaximum: 65_535,
			topicAliasMaximum: 0,
			maximumQos: 2,
			retainAvailable: true,
			maximumPacketSize: 268_435_460,
			disconnected: false,
			owed: new Set(),
			aliases: new Map(),
			toRepeat: [],
			up: parser(settings),
			down: parser(settings),
			broken: false,
			isRefused: false,
		};
		line.up.on("packet", (packet) => {
			if (packet.cmd === "connect") settings.protocolVersion = packet.protocolVersion ?? 4;
			this.#sent(n, line, packet);
		});
		line.up.on("error", (error) => {
			if (!line.broken) this.#breach(n, `MQTT-4.13.1-1 the client sent what is no MQTT: ${(error as Error).message}`);
			line.broken = true;
		});
		line.down.on("packet", (packet) => this.#came(line, packet));
		line.down.on("error", () => {
			line.broken = true;
		});
		this.#lines.set(n, line);
	}

	up(n: number, bytes: Uint8Array): void {
		const line = this.#lines.get(n)!;
		if (!line.broken) line.up.parse(Buffer.from(bytes));
	}

	down(n: number, bytes: Uint8Array): void {
		const line = this.#lines.get(n)!;
		if (!line.broken) line.down.parse(Buffer.from(bytes));
	}

	#breach(n: number, what: string) {
		this.violations.push(`connection ${n}: ${what}`);
	}

	#add(what: string) {
		this.counts.set(what, this.count(what) + 1);
	}

	#sent(n: number, line: Line, packet: Packet) {
		const isDup = packet.cmd === "publish" && packet.dup;
		this.#add(`up ${packet.cmd}${isDup ? " dup" : ""}`);
		const isFirst = line.sent.length === 0;
		line.sent.push(packet);
		if (isFirst !== (packet.cmd === "connect"))
			return this.#breach(n, `MQTT-3.1.0-1 ${isFirst ? "the first packet" : "a later packet"} is ${packet.cmd}`);
		if (line.disconnected) this.#breach(n, `MQTT-3.14.4-1 ${packet.cmd} behind DISCONNECT`);
		if (line.accepted === "refused") this.#breach(n, `MQTT-3.1.4-6 ${packet.cmd} behind a CONNACK that refuses`);
		if (sizeOf(packet) > line.maximumPacketSize)
			this.#breach(n, `MQTT-3.2.2-15 ${packet.cmd} of ${sizeOf(packet)} bytes`);
		switch (packet.cmd) {
			case "connect":
				line.version = packet.protocolVersion === 5 ? 5 : 4;
				this.version = line.version;
				this.#add(`up connect ${line.version}${packet.clean ? " clean" : ""}`);
				line.clean = packet.clean ?? false;
				if (line.clean) this.#unacknowledged.clear(); // the client gives up what it had (5.0 §3.1.2.4)
				for (const [id, { topic }] of this.#unacknowledged) if (this.exempt?.(topic)) this.#unacknowledged.delete(id);
				// As in the connection before; what was not sent there comes behind, in the order from before that.
				for (const id of [...this.#order, ...this.#rest, ...this.#unacknowledged.keys()])
					if (this.#unacknowledged.get(id)?.isPerhaps === false && !line.toRepeat.includes(id)) line.toRepeat.push(id);
				this.#order = [];
				this.#rest = [...line.toRepeat];
				return;
			case "publish":
				return this.#published(n, line, packet);
			case "puback":
				if (!line.owed.delete(packet.messageId!))
					this.#breach(n, `MQTT-4.3.2-4 PUBACK ${packet.messageId} for what did not come`);
				return;
			case "subscribe":
			case "unsubscribe":
				if (!packet.messageId) this.#breach(n, "MQTT-2.2.1-3 an identifier of 0");
				if (line.version === 4) this.#giveUp(line, line.toRepeat.indexOf(packet.messageId!) + 1);
				else if (this.#unacknowledged.has(packet.messageId!))
					this.#breach(n, `MQTT-2.2.1-3 identifier ${packet.messageId} of ${packet.cmd} is in use`);
				return;
			case "disconnect":
				line.disconnected = true;
				if (line.accepted !== "yes" || !line.toRepeat.length) return;
				if (line.version === 4) this.#giveUp(line, line.toRepeat.length);
				else if (!packet.reasonCode) this.#breach(n, `MQTT-4.4.0-1 ${line.toRepeat} were not repeated`);
				return;
			case "pingreq":
				return;
			default:
				this.#breach(n, `a client of this kind has no ${packet.cmd}`);
		}
	}

	#published(n: number, line: Line, packet: IPublishPacket) {
		if (packet.qos > line.maximumQos) this.#breach(n, `MQTT-3.2.2-11 QoS ${packet.qos}`);
		if (packet.retain && !line.retainAvailable) this.#breach(n, "MQTT-3.2.2-14 RETAIN");
		const alias = packet.properties?.topicAlias;
		let { topic } = packet;
		if (alias !== undefined) {
			// Ahead of its CONNACK a client may only bet on what that server said last time.
			if (alias > (line.accepted === "yes" ? line.topicAliasMaximum : this.#lastAliasMaximum) || alias < 1)
				this.#breach(n, `MQTT-3.3.2-9 topic alias ${alias}`);
			if (topic) line.aliases.set(alias, topic);
			else topic = line.aliases.get(alias) ?? "";
		}
		if (!topic) this.#breach(n, "MQTT-3.3.2-1 no topic, and no alias that stands for one");
		if (/[+#]/.test(topic)) this.#breach(n, `MQTT-3.3.2-2 wildcards in ${topic}`);
		if (packet.qos === 2) return this.#breach(n, "a node has no QoS 2");
		if (packet.qos === 0) {
			if (packet.dup) this.#breach(n, "MQTT-3.3.1-2 DUP with QoS 0");
			return;
		}
		const id = packet.messageId!;
		const payload = toHex(new Uint8Array(Buffer.from(packet.payload as Buffer)));
		const before = this.#unacknowledged.get(id);
		if (packet.dup) {
			// Only what this session has unacknowledged may be repeated, unaltered, in the order it was first sent.
			if (!before) this.#breach(n, `MQTT-3.3.1-1 DUP, but ${id} was not sent before in this session`);
			else if (before.payload !== payload || before.topic !== topic)
				this.#breach(n, `MQTT-3.3.1-1 the repeated ${id} is another message`);
			else if (before.connection === n) this.#breach(n, `MQTT-4.4.0-1 ${id} is repeated within its connection`);
			const place = before?.isPerhaps ? 0 : line.toRepeat.indexOf(id);
			if (place > 0 && line.version === 4) this.#giveUp(line, place);
			else if (place) this.#breach(n, `MQTT-4.6.0-1 ${id} is repeated before ${line.toRepeat[0]}`);
			if (line.toRepeat[0] === id) line.toRepeat.shift();
		} else if (before && line.version === 4) this.#giveUp(line, line.toRepeat.indexOf(id) + 1);
		else if (before && !before.isPerhaps) this.#breach(n, `MQTT-2.2.1-3 identifier ${id} is in use`);
		this.#unacknowledged.set(id, { topic, payload, connection: n, isPerhaps: false });
		this.#order.push(id);
		const here = [...this.#unacknowledged.values()].filter(({ connection }) => connection === n).length;
		if (here > line.receiveMaximum) this.#breach(n, `MQTT-3.3.4-7 ${here} unacknowledged publishes`);
	}

	/** The client does not repeat the first `count` of what it should. */
	#giveUp(line: Line, count: number) {
		for (const id of line.toRepeat.splice(0, count)) {
			this.#unacknowledged.delete(id);
			this.deviations++;
		}
	}

	#came(line: Line, packet: Packet) {
		this.#add(`down ${packet.cmd}`);
		switch (packet.cmd) {
			case "connack": {
				const reason = packet.reasonCode ?? packet.returnCode ?? 0;
				line.accepted = reason ? "refused" : "yes";
				if (reason) return;
				const limits = packet.properties;
				line.receiveMaximum = limits?.receiveMaximum ?? 65_535;
				line.topicAliasMaximum = limits?.topicAliasMaximum ?? 0;
				this.#lastAliasMaximum = line.topicAliasMaximum;
				line.maximumQos = limits?.maximumQoS ?? 2;
				line.retainAvailable = limits?.retainAvailable ?? true;
				line.maximumPacketSize = limits?.maximumPacketSize ?? 268_435_460;
				if (packet.sessionPresent) return;
				// The session begins here: only what was sent in this connection belongs to it.
				const n = [...this.#lines].find(([, one]) => one === line)![0];
				for (const [id, { connection }] of this.#unacknowledged) if (connection !== n) this.#unacknowledged.delete(id);
				line.toRepeat.length = 0;
				return;
			}
			case "puback": {
				const entry = this.#unacknowledged.get(packet.messageId!);
				if (line.isRefused && entry) entry.isPerhaps = true;
				else this.#unacknowledged.delete(packet.messageId!);
				line.isRefused ||= (packet.reasonCode ?? 0) >= 0x80;
				return;
			}
			case "publish":
				if (packet.qos === 1) line.owed.add(packet.messageId!);
		}
	}
}

/** Bytes of a packet on the wire, from what it says is its length behind the fixed header. */
function sizeOf(packet: Packet): number {
	const remaining = packet.length ?? 0;
	return 1 + (remaining < 0x80 ? 1 : remaining < 0x4000 ? 2 : remaining < 0x20_0000 ? 3 : 4) + remaining;
}
