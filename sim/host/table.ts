/**
 * The host-call table: all that firmware can ask of a simulated board, the same for every engine.
 *
 * A request is `[op u8, handle u16, arguments…]`, a reply `[status u8, result…]`, both big-endian, synchronous. What
 * happens later arrives as `event(handle u16, kind u8, bytes)`, run to completion. The shims in `sim/shims/` speak this
 * from the firmware's side, `sim/host/dispatch.ts` answers.
 *
 * In comments: `→` what a reply carries; `rest` the bytes up to the end.
 */
export const Op = Object.freeze({
	/** → f64 milliseconds since the board got its power */
	now: 1,
	/** → u8 wake cause, u8 reset reason (values of `modules/core/ports.ts`) */
	wakeCause: 2,
	/** → u16 bytes */
	rtcSize: 3,
	/** u16 offset, u16 length → rest */
	rtcRead: 4,
	/** u16 offset, rest */
	rtcWrite: 5,
	/** u16 count → rest */
	random: 6,
	/** f64 milliseconds; does not return */
	deepSleep: 7,
	/** rest: one wake's report, CBOR (modules/cycle/report.ts) */
	report: 8,
	/** → rest: the device's unique number, 6 bytes */
	identity: 9,
	/** rest: name, UTF-8 → u8 1 when set, rest: value, UTF-8 */
	setting: 10,
	/** any handle */
	close: 15,
	/** f64 milliseconds, f64 interval (negative: once, and then closed by itself) → u16 handle; fires `Kind.timer` */
	timerSet: 16,
	/** u8 address, u32 hertz, u8 data pin, u8 clock pin → u16 handle */
	i2cOpen: 32,
	/** u8 stop, u16 count → rest */
	i2cRead: 33,
	/** u8 stop, rest */
	i2cWrite: 34,
	/** u8 pin → u16 handle, u8 resolution in bits */
	analogOpen: 48,
	/** → u32 */
	analogRead: 49,
	/** rest: partition, UTF-8 → u16 handle, u32 size, u32 block size, u8 write alignment */
	flashOpen: 64,
	/** u32 offset, u32 count → rest */
	flashRead: 65,
	/** u32 offset, rest */
	flashWrite: 66,
	/** u32 offset, u32 count */
	flashErase: 67,
	/** rest: host name, UTF-8 → u16 handle, which is closed when `Kind.resolved` has fired */
	resolve: 80,
	/** u16 port, rest: address, UTF-8 → u16 handle; fires `Kind.writable` once connected, or `Kind.error` */
	tcpOpen: 81,
	/** u16 count, no more than has arrived → rest */
	tcpRead: 82,
	/** rest, all or nothing → u32 room left; `busy` when longer than the room */
	tcpWrite: 83,
	/** → u16 handle; fires `Kind.datagrams` */
	udpOpen: 84,
	/** → u16 port, u8 length, so many bytes: address, UTF-8; rest: the oldest datagram. `notFound` when none waits */
	udpRead: 85,
	/** u16 port, u8 length, so many bytes: address, UTF-8; rest: the datagram */
	udpWrite: 86,
	/**
	 * u8 bytes of the SSID, u8 bytes of the passphrase, both in UTF-8, and 28 that describe the join (`device/wifi`)
	 * → u16 handle; closing it leaves. Fires `Kind.wifi`
	 */
	wifiJoin: 96,
	/** → 27 bytes: what the join came to, from byte 1 on */
	wifiJoined: 97,
	/**
	 * u16 port, f64 wall time in milliseconds since 1970 or 0, u8 length of the host's name, host, u8 length of the protocol's
	 * name, protocol, rest: address, all UTF-8 → u16 handle as of `tcpOpen`; `Kind.writable` comes once the server is trusted
	 */
	tlsOpen: 88,
	/** u32 hertz, u8 clock pin, u8 in pin, u8 out pin, u8 select pin, u8 mode → u16 handle */
	spiOpen: 112,
	/** rest, sent with select active → rest: as many bytes that came back */
	spiTransfer: 113,
	/** u8 pin, u8 mode (`PinMode`), u8 edges (1 rising, 2 falling), u8 first level of an output → u16 handle; fires `Kind.edge` */
	digitalOpen: 116,
	/** → u8 */
	digitalRead: 117,
	/** u8 */
	digitalWrite: 118,
	/** → f64 mask of the pins that woke the board; in masks the bit of value 2^n is GPIO n */
	pinsWoke: 122,
	/** f64 high, f64 low, f64 with pull-up, f64 with pull-down, f64 touch: masks → f64 mask of those that will not wake it */
	pinsArm: 123,
	/** the cycle made progress: the watchdog's time begins anew */
	progress: 124,
	/** → u8 image state (`ImageState` of modules/device/image.ts) */
	imageState: 125,
	/** keeps an image that is on trial */
	imageConfirm: 126,
	/** goes back to the image before, by a reset: does not return; `notFound` when there is none */
	imageRevert: 127,
	/** f64 milliseconds of light sleep: answered when they are over */
	doze: 128,
	/** u8 pin, u8 level: held from now on, through deep sleep; level 255: all pins are let go */
	park: 129,
	/** → u16 handle, u8 connection (a hundredth of ECMA-419's); fires `Kind.ethernet`; closing it leaves the driver on */
	ethernetOpen: 138,
	/** asks for an address */
	ethernetConnect: 139,
	/** u8 1 = an address of its own */
	ethernetConfigure: 140,
});
export type Op = (typeof Op)[keyof typeof Op];

/** First byte of a reply. */
export const Status = Object.freeze({
	ok: 0,
	/** No such port, pin, partition, setting. */
	notFound: 1,
	/** The handle is closed or unknown. */
	closed: 2,
	/** An argument is outside its range, or the request is not well-formed. */
	range: 3,
	/** I2C: nothing acknowledged. */
	nack: 4,
	/** Flash rules were broken. */
	flash: 5,
	/** The resource is in use. */
	busy: 6,
	/** Other input or output error. */
	io: 7,
	/** The wake is over: deep sleep, power cut or reset. The engine unwinds; no firmware code runs after it. */
	ended: 255,
});
export type Status = (typeof Status)[keyof typeof Status];

/** Kinds of events. */
export const Kind = Object.freeze({
	timer: 1,
	/** u32 bytes waiting */
	readable: 2,
	/** u32 bytes that a write takes now */
	writable: 3,
	/** u8 0 = the peer closed in order, 1 = reset or unreachable, 2 … = a place in `FAILURES` of sim/net/network.ts, and 2 */
	error: 4,
	/** rest: address, UTF-8; empty when the name is unknown */
	resolved: 5,
	/** u32 datagrams waiting */
	datagrams: 6,
	/** u8 status: a value of `WifiStatus` in net/link/wifi-link.ts */
	wifi: 8,
	/** u8 level now, f64 milliseconds since the board got its power, when the edge was */
	edge: 12,
	/** u8 connection, a hundredth of ECMA-419's */
	ethernet: 14,
});
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Modes of a digital pin, as the SDK numbers them. */
export const PinMode = Object.freeze({
	input: 0,
	inputPullUp: 1,
	inputPullDown: 2,
	inputPullUpDown: 3,
	output: 8,
	outputOpenDrain: 9,
});

/** Largest request or reply, in bytes: a flash block and its arguments. */
export const LARGEST = 4096 + 16;
