import { createSocket, type Socket } from "node:dgram";
import loraPacket from "lora-packet";

/** RX1 comes so late, after joins and data alike, so that real time has time. */
const DELAY_S = 5;

/** What a packet forwarder tells of a frame. */
export interface Rxpk {
	readonly time: string;
	readonly tmms: number;
	readonly tmst: number;
	readonly chan: number;
	readonly rfch: number;
	readonly freq: number;
	readonly stat: number;
	readonly modu: string;
	readonly datr: string;
	readonly codr: string;
	readonly rssi: number;
	readonly lsnr: number;
	readonly size: number;
	readonly data: string;
}

/** A network server by hand behind Semtech's UDP protocol, on the loop-back, with `lora-packet` for one device. */
export class PacketServer {
	port = 0;
	readonly received: Rxpk[] = [];
	readonly stats: Record<string, unknown>[] = [];
	/** Errors or warnings of TX_ACK. */
	readonly acks: string[] = [];
	readonly euis = new Set<string>();
	pulls = 0;
	/** Decrypted payloads of the device, with whether they were confirmed. */
	readonly payloads: { readonly hex: string; readonly confirmed: boolean; readonly ack: boolean }[] = [];
	/** What goes with the next answer, as a confirmed downlink. */
	next: Buffer | undefined;
	/** Changes what is to be sent. */
	spoil: (txpk: Record<string, unknown>) => void = () => {};
	readonly #socket: Socket = createSocket("udp4");
	#client: { port: number; address: string } | undefined;
	readonly #appKey: Buffer;
	#keys: { AppSKey: Buffer; NwkSKey: Buffer } | undefined;
	#devAddr = Buffer.from("260bd34d", "hex");
	#fCntDown = 0;
	#closed = false;
	#token = 0x4000;

	constructor(appKey: string) {
		this.#appKey = Buffer.from(appKey, "hex");
	}
	async open(): Promise<void> {
		await new Promise<void>((resolve) => this.#socket.bind(0, "127.0.0.1", resolve));
		this.port = this.#socket.address().port;
		this.#socket.on("message", (bytes, from) => this.#message(bytes, from));
	}
	/** Ends it; idempotent. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
	}
	/** Sends raw bytes to the forwarder that pulled last. */
	async raw(bytes: Uint8Array): Promise<void> {
		const { port, address } = this.#client!;
		await new Promise((resolve) => this.#socket.send(bytes, port, address, resolve));
	}
	/** Where the forwarder is. */
	get client(): { port: number; address: string } {
		return this.#client!;
	}
	/** Asks for a frame to be sent. */
	respond(txpk: Record<string, unknown>): Promise<void> {
		this.spoil(txpk);
		const token = this.#token++;
		return this.raw(
			Buffer.concat([Buffer.from([2, token >> 8, token & 255, 3]), Buffer.from(JSON.stringify({ txpk }))]),
		);
	}

	#message(bytes: Buffer, from: { port: number; address: string }) {
		if (bytes[0] !== 2) throw new Error(`version ${bytes[0]}`);
		const ack = (type: number) =>
			this.#socket.send(Buffer.from([2, bytes[1]!, bytes[2]!, type]), from.port, from.address);
		const eui = bytes.subarray(4, 12).toString("hex");
		this.euis.add(eui);
		const json = bytes.length > 12 ? JSON.parse(bytes.subarray(12).toString()) : {};
		if (bytes[3] === 0) {
			ack(1);
			if (json.stat) this.stats.push(json.stat);
			for (const rxpk of json.rxpk ?? []) this.#frame(rxpk);
		} else if (bytes[3] === 2) {
			this.pulls++;
			this.#client = from;
			ack(4);
		} else if (bytes[3] === 5) this.acks.push(json.txpk_ack?.error ?? json.txpk_ack?.warn ?? "");
		else throw new Error(`type ${bytes[3]}`);
	}
	#frame(rxpk: Rxpk) {
		this.received.push(rxpk);
		const packet = loraPacket.fromWire(Buffer.from(rxpk.data, "base64"));
		if (packet.isJoinRequestMessage()) return this.#join(rxpk, packet.DevNonce!);
		if (!this.#keys || !loraPacket.verifyMIC(packet, this.#keys.NwkSKey)) return;
		const hex = packet.FRMPayload?.length
			? loraPacket.decrypt(packet, this.#keys.AppSKey, this.#keys.NwkSKey).toString("hex")
			: "";
		this.payloads.push({ hex, confirmed: packet.isConfirmed(), ack: packet.getFCtrlACK() ?? false });
		if (!this.next && !packet.isConfirmed()) return;
		const down = loraPacket.fromFields(
			{
				MType: this.next ? "Confirmed Data Down" : "Unconfirmed Data Down",
				DevAddr: this.#devAddr,
				FCtrl: { ADR: false, ADRACKReq: false, ACK: packet.isConfirmed(), FPending: false },
				FCnt: this.#fCntDown++,
				...(this.next ? { FPort: 7, payload: this.next } : {}),
			},
			this.#keys.AppSKey,
			this.#keys.NwkSKey,
		);
		this.next = undefined;
		this.#answer(rxpk, down.getPHYPayload() as Buffer);
	}
	#join(rxpk: Rxpk, devNonce: Buffer) {
		const [netId, appNonce] = [Buffer.from("000013", "hex"), Buffer.from([0, 0, devNonce[1]! + 1])];
		this.#keys = loraPacket.generateSessionKeys(this.#appKey, netId, appNonce, devNonce);
		const accept = loraPacket.fromFields(
			{
				...{ MType: "Join Accept", AppNonce: appNonce, NetID: netId, DevAddr: this.#devAddr },
				...{ DLSettings: 0, RxDelay: DELAY_S },
			},
			undefined,
			undefined,
			this.#appKey,
		);
		this.#answer(rxpk, accept.getPHYPayload() as Buffer);
	}
	#answer({ tmst, freq, datr }: Rxpk, bytes: Buffer) {
		void this.respond({
			...{ imme: false, tmst: (tmst + 1_000_000 * DELAY_S) % 2 ** 32, freq, rfch: 0, powe: 14, modu: "LORA", datr },
			...{ codr: "4/5", ipol: true, prea: 8, ncrc: true, size: bytes.length, data: bytes.toString("base64") },
		});
	}
}
