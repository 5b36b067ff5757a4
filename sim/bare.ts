import TCP from "embedded:io/socket/tcp";
import UDP from "embedded:io/socket/udp";
import flash from "embedded:storage/flash";
import { clockMs, deepSleep } from "device/native";
import { join, leave } from "device/wifi";
import Timer from "timer";

/**
 * A wake without firmware: it opens a partition, then holds what a publish holds of the shims, which are the port, a
 * timer, a Wi-Fi link and two sockets. `tools/size.ts` measures by it what of a wake's RAM is the simulator's own; on a
 * board native classes take their place. All that is not the shims' stays in flash.
 */
export function wake(): void {
	Timer.set(hold, 10);
}
export { default as node } from "dormouse/node";

function hold(): void {
	flash.open({ path: "store" }).close();
	const deadline = Timer.set(nothing, 1000);
	join("dormouse", "", new Uint8Array(28), LISTENER);
	const socket = new TCP(NOWHERE);
	const time = new UDP(NOWHERE);
	clockMs();
	socket.close();
	time.close();
	leave();
	Timer.clear(deadline);
	deepSleep(3_600_000);
}

function nothing(): void {}

const LISTENER = Object.freeze({ told: nothing });
const NOWHERE = Object.freeze({
	address: "192.0.2.1",
	port: 1,
	onReadable: nothing,
	onWritable: nothing,
	onError: nothing,
});
