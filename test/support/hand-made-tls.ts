import {
	createCipheriv,
	createDecipheriv,
	createECDH,
	createHash,
	createHmac,
	createPublicKey,
	diffieHellman,
	generateKeyPairSync,
	randomBytes,
	sign,
	X509Certificate,
} from "node:crypto";
import * as net from "node:net";

/**
 * A TLS server made by hand, up to where the client has to decide whether it trusts it: because no TLS library sends what
 * a hostile server sends. Source: RFC 5246 §7.4, RFC 8422 §5 (1.2), RFC 8446 §4, §5, §7 (1.3).
 */
export interface HandMadeOptions {
	readonly version: 1.1 | 1.2 | 1.3;
	/** PEM. */
	readonly certificate: string;
	/** What it signs its key exchange with, in PEM: the certificate's key, or another one. */
	readonly key: string;
	/** Sends no more than so many bytes of its first flight. */
	readonly cutAt?: number;
	/** Closes after that, instead of waiting for ever. */
	readonly closes?: boolean;
}

/** What a client sent after the server's flight. */
export interface Answer {
	/** `alert N`, `finished` (1.3), `key exchange` (1.2), `no TLS 1.3` when it does not speak that, or what else. */
	readonly what: string;
}

/** A listening hand-made server. */
export class HandMadeTls {
	/** Bytes of a whole first flight, once one was made. */
	flightLength = 0;
	/** Connections so far. */
	connections = 0;
	/** All that clients sent, in order. */
	readonly received: Buffer[] = [];
	/** The first that the client said after the flight; never, when it says nothing. */
	readonly answer: Promise<Answer>;
	readonly #server: net.Server;
	readonly #sockets = new Set<net.Socket>();
	#told = false;
	#answered!: (answer: Answer) => void;

