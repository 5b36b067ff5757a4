import { toHex } from "../../../../modules/core/bytes.js";
import { as923 } from "../../../../net/lorawan/region-as923.js";
import { us915 } from "../../../../net/lorawan/region-us915.js";
import type { MacRequest } from "../../../../sim/lora/mac-requests.js";
import * as assert from "../../../assert.js";
import { GPS_MS } from "../../../support/lora-network.js";
import { DEV_EUI, ServerRig } from "../../../support/lora-server.js";

const delay = (rig: { up: { endMs: number }; down: { startMs: number } }) => rig.down.startMs - rig.up.endMs;

describe("network server: joins", () => {
	it("a join: accepted in RX1 after 5 s, with the network's channels; the session works", () => {
		const rig = new ServerRig();
		const joined = rig.join()!;
		assert.ok(joined.sound);
		assert.near(delay(joined), 5000, 0.01);
		assert.equal(joined.down.frequencyHz, joined.up.frequencyHz);
		assert.equal(joined.accept.RxDelay![0], 1);
		assert.equal(joined.accept.CFList!.toString("hex"), "184f84e85684b85e84886684586e8400");
		rig.uplink();
		assert.equal(rig.uplinks.length, 1);
		assert.equal(toHex(rig.uplinks[0]!.payload), "010203");
		assert.equal(rig.server.counts.joins, 1);
	});
	it("a fixed plan: the accept's list is a mask, RX1 is where the plan has it", () => {
		const rig = new ServerRig({ region: us915(2) });
		const joined = rig.join()!;
		assert.equal(joined.accept.CFList!.toString("hex"), "00ff0000000000000200000000000001");
		assert.equal(joined.down.bandwidthHz, 500_000);
		assert.equal(joined.down.frequencyHz, 923_300_000, "channel 8");
	});
	it("RX1 is not to be had: RX2 after 6 s", () => {
		const rig = new ServerRig();
		rig.server.downlinks.windows = [2];
		const joined = rig.join()!;
		assert.near(delay(joined), 6000, 0.01);
		assert.equal(joined.down.frequencyHz, 869_525_000);
		assert.equal(joined.down.spreadingFactor, 12);
	});
	it("DevNonce: only a larger one is accepted, those before are counted as replays", () => {
		const rig = new ServerRig();
		assert.ok(rig.join(5));
		assert.equal(rig.join(5), undefined);
		assert.equal(rig.join(4), undefined);
		assert.ok(rig.join(6));
		assert.equal(rig.server.counts.replays, 2);
		assert.equal(rig.server.counts.joins, 2);
	});
	it("JoinNonce grows with each accept, and the keys change", () => {
		const rig = new ServerRig();
		const nonces = [0, 1, 2].map((n) => rig.join(n)!.accept.AppNonce!.readUIntBE(0, 3));
		assert.deepEqual(nonces, [1, 2, 3]);
	});
	it("unknown device, wrong key: nothing is answered", () => {
		const rig = new ServerRig();
		assert.equal(rig.exchange(rig.joinRequest(0, "ffffffffffffffff")).down, undefined);
		assert.equal(rig.exchange(rig.joinRequest(0, DEV_EUI, "00".repeat(16))).down, undefined);
		assert.deepEqual([rig.server.counts.unknown, rig.server.counts.badMic], [1, 1]);
	});
	it("a new join: the session before it goes on until the new one is heard", () => {
		const rig = new ServerRig();
		rig.join(0);
		rig.uplink();
		const { devAddr, nwkSKey, appSKey } = rig;
		rig.join(1);
		const newer = { devAddr: rig.devAddr, nwkSKey: rig.nwkSKey, appSKey: rig.appSKey };
		Object.assign(rig, { devAddr, nwkSKey, appSKey, fCnt: 1 });
		rig.uplink(); // the accept was lost: it goes on as before
		assert.equal(rig.uplinks.length, 2);
		Object.assign(rig, newer, { fCnt: 0 });
		rig.uplink();
		Object.assign(rig, { devAddr, nwkSKey, appSKey, fCnt: 2 });
		rig.uplink();
		assert.equal(rig.uplinks.length, 3);
		assert.equal(rig.server.counts.unknown, 1);
	});
	it("forget: sessions are gone, devices stay registered", () => {
		const rig = new ServerRig();
		rig.join(0);
		rig.uplink();
		rig.server.forget(DEV_EUI);
		assert.equal(rig.uplink({ confirmed: true }), undefined);
		assert.equal(rig.server.counts.unknown, 1);
		assert.ok(rig.join(1));
		rig.uplink();
		assert.equal(rig.uplinks.length, 2);
	});
});

