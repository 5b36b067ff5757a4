import type { Figures, Use } from "./engine/engine.js";

/** What wakes used, as XS counts it: the most of all wakes. */
export interface Usage {
	/** Live after a collection where the wake ended, peak with garbage, and capacity. */
	readonly slots: Use;
	/** Bytes. */
	readonly chunks: Use;
	/** Slots of the stack. */
	readonly stack: Use;
	/** XS's measure of work: the most of one wake, and of all together. */
	readonly computronsMost: number;
	readonly computrons: number;
	readonly hostCalls: number;
	readonly wakes: number;
}

/** Usage with one more wake. */
export function addUsage(usage: Usage | undefined, figures: Figures): Usage {
	const most = (a: Use | undefined, b: Use): Use => ({
		live: Math.max(a?.live ?? 0, b.live),
		peak: Math.max(a?.peak ?? 0, b.peak),
		capacity: Math.max(a?.capacity ?? 0, b.capacity),
	});
	return {
		slots: most(usage?.slots, figures.slots),
		chunks: most(usage?.chunks, figures.chunks),
		stack: most(usage?.stack, figures.stack),
		computronsMost: Math.max(usage?.computronsMost ?? 0, figures.computrons),
		computrons: (usage?.computrons ?? 0) + figures.computrons,
		hostCalls: (usage?.hostCalls ?? 0) + figures.hostCalls,
		wakes: (usage?.wakes ?? 0) + 1,
	};
}
