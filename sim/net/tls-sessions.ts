import { isInDate, type SimSocket, type SocketListener, type TlsRequest } from "./network.js";

/** After so long by the board's clock the server's certificate is looked at again. As in `native/tls/tls-session.c`. */
export const FULL_MOST_MS = 86_400_000;
/** So often in a row resuming may fail before no session is kept for {@link REST_MS}. */
const FAILURES_MOST = 2;
const REST_MS = 86_400_000;

/** What a board keeps of a TLS session over deep sleep. Times in milliseconds of the board's clock. */
interface Kept {
	/** Whom it is with, and what the node was provisioned with. */
	readonly binding: string;
	/** What there is to offer; undefined where only failures are kept. */
	readonly session: Uint8Array | undefined;
	readonly receivedMs: number;
	/** How long the server takes it, undefined where it does not say. */
	readonly lifetimeMs: number | undefined;
	/** When the server proved itself by its certificate, and from when to when that is good, since 1970. */
	readonly fullMs: number;
	readonly validMs: readonly [from: number, to: number];
	readonly failures: number;
}

/**
 * Where a simulated board keeps a TLS session: memory as of `native/tls/tls-session.c`, with its rules. What is sealed there is
 * simply out of the firmware's reach here.
 */
export class TlsSessions {
	readonly clockMs: () => number;
	#kept: Kept | undefined;

	/** @param clockMs the board's clock, which runs on through deep sleep */
	constructor(clockMs: () => number) {
		this.clockMs = clockMs;
	}
	/** The power was lost, or the board was reset. */
	forget(): void {
		this.#kept = undefined;
	}
	keep(kept: Kept | undefined): void {
		this.#kept = kept;
	}
	/**
	 * A connection is about to be made.
	 * @param resumes whether what is kept may be used
	 */
	begin(request: TlsRequest, port: number, resumes = true): TlsAttempt {
		const { host, alpn, ca, certificate, key, wallMs } = request;
		const binding = JSON.stringify([host, port, alpn, ca, certificate, key]);
		const nowMs = this.clockMs();
		const kept = this.#kept?.binding === binding ? this.#kept : undefined;
		let failures = kept?.failures ?? 0;
		if (kept && failures >= FAILURES_MOST && nowMs - kept.receivedMs >= REST_MS) failures = FAILURES_MOST - 1;
		const rests = failures >= FAILURES_MOST;
		const isYoung =
			kept &&
			kept.receivedMs <= nowMs &&
			nowMs - kept.receivedMs < (kept.lifetimeMs ?? Number.POSITIVE_INFINITY) &&
			nowMs - kept.fullMs < FULL_MOST_MS &&
			(wallMs === 0 || isInDate(...kept.validMs, wallMs, 0));
		const offered = resumes && isYoung && !rests ? kept : undefined;
		return new TlsAttempt(this, { ...(kept ?? NOTHING), binding, failures }, offered, rests);
	}
}

const NOTHING = Object.freeze({
	session: undefined,
	receivedMs: 0,
	lifetimeMs: undefined,
	fullMs: 0,
	validMs: Object.freeze([0, 0] as const),
});

/** One connection, as far as sessions go. What carries it tells what happens, in the order of the methods. */
export class TlsAttempt {
	/** How the server proved itself; undefined until it did. */
	how: "full" | "resumed" | undefined;
	readonly #sessions: TlsSessions;
	readonly #offered: Kept | undefined;
	readonly #rests: boolean;
	/** What would be kept. */
	#next: Kept;
	#used = false;
	#proven = false;

	constructor(sessions: TlsSessions, next: Kept, offered: Kept | undefined, rests: boolean) {
		this.#sessions = sessions;
		this.#offered = offered;
		this.#rests = rests;
		this.#next = { ...next, session: undefined };
	}
	/** What the server is asked to go on with. */
	get session(): Uint8Array | undefined {
		return this.#offered?.session;
	}
	/** Whether it came to nothing because of what was offered, maybe. */
	get hasFailed(): boolean {
		return this.#offered !== undefined && this.#used && !this.#proven;
	}
	/** The first bytes leave: a session is used once, and has failed until the server has answered. */
	used(): void {
		this.#used = true;
		const { failures } = this.#next;
		if (this.#offered)
			this.#sessions.keep({ ...this.#next, failures: failures + 1, receivedMs: this.#sessions.clockMs() });
	}
	/** The handshake is over. @param validMs when all certificates are good, of a full one */
	secured(validMs?: readonly [from: number, to: number]): void {
		this.how = validMs ? "full" : "resumed";
		if (validMs) this.#next = { ...this.#next, fullMs: this.#sessions.clockMs(), validMs };
		else this.#next = { ...this.#next, session: this.#next.session ?? this.session };
	}
	/** A session came that the server may go on with. */
	received(session: Uint8Array, lifetimeMs?: number): void {
		this.#next = { ...this.#next, session, lifetimeMs, receivedMs: this.#sessions.clockMs() };
		if (this.#proven) this.#keep();
	}
	/** A byte of the application came: now the session may be kept. */
	proven(): void {
		if (this.#proven) return;
		this.#proven = true;
		if (this.#offered) this.#next = { ...this.#next, failures: 0 };
		if (this.#next.session) this.#keep();
		else if (this.#offered) this.#sessions.forget();
	}
	#keep() {
		if (!this.#rests) this.#sessions.keep(this.#next);
	}
}

/**
 * Opens a TLS connection with what is kept, and once more by certificate where the server could not do anything with that.
 * @param open opens one
 * @param made hears of each attempt
 */
export function resuming(
	sessions: TlsSessions,
	request: TlsRequest,
	port: number,
	on: SocketListener,
	open: (request: TlsRequest, on: SocketListener) => SimSocket,
	made: (attempt: TlsAttempt) => void,
): SimSocket {
	let isOpen = false;
	const begin = (resumes: boolean) => {
		const attempt = sessions.begin(request, port, resumes);
		made(attempt);
		return open(
			{ ...request, attempt },
			{
				writable: (room) => {
					isOpen = true;
					on.writable(room);
				},
				readable: (count) => {
					attempt.proven();
					on.readable(count);
				},
				ended: (reset, failure) => {
					if (isOpen || !attempt.hasFailed) return on.ended(reset, failure);
					socket.close();
					socket = begin(false);
				},
				overhead: (sent, received) => on.overhead?.(sent, received),
			},
		);
	};
	let socket = begin(true);
	return {
		get room() {
			return socket.room;
		},
		write: (bytes) => socket.write(bytes),
		read: (most) => socket.read(most),
		close: () => socket.close(),
	};
}
