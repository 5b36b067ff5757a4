import loraPacket from "lora-packet";
import { fromHex, toHex } from "../../modules/core/bytes.js";
import type { Region } from "../../net/lorawan/region.js";
import { eu868 } from "../../net/lorawan/region-eu868.js";
import { type RegionTables, tablesOf } from "../../net/lorawan/region-tables.js";
import type { LoraFrame } from "../../sim/chips/lora-air.js";
import { Gateway } from "../../sim/lora/gateway.js";
import { gatewayPlan } from "../../sim/lora/gateway-plan.js";
import { NetworkServer, type Uplink } from "../../sim/lora/network-server.js";
import { RadioAir, type RadioStation } from "../../sim/lora/radio-air.js";
import { Scheduler } from "../../sim/scheduler.js";
import { FLAT, type FrameWish, frameOf } from "./lora-frames.js";
import { GPS_MS } from "./lora-network.js";

export const DEV_EUI = "0102030405060708";
export const JOIN_EUI = "70b3d57ed0000001";
export const APP_KEY = "2b7e151628aed2a6abf7158809cf4f3c";

/** A downlink as the peer library reads it, and when it began. */
export interface Answer {
	readonly frame: LoraFrame;
	readonly packet: ReturnType<typeof loraPacket.fromWire>;
	/** Decrypted, with NwkSKey on port 0. */
	readonly payload: Uint8Array;
	readonly fOpts: Uint8Array;
}

export interface UplinkWish {
	readonly port?: number;
	readonly payload?: Uint8Array;
	readonly fOpts?: Uint8Array;
	readonly confirmed?: boolean;
	readonly adr?: boolean;
	readonly adrAckReq?: boolean;
	readonly ack?: boolean;
	/** Instead of the next. */
	readonly fCnt?: number;
	readonly air?: FrameWish;
}

/** Gateways and a network server, and a device that is made of `lora-packet`. */
export class ServerRig {
	readonly scheduler = new Scheduler();
	readonly air: RadioAir;
	readonly gateways: Gateway[];
	readonly server: NetworkServer;
	readonly node: RadioStation;
	readonly uplinks: Uplink[] = [];
	/** Frames that gateways sent. */
	readonly sent: LoraFrame[] = [];
	devAddr = Buffer.alloc(0);
	nwkSKey = Buffer.alloc(0);
	appSKey = Buffer.alloc(0);
	fCnt = 0;
	readonly region: RegionTables;

