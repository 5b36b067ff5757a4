import { pbkdf2Sync } from "node:crypto";
import { Faults } from "../faults.js";
import type { Instant } from "../scheduler.js";

export interface AccessPointOptions {
	/** Default "dormouse". */
	readonly ssid?: string;
	/** Default "in the simulation". */
	readonly passphrase?: string;
	/** What its DHCP server leases addresses for. Default a day, as routers do. */
	readonly leaseSeconds?: number;
	/** `ap`, `roam`, `subnet` and `dhcp` of it. */
	readonly faults?: Faults;
}

/** What an access point is to its stations at an instant. */
export interface ApState {
	readonly channel: number;
	readonly bssid: Uint8Array;
	/** Address for the node, mask, gateway, DNS server: 16 bytes. */
	readonly address: Uint8Array;
}

/** A household's access point with its DHCP server, and what happens to it in the course of time. */
export class AccessPoint {
	readonly ssid: string;
	readonly passphrase: string;
	readonly leaseSeconds: number;
	readonly #faults: Faults;

	constructor(options: AccessPointOptions = {}) {
		this.ssid = options.ssid ?? "dormouse";
		this.passphrase = options.passphrase ?? "in the simulation";
		this.leaseSeconds = options.leaseSeconds ?? 86_400;
		this.#faults = options.faults ?? new Faults();
	}
	/** Settings of a node that belongs here. */
	get settings(): { readonly ssid: string; readonly passphrase: string } {
		return { ssid: this.ssid, passphrase: this.passphrase };
	}
	/** Takes the passphrase, or the 64 hexadecimal digits of the key. Source: IEEE 802.11-2020 §J.4. */
	accepts(passphrase: string): boolean {
		if (passphrase.length < 64) return passphrase === this.passphrase;
		return pbkdf2Sync(this.passphrase, this.ssid, 4096, 32, "sha1").toString("hex") === passphrase.toLowerCase();
	}
	isOn(at: Instant): boolean {
		return !this.#faults.active("ap", at);
	}
	servesDhcp(at: Instant): boolean {
		return this.isOn(at) && !this.#faults.active("dhcp", at);
	}
	/** When it goes away next; infinity when it stays. */
	goesAt(at: Instant): Instant {
		return this.#faults.spans("ap").find(([from]) => from >= at)?.[0] ?? Number.POSITIVE_INFINITY;
	}
	/** A replaced one has another BSSID, channel and subnet; other addresses alone are another subnet. */
	at(at: Instant): ApState {
		const began = (kind: "roam" | "subnet") => this.#faults.spans(kind).filter(([from]) => from <= at).length;
		const replaced = began("roam");
		const subnet = 10 + replaced + began("subnet");
		return {
			channel: 1 + ((5 + 4 * replaced) % 13),
			bssid: Uint8Array.of(0x02, 0x41, 0x50, 0, 0, replaced),
			address: Uint8Array.of(192, 168, subnet, 57, 255, 255, 255, 0, 192, 168, subnet, 1, 192, 168, subnet, 1),
		};
	}
}
