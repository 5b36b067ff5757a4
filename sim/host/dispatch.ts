import { fromUtf8, utf8 } from "../../modules/core/bytes.js";
import { DormouseError } from "../../modules/core/errors.js";
import { decodeReport } from "../../modules/cycle/report-decoder.js";
import { ImageState } from "../../modules/device/image-state.js";
import { JOIN_BYTES } from "../../net/link/wifi-link.js";
import type { Board } from "../board.js";
import type { HostSide } from "../engine/engine.js";
import { type NorFlash, PowerCut, SECTOR } from "../flash.js";
import type { I2cHandle } from "./handles.js";
import { Pins } from "./pins.js";
import { LARGEST, Op, PinMode, Status } from "./table.js";

/** Time of one conversion of the ESP32's ADC with averaging by its driver, in milliseconds (order of magnitude). */
const ANALOG_READ_MS = 0.1;

/** Largest TCP segment. Source: ESP-IDF 6.0, CONFIG_LWIP_TCP_MSS, 1440 by default. */
const SEGMENT = 1440;
/** One access to a digital pin from JavaScript, in milliseconds (order of magnitude). */
const DIGITAL_MS = 0.01;

/** Answers host calls (`table.ts`) for one board, from any engine. */
export class Dispatch implements HostSide {
	readonly #board: Board;
	readonly #reply = new Uint8Array(LARGEST);
	readonly #out = new DataView(this.#reply.buffer);
	#length = 0;

	constructor(board: Board) {
		this.#board = board;
	}
	call(request: Uint8Array): Uint8Array {
		this.#length = 1;
		let status: number;
		try {
			status = this.#board.isCutNow() ? Status.ended : this.#answer(request);
		} catch (error) {
			if (error instanceof PowerCut) {
				this.#board.losePower(); // while flash was being written
				status = Status.ended;
			} else if (error instanceof DormouseError) status = error.code === "flash" ? Status.flash : Status.range;
			else if (error instanceof RangeError) status = Status.range;
			else throw error;
		}
		if (status !== Status.ok) this.#length = 1;
		this.#reply[0] = status;
		return this.#reply.subarray(0, this.#length);
	}

