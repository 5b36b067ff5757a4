import { DormouseError } from "../../modules/core/errors.js";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { GPS_TO_UNIX_MS } from "../../net/lorawan/package.js";
import { type FaultKind, LORAWAN_FAULTS, MQTT_FAULTS } from "../../sim/faults.js";
import { LorawanNetwork } from "../../sim/lora/lorawan-network.js";
import type { Scheduler } from "../../sim/scheduler.js";
import { lorawanOf } from "../../sim/simulation.js";
import type { World } from "../../sim/world/world.js";
import type { Options } from "./options.js";

/**
 * Options that do not fit the node's uplink would do nothing: better said at once.
 * @throws {DormouseError} `declaration`
 */
export function checkUplink(node: NodeDeclaration, { broker, forward, distances, faults }: Options): void {
	const declared = lorawanOf(node);
	const [speaks, foreign, own] = declared
		? (["LoRaWAN", MQTT_FAULTS, LORAWAN_FAULTS] as const)
		: (["MQTT", LORAWAN_FAULTS, MQTT_FAULTS] as const);
	const wrong = (option: string, right: string): never => {
		throw new DormouseError("declaration", `--${option}: the node speaks ${speaks}; ${right} would be right`);
	};
	if (declared && broker !== undefined) wrong("broker", "--forward HOST:PORT, to a LoRaWAN network server,");
	const lorawanNode = "a node with uplink: lorawan(…), such as nodes/field-lora.ts,";
	if (!declared && forward) wrong("forward", lorawanNode);
	if (!declared && distances.length) wrong("distance", lorawanNode);
	const strange = faults.kinds.find((kind: FaultKind) => foreign.includes(kind));
	if (strange) wrong(`fault ${strange}`, own.join(", "));
	if (forward && faults.kinds.includes("forget"))
		throw new DormouseError(
			"declaration",
			"--fault forget works without --forward only: the sessions are the server's",
		);
	if (declared && !declared.radio.wiring)
		throw new DormouseError(
			"declaration",
			`uplink.radio: the simulated board has no "${declared.radio.kind}"; sx126x(…) or sx127x(…) would be right`,
		);
}

/** The network around a node that declares LoRaWAN; undefined for others. */
export function makeLorawan(
	node: NodeDeclaration,
	{ seed, faults, distances, forward }: Options,
	scheduler: Scheduler,
	world: World,
): LorawanNetwork | undefined {
	const declared = lorawanOf(node);
	if (!declared) return undefined;
	return new LorawanNetwork({
		scheduler,
		region: declared.region,
		seed,
		gpsMsAtZero: world.startMs - GPS_TO_UNIX_MS,
		faults,
		...(distances.length ? { gateways: distances.map((distanceM) => ({ distanceM })) } : {}),
		...(forward ? { forward } : {}),
	});
}

/** How the output calls what is at the other end. */
export function peerOf({ forward, distances }: Options): string {
	const far = distances.map((metres) => (metres < 1000 ? `${metres} m` : `${metres / 1000} km`));
	const gateways = far.length > 1 ? `gateways at ${far.join(", ")}` : `a gateway at ${far[0] ?? "1.2 km"}`;
	return forward ? `${forward.host}:${forward.port}, through ${gateways}` : `a LoRaWAN network with ${gateways}`;
}

/** What the user should know before. @param provisioned settings that the simulation gave the node */
export function lorawanNotices(
	{ forward, settings }: Options,
	provisioned: Readonly<Record<string, string>>,
): string[] {
	const own = ["joinEui", "devEui", "appKey"].filter((name) => settings[name] !== undefined);
	if (forward && own.length < 3 && settings.devAddr === undefined) {
		const { joinEui, devEui, appKey } = { ...provisioned, ...settings };
		const key = settings.appKey === undefined ? appKey : "as given";
		return [`register the node at the server, LoRaWAN 1.0.4: JoinEUI ${joinEui}, DevEUI ${devEui}, AppKey ${key}`];
	}
	return !forward && own.some((name) => settings[name]?.toLowerCase() !== provisioned[name])
		? [`the network of the simulation knows this node by other keys than --set gave it: it will not answer`]
		: [];
}
