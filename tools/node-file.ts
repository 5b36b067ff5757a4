import { DormouseError } from "../modules/core/errors.js";
import type { NodeDeclaration } from "../modules/cycle/declaration.js";
import { bundleFirmware } from "../sim/engine/bundle.js";
import { NodeEngine } from "../sim/engine/node.js";

/**
 * The declaration that a file exports, evaluated as on a board: with no globals but the language's.
 * @throws {DormouseError} what is wrong with the file, in one line
 */
export async function loadNode(file: string): Promise<NodeDeclaration> {
	const { node } = new NodeEngine().load(await bundleFirmware(file));
	return checkNode(node, file);
}

/** @throws {DormouseError} `declaration` when it is not what `declareNode` makes */
export function checkNode(node: Partial<NodeDeclaration> | undefined, file: string): NodeDeclaration {
	if (typeof node?.frame === "object" && Array.isArray(node.quantities) && Array.isArray(node.sensors))
		return node as NodeDeclaration;
	throw new DormouseError("declaration", `${file}: export default declareNode({ … }) would be right`);
}
