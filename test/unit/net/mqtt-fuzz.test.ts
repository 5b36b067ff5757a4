import { utf8 } from "../../../modules/core/bytes.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { ScriptRig } from "../../support/script-tcp.js";
import { runsOf, seedOf } from "../../support/seed.js";

/** Most bytes that the client may ask for in one read: what it takes in must not hang on what a server sends. */
const CHUNK_MOST = 256;

/** How the exchange ended; everything must be closed then. */
function end(rig: ScriptRig, what: string): string {
	rig.run();
	const ends = rig.log.lines.filter((line) => /^(idle|failed|deferred)/.test(line));
	assert.equal(ends.length, 1, `${what}: ends ${ends.join(", ")}`);
	assert.equal(rig.log.lines.at(-1), ends[0], `${what}: nothing comes behind the end`);
	for (const tcp of rig.sockets) {
		assert.ok(tcp.isClosed, `${what}: a connection is open`);
		assert.ok(tcp.largestRead <= CHUNK_MOST, `${what}: reads ${tcp.largestRead} bytes at once`);
	}
	assert.equal(rig.timers.open, 0, `${what}: timers`);
	rig.log.lines.length = 0;
	return ends[0]!;
}

/** Packets that a server may send, some of them wrong; the first is always CONNACK. */
function conversation(version: 5 | 4, random: Seeded): number[] {
	const v5 = version === 5;
	const out: number[] = [];
	const packet = (first: number, body: readonly number[]) => out.push(first, body.length, ...body);
	const text = (value: string) => [0, value.length, ...utf8(value)];
	const properties = (...bytes: number[]) => (v5 ? [bytes.length, ...bytes] : []);
	const limits = [
		[],
		[0x21, 0, 2],
		[0x21, 0, 1, 0x22, 0, 4],
		[0x24, 1, 0x25, 0],
		[0x27, 0, 0, 0, 60],
		[0x13, 0, 1],
		[0x12, ...text("n2"), 0x1f, ...text("why"), 0x26, ...text("a"), ...text("b")],
	];
	packet(0x20, [
		random.real() < 0.2 ? 1 : 0,
		random.real() < 0.9 ? 0 : v5 ? 0x89 : 3,
		...properties(...limits[random.between(0, 6)]!),
	]);
	let id = 1;
	for (let more = random.between(0, 8); more > 0; more--)
		switch (random.between(0, 8)) {
			case 0:
				packet(0xd0, []);
				break;
			case 1:
				packet(0x30, [...text("c/n1"), ...properties(), 1, 2, 3]);
				break;
			case 2:
				packet(0x32, [...text("c/n1"), 0, random.between(0, 9), ...properties(2, 0, 0, 0, 9), 1, 2, 3]);
				break;
			case 3:
				packet(0x90, [0, random.between(1, 3), ...properties(), random.between(0, 2)]);
				break;
			case 4:
				packet(0xe0, v5 ? [random.real() < 0.5 ? 0x8e : 0x8b, 0] : []);
				break;
			default:
				packet(0x40, [0, id++, ...(v5 && random.real() < 0.3 ? [random.real() < 0.5 ? 0x10 : 0x97] : [])]);
		}
	return out;
}

/** Makes a conversation wrong in some place, or several. */
function mutated(bytes: readonly number[], random: Seeded): number[] {
	const out = [...bytes];
	for (let more = random.between(1, 4); more > 0; more--) {
		const at = random.between(0, Math.max(0, out.length - 1));
		switch (random.between(0, 7)) {
			case 0:
				out[at] = (out[at] ?? 0) ^ (1 << random.between(0, 7));
				break;
			case 1:
				out[at] = random.u32() & 255;
				break;
			case 2:
				out.splice(at, random.between(1, 4));
				break;
			case 3:
				out.splice(at, 0, random.u32() & 255);
				break;
			case 4:
				out.splice(at, 0, ...out.slice(at, at + random.between(1, 12)));
				break;
			case 5:
				out.length = at;
				break;
			case 6:
				out[at] = [0xff, 0x80, 0x7f, 0x00][random.between(0, 3)]!;
				break;
			default:
				out.push(...Array.from({ length: random.between(1, 30) }, () => random.u32() & 255));
		}
	}
	return out;
}

/** One exchange against bytes in pieces. */
function against(
	rig: ScriptRig,
	bytes: readonly number[],
	pieces: () => number,
	rooms: () => number,
	what: string,
): string {
	rig.open();
	let served = -1;
	let at = 0;
	for (let turns = 0; turns < 2000 && at < bytes.length; turns++) {
		const tcp = rig.sockets.at(-1);
		if (!tcp || tcp.isClosed) break;
		// A client may try again on another connection: it gets the same bytes from the start.
		if (rig.sockets.length !== served) at = 0;
		served = rig.sockets.length;
		tcp.writable(rooms());
		const count = Math.min(pieces(), bytes.length - at);
		const piece = Uint8Array.from(bytes.slice(at, at + count));
		at += count;
		tcp.receive(piece);
		while (rig.scheduler.advance(rig.scheduler.now));
	}
	const last = rig.sockets.at(-1);
	last?.writable(1000);
	return end(rig, what);
}

