/** `device/digital` on a desktop, which has no pins. */
export default undefined;
