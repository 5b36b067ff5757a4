import { toHex } from "../../../modules/core/bytes.js";
import { CellId } from "../../../modules/store/log.js";
import type { LorawanOptions } from "../../../net/lorawan/lorawan.js";
import type { Region } from "../../../net/lorawan/region.js";
import { as923 } from "../../../net/lorawan/region-as923.js";
import { au915 } from "../../../net/lorawan/region-au915.js";
import { cn470 } from "../../../net/lorawan/region-cn470.js";
import { eu868 } from "../../../net/lorawan/region-eu868.js";
import { in865 } from "../../../net/lorawan/region-in865.js";
import { kr920 } from "../../../net/lorawan/region-kr920.js";
import { us915 } from "../../../net/lorawan/region-us915.js";
import { Word } from "../../../net/lorawan/state.js";
import { Seeded } from "../../../sim/seeded.js";
import * as assert from "../../assert.js";
import { LoraRig, type NextDownlink, type Uplinked } from "../../support/lorawan.js";

const HOUR = 3_600_000;

/** A node that has joined and sent one frame. */
function joined(options: Partial<LorawanOptions> = {}, before: (rig: LoraRig) => void = () => {}): LoraRig {
	const rig = new LoraRig(new Seeded(3), { region: eu868, ...options });
	before(rig);
	rig.queue = [Uint8Array.of(0)];
	const { end } = rig.exchange();
	assert.equal(end, "idle", "the join");
	forget(rig);
	return rig;
}
function forget(rig: LoraRig) {
	rig.air.uplinks.length = rig.air.windows.length = rig.server.payloads.length = 0;
}
/** One exchange after an hour of deep sleep, with one frame of one byte, and what the server answers to it. */
function send(rig: LoraRig, next?: NextDownlink, payload = Uint8Array.of(0xaa)) {
	rig.sleep(HOUR);
	forget(rig);
	rig.queue.push(payload);
	rig.server.next = next;
	const outcome = rig.exchange();
	const { uplinks, windows } = rig.air;
	return { outcome, uplinks: [...uplinks], windows: [...windows], payloads: [...rig.server.payloads] };
}
/** What the node answers to MAC commands, as hexadecimal digits. */
function answersTo(rig: LoraRig, commands: readonly number[]): string {
	send(rig, { fOpts: Uint8Array.from(commands) });
	return toHex(send(rig).payloads[0]!.fOpts);
}
const frequencies = (uplinks: readonly Uplinked[]) => uplinks.map(({ how }) => how.frequencyHz / 1e6);
/** Frequencies of so many frames. */
function hops(rig: LoraRig, count: number): number[] {
	const seen: number[] = [];
	for (let n = 0; n < count; n++) seen.push(...frequencies(send(rig).uplinks));
	return seen;
}
const kHz = (mhz: number) =>
	[mhz * 10_000, (mhz * 10_000) / 256, (mhz * 10_000) / 65_536].map((each) => Math.floor(each) & 255);
const rateOf = (rig: LoraRig, uplink: Uplinked) => rig.server.rateOf(uplink.how);

