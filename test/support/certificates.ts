import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";

/** A certificate and its key, in PEM. */
export interface Identity {
	readonly certificate: string;
	readonly key: string;
}
/** What a certificate says. */
export interface IdentityOptions {
	/** Common name. */
	readonly name?: string;
	/** DNS names and IPv4 addresses that it is for. */
	readonly hosts?: readonly string[];
	/** Milliseconds since 1970. By default from yesterday to tomorrow. */
	readonly fromMs?: number;
	readonly toMs?: number;
}

const DAY_MS = 86_400_000;

/** A certificate authority of a test: P-256, ECDSA with SHA-256. Source: RFC 5280 §4.1, RFC 5758 §3.2. */
export class Authority {
	/** PEM. */
	readonly certificate: string;
	readonly #name: Buffer;
	readonly #key: KeyObject;

	/** @param options the CA's own dates */
	constructor(name = "Dormouse test CA", options: IdentityOptions = {}) {
		const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
		this.#name = nameOf(name);
		this.#key = pair.privateKey;
		const extensions = [
			extension("2.5.29.19", true, sequence(der(0x01, [0xff]))), // basic constraints: a CA
			extension("2.5.29.15", true, der(0x03, [1, 0x06])), // key usage: signs certificates and CRLs
		];
		this.certificate = this.#certify(this.#name, pair.publicKey, extensions, options);
	}

	/** Issues a certificate for a new key. */
	issue(options: IdentityOptions = {}): Identity {
		const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		const { name = "somebody", hosts = [] } = options;
		const names = hosts.map((host) =>
			/^[\d.]+$/.test(host) ? der(0x87, host.split(".").map(Number)) : der(0x82, Buffer.from(host)),
		);
		const extensions = names.length ? [extension("2.5.29.17", false, sequence(...names))] : []; // subject alternative names
		return {
			certificate: this.#certify(nameOf(name), publicKey, extensions, options),
			key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
		};
	}

	#certify(subject: Buffer, publicKey: KeyObject, extensions: Buffer[], options: IdentityOptions): string {
		const { fromMs = Date.now() - DAY_MS, toMs = Date.now() + DAY_MS } = options;
		const algorithm = sequence(oid("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
		const toBeSigned = sequence(
			der(0xa0, der(0x02, [2])), // version 3
			der(0x02, [0x01, ...randomBytes(8)]),
			algorithm,
			this.#name,
			sequence(time(fromMs), time(toMs)),
			subject,
			publicKey.export({ type: "spki", format: "der" }),
			...(extensions.length ? [der(0xa3, sequence(...extensions))] : []),
		);
		const signature = sign("sha256", toBeSigned, this.#key);
		const bytes = sequence(toBeSigned, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
		return new X509Certificate(bytes).toString();
	}
}

/** One item of DER. Source: ITU-T X.690 §8.1. */
function der(tag: number, content: Iterable<number>): Buffer {
	const bytes = Buffer.from([...content]);
	const { length } = bytes;
	const head =
		length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
	return Buffer.concat([Buffer.from(head), bytes]);
}
function sequence(...parts: Buffer[]): Buffer {
	return der(0x30, Buffer.concat(parts));
}
function oid(text: string): Buffer {
	const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
	const bytes = [40 * first + second];
	for (const part of rest) {
		const groups = [part & 0x7f];
		for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
		bytes.push(...groups);
	}
	return der(0x06, bytes);
}
function nameOf(commonName: string): Buffer {
	return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}
/** UTCTime up to 2049, GeneralizedTime from then on. Source: RFC 5280 §4.1.2.5. */
function time(ms: number): Buffer {
	const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
	return text < "2050" ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}
function extension(id: string, critical: boolean, value: Buffer): Buffer {
	return sequence(oid(id), ...(critical ? [der(0x01, [0xff])] : []), der(0x04, value));
}
