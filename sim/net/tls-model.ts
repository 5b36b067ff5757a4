import type { Scheduler } from "../scheduler.js";
import { isInDate, type SimSocket, type SocketListener, type TlsFailure, type TlsRequest } from "./network.js";
import type { Accept, ServerSocket } from "./virtual.js";

/**
 * A model of TLS for the network in virtual time: what a handshake costs in round trips, bytes and the node's computing,
 * and what a node refuses. There is no cryptography in it and no TLS on its wire; what is proven about TLS is proven
 * over Node's TLS and mbedTLS (docs/tls.md).
 */

/** A server of the model, and what may be wrong with it. */
export interface ModelServer {
	/** 1.2 by default, which ESP-IDF's mbedTLS speaks as it is configured by default. */
	readonly version?: 1.2 | 1.3;
	/** Who signed its certificate: what the node has as `ca`. By default whoever the node trusts. */
	readonly authority?: string;
	/** Whom its certificate is for. By default whoever the node asks for. */
	readonly names?: readonly string[];
	/** From when to when its certificate is good, in milliseconds since 1970. By default for ever. */
	readonly validMs?: readonly [from: number, to: number];
	/** Whether it has its certificate's key. Default true. */
	readonly holdsKey?: boolean;
	/** Whether it refuses nodes without a certificate. Default false. */
	readonly wantsCertificate?: boolean;
	/** What seals its tickets: another one and it cannot read those that it gave out. 0: it gives out none. Default 1. */
	readonly ticketKey?: number;
	/** How long it goes on with a session after its ticket, in seconds. Default 7,200, OpenSSL's. */
	readonly ticketSeconds?: number;
	/**
	 * What it does when it is asked to go on with a session. By default it does, or begins anew where it cannot. `alert`: it
	 * breaks off, as one does that is not set up for it. `feigned`: it says yes and does not have the session's secret.
	 */
	readonly resumption?: "alert" | "feigned";
}

/** What a simulated node is provisioned with as `ca`, where nothing else is set: the model takes any text. */
export const MODEL_CA = "model";

/**
 * Computing of one handshake, in milliseconds, on P-256 at 160 MHz without an accelerator.
 * Source: wolfSSL 5.6.3's benchmark on an ESP32-C3 (SP math in C, 2023-07-26: gojimmypi/wolfssl,
 * IDE/Espressif/ESP-IDF/examples/wolfssl_benchmark/logs). mbedTLS is another library: take it for the order of magnitude;
 * 1.66 s for a whole handshake on an ESP32 at 240 MHz with mbedTLS is published at haumacher/phoneblock#322.
 */
export const CRYPTO_MS = Object.freeze({ makeKey: 225, agree: 225, sign: 227, verify: 433 });

/**
 * Bytes of each flight, as counted between mbedTLS 2.28.3 (1.2), 3.6.5 (1.3) and OpenSSL 3.0 with P-256 certificates of 330
 * bytes (docs/tls.md). `certified` is what the node's certificate and its proof add to `finish`, `kept` what a ticket with it
 * is longer by; `end` ends a handshake of 1.2, a ticket in it, and is OpenSSL's two tickets of 1.3. `resumed`: the same of a
 * handshake that goes on with a session: then there is one ticket of 1.3, and none of 1.2.
 */
const FLIGHTS = Object.freeze({
	1.2: { hello: 282, server: 883, finish: 93, certified: 425, end: 258, kept: 304 },
	1.3: { hello: 431, server: 1028, finish: 91, certified: 442, end: 542, kept: 576 },
	resumed: {
		1.2: { hello: 490, server: 141, finish: 51, end: 0, kept: 0, asked: 304 },
		1.3: { hello: 486, server: 241, finish: 91, end: 271, kept: 288, asked: 288 },
	},
});
/** Head, nonce and tag of a record with AES-GCM. Source: RFC 5288 §3 with RFC 5246 §6.2.3.3; RFC 8446 §5.2. */
const OVERHEAD = Object.freeze({ 1.2: 5 + 8 + 16, 1.3: 5 + 1 + 16 });
/** Of a record of the model: type, length of all of it, what is in it. */
const HEAD = 4;
/** What is in a record: the node's certificate; a ticket behind the head; the server goes on with a session. */
const CERTIFIED = 1;
const TICKET = 2;
const RESUMED = 4;
/** Of a ticket of the model: what sealed it, when it was issued in virtual time, whether the node showed a certificate. */
const TICKET_BYTES = 4 + 8 + 1;

