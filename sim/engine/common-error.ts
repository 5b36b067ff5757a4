import { type AnyNode, parse } from "acorn";
import { analyze, type Scope } from "eslint-scope";
import type { Program } from "estree";

/** Where the class is to be found: a name that XS has, and that `Error` does not. */
const PLACE = "Error.exec";

/**
 * Lets functions find the firmware's class of errors at the language's. Each function that names a variable of the outermost
 * scope has a slot for it, and two more when it names no other; a third of the firmware's functions name that class alone.
 * @param code an ES module or a script without types; unchanged without a `const … = class extends Error` in its outermost
 * scope
 */
export function commonError(code: string): string {
	const program = parse(code, { ecmaVersion: 2022, sourceType: "module", ranges: true });
	const { scopes } = analyze(program as unknown as Program, { ecmaVersion: 2022, sourceType: "module" });
	for (const scope of scopes) {
		const isOutermost = scope.type === "module" || (scope.type === "function" && scope.upper?.type === "module");
		for (const { name, defs, references } of isOutermost ? scope.variables : []) {
			const declarator = defs[0]?.node as unknown as AnyNode | undefined;
			if (declarator?.type !== "VariableDeclarator" || declarator.init?.type !== "ClassExpression") continue;
			const { superClass } = declarator.init;
			if (superClass?.type !== "Identifier" || superClass.name !== "Error" || scope.set.has("Error")) continue;
			const end = code.indexOf(";", declarator.end) + 1;
			const edits = references
				.filter(({ from }) => from.variableScope !== scope && !isInClass(from, declarator))
				.map(({ identifier }) => identifier as unknown as AnyNode)
				.sort((one, other) => other.start - one.start);
			let result = code;
			for (const { start, end: to } of edits) result = `${result.slice(0, start)}${PLACE}${result.slice(to)}`;
			return `${result.slice(0, end)} ${PLACE} = ${name};${result.slice(end)}`;
		}
	}
	return code;
}

function isInClass(from: Scope, declarator: AnyNode): boolean {
	const { start } = from.block as unknown as AnyNode;
	return start >= declarator.start && start < declarator.end;
}