describe("network server: uplinks", () => {
	it("an uplink: nothing is answered unless there is something to say", () => {
		const rig = new ServerRig();
		rig.join();
		assert.equal(rig.uplink(), undefined);
		assert.equal(rig.uplink({ adrAckReq: true })!.packet.getFCtrlACK(), false);
		assert.equal(rig.uplink({ confirmed: true })!.packet.getFCtrlACK(), true);
		assert.equal(rig.server.counts.acks, 1);
	});
	it("copies: three gateways make one uplink, the best answers", () => {
		const rig = new ServerRig({ gateways: 3 });
		rig.join();
		const answer = rig.uplink({ confirmed: true, air: { powerDbm: -10 } })!;
		assert.equal(rig.uplinks.length, 1);
		assert.equal(rig.uplinks[0]!.gateways, 3);
		assert.equal(rig.server.counts.duplicates, 4, "of the join too");
		assert.deepEqual(
			rig.gateways.map(({ counts }) => counts.sent),
			[2, 0, 0],
		);
		assert.near(answer.frame.startMs - rig.uplinks[0]!.at, 1000, 0.01);
	});
	it("counters: 32 bits over the roll-over; gaps are taken; old ones and other bytes are replays", () => {
		const rig = new ServerRig();
		rig.join();
		for (const fCnt of [0, 7, 65_535, 65_536, 65_600, 131_000, 196_000]) {
			rig.uplink({ fCnt });
			assert.equal(rig.uplinks.at(-1)!.fCnt, fCnt);
		}
		const { length } = rig.uplinks;
		rig.exchange(rig.frame({ fCnt: 196_000, payload: Uint8Array.of(9) }));
		rig.exchange(rig.frame({ fCnt: 195_999 }));
		rig.exchange(rig.frame({ fCnt: 196_000 + 65_536 * 2 })); // too far: read as another
		assert.equal(rig.uplinks.length, length);
		assert.deepEqual([rig.server.counts.replays, rig.server.counts.badMic], [2, 1]);
	});
	it("counters: one from before the roll-over is known as a replay, and identified for who watches the law", () => {
		const rig = new ServerRig();
		rig.join();
		rig.uplink({ fCnt: 65_530 });
		rig.uplink({ fCnt: 65_540 });
		assert.equal(rig.server.identify(rig.frame({ fCnt: 65_531 }))?.fCnt, 65_531);
		rig.exchange(rig.frame({ fCnt: 65_531 }));
		assert.deepEqual([rig.uplinks.length, rig.server.counts.replays, rig.server.counts.badMic], [2, 1, 0]);
	});
	it("a bit off: the MIC tells", () => {
		const rig = new ServerRig();
		rig.join();
		const bytes = rig.frame();
		bytes[9]! ^= 1;
		rig.exchange(bytes);
		assert.deepEqual([rig.uplinks.length, rig.server.counts.badMic], [0, 1]);
	});
	it("repetitions: told once, acknowledged each time, no more than NbTrans; then they are replays", () => {
		const rig = new ServerRig();
		rig.join();
		rig.uplink();
		const linkAdr: MacRequest = { kind: "linkAdr", dataRate: 5, txPower: 0, nbTrans: 3, mask: 0xff, control: 0 };
		rig.server.request(DEV_EUI, linkAdr);
		assert.ok(rig.uplink());
		rig.uplink({ fOpts: Uint8Array.of(3, 7) });
		const bytes = rig.frame({ confirmed: true });
		const answers = [1, 2, 3, 4].map(() => rig.read(rig.exchange(bytes).down));
		assert.deepEqual(
			answers.map((each) => each?.packet.getFCtrlACK()),
			[true, true, true, undefined],
		);
		assert.equal(new Set(answers.map((each) => each?.packet.getFCnt())).size, 4);
		assert.deepEqual([rig.server.counts.repeats, rig.server.counts.replays, rig.uplinks.length], [2, 1, 4]);
	});
	it("port 0: commands, not told to the application", () => {
		const rig = new ServerRig();
		rig.join();
		const answer = rig.uplink({ port: 0, payload: Uint8Array.of(2) })!;
		assert.equal(rig.uplinks.length, 0);
		assert.equal(answer.fOpts[0], 2);
	});
});