	constructor(options: { region?: Region; gateways?: number; adr?: boolean; rxDelay?: number } = {}) {
		const { region: declared = eu868, gateways = 1, ...more } = options;
		const region = tablesOf(declared);
		const { scheduler } = this;
		this.region = region;
		this.air = new RadioAir({ scheduler, seed: 1, loss: FLAT });
		this.node = this.air.station({ xM: 0, yM: 0, gainDbi: 0 });
		this.gateways = Array.from(
			{ length: gateways },
			(_, n) =>
				new Gateway({
					...{ scheduler, channels: gatewayPlan(region), bands: region.bands, tmstAtZero: 2 ** 32 - 60_000_000 },
					station: this.air.station({ xM: 0, yM: 0, gainDbi: -n }),
					eui: `010203040506070${n}`,
				}),
		);
		this.server = new NetworkServer({
			...{ scheduler, region, seed: 1, gateways: this.gateways, gpsMsAtZero: GPS_MS },
			...more,
		});
		this.server.onUplink = (uplink) => this.uplinks.push(uplink);
		this.server.register(DEV_EUI, JOIN_EUI, fromHex(APP_KEY));
		this.air.onFrame = (frame, from) => {
			if (from !== this.node) this.sent.push(frame);
		};
	}
	run(ms: number): void {
		const until = this.scheduler.now + ms;
		while (this.scheduler.advance(until));
		this.scheduler.skipTo(until);
	}
	/** Sends bytes and waits until both windows are over. @returns the frame, and what a gateway answered */
	exchange(bytes: Uint8Array, wish: FrameWish = {}): { up: LoraFrame; down: LoraFrame | undefined } {
		const { region } = this;
		const channel = gatewayPlan(region)[0]!;
		const first = region.rates[region.joinRates[0]!]!;
		const up = frameOf({
			...{ frequencyHz: channel.frequencyHz, spreadingFactor: first & 15 },
			...wish,
			bytes,
			startMs: this.scheduler.now,
		});
		const count = this.sent.length;
		this.node.transmit(up);
		this.run(up.endMs - up.startMs + 20_000);
		return { up, down: this.sent[count] };
	}
	/** A Join-Request's bytes. */
	joinRequest(devNonce: number, devEui = DEV_EUI, appKey = APP_KEY): Uint8Array {
		const nonce = Buffer.from([devNonce >> 8, devNonce & 0xff]);
		const packet = loraPacket.fromFields(
			{
				...{ MType: "Join Request", AppEUI: Buffer.from(JOIN_EUI, "hex"), DevEUI: Buffer.from(devEui, "hex") },
				DevNonce: nonce,
			},
			undefined,
			undefined,
			Buffer.from(appKey, "hex"),
		);
		return new Uint8Array(packet.getPHYPayload() as Buffer);
	}
	/** Joins; takes what the accept says. @returns the accept, decrypted */
	join(devNonce = 0, wish: FrameWish = {}) {
		const { up, down } = this.exchange(this.joinRequest(devNonce), wish);
		if (!down) return undefined;
		const appKey = Buffer.from(APP_KEY, "hex");
		const clear = loraPacket.decryptJoinAccept(loraPacket.fromWire(Buffer.from(down.bytes)), appKey);
		const accept = loraPacket.fromWire(Buffer.from(clear));
		const nonce = Buffer.from([devNonce >> 8, devNonce & 0xff]);
		const keys = loraPacket.generateSessionKeys(appKey, accept.NetID!, accept.AppNonce!, nonce);
		this.devAddr = accept.DevAddr as Buffer<ArrayBuffer>;
		this.nwkSKey = keys.NwkSKey as Buffer<ArrayBuffer>;
		this.appSKey = keys.AppSKey as Buffer<ArrayBuffer>;
		this.fCnt = 0;
		return { up, down, accept, sound: loraPacket.verifyMIC(accept, undefined, appKey) };
	}
	/** A data frame's bytes. */
	frame(wish: UplinkWish = {}): Uint8Array {
		const fCnt = wish.fCnt ?? this.fCnt++;
		const { payload = Uint8Array.of(1, 2, 3), port = 1, fOpts } = wish;
		const high = Buffer.alloc(2);
		high.writeUInt16LE(Math.floor(fCnt / 0x1_0000));
		const packet = loraPacket.fromFields(
			{
				MType: wish.confirmed ? "Confirmed Data Up" : "Unconfirmed Data Up",
				DevAddr: this.devAddr,
				FCtrl: {
					ADR: wish.adr ?? false,
					ADRACKReq: wish.adrAckReq ?? false,
					ACK: wish.ack ?? false,
					FPending: false,
				},
				FCnt: fCnt & 0xffff,
				...(fOpts ? { FOpts: Buffer.from(fOpts) } : {}),
				...(port < 0 ? {} : { FPort: port, payload: Buffer.from(payload) }),
			},
			this.appSKey,
			this.nwkSKey,
			undefined,
			high,
		);
		return new Uint8Array(packet.getPHYPayload() as Buffer);
	}
	/** Sends a data frame. @returns the answer, its MIC verified; undefined when there was none */
	uplink(wish: UplinkWish = {}): Answer | undefined {
		return this.read(this.exchange(this.frame(wish), wish.air).down);
	}
	/** Reads a downlink. @throws {Error} when its MIC is wrong */
	read(frame: LoraFrame | undefined): Answer | undefined {
		if (!frame) return undefined;
		const packet = loraPacket.fromWire(Buffer.from(frame.bytes));
		if (!loraPacket.verifyMIC(packet, this.nwkSKey, undefined)) throw new Error(`MIC of ${toHex(frame.bytes)}`);
		const payload = packet.FRMPayload?.length
			? new Uint8Array(loraPacket.decrypt(packet, this.appSKey, this.nwkSKey))
			: new Uint8Array(0);
		return { frame, packet, payload, fOpts: new Uint8Array(packet.FOpts ?? []) };
	}
}
