import { type AnyNode, type Expression, type Pattern, parse } from "acorn";

/** Members of something that is read more than once for them: what a longer pattern saves, the reads cost again. */
const MOST_OF_MEMBER = 4;

/**
 * Writes `const { a, b } = this` as `const a = this.a, b = this.b`: on XS a pattern takes some 16 bytes more, as it checks for
 * null and undefined by itself. Patterns with defaults, rests or nested ones stay.
 * @param code an ES module or a script without types
 */
export function plainConstants(code: string): string {
	const parts: string[] = [];
	let at = 0;
	const visit = (node: AnyNode) => {
		if (node.type === "VariableDeclarator" && node.init) {
			const names = namesOf(node.id);
			const times = readable(node.init);
			const most = times === "any" ? Infinity : times === "some" ? MOST_OF_MEMBER : times === "once" ? 1 : 0;
			if (names && names.length <= most) {
				const from = code.slice(node.init.start, node.init.end);
				parts.push(code.slice(at, node.start), names.map(([key, name]) => `${name} = ${from}.${key}`).join(", "));
				at = node.end;
				return;
			}
		}
		for (const part of Object.values(node).flat() as unknown[])
			if (typeof (part as AnyNode | undefined)?.type === "string") visit(part as AnyNode);
	};
	visit(parse(code, { ecmaVersion: 2022, sourceType: "module" }));
	return parts.join("") + code.slice(at);
}

/** Keys and variables of a plain pattern; undefined for others. */
function namesOf(pattern: Pattern): [key: string, name: string][] | undefined {
	if (pattern.type !== "ObjectPattern" || pattern.properties.length === 0) return undefined;
	const names: [string, string][] = [];
	for (const property of pattern.properties) {
		if (property.type !== "Property" || property.computed) return undefined;
		if (property.key.type !== "Identifier" || property.value.type !== "Identifier") return undefined;
		names.push([property.key.name, property.value.name]);
	}
	return names;
}

/** How often an expression may be read in the place of once: as often as wanted, some times, or not more than that. */
function readable(node: Expression): "any" | "some" | "once" | "no" {
	if (node.type === "ThisExpression" || node.type === "Identifier") return "any";
	if (node.type === "CallExpression") return "once";
	if (node.type !== "MemberExpression" || node.object.type === "Super") return "no";
	if (node.computed || node.optional || node.property.type !== "Identifier") return "once";
	return readable(node.object) === "any" || readable(node.object) === "some" ? "some" : "once";
}