describe("network server: commands of devices", () => {
	it("LinkCheckReq: margin above what the data rate needs, number of gateways", () => {
		const rig = new ServerRig({ gateways: 2 });
		rig.join();
		const answer = rig.uplink({ fOpts: Uint8Array.of(2), air: { powerDbm: -20.5, spreadingFactor: 9 } })!;
		// −120.5 dBm over −117.03 of noise: −3.5 dB, 9 over −12.5.
		assert.deepEqual([...answer.fOpts], [2, 9, 2]);
	});
	it("DeviceTimeReq: GPS time at the uplink's end, in 1/256 s", () => {
		const rig = new ServerRig();
		rig.join();
		rig.run(123_456.789);
		const answer = rig.uplink({ fOpts: Uint8Array.of(13) })!;
		const view = new DataView(answer.fOpts.buffer, answer.fOpts.byteOffset);
		assert.equal(view.getUint8(0), 13);
		const told = view.getUint32(1, true) * 1000 + (view.getUint8(5) * 1000) / 256;
		const truth = GPS_MS + rig.uplinks[0]!.at;
		assert.ok(truth - told >= 0 && truth - told < 4, `${truth - told} ms`);
	});
	it("AppTimeReq (TS003): the correction on port 202, with the token; none when it is right and none was asked for", () => {
		const rig = new ServerRig();
		rig.join();
		const ask = (seconds: number, param: number) => {
			const payload = new Uint8Array(6);
			payload[0] = 1;
			new DataView(payload.buffer).setUint32(1, seconds, true);
			payload[5] = param;
			return rig.uplink({ port: 202, payload, air: { spreadingFactor: 7 } });
		};
		const answer = ask(1000, 0x13)!;
		assert.equal(answer.packet.getFPort(), 202);
		const correction = new DataView(answer.payload.buffer, answer.payload.byteOffset).getInt32(1, true);
		assert.equal(correction, Math.floor((GPS_MS + rig.uplinks.at(-1)!.at) / 1000) - 1000);
		assert.deepEqual([answer.payload[0], answer.payload[5]], [1, 3]);
		const now = () => Math.floor((GPS_MS + rig.scheduler.now + 100) / 1000);
		rig.run(1000 - ((GPS_MS + rig.scheduler.now) % 1000) + 200);
		assert.equal(ask(now(), 4), undefined);
		rig.run(1000 - ((GPS_MS + rig.scheduler.now) % 1000) + 200);
		assert.deepEqual([...ask(now(), 0x15)!.payload], [1, 0, 0, 0, 0, 5]);
	});
});

