import { X509Certificate } from "node:crypto";
import * as net from "node:net";
import * as tls from "node:tls";
import { isInDate, type TlsFailure, type TlsRequest } from "./network.js";

/** A connection that TLS gave up, or never began. */
export class TlsError extends Error {
	readonly failure: TlsFailure;
	constructor(failure: TlsFailure) {
		super(failure);
		this.failure = failure;
	}
}

/**
 * Begins a TLS handshake by Node's TLS, as strict as a node is: 1.2 or later, only the given CA, the name that was asked
 * for, and the dates by the clock of the host (which OpenSSL looks at) and by the node's.
 * @param on `secured` once all of that holds; until then nothing but the handshake may be sent
 * @throws {TlsError} `declaration` when what the node was provisioned with is no CA, certificate or key
 */
export function openTls(
	at: { readonly host: string; readonly port: number },
	request: TlsRequest,
	builtMs: number,
	secured: () => void,
): { readonly socket: tls.TLSSocket; readonly wire: net.Socket } {
	const { host, alpn, attempt, wallMs } = request;
	const secureContext = contextOf(request);
	const wire = net.connect({ ...at, noDelay: true });
	if (attempt) wire.once("connect", () => attempt.used());
	const socket = tls.connect({
		socket: wire,
		secureContext,
		rejectUnauthorized: true,
		// the name is sent unless it is an address (RFC 6066 §3); Node checks the certificate against `host`
		...(net.isIP(host) ? {} : { servername: host }),
		host,
		checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
		...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
		...(attempt?.session ? { session: Buffer.from(attempt.session) } : {}),
	});
	wire.once("error", (error) => socket.destroy(error));
	// OpenSSL looks by itself at how long the server takes it
	socket.on("session", (session) => attempt?.received(new Uint8Array(session)));
	socket.once("secureConnect", () => {
		const isResumed = socket.isSessionReused(); // then the dates were held against the clock before it was offered
		const validMs = isResumed ? undefined : datesOf(socket);
		if (!socket.authorized || (validMs && !isInDate(...validMs, wallMs, builtMs))) {
			socket.destroy(new TlsError("untrusted"));
			return;
		}
		attempt?.secured(validMs);
		secured();
	});
	return { socket, wire };
}

/** Why a TLS connection failed; undefined when it was only lost. */
export function failureOf(error: NodeJS.ErrnoException): TlsFailure | undefined {
	if (error instanceof TlsError) return error.failure;
	const { code = "" } = error;
	if (/^ERR_SSL_.*ALERT/.test(code)) return "refused";
	// what a server sends that holds another key than its certificate's
	if (/^ERR_SSL_.*SIGNATURE/.test(code)) return "untrusted";
	if (code.startsWith("ERR_SSL_") || code === "EPROTO") return "protocol";
	// of verification: OpenSSL's X509_V_ERR_… without a prefix, and Node's own about names
	if (/CERT|ISSUER|CRL|VERIFY|CHAIN|SIGNATURE|HOSTNAME|PURPOSE|^INVALID_CA$|PATH_LENGTH|^OUT_OF_MEM$/.test(code))
		return "untrusted";
	return undefined;
}

function contextOf({ ca, certificate, key }: TlsRequest): tls.SecureContext {
	if (ca === undefined || (certificate === undefined) !== (key === undefined)) throw new TlsError("declaration");
	try {
		new X509Certificate(ca); // a CA that is none would only be left out
		return tls.createSecureContext({
			ca,
			...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
			minVersion: "TLSv1.2",
		});
	} catch {
		throw new TlsError("declaration"); // OpenSSL's words may quote what it was given
	}
}

/** When all certificates of the chain are good, up to the CA, in milliseconds since 1970. */
function datesOf(socket: tls.TLSSocket): readonly [from: number, to: number] {
	let fromMs = 0;
	let toMs = Number.POSITIVE_INFINITY;
	let one: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
	for (;;) {
		if (!one?.valid_from) return [Number.POSITIVE_INFINITY, 0]; // never
		fromMs = Math.max(fromMs, Date.parse(one.valid_from));
		toMs = Math.min(toMs, Date.parse(one.valid_to));
		const issuer: tls.DetailedPeerCertificate | undefined = one.issuerCertificate;
		if (!issuer || issuer === one) return [fromMs, toMs];
		one = issuer;
	}
}
