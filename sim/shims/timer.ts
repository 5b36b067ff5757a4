import { Op, port } from "./port.js";

/** The SDK's `timer` on a simulated board; see `modules/device/types/timer.d.ts`. */
class TimerID {
	handle: number;
	repeats: boolean;
	constructor(handle: number, repeats: boolean) {
		this.handle = handle;
		this.repeats = repeats;
	}
}

function start(callback: (id: TimerID) => void, delay: number, interval: number, id = new TimerID(0, false)): TimerID {
	const host = port();
	id.handle = host
		.begin(Op.timerSet)
		.f64(delay)
		.f64(interval > 0 ? interval : -1)
		.call()
		.getUint16(0);
	id.repeats = interval > 0;
	host.listen(id.handle, () => {
		if (!id.repeats) {
			host.forget(id.handle);
			id.handle = 0;
		}
		callback(id);
	});
	return id;
}

export default Object.freeze({
	set: (callback: (id: TimerID) => void, delay = 0, repeat = 0) => start(callback, delay | 0, repeat | 0),
	repeat: (callback: (id: TimerID) => void, interval: number) => start(callback, interval | 0, interval | 0),
	clear(id: TimerID | undefined): void {
		if (!id?.handle) return;
		port().close(id.handle);
		id.handle = 0;
	},
});