describe("network server: commands to devices", () => {
	const answers: readonly (readonly [MacRequest, string, string])[] = [
		[{ kind: "linkAdr", dataRate: 3, txPower: 2, nbTrans: 1, mask: 7, control: 0 }, "0332070001", "0307"],
		[{ kind: "dutyCycle", exponent: 4 }, "0404", "04"],
		[{ kind: "rxParamSetup", rx1Offset: 2, rx2Rate: 3, rx2FrequencyHz: 869_525_000 }, "0523d2ad84", "0507"],
		[{ kind: "devStatus" }, "06", "06ff3e"],
		[{ kind: "newChannel", channel: 3, frequencyHz: 867_300_000, lowest: 1, highest: 5 }, "0703e8568451", "0703"],
		[{ kind: "rxTimingSetup", seconds: 5 }, "0805", "08"],
		[{ kind: "txParamSetup", downDwell: true, upDwell: false, eirp: 5 }, "0925", "09"],
		[{ kind: "dlChannel", channel: 1, frequencyHz: 868_500_000 }, "0a01c88584", "0a03"],
	];
	for (const [request, down, up] of answers)
		it(`${request.kind}: in bytes as TS001 has it, again until it is answered, then done`, () => {
			const rig = new ServerRig({ adr: false });
			rig.join();
			rig.uplink();
			const outcomes: boolean[] = [];
			rig.server.request(DEV_EUI, request, (accepted) => outcomes.push(accepted));
			assert.equal(toHex(rig.uplink()!.fOpts), down);
			assert.equal(toHex(rig.uplink()!.fOpts), down, "the first was lost");
			assert.equal(outcomes.length, 0);
			const fOpts = Buffer.from(up, "hex");
			assert.equal(rig.uplink({ fOpts: new Uint8Array(fOpts) }), undefined);
			assert.deepEqual(outcomes, [true]);
			assert.equal(rig.uplink({ fOpts: new Uint8Array(fOpts) }), undefined, "said again");
			assert.deepEqual(outcomes, [true]);
		});
	it("an answer that is said again is none to what was not sent yet", () => {
		const rig = new ServerRig({ adr: false });
		rig.join();
		rig.uplink();
		const done: number[] = [];
		const ask = (seconds: number) =>
			rig.server.request(DEV_EUI, { kind: "rxTimingSetup", seconds }, () => done.push(seconds));
		ask(3);
		rig.uplink();
		rig.uplink({ fOpts: Uint8Array.of(8) });
		ask(5);
		assert.ok(rig.uplink({ fOpts: Uint8Array.of(8) }));
		assert.deepEqual(done, [3]);
		rig.uplink({ fOpts: Uint8Array.of(8) });
		assert.deepEqual(done, [3, 5]);
	});
	it("refused: told so, and nothing changes", () => {
		const rig = new ServerRig({ adr: false });
		rig.join();
		rig.uplink();
		let accepted: boolean | undefined;
		const request: MacRequest = { kind: "rxParamSetup", rx1Offset: 5, rx2Rate: 3, rx2FrequencyHz: 1 };
		rig.server.request(DEV_EUI, request, (how) => (accepted = how));
		rig.uplink();
		rig.uplink({ fOpts: Uint8Array.of(5, 6) });
		assert.equal(accepted, false);
		assert.equal(rig.server.device(DEV_EUI)!.session!.settings.rx1Offset, 0);
	});
	it("what was done counts at once: delay, offset, RX2 and a channel's downlink frequency", () => {
		const rig = new ServerRig({ adr: false });
		rig.join();
		rig.uplink();
		for (const [request, fOpts] of [
			[{ kind: "rxTimingSetup", seconds: 3 }, [8]],
			[{ kind: "rxParamSetup", rx1Offset: 2, rx2Rate: 3, rx2FrequencyHz: 868_500_000 }, [5, 7]],
			[{ kind: "dlChannel", channel: 0, frequencyHz: 868_300_000 }, [10, 3]],
		] as const) {
			rig.server.request(DEV_EUI, request);
			rig.uplink();
			rig.uplink({ fOpts: Uint8Array.from(fOpts) });
		}
		const rx1 = rig.uplink({ confirmed: true, air: { spreadingFactor: 7 } })!.frame;
		assert.near(rx1.startMs - rig.uplinks.at(-1)!.at, 3000, 0.01);
		assert.equal(rx1.spreadingFactor, 9);
		assert.equal(rx1.frequencyHz, 868_300_000);
		rig.server.downlinks.windows = [2];
		const rx2 = rig.uplink({ confirmed: true })!.frame;
		assert.near(rx2.startMs - rig.uplinks.at(-1)!.at, 4000, 0.01);
		assert.deepEqual([rx2.spreadingFactor, rx2.frequencyHz], [9, 868_500_000]);
	});
	it("DevStatusAns: battery and margin are kept", () => {
		const rig = new ServerRig({ adr: false });
		rig.join();
		rig.uplink();
		rig.server.request(DEV_EUI, { kind: "devStatus" });
		rig.uplink();
		rig.uplink({ fOpts: Uint8Array.of(6, 200, 0x3e) });
		assert.deepEqual({ ...rig.server.device(DEV_EUI)!.status! }, { battery: 200, snrDb: -2 });
	});
	it("many: as many as FOpts hold, the rest with the next", () => {
		const rig = new ServerRig({ adr: false });
		rig.join();
		rig.uplink();
		for (let n = 0; n < 4; n++) rig.server.request(DEV_EUI, { ...answers[4]![0], channel: 3 + n } as MacRequest);
		assert.equal(rig.uplink()!.fOpts.length, 12);
		assert.equal(rig.uplink({ fOpts: Uint8Array.of(7, 3, 7, 3) })!.fOpts.length, 12);
		assert.equal(rig.uplink({ fOpts: Uint8Array.of(7, 3, 7, 3) }), undefined);
	});
});

