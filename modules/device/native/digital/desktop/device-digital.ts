/** `device/digital` on a desktop, which has no pins. */
export default undefined;
export function doze(): void {}
export function park(): void {}
export function unpark(): void {}