describe("lorawan conformance: TS001-1.0.4", () => {
	describe("§3.3, receive windows", () => {
		it("RX1 on the uplink's channel and data rate, RX2 on 869.525 MHz at SF12; 1 s and 2 s after the uplink", () => {
			const { uplinks, windows } = send(joined());
			const [uplink] = uplinks as [Uplinked];
			const end = uplink.startMs + uplink.airtime;
			assert.equal(windows.length, 2);
			const [rx1, rx2] = windows as [(typeof windows)[0], (typeof windows)[0]];
			assert.equal(rx1.how.frequencyHz, uplink.how.frequencyHz);
			assert.equal(rx1.how.spreadingFactor, uplink.how.spreadingFactor);
			assert.ok(rx1.how.invertIq && !uplink.how.invertIq);
			assert.equal(rx2.how.frequencyHz, 869_525_000);
			assert.equal(rx2.how.spreadingFactor, 12);
			// The window's middle is the preamble's: four symbols after it begins.
			for (const [window, delay] of [
				[rx1, 1000],
				[rx2, 2000],
			] as const) {
				const symbol = 2 ** window.how.spreadingFactor / 125;
				assert.near(window.atMs + (window.symbols * symbol) / 2, end + delay + 4 * symbol, 1e-6);
				assert.ok(window.symbols >= 6 && window.symbols * symbol >= 2 * (2 + delay / 2000) - 1e-6);
			}
		});
		it("a downlink in RX1: RX2 stays closed; one in RX2 is taken as well", () => {
			const rig = joined();
			const first = send(rig, { payload: Uint8Array.of(1), window: 1 });
			assert.equal(first.windows.length, 1);
			assert.deepEqual(first.outcome.downlinks, ["01"]);
			const second = send(rig, { payload: Uint8Array.of(2), window: 2 });
			assert.equal(second.windows.length, 2);
			assert.deepEqual(second.outcome.downlinks, ["02"]);
		});
		for (const pace of [0.9995, 1, 1.0005])
			for (let rate = 0; rate <= 5; rate++)
				it(`a clock at ${pace}, the longest delay, DR${rate}: windows are wide enough`, () => {
					const rig = joined({}, (made) => {
						made.server.rxDelay = 15;
						made.server.dlSettings = rate;
						made.pace = pace;
					});
					send(rig, { fOpts: Uint8Array.of(3, (rate << 4) | 15, 7, 0, 1) });
					for (const window of [1, 2] as const) {
						const { outcome, uplinks } = send(rig, { payload: Uint8Array.of(window), window });
						assert.equal(rateOf(rig, uplinks[0]!), rate);
						assert.deepEqual(outcome.downlinks, [`0${window}`]);
					}
				});
		it("ten times the drift that was declared, the longest delay at SF7: missed, so that the width is no accident", () => {
			const rig = joined({}, (made) => {
				made.server.rxDelay = 15;
			});
			send(rig, { fOpts: Uint8Array.of(3, 0x5f, 7, 0, 1) });
			send(rig);
			rig.pace = 1.005;
			assert.deepEqual(send(rig, { payload: Uint8Array.of(1), window: 1 }).outcome.downlinks, []);
		});
		it("drift that was declared is covered", () => {
			const rig = joined({ drift: 5000 }, (made) => {
				made.server.rxDelay = 15;
				made.pace = 1.005;
			});
			assert.deepEqual(send(rig, { payload: Uint8Array.of(1), window: 1 }).outcome.downlinks, ["01"]);
		});
		it("somebody else's frame in RX1: RX2 is opened, and the node's own is taken there", () => {
			const rig = joined();
			const { server, air } = rig;
			const { received } = air;
			air.received = (uplink) => {
				received(uplink);
				const other = server.sent.at(-1)!.slice();
				other[1]! ^= 1; // another address
				air.send(uplink.startMs + uplink.airtime + 1000, server.window(uplink, 1, false), other);
			};
			const { outcome, windows } = send(rig, { payload: Uint8Array.of(5), window: 2 });
			assert.equal(windows.length, 2);
			assert.deepEqual(outcome.downlinks, ["05"]);
		});
	});

	describe("§4.3.1.1, adaptive data rate", () => {
		it("no downlink: ADRACKReq from 64 on, power at 96, data rates from 128 on, each 32 frames; a downlink ends it", function () {
			this.timeout(60_000);
			const rig = joined();
			rig.server.loses = () => true; // LinkChecks are not answered either
			send(rig, { fOpts: Uint8Array.of(3, 0x24, 7, 0, 1) });
			rig.server.loses = () => false;
			send(rig, { fOpts: Uint8Array.of(3, 0x24, 7, 0, 2) }); // DR2, 8 dB less, twice each
			rig.server.loses = () => true;
			const { words } = rig.client.mac;
			assert.equal(words[Word.quiet], 0);
			const flags: boolean[] = [];
			const rates: number[] = [];
			const powers: number[] = [];
			const times: number[] = [];
			for (let n = 0; n < 200; n++) {
				rig.client.mac.words[Word.silent] = 0; // no rejoin here
				const { uplinks, payloads } = send(rig);
				flags.push(payloads[0]!.frame.adrAckReq);
				rates.push(rateOf(rig, uplinks[0]!));
				powers.push(uplinks[0]!.how.powerDbm);
				times.push(uplinks.length);
			}
			// The n-th frame after the last downlink goes with ADRACKCnt n.
			assert.equal(flags.indexOf(true), 64);
			assert.ok(flags.slice(64).every((flag) => flag));
			assert.deepEqual([powers[95], powers[96]], [5, 13]);
			assert.deepEqual([rates[127], rates[128], rates[159], rates[160]], [2, 1, 1, 0]);
			assert.deepEqual([times[0], times[191], times[192]], [2, 2, 1]);
			rig.server.loses = () => false;
			send(rig);
			assert.equal(send(rig).payloads[0]!.frame.adrAckReq, false);
		});
		it("without ADR: the bit is not set, and silence changes nothing", () => {
			const rig = joined({ adr: false });
			for (let n = 0; n < 3; n++) assert.equal(send(rig).payloads[0]!.frame.adr, false);
			rig.client.mac.words[Word.quiet] = 200;
			const { uplinks, payloads } = send(rig);
			assert.equal(payloads[0]!.frame.adrAckReq, false);
			assert.equal(rateOf(rig, uplinks[0]!), 5);
		});
	});

	describe("§4.3.1.2, acknowledgement", () => {
		it("a confirmed downlink that was taken: an uplink at once, with ACK, empty where nothing else waits", () => {
			const { outcome, uplinks, payloads } = send(joined(), { payload: Uint8Array.of(7), confirmed: true });
			assert.equal(outcome.end, "idle");
			assert.equal(uplinks.length, 2);
			assert.deepEqual(
				payloads.map(({ frame, port, payload }) => [frame.ack, port, toHex(payload)]),
				[
					[false, 1, "aa"],
					[true, -1, ""],
				],
			);
		});
		it("one that the node did not take: no ACK, and the server sends it again", () => {
			const rig = joined();
			rig.accepts = false;
			assert.equal(send(rig, { payload: Uint8Array.of(7), confirmed: true }).uplinks.length, 1);
			assert.equal(send(rig).payloads[0]!.frame.ack, false);
		});
		it("confirmed uplinks: delivered by the peer with its ACK; without one they fail and stay", () => {
			const rig = joined({ confirmed: true });
			assert.deepEqual(send(rig).outcome.delivered, ["aa peer"]);
			rig.server.deaf = true;
			const { outcome } = send(rig);
			assert.equal(outcome.end, "failed");
			assert.equal(outcome.code, "timeout");
			assert.deepEqual(outcome.delivered, []);
			rig.server.deaf = false;
			rig.queue.pop(); // the one that failed is still there
			assert.equal(send(rig).outcome.delivered.length, 1);
		});
		it("port 224 and those behind it: acknowledged, and nobody is told", () => {
			for (const port of [224, 225, 255]) {
				const { outcome, payloads } = send(joined(), { payload: Uint8Array.of(1), port, confirmed: true });
				assert.deepEqual(outcome.downlinks, []);
				assert.deepEqual(
					payloads.map(({ frame, payload }) => [frame.ack, payload.length]),
					[
						[false, 1],
						[true, 0],
					],
				);
			}
		});
		it("unconfirmed: delivered as sent", () => {
			assert.deepEqual(send(joined()).outcome.delivered, ["aa sent"]);
		});
	});

	describe("§4.3.1.3, repetitions", () => {
		it("NbTrans 3, no downlink: three times the same bytes, hopping, 1 to 3 s after RX2", () => {
			const rig = joined();
			send(rig, { fOpts: Uint8Array.of(3, 0xff, 7, 0, 3) });
			const { uplinks } = send(rig);
			assert.equal(uplinks.length, 3);
			const [a, b, c] = uplinks as [Uplinked, Uplinked, Uplinked];
			assert.ok(toHex(a.bytes) === toHex(b.bytes) && toHex(b.bytes) === toHex(c.bytes));
			assert.ok(new Set(frequencies(uplinks)).size > 1);
			const gap = b.startMs - a.startMs - a.airtime;
			assert.ok(gap > 3000 && gap < 6000, `${gap} ms`);
			assert.deepEqual(rig.server.reused, []);
		});
		it("a downlink after the first: no more of them", () => {
			const rig = joined();
			send(rig, { fOpts: Uint8Array.of(3, 0xff, 7, 0, 3) });
			assert.equal(send(rig, { payload: Uint8Array.of(1) }).uplinks.length, 1);
		});
	});

	describe("§4.3.1.5, frame counters", () => {
		it("FCntDown over 16 bits: taken; the last one again, an older one, one of another key: not", () => {
			const rig = joined();
			const { server } = rig;
			server.session!.fCntDown = 0xfffe;
			for (let n = 0; n < 4; n++) assert.equal(send(rig, { payload: Uint8Array.of(n) }).outcome.downlinks.length, 1);
			assert.equal(server.session!.fCntDown, 0x1_0002);
			server.session!.fCntDown = 0x1_0001;
			assert.equal(send(rig, { payload: Uint8Array.of(5) }).outcome.downlinks.length, 0, "the last one");
			server.session!.fCntDown = 3;
			assert.equal(send(rig, { payload: Uint8Array.of(5) }).outcome.downlinks.length, 0, "an old one");
			server.session!.fCntDown = 0x1_ffff;
			assert.equal(send(rig, { payload: Uint8Array.of(5) }).outcome.downlinks.length, 1, "a gap is no reason");
			server.session!.fCntDown = 0x3_0000;
			assert.equal(send(rig, { payload: Uint8Array.of(5) }).outcome.downlinks.length, 0, "two roll-overs");
		});
		it("after a power loss: FCntDown is remembered, FCntUp goes on in the next block", () => {
			const rig = joined();
			const { server } = rig;
			send(rig, { payload: Uint8Array.of(1) });
			const before = server.session!.fCntUp;
			rig.cut(1000);
			forget(rig);
			rig.queue.push(Uint8Array.of(2));
			server.session!.fCntDown--;
			server.next = { payload: Uint8Array.of(1) };
			const outcome = rig.exchange();
			assert.deepEqual(outcome.downlinks, []);
			assert.equal(server.nonces.size, 1, "no join");
			assert.ok(server.session!.fCntUp > before && server.session!.fCntUp === 32);
		});
		it("retained state older than what was sent, by a fault, or by what flash says: no counter twice", () => {
			for (const how of ["fault", "flash"]) {
				const rig = joined();
				rig.retain();
				const old = rig.rtc!;
				for (let n = 0; n < (how === "flash" ? 40 : 3); n++) send(rig);
				rig.client.close();
				rig.rtc = old;
				rig.boot(how === "flash" ? "resumed" : "fault");
				rig.idle(HOUR);
				for (let n = 0; n < 3; n++) assert.equal(send(rig, undefined, Uint8Array.of(n, 1)).payloads.length, 1, how);
				assert.deepEqual(rig.server.reused, [], how);
			}
		});
		it("a new session, and the power gone before its first frame: its downlinks count from 0", () => {
			const rig = joined();
			for (let n = 0; n < 4; n++) send(rig, { payload: Uint8Array.of(n) });
			rig.client.mac.words[Word.silent] = 8;
			rig.cells.cut = (id) => (rig.server.nonces.size > 1 && id === CellId.session ? "after" : "");
			let cut = false;
			const { session } = rig.server;
			rig.retain();
			rig.boot("resumed");
			for (let n = 0; n < 6 && rig.server.session === session; n++) {
				rig.idle(HOUR);
				rig.queue = [Uint8Array.of(9)];
				cut = rig.exchange().end === "cut";
			}
			assert.ok(cut, "the power went");
			rig.cells.cut = () => "";
			rig.cut(1000);
			rig.idle(HOUR);
			for (let n = 0; n < 3; n++) send(rig);
			assert.equal(send(rig, { payload: Uint8Array.of(7) }).outcome.downlinks.length, 1);
		});
		it("FCntUp over 16 bits: the server follows", () => {
			const rig = joined();
			const counters = rig.stored("counters")!;
			new DataView(counters.buffer).setUint32(4, 0xffff, true);
			rig.server.session!.fCntUp = 0xfff0;
			rig.cut(1000);
			rig.idle(HOUR);
			forget(rig);
			rig.queue.push(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3));
			assert.equal(rig.exchange().end, "idle");
			assert.deepEqual(
				rig.server.payloads.map(({ fCnt }) => fCnt),
				[0xffff, 0x1_0000, 0x1_0001],
			);
		});
		it("FCntUp is used up: a new join, never the same keys again", () => {
			const rig = joined();
			new DataView(rig.stored("counters")!.buffer).setUint32(4, 0xffff_fffe, true);
			rig.cut(1000);
			rig.idle(HOUR);
			rig.queue.push(Uint8Array.of(1), Uint8Array.of(2));
			rig.exchange();
			assert.equal(rig.server.nonces.size, 2);
		});
	});

	describe("§5, MAC commands", () => {
		it("in the payload of port 0: carried out and answered alike", () => {
			const rig = joined();
			send(rig, { payload: Uint8Array.of(6), port: 0 });
			assert.equal(toHex(send(rig).payloads[0]!.fOpts), "06ff05");
		});
		it("an unknown command: those before it count, those behind do not", () => {
			assert.equal(answersTo(joined(), [6, 0x55, 6]), "06ff05");
		});
		it("a command that is cut: not carried out", () => {
			assert.equal(answersTo(joined(), [6, 8]), "06ff05");
		});
		it("more answers than a header holds: a frame of their own on port 0, at once", () => {
			const rig = joined();
			const { payloads } = send(rig, { payload: Uint8Array.from({ length: 8 }, () => 6), port: 0, pending: true });
			assert.deepEqual(
				payloads.map(({ port, payload }) => [port, payload.length]),
				[
					[1, 1],
					[0, 24],
				],
			);
		});
		it("answers are said once, over sleep; those that change receiving, until a downlink comes", () => {
			const rig = joined();
			const ask = [5, 0x12, ...kHz(869.525), 8, 2, 6, 0x0a, 0, ...kHz(868.3)];
			send(rig, { fOpts: Uint8Array.from(ask) });
			rig.server.rx1Offset = 1;
			rig.server.rx2Rate = 2;
			rig.server.rxDelay = 2;
			assert.equal(toHex(send(rig).payloads[0]!.fOpts), "05070806ff050a03");
			assert.equal(toHex(send(rig).payloads[0]!.fOpts), "0507080a03");
			assert.equal(toHex(send(rig, { payload: Uint8Array.of(1), window: 2 }).payloads[0]!.fOpts), "0507080a03");
			assert.equal(toHex(send(rig).payloads[0]!.fOpts), "");
		});
		it("§5.1 LinkCheck: asked for from the 24th silent frame on, and its answer is heard", () => {
			const rig = joined();
			const asked: boolean[] = [];
			for (let n = 0; n < 26; n++) asked.push(send(rig).payloads[0]!.fOpts.includes(2));
			assert.equal(asked.indexOf(true), 23);
			send(rig, { fOpts: Uint8Array.of(2, 20, 3) });
			assert.equal(toHex(rig.client.mac.linkCheck!), "1403");
		});
		describe("§5.2 LinkADR", () => {
			for (const [what, commands, answer] of [
				["all of it", [3, 0x31, 7, 0, 1], "0307"],
				["DR and power 15: as they are", [3, 0xff, 7, 0, 1], "0307"],
				["a channel that is not defined", [3, 0x31, 0x0f, 0, 1], "0306"],
				["no channel at all", [3, 0x31, 0, 0, 1], "0306"],
				["a reserved ChMaskCntl", [3, 0x31, 7, 0, 0x11], "0306"],
				["a data rate that is FSK", [3, 0x71, 7, 0, 1], "0305"],
				["a data rate that no channel carries", [3, 0x61, 7, 0, 1], "0305"],
				["a power that is not in the table", [3, 0x38, 7, 0, 1], "0303"],
				[
					"a block: one mask, the last one's settings, an answer each",
					[3, 0xff, 1, 0, 1, 3, 0x22, 6, 0, 2],
					"03070307",
				],
				["a block with a bad mask: all of it is refused", [3, 0x22, 0xff, 0, 1, 3, 0x22, 7, 0, 1], "03060306"],
			] as const)
				it(`${what}: ${answer}`, () => {
					assert.equal(answersTo(joined(), commands), answer);
				});
			it("taken: data rate, power, repetitions and channels from the next frame on; refused: nothing changes", () => {
				const rig = joined();
				send(rig, { fOpts: Uint8Array.of(3, 0x33, 4, 0, 2) });
				for (let n = 0; n < 2; n++) {
					const { uplinks } = send(rig, n ? undefined : { fOpts: Uint8Array.of(3, 0x19, 1, 0, 1) });
					assert.equal(rateOf(rig, uplinks[0]!), 3);
					assert.equal(uplinks[0]!.how.powerDbm, 7); // 16 − 6 − 2.15 dBi
					assert.equal(frequencies(uplinks)[0], 868.5);
					assert.equal(uplinks.length, n ? 2 : 1);
				}
			});
			it("they outlive a power loss", () => {
				const rig = joined();
				send(rig, { fOpts: Uint8Array.of(3, 0x33, 4, 0, 2) });
				rig.cut(1000);
				rig.idle(HOUR);
				const { uplinks } = send(rig);
				assert.equal(rateOf(rig, uplinks[0]!), 3);
				assert.equal(frequencies(uplinks)[0], 868.5);
			});
			for (const [what, commands, expected] of [
				["all narrow off, wide 0 and 1", [3, 0x4f, 3, 0, 0x71], [903, 904.6]],
				["banks 2 of 8", [3, 0x0f, 2, 0, 0x51], [903.9, 904.1, 904.3, 904.5, 904.7, 904.9, 905.1, 905.3]],
				["channels 16 and 17 of a word, others off", [3, 0x0f, 0, 0, 0x71, 3, 0x0f, 3, 0, 0x11], [905.5, 905.7]],
			] as const)
				it(`US915, ${what}: these frequencies are used, each once before any again`, () => {
					const rig = joined({ region: us915() });
					assert.ok(/^(0307)+$/.test(answersTo(rig, commands)));
					forget(rig);
					const seen = hops(rig, expected.length * 2).slice(1);
					for (const each of seen) assert.ok((expected as readonly number[]).includes(each), `${each} MHz`);
					assert.equal(new Set(seen).size, expected.length);
				});
			it("US915: DR0 where only wide channels are on is refused, DR4 where none is", () => {
				assert.equal(answersTo(joined({ region: us915() }), [3, 0x0f, 3, 0, 0x71]), "0305");
				assert.equal(answersTo(joined({ region: us915() }), [3, 0x4f, 0, 0, 0x61]), "0305");
			});
		});
		it("§5.3 DutyCycle: 1/2^7 of the time at most, over sleep; 0 lifts it", () => {
			const rig = joined();
			assert.equal(answersTo(rig, [4, 13]), "04");
			const { airtime, startMs } = rig.air.uplinks.at(-1)!;
			rig.queue.push(Uint8Array.of(1));
			const second = rig.exchange();
			assert.equal(second.end, "deferred");
			assert.near(rig.scheduler.now + second.waitMs, startMs + airtime * 2 ** 13, 10);
			rig.sleep(second.waitMs);
			rig.server.next = { fOpts: Uint8Array.of(4, 0) };
			assert.equal(rig.exchange().end, "idle");
			rig.queue.push(Uint8Array.of(1));
			assert.equal(rig.exchange().end, "idle");
		});
		it("§5.4 RXParamSetup: 869.1 MHz at DR3 in RX2, offset 2 in RX1; bad values are told apart and change nothing", () => {
			const rig = joined();
			assert.equal(answersTo(rig, [5, 0x23, ...kHz(869.1)]), "0507");
			const { windows, uplinks } = send(rig);
			assert.equal(windows[0]!.how.spreadingFactor, uplinks[0]!.how.spreadingFactor + 2);
			assert.equal(windows[1]!.how.frequencyHz, 869_100_000);
			assert.equal(windows[1]!.how.spreadingFactor, 9);
			rig.server.rx1Offset = 2;
			assert.equal(answersTo(rig, [5, 0x23, ...kHz(868.65)]), "0506", "between two bands");
			assert.equal(answersTo(rig, [5, 0x2f, ...kHz(869.1)]), "0505", "no data rate");
			assert.equal(answersTo(rig, [5, 0x63, ...kHz(869.1)]), "0503", "no offset");
			assert.equal(send(rig).windows[1]!.how.frequencyHz, 869_100_000);
		});
		it("§5.5 DevStatus: battery not known, margin of the request itself", () => {
			assert.equal(answersTo(joined(), [6]), "06ff05"); // 5.25 dB
		});
		it("§5.5 DevStatus: the battery as the declaration has it, from the wake's sample", () => {
			let values: readonly (number | undefined)[] = [];
			const rig = joined({
				battery: (sample) => {
					values = sample;
					return 77;
				},
			});
			assert.equal(answersTo(rig, [6]), "064d05");
			assert.deepEqual(values, []);
		});
		describe("§5.6 NewChannel", () => {
			for (const [what, commands, answer] of [
				["channel 3 at 867.1 MHz, DR0 … 5", [7, 3, ...kHz(867.1), 0x50], "0703"],
				["channel 15", [7, 15, ...kHz(867.1), 0x50], "0703"],
				["channel 16", [7, 16, ...kHz(867.1), 0x50], "0700"],
				["a default channel", [7, 2, ...kHz(867.1), 0x50], "0700"],
				["outside of all bands", [7, 3, ...kHz(868.65), 0x50], "0702"],
				["lowest data rate above the highest", [7, 3, ...kHz(867.1), 0x05], "0701"],
				["a data rate that is FSK", [7, 3, ...kHz(867.1), 0x77], "0701"],
				["both wrong", [7, 3, ...kHz(862.9), 0x05], "0700"],
			] as const)
				it(`${what}: ${answer}`, () => {
					assert.equal(answersTo(joined(), commands), answer);
				});
			it("used at once, after a power loss too; removed with frequency 0", () => {
				const rig = joined();
				answersTo(rig, [7, 3, ...kHz(867.1), 0x50]);
				assert.ok(hops(rig, 8).includes(867.1));
				rig.cut(1000);
				rig.idle(HOUR);
				assert.ok(hops(rig, 8).includes(867.1), "after a power loss");
				assert.equal(answersTo(rig, [7, 3, 0, 0, 0, 0x50]), "0703");
				assert.ok(!hops(rig, 12).includes(867.1), "removed");
			});
			it("US915: dropped silently, like DlChannel", () => {
				assert.equal(
					answersTo(joined({ region: us915(2) }), [7, 3, ...kHz(867.1), 0x50, 0x0a, 0, ...kHz(923.3), 6]),
					"06ff05",
				);
			});
		});
		it("§5.7 RXTimingSetup: windows 3 s and 4 s after; 0 means 1", () => {
			const rig = joined();
			send(rig, { fOpts: Uint8Array.of(8, 3) });
			rig.server.rxDelay = 3;
			const { windows, uplinks } = send(rig, { payload: Uint8Array.of(1), window: 2 });
			assert.near(windows[0]!.atMs - uplinks[0]!.startMs - uplinks[0]!.airtime, 3000, 60);
			send(rig, { fOpts: Uint8Array.of(8, 0) });
			const after = send(rig);
			assert.near(after.windows[0]!.atMs - after.uplinks[0]!.startMs - after.uplinks[0]!.airtime, 1000, 60);
		});
		it("§5.8 DlChannel: RX1 on another frequency; a channel without uplink and a bad frequency are told apart", () => {
			const rig = joined();
			for (let n = 0; n < 3; n++) send(rig, { fOpts: Uint8Array.from([0x0a, n, ...kHz(869.525)]), window: 2 });
			assert.equal(send(rig).windows[0]!.how.frequencyHz, 869_525_000);
			rig.server.rx1FrequencyHz = 869_525_000;
			assert.equal(answersTo(rig, [0x0a, 9, ...kHz(869.525)]), "0a01");
			assert.equal(answersTo(rig, [0x0a, 1, ...kHz(868.65)]), "0a02");
		});
		it("§5.9 TxParamSetup: AS923 takes it, EU868 drops it silently", () => {
			assert.equal(answersTo(joined(), [9, 0x05, 6]), "06ff05");
			const rig = joined({ region: as923(1) });
			assert.equal(answersTo(rig, [3, 0x0f, 3, 0, 1]), "0305", "DR0 lasts longer than 400 ms");
			assert.equal(answersTo(rig, [9, 0x02, 3, 0x0f, 3, 0, 1]), "090307", "no limit of time, 12 dBm");
			const { uplinks, payloads } = send(rig);
			assert.equal(uplinks[0]!.how.spreadingFactor, 12);
			assert.equal(uplinks[0]!.how.powerDbm, 9);
			assert.equal(toHex(payloads[0]!.fOpts), "09");
		});
		it("§5.10 DeviceTime: asked for once an exchange, the answer is the time at the uplink's end", () => {
			const rig = joined();
			rig.wantsTime = true;
			rig.sleep(HOUR);
			forget(rig);
			rig.queue.push(Uint8Array.of(1), Uint8Array.of(2));
			// 2026-11-21 10:00:00 UTC is 1,479,290,418 s of GPS time.
			const gps = 1_479_290_418;
			rig.server.next = { fOpts: Uint8Array.of(0x0d, gps, gps >> 8, gps >> 16, gps >> 24, 128) };
			const { wallMs } = rig.exchange();
			assert.deepEqual(
				rig.server.payloads.map(({ fOpts }) => toHex(fOpts)),
				["0d", ""],
			);
			assert.equal(wallMs.length, 1);
			const since = rig.server.payloads.length && wallMs[0]! - Date.UTC(2026, 10, 21, 10, 0, 0, 500);
			assert.ok(since > 1000 && since < 1100, `${since} ms after the uplink's end`);
		});
	});

	describe("§6.2, activation over the air", () => {
		it("DevNonce counts up from 0, over power losses; data rates go down from DR5", () => {
			const rig = new LoraRig(new Seeded(4), { region: eu868 });
			rig.server.deaf = true;
			rig.queue = [Uint8Array.of(1)];
			for (let n = 0; n < 3; n++) {
				for (let again = 0; again < 2; again++) {
					assert.notEqual(rig.exchange().end, "idle");
					rig.sleep(HOUR);
				}
				rig.cut(1000);
			}
			const joins = rig.air.uplinks;
			assert.deepEqual(
				joins.map(({ bytes }) => bytes[17]),
				joins.map((_, n) => n),
			);
			assert.deepEqual(
				joins.slice(0, 3).map(({ how }) => how.spreadingFactor),
				[7, 8, 9],
			);
			assert.deepEqual(rig.server.reused, []);
		});
		it("the accept comes in RX1 after 5 s, or in RX2 after 6", () => {
			for (const joinNonce of [0, 1]) {
				const rig = joined({}, (made) => {
					made.server.joinNonce = joinNonce;
				});
				assert.equal(rig.server.nonces.size, 1);
			}
		});
		it("DLSettings, RxDelay and CFList of type 0 are in force", () => {
			const rig = joined({}, (made) => {
				made.server.dlSettings = 0x23;
				made.server.rxDelay = 5;
				made.server.cfList = Uint8Array.from([867.1, 867.3, 867.5, 867.7, 867.9].flatMap(kHz).concat(0));
			});
			const { windows, uplinks } = send(rig);
			assert.near(windows[0]!.atMs - uplinks[0]!.startMs - uplinks[0]!.airtime, 5000, 60);
			assert.equal(windows[0]!.how.spreadingFactor, 9);
			assert.equal(windows[1]!.how.spreadingFactor, 9);
			assert.equal(new Set(hops(rig, 15)).size, 8);
		});
		it("CFList of type 1: a mask, in fixed plans", () => {
			const rig = joined({ region: us915() }, (made) => {
				made.server.cfList = Uint8Array.of(0, 0xff, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1);
			});
			send(rig, { fOpts: Uint8Array.of(3, 0x0f, 0, 0, 0x11) }); // refused or not: DR0 all the same
			const seen = hops(rig, 16);
			for (const each of seen) assert.ok(each >= 903.9 && each <= 905.3, `${each}`);
		});
		it("CFList of type 1 where the plan is dynamic, and of another type: not looked at", () => {
			for (const type of [1, 2]) {
				const rig = joined({}, (made) => {
					made.server.cfList = Uint8Array.from([867.1, 867.3, 867.5, 867.7, 867.9].flatMap(kHz).concat(type));
				});
				assert.deepEqual([...new Set(hops(rig, 9))].sort(), [868.1, 868.3, 868.5]);
			}
		});
		it("a Join-Accept again, for a later request: not taken, since JoinNonce did not grow", () => {
			const rig = joined();
			const { server, air } = rig;
			const [accept] = server.sent as [Uint8Array];
			const keys = toHex(rig.stored("session")!);
			server.deaf = true;
			rig.client.mac.words[Word.silent] = 8; // the node believes itself forgotten
			rig.retain();
			const { received } = air;
			air.received = (uplink) => {
				received(uplink);
				if (uplink.bytes[0] === 0)
					air.send(uplink.startMs + uplink.airtime + 5000, server.window(uplink, 1, true), accept);
			};
			const { uplinks } = send(rig);
			assert.ok(uplinks.some(({ bytes }) => bytes[0] === 0));
			assert.equal(toHex(rig.stored("session")!), keys);
		});
		it("a server that forgot: asked 8 times in vain, the node joins anew; while joins fail, the old session goes on", () => {
			const rig = joined();
			const { server } = rig;
			server.sessions = [];
			server.deaf = true;
			let hours = 0;
			while (server.nonces.size === 1 && hours < 100) {
				send(rig);
				hours++;
			}
			assert.equal(hours, 23 + 8 + 1);
			const { uplinks, outcome } = send(rig);
			assert.ok(uplinks.some(({ bytes }) => bytes[0] === 0x40));
			assert.equal(outcome.end, "idle");
			server.deaf = false;
			for (let n = 0; n < 8 && server.payloads.length === 0; n++) send(rig);
			assert.ok(server.payloads.length > 0);
		});
		it("personalised: no join, counters go on over power losses, settings as well", () => {
			const keys = Uint8Array.from({ length: 32 }, (_, n) => n);
			const rig = new LoraRig(new Seeded(5), { region: eu868 });
			rig.settings = { devAddr: "2601abcd", nwkSKey: toHex(keys.subarray(0, 16)), appSKey: toHex(keys.subarray(16)) };
			rig.server.personalise(0x2601_abcd, keys);
			rig.boot();
			for (let n = 0; n < 3; n++) {
				rig.idle(HOUR);
				rig.queue.push(Uint8Array.of(n));
				assert.equal(rig.exchange().end, "idle");
				rig.cut(1000);
			}
			assert.deepEqual(
				rig.server.payloads.map(({ fCnt }) => fCnt),
				[0, 32, 64],
			);
			assert.equal(rig.server.nonces.size, 0);
			assert.equal(rig.air.uplinks[0]!.how.spreadingFactor, 12, "the lowest data rate, until the network says another");
		});
	});

	it("channels that the mask is of are gone from flash: the default ones come back", () => {
		const rig = joined();
		send(rig, { fOpts: Uint8Array.of(7, 3, ...kHz(867.1), 0x50, 3, 0xff, 8, 0, 1) });
		assert.deepEqual(hops(rig, 3), [867.1, 867.1, 867.1]);
		rig.stored("channels")!.fill(0);
		rig.cut(1000);
		rig.idle(HOUR);
		const { outcome, uplinks } = send(rig);
		assert.equal(outcome.end, "idle");
		assert.ok(frequencies(uplinks)[0]! >= 868.1);
	});
	describe("deep sleep", () => {
		it("wakes without an exchange in between: counters, channels and airtime go on as if there were none", () => {
			const rig = joined();
			const first = rig.server.session!.fCntUp;
			for (let n = 0; n < 5; n++) {
				for (let wake = 0; wake < 4; wake++) rig.sleep(60_000);
				send(rig);
			}
			assert.equal(rig.server.session!.fCntUp, first + 5);
			assert.equal(rig.cells.writes, 4, "DevNonce, channels, session, counters");
		});
	});

	describe("§7, retransmission back-off", () => {
		it("joins that nobody answers, for three days: 36 s in the first hour, 36 s in ten more, 8.7 s in each 24 after", function () {
			this.timeout(60_000);
			const rig = new LoraRig(new Seeded(6), { region: us915(2) }); // no duty cycle of its own
			rig.server.deaf = true;
			rig.queue = [Uint8Array.of(1)];
			while (rig.scheduler.now < 83 * HOUR) {
				const { end, waitMs } = rig.exchange();
				rig.sleep(end === "deferred" ? Math.min(waitMs, HOUR) : 60_000);
			}
			const spent = (from: number, to: number) =>
				rig.air.uplinks.reduce(
					(sum, { startMs, airtime }) => (startMs >= from * HOUR && startMs < to * HOUR ? sum + airtime : sum),
					0,
				);
			for (const [from, to, allowed] of [
				[0, 1, 36_000],
				[1, 11, 36_000],
				[11, 35, 8700],
				[35, 59, 8700],
				[59, 83, 8700],
			] as const)
				assert.ok(spent(from, to) > 0 && spent(from, to) <= allowed, `${from} … ${to} h: ${spent(from, to)} ms`);
			assert.ok(spent(11, 35) > 8000 && spent(1, 11) > 30_000, "and not much less");
		});
	});

	describe("RP002-1.0.4", () => {
		for (const [region, room] of [
			[us915(2), 11],
			[au915(2), 11],
			[as923(1), 11],
			[eu868, 51],
			[in865, 51],
			[kr920, 51],
			[cn470("20A"), 23],
		] as const)
			it(`${region.name}: a node may count on ${room} bytes; joins and sends; RX1 and RX2 fit the server's`, () => {
				const rig = joined({ region });
				assert.equal(rig.declaration.mtu, room);
				for (const window of [1, 2] as const)
					assert.deepEqual(send(rig, { payload: Uint8Array.of(window), window }).outcome.downlinks, [`0${window}`]);
			});
		for (const plan of ["20A", "20B", "26A", "26B"] as const)
			it(`CN470 ${plan}: joins on each of the plan's join channels, then hops over all`, () => {
				for (let seed = 0; seed < 4; seed++) {
					const rig = new LoraRig(new Seeded(seed), { region: cn470(plan) });
					rig.server.joinNonce = seed % 2;
					rig.queue = [Uint8Array.of(1)];
					assert.equal(rig.exchange().end, "idle");
					assert.ok(rig.air.uplinks.length <= 4);
				}
			});
		it("US915 DR0: commands that leave no room for a record go ahead alone, then the record", () => {
			const rig = joined({ region: us915(2) });
			const record = new Uint8Array(11).fill(0xab);
			send(rig, { fOpts: Uint8Array.of(3, 0x0f, 0xff, 0, 0x01) });
			send(rig, { fOpts: Uint8Array.of(6) });
			const { payloads, outcome } = send(rig, undefined, record);
			assert.equal(outcome.end, "idle");
			assert.deepEqual(
				payloads.map(({ fOpts, payload }) => [toHex(fOpts), payload.length]),
				[
					["06ff05", 0],
					["", 11],
				],
			);
		});
		it("KR920: a loud channel is not used; when none becomes quiet, the exchange fails and the frame stays", () => {
			const rig = joined({ region: kr920 });
			rig.air.rssiDbm = -60;
			const { outcome, uplinks } = send(rig);
			assert.equal(uplinks.length, 0);
			assert.equal(outcome.code, "busy");
			rig.air.rssiDbm = -66;
			assert.equal(send(rig).outcome.delivered.length, 2);
		});
		it("power: EIRP of the region, of the band, of the few channels, less the antenna; the radio's range", () => {
			const power = (options: Partial<LorawanOptions> & { region: Region }) =>
				send(joined(options)).uplinks[0]!.how.powerDbm;
			assert.equal(power({ region: eu868 }), 13); // 16 − 2.15
			assert.equal(power({ region: eu868, antenna: -3 }), 19);
			assert.equal(power({ region: us915(2), antenna: 2 }), 19); // 21 where fewer than 50 channels are hopped over
			assert.equal(power({ region: us915(), antenna: 2 }), 22); // 30, but the radio has 22
			assert.equal(power({ region: kr920, antenna: 0 }), 14);
		});
		it("repeater: frames are shorter for it", () => {
			const rig = joined({ repeater: true });
			send(rig, undefined, new Uint8Array(223));
			assert.equal(rig.queue.length, 1, "223 bytes do not fit");
			rig.queue = [];
			assert.equal(send(rig, undefined, new Uint8Array(222)).outcome.delivered.length, 1);
		});
		it("a private network: another sync word on both ways", () => {
			const rig = joined({ private: true });
			const { uplinks, windows } = send(rig);
			assert.ok([...uplinks, ...windows].every(({ how }) => how.syncWord === 0x12));
		});
	});
});
