import { DormouseError } from "../../modules/core/errors.js";
import { sizesOf } from "../size.js";
import type { Creation } from "./manifest.js";

/** How much more than the smallest that survives in the simulator. The stack never grows; chunks and slots do. */
export const MARGIN = Object.freeze({ chunks: 1.5, slots: 1.5, stack: 2 });

/** What a machine is created with for so much RAM, by {@link MARGIN}, in the steps that it grows by. */
export function creationFor(ram: {
	readonly chunks: number;
	readonly slots: number;
	readonly stack: number;
}): Creation {
	const up = (value: number, step: number) => Math.ceil(value / step) * step;
	return {
		static: 0,
		chunk: { initial: up(MARGIN.chunks * ram.chunks, 1024), incremental: 1024 },
		heap: { initial: up(MARGIN.slots * ram.slots, 64), incremental: 64 },
		stack: up(MARGIN.stack * ram.stack, 32),
	};
}

/**
 * What the machine of a node is created with, by what the node takes in the simulator.
 * @returns undefined where that cannot be measured: the manifest's own figures stand then
 */
export async function creationOf(node: string): Promise<Creation | undefined> {
	try {
		const { ram, representative } = await sizesOf(node);
		return representative ? creationFor(ram) : undefined;
	} catch (error) {
		if (error instanceof DormouseError && error.code === "unsupported") return undefined;
		throw error;
	}
}

/** It in a line. */
export function creationText({ chunk, heap, stack }: Creation): string {
	const bytes = (value: number) => value.toLocaleString("en-US");
	return `XS machine: ${bytes(chunk.initial)} bytes of chunks, ${bytes(heap.initial)} slots, a stack of ${bytes(stack)}; chunks and slots grow`;
}
