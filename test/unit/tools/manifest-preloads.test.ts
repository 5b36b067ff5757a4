import { relative } from "node:path";
import { MANIFESTS, preloadsOf, readManifest } from "../../../tools/manifest-preloads.js";
import * as assert from "../../assert.js";

for (const path of MANIFESTS)
	it(`${relative(process.cwd(), path)}: preloads, exactly the modules that it brings (tools/manifest-preloads.ts)`, () => {
		assert.deepEqual(readManifest(path).preload, preloadsOf(path));
	});