describe("mqtt client, fuzzed", () => {
	const seed = seedOf(4711);
	for (const version of [5, 4] as const) {
		it(`mqtt client: version ${version}, seed ${seed}, random bytes, always an end with a reason`, () => {
			const random = new Seeded(seed);
			for (let run = 0; run < runsOf(3000); run++) {
				const rig = new ScriptRig({ version });
				const bytes = Array.from({ length: random.between(0, 80) }, () => random.u32() & 255);
				if (random.real() < 0.5) bytes.unshift(0x20, version === 5 ? 3 : 2, 0, 0, ...(version === 5 ? [0] : []));
				against(
					rig,
					bytes,
					() => random.between(1, 20),
					() => random.between(1, 200),
					`run ${run}: ${bytes}`,
				);
			}
		});

		it(`mqtt client: version ${version}, seed ${seed}, altered conversations, then a sound exchange`, () => {
			const random = new Seeded(seed + version);
			const ends = new Map<string, number>();
			const runs = runsOf(6000);
			for (let run = 0; run < runs; run++) {
				const downlinks = random.real() < 0.5 ? { window: random.between(0, 2) } : undefined;
				const rig = new ScriptRig({ version, keepAlive: random.between(0, 1), ...(downlinks ? { downlinks } : {}) });
				rig.log.verdict = [true, false, undefined][random.between(0, 2)];
				const sound = conversation(version, random);
				const bytes = random.real() < 0.1 ? sound : mutated(sound, random);
				const what = `run ${run}: ${bytes}`;
				const most = random.real() < 0.3 ? 1 : 40;
				const room = random.real() < 0.3 ? 1 : 300;
				const pieces = () => random.between(1, most);
				const rooms = () => random.between(1, room);
				const ended = against(rig, bytes, pieces, rooms, what);
				ends.set(ended, (ends.get(ended) ?? 0) + 1);
				// Whatever came, it must not reach beyond its exchange: the node sleeps, and goes on.
				rig.sleep();
				const next = mutated(conversation(version, random), random);
				against(rig, next, pieces, rooms, `${what}, then ${next}`);
				const tcp = rig.open();
				tcp?.writable(1000);
				tcp?.lose();
				assert.ok(/^(idle|failed|deferred)/.test(end(rig, `${what}, then ${next}, then`)), what);
			}
			if (runs < 1000) return; // a thirtieth of it need not see each end
			for (const end of ["idle", "failed protocol", "failed refused", "failed timeout"])
				assert.ok((ends.get(end) ?? 0) > 20, `${end}: ${ends.get(end)} of ${runs}`);
		});

		it(`mqtt client: version ${version}, seed ${seed}, any bytes for what it retained, refused or an exchange like any other`, () => {
			const random = new Seeded(seed + 2 * version);
			let taken = 0;
			for (let run = 0; run < runsOf(3000); run++) {
				const rig = new ScriptRig({ version, ...(random.real() < 0.5 ? { downlinks: {} } : {}) });
				if (random.real() < 0.5)
					against(
						rig,
						conversation(version, random),
						() => 40,
						() => 300,
						`run ${run}`,
					);
				const bytes = new Uint8Array(128);
				const length = rig.uplink.retain(new DataView(bytes.buffer));
				assert.ok(length <= 128, `retains ${length} bytes`);
				for (let more = random.between(1, 12); more > 0; more--)
					bytes[random.between(0, Math.max(length, 40))] = random.u32() & 255;
				const what = `run ${run}: ${bytes}`;
				rig.sleep();
				if (rig.uplink.restore(new DataView(bytes.buffer, 0, random.between(0, 128)), rig.uplink.retainedVersion))
					taken++;
				against(
					rig,
					conversation(version, random),
					() => 40,
					() => 300,
					what,
				);
			}
			assert.ok(taken > 0, "all was refused");
		});

		it(`mqtt client: version ${version}, sound conversations split at every place, the same events`, () => {
			const random = new Seeded(seed);
			let splits = 0;
			for (let run = 0; run < runsOf(40); run++) {
				const bytes = conversation(version, random);
				const whole = new ScriptRig({ version });
				const rooms = () => 1000;
				const ended = against(whole, bytes, () => bytes.length, rooms, `run ${run} whole`);
				for (let at = 1; at < bytes.length; at++) {
					const rig = new ScriptRig({ version });
					let first = true;
					const pieces = () => {
						const count = first ? at : bytes.length;
						first = false;
						return count;
					};
					assert.equal(
						against(rig, bytes, pieces, rooms, `run ${run} split at ${at}: ${bytes}`),
						ended,
						`${bytes} at ${at}`,
					);
					splits++;
				}
			}
			assert.ok(splits >= runsOf(40) * 4, `only ${splits} splits`);
		});

		it(`mqtt client: version ${version}, a packet that says it is 268 MB long, refused at its header`, () => {
			for (const first of [0x20, 0x30, 0x32, 0x40, 0x90]) {
				const rig = new ScriptRig({ version });
				const connack = version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0];
				const bytes = [...(first === 0x20 ? [] : connack), first, 0xff, 0xff, 0xff, 0x7f, 0];
				assert.equal(
					against(
						rig,
						bytes,
						() => 1,
						() => 1000,
						`${first}`,
					),
					"failed protocol",
				);
			}
		});

		it(`mqtt client: version ${version}, endless chatter, ended by the deadline and nothing kept`, () => {
			const rig = new ScriptRig({ version });
			const connack = version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0];
			const tcp = rig.open()!;
			tcp.writable(1000);
			tcp.receive(Uint8Array.from(connack));
			const chatter = Uint8Array.from({ length: 512 }, (_, at) => (at % 2 ? 0x00 : 0xd0));
			for (let n = 0; n < runsOf(2000) && !tcp.isClosed; n++) tcp.receive(chatter);
			assert.equal(tcp.isClosed, false, "PINGRESPs that nobody asked for end nothing");
			assert.equal(end(rig, "chatter"), "failed timeout");
		});
	}
});
