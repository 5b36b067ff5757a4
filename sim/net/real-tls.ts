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
	const { host, alpn, wallMs } = request;
	const secureContext = contextOf(request);
	const wire = net.connect({ ...at, noDelay: true });
	const socket = tls.connect({
		socket: wire,
		secureContext,
		rejectUnauthorized: true,
		// the name is sent unless it is an address (RFC 6066 §3); Node checks the certificate against `host`
		...(net.isIP(host) ? {} : { servername: host }),
		host,
		checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
		...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
	});
	wire.once("error", (error) => socket.destroy(error));
	socket.once("secureConnect", () => {
		if (socket.authorized && areInDate(socket, wallMs, builtMs)) secured();
		else socket.destroy(new TlsError("untrusted"));
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

/** The dates of the whole chain, up to the CA, by the node's clock. */
function areInDate(socket: tls.TLSSocket, wallMs: number, builtMs: number): boolean {
	let one: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
	for (;;) {
		if (!one?.valid_from || !isInDate(Date.parse(one.valid_from), Date.parse(one.valid_to), wallMs, builtMs))
			return false;
		const issuer: tls.DetailedPeerCertificate | undefined = one.issuerCertificate;
		if (!issuer || issuer === one) return true;
		one = issuer;
	}
}
