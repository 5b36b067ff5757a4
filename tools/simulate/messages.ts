import { toHex } from "../../modules/core/bytes.js";
import type { About, Output } from "./output.js";

/** What the node sends and nothing else: a line a message with time, topic and hex, as `dormouse decode` reads it. */
export class MessagesOutput implements Output {
	begin({ notices }: About): void {
		for (const notice of notices) process.stderr.write(`Note: ${notice}.\n`);
	}
	wake(): void {}
	message(topic: string, payload: Uint8Array, atMs: number): void {
		process.stdout.write(`${new Date(atMs).toISOString()} ${topic} ${toHex(payload)}\n`);
	}
	records(): void {}
	end(): void {}
}
