/** What a bundle of firmware gives to an engine: `main.ts`, and the declaration that it was built with. */
export { default as node } from "dormouse/node";
export { default as wake } from "../main.js";