describe("network server: downlinks", () => {
	it("a queue: one an uplink, with FPending while more wait", () => {
		const rig = new ServerRig();
		rig.join();
		for (let n = 1; n <= 3; n++) rig.server.queue(DEV_EUI, { port: 10 + n, payload: Uint8Array.of(n) });
		const got = [1, 2, 3].map(() => rig.uplink()!);
		assert.deepEqual(
			got.map(({ packet, payload }) => [packet.getFPort(), payload[0], packet.getFCtrlFPending()]),
			[
				[11, 1, true],
				[12, 2, true],
				[13, 3, false],
			],
		);
		assert.equal(rig.uplink(), undefined);
	});
	it("confirmed: again with new counters until it is acknowledged", () => {
		const rig = new ServerRig();
		rig.join();
		let acked = 0;
		rig.server.queue(DEV_EUI, { port: 5, payload: Uint8Array.of(7), confirmed: true, onAcked: () => acked++ });
		const counters = [1, 2].map(() => {
			const { packet, payload } = rig.uplink()!;
			assert.equal(packet.getMType(), "Confirmed Data Down");
			assert.equal(payload[0], 7);
			return packet.getFCnt();
		});
		assert.deepEqual(counters, [0, 1]);
		assert.equal(acked, 0);
		assert.equal(rig.uplink({ ack: true }), undefined);
		assert.deepEqual([acked, rig.server.counts.acked], [1, 1]);
	});
	it("confirmed: given up after eight, so that others get their turn", () => {
		const rig = new ServerRig();
		rig.join();
		rig.server.queue(DEV_EUI, { port: 5, payload: Uint8Array.of(7), confirmed: true });
		rig.server.queue(DEV_EUI, { port: 6, payload: Uint8Array.of(8) });
		for (let n = 0; n < 8; n++) assert.equal(rig.uplink()!.packet.getFPort(), 5);
		assert.equal(rig.uplink()!.packet.getFPort(), 6);
		assert.equal(rig.server.counts.undelivered, 1);
	});
	it("a message too long for RX1 goes in RX2, one too long for both waits, with FPending", () => {
		const rig = new ServerRig({ adr: false });
		rig.join();
		rig.uplink();
		rig.server.request(DEV_EUI, { kind: "rxParamSetup", rx1Offset: 0, rx2Rate: 3, rx2FrequencyHz: 869_525_000 });
		rig.uplink();
		rig.uplink({ fOpts: Uint8Array.of(5, 7) });
		rig.server.queue(DEV_EUI, { port: 5, payload: new Uint8Array(100) });
		const slow = { spreadingFactor: 12 };
		const answer = rig.uplink({ air: slow })!;
		assert.equal(answer.frame.frequencyHz, 869_525_000);
		assert.equal(answer.payload.length, 100);
		rig.server.queue(DEV_EUI, { port: 5, payload: new Uint8Array(116) });
		const bare = rig.uplink({ air: slow })!;
		assert.deepEqual([bare.payload.length, bare.packet.getFCtrlFPending()], [0, true]);
		assert.equal(rig.uplink({ air: { spreadingFactor: 7 } })!.payload.length, 116);
	});
	it("the largest: 51 bytes beside nothing at SF12, 52 are too many", () => {
		const rig = new ServerRig();
		rig.join();
		rig.server.queue(DEV_EUI, { port: 5, payload: new Uint8Array(51) });
		rig.server.queue(DEV_EUI, { port: 5, payload: new Uint8Array(52) });
		assert.equal(rig.uplink({ air: { spreadingFactor: 12 } })!.payload.length, 51);
		assert.equal(rig.uplink({ air: { spreadingFactor: 12 } })!.payload.length, 0);
	});
	it("a gateway whose hour is used up: RX2 in another band, and nothing at all when that is used up too", () => {
		const rig = new ServerRig();
		rig.join(0, { spreadingFactor: 12 });
		const windows: number[] = [];
		const from = rig.scheduler.now;
		while (rig.scheduler.now - from < 3_000_000) {
			const answer = rig.uplink({ confirmed: true, air: { spreadingFactor: 12 } });
			if (answer) windows.push(answer.frame.frequencyHz);
		}
		const rx2 = windows.indexOf(869_525_000);
		assert.ok(rx2 > 20, `RX1 came ${rx2} times`);
		assert.ok(!windows.slice(rx2).includes(868_100_000));
		assert.ok(rig.server.counts.busy > 0);
	});
	it("too late: an answer that no gateway takes any more is counted", () => {
		const rig = new ServerRig();
		rig.join();
		const [gateway] = rig.gateways;
		const told = gateway!.onReceived;
		gateway!.onReceived = (received) => {
			rig.scheduler.after(3000, () => told(received)); // the way to the server is slow
		};
		assert.equal(rig.uplink({ confirmed: true }), undefined);
		assert.equal(rig.server.counts.tooLate, 2);
	});
	it("AS923: downlinks while the dwell time is limited are no slower than DR2", () => {
		const rig = new ServerRig({ region: as923(1), adr: false });
		rig.join();
		rig.uplink();
		rig.server.request(DEV_EUI, { kind: "txParamSetup", downDwell: true, upDwell: false, eirp: 5 });
		rig.uplink();
		rig.uplink({ fOpts: Uint8Array.of(9) });
		const { frame } = rig.uplink({ confirmed: true, air: { spreadingFactor: 12 } })!;
		assert.equal(frame.spreadingFactor, 10);
		assert.near(frame.startMs - rig.uplinks.at(-1)!.at, 1000, 0.01, "in RX1");
	});
});

