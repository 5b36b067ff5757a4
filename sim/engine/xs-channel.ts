import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** The XS host process is gone, or does not keep to the protocol. */
export class ChannelLost extends Error {
	override readonly name = "ChannelLost";
}

/**
 * A process of the XS host, spoken to synchronously over two pipes. Messages are `[u32 length, u8 type, body]`,
 * little-endian; the length counts all of it. The process ends when this side of the pipes closes, however that comes.
 */
export class Channel {
	readonly #child: ChildProcess;
	#out: number;
	#in: number;
	#buffer: Buffer = Buffer.allocUnsafeSlow(16_384);
	#start = 0;
	#end = 0;
	#sending: Buffer = Buffer.allocUnsafeSlow(16_384);

	/** @param host the executable */
	constructor(host: string) {
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), "dormouse-xs-"));
		const opened: number[] = [];
		const open = (file: string, flags: number): number => {
			const descriptor = fs.openSync(file, flags);
			opened.push(descriptor);
			return descriptor;
		};
		try {
			const names = [path.join(folder, "to"), path.join(folder, "from")] as const;
			execFileSync("mkfifo", names);
			// opened for both directions first, so that no opening waits for the other end
			const [to, from] = names.map((name) => {
				const both = open(name, fs.constants.O_RDWR);
				const ends = { read: open(name, fs.constants.O_RDONLY), write: open(name, fs.constants.O_WRONLY) };
				fs.closeSync(both);
				opened.splice(opened.indexOf(both), 1);
				return ends;
			}) as [{ read: number; write: number }, { read: number; write: number }];
			this.#child = spawn(host, ["3", "4"], { stdio: ["ignore", "ignore", "inherit", to.read, from.write] });
			this.#child.on("error", () => {}); // shows as the end of input
			this.#child.unref();
			fs.closeSync(to.read);
			fs.closeSync(from.write);
			this.#out = to.write;
			this.#in = from.read;
		} catch (error) {
			for (const descriptor of opened) fs.closeSync(descriptor);
			throw error;
		} finally {
			fs.rmSync(folder, { recursive: true, force: true });
		}
	}

	/** Of the process, for tests and figures. */
	get pid(): number | undefined {
		return this.#child.pid;
	}

	get isOpen(): boolean {
		return this.#in >= 0;
	}

	/** @throws {ChannelLost} */
	send(type: number, head: Uint8Array, body: Uint8Array = NOTHING): void {
		const length = 5 + head.length + body.length;
		if (this.#sending.length < length) this.#sending = Buffer.allocUnsafeSlow(2 * length);
		const out = this.#sending;
		out.writeUInt32LE(length, 0);
		out[4] = type;
		out.set(head, 5);
		out.set(body, 5 + head.length);
		try {
			for (let at = 0; at < length; ) at += fs.writeSync(this.#out, out, at, length - at);
		} catch {
			this.#lose("it does not take input");
		}
	}

	/**
	 * Waits for a message.
	 * @returns its type and body; the body lives until the next call
	 * @throws {ChannelLost}
	 */
	receive(): { type: number; body: Buffer } {
		this.#fill(4);
		const length = this.#buffer.readUInt32LE(this.#start);
		this.#fill(length);
		const at = this.#start;
		this.#start += length;
		return { type: this.#buffer[at + 4]!, body: this.#buffer.subarray(at + 5, at + length) };
	}

	#fill(needed: number): void {
		while (this.#end - this.#start < needed) {
			if (this.#start > 0) {
				this.#buffer.copyWithin(0, this.#start, this.#end);
				this.#end -= this.#start;
				this.#start = 0;
			}
			if (this.#buffer.length < needed) {
				const larger = Buffer.allocUnsafeSlow(2 * needed);
				larger.set(this.#buffer.subarray(0, this.#end));
				this.#buffer = larger;
			}
			let got = 0;
			try {
				got = fs.readSync(this.#in, this.#buffer, this.#end, this.#buffer.length - this.#end, null);
			} catch {
				// treated as the end of input
			}
			if (got === 0) this.#lose("it ended without a word");
			this.#end += got;
		}
	}

	#lose(why: string): never {
		this.close();
		throw new ChannelLost(`the XS host process is gone: ${why}`);
	}

	/** Ends the process. Idempotent. */
	close(): void {
		if (this.#in < 0) return;
		fs.closeSync(this.#in);
		fs.closeSync(this.#out);
		this.#in = this.#out = -1;
		this.#child.kill("SIGKILL"); // it may be in a loop; there is nothing in it to save
	}
}

const NOTHING = new Uint8Array(0);