/** Types of records. Source: RFC 8446 §5.1. */
const ALERT = 21;
const HANDSHAKE = 22;
const DATA = 23;

/** One end of a connection behind the model. */
export class ModelTls implements ServerSocket {
	readonly #scheduler: Scheduler;
	readonly #version: 1.2 | 1.3;
	#inner!: SimSocket;
	#listener: SocketListener | undefined;
	/** What came and is no whole record yet; what came for the application; what the connection had no room for. */
	#raw: Uint8Array<ArrayBufferLike> = EMPTY;
	#inbox: Uint8Array<ArrayBufferLike> = EMPTY;
	#out: Uint8Array<ArrayBufferLike> = EMPTY;
	#open = false;
	#ended: { readonly reset: boolean; readonly failure: TlsFailure | undefined } | undefined;
	/** Takes the peer's next flight. */
	#awaits: ((flags: number, payload: Uint8Array) => void) | undefined;
	/** Hears of a ticket that comes once the connection is open. */
	#ticket: ((ticket: Uint8Array) => void) | undefined;

	private constructor(scheduler: Scheduler, version: 1.2 | 1.3) {
		this.#scheduler = scheduler;
		this.#version = version;
	}

	/** The node's end. @param server undefined when what answers there knows no TLS */
	static connect(
		scheduler: Scheduler,
		server: ModelServer | undefined,
		request: TlsRequest & { readonly builtMs: number },
		on: SocketListener,
		open: (plain: SocketListener) => SimSocket,
	): SimSocket {
		const version = server?.version ?? 1.2;
		const self = new ModelTls(scheduler, version);
		self.#listener = on;
		const { ca, certificate, key } = request;
		if (ca === undefined || (certificate === undefined) !== (key === undefined)) {
			self.#inner = { room: 0, write: () => 0, read: () => EMPTY, close() {} };
			scheduler.after(0, () => self.#finish(true, "declaration"));
			return self;
		}
		const { attempt } = request;
		const flights = FLIGHTS[version];
		const certified = certificate !== undefined && server?.wantsCertificate === true;
		const lifetimeMs = (server?.ticketSeconds ?? TICKET_SECONDS) * 1000;
		const received = (ticket: Uint8Array) => attempt?.received(ticket, lifetimeMs);
		const checks = () => {
			if (!server) return self.#fail("protocol");
			const failure = judge(server, request);
			if (failure) return self.#fail(failure);
			self.#send(HANDSHAKE, flights.finish + (certified ? flights.certified : 0), EMPTY, certified ? CERTIFIED : 0);
			const ready = () => {
				attempt?.secured(server.validMs ?? [0, Number.POSITIVE_INFINITY]);
				self.#ready();
			};
			if (version === 1.3) ready();
			else
				self.#awaits = (flags, payload) => {
					if (flags & TICKET) received(payload.slice(0, TICKET_BYTES));
					ready();
				};
		};
		const resumes = () => {
			if (server?.resumption === "feigned") return self.#fail("protocol"); // what it sent was not sealed with the secret
			self.#send(HANDSHAKE, FLIGHTS.resumed[version].finish);
			attempt?.secured();
			self.#ready();
		};
		const { makeKey, agree, verify } = CRYPTO_MS;
		const before = version === 1.3 ? makeKey : 0;
		const proofs = 2 * verify + (certified ? CRYPTO_MS.sign : 0); // of the chain, of the server, and of the node
		const hello = () => {
			const session = attempt?.session;
			attempt?.used();
			const asks = FLIGHTS.resumed[version];
			const bytes = session ? asks.hello + (session[TICKET_BYTES - 1] ? asks.asked : 0) : flights.hello;
			self.#send(HANDSHAKE, bytes, session, session ? TICKET : 0);
			self.#awaits = (flags) => {
				// one of 1.3 agrees on new keys (psk_dhe_ke); one of 1.2 has nothing to compute that counts
				if (flags & RESUMED) self.#after(version === 1.3 ? agree : 0, resumes);
				else self.#after(makeKey - before + agree + proofs, checks);
			};
		};
		self.#ticket = received;
		self.#inner = open(self.#plain(() => self.#after(before, hello)));
		return self;
	}

	/** The server's end. */
	static accept(scheduler: Scheduler, server: ModelServer, socket: ServerSocket, accept: Accept): SocketListener {
		const version = server.version ?? 1.2;
		const self = new ModelTls(scheduler, version);
		self.#inner = socket;
		self.#listener = accept(self);
		const plain = self.#plain(() => {});
		const flights = FLIGHTS[version];
		/** Ends the handshake, with a ticket or two. */
		const end = (bytes: number, certified: boolean) => {
			const { ticketKey = 1 } = server;
			const without = version === 1.2 ? 51 : 0; // its end is that of the handshake as well
			if (bytes && ticketKey) self.#send(HANDSHAKE, bytes, ticketOf(ticketKey, scheduler.now, certified), TICKET);
			else if (bytes && without) self.#send(HANDSHAKE, without);
		};
		self.#awaits = (asked, ticket) => {
			if (asked & TICKET && server.resumption === "alert") {
				self.#send(ALERT, HEAD + 3);
				return self.close();
			}
			const isKnown = asked & TICKET && (server.resumption === "feigned" || isGood(ticket, server, scheduler.now));
			if (isKnown) {
				const { server: bytes, end: more, kept } = FLIGHTS.resumed[version];
				const certified = ticket[TICKET_BYTES - 1] === 1;
				self.#send(HANDSHAKE, bytes, EMPTY, RESUMED);
				self.#awaits = () => {
					end(more && more + (certified ? kept : 0), certified);
					self.#ready();
				};
				return;
			}
			self.#send(HANDSHAKE, flights.server);
			self.#awaits = (flags) => {
				const certified = (flags & CERTIFIED) !== 0;
				if (server.wantsCertificate && !certified) {
					self.#send(ALERT, HEAD + 3);
					return self.close();
				}
				end(flights.end + (certified ? flights.kept : 0), certified);
				self.#ready();
			};
		};
		return plain;
	}

	get room(): number {
		return this.#open ? Math.max(0, this.#inner.room - this.#out.length - OVERHEAD[this.#version]) : 0;
	}
	write(bytes: Uint8Array): number {
		const taken = Math.min(bytes.length, this.room);
		if (taken) this.#send(DATA, taken + OVERHEAD[this.#version], bytes.subarray(0, taken));
		return taken;
	}
	read(most: number): Uint8Array {
		const out = this.#inbox.slice(0, most);
		this.#inbox = this.#inbox.subarray(out.length);
		const ended = this.#ended;
		if (ended && !this.#inbox.length) this.#scheduler.after(0, () => this.#finish(ended.reset, ended.failure));
		return out;
	}
	close(): void {
		this.#listener = undefined;
		this.#inner.close();
	}
	reset(): void {
		this.#listener = undefined;
		(this.#inner as ServerSocket).reset();
	}

	/** Hears the plain connection. */
	#plain(connected: () => void): SocketListener {
		let isNew = true;
		return {
			writable: () => {
				this.#flush();
				if (isNew) connected();
				else if (this.#open) this.#listener?.writable(this.room);
				isNew = false;
			},
			readable: (count) => {
				this.#raw = joined(this.#raw, this.#inner.read(count));
				this.#arrived();
			},
			ended: (reset) => {
				this.#ended ??= { reset, failure: undefined };
				if (!this.#inbox.length) this.#finish(reset, this.#ended.failure);
			},
		};
	}
	/** Looks at what came: flights of the handshake, then records. */
	#arrived() {
		while (this.#raw.length && this.#listener) {
			const [type = 0, high = 0, low = 0, flags = 0] = this.#raw;
			if (type < ALERT || type > DATA) return this.#fail("protocol");
			const awaits = this.#awaits;
			if (!awaits && !this.#open && type !== ALERT) return; // the node computes
			const count = (high << 8) | low;
			if (this.#raw.length < HEAD || this.#raw.length < count) return;
			const record = this.#raw.subarray(0, count);
			this.#raw = this.#raw.slice(count);
			if (type === ALERT) return this.#fail("refused");
			const ticket = type === HANDSHAKE && !awaits && flags & TICKET ? this.#ticket : undefined;
			if (!ticket && (type === HANDSHAKE) !== (awaits !== undefined)) return this.#fail("protocol");
			this.#awaits = undefined;
			const overhead = type === HANDSHAKE ? count : OVERHEAD[this.#version];
			this.#listener.overhead?.(0, overhead);
			if (awaits) awaits(flags, record.subarray(HEAD));
			else if (ticket) ticket(record.slice(HEAD, HEAD + TICKET_BYTES));
			else {
				this.#inbox = joined(this.#inbox, record.subarray(HEAD, HEAD + count - overhead));
				this.#listener.readable(this.#inbox.length);
			}
		}
	}
	#ready() {
		this.#open = true;
		this.#listener?.writable(this.room);
		this.#arrived();
	}
	/** Runs `then` after the node has computed so long, unless the connection is gone by then. */
	#after(ms: number, then: () => void) {
		this.#scheduler.after(ms, () => {
			if (this.#listener && !this.#ended) then();
		});
	}
	/** Sends a flight or a record of so many bytes. */
	#send(type: number, count: number, payload: Uint8Array = EMPTY, flags = 0) {
		const bytes = new Uint8Array(count);
		bytes.set([type, count >> 8, count & 0xff, flags]);
		bytes.set(payload, HEAD);
		this.#out = joined(this.#out, bytes);
		this.#flush();
		this.#listener?.overhead?.(type === DATA ? count - payload.length : count, 0);
	}
	#flush() {
		if (this.#out.length) this.#out = this.#out.slice(this.#inner.write(this.#out));
	}
	#fail(failure: TlsFailure) {
		this.#inner.close();
		this.#finish(true, failure);
	}
	#finish(reset: boolean, failure: TlsFailure | undefined) {
		const on = this.#listener;
		this.#listener = undefined;
		this.#open = false;
		on?.ended(reset, failure);
	}
}

