/** The image that runs, for firmware that brings updates. Only `modules/device/` imports it. */
declare module "device/image" {
	/** An `ImageState` of `modules/device/image-state.ts`. */
	export function imageState(): number;
	/** Goes back to the image before, by a reset. Returns only when there is none. */
	export function revertImage(): void;
}
