import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { NodeDeclaration } from "../../modules/cycle/declaration.js";
import { PROJECT } from "../../sim/engine/bundle.js";
import type { PanelNode } from "../../sim/panel/board-view.js";

/** What the panel imports of the simulator itself. */
const SIMULATOR = ["ControlsPane", "DevicePane"];

/**
 * Writes a node's device face for Moddable's simulator (`sim/panel/dormouse.ts`), as one file of JavaScript.
 * @param folder where nothing else is: the simulator takes all that is there for faces
 */
export async function writePanel(node: NodeDeclaration, folder: string): Promise<void> {
	const { name, quantities, frame } = node;
	const shown: PanelNode = { name, quantities, frame };
	const { outputFiles } = await build({
		absWorkingDir: PROJECT,
		entryPoints: [join(PROJECT, "sim/panel/dormouse.ts")],
		bundle: true,
		write: false,
		format: "esm",
		target: "es2022",
		platform: "neutral",
		charset: "utf8",
		external: SIMULATOR,
		define: { NODE: JSON.stringify(shown) },
		tsconfigRaw: { compilerOptions: { useDefineForClassFields: true, verbatimModuleSyntax: true } },
	});
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "dormouse.js"), outputFiles[0]!.text);
}