/** How long OpenSSL takes a session, in seconds. Source: tls1_default_timeout in its ssl/t1_lib.c. */
const TICKET_SECONDS = 7200;

function ticketOf(key: number, atMs: number, certified: boolean): Uint8Array {
	const bytes = new Uint8Array(TICKET_BYTES);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, key);
	view.setFloat64(4, atMs);
	view.setUint8(12, certified ? 1 : 0);
	return bytes;
}

/** Whether a server goes on with the session of a ticket. */
function isGood(ticket: Uint8Array, { ticketKey = 1, ticketSeconds = TICKET_SECONDS }: ModelServer, nowMs: number) {
	const view = new DataView(ticket.buffer, ticket.byteOffset);
	return ticketKey !== 0 && view.getUint32(0) === ticketKey && nowMs - view.getFloat64(4) < ticketSeconds * 1000;
}

/** What a node finds wrong with a server. */
function judge(server: ModelServer, request: TlsRequest & { readonly builtMs: number }): TlsFailure | undefined {
	const { authority, names, validMs, holdsKey = true } = server;
	if (authority !== undefined && authority !== request.ca) return "untrusted";
	if (names && !names.includes(request.host)) return "untrusted";
	if (validMs && !isInDate(...validMs, request.wallMs, request.builtMs)) return "untrusted";
	return holdsKey ? undefined : "untrusted";
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	const both = new Uint8Array(a.length + b.length);
	both.set(a);
	both.set(b, a.length);
	return both;
}

const EMPTY = new Uint8Array(0);
