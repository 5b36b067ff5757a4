import { wrong } from "../modules/core/errors.js";
import { frozen } from "../modules/core/frozen.js";
import type { TimeDeclaration, TimePorts, TimeSource } from "./time-source.js";

/** What the client needs of a UDP socket: the face of ECMA-419 as the SDK has it (`embedded:io/socket/udp`). */
export interface Udp {
	/** The oldest datagram that waits; undefined when none does. */
	read(): Datagram | undefined;
	/** @throws when the address is no address or there is no network */
	write(bytes: Uint8Array, address: string, port: number): void;
	/** Idempotent, allowed inside callbacks. */
	close(): void;
}
/** A datagram's bytes, and who sent it. */
export interface Datagram extends ArrayBuffer {
	readonly address: string;
	readonly port: number;
}
/** @throws when there is no socket left */
export type UdpConstructor = new (options: { onReadable(count: number): void }) => Udp;

/** How a node declares SNTP. */
export interface SntpOptions {
	/** Host name or address; setting `ntp` comes first. Default "pool.ntp.org". */
	readonly server?: string;
	/** Milliseconds that the node stays awake for an answer when all else is done, 0 … 5,000. Default 500. */
	readonly wait?: number;
}

/** What `SntpClient` is made of. */
interface SntpPlatform {
	readonly UDP: UdpConstructor;
	resolve(name: string, done: (address: string | undefined) => void): () => void;
	readonly server: string;
	readonly wait: number;
}

/** Source: RFC 5905 §7.2 (PORT), §7.3 (packet). */
const PORT = 123;
const PACKET = 48;
/** No leap warning, version 4, mode 3 (client). */
const REQUEST = 0x23;
/** Where the packet has what; milliseconds, where not said otherwise, in NTP's fixed point. */
const ROOT_DELAY = 4;
const ROOT_DISPERSION = 8;
const REFERENCE = 12;
const ORIGINATE = 24;
const RECEIVE = 32;
const TRANSMIT = 40;
/** Source: RFC 5905 §7.4: kiss codes that demand to stop asking (DENY, RSTR), or to ask less often (RATE). */
const KISSES: readonly number[] = frozen([0x44454e59, 0x52535452, 0x52415445]);
/** Farthest that a server may be from its reference clock, in milliseconds. Source: RFC 5905 §7.2 (MAXDIST). */
const FARTHEST = 1000;
/** Seconds from 1900, where NTP's era 0 begins, to 1970. Source: RFC 5905 §6. */
const TO_1970 = 2_208_988_800;

/**
 * Checks a server's answer, and tells the wall time at its arrival.
 * @param answer all of the datagram
 * @param request what was sent; its transmit timestamp is the nonce that the answer must repeat
 * @param elapsedMs from sending to arrival
 * @param into gets wall time and uncertainty in milliseconds; 0 and 0 when the server says to leave it alone
 * @returns false when the datagram is no answer of any use; `into` is as it was then
 * Source: RFC 4330 §5 (checks, offset), §3 (eras: until 2104); draft-ietf-ntp-data-minimization §4 (nonce).
 */
export function readAnswer(answer: DataView, request: DataView, elapsedMs: number, into: Float64Array): boolean {
	if (answer.byteLength < PACKET) return false;
	if (answer.getUint32(ORIGINATE) !== request.getUint32(TRANSMIT)) return false;
	if (answer.getUint32(ORIGINATE + 4) !== request.getUint32(TRANSMIT + 4)) return false;
	const head = answer.getUint8(0);
	const stratum = answer.getUint8(1);
	if ((head & 0x3f) !== 0x24) return false; // version 4, mode 4 (server)
	if (stratum === 0) {
		if (!KISSES.includes(answer.getUint32(REFERENCE))) return false;
		into.fill(0);
		return true;
	}
	const seconds = answer.getUint32(TRANSMIT);
	const fraction = answer.getUint32(TRANSMIT + 4) / 2 ** 32;
	if (stratum > 15 || head >= 0xc0 || seconds + fraction === 0) return false; // not synchronised
	// Both are unsigned here: a negative root delay is far too large.
	const distance = (answer.getUint32(ROOT_DELAY) / 2 + answer.getUint32(ROOT_DISPERSION)) / 65.536;
	if (distance > FARTHEST) return false;
	// In the server; a difference of 32 bits, so that the turn of the era does not matter.
	const inside =
		1000 * (((seconds - answer.getUint32(RECEIVE)) | 0) + fraction - answer.getUint32(RECEIVE + 4) / 2 ** 32);
	if (inside < 0 || inside > elapsedMs + 10) return false;
	const half = Math.max(elapsedMs - inside, 0) / 2;
	// Without its highest bit it is of the era that begins in 2036.
	const since1970 = seconds - TO_1970 + (seconds < 0x8000_0000 ? 2 ** 32 : 0);
	into[0] = 1000 * (since1970 + fraction) + half;
	into[1] = half + distance + 1;
	return true;
}