	#answer(request: Uint8Array): number {
		const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
		const op = view.getUint8(0) as Op;
		const handle = view.getUint16(1);
		const board = this.#board;
		switch (op) {
			case Op.now:
				return this.#f64(board.uptimeMs);
			case Op.wakeCause:
				return this.#u8(board.wakeCause) || this.#u8(board.resetReason);
			case Op.rtcSize:
				return this.#u16(board.rtc.length);
			case Op.rtcRead:
				return this.#rtcRead(view.getUint16(3), view.getUint16(5));
			case Op.rtcWrite:
				return this.#rtcWrite(view.getUint16(3), request.subarray(5));
			case Op.random:
				for (let left = view.getUint16(3); left > 0; left--) this.#u8(board.random.u32() & 0xff);
				return Status.ok;
			case Op.deepSleep:
				board.requestSleep(Math.max(0, view.getFloat64(3)));
				return Status.ended;
			case Op.report:
				board.report = decodeReport(request.subarray(3));
				return Status.ok;
			case Op.identity:
				return this.#bytes(board.options.identity);
			case Op.setting: {
				const value = board.options.settings[fromUtf8(request.subarray(3))];
				return this.#u8(value === undefined ? 0 : 1) || this.#bytes(utf8(value ?? ""));
			}
			case Op.close:
				return board.handles.close(handle) ? Status.ok : Status.closed;
			case Op.timerSet:
				return this.#u16(board.startTimer(Math.max(0, view.getFloat64(3)), view.getFloat64(11)));
			case Op.i2cOpen:
				return this.#i2cOpen(view);
			case Op.i2cRead:
				return this.#i2cRead(handle, view.getUint16(4));
			case Op.i2cWrite:
				return this.#i2cWrite(handle, request.subarray(4));
			case Op.analogOpen:
				return this.#analogOpen(view.getUint8(3));
			case Op.analogRead:
				return this.#analogRead(handle);
			case Op.flashOpen:
				return this.#flashOpen(fromUtf8(request.subarray(3)));
			case Op.flashRead:
				return this.#flash(handle, (flash) => this.#bytes(flash.read(view.getUint32(3), view.getUint32(7))));
			case Op.flashWrite:
				return this.#flash(handle, (flash) => flash.write(view.getUint32(3), request.subarray(7)));
			case Op.flashErase:
				return this.#flash(handle, (flash) => flash.erase(view.getUint32(3), view.getUint32(7)));
			case Op.resolve:
				return this.#u16(board.resolve(fromUtf8(request.subarray(3))));
			case Op.tcpOpen:
				return this.#u16(board.connect(fromUtf8(request.subarray(5)), view.getUint16(3)));
			case Op.tlsOpen: {
				const host = 14 + view.getUint8(13);
				const alpn = host + 1 + view.getUint8(host);
				const text = (from: number, to?: number) => fromUtf8(request.subarray(from, to));
				const tls = { host: text(14, host), alpn: text(host + 1, alpn) || undefined, wallMs: view.getFloat64(5) };
				return this.#u16(board.connectTls(text(alpn), view.getUint16(3), tls));
			}
			case Op.tcpRead:
				return this.#tcpRead(handle, view.getUint16(3));
			case Op.tcpWrite:
				return this.#tcpWrite(handle, request.subarray(3));
			case Op.udpOpen:
				return this.#u16(board.openDatagrams());
			case Op.udpRead:
				return this.#udpRead(handle);
			case Op.udpWrite:
				return this.#udpWrite(handle, view);
			case Op.wifiJoin:
				return this.#wifiJoin(request);
			case Op.wifiJoined:
				return board.handles.get(handle, "wifi") ? this.#bytes(board.wifi.result.subarray(1)) : Status.closed;
			case Op.ethernetOpen:
				return this.#ethernetOpen();
			case Op.ethernetConnect:
			case Op.ethernetConfigure:
				if (!board.handles.get(handle, "ethernet")) return Status.closed;
				if (op === Op.ethernetConnect) board.ethernet.connect(board.now);
				else board.ethernet.configure(view.getUint8(3) === 1);
				return Status.ok;
			case Op.spiOpen:
				return this.#spiOpen(view);
			case Op.spiTransfer:
				return this.#spiTransfer(handle, request.slice(3));
			case Op.digitalOpen:
				return this.#digitalOpen(view);
			case Op.digitalRead:
			case Op.digitalWrite:
				return this.#digital(handle, op === Op.digitalWrite ? view.getUint8(3) : undefined);
			case Op.progress:
				board.feedWatchdog();
				return Status.ok;
			case Op.imageState:
				return this.#u8(board.image);
			case Op.imageConfirm:
				if (board.image === ImageState.pending) board.image = ImageState.valid;
				return Status.ok;
			case Op.imageRevert:
				return board.revertImage() ? Status.ended : Status.notFound;
			case Op.doze:
				board.doze(Math.max(0, view.getFloat64(3)));
				return Status.ok;
			case Op.park:
				if (view.getUint8(4) > 1) board.parked.clear();
				else board.parked.set(view.getUint8(3), view.getUint8(4));
				return Status.ok;
			case Op.pinsWoke:
				return this.#f64(board.pins.woke);
			case Op.pinsArm:
				return this.#f64(
					board.pins.arm({ high: view.getFloat64(3), low: view.getFloat64(11), touch: view.getFloat64(35) }, board.now),
				);
			default:
				return Status.range;
		}
	}

	#rtcRead(offset: number, count: number): number {
		const { rtc } = this.#board;
		return offset + count > rtc.length ? Status.range : this.#bytes(rtc.subarray(offset, offset + count));
	}
	#rtcWrite(offset: number, bytes: Uint8Array): number {
		const { rtc } = this.#board;
		if (offset + bytes.length > rtc.length) return Status.range;
		rtc.set(bytes, offset);
		return Status.ok;
	}
	#i2cOpen(view: DataView): number {
		const address = view.getUint8(3);
		const { data, clock } = Pins.I2C.default;
		if (view.getUint8(8) !== data || view.getUint8(9) !== clock) return Status.notFound;
		const { handles } = this.#board;
		for (const open of handles) if (open.kind === "i2c" && open.address === address) return Status.busy;
		const hertz = view.getUint32(4);
		return this.#u16(handles.add({ kind: "i2c", what: `I2C device ${address}`, address, hertz, close() {} }));
	}
	#i2cRead(number: number, count: number): number {
		const handle = this.#board.handles.get(number, "i2c");
		if (!handle) return Status.closed;
		if (count > LARGEST - 1) return Status.range;
		const into = this.#reply.subarray(1, 1 + count);
		const chip = this.#chip(handle, count);
		if (!chip?.read(into, this.#board.now)) return Status.nack;
		this.#length += count;
		return Status.ok;
	}
	#i2cWrite(number: number, bytes: Uint8Array): number {
		const handle = this.#board.handles.get(number, "i2c");
		if (!handle) return Status.closed;
		const chip = this.#chip(handle, bytes.length);
		return chip?.write(bytes, this.#board.now) ? Status.ok : Status.nack;
	}
	/** The chip that is addressed, after the bus has moved so many bytes: nine clocks each, and the address. */
	#chip({ address, hertz }: I2cHandle, count: number) {
		const chip = this.#board.options.chips.find((one) => one.address === address);
		this.#board.spend(((chip ? 1 + count : 1) * 9 * 1000) / hertz);
		return chip;
	}
	#analogOpen(pin: number): number {
		const channel = this.#board.options.analog.get(pin);
		if (!channel) return Status.notFound;
		const { handles } = this.#board;
		for (const open of handles) if (open.kind === "analog" && open.channel === channel) return Status.busy;
		return (
			this.#u16(handles.add({ kind: "analog", what: `analog pin ${pin}`, channel, close() {} })) ||
			this.#u8(channel.bits)
		);
	}
	#analogRead(number: number): number {
		const handle = this.#board.handles.get(number, "analog");
		if (!handle) return Status.closed;
		this.#board.spend(ANALOG_READ_MS);
		const raw = handle.channel.read(this.#board.now);
		return raw === undefined ? Status.io : this.#u32(raw);
	}
	#flashOpen(label: string): number {
		const flash = this.#board.flash.get(label);
		if (!flash) return Status.notFound;
		const number = this.#board.handles.add({ kind: "flash", what: `flash partition ${label}`, flash, close() {} });
		return this.#u16(number) || this.#u32(flash.size) || this.#u32(SECTOR) || this.#u8(flash.alignment);
	}
	/** Runs `use` on an open partition, which takes the chip's time. NOR rules that it breaks come back as a status. */
	#flash(number: number, use: (flash: NorFlash) => unknown): number {
		const handle = this.#board.handles.get(number, "flash");
		if (!handle) return Status.closed;
		const before = handle.flash.busyUs;
		try {
			use(handle.flash);
		} finally {
			this.#board.spend((handle.flash.busyUs - before) / 1000);
		}
		return Status.ok;
	}
	#wifiJoin(request: Uint8Array): number {
		const ssid = 5 + request[3]!;
		const passphrase = ssid + request[4]!;
		if (request.length !== passphrase + JOIN_BYTES) return Status.range;
		const { handles } = this.#board;
		for (const open of handles) if (open.kind === "wifi") return Status.busy;
		return this.#u16(
			this.#board.joinWifi({
				ssid: fromUtf8(request.subarray(5, ssid)),
				passphrase: fromUtf8(request.subarray(ssid, passphrase)),
				join: request.slice(passphrase),
			}),
		);
	}
	#ethernetOpen(): number {
		const { handles } = this.#board;
		for (const open of handles) if (open.kind === "ethernet") return Status.busy;
		const { number, state } = this.#board.openEthernet();
		return this.#u16(number) || this.#u8(state);
	}
	#tcpRead(number: number, count: number): number {
		const handle = this.#board.handles.get(number, "tcp");
		if (!handle) return Status.closed;
		const bytes = handle.socket.read(count);
		handle.unread -= Math.min(handle.unread, bytes.length);
		this.#board.bytesIn += bytes.length;
		return this.#bytes(bytes);
	}
	#tcpWrite(number: number, bytes: Uint8Array): number {
		const handle = this.#board.handles.get(number, "tcp");
		if (!handle) return Status.closed;
		if (bytes.length > handle.socket.room) return Status.busy;
		handle.socket.write(bytes);
		this.#board.wifi.sent(Math.ceil(bytes.length / SEGMENT));
		this.#board.bytesOut += bytes.length;
		return this.#u32(handle.socket.room);
	}
	#udpRead(number: number): number {
		const handle = this.#board.handles.get(number, "udp");
		if (!handle) return Status.closed;
		const datagram = handle.socket.read();
		if (!datagram) return Status.notFound;
		const address = utf8(datagram.address);
		this.#board.bytesIn += datagram.bytes.length;
		return this.#u16(datagram.port) || this.#u8(address.length) || this.#bytes(address) || this.#bytes(datagram.bytes);
	}
	#udpWrite(number: number, view: DataView): number {
		const handle = this.#board.handles.get(number, "udp");
		if (!handle) return Status.closed;
		const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
		const at = 6 + view.getUint8(5);
		if (at > bytes.length) return Status.range;
		handle.socket.send({
			port: view.getUint16(3),
			address: fromUtf8(bytes.subarray(6, at)),
			bytes: bytes.slice(at),
		});
		this.#board.bytesOut += bytes.length - at;
		return Status.ok;
	}

	#spiOpen(view: DataView): number {
		const { handles, options } = this.#board;
		const { radio } = options;
		const pins = [view.getUint8(7), view.getUint8(8), view.getUint8(9), view.getUint8(10)];
		if (!radio || [radio.clock, radio.in, radio.out, radio.select].some((pin, n) => pin !== pins[n]))
			return Status.notFound;
		const hertz = view.getUint32(3);
		if (hertz === 0 || view.getUint8(11) !== 0) return Status.range; // radios take mode 0
		for (const open of handles) if (open.kind === "spi") return Status.busy;
		const { chip } = radio;
		return this.#u16(handles.add({ kind: "spi", what: `SPI device at ${radio.select}`, chip, hertz, close() {} }));
	}
	#spiTransfer(number: number, bytes: Uint8Array): number {
		const handle = this.#board.handles.get(number, "spi");
		if (!handle) return Status.closed;
		if (bytes.length > LARGEST - 1) return Status.range;
		const { now } = this.#board;
		this.#board.spend((bytes.length * 8 * 1000) / handle.hertz);
		handle.chip.transfer(bytes, now);
		return this.#bytes(bytes);
	}
	#digitalOpen(view: DataView): number {
		const { handles, options, now } = this.#board;
		const { radio } = options;
		const pin = view.getUint8(3);
		const line = radio?.lines[pin];
		if (!radio || line === undefined) return Status.notFound;
		for (const open of handles) if (open.kind === "digital" && open.pin === pin) return Status.busy;
		const output = view.getUint8(4) >= PinMode.output;
		const { chip } = radio;
		const edges = view.getUint8(5);
		if (output) chip.drive(line, view.getUint8(6) ? 1 : 0, now);
		const what = `digital pin ${pin}`;
		return this.#u16(handles.add({ kind: "digital", what, chip, pin, line, output, edges, close() {} }));
	}
	/** Writes a level, or reads it. */
	#digital(number: number, level: number | undefined): number {
		const handle = this.#board.handles.get(number, "digital");
		if (!handle) return Status.closed;
		if (level !== undefined && !handle.output) return Status.io;
		this.#board.spend(DIGITAL_MS);
		const { now } = this.#board;
		if (level === undefined) return this.#u8(handle.chip.level(handle.line, now));
		handle.chip.drive(handle.line, level ? 1 : 0, now);
		return Status.ok;
	}

	// Each of these appends to the reply and returns `Status.ok`, so that they can be chained.
	#u8(value: number): number {
		this.#out.setUint8(this.#length, value);
		this.#length += 1;
		return Status.ok;
	}
	#u16(value: number): number {
		this.#out.setUint16(this.#length, value);
		this.#length += 2;
		return Status.ok;
	}
	#u32(value: number): number {
		this.#out.setUint32(this.#length, value);
		this.#length += 4;
		return Status.ok;
	}
	#f64(value: number): number {
		this.#out.setFloat64(this.#length, value);
		this.#length += 8;
		return Status.ok;
	}
	#bytes(value: Uint8Array): number {
		this.#reply.set(value, this.#length);
		this.#length += value.length;
		return Status.ok;
	}
}
