/** What the bootloader thinks of the image that runs. */
export const ImageState = Object.freeze({
	/** Outside of the slots for updates, or in one that no update has written yet. */
	factory: 0,
	/** On trial: the next boot that is no wake from deep sleep goes back to the one before. */
	pending: 1,
	/** It was confirmed: by the node's cycle, once a wake had sampled and was acknowledged. */
	valid: 2,
	/** Flashed by cable, or by a bootloader that knows no trials. */
	unknown: 3,
});
export type ImageState = (typeof ImageState)[keyof typeof ImageState];