/**
 * Asks a time server by SNTP: one datagram, no second one, as the node asks again in another exchange anyway. The request
 * tells nothing of the node; its random transmit timestamp is what an answer is known by, beside address and port.
 * Source: RFC 4330, RFC 5905.
 */
export class SntpClient implements TimeSource {
	private readonly platform: SntpPlatform;
	private readonly ports: TimePorts;
	private lookUp: (() => void) | undefined;
	private udp: Udp | undefined;

	constructor(platform: SntpPlatform, ports: TimePorts) {
		this.platform = platform;
		this.ports = ports;
	}
	get waitMs(): number {
		return this.lookUp || this.udp ? this.platform.wait : 0;
	}
	start(on: (wallMs: number, uncertaintyMs: number) => void): void {
		this.close();
		this.lookUp = this.platform.resolve(this.ports.setting("ntp") ?? this.platform.server, (address) => {
			this.lookUp = undefined;
			if (address !== undefined) this.ask(address, on);
		});
	}
	close(): void {
		this.lookUp?.();
		this.udp?.close();
		this.lookUp = this.udp = undefined;
	}

	private ask(address: string, on: (wallMs: number, uncertaintyMs: number) => void) {
		const { clock, entropy } = this.ports;
		const request = new DataView(new ArrayBuffer(PACKET));
		request.setUint8(0, REQUEST);
		entropy.fill(new Uint8Array(request.buffer, TRANSMIT, 8));
		let sentMs = 0;
		try {
			const udp = (this.udp = new this.platform.UDP({
				onReadable: () => {
					const time = new Float64Array(2);
					while (udp === this.udp) {
						const answer = udp.read();
						if (!answer) return;
						const isServer = answer.address === address && answer.port === PORT;
						if (!isServer || !readAnswer(new DataView(answer), request, clock.nowMs() - sentMs, time)) continue;
						this.close();
						on(time[0]!, time[1]!);
					}
				},
			}));
			sentMs = clock.nowMs();
			udp.write(new Uint8Array(request.buffer), address, PORT);
		} catch {
			this.close(); // no socket or no way there: as if no answer came
		}
	}
}

/**
 * Checks a declaration of SNTP and freezes it; `sntp()` is this with the platform's sockets.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareSntp(
	options: SntpOptions,
	UDP: UdpConstructor,
	resolve: SntpPlatform["resolve"],
): TimeDeclaration {
	const { server = "pool.ntp.org", wait = 500 } = options;
	for (const field of Object.keys(options))
		if (field !== "server" && field !== "wait") wrong(`time.${field}`, "an unknown field", "server or wait");
	if (typeof server !== "string" || !/^[A-Za-z0-9.:-]{1,253}$/.test(server))
		wrong("time.server", JSON.stringify(server), 'a host name or address such as "pool.ntp.org" or "192.0.2.7"');
	if (!Number.isInteger(wait) || wait < 0 || wait > 5000) wrong("time.wait", JSON.stringify(wait), "0 … 5000");
	const platform = Object.freeze({ UDP, resolve, server, wait });
	return Object.freeze({ kind: "sntp", create: (ports: TimePorts) => new SntpClient(platform, ports) });
}
