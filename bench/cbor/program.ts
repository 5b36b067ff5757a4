import type { EngineSlot } from "../../sim/engine/engine.js";
import type { Codec } from "./codec.js";
import { messages } from "./messages.js";

/** What the host asks and is told. */
export const Ask = Object.freeze({ job: 1, start: 2, end: 3, bytes: 4 });

/** On XS: does one job, (message, 0 encode or 1 decode, times), and tells the host when. */
export function perform(engine: EngineSlot, codec: Codec): void {
	const request = new Uint8Array(1024);
	request[0] = Ask.job;
	const job = engine.call(request, 1);
	const message = messages[job[0]!]!;
	const times = job[2]! * 256 + job[3]!;
	const bytes = codec.encode(message);
	const value = codec.decode(message, bytes);
	if (JSON.stringify(value) !== JSON.stringify(message.value)) throw new Error(`${JSON.stringify(value)} was decoded`);
	request[0] = Ask.bytes;
	request.set(bytes, 1);
	engine.call(request, 1 + bytes.length);
	request[0] = Ask.start;
	engine.call(request, 1);
	if (job[1] === 0) for (let n = 0; n < times; n++) codec.encode(message);
	else for (let n = 0; n < times; n++) codec.decode(message, bytes);
	request[0] = Ask.end;
	engine.call(request, 1);
}
