/** A chip on a simulated SPI bus with lines of its own. Timing of the bus is the fabric's, the chip's own timing is its own. */
export interface SpiChip {
	/** Select went active, these bytes went over, what came back is in their place, select went inactive. */
	transfer(bytes: Uint8Array, nowMs: number): void;
	/** @returns level of an output line, such as `busy` */
	level(line: string, nowMs: number): 0 | 1;
	/** Drives an input line, such as `reset`. */
	drive(line: string, level: 0 | 1, nowMs: number): void;
	/** Hears each change of an output line that interrupts. */
	onEdge: (line: string, level: 0 | 1, atMs: number) => void;
	/** The supply was cut and came back. */
	powerCycle(nowMs: number): void;
}
