import { imageState as native, revertImage as revert } from "device/image";
import { DormouseError } from "../core/errors.js";
import type { ImageState } from "./image-state.js";

/** What the bootloader thinks of the image that runs. The build brings `device/image`. */
export function imageState(): ImageState {
	return native() as ImageState;
}

/**
 * Gives up an image that is on trial: the board resets, and runs the one before. Does not return.
 * @throws {DormouseError} `absent` when it is not on trial, or there is no other one
 */
export function revertImage(): never {
	revert();
	throw new DormouseError("absent", "there is no image to go back to");
}
