/**
 * Pins that wake the board from deep sleep. In masks the bit of value 2^n is GPIO n: numbers, as they may be wider than 32
 * bits. Each place brings its own module under this specifier. Only `modules/device/` imports it.
 */
declare module "device/pins" {
	/** Pins that woke the board, touch pads by their pins. */
	export function pinsWoke(): number;
	/**
	 * Has pins wake the board from its next deep sleep, beside the timer.
	 * @param high at this level
	 * @param low at this one
	 * @param up those of them that take the chip's own pull-up
	 * @param down and pull-down
	 * @param touch pins of touch pads
	 * @returns those that will not wake it: the chip cannot have them do it, or they are at their level already
	 */
	export function armPins(high: number, low: number, up: number, down: number, touch: number): number;
}