	private constructor(options: HandMadeOptions) {
		this.answer = new Promise((resolve) => {
			this.#answered = resolve;
		});
		this.#server = net.createServer((socket) => this.#serve(socket, options));
	}
	/** @param port by default any that is free, on loopback */
	static async listen(options: HandMadeOptions, port = 0): Promise<HandMadeTls> {
		const self = new HandMadeTls(options);
		await new Promise<void>((resolve) => self.#server.listen(port, "127.0.0.1", resolve));
		return self;
	}
	get port(): number {
		return (this.#server.address() as net.AddressInfo).port;
	}
	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#serve(socket: net.Socket, options: HandMadeOptions) {
		this.connections++;
		this.#sockets.add(socket);
		let raw = Buffer.alloc(0);
		let open: ((record: Buffer) => Answer) | undefined;
		socket.on("error", () => {});
		socket.on("close", () => this.#sockets.delete(socket));
		socket.on("data", (bytes) => {
			this.received.push(bytes);
			raw = Buffer.concat([raw, bytes]);
			while (raw.length >= 5 && raw.length >= 5 + raw.readUInt16BE(3)) {
				const record = raw.subarray(0, 5 + raw.readUInt16BE(3));
				raw = raw.subarray(record.length);
				if (open) {
					if (record[0] === CHANGE_CIPHER_SPEC || this.#told) continue; // later ones have other keys
					this.#told = true;
					this.#answered(open(record));
					continue;
				}
				const made = options.version === 1.3 ? flight13(record, options) : flight12(record, options);
				if (!made) {
					this.#answered({ what: "no TLS 1.3" });
					socket.end();
					return;
				}
				this.flightLength = made.bytes.length;
				socket.write(made.bytes.subarray(0, options.cutAt));
				if (options.closes) socket.end();
				open = made.open;
			}
		});
	}
}

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION = 23;

interface Flight {
	readonly bytes: Buffer;
	/** Reads the client's answer. */
	open(record: Buffer): Answer;
}

/** ServerHello, Certificate, ServerKeyExchange, ServerHelloDone. */
function flight12(hello: Buffer, { version, certificate, key }: HandMadeOptions): Flight {
	const clientRandom = hello.subarray(11, 43);
	const serverRandom = randomBytes(32);
	const legacy = version === 1.1 ? 0x0302 : 0x0303;
	const extensions = Buffer.concat([extension(0xff01, Buffer.of(0)), extension(0x000b, Buffer.of(1, 0))]);
	const suite = version === 1.1 ? 0xc009 : 0xc02b; // ECDHE-ECDSA with AES-128, in CBC or GCM
	const serverHello = [u16(legacy), serverRandom, Buffer.of(0), u16(suite), Buffer.of(0), sized(2, extensions)];
	const ecdh = createECDH("prime256v1");
	const parameters = Buffer.concat([Buffer.of(3), u16(23), sized(1, ecdh.generateKeys())]); // the named curve P-256
	const signature = sign("sha256", Buffer.concat([clientRandom, serverRandom, parameters]), key);
	const chain = sized(3, sized(3, new X509Certificate(certificate).raw));
	const messages = [
		handshake(2, ...serverHello),
		handshake(11, chain),
		handshake(12, parameters, u16(0x0403), sized(2, signature)),
		handshake(14),
	];
	return {
		bytes: Buffer.concat(messages.map((message) => record(HANDSHAKE, message, legacy))),
		open: (answer) => told(answer[0]!, answer.subarray(5)),
	};
}

/** Undefined when the client has no TLS 1.3. ServerHello, and encrypted: EncryptedExtensions, Certificate, CertificateVerify, Finished. */
function flight13(hello: Buffer, { certificate, key }: HandMadeOptions): Flight | undefined {
	const clientHello = hello.subarray(5);
	const sessionId = clientHello.subarray(39, 39 + clientHello[38]!);
	const theirs = keyShare(clientHello);
	if (!theirs) return undefined;
	const ours = generateKeyPairSync("x25519");
	const spki = ours.publicKey.export({ type: "spki", format: "der" });
	const shared = diffieHellman({
		privateKey: ours.privateKey,
		publicKey: createPublicKey({
			key: Buffer.concat([spki.subarray(0, spki.length - 32), theirs]),
			format: "der",
			type: "spki",
		}),
	});
	const extensions = Buffer.concat([
		extension(0x002b, u16(0x0304)),
		extension(0x0033, Buffer.concat([u16(0x001d), sized(2, spki.subarray(-32))])),
	]);
	const parts = [u16(0x0303), randomBytes(32), sized(1, sessionId), u16(0x1301), Buffer.of(0), sized(2, extensions)];
	const serverHello = handshake(2, ...parts);
	const early = extract(Buffer.alloc(32), Buffer.alloc(32));
	const secret = extract(label(early, "derived", hash(), 32), shared);
	const server = label(secret, "s hs traffic", hash(clientHello, serverHello), 32);
	const client = label(secret, "c hs traffic", hash(clientHello, serverHello), 32);

	const encrypted = handshake(8, u16(0));
	const chain = Buffer.concat([sized(3, new X509Certificate(certificate).raw), u16(0)]);
	const certificates = handshake(11, Buffer.of(0), sized(3, chain));
	const context = Buffer.concat([Buffer.alloc(64, 0x20), Buffer.from("TLS 1.3, server CertificateVerify\0")]);
	const proven = Buffer.concat([context, hash(clientHello, serverHello, encrypted, certificates)]);
	const verify = handshake(15, u16(0x0403), sized(2, sign("sha256", proven, key)));
	const all = hash(clientHello, serverHello, encrypted, certificates, verify);
	const finished = handshake(
		20,
		createHmac("sha256", label(server, "finished", EMPTY, 32))
			.update(all)
			.digest(),
	);
	const inner = Buffer.concat([encrypted, certificates, verify, finished, Buffer.of(HANDSHAKE)]);
	return {
		bytes: Buffer.concat([record(HANDSHAKE, serverHello, 0x0303), seal(server, inner)]),
		open(answer) {
			if (answer[0] !== APPLICATION) return told(answer[0]!, answer.subarray(5));
			let plain = unseal(client, answer);
			while (plain.at(-1) === 0) plain = plain.subarray(0, -1); // padding: RFC 8446 §5.4
			return told(plain.at(-1)!, plain.subarray(0, -1));
		},
	};
}

function told(type: number, body: Buffer): Answer {
	if (type === ALERT) return { what: `alert ${body[1]}` };
	if (type === HANDSHAKE && body[0] === 16) return { what: "key exchange" };
	if (type === HANDSHAKE && (body[0] === 20 || body[0] === 11)) return { what: "finished" };
	return { what: `record of type ${type}` };
}

/** The client's key for X25519; undefined when it does not speak TLS 1.3. */
function keyShare(hello: Buffer): Buffer | undefined {
	let at = 39 + hello[38]!;
	at += 2 + hello.readUInt16BE(at);
	at += 1 + hello[at]!;
	for (at += 2; at < hello.length; at += 4 + hello.readUInt16BE(at + 2)) {
		if (hello.readUInt16BE(at) !== 0x0033) continue;
		const end = at + 4 + hello.readUInt16BE(at + 2);
		for (let share = at + 6; share < end; share += 4 + hello.readUInt16BE(share + 2))
			if (hello.readUInt16BE(share) === 0x001d) return hello.subarray(share + 4, share + 36);
	}
	return undefined;
}

function seal(secret: Buffer, inner: Buffer): Buffer {
	const head = Buffer.concat([Buffer.of(APPLICATION, 3, 3), u16(inner.length + 16)]);
	const cipher = createCipheriv("aes-128-gcm", label(secret, "key", EMPTY, 16), label(secret, "iv", EMPTY, 12));
	cipher.setAAD(head);
	return Buffer.concat([head, cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
}
function unseal(secret: Buffer, sealed: Buffer): Buffer {
	const cipher = createDecipheriv("aes-128-gcm", label(secret, "key", EMPTY, 16), label(secret, "iv", EMPTY, 12));
	cipher.setAAD(sealed.subarray(0, 5));
	cipher.setAuthTag(sealed.subarray(-16));
	return Buffer.concat([cipher.update(sealed.subarray(5, -16)), cipher.final()]);
}
function extract(salt: Buffer, secret: Buffer): Buffer {
	return createHmac("sha256", salt).update(secret).digest();
}
/** HKDF-Expand-Label: RFC 8446 §7.1. */
function label(secret: Buffer, name: string, context: Buffer, length: number): Buffer {
	const info = Buffer.concat([u16(length), sized(1, Buffer.from(`tls13 ${name}`)), sized(1, context)]);
	return createHmac("sha256", secret).update(info).update(Buffer.of(1)).digest().subarray(0, length); // one block is enough
}
function hash(...parts: Buffer[]): Buffer {
	return createHash("sha256").update(Buffer.concat(parts)).digest();
}
function handshake(type: number, ...parts: Buffer[]): Buffer {
	return Buffer.concat([Buffer.of(type), sized(3, Buffer.concat(parts))]);
}
function record(type: number, body: Buffer, version: number): Buffer {
	return Buffer.concat([Buffer.of(type), u16(version), sized(2, body)]);
}
function extension(type: number, body: Buffer): Buffer {
	return Buffer.concat([u16(type), sized(2, body)]);
}
function u16(value: number): Buffer {
	return Buffer.of(value >> 8, value & 0xff);
}
/** Bytes behind their length, which takes so many bytes. */
function sized(size: number, body: Buffer): Buffer {
	const length = Buffer.alloc(size);
	length.writeUIntBE(body.length, 0, size);
	return Buffer.concat([length, body]);
}

const EMPTY = Buffer.alloc(0);
