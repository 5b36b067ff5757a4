import { type ErrorCode, wrong } from "../../modules/core/errors.js";
import type { Timer } from "../../modules/core/ports.js";
import type { Link, LinkDeclaration, LinkListener, LinkPorts } from "./link.js";

/** What a wired link needs of the board: `embedded:network/interface/ethernet` in `modules/device/types/`. */
export interface EthernetInterface {
	readonly connection: number;
	connect(): void;
	configure(configuration: { readonly static: StaticAddress }): void;
	close(): void;
}
export type EthernetConstructor = new (options: { readonly onChanged: () => void }) => EthernetInterface;

interface StaticAddress {
	readonly address: string;
	readonly mask: string;
	readonly gateway: string;
}

/** How a node declares Ethernet. */
export interface EthernetOptions {
	/**
	 * An address of its own instead of DHCP's, each as "192.0.2.9". The SDK takes no DNS server beside it: the broker is then
	 * to be given by its address.
	 */
	readonly address?: { readonly ip: string; readonly mask: string; readonly gateway: string };
	/** Seconds that link and address may take in all, 2 … 60. Default 12. */
	readonly join?: number;
}

/** Values of ECMA-419's `connection`: the cable's link is there; and an address. */
const LINKED = 400;
const CONNECTED = 500;

/** What a link is made of that does not change: it stays in flash. */
interface EthernetPlan {
	readonly Interface: EthernetConstructor;
	/** Undefined for DHCP. */
	readonly fixed: { readonly static: StaticAddress } | undefined;
	readonly joinMs: number;
}

/**
 * A wired link: waits for the cable, then for an address. Nothing of it is worth remembering over deep sleep: the other end
 * negotiates anew, and the interface does not tell how long a lease lasts.
 */
export class EthernetLink implements Link {
	private readonly ports: LinkPorts;
	private readonly plan: EthernetPlan;
	private port: EthernetInterface | undefined;
	private on: LinkListener | undefined;
	private timer: Timer | undefined;
	/** Whether a cable was seen in this start; whether an address was had. */
	private linked = false;
	private up = false;

	/** Starts nothing. */
	constructor(ports: LinkPorts, plan: EthernetPlan) {
		this.ports = ports;
		this.plan = plan;
	}
	start(deadlineMs: number, on: LinkListener): void {
		this.close();
		const { plan, ports } = this;
		this.on = on;
		this.linked = this.up = false;
		// A first look from a timer: an interface that is up already tells of no change.
		this.timer = ports.timers.set(() => {
			this.timer = ports.timers.set(
				() => this.down(this.linked ? "timeout" : "absent"),
				Math.min(deadlineMs, plan.joinMs),
			);
			try {
				this.port = new plan.Interface({ onChanged: () => this.changed() });
				if (plan.fixed) this.port.configure(plan.fixed);
			} catch {
				return this.down("io");
			}
			this.changed();
		}, 0);
	}
	close(): void {
		this.timer?.close();
		this.port?.close();
		this.timer = this.port = this.on = undefined;
	}
	retain(): number {
		return 0;
	}
	restore(): void {}

	private changed() {
		const { port, on } = this;
		if (!port || !on) return; // told from inside the constructor, or late
		const { connection } = port;
		if (connection < LINKED) {
			// 300 is a link that asks for its address: only one that was up, or was never asked, has lost it.
			if (this.up || (this.linked && connection === 200)) this.down("lost");
		} else if (connection < CONNECTED) {
			if (this.up) return this.down("lost");
			if (this.linked) return;
			this.linked = true;
			port.connect();
		} else if (!this.up) {
			this.linked = this.up = true;
			this.timer?.close();
			this.timer = undefined;
			on.up();
		}
	}
	private down(code: ErrorCode) {
		const { on } = this;
		this.close();
		on!.down(code);
	}
}

/**
 * Checks a declaration of Ethernet and freezes it; `ethernet()` is this with the board's interface.
 * @throws {DormouseError} `declaration`, naming the field and what would be right
 */
export function declareEthernet(options: EthernetOptions, Interface: EthernetConstructor): LinkDeclaration {
	if (typeof options !== "object" || options === null) wrong("link", String(options), "ethernet({ … })");
	for (const field of Object.keys(options))
		if (field !== "address" && field !== "join") wrong(`link.${field}`, "this field", "address or join");
	const { address, join = 12 } = options;
	if (!Number.isInteger(join) || join < 2 || join > 60) wrong("link.join", String(join), "2 … 60 seconds");
	if (address !== undefined) {
		if (typeof address !== "object" || address === null)
			wrong("link.address", String(address), "{ ip, mask, gateway }");
		for (const field of Object.keys(address))
			if (field !== "ip" && field !== "mask" && field !== "gateway")
				wrong(`link.address.${field}`, "this field", "ip, mask or gateway (the SDK takes no DNS server)");
		for (const part of ["ip", "mask", "gateway"] as const) {
			const text = String(address[part]);
			if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(text) || text.split(".").some((number) => Number(number) > 255))
				wrong(`link.address.${part}`, text, 'an address such as "192.0.2.9"');
		}
	}
	const fixed = address && {
		static: Object.freeze({ address: address.ip, mask: address.mask, gateway: address.gateway }),
	};
	const plan: EthernetPlan = Object.freeze({ Interface, fixed: Object.freeze(fixed), joinMs: join * 1000 });
	return Object.freeze({
		kind: "ethernet",
		create(ports: LinkPorts) {
			return new EthernetLink(ports, plan);
		},
	});
}