describe("network server: adaptive data rate", () => {
	it("20 uplinks with the ADR bit: data rate and power from the best SNR; without the bit, or when told not to, never", () => {
		for (const [adr, bit, expected] of [
			[true, true, "0351ff0001"],
			[true, false, ""],
			[false, true, ""],
		] as const) {
			const rig = new ServerRig({ adr });
			rig.join(0, { spreadingFactor: 12 });
			let fOpts = "";
			for (let n = 0; n < 25 && !fOpts; n++) {
				// −106.9 dBm: 10.25 dB, 30.25 over −20, 20.25 over the margin: six steps, five of data rate and one of power.
				const answer = rig.uplink({ adr: bit, air: { spreadingFactor: 12, powerDbm: -6.9 } });
				if (answer) fOpts = toHex(answer.fOpts);
				if (answer) assert.equal(n, 19);
			}
			assert.equal(fOpts, expected);
		}
	});
	it("refused: it waits before it asks again", () => {
		const rig = new ServerRig();
		rig.join();
		let count = 0;
		let asked = false;
		for (let n = 0; n < 60; n++) {
			const answer = rig.uplink({ adr: true, ...(asked ? { fOpts: Uint8Array.of(3, 6) } : {}) });
			asked = (answer?.fOpts.length ?? 0) > 0;
			if (asked) count++;
		}
		assert.equal(count, 2);
	});
});
