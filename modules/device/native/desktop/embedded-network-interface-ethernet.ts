/**
 * `embedded:network/interface/ethernet` on a desktop, whose network is there without us: it is connected from the start,
 * whatever is configured. See `modules/device/types/embedded-network-interface-ethernet.d.ts`.
 */
export default class Ethernet {
	get connection(): number {
		return 500;
	}
	connect(): void {}
	disconnect(): void {}
	configure(): void {}
	close(): void {}
}
